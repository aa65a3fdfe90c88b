// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "server/scripting/lua.h"
#include "server/scripting/values.h"

namespace sluice::scripting {
namespace {

constexpr int kSlotsPerLevel = 6;

std::string_view text_at(lua_State* lua, int index) {
  size_t size = 0;
  const char* const bytes = lua_tolstring(lua, index, &size);
  return {bytes, size};
}

// The same up to the first zero byte, as one-line replies have it.
std::string_view line_at(lua_State* lua, int index) {
  const std::string_view text = text_at(lua, index);
  return text.substr(0, text.find('\0'));
}

std::string_view without_line_ends(std::string_view text) {
  const size_t begin = text.find_first_not_of("\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of("\r\n") - begin + 1);
}

// The number at the top, in one line whatever it holds.
void write_big_number(lua_State* lua, protocol::ReplyWriter& reply) {
  ByteBuffer& line = Machine::of(lua).scratch;
  line.clear();
  line.append(text_at(lua, -1));
  std::replace_if(
      line.data(), line.data() + line.size(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  reply.big_number(line.view());
}

// As a conversion of the processor does it: what no integer can hold, and no number, becomes the lowest.
int64_t cut(lua_Number number) {
  constexpr lua_Number kTwoTo63 = 9223372036854775808.0;
  if (!(number > -kTwoTo63 && number < kTwoTo63)) return INT64_MIN;
  return static_cast<int64_t>(number);
}

// Pushes field `name` of the table at the top if it has this type; else pushes nothing.
bool push_field(lua_State* lua, const char* name, int type) {
  lua_pushstring(lua, name);
  lua_rawget(lua, -2);
  if (lua_type(lua, -1) == type) return true;
  lua_pop(lua, 1);
  return false;
}

size_t count_pairs(lua_State* lua) {
  size_t pairs = 0;
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    ++pairs;
    lua_pop(lua, 1);
  }
  return pairs;
}

// The table at the top, whose keys (and values, for a map) are what is replied.
void write_pairs(lua_State* lua, protocol::ReplyWriter& reply, int call_protocol, bool values) {
  const size_t pairs = count_pairs(lua);
  values ? reply.map(pairs) : reply.set(pairs);
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    lua_pushvalue(lua, -2);
    write_value(lua, reply, call_protocol);
    if (values) {
      write_value(lua, reply, call_protocol);
    } else {
      lua_pop(lua, 1);
    }
  }
}

// False, and nothing is written: the table at the top does not say both what the text is and in which format.
bool write_verbatim(lua_State* lua, protocol::ReplyWriter& reply) {
  constexpr size_t kFormatLetters = 3;
  if (!push_field(lua, "format", LUA_TSTRING)) return false;
  lua_insert(lua, -2);
  const bool complete = push_field(lua, "string", LUA_TSTRING);
  if (complete) {
    char format[] = "   ";
    text_at(lua, -3).copy(format, kFormatLetters);
    reply.verbatim({format, kFormatLetters}, text_at(lua, -1));
    lua_pop(lua, 1);
  }
  lua_insert(lua, -2);
  lua_pop(lua, 1);
  return complete;
}

void write_array(lua_State* lua, protocol::ReplyWriter& reply, int call_protocol) {
  const size_t mark = reply.array_later();
  size_t elements = 0;
  for (;; ++elements) {
    lua_rawgeti(lua, -1, static_cast<int>(elements + 1));
    if (lua_isnil(lua, -1)) break;
    write_value(lua, reply, call_protocol);
  }
  lua_pop(lua, 1);
  reply.set_array_length(mark, elements);
}

// A table is what its one telling field says, or a list.
void write_table(lua_State* lua, protocol::ReplyWriter& reply, int call_protocol) {
  if (push_field(lua, "err", LUA_TSTRING)) {
    reply.error(without_line_ends(line_at(lua, -1)));
  } else if (push_field(lua, "ok", LUA_TSTRING)) {
    reply.simple(line_at(lua, -1));
  } else if (push_field(lua, "double", LUA_TNUMBER)) {
    reply.number(lua_tonumber(lua, -1));
  } else if (push_field(lua, "map", LUA_TTABLE)) {
    write_pairs(lua, reply, call_protocol, true);
  } else if (push_field(lua, "set", LUA_TTABLE)) {
    write_pairs(lua, reply, call_protocol, false);
  } else if (push_field(lua, "big_number", LUA_TSTRING)) {
    write_big_number(lua, reply);
  } else if (!push_field(lua, "verbatim_string", LUA_TTABLE)) {
    return write_array(lua, reply, call_protocol);
  } else if (!write_verbatim(lua, reply)) {
    lua_pop(lua, 1);
    return write_array(lua, reply, call_protocol);
  }
  lua_pop(lua, 1);
}

}  // namespace

void write_value(lua_State* lua, protocol::ReplyWriter& reply, int call_protocol) {
  if (lua_checkstack(lua, kSlotsPerLevel) == 0) {
    reply.error("ERR reached lua stack limit");
    lua_pop(lua, 1);
    return;
  }
  switch (lua_type(lua, -1)) {
    case LUA_TSTRING:
      reply.bulk(text_at(lua, -1));
      break;
    case LUA_TNUMBER:
      reply.integer(cut(lua_tonumber(lua, -1)));
      break;
    case LUA_TBOOLEAN:
      if (call_protocol == 3) {
        reply.boolean(lua_toboolean(lua, -1) != 0);
      } else if (lua_toboolean(lua, -1) != 0) {
        reply.integer(1);
      } else {
        reply.null();
      }
      break;
    case LUA_TTABLE:
      write_table(lua, reply, call_protocol);
      break;
    default:
      reply.null();
  }
  lua_pop(lua, 1);
}

}  // namespace sluice::scripting
