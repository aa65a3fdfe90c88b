// SPDX-License-Identifier: MIT
//
// The table `redis`: the way from a script to the server.
#include <openssl/evp.h>

#include <cstdio>
#include <cstring>
#include <iterator>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "server/scripting/libraries.h"
#include "server/scripting/lua.h"
#include "server/scripting/script_header.h"
#include "server/scripting/values.h"

namespace sluice::scripting {
namespace {

// A number as a word of a command: all its digits, so that what was an integer stays one.
constexpr const char* kNumberFormat = "%.17g";
constexpr size_t kNumberCharsMax = 32;

constexpr int kReplicateAll = 3;

int raise(lua_State* lua) {
  return lua_error(lua);
}

// Gathers the arguments as words of a command. Nothing, or what is wrong. Raises nothing.
const char* gather_words(lua_State* lua, Machine& machine) {
  const int arguments = lua_gettop(lua);
  machine.words.clear();
  machine.number_ends.clear();
  machine.scratch.clear();
  if (arguments == 0) return "ERR Please specify at least one argument for this redis lib call";
  for (int i = 1; i <= arguments; ++i) {
    const int type = lua_type(lua, i);
    if (type == LUA_TNUMBER) {
      char text[kNumberCharsMax];
      const int size = snprintf(text, sizeof text, kNumberFormat, lua_tonumber(lua, i));
      machine.scratch.append({text, static_cast<size_t>(size)});
      machine.number_ends.push_back(machine.scratch.size());
      machine.words.emplace_back();  // told below, when the texts lie still
    } else if (type == LUA_TSTRING) {
      size_t size = 0;
      const char* const bytes = lua_tolstring(lua, i, &size);
      machine.words.emplace_back(bytes, size);
    } else {
      return "ERR Lua redis lib command arguments must be strings or integers";
    }
  }
  size_t number = 0;
  size_t begin = 0;
  for (std::string_view& word : machine.words) {
    if (word.data() != nullptr) continue;
    const size_t end = machine.number_ends[number++];
    word = machine.scratch.view().substr(begin, end - begin);
    begin = end;
  }
  return nullptr;
}

// While a library is loaded it can register and nothing else: the rest is as if it were not there.
void refuse_while_registering(lua_State* lua, const char* name) {
  if (Machine::of(lua).registering == nullptr) return;
  luaL_error(lua, "Script attempted to access nonexistent global variable '%s'", name);
}

// Leaves the value of the reply on the stack. True: it is an error.
bool call_command(lua_State* lua) {
  Machine& machine = Machine::of(lua);
  const char* const fault = gather_words(lua, machine);
  if (fault != nullptr) {
    push_error(lua, fault);
    return true;
  }
  const std::string_view reply = machine.host->call(machine.words, machine.call_protocol);
  push_reply(lua, reply);
  return reply.front() == '-';
}

int call(lua_State* lua) {
  refuse_while_registering(lua, "call");
  return call_command(lua) ? raise(lua) : 1;
}

int pcall(lua_State* lua) {
  refuse_while_registering(lua, "pcall");
  call_command(lua);
  return 1;
}

// --- Replies made by hand

int reply_of_one_field(lua_State* lua, const char* field) {
  if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) {
    push_error(lua, "ERR wrong number or type of arguments");
    return 1;
  }
  lua_newtable(lua);
  lua_pushvalue(lua, 1);
  lua_setfield(lua, -2, field);
  return 1;
}

int status_reply(lua_State* lua) {
  return reply_of_one_field(lua, "ok");
}

// A text without a code gets ERR.
int error_reply(lua_State* lua) {
  if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) return reply_of_one_field(lua, "err");
  size_t size = 0;
  const char* text = lua_tolstring(lua, 1, &size);
  if (size > 0 && *text == '-') {
    lua_pushlstring(lua, text + 1, size - 1);
  } else if (std::memchr(text, ' ', size) == nullptr) {
    lua_pushliteral(lua, "ERR ");
    lua_pushvalue(lua, 1);
    lua_concat(lua, 2);
  } else {
    return reply_of_one_field(lua, "err");
  }
  lua_replace(lua, 1);
  return reply_of_one_field(lua, "err");
}

// --- The rest

int fail(lua_State* lua, const char* text) {
  push_error(lua, text);
  return raise(lua);
}

int sha1hex(lua_State* lua) {
  if (lua_gettop(lua) != 1) return fail(lua, "ERR wrong number of arguments");
  size_t size = 0;
  const char* const bytes = lua_tolstring(lua, 1, &size);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int digest_size = 0;
  CHECK(EVP_Digest(bytes, size, digest, &digest_size, EVP_sha1(), nullptr) == 1);
  char text[2 * EVP_MAX_MD_SIZE];
  for (unsigned int i = 0; i < digest_size; ++i) {
    text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
    text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
  }
  lua_pushlstring(lua, text, 2 * size_t{digest_size});
  return 1;
}

