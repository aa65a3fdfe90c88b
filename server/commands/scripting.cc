// SPDX-License-Identifier: MIT
//
// EVAL and its kin run a script; SCRIPT keeps them. What a script sees is server/scripting, how it runs is
// core/script_run.h.
#include "engine/base/ascii.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/commands/script_arguments.h"
#include "server/core/args.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;
using core::Script;
using core::ScriptRun;

constexpr std::string_view kNoScript = "NOSCRIPT No matching script. Please use EVAL.";
constexpr std::string_view kNumkeysNotANumber = "ERR value is not an integer or out of range";

// --- EVAL

Result<void> run(CommandCall& call, const Script& script, const ScriptArguments& arguments, bool read_only) {
  return ScriptRun::run(call, {.kind = ScriptRun::Kind::kScript,
                               .machine = call.server.scripts.machine(),
                               .function = script.function,
                               .name = script.sha1,
                               .flags = script.flags,
                               .read_only = read_only,
                               .keys = arguments.keys,
                               .arguments = arguments.arguments});
}

Result<void> eval_any(CommandCall& call, bool read_only) {
  call.show_monitors();
  TRY(const ScriptArguments arguments, read_script_arguments(call, kNumkeysNotANumber));
  std::string error;
  const Script* const script =
      call.server.scripts.add(call.words[1], core::Scripts::Origin::kEvaluated, error);
  if (script == nullptr) return call.fail(error);
  return run(call, *script, arguments, read_only);
}

Result<void> evalsha_any(CommandCall& call, bool read_only) {
  call.show_monitors();
  if (call.words[1].size() != core::kSha1Chars) return call.fail(kNoScript);
  TRY(const ScriptArguments arguments, read_script_arguments(call, kNumkeysNotANumber));
  const Script* const script = call.server.scripts.find(call.words[1]);
  if (script == nullptr) return call.fail(kNoScript);
  return run(call, *script, arguments, read_only);
}

Result<void> eval(CommandCall& call) {
  return eval_any(call, false);
}
Result<void> eval_ro(CommandCall& call) {
  return eval_any(call, true);
}
Result<void> evalsha(CommandCall& call) {
  return evalsha_any(call, false);
}
Result<void> evalsha_ro(CommandCall& call) {
  return evalsha_any(call, true);
}

// --- SCRIPT

Result<void> script_load(CommandCall& call) {
  std::string error;
  const Script* const script = call.server.scripts.add(call.words[2], core::Scripts::Origin::kLoaded, error);
  if (script == nullptr) return call.fail(error);
  call.reply.bulk(script->sha1);
  return {};
}

Result<void> script_exists(CommandCall& call) {
  const core::Words names = call.words.subspan(2);
  call.reply.array(names.size());
  for (const std::string_view sha1 : names)
    call.reply.integer(call.server.scripts.find(sha1) != nullptr ? 1 : 0);
  return {};
}

