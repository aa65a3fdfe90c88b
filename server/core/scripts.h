// SPDX-License-Identifier: MIT
//
// The scripts that EVAL and SCRIPT LOAD have brought, compiled, by the SHA-1 of their source. They are a cache: not
// logged, empty after a start, and a client that names one which is gone sends it again.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "server/scripting/machine.h"

namespace sluice::core {

// Of those that only EVAL brought, the ones used last are kept.
inline constexpr size_t kEvaluatedScriptsMax = 500;

inline constexpr size_t kSha1Chars = 40;
// In lower case.
std::string sha1_hex(std::string_view bytes);

struct Script {
  std::string sha1;
  std::string source;
  uint8_t flags = 0;  // scripting::ScriptFlag
  scripting::Reference function = 0;
  bool loaded = false;                      // by SCRIPT LOAD: kept until SCRIPT FLUSH
  std::list<Script*>::iterator place = {};  // among the evaluated ones
};

class Scripts {
 public:
  Scripts();

  // By its SHA-1 in any case of letters; nullptr if there is none.
  const Script* find(std::string_view sha1);
  // Compiles it, unless it is there already. nullptr: `error` is for the client.
  enum class Origin : uint8_t { kEvaluated, kLoaded };
  const Script* add(std::string_view source, Origin origin, std::string& error);
  // Forgets all. Requires: none runs.
  void clear();

  size_t size() const { return by_sha1_.size(); }
  size_t bytes() const { return bytes_; }  // of sources
  scripting::Machine& machine();           // made when it is first needed
  size_t machine_bytes() const { return machine_ == nullptr ? 0 : machine_->memory_used(); }

 private:
  void drop(Script& script);

  std::unique_ptr<scripting::Machine> machine_;
  std::unordered_map<std::string, std::unique_ptr<Script>> by_sha1_;
  std::list<Script*> evaluated_;  // the one used last in front
  size_t bytes_ = 0;
};

}  // namespace sluice::core
