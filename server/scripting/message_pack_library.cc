// SPDX-License-Identifier: MIT
//
// The table `cmsgpack`: MessagePack, by libmsgpack. A number without a fraction is packed as the shortest integer, any
// other as a float if that loses nothing, else as a double; a table whose keys are 1 to n as an array, else as a map.
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

void push_object(lua_State* lua, const msgpack_object& object) {
  luaL_checkstack(lua, kSlotsPerLevel, "data nested too deeply");
  switch (object.type) {
    case MSGPACK_OBJECT_NIL:
      return lua_pushnil(lua);
    case MSGPACK_OBJECT_BOOLEAN:
      return lua_pushboolean(lua, object.via.boolean ? 1 : 0);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
      return lua_pushnumber(lua, static_cast<lua_Number>(static_cast<int64_t>(object.via.u64)));
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
      return lua_pushnumber(lua, static_cast<lua_Number>(object.via.i64));
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
      return lua_pushnumber(lua, object.via.f64);
    case MSGPACK_OBJECT_STR:
    case MSGPACK_OBJECT_BIN:
      lua_pushlstring(lua, object.via.str.ptr, object.via.str.size);
      return;
    case MSGPACK_OBJECT_ARRAY:
      lua_createtable(lua, static_cast<int>(object.via.array.size), 0);
      for (uint32_t i = 0; i < object.via.array.size; ++i) {
        push_object(lua, object.via.array.ptr[i]);
        lua_rawseti(lua, -2, static_cast<int>(i + 1));
      }
      return;
    case MSGPACK_OBJECT_MAP:
      lua_createtable(lua, 0, static_cast<int>(object.via.map.size));
      for (uint32_t i = 0; i < object.via.map.size; ++i) {
        push_object(lua, object.via.map.ptr[i].key);
        push_object(lua, object.via.map.ptr[i].val);
        lua_rawset(lua, -3);
      }
      return;
    default:
      luaL_error(lua, "Bad data format in input.");
  }
}

// The zone that objects are unpacked to, as an object of Lua's: it is freed when Lua has no more use for it, also if
// it raises.
int free_unpacked(lua_State* lua) {
  msgpack_unpacked_destroy(static_cast<msgpack_unpacked*>(lua_touserdata(lua, 1)));
  return 0;
}

msgpack_unpacked& push_unpacked(lua_State* lua) {
  auto* const unpacked = static_cast<msgpack_unpacked*>(lua_newuserdata(lua, sizeof(msgpack_unpacked)));
  msgpack_unpacked_init(unpacked);
  lua_createtable(lua, 0, 1);
  lua_pushcfunction(lua, free_unpacked);
  lua_setfield(lua, -2, "__gc");
  lua_setmetatable(lua, -2);
  return *unpacked;
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
  msgpack_unpacked& unpacked = push_unpacked(lua);
  lua_pushnil(lua);
  const int before = lua_gettop(lua);
  auto at = static_cast<size_t>(offset);
  for (lua_Integer i = 0; (all || i < limit) && at < size; ++i) {
    const msgpack_unpack_return result = msgpack_unpack_next(&unpacked, bytes, size, &at);
    if (result == MSGPACK_UNPACK_CONTINUE) return luaL_error(lua, "Missing bytes in input.");
    if (result == MSGPACK_UNPACK_NOMEM_ERROR) return luaL_error(lua, "not enough memory");
    if (result != MSGPACK_UNPACK_SUCCESS) return luaL_error(lua, "Bad data format in input.");
    luaL_checkstack(lua, 1, "too many values to unpack");
    push_object(lua, unpacked.data);
  }
  const int values = lua_gettop(lua) - before;
  if (all) return values;
  lua_pushinteger(lua, at == size ? -1 : static_cast<lua_Integer>(at));
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