Result<void> script_flush(CommandCall& call) {
  const bool known = call.words.size() == 2 ||
                     (call.words.size() == 3 &&
                      (equals_folded(call.words[2], "sync") || equals_folded(call.words[2], "async")));
  if (!known) return call.fail("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
  call.server.scripts.clear();
  call.reply.ok();
  return {};
}

Result<void> script_kill(CommandCall& call) {
  return kill_script(call, ScriptRun::Kind::kScript);
}

// There is no debugger, so it can only be switched off.
Result<void> script_debug(CommandCall& call) {
  if (equals_folded(call.words[2], "no")) {
    call.reply.ok();
    return {};
  }
  if (!equals_folded(call.words[2], "yes") && !equals_folded(call.words[2], "sync"))
    return call.fail("ERR Use SCRIPT DEBUG YES/SYNC/NO");
  return call.fail("ERR there is no debugger for scripts");
}

constexpr core::Group kGroup = core::Group::kScripting;
constexpr uint32_t kRunFlags =
    core::kNoScript | core::kStale | core::kSkipMonitor | core::kNoMandatoryKeys | core::kMovableKeys;

constexpr CommandSpec kScriptRows[] = {
    {.name = "debug",
     .syntax = "<YES | SYNC | NO>",
     .handler = script_debug,
     .arity = Arity::exactly(3),
     .flags = core::kNoScript,
     .group = kGroup,
     .since = "3.2.0",
     .complexity = "O(1)",
     .summary = "Switches debugging of scripts off; there is no debugger."},
    {.name = "exists",
     .syntax = "sha1...",
     .handler = script_exists,
     .arity = Arity::at_least(3),
     .flags = core::kNoScript,
     .group = kGroup,
     .since = "2.6.0",
     .complexity = "O(N), N the number of scripts asked for",
     .summary = "Tells which scripts are kept, by the SHA-1 of their source."},
    {.name = "flush",
     .syntax = "[<ASYNC | SYNC>]",
     .handler = script_flush,
     .arity = Arity::at_least(2),
     .flags = core::kNoScript,
     .group = kGroup,
     .since = "2.6.0",
     .complexity = "O(N), N the number of scripts",
     .summary = "Forgets all scripts."},
    {.name = "kill",
     .handler = script_kill,
     .arity = Arity::exactly(2),
     .flags = core::kNoScript | core::kAllowBusy,
     .group = kGroup,
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Ends the script that runs, if it has written nothing."},
    {.name = "load",
     .syntax = "script",
     .handler = script_load,
     .arity = Arity::exactly(3),
     .flags = core::kNoScript | core::kStale,
     .group = kGroup,
     .since = "2.6.0",
     .complexity = "O(N), N the length of the script",
     .summary = "Keeps a script for EVALSHA, and replies the SHA-1 of its source."},
    help_row(kGroup, "5.0.0"),
};

constexpr CommandSpec kRows[] = {
    {.name = "eval",
     .syntax = "script numkeys:integer [key...] [arg...]",
     .handler = eval,
     .arity = Arity::at_least(3),
     .flags = kRunFlags,
     .keys = {KeySpec::counted(2, core::kRw | core::kAccess | core::kUpdate | core::kMayBeMissing)},
     .group = kGroup,
     .since = "2.6.0",
     .complexity = "Depends on the script",
     .summary = "Runs a Lua script."},
    {.name = "eval_ro",
     .syntax = "script numkeys:integer [key...] [arg...]",
     .handler = eval_ro,
     .arity = Arity::at_least(3),
     .flags = kRunFlags | core::kReadOnly,
     .keys = {KeySpec::counted(2, core::kRo | core::kAccess | core::kMayBeMissing)},
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "Depends on the script",
     .summary = "Runs a Lua script that may not write."},
    {.name = "evalsha",
     .syntax = "sha1 numkeys:integer [key...] [arg...]",
     .handler = evalsha,
     .arity = Arity::at_least(3),
     .flags = kRunFlags,
     .keys = {KeySpec::counted(2, core::kRw | core::kAccess | core::kUpdate | core::kMayBeMissing)},
     .group = kGroup,
     .since = "2.6.0",
     .complexity = "Depends on the script",
     .summary = "Runs a Lua script that is kept, by the SHA-1 of its source."},
    {.name = "evalsha_ro",
     .syntax = "sha1 numkeys:integer [key...] [arg...]",
     .handler = evalsha_ro,
     .arity = Arity::at_least(3),
     .flags = kRunFlags | core::kReadOnly,
     .keys = {KeySpec::counted(2, core::kRo | core::kAccess | core::kMayBeMissing)},
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "Depends on the script",
     .summary = "Runs a Lua script that is kept and may not write."},
    {.name = "script",
     .arity = Arity::at_least(2),
     .group = kGroup,
     .since = "2.6.0",
     .complexity = "Depends on the subcommand",
     .summary = "A container for commands about scripts.",
     .subcommands = kScriptRows},
};
static_assert(core::well_formed(kRows) && core::well_formed(kScriptRows));

}  // namespace

Result<void> kill_script(CommandCall& call, ScriptRun::Kind kind) {
  ScriptRun* const running = call.server.script;
  if (running == nullptr) return call.fail("NOTBUSY No scripts in execution right now.");
  if (running->kind() != kind) return call.fail(running->busy_text());
  if (!running->kill()) {
    return call.fail(
        "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either "
        "wait "
        "the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.");
  }
  call.reply.ok();
  return {};
}

std::span<const CommandSpec> scripting_commands() {
  return kRows;
}

}  // namespace sluice::commands
