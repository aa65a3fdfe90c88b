// SPDX-License-Identifier: MIT
//
// FUNCTION keeps libraries of functions, FCALL runs one. They are logged as they came, and loaded again from the log.
#include <optional>
#include <string>

#include "engine/base/ascii.h"
#include "engine/base/byte_buffer.h"
#include "engine/base/glob.h"
#include "protocol/rdb.h"
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
using core::Function;
using core::FunctionLibraries;
using core::FunctionLibrary;
using core::KeySpec;
using core::ScriptRun;

// --- FCALL

Result<void> fcall_any(CommandCall& call, bool read_only) {
  call.show_monitors();
  const Function* const function = call.server.functions.find(call.words[1]);
  if (function == nullptr) return call.fail("ERR Function not found");
  TRY(const ScriptArguments arguments, read_script_arguments(call, "ERR Bad number of keys provided"));
  return ScriptRun::run(call, {.kind = ScriptRun::Kind::kFunction,
                               .machine = call.server.functions.machine(),
                               .function = function->reference,
                               .name = function->name,
                               .flags = function->flags,
                               .read_only = read_only,
                               .keys = arguments.keys,
                               .arguments = arguments.arguments});
}

Result<void> fcall(CommandCall& call) {
  return fcall_any(call, false);
}
Result<void> fcall_ro(CommandCall& call) {
  return fcall_any(call, true);
}

// --- FUNCTION

Result<void> function_load(CommandCall& call) {
  bool replace = false;
  for (const std::string_view word : call.words.subspan(2, call.words.size() - 3)) {
    if (!equals_folded(word, "replace")) return call.fail("ERR Unknown option given: " + std::string(word));
    replace = true;
  }
  std::string error;
  const auto name = call.server.functions.load(call.words.back(), replace, error);
  if (!name) return call.fail(error);
  call.log();
  call.reply.bulk(*name);
  return {};
}

Result<void> function_delete(CommandCall& call) {
  if (!call.server.functions.remove(call.words[2])) return call.fail("ERR Library not found");
  call.log();
  call.reply.ok();
  return {};
}

Result<void> function_flush(CommandCall& call) {
  if (call.words.size() > 3) {
    return fail_usage(call);
  }
  const bool known = call.words.size() == 2 ||
                     (call.words.size() == 3 &&
                      (equals_folded(call.words[2], "sync") || equals_folded(call.words[2], "async")));
  if (!known) return call.fail("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  if (!call.server.functions.libraries().empty()) {
    call.server.functions.clear();
    call.log();
  }
  call.reply.ok();
  return {};
}

// --- All libraries as one payload, and back

// What stands before the code of each library in a payload (RDB_OPCODE_FUNCTION2), and what did before 7.0 was out.
constexpr uint8_t kLibraryMark = 245;
constexpr uint8_t kEarlyLibraryMark = 246;

Result<void> function_dump(CommandCall& call) {
  ByteBuffer payload;
  protocol::RdbWriter writer(payload);
  for (const auto& [name, library] : call.server.functions.libraries()) {
    writer.byte(kLibraryMark);
    writer.text(library.code);
  }
  writer.finish(protocol::kRdbVersion70);
  call.reply.bulk(payload.view());
  return {};
}

// False: `error` is for the client.
bool load_payload(std::string_view payload, FunctionLibraries& libraries, std::string& error) {
  protocol::RdbReader reader(payload);
  std::string scratch;
  while (!reader.at_end()) {
    const uint8_t mark = reader.byte();
    if (mark != kLibraryMark) {
      error = mark == kEarlyLibraryMark ? "ERR Pre-GA function format not supported"
                                        : "ERR given type is not a function";
      return false;
    }
    const std::string_view code = reader.text(scratch);
    if (reader.failed()) {
      error = "ERR Failed loading library payload";
      return false;
    }
    if (!libraries.load(code, false, error)) return false;
  }
  return true;
}

