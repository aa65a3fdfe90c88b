// SPDX-License-Identifier: MIT
#include "server/commands/list_ends.h"

#include <cmath>
#include "server/commands/queue.h"

namespace sluice::commands {

using core::Args;
using core::CommandCall;

// --- Words

Side side_argument(Args& args) {
  if (args.accept("LEFT")) return Side::kLeft;
  if (args.accept("RIGHT")) return Side::kRight;
  args.fail(Error::kSyntax);
  return Side::kLeft;
}

std::string_view side_name(Side side) {
  return side == Side::kLeft ? "LEFT" : "RIGHT";
}

Result<std::optional<Millis>> timeout_argument(std::string_view text, UnixMs now) {
  const auto seconds = parse_double(text);
  if (!seconds || std::isnan(*seconds)) return Error::kTimeoutNotFloat;
  const double milliseconds = std::ceil(*seconds * 1000);
  if (milliseconds > static_cast<double>(INT64_MAX - now.count)) return Error::kTimeoutOutOfRange;
  if (milliseconds < 0) return Error::kTimeoutNegative;
  if (milliseconds == 0) return std::optional<Millis>();
  return std::optional<Millis>(Millis{static_cast<int64_t>(milliseconds)});
}

Result<size_t> count_argument(CommandCall& call, std::string_view text) {
  const auto count = parse_i64(text);
  if (!count || *count < 1) return call.fail("ERR count should be greater than 0");
  return static_cast<size_t>(*count);
}

Result<CountedKeys> counted_keys(CommandCall& call, size_t at) {
  const auto count = parse_i64(call.words[at]);
  if (!count || *count < 1) return call.fail("ERR numkeys should be greater than 0");
  const core::Words rest = call.words.subspan(at + 1);
  if (static_cast<uint64_t>(*count) > rest.size()) return Error::kSyntax;
  const auto keys = static_cast<size_t>(*count);
  return CountedKeys{rest.first(keys), at + 1 + keys};
}

// --- Putting in and taking out

Result<void> check_push(CommandCall& call, std::string_view key, const Entry* entry, size_t growth) {
  // A rotation brings nothing in, and a plain list takes any number.
  if (growth == 0 || (entry != nullptr && !entry->list().is_queue())) return {};
  return admit_pushes(call, key, growth);
}

Entry& list_to_grow(CommandCall& call, std::string_view key, Entry* entry) {
  if (entry != nullptr) return *entry;
  Entry& made = call.keyspace().insert_list(call.db(), key);
  call.queues().created(made, call.stamp);
  return made;
}

void pop_elements(CommandCall& call, std::string_view key, Entry& entry, Side side, size_t count) {
  ListValue& list = entry.list();
  for (size_t i = 0; i < count; ++i) {
    call.reply.bulk(list.peek(side));
    list.pop(side);
  }
  call.changed(key, pop_event(side));
  erase_if_empty(call, key, entry);
}

}  // namespace sluice::commands
