// SPDX-License-Identifier: MIT
//
// OBJECT: what tools ask of a key besides its value. The names of encodings are those of Redis, because tools know
// them; that a list is a queue is ours to say.
#include <optional>

#include "engine/base/number_text.h"
#include "engine/hash.h"
#include "engine/list_value.h"
#include "engine/set.h"
#include "engine/sorted_set.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/commands/lookup.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;

// Redis shares one object among all strings that hold a small integer, and says so by this count.
constexpr int64_t kSharedIntegerMax = 9'999;
constexpr int64_t kSharedReferences = INT32_MAX;

// A short string lies in one piece with its header.
constexpr size_t kEmbeddedBytesMax = 44;
// A list is one listpack while its elements, with the few bytes that each takes beside, are no more.
constexpr size_t kListpackBytesMax = 8'192;
constexpr size_t kListpackEntryBytesMin = 2;

std::optional<int64_t> integer_of(std::string_view text) {
  return text.size() > kI64CharsMax ? std::nullopt : parse_i64(text);
}

bool fits_listpack(const ListValue& list) {
  if (list.size() > kListpackBytesMax / kListpackEntryBytesMin) return false;
  size_t bytes = 0;
  list.for_each(0, list.size(),
                [&bytes](std::string_view element) { bytes += element.size() + kListpackEntryBytesMin; });
  return bytes <= kListpackBytesMax;
}

std::string_view encoding_of(const Entry& entry) {
  switch (entry.type()) {
    case ValueType::kString: {
      const std::string_view text = entry.string().view();
      if (integer_of(text)) return "int";
      return text.size() <= kEmbeddedBytesMax ? "embstr" : "raw";
    }
    case ValueType::kList:
      if (entry.list().is_queue()) return "queue";
      return fits_listpack(entry.list()) ? "listpack" : "quicklist";
    case ValueType::kStream:
      return "stream";
    case ValueType::kHash:
      return entry.hash().encoding();
    case ValueType::kSet:
      return entry.set().encoding();
    case ValueType::kSortedSet:
      return entry.sorted_set().encoding();
  }
  return {};
}

int64_t references_to(const Entry& entry) {
  if (entry.type() != ValueType::kString) return 1;
  const auto integer = integer_of(entry.string().view());
  return integer && *integer >= 0 && *integer <= kSharedIntegerMax ? kSharedReferences : 1;
}

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
