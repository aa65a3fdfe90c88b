// SPDX-License-Identifier: MIT
#include "server/scripting/machine.h"

#include <algorithm>
#include <cstdlib>

#include "engine/base/check.h"
#include "protocol/reply_writer.h"
#include "server/scripting/lua.h"
#include "server/scripting/sandbox.h"
#include "server/scripting/values.h"

namespace sluice::scripting {
namespace {

constexpr const char* kOutOfMemory = "not enough memory";

struct Source {
  std::string_view text;
  const char* chunk;
  Reference function;
};

// Turns whatever was raised into a table that says what, and where.
int describe_error(lua_State* lua) {
  if (lua_type(lua, 1) != LUA_TTABLE) {
    lua_createtable(lua, 0, 3);
    lua_pushliteral(lua, "ERR ");
    // What has a text as that; the rest by the name of its type, since asking it could raise again.
    if (lua_isstring(lua, 1) != 0) {
      lua_pushvalue(lua, 1);
    } else if (lua_isboolean(lua, 1)) {
      lua_pushstring(lua, lua_toboolean(lua, 1) != 0 ? "true" : "false");
    } else {
      lua_pushstring(lua, luaL_typename(lua, 1));
    }
    lua_concat(lua, 2);
    lua_setfield(lua, -2, "err");
    lua_replace(lua, 1);
    lua_settop(lua, 1);
  }
  lua_Debug where = {};
  bool known = lua_getstack(lua, 1, &where) != 0 && lua_getinfo(lua, "Sl", &where) != 0;
  if (known && where.what[0] == 'C')
    known = lua_getstack(lua, 2, &where) != 0 && lua_getinfo(lua, "Sl", &where) != 0;
  if (known && where.source != nullptr) {
    lua_pushstring(lua, where.source);
    lua_setfield(lua, 1, "source");
    lua_pushinteger(lua, where.currentline);
    lua_setfield(lua, 1, "line");
  }
  return 1;
}

void push_words(lua_State* lua, Words words) {
  lua_createtable(lua, static_cast<int>(words.size()), 0);
  int at = 0;
  for (const std::string_view word : words) {
    lua_pushlstring(lua, word.data(), word.size());
    lua_rawseti(lua, -2, ++at);
  }
}

// Appends the text of field `name` of the table at `index`, or what stands for it. The field is there, or not, raw.
bool append_field(lua_State* lua, int index, const char* name, ByteBuffer& to) {
  lua_pushstring(lua, name);
  lua_rawget(lua, index < 0 ? index - 1 : index);
  // Up to the first zero byte, as one-line replies have it.
  const char* const text = lua_isstring(lua, -1) != 0 ? lua_tostring(lua, -1) : nullptr;
  if (text != nullptr) to.append(std::string_view(text));
  lua_pop(lua, 1);
  return text != nullptr;
}

// The error table at the top, as a person is to read it.
void append_error(lua_State* lua, std::string_view function, ByteBuffer& to) {
  if (!append_field(lua, -1, "err", to)) to.append("ERR unknown error");
  const size_t end = to.size();
  to.append(" script: ");
  to.append(function);
  to.append(", on ");
  const bool source = append_field(lua, -1, "source", to);
  to.append(':');
  const bool line = append_field(lua, -1, "line", to);
  to.append('.');
  if (!source || !line) to.truncate(end);
}

}  // namespace

struct Machine::Run {
  Machine& machine;
  const Invocation& invocation;
  int protocol;
  bool succeeded;
};

Machine::Machine(Kind kind, const char* version, size_t memory_max)
    : redis_version(version),
      kind_(kind),
      memory_max_(memory_max),
      memory_left_max_(memory_max / kMemoryShareLeft) {
  lua_ = lua_newstate(&Machine::allocate, this);
  CHECK(lua_ != nullptr);
  const auto install = [](lua_State* lua) {
    install_sandbox(lua, of(lua).kind_);
    return 0;
  };
  CHECK(lua_cpcall(lua_, install, nullptr) == 0);
}

Machine::~Machine() {
  lua_close(lua_);
}

Machine& Machine::of(lua_State* lua) {
  void* machine = nullptr;
  lua_getallocf(lua, &machine);
  return *static_cast<Machine*>(machine);
}

void* Machine::allocate(void* machine, void* block, size_t old_size, size_t new_size) {
  auto& self = *static_cast<Machine*>(machine);
  size_t& used = self.memory_used_;
  if (new_size == 0) {
    std::free(block);
    used -= old_size;
    return nullptr;
  }
  // What shrinks must not fail.
  const bool fits =
      new_size <= old_size || self.collecting_ || used - old_size + new_size <= self.memory_max_;
  void* const moved = fits ? std::realloc(block, new_size) : nullptr;
  if (moved != nullptr) {
    used = used - old_size + new_size;
  } else {
    self.memory_refused_ = true;
  }
  return moved;
}

std::string Machine::take_error() {
  size_t size = 0;
  const char* const text = lua_type(lua_, -1) == LUA_TSTRING ? lua_tolstring(lua_, -1, &size) : nullptr;
  std::string error = text == nullptr ? kOutOfMemory : std::string(text, size);
  lua_pop(lua_, 1);
  return error;
}

int Machine::compile_protected(lua_State* lua) {
  auto& source = *static_cast<Source*>(lua_touserdata(lua, 1));
  if (luaL_loadbuffer(lua, source.text.data(), source.text.size(), source.chunk) != 0) return lua_error(lua);
  source.function = luaL_ref(lua, LUA_REGISTRYINDEX);
  return 0;
}

std::optional<Reference> Machine::compile(std::string_view text, std::string& error) {
  Source source{text, kind_ == Kind::kScripts ? "@user_script" : "@user_function", LUA_NOREF};
  // A precompiled chunk could do what no source can.
  if (text.starts_with(LUA_SIGNATURE[0])) {
    error = "precompiled scripts are not accepted";
    return std::nullopt;
  }
  const bool compiled = lua_cpcall(lua_, &Machine::compile_protected, &source) == 0;
  if (!compiled) error = take_error();
  if (memory_refused_) collect();
  return compiled ? std::optional(source.function) : std::nullopt;
}

void Machine::release(Reference function) {
  luaL_unref(lua_, LUA_REGISTRYINDEX, function);
}

void Machine::look(lua_State* lua, lua_Debug*) {
  Machine& machine = of(lua);
  if (!machine.stopping_ && !machine.host->interrupted()) return;
  machine.stopping_ = true;
  // From now on at every line, so that no pcall() in the script lives on.
  lua_sethook(lua, &Machine::look, LUA_MASKLINE, 0);
  push_error(lua, "ERR Script killed by user with SCRIPT KILL...");
  lua_error(lua);
}

void Machine::begin(Host& by) {
  CHECK(host == nullptr);
  host = &by;
  call_protocol = 2;
  stopping_ = false;
  lua_sethook(lua_, &Machine::look, LUA_MASKCOUNT, kInstructionsBetweenLooks);
}

void Machine::end() {
  host = nullptr;
  lua_sethook(lua_, nullptr, 0, 0);
}

void Machine::collect() {
  collecting_ = true;
  if (memory_refused_ || memory_used_ > memory_left_max_) {
    lua_gc(lua_, LUA_GCCOLLECT, 0);
    const size_t share = memory_max_ / kMemoryShareLeft;
    memory_left_max_ = std::max(share, memory_used_ + share / kMemoryShareMore);
    memory_refused_ = false;
    runs_ = 0;
  } else if (++runs_ >= kRunsBetweenCollections) {
    lua_gc(lua_, LUA_GCSTEP, kRunsBetweenCollections);
    runs_ = 0;
  }
  collecting_ = false;
}

int Machine::run_protected(lua_State* lua) {
  auto& run = *static_cast<Run*>(lua_touserdata(lua, 1));
  Machine& machine = run.machine;
  lua_pushcfunction(lua, describe_error);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, run.invocation.function);
  push_words(lua, run.invocation.keys);
  if (machine.kind_ == Kind::kScripts) set_real_global(lua, "KEYS");
  push_words(lua, run.invocation.arguments);
  if (machine.kind_ == Kind::kScripts) set_real_global(lua, "ARGV");
  const int arguments = machine.kind_ == Kind::kScripts ? 0 : 2;

