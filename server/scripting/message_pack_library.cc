// SPDX-License-Identifier: MIT
//
// The table `cmsgpack`: MessagePack, written by libmsgpack and read by what follows here, because nothing but Lua's
// stack is to limit how deep it is nested, and libmsgpack reads 32 levels.
//
// A number without a fraction is packed as the shortest integer, any other as a float if that loses nothing, else as a
// double; a table whose keys are 1 to n as an array, else as a map.
#include <bit>
#include <cmath>
#include <cstdint>

#include "server/scripting/libraries.h"
#include "server/scripting/lua.h"

extern "C" {
#include <msgpack.h>
}

namespace sluice::scripting {
namespace {

// What lies deeper in a table is packed as nothing.
constexpr int kNestedMax = 16;
constexpr int kSlotsPerLevel = 6;

// --- pack

int append(void* to, const char* bytes, size_t size) {
  static_cast<ByteBuffer*>(to)->append({bytes, size});
  return 0;
}

void pack_number(lua_State* lua, msgpack_packer& packer) {
  const lua_Number number = lua_tonumber(lua, -1);
  constexpr lua_Number kTwoTo63 = 9223372036854775808.0;
  if (std::floor(number) == number && number >= -kTwoTo63 && number < kTwoTo63) {
    msgpack_pack_int64(&packer, static_cast<int64_t>(number));
  } else if (static_cast<lua_Number>(static_cast<float>(number)) == number) {
    msgpack_pack_float(&packer, static_cast<float>(number));
  } else {
    msgpack_pack_double(&packer, number);
  }
}

void pack_value(lua_State* lua, msgpack_packer& packer, int level);

// Whether the keys of the table at the top are 1 to n; `pairs` is set to how many there are.
bool is_array(lua_State* lua, size_t& pairs) {
  lua_Number highest = 0;
  bool whole = true;
  pairs = 0;
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    lua_pop(lua, 1);
    ++pairs;
    const lua_Number key = lua_type(lua, -1) == LUA_TNUMBER ? lua_tonumber(lua, -1) : 0;
    if (!(key > 0) || std::floor(key) != key) whole = false;
    if (key > highest) highest = key;
  }
  return whole && highest == static_cast<lua_Number>(pairs);
}

void pack_table(lua_State* lua, msgpack_packer& packer, int level) {
  size_t pairs = 0;
  if (is_array(lua, pairs)) {
    msgpack_pack_array(&packer, pairs);
    for (size_t i = 1; i <= pairs; ++i) {
      lua_rawgeti(lua, -1, static_cast<int>(i));
      pack_value(lua, packer, level + 1);
    }
    return;
  }
  msgpack_pack_map(&packer, pairs);
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    lua_pushvalue(lua, -2);
    pack_value(lua, packer, level + 1);
    pack_value(lua, packer, level + 1);
  }
}

// Packs the value at the top, and takes it off.
void pack_value(lua_State* lua, msgpack_packer& packer, int level) {
  luaL_checkstack(lua, kSlotsPerLevel, "table nested too deeply");
  switch (lua_type(lua, -1)) {
    case LUA_TSTRING: {
      size_t size = 0;
      const char* const text = lua_tolstring(lua, -1, &size);
      msgpack_pack_str(&packer, size);
      msgpack_pack_str_body(&packer, text, size);
      break;
    }
    case LUA_TBOOLEAN:
      lua_toboolean(lua, -1) != 0 ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer);
      break;
    case LUA_TNUMBER:
      pack_number(lua, packer);
      break;
    case LUA_TTABLE:
      level == kNestedMax ? static_cast<void>(msgpack_pack_nil(&packer)) : pack_table(lua, packer, level);
      break;
    default:
      msgpack_pack_nil(&packer);
  }
  lua_pop(lua, 1);
}

int pack(lua_State* lua) {
  const int arguments = lua_gettop(lua);
  if (arguments == 0) return luaL_argerror(lua, 0, "MessagePack pack needs input.");
  ByteBuffer& bytes = Machine::of(lua).scratch;
  bytes.clear();
  msgpack_packer packer;
  msgpack_packer_init(&packer, &bytes, append);
  for (int i = 1; i <= arguments; ++i) {
    lua_pushvalue(lua, i);
    pack_value(lua, packer, 0);
  }
  lua_pushlstring(lua, bytes.data(), bytes.size());
  return 1;
}

// --- unpack

// What is left of the input, read from the front.
struct Input {
  const char* at;
  size_t left;

  const char* take(lua_State* lua, size_t bytes) {
    if (bytes > left) luaL_error(lua, "Missing bytes in input.");
    const char* const taken = at;
    at += bytes;
    left -= bytes;
    return taken;
  }
  // An integer of this many bytes, the highest one first.
  uint64_t number(lua_State* lua, size_t bytes) {
    const char* const taken = take(lua, bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i)
      value = (value << 8) | static_cast<unsigned char>(taken[i]);
    return value;
  }
};

void push_next(lua_State* lua, Input& input);

// As negative as its highest bit says.
void push_signed(lua_State* lua, Input& input, size_t bytes) {
  const size_t unused = 64 - 8 * bytes;
  const auto value = static_cast<int64_t>(input.number(lua, bytes) << unused) >> unused;
  lua_pushnumber(lua, static_cast<lua_Number>(value));
}

void push_text(lua_State* lua, Input& input, size_t size) {
  const char* const text = input.take(lua, size);
  lua_pushlstring(lua, text, size);
}

