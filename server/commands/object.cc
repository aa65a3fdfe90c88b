// SPDX-License-Identifier: MIT
//
// OBJECT: what tools ask of a key besides its value.
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/commands/lookup.h"
#include "server/commands/object_encoding.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;

// The key's entry; nullptr, and null has been replied, if there is none.
const Entry* find_or_reply(CommandCall& call) {
  // To ask about a key is not to use it: nothing is counted or announced.
  const Entry* const entry = call.keyspace().find(call.db(), call.words[2]);
  if (entry == nullptr) call.reply.null();
  return entry;
}

Result<void> encoding(CommandCall& call) {
  if (const Entry* const entry = find_or_reply(call)) call.reply.bulk(encoding_of(*entry));
  return {};
}

Result<void> refcount(CommandCall& call) {
  if (const Entry* const entry = find_or_reply(call)) call.reply.integer(references_to(*entry));
  return {};
}

// Nothing is ever evicted for not having been used, so when a key was used last is not kept.
Result<void> idletime(CommandCall& call) {
  if (find_or_reply(call) != nullptr) call.reply.integer(0);
  return {};
}

Result<void> freq(CommandCall& call) {
  if (find_or_reply(call) == nullptr) return {};
  return call.fail(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when "
      "switching "
      "between policies at runtime LRU and LFU data will take some time to adjust.");
}

constexpr CommandSpec kSubcommands[] = {
    {.name = "encoding",
     .syntax = "key",
     .handler = encoding,
     .arity = Arity::exactly(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo, 2)},
     .since = "2.2.3",
     .complexity = "O(1)",
     .summary = "Tells how a value is kept, in Redis's words; of a queue, that it is one."},
    {.name = "freq",
     .syntax = "key",
     .handler = freq,
     .arity = Arity::exactly(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo, 2)},
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Says that how often a key is used is not counted."},
    help_row(core::Group::kGeneric, "6.2.0"),
    {.name = "idletime",
     .syntax = "key",
     .handler = idletime,
     .arity = Arity::exactly(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo, 2)},
     .since = "2.2.3",
     .complexity = "O(1)",
     .summary = "Replies 0: when a key was used last is not kept."},
    {.name = "refcount",
     .syntax = "key",
     .handler = refcount,
     .arity = Arity::exactly(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo, 2)},
     .since = "2.2.3",
     .complexity = "O(1)",
     .summary = "Tells how many keys share a value: as Redis, small integers are said to be shared."},
};
static_assert(core::well_formed(kSubcommands));

constexpr CommandSpec kRows[] = {
    {.name = "object",
     .arity = Arity::at_least(2),
     .since = "2.2.3",
     .complexity = "Depends on the subcommand",
     .summary = "Tells of a key what is not its value.",
     .subcommands = kSubcommands},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> object_commands() {
  return kRows;
}

}  // namespace sluice::commands
