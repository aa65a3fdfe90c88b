// SPDX-License-Identifier: MIT
//
// One Lua 5.1 interpreter, with the globals that Redis gives to a script, all of them protected from change.
//
// Invariants: at most one script runs at a time and none runs another; what a script leaves behind is garbage, so that
// no script sees what another one did.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/byte_buffer.h"
#include "server/scripting/host.h"

struct lua_State;
struct lua_Debug;

namespace sluice::scripting {

// What all scripts together may hold. Beyond it a script fails for want of memory, and the server goes on.
inline constexpr size_t kMemoryBytesMax = size_t{1} << 30;
// After so many instructions a script is asked whether it is to end.
inline constexpr int kInstructionsBetweenLooks = 100'000;
// A script that leaves more than this part of it behind, or met its end, is followed by a collection of all garbage, so
// that the next one has room.
inline constexpr size_t kMemoryShareLeft = 4;
// Of that part, so much more has to be left than at the last such collection: what is kept may be more than that part.
inline constexpr size_t kMemoryShareMore = 8;
// After so many runs a step of garbage collection is made, whatever the interpreter would do by itself.
inline constexpr int kRunsBetweenCollections = 50;

// A function that can be run, kept by the interpreter until it is released.
using Reference = int;

struct Invocation {
  Host& host;
  Reference function;
  std::string_view name;  // as errors name it: the SHA-1 of a script, or what a library calls its function
  Words keys;
  Words arguments;
};

// What a library registers while it is loaded.
struct RegisteredFunction {
  std::string name;
  Reference function;
  std::string description;
  bool described = false;
  std::vector<std::string> flags;
};

class Machine {
 public:
  // Scripts find KEYS and ARGV among the globals; functions get them as arguments, and are registered by libraries.
  enum class Kind : uint8_t { kScripts, kFunctions };
  // `version` is what scripts are told of the Redis that this is: "7.4.0". It must outlive the machine.
  Machine(Kind kind, const char* version, size_t memory_max = kMemoryBytesMax);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // nullopt: `error` says what is wrong with it, as Lua does.
  std::optional<Reference> compile(std::string_view source, std::string& error);
  void release(Reference function);
  // Runs it and appends its one reply to `reply`, in version `protocol` of RESP. True: it went well; false: the reply
  // is the error that ended it.
  bool run(const Invocation& invocation, int protocol, ByteBuffer& reply);
  // Runs the body of a library, which registers its functions. False: `error` says why not, and nothing is registered.
  bool load(Host& host, std::string_view source, std::vector<RegisteredFunction>& functions,
            std::string& error);

  // Bytes that the interpreter holds.
  size_t memory_used() const { return memory_used_; }
  static Machine& of(lua_State* lua);

  const char* const redis_version;

  // --- For the libraries: state of the running script
  Host* host = nullptr;                                    // null: none runs
  int call_protocol = 2;                                   // what redis.setresp() chose
  std::vector<RegisteredFunction>* registering = nullptr;  // null: no library is being loaded
  ByteBuffer scratch;                                      // free between two calls into a library
  std::vector<std::string_view> words;                     // likewise
  std::vector<size_t> number_ends;                         // likewise: of the texts of numbers in `scratch`
  // Of math.random(): begins with what lrand48() begins with, and goes on from script to script.
  uint64_t random_state = 0x1234ABCD330E;

 private:
  struct Run;
  static void* allocate(void* machine, void* block, size_t old_size, size_t new_size);
  static int compile_protected(lua_State* lua);
  static int run_protected(lua_State* lua);
  static int load_protected(lua_State* lua);
  static void look(lua_State* lua, lua_Debug*);
  void begin(Host& by);
  void end();
  // To be called when nothing that has ended is referred to any more.
  void collect();
  std::string take_error();

  const Kind kind_;
  lua_State* lua_ = nullptr;
  const size_t memory_max_;
  size_t memory_used_ = 0;
  size_t memory_left_max_;       // what may be left before all garbage is collected
  bool memory_refused_ = false;  // since the last collection
  bool collecting_ = false;      // which may not fail
  bool stopping_ = false;        // the script has been told to end
  int runs_ = 0;
  ByteBuffer result_;
};

}  // namespace sluice::scripting
