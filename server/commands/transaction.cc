// SPDX-License-Identifier: MIT
//
// MULTI gathers commands, EXEC runs them with nobody in between and logs what they changed as one group, DISCARD
// forgets them. A command refused while gathering makes EXEC refuse the whole; an error while running stays in its
// place among the replies and stops nothing.
//
// EXEC runs nothing and answers null if a watched key has changed, or if one of its own conditions does not hold:
//   IFEQ key value, IFNE key value, NX key, XX key
#include <optional>
#include <string>
#include <vector>

#include "engine/base/ascii.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/core/args.h"
#include "server/core/command_call.h"
#include "server/core/command_spec.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;
using core::Session;

Result<void> multi(CommandCall& call) {
  if (call.session.in_multi) return Error::kMultiNested;
  call.session.in_multi = true;
  call.reply.ok();
  return {};
}

Result<void> discard(CommandCall& call) {
  if (!call.session.in_multi) return Error::kDiscardWithoutMulti;
  call.server.end_transaction(call.session);
  call.reply.ok();
  return {};
}

// --- WATCH

Result<void> watch(CommandCall& call) {
  if (call.session.in_multi) return call.fail("ERR WATCH inside MULTI is not allowed");
  for (const std::string_view key : call.words.subspan(1))
    call.server.watching.watch(call.session, call.db(), key);
  call.reply.ok();
  return {};
}

Result<void> unwatch(CommandCall& call) {
  call.server.watching.unwatch(call.session);
  call.reply.ok();
  return {};
}

// A watched key whose time is over has changed, or the time of a field in it, even if nobody has come across it yet.
void expire_watched_keys(CommandCall& call) {
  if (call.keyspace().next_expiry() > call.stamp.now) [[likely]]
    return;
  for (const auto& [db, key] : core::Watching::keys_of(call.session)) {
    const Entry* const entry = call.keyspace().find(db, key);
    if (entry != nullptr) call.server.expire_if_due(*entry);
  }
}

// --- Conditions

enum class Test : uint8_t { kEqual, kNotEqual, kMissing, kExists };

struct Condition {
  Test test;
  std::string_view key;
  std::string_view value = {};
};

std::optional<Test> test_argument(Args& args) {
  if (args.accept("IFEQ")) return Test::kEqual;
  if (args.accept("IFNE")) return Test::kNotEqual;
  if (args.accept("NX")) return Test::kMissing;
  if (args.accept("XX")) return Test::kExists;
  return std::nullopt;
}

Result<std::vector<Condition>> condition_arguments(const CommandCall& call) {
  std::vector<Condition> conditions;
  Args args(call.words);
  while (args.more()) {
    const std::optional<Test> test = test_argument(args);
    if (!test) return Error::kSyntax;
    Condition& condition = conditions.emplace_back(Condition{*test, args.text()});
    if (*test == Test::kEqual || *test == Test::kNotEqual) condition.value = args.text();
  }
  TRY_VOID(args.done());
  return conditions;
}

// An error if the key holds no string to compare.
Result<bool> holds(CommandCall& call, const Condition& condition) {
  const Entry* const entry = call.keyspace().find(call.db(), condition.key);
  if (condition.test == Test::kMissing) return entry == nullptr;
  if (condition.test == Test::kExists) return entry != nullptr;
  if (entry == nullptr) return condition.test == Test::kNotEqual;
  if (entry->type() != ValueType::kString) return Error::kWrongType;
  return (entry->string().view() == condition.value) == (condition.test == Test::kEqual);
}

Result<bool> all_hold(CommandCall& call, const std::vector<Condition>& conditions) {
  for (const Condition& condition : conditions) {
    TRY(const bool held, holds(call, condition));
    if (!held) return false;
  }
  return true;
}

// --- EXEC

// What would be refused by now, though it was not when it was queued: the memory or the disk may have run out since.
std::string refusal_of(const CommandCall& call, const std::vector<core::QueuedCommand>& queued) {
  for (const core::QueuedCommand& command : queued) {
    const uint32_t flags = command.spec->flags;
    if ((flags & core::kDenyOom) != 0 && call.server.over_memory())
      return std::string(error_text(Error::kOutOfMemory));
    if ((flags & core::kWrite) == 0) continue;
    std::string refusal = call.server.commit.refusal(*command.spec);
    if (!refusal.empty()) return refusal;
  }
  return {};
}

