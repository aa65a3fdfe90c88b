// SPDX-License-Identifier: MIT
#include "server/scripting/sandbox.h"

#include "engine/base/check.h"

#include "server/scripting/libraries.h"
#include "server/scripting/lua.h"

extern "C" {
#include <lua5.1/lua-bitop.h>
#include <lua5.1/lua-cjson.h>
}

namespace sluice::scripting {
namespace {

// Addresses that name things in Lua's registry.
const char kStandIns = 0;  // the table of stand-ins: stand-in -> the real table
const char kGlobals = 0;   // the real globals

constexpr const char* kReadOnly = "Attempt to modify a readonly table";

void push_named(lua_State* lua, const char* name) {
  lua_pushlightuserdata(lua, const_cast<char*>(name));
  lua_rawget(lua, LUA_REGISTRYINDEX);
}

// If the value at `index` is a stand-in, pushes the real table behind it.
bool push_behind(lua_State* lua, int index) {
  if (!lua_istable(lua, index)) return false;
  if (lua_getmetatable(lua, index) == 0) return false;
  lua_pop(lua, 1);
  push_named(lua, &kStandIns);
  lua_pushvalue(lua, index);
  lua_rawget(lua, -2);
  lua_remove(lua, -2);
  if (!lua_isnil(lua, -1)) return true;
  lua_pop(lua, 1);
  return false;
}

// --- What meets a script that goes too far

int refuse_change(lua_State* lua) {
  return luaL_error(lua, kReadOnly);
}

int refuse_unknown_global(lua_State* lua) {
  luaL_where(lua, 1);
  lua_pushliteral(lua, "Script attempted to access nonexistent global variable '");
  lua_isstring(lua, 2) != 0 ? lua_pushvalue(lua, 2) : lua_pushstring(lua, luaL_typename(lua, 2));
  lua_pushliteral(lua, "'");
  lua_concat(lua, 4);
  return lua_error(lua);
}

// --- Stand-ins

// Replaces the table at the top by a stand-in for it.
void protect(lua_State* lua) {
  lua_newtable(lua);  // the stand-in
  lua_createtable(lua, 0, 3);
  lua_pushvalue(lua, -3);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, refuse_change);
  lua_setfield(lua, -2, "__newindex");
  lua_setmetatable(lua, -2);
  push_named(lua, &kStandIns);
  lua_pushvalue(lua, -2);
  lua_pushvalue(lua, -4);
  lua_rawset(lua, -3);
  lua_pop(lua, 1);
  lua_replace(lua, -2);
}

// Calls the function that is the first upvalue with the arguments as they are.
int call_original(lua_State* lua) {
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, LUA_MULTRET);
  return lua_gettop(lua);
}

// For what changes its first argument without asking its metatable.
int call_unless_protected(lua_State* lua) {
  if (push_behind(lua, 1)) {
    lua_pushstring(lua, kReadOnly);
    return lua_error(lua);
  }
  return call_original(lua);
}

int next_of(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_settop(lua, 2);
  if (push_behind(lua, 1)) lua_replace(lua, 1);
  if (lua_next(lua, 1) != 0) return 2;
  lua_pushnil(lua);
  return 1;
}

int pairs_of(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_pushvalue(lua, lua_upvalueindex(1));  // next_of
  lua_pushvalue(lua, 1);
  lua_pushnil(lua);
  return 3;
}

int rawget_of(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_checkany(lua, 2);
  lua_settop(lua, 2);
  if (push_behind(lua, 1)) lua_replace(lua, 1);
  lua_rawget(lua, 1);
  return 1;
}

int getmetatable_of(lua_State* lua) {
  luaL_checkany(lua, 1);
  if (push_behind(lua, 1)) {
    // Something to look at, as everywhere; not what protects the table.
    lua_newtable(lua);
    protect(lua);
    return 1;
  }
  return call_original(lua);
}

// An error table becomes its text.
int pcall_of(lua_State* lua) {
  luaL_checkany(lua, 1);
  lua_pushboolean(lua, 1);
  lua_insert(lua, 1);
  if (lua_pcall(lua, lua_gettop(lua) - 2, LUA_MULTRET, 0) == 0) return lua_gettop(lua);
  if (lua_istable(lua, -1)) {
    lua_getfield(lua, -1, "err");
    lua_isstring(lua, -1) != 0 ? lua_replace(lua, -2) : lua_pop(lua, 1);
  }
  lua_pushboolean(lua, 0);
  lua_insert(lua, -2);
  return 2;
}