int log(lua_State* lua) {
  const int arguments = lua_gettop(lua);
  if (arguments < 2) return fail(lua, "ERR redis.log() requires two arguments or more.");
  if (lua_isnumber(lua, 1) == 0) return fail(lua, "ERR First argument must be a number (log level).");
  const lua_Number level = lua_tonumber(lua, 1);
  if (!(level >= 0 && level <= 3)) return fail(lua, "ERR Invalid debug level.");
  Machine& machine = Machine::of(lua);
  machine.scratch.clear();
  for (int i = 2; i <= arguments; ++i) {
    size_t size = 0;
    const char* const text = lua_tolstring(lua, i, &size);
    if (text == nullptr) continue;
    if (i > 2) machine.scratch.append(' ');
    machine.scratch.append({text, size});
  }
  machine.host->log(static_cast<LogLevel>(static_cast<int>(level)), machine.scratch.view());
  return 0;
}

int setresp(lua_State* lua) {
  refuse_while_registering(lua, "setresp");
  if (lua_gettop(lua) != 1) return fail(lua, "ERR redis.setresp() requires one argument.");
  const lua_Number version = lua_tonumber(lua, 1);
  if (version != 2 && version != 3) return fail(lua, "ERR RESP version must be 2 or 3.");
  Machine::of(lua).call_protocol = static_cast<int>(version);
  return 0;
}

// Everything that a script changes is logged, whatever it asks for: a log that left something out could not be loaded.
int set_repl(lua_State* lua) {
  refuse_while_registering(lua, "set_repl");
  if (lua_gettop(lua) != 1) return fail(lua, "ERR redis.set_repl() requires two arguments.");
  const lua_Number flags = lua_tonumber(lua, 1);
  if (!(flags >= 0 && flags <= kReplicateAll)) {
    return fail(lua, "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
  }
  return 0;
}

int replicate_commands(lua_State* lua) {
  lua_pushboolean(lua, 1);
  return 1;
}

int breakpoint(lua_State* lua) {
  lua_pushboolean(lua, 0);
  return 1;
}

int debug(lua_State*) {
  return 0;
}

int acl_check_cmd(lua_State* lua) {
  refuse_while_registering(lua, "acl_check_cmd");
  Machine& machine = Machine::of(lua);
  const char* const fault = gather_words(lua, machine);
  if (fault != nullptr) return fail(lua, fault);
  const std::optional<bool> permitted = machine.host->permits(machine.words);
  if (!permitted) return fail(lua, "ERR Invalid command passed to redis.acl_check_cmd()");
  lua_pushboolean(lua, *permitted ? 1 : 0);
  return 1;
}

// --- register_function, of libraries of functions

constexpr size_t kFunctionNameCharsMax = 256;

bool is_function_name(std::string_view name) {
  if (name.empty() || name.size() > kFunctionNameCharsMax) return false;
  for (const char c : name) {
    const char lower = to_lower(c);
    if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && c != '_') return false;
  }
  return true;
}

// The text at the top of the stack, which must be one.
std::string_view text_of(lua_State* lua) {
  size_t size = 0;
  const char* const text = lua_tolstring(lua, -1, &size);
  return {text, size};
}

// Reads the flags at the top into `function`. Nothing, or what is wrong.
const char* read_flags(lua_State* lua, RegisteredFunction& function) {
  if (!lua_istable(lua, -1))
    return "ERR flags argument to redis.register_function must be a table representing function flags";
  for (int i = 1;; ++i) {
    lua_rawgeti(lua, -1, i);
    if (lua_isnil(lua, -1)) break;
    if (lua_isstring(lua, -1) == 0 || script_flag(text_of(lua)) == 0) return "ERR unknown flag given";
    function.flags.emplace_back(text_of(lua));
    lua_pop(lua, 1);
  }
  lua_pop(lua, 1);
  return nullptr;
}

// One field of the table of named arguments: its value at the top, which stays.
const char* read_named_argument(lua_State* lua, std::string_view name, RegisteredFunction& function) {
  if (name == "function_name") {
    if (lua_isstring(lua, -1) == 0)
      return "ERR function_name argument given to redis.register_function must be a string";
    function.name = text_of(lua);
    return nullptr;
  }
  if (name == "description") {
    if (lua_isstring(lua, -1) == 0)
      return "ERR description argument given to redis.register_function must be a string";
    function.description = text_of(lua);
    function.described = true;
    return nullptr;
  }
  if (name == "callback") {
    if (!lua_isfunction(lua, -1))
      return "ERR callback argument given to redis.register_function must be a function";
    lua_pushvalue(lua, -1);
    function.function = luaL_ref(lua, LUA_REGISTRYINDEX);
    return nullptr;
  }
  if (name == "flags") return read_flags(lua, function);
  return "ERR unknown argument given to redis.register_function";
}