// The user may have been forbidden it since it was queued: the error stands in its place among the replies.
bool still_permitted(CommandCall& call, const core::QueuedCommand& command) {
  const core::AclUser* user = call.session.user;
  if (user == nullptr || user->unrestricted()) return true;
  const core::Words words = command.words.words();
  const core::AclVerdict verdict = user->check(*command.spec, words);
  if (verdict.allowed()) return true;
  std::string_view reason = "no permission to access one of the channels used as argument to the command";
  if (verdict.denial == core::AclDenial::kCommand)
    reason = "no permission to execute the command or subcommand";
  if (verdict.denial == core::AclDenial::kKey) reason = "no permission to touch the specified keys";
  const bool names_command = verdict.denial == core::AclDenial::kCommand;
  const std::string object =
      names_command ? call.server.commands.full_name(*command.spec) : std::string(words[verdict.word]);
  call.server.log_denial(call.session, verdict.denial, core::AclContext::kMulti, object, user->name());
  const std::string text =
      "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This "
      "command is no longer allowed for the following reason: " +
      std::string(reason);
  call.server.metrics.count_error(text);
  call.reply.error(text);
  return false;
}

Result<void> exec(CommandCall& call) {
  Session& session = call.session;
  if (!session.in_multi) return Error::kExecWithoutMulti;
  expire_watched_keys(call);
  const bool failed = session.multi_failed;
  const bool touched = session.watch_touched;
  const std::vector<core::QueuedCommand> queued = std::move(session.queued);
  call.server.end_transaction(session);
  const Result<std::vector<Condition>> conditions = condition_arguments(call);
  if (!conditions.ok()) {
    return call.fail("EXECABORT Transaction discarded because of: invalid check condition syntax");
  }
  if (failed) return Error::kExecAbort;
  if (touched) {
    call.reply.null_array();
    return {};
  }
  TRY(const bool held, all_hold(call, conditions.value()));
  if (!held) {
    call.reply.null_array();
    return {};
  }
  const std::string refusal = refusal_of(call, queued);
  if (!refusal.empty()) return call.fail("EXECABORT Transaction discarded because of: " + refusal);

  call.reply.array(queued.size());
  session.in_exec = true;
  call.server.commit.begin_group();
  for (const core::QueuedCommand& command : queued) {
    if (!still_permitted(call, command)) continue;
    call.server.dispatcher.run(session, *command.spec, command.words.words(), {}, CommandCall::Mode::kExec);
  }
  call.server.commit.end_group();
  session.in_exec = false;
  return {};
}

constexpr uint32_t kTransactionFlags =
    core::kNoScript | core::kLoading | core::kStale | core::kFast | core::kAllowBusy | core::kImmediate;

constexpr CommandSpec kRows[] = {
    {.name = "multi",
     .handler = multi,
     .arity = Arity::exactly(1),
     .flags = kTransactionFlags,
     .group = core::Group::kTransactions,
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Begins a transaction: the commands that follow are queued until EXEC."},
    {.name = "exec",
     .syntax = "conditions:[IFEQ key value|IFNE key value|NX key|XX key]...",
     .handler = exec,
     .arity = Arity::at_least(1),
     .flags = core::kNoScript | core::kLoading | core::kStale | core::kSkipSlowlog | core::kImmediate |
              core::kMovableKeys,
     .keys = {KeySpec::conditions(1, core::kRo | core::kAccess)},
     .group = core::Group::kTransactions,
     .since = "1.2.0",
     .complexity = "Depends on the queued commands",
     .summary = "Runs all commands queued since MULTI, with none of another client in between."},
    {.name = "discard",
     .handler = discard,
     .arity = Arity::exactly(1),
     .flags = kTransactionFlags,
     .group = core::Group::kTransactions,
     .since = "2.0.0",
     .complexity = "O(N), N the number of queued commands",
     .summary = "Leaves the transaction and forgets the queued commands."},
    {.name = "watch",
     .syntax = "key...",
     .handler = watch,
     .arity = Arity::at_least(2),
     .flags = kTransactionFlags,
     .keys = {KeySpec::range(1, -1, 1, core::kRo)},
     .group = core::Group::kTransactions,
     .since = "2.2.0",
     .complexity = "O(N), N the number of keys",
     .summary = "Makes the next EXEC run nothing if one of the keys has changed until then."},
    {.name = "unwatch",
     .handler = unwatch,
     .arity = Arity::exactly(1),
     .flags = core::kNoScript | core::kLoading | core::kStale | core::kFast | core::kAllowBusy,
     .group = core::Group::kTransactions,
     .since = "2.2.0",
     .complexity = "O(N), N the number of keys watched",
     .summary = "Forgets all watched keys."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> transaction_commands() {
  return kRows;
}

}  // namespace sluice::commands
