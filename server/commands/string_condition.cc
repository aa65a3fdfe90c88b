// SPDX-License-Identifier: MIT
//
// Commands that depend on what a string holds: what a consumer needs to do a thing once, or to let go of a lock that is
// still its own.
#include <string>

#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/commands/string_store.h"
#include "server/commands/value_condition.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;

Result<void> digest(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kString));
  if (entry == nullptr) {
    call.reply.null();
  } else {
    call.reply.bulk(value_digest(entry->string().view()));
  }
  return {};
}

Result<void> delex(CommandCall& call) {
  const std::string_view key = call.words[1];
  ValueCondition condition;
  if (call.words.size() > 2) {
    if (call.words.size() != 4) return call.fail("ERR wrong number of arguments for 'delex' command");
    Args args(call.words, 2);
    if (!accept_value_condition(args, condition)) return Error::kSyntax;
    TRY_VOID(check_digest(call, condition));
  }
  const Entry* entry = call.keyspace().find(call.db(), key);
  if (condition.given() && entry != nullptr) {
    if (entry->type() != ValueType::kString) {
      return call.fail("ERR Key should be of string type if conditions are specified");
    }
    if (!condition.holds(entry->string().view())) entry = nullptr;
  }
  const bool deleted = entry != nullptr && delete_key(call, key);
  call.reply.integer(deleted ? 1 : 0);
  return {};
}

Result<void> delifeq(CommandCall& call) {
  TRY(const Entry* const entry, find_to_write(call, call.words[1], ValueType::kString));
  const bool equal = entry != nullptr && entry->string().view() == call.words[2];
  call.reply.integer(equal && delete_key(call, call.words[1]) ? 1 : 0);
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "digest",
     .syntax = "key",
     .handler = digest,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kString,
     .since = "8.4.0",
     .complexity = "O(N), N the length of the string",
     .summary = "Replies the digest of a string's value, for IFDEQ and IFDNE."},
    {.name = "delex",
     .syntax = "key condition:[IFEQ ifeq-value|IFNE ifne-value|IFDEQ ifdeq-digest|IFDNE ifdne-digest]",
     .handler = delex,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kDelete | core::kVariable)},
     .group = core::Group::kString,
     .since = "8.4.0",
     .complexity = "O(1), by a digest O(N), N the length of the string",
     .summary = "Ends a key if its value is the one that is meant."},
    {.name = "delifeq",
     .syntax = "key value",
     .handler = delifeq,
     .arity = Arity::exactly(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRm | core::kDelete)},
     .group = core::Group::kString,
     .since = "9.0.0",
     .complexity = "O(1)",
     .summary = "Ends a key if it holds this string; as Valkey has it."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> string_condition_commands() {
  return kRows;
}

}  // namespace sluice::commands