// What holds others says first how many, which is not to be believed: room is made as they come. Lua's stack has two
// slots for each level, and so it is Lua that says what is too deep.
void push_array(lua_State* lua, Input& input, size_t size) {
  luaL_checkstack(lua, kSlotsPerLevel + 2, "in function mp_decode_to_lua_array");
  lua_newtable(lua);
  for (size_t i = 1; i <= size; ++i) {
    lua_pushnumber(lua, static_cast<lua_Number>(i));
    push_next(lua, input);
    lua_rawset(lua, -3);
  }
}

void push_map(lua_State* lua, Input& input, size_t size) {
  lua_newtable(lua);
  for (size_t i = 0; i < size; ++i) {
    push_next(lua, input);
    push_next(lua, input);
    lua_rawset(lua, -3);
  }
}

// The next object of the input. Its first byte says what it is, and of small ones how much.
void push_next(lua_State* lua, Input& input) {
  luaL_checkstack(lua, kSlotsPerLevel,
                  "too many return values at once; use unpack_one or unpack_limit instead.");
  const auto type = static_cast<size_t>(input.number(lua, 1));
  if (type <= 0x7f) return lua_pushnumber(lua, static_cast<lua_Number>(type));
  if (type <= 0x8f) return push_map(lua, input, type & 0x0f);
  if (type <= 0x9f) return push_array(lua, input, type & 0x0f);
  if (type <= 0xbf) return push_text(lua, input, type & 0x1f);
  if (type >= 0xe0) return lua_pushnumber(lua, static_cast<lua_Number>(type) - 256);
  switch (type) {
    case 0xc0:
      return lua_pushnil(lua);
    case 0xc2:
    case 0xc3:
      return lua_pushboolean(lua, type == 0xc3 ? 1 : 0);
    case 0xc4:  // bytes, of which the size has 1, 2 or 4 bytes
    case 0xc5:
    case 0xc6:
      return push_text(lua, input, input.number(lua, size_t{1} << (type - 0xc4)));
    case 0xd9:  // text, likewise
    case 0xda:
    case 0xdb:
      return push_text(lua, input, input.number(lua, size_t{1} << (type - 0xd9)));
    case 0xca:
      return lua_pushnumber(lua, std::bit_cast<float>(static_cast<uint32_t>(input.number(lua, 4))));
    case 0xcb:
      return lua_pushnumber(lua, std::bit_cast<double>(input.number(lua, 8)));
    case 0xcc:  // numbers without a sign, of 1, 2, 4 or 8 bytes; what is too big for a signed one wraps
    case 0xcd:
    case 0xce:
    case 0xcf: {
      const auto value = static_cast<int64_t>(input.number(lua, size_t{1} << (type - 0xcc)));
      return lua_pushnumber(lua, static_cast<lua_Number>(value));
    }
    case 0xd0:  // numbers with a sign
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return push_signed(lua, input, size_t{1} << (type - 0xd0));
    case 0xdc:
    case 0xdd:
      return push_array(lua, input, input.number(lua, type == 0xdc ? 2 : 4));
    case 0xde:
    case 0xdf:
      return push_map(lua, input, input.number(lua, type == 0xde ? 2 : 4));
    default:  // extensions, and the one byte that means nothing
      luaL_error(lua, "Bad data format in input.");
  }
}

// `limit` objects from `offset` on, with the offset behind them in front, -1 at the end of the data; or all there are,
// if both are 0.
int unpack_some(lua_State* lua, lua_Integer limit, lua_Integer offset) {
  size_t size = 0;
  const char* const bytes = luaL_checklstring(lua, 1, &size);
  if (offset < 0 || limit < 0) {
    return luaL_error(lua, "Invalid request to unpack with offset of %d and limit of %d.",
                      static_cast<int>(offset), static_cast<int>(size));
  }
  if (static_cast<size_t>(offset) > size) {
    return luaL_error(lua, "Start offset %d greater than input length %d.", static_cast<int>(offset),
                      static_cast<int>(size));
  }
  const bool all = limit == 0 && offset == 0;
  lua_pushnil(lua);
  const int before = lua_gettop(lua);
  Input input{bytes + offset, size - static_cast<size_t>(offset)};
  for (lua_Integer i = 0; (all || i < limit) && input.left > 0; ++i)
    push_next(lua, input);
  const int values = lua_gettop(lua) - before;
  if (all) return values;
  lua_pushinteger(lua, input.left == 0 ? -1 : static_cast<lua_Integer>(size - input.left));
  lua_replace(lua, before);
  return values + 1;
}

int unpack(lua_State* lua) {
  return unpack_some(lua, 0, 0);
}

int unpack_one(lua_State* lua) {
  return unpack_some(lua, 1, luaL_optinteger(lua, 2, 0));
}

int unpack_limit(lua_State* lua) {
  return unpack_some(lua, luaL_checkinteger(lua, 2), luaL_optinteger(lua, 3, 0));
}

constexpr luaL_Reg kFunctions[] = {
    {"pack", pack}, {"unpack", unpack}, {"unpack_one", unpack_one}, {"unpack_limit", unpack_limit}};

constexpr const char* kFacts[][2] = {
    {"_NAME", "cmsgpack"},
    {"_VERSION", "lua-cmsgpack 0.4.0"},
    {"_DESCRIPTION", "MessagePack C implementation for Lua"},
};

}  // namespace

void push_message_pack_library(lua_State* lua) {
  lua_newtable(lua);
  for (const luaL_Reg& function : kFunctions) {
    lua_pushcfunction(lua, function.func);
    lua_setfield(lua, -2, function.name);
  }
  for (const auto& [name, text] : kFacts) {
    lua_pushstring(lua, text);
    lua_setfield(lua, -2, name);
  }
}

}  // namespace sluice::scripting