const char* read_named_arguments(lua_State* lua, RegisteredFunction& function) {
  lua_pushnil(lua);
  while (lua_next(lua, 1) != 0) {
    if (lua_type(lua, -2) != LUA_TSTRING)
      return "ERR named argument key given to redis.register_function is not a string";
    size_t size = 0;
    const char* const name = lua_tolstring(lua, -2, &size);
    const char* const fault = read_named_argument(lua, {name, size}, function);
    if (fault != nullptr) return fault;
    lua_pop(lua, 1);
  }
  if (function.name.empty()) return "ERR redis.register_function must get a function name argument";
  if (function.function == LUA_NOREF) return "ERR redis.register_function must get a callback argument";
  return nullptr;
}

const char* read_plain_arguments(lua_State* lua, RegisteredFunction& function) {
  if (lua_isstring(lua, 1) == 0) return "ERR first argument to redis.register_function must be a string";
  if (!lua_isfunction(lua, 2)) return "ERR second argument to redis.register_function must be a function";
  lua_pushvalue(lua, 1);
  function.name = text_of(lua);
  lua_pop(lua, 1);
  lua_pushvalue(lua, 2);
  function.function = luaL_ref(lua, LUA_REGISTRYINDEX);
  return nullptr;
}

const char* register_one(lua_State* lua, std::vector<RegisteredFunction>& functions) {
  const int arguments = lua_gettop(lua);
  if (arguments < 1 || arguments > 2) return "ERR wrong number of arguments to redis.register_function";
  // In its place at once: if Lua raises, the load that failed releases it.
  RegisteredFunction& function = functions.emplace_back();
  function.function = LUA_NOREF;
  const bool named = arguments == 1;
  if (named && !lua_istable(lua, 1))
    return "ERR calling redis.register_function with a single argument is only applicable to Lua table "
           "(representing named arguments).";
  const char* const fault = named ? read_named_arguments(lua, function) : read_plain_arguments(lua, function);
  if (fault != nullptr) return fault;
  if (!is_function_name(function.name)) {
    return "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one "
           "character long";
  }
  for (size_t i = 0; i + 1 < functions.size(); ++i) {
    if (functions[i].name == function.name) return "ERR Function already exists in the library";
  }
  return nullptr;
}

int register_function(lua_State* lua) {
  Machine& machine = Machine::of(lua);
  if (machine.registering == nullptr)
    return fail(lua, "ERR redis.register_function can only be called on FUNCTION LOAD command");
  const char* const fault = register_one(lua, *machine.registering);
  return fault == nullptr ? 0 : fail(lua, fault);
}

constexpr luaL_Reg kFunctions[] = {
    {"call", call},
    {"pcall", pcall},
    {"status_reply", status_reply},
    {"error_reply", error_reply},
    {"sha1hex", sha1hex},
    {"log", log},
    {"setresp", setresp},
    {"set_repl", set_repl},
    {"acl_check_cmd", acl_check_cmd},
};
constexpr luaL_Reg kScriptFunctions[] = {
    {"replicate_commands", replicate_commands},
    {"breakpoint", breakpoint},
    {"debug", debug},
};

struct Constant {
  const char* name;
  int value;
};
constexpr Constant kConstants[] = {
    {"LOG_DEBUG", 0}, {"LOG_VERBOSE", 1},  {"LOG_NOTICE", 2}, {"LOG_WARNING", 3}, {"REPL_ALL", 3},
    {"REPL_AOF", 1},  {"REPL_REPLICA", 2}, {"REPL_SLAVE", 2}, {"REPL_NONE", 0},
};

// "7.4.0" as 0x00070400.
int version_number(const char* text) {
  int number = 0;
  int part = 0;
  for (; *text != '\0'; ++text) {
    if (*text == '.') {
      number = (number | part) << 8;
      part = 0;
    } else {
      part = 10 * part + (*text - '0');
    }
  }
  return number | part;
}

}  // namespace

void push_redis_library(lua_State* lua, Machine::Kind kind) {
  const Machine& machine = Machine::of(lua);
  lua_newtable(lua);
  lua_pushstring(lua, machine.redis_version);
  lua_setfield(lua, -2, "REDIS_VERSION");
  lua_pushinteger(lua, version_number(machine.redis_version));
  lua_setfield(lua, -2, "REDIS_VERSION_NUM");
  const auto add = [lua](const luaL_Reg& function) {
    lua_pushcfunction(lua, function.func);
    lua_setfield(lua, -2, function.name);
  };
  for (const luaL_Reg& function : kFunctions)
    add(function);
  if (kind == Machine::Kind::kScripts) {
    for (const luaL_Reg& function : kScriptFunctions)
      add(function);
  } else {
    add({"register_function", register_function});
  }
  for (const Constant& constant : kConstants) {
    lua_pushinteger(lua, constant.value);
    lua_setfield(lua, -2, constant.name);
  }
}

}  // namespace sluice::scripting
