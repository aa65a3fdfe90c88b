// SPDX-License-Identifier: MIT
#include <charconv>
#include <cstdlib>

#include "engine/base/check.h"
#include "server/scripting/lua.h"
#include "server/scripting/values.h"

namespace sluice::scripting {
namespace {

constexpr int kSlotsPerLevel = 6;

// What is left of a reply. Trivial, as all that lives while Lua may raise.
struct Reader {
  const char* at;
  const char* end;

  std::string_view line() {
    const char* const from = at;
    while (*at != '\r')
      ++at;
    const std::string_view text(from, static_cast<size_t>(at - from));
    at += 2;
    return text;
  }
  std::string_view bytes(size_t size) {
    const std::string_view text(at, size);
    at += size + 2;
    return text;
  }
  int64_t number() {
    const std::string_view text = line();
    int64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    CHECK(result.ec == std::errc());
    return value;
  }
};

void push_text(lua_State* lua, std::string_view text) {
  lua_pushlstring(lua, text.data(), text.size());
}

void push_tagged(lua_State* lua, const char* tag, std::string_view text) {
  lua_createtable(lua, 0, 1);
  push_text(lua, text);
  lua_setfield(lua, -2, tag);
}

void push_value(lua_State* lua, Reader& reader);

void push_array(lua_State* lua, Reader& reader, int64_t elements) {
  lua_createtable(lua, static_cast<int>(elements), 0);
  for (int64_t i = 1; i <= elements; ++i) {
    push_value(lua, reader);
    lua_rawseti(lua, -2, static_cast<int>(i));
  }
}

void push_map(lua_State* lua, Reader& reader, int64_t pairs) {
  lua_createtable(lua, 0, 1);
  lua_createtable(lua, 0, static_cast<int>(pairs));
  for (int64_t i = 0; i < pairs; ++i) {
    push_value(lua, reader);
    push_value(lua, reader);
    lua_rawset(lua, -3);
  }
  lua_setfield(lua, -2, "map");
}

void push_set(lua_State* lua, Reader& reader, int64_t elements) {
  lua_createtable(lua, 0, 1);
  lua_createtable(lua, 0, static_cast<int>(elements));
  for (int64_t i = 0; i < elements; ++i) {
    push_value(lua, reader);
    lua_pushboolean(lua, 1);
    lua_rawset(lua, -3);
  }
  lua_setfield(lua, -2, "set");
}

void push_verbatim(lua_State* lua, std::string_view text) {
  lua_createtable(lua, 0, 1);
  lua_createtable(lua, 0, 2);
  push_text(lua, text.substr(4));
  lua_setfield(lua, -2, "string");
  push_text(lua, text.substr(0, 3));
  lua_setfield(lua, -2, "format");
  lua_setfield(lua, -2, "verbatim_string");
}

void push_double(lua_State* lua, std::string_view text) {
  char digits[64] = {};
  text.copy(digits, sizeof digits - 1);
  lua_createtable(lua, 0, 1);
  lua_pushnumber(lua, std::strtod(digits, nullptr));
  lua_setfield(lua, -2, "double");
}

void push_value(lua_State* lua, Reader& reader) {
  CHECK(reader.at < reader.end);
  luaL_checkstack(lua, kSlotsPerLevel, "reply nested too deeply");
  const char type = *reader.at++;
  switch (type) {
    case ':':
      return lua_pushnumber(lua, static_cast<lua_Number>(reader.number()));
    case '+':
      return push_tagged(lua, "ok", reader.line());
    case '-':
      return push_error(lua, reader.line());
    case ',':
      return push_double(lua, reader.line());
    case '(':
      return push_tagged(lua, "big_number", reader.line());
    case '#':
      return lua_pushboolean(lua, reader.line() == "t" ? 1 : 0);
    case '_':
      reader.line();
      return lua_pushnil(lua);
    default:
      break;
  }
  const int64_t size = reader.number();
  if (size < 0) return lua_pushboolean(lua, 0);
  switch (type) {
    case '$':
      return push_text(lua, reader.bytes(static_cast<size_t>(size)));
    case '=':
      return push_verbatim(lua, reader.bytes(static_cast<size_t>(size)));
    case '*':
    case '>':
      return push_array(lua, reader, size);
    case '%':
      return push_map(lua, reader, size);
    case '~':
      return push_set(lua, reader, size);
    default:
      CHECK(false);
  }
}

}  // namespace

void push_reply(lua_State* lua, std::string_view reply) {
  Reader reader{reply.data(), reply.data() + reply.size()};
  push_value(lua, reader);
}

void push_error(lua_State* lua, std::string_view text) {
  lua_createtable(lua, 0, 2);
  push_text(lua, text);
  lua_setfield(lua, -2, "err");
  lua_pushboolean(lua, 1);
  lua_setfield(lua, -2, "ignore_error_stats_update");
}

}  // namespace sluice::scripting
