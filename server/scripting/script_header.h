// SPDX-License-Identifier: MIT
//
// The first line of a script, "#!lua name=mylib flags=no-writes,allow-oom": what it promises and asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::scripting {

enum ScriptFlag : uint8_t {
  kNoWrites = 1u << 0,
  kAllowOom = 1u << 1,
  kAllowStale = 1u << 2,
  kNoCluster = 1u << 3,
  kAllowCrossSlotKeys = 1u << 4,
  kUndeclared = 1u << 7,  // there is no such line: commands are judged one by one
};

struct ScriptHeader {
  uint8_t flags = kUndeclared;
  std::string name = {};       // of a library; empty: none given
  std::string_view body = {};  // from the end of the line on, so that Lua counts lines as the author does
};

// A script of EVAL; it may do without. nullopt: `error` says what is wrong, for the client.
std::optional<ScriptHeader> read_script_header(std::string_view source, std::string& error);
// A library of FUNCTION LOAD.
std::optional<ScriptHeader> read_library_header(std::string_view source, std::string& error);

// The bit of a flag by its name, 0 if there is none.
uint8_t script_flag(std::string_view name);

}  // namespace sluice::scripting