  run.succeeded = lua_pcall(lua, arguments, 1, 2) == 0;
  if (run.succeeded) {
    protocol::ReplyWriter reply(machine.result_, run.protocol);
    write_value(lua, reply, machine.call_protocol);
    return 0;
  }
  if (!lua_istable(lua, -1)) return lua_error(lua);  // no memory for more than a text
  append_error(lua, run.invocation.name, machine.result_);
  return 0;
}

bool Machine::run(const Invocation& invocation, int protocol, ByteBuffer& reply) {
  Run run{*this, invocation, protocol, false};
  result_.clear();
  begin(invocation.host);
  const bool ran = lua_cpcall(lua_, &Machine::run_protected, &run) == 0;
  end();
  protocol::ReplyWriter writer(reply, protocol);
  const std::string error = ran ? std::string() : take_error();
  collect();
  if (!ran) {
    writer.error("ERR " + error);
    return false;
  }
  run.succeeded ? writer.raw(result_.view()) : writer.error(result_.view());
  result_.shrink(kMemoryBytesMax >> 10);
  return run.succeeded;
}

int Machine::load_protected(lua_State* lua) {
  lua_pushcfunction(lua, describe_error);
  const auto& source = *static_cast<const std::string_view*>(lua_touserdata(lua, 1));
  if (luaL_loadbuffer(lua, source.data(), source.size(), "@user_function") != 0) {
    lua_pushliteral(lua, "Error compiling function: ");
    lua_insert(lua, -2);
    lua_concat(lua, 2);
    return lua_error(lua);
  }
  if (lua_pcall(lua, 0, 0, 2) == 0) return 0;
  if (!lua_istable(lua, -1)) return lua_error(lua);
  Machine& machine = of(lua);
  machine.result_.clear();
  machine.result_.append("Error registering functions: ");
  if (!append_field(lua, -1, "err", machine.result_)) machine.result_.append("unknown error");
  lua_pushlstring(lua, machine.result_.data(), machine.result_.size());
  return lua_error(lua);
}

bool Machine::load(Host& by, std::string_view source, std::vector<RegisteredFunction>& functions,
                   std::string& error) {
  CHECK(kind_ == Kind::kFunctions);
  registering = &functions;
  begin(by);
  const bool loaded = lua_cpcall(lua_, &Machine::load_protected, &source) == 0;
  end();
  registering = nullptr;
  if (!loaded) {
    error = take_error();
    for (const RegisteredFunction& function : functions)
      release(function.function);
    functions.clear();
  }
  collect();
  return loaded;
}

}  // namespace sluice::scripting