// --- Loading source: never what is compiled already, which could reach beyond the sandbox

int load_text(lua_State* lua, const char* text, size_t size, const char* chunk) {
  if (size > 0 && text[0] == LUA_SIGNATURE[0]) {
    lua_pushnil(lua);
    lua_pushliteral(lua, "precompiled chunks are not accepted");
    return 2;
  }
  if (luaL_loadbuffer(lua, text, size, chunk) == 0) return 1;
  lua_pushnil(lua);
  lua_insert(lua, -2);
  return 2;
}

int loadstring_of(lua_State* lua) {
  size_t size = 0;
  const char* const text = luaL_checklstring(lua, 1, &size);
  return load_text(lua, text, size, luaL_optstring(lua, 2, text));
}

int load_of(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TFUNCTION);
  const char* const chunk = luaL_optstring(lua, 2, "=(load)");
  lua_settop(lua, 2);
  lua_pushliteral(lua, "");
  for (;;) {
    lua_pushvalue(lua, 1);
    lua_call(lua, 0, 1);
    if (lua_isnil(lua, -1)) break;
    if (lua_isstring(lua, -1) == 0) return luaL_error(lua, "reader function must return a string");
    if (lua_objlen(lua, -1) == 0) break;
    lua_concat(lua, 2);
  }
  lua_settop(lua, 3);
  size_t size = 0;
  const char* const text = lua_tolstring(lua, 3, &size);
  return load_text(lua, text, size, chunk);
}

// --- Random numbers: the same ones after every start

// The generator of POSIX's lrand48().
uint32_t next_random(Machine& machine) {
  constexpr uint64_t kMultiplier = 0x5DEECE66D;
  constexpr uint64_t kIncrement = 0xB;
  constexpr uint64_t kMask = (uint64_t{1} << 48) - 1;
  machine.random_state = (machine.random_state * kMultiplier + kIncrement) & kMask;
  return static_cast<uint32_t>(machine.random_state >> 17);
}

int random_of(lua_State* lua) {
  constexpr uint32_t kRange = INT32_MAX;
  const lua_Number chance =
      static_cast<lua_Number>(next_random(Machine::of(lua)) % kRange) / static_cast<lua_Number>(kRange);
  lua_Integer low = 1;
  lua_Integer high = 0;
  switch (lua_gettop(lua)) {
    case 0:
      lua_pushnumber(lua, chance);
      return 1;
    case 1:
      high = luaL_checkint(lua, 1);
      luaL_argcheck(lua, low <= high, 1, "interval is empty");
      break;
    case 2:
      low = luaL_checkint(lua, 1);
      high = luaL_checkint(lua, 2);
      luaL_argcheck(lua, low <= high, 2, "interval is empty");
      break;
    default:
      return luaL_error(lua, "wrong number of arguments");
  }
  const auto span = static_cast<lua_Number>(high - low + 1);
  lua_pushnumber(lua,
                 static_cast<lua_Number>(low) + static_cast<lua_Number>(static_cast<int64_t>(chance * span)));
  return 1;
}

int randomseed_of(lua_State* lua) {
  seed_random(Machine::of(lua), static_cast<uint32_t>(luaL_checkint(lua, 1)));
  return 0;
}

// --- Building

void open(lua_State* lua, const char* name, lua_CFunction library) {
  lua_pushcfunction(lua, library);
  lua_pushstring(lua, name);
  lua_call(lua, 1, 0);
}

// Replaces field `name` of the table at the top by `function`, with what it was as the upvalue.
void wrap(lua_State* lua, const char* name, lua_CFunction function) {
  lua_getfield(lua, -1, name);
  lua_pushcclosure(lua, function, 1);
  lua_setfield(lua, -2, name);
}

void set_function(lua_State* lua, const char* name, lua_CFunction function) {
  lua_pushcfunction(lua, function);
  lua_setfield(lua, -2, name);
}

void open_standard_libraries(lua_State* lua) {
  open(lua, "", luaopen_base);
  open(lua, LUA_TABLIBNAME, luaopen_table);
  open(lua, LUA_STRLIBNAME, luaopen_string);
  open(lua, LUA_MATHLIBNAME, luaopen_math);
  open(lua, "bit", luaopen_bit);

  lua_getglobal(lua, LUA_TABLIBNAME);
  for (const char* name : {"insert", "remove", "sort", "setn"})
    wrap(lua, name, call_unless_protected);
  lua_pop(lua, 1);
  lua_getglobal(lua, LUA_MATHLIBNAME);
  set_function(lua, "random", random_of);
  set_function(lua, "randomseed", randomseed_of);
  lua_pop(lua, 1);
}