Result<void> function_restore(CommandCall& call) {
  enum class Policy : uint8_t { kAppend, kReplace, kFlush } policy = Policy::kAppend;
  if (call.words.size() > 4) {
    return fail_usage(call);
  }
  if (call.words.size() == 4) {
    if (equals_folded(call.words[3], "replace")) {
      policy = Policy::kReplace;
    } else if (equals_folded(call.words[3], "flush")) {
      policy = Policy::kFlush;
    } else if (!equals_folded(call.words[3], "append")) {
      return call.fail("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
    }
  }
  const auto payload = protocol::checked_payload(call.words[2]);
  if (!payload) return call.fail("ERR DUMP payload version or checksum are wrong");
  FunctionLibraries& libraries = call.server.functions;
  FunctionLibraries restored(call.server.seams.notices);
  std::string error;
  if (!load_payload(*payload, restored, error)) return call.fail(error);
  if (policy == Policy::kFlush) {
    libraries.swap(restored);
  } else if (!libraries.join(restored, policy == Policy::kReplace, error)) {
    return call.fail(error);
  }
  call.log();
  call.reply.ok();
  return {};
}

// --- What there is, and what runs

void reply_function(CommandCall& call, const Function& function) {
  call.reply.map(3);
  call.reply.bulk("name");
  call.reply.bulk(function.name);
  call.reply.bulk("description");
  function.description ? call.reply.bulk(*function.description) : call.reply.null();
  call.reply.bulk("flags");
  call.reply.set(function.flag_names.size());
  for (const std::string& flag : function.flag_names)
    call.reply.simple(flag);
}

void reply_library(CommandCall& call, const FunctionLibrary& library, bool with_code) {
  call.reply.map(with_code ? 4 : 3);
  call.reply.bulk("library_name");
  call.reply.bulk(library.name);
  call.reply.bulk("engine");
  call.reply.bulk("LUA");
  call.reply.bulk("functions");
  call.reply.array(library.functions.size());
  for (const Function& function : library.functions)
    reply_function(call, function);
  if (!with_code) return;
  call.reply.bulk("library_code");
  call.reply.bulk(library.code);
}

Result<void> function_list(CommandCall& call) {
  bool with_code = false;
  std::optional<std::string_view> pattern;
  core::Args args(call.words, 2);
  while (args.more()) {
    if (!with_code && args.accept("withcode")) {
      with_code = true;
    } else if (!pattern && args.accept("libraryname")) {
      if (!args.more()) return call.fail("ERR library name argument was not given");
      pattern = args.text();
    } else {
      return call.fail("ERR Unknown argument " + std::string(args.text()));
    }
  }
  const size_t mark = call.reply.array_later();
  size_t listed = 0;
  for (const auto& [name, library] : call.server.functions.libraries()) {
    if (pattern && !glob_matches(*pattern, name, LetterCase::kFolded)) continue;
    reply_library(call, library, with_code);
    ++listed;
  }
  call.reply.set_array_length(mark, listed);
  return {};
}

// What runs, asked for by another client.
void reply_running(CommandCall& call) {
  const ScriptRun* const running = call.server.script;
  if (running == nullptr || running->kind() != ScriptRun::Kind::kFunction) return call.reply.null();
  call.reply.map(3);
  call.reply.bulk("name");
  call.reply.bulk(running->name());
  call.reply.bulk("command");
  call.reply.array(running->caller().words.size());
  for (const std::string_view word : running->caller().words)
    call.reply.bulk(word);
  call.reply.bulk("duration_ms");
  call.reply.integer(running->duration().count);
}

Result<void> function_stats(CommandCall& call) {
  call.reply.map(2);
  call.reply.bulk("running_script");
  reply_running(call);
  call.reply.bulk("engines");
  call.reply.map(1);
  call.reply.bulk("LUA");
  call.reply.map(2);
  call.reply.bulk("libraries_count");
  call.reply.unsigned_integer(call.server.functions.libraries().size());
  call.reply.bulk("functions_count");
  call.reply.unsigned_integer(call.server.functions.functions());
  return {};
}

Result<void> function_kill(CommandCall& call) {
  return kill_script(call, ScriptRun::Kind::kFunction);
}

constexpr core::Group kGroup = core::Group::kScripting;
constexpr uint32_t kRunFlags =
    core::kNoScript | core::kStale | core::kSkipMonitor | core::kNoMandatoryKeys | core::kMovableKeys;

constexpr CommandSpec kFunctionRows[] = {
    {.name = "delete",
     .syntax = "library-name",
     .handler = function_delete,
     .arity = Arity::exactly(3),
     .flags = core::kWrite | core::kNoScript,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the number of functions in the library",
     .summary = "Deletes a library and its functions."},
    {.name = "dump",
     .handler = function_dump,
     .arity = Arity::exactly(2),
     .flags = core::kNoScript,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the number of functions",
     .summary = "Gives all libraries as one payload."},
    {.name = "flush",
     .syntax = "[<ASYNC | SYNC>]",
     .handler = function_flush,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kNoScript,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the number of functions",
     .summary = "Deletes all libraries."},
    {.name = "kill",
     .handler = function_kill,
     .arity = Arity::exactly(2),
     .flags = core::kNoScript | core::kAllowBusy,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Ends the function that runs, if it has written nothing."},
    {.name = "list",
     .syntax = "[LIBRARYNAME library-name-pattern] [WITHCODE]",
     .handler = function_list,
     .arity = Arity::at_least(2),
     .flags = core::kNoScript,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the number of functions",
     .summary = "Lists libraries and their functions."},
    {.name = "load",
     .syntax = "[REPLACE] function-code",
     .handler = function_load,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom | core::kNoScript,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the length of the code",
     .summary = "Makes a library from its code."},
    {.name = "restore",
     .syntax = "serialized-value [<FLUSH | APPEND | REPLACE>]",
     .handler = function_restore,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom | core::kNoScript,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the number of functions in the payload",
     .summary = "Loads the libraries of a payload."},
    {.name = "stats",
     .handler = function_stats,
     .arity = Arity::exactly(2),
     .flags = core::kNoScript | core::kAllowBusy,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Tells which function runs, and how many there are."},
    help_row(kGroup, "7.0.0"),
};

constexpr CommandSpec kRows[] = {
    {.name = "fcall",
     .syntax = "function numkeys:integer [key...] [arg...]",
     .handler = fcall,
     .arity = Arity::at_least(3),
     .flags = kRunFlags,
     .keys = {KeySpec::counted(2, core::kRw | core::kAccess | core::kUpdate | core::kMayBeMissing)},
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "Depends on the function",
     .summary = "Runs a function of a library."},
    {.name = "fcall_ro",
     .syntax = "function numkeys:integer [key...] [arg...]",
     .handler = fcall_ro,
     .arity = Arity::at_least(3),
     .flags = kRunFlags | core::kReadOnly,
     .keys = {KeySpec::counted(2, core::kRo | core::kAccess | core::kMayBeMissing)},
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "Depends on the function",
     .summary = "Runs a function that may not write."},
    {.name = "function",
     .arity = Arity::at_least(2),
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "A container for commands about functions.",
     .subcommands = kFunctionRows},
};
static_assert(core::well_formed(kRows) && core::well_formed(kFunctionRows));

}  // namespace

std::span<const CommandSpec> function_commands() {
  return kRows;
}

}  // namespace sluice::commands
