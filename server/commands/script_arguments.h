// SPDX-License-Identifier: MIT
//
// "numkeys key [key ...] arg [arg ...]", as scripts and functions are called.
#pragma once

#include "server/core/args.h"
#include "server/core/command_call.h"
#include "server/core/script_run.h"

namespace sluice::commands {

struct ScriptArguments {
  core::Words keys;
  core::Words arguments;
};

// Reads them from the third word on. `not_a_number` is the error for a number of keys that is none.
inline Result<ScriptArguments> read_script_arguments(core::CommandCall& call, std::string_view not_a_number) {
  const core::Words rest = call.words.subspan(3);
  const auto keys = parse_i64(call.words[2]);
  if (!keys) return call.fail(not_a_number);
  if (*keys > static_cast<int64_t>(rest.size()))
    return call.fail("ERR Number of keys can't be greater than number of args");
  if (*keys < 0) return call.fail("ERR Number of keys can't be negative");
  const auto count = static_cast<size_t>(*keys);
  return ScriptArguments{rest.first(count), rest.subspan(count)};
}

// SCRIPT KILL and FUNCTION KILL: ends what runs, if it is of this kind.
Result<void> kill_script(core::CommandCall& call, core::ScriptRun::Kind kind);

}  // namespace sluice::commands