// The globals that Redis leaves to a script, as they are.
constexpr const char* kFunctions[] = {
    "assert",   "collectgarbage", "error", "gcinfo", "ipairs", "rawequal", "select",
    "tonumber", "tostring",       "type",  "unpack", "xpcall", "_VERSION",
};
// The same, each of its own kind because of the stand-ins.
constexpr luaL_Reg kChangedFunctions[] = {
    {"load", load_of},   {"loadstring", loadstring_of}, {"next", next_of},
    {"pcall", pcall_of}, {"rawget", rawget_of},
};

// Takes the table at the top as what scripts see under `name`, protected. Below it lie the real globals.
void publish(lua_State* lua, const char* name) {
  protect(lua);
  lua_setfield(lua, -2, name);
}

// The real globals, at the top.
void push_globals(lua_State* lua, Machine::Kind kind) {
  lua_newtable(lua);
  for (const char* name : kFunctions) {
    lua_getglobal(lua, name);
    lua_setfield(lua, -2, name);
  }
  for (const luaL_Reg& function : kChangedFunctions)
    set_function(lua, function.name, function.func);
  lua_pushcfunction(lua, next_of);
  lua_pushcclosure(lua, pairs_of, 1);
  lua_setfield(lua, -2, "pairs");
  lua_getglobal(lua, "getmetatable");
  lua_pushcclosure(lua, getmetatable_of, 1);
  lua_setfield(lua, -2, "getmetatable");
  for (const char* name : {"setmetatable", "rawset"}) {
    lua_getglobal(lua, name);
    lua_pushcclosure(lua, call_unless_protected, 1);
    lua_setfield(lua, -2, name);
  }
  for (const char* name : {LUA_TABLIBNAME, LUA_STRLIBNAME, LUA_MATHLIBNAME, "bit", "coroutine"}) {
    lua_getglobal(lua, name);
    publish(lua, name);
  }
  lua_pushcfunction(lua, luaopen_cjson);
  lua_call(lua, 0, 1);
  publish(lua, "cjson");
  push_struct_library(lua);
  publish(lua, "struct");
  push_message_pack_library(lua);
  publish(lua, "cmsgpack");
  push_redis_library(lua, kind);
  publish(lua, "redis");
}

// Methods of strings are found through the stand-in, and their metatable is one.
void protect_strings(lua_State* lua) {
  lua_pushliteral(lua, "");
  CHECK(lua_getmetatable(lua, -1) != 0);
  lua_getfield(lua, -3, LUA_STRLIBNAME);
  lua_setfield(lua, -2, "__index");
  lua_newtable(lua);
  lua_getfield(lua, -2, "__index");
  lua_setfield(lua, -2, "__index");
  protect(lua);
  lua_setfield(lua, -2, "__metatable");
  lua_pop(lua, 2);
}

}  // namespace

void install_sandbox(lua_State* lua, Machine::Kind kind) {
  lua_pushlightuserdata(lua, const_cast<char*>(&kStandIns));
  lua_newtable(lua);
  lua_createtable(lua, 0, 1);
  lua_pushliteral(lua, "k");
  lua_setfield(lua, -2, "__mode");
  lua_setmetatable(lua, -2);
  lua_rawset(lua, LUA_REGISTRYINDEX);

  open_standard_libraries(lua);
  push_globals(lua, kind);
  protect_strings(lua);
  lua_createtable(lua, 0, 1);
  lua_pushcfunction(lua, refuse_unknown_global);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);

  lua_pushlightuserdata(lua, const_cast<char*>(&kGlobals));
  lua_pushvalue(lua, -2);
  lua_rawset(lua, LUA_REGISTRYINDEX);
  lua_pushvalue(lua, -1);
  protect(lua);  // the globals as scripts see them
  lua_pushvalue(lua, -1);
  lua_setfield(lua, -3, "_G");
  lua_replace(lua, LUA_GLOBALSINDEX);
  lua_pop(lua, 1);
}

void set_real_global(lua_State* lua, const char* name) {
  push_named(lua, &kGlobals);
  lua_insert(lua, -2);
  lua_pushstring(lua, name);
  lua_insert(lua, -2);
  lua_rawset(lua, -3);
  lua_pop(lua, 1);
}

void seed_random(Machine& machine, uint32_t seed) {
  constexpr uint64_t kLowBits = 0x330E;
  machine.random_state = (static_cast<uint64_t>(seed) << 16) | kLowBits;
}

}  // namespace sluice::scripting
