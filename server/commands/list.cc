// SPDX-License-Identifier: MIT
//
// The list commands. A key of type list may be a queue: then its ready messages are what these commands see, and
// ListValue knows the difference.
#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/list_value.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeyEvent;
using core::KeySpec;

KeyEvent push_event(Side side) {
  return side == Side::kLeft ? KeyEvent::kLpush : KeyEvent::kRpush;
}
KeyEvent pop_event(Side side) {
  return side == Side::kLeft ? KeyEvent::kLpop : KeyEvent::kRpop;
}
std::string_view pop_name(Side side) {
  return side == Side::kLeft ? "LPOP" : "RPOP";
}

Side side_argument(Args& args) {
  if (args.accept("LEFT")) return Side::kLeft;
  if (args.accept("RIGHT")) return Side::kRight;
  args.fail(Error::kSyntax);
  return Side::kLeft;
}

// Seconds with a fraction, rounded up to milliseconds; 0 is for ever (nullopt).
Result<std::optional<Millis>> timeout_argument(std::string_view text, UnixMs now) {
  const auto seconds = parse_double(text);
  if (!seconds || std::isnan(*seconds)) return Error::kTimeoutNotFloat;
  const double milliseconds = std::ceil(*seconds * 1000);
  if (milliseconds > static_cast<double>(INT64_MAX - now.count)) return Error::kTimeoutOutOfRange;
  if (milliseconds < 0) return Error::kTimeoutNegative;
  if (milliseconds == 0) return std::optional<Millis>();
  return std::optional<Millis>(Millis{static_cast<int64_t>(milliseconds)});
}

// A new list; under a key with a policy it is a queue from the start.
Entry& make_list(CommandCall& call, std::string_view key) {
  Entry& entry = call.keyspace().insert_list(call.db(), key);
  call.queues().created(entry, call.stamp);
  return entry;
}

// --- Pushing

Result<void> push(CommandCall& call, Side side) {
  const std::string_view key = call.words[1];
  TRY(Entry * entry, find_to_write(call, key, ValueType::kList));
  if (entry == nullptr) entry = &make_list(call, key);
  ListValue& list = entry->list();
  for (const std::string_view element : call.words.subspan(2))
    list.push(side, element, call.stamp);
  call.log();
  call.changed(key, push_event(side));
  call.reply.integer(static_cast<int64_t>(list.size()));
  return {};
}

Result<void> lpush(CommandCall& call) {
  return push(call, Side::kLeft);
}
Result<void> rpush(CommandCall& call) {
  return push(call, Side::kRight);
}

// --- Popping

// Takes `count` elements off one end and replies each.
void pop_elements(CommandCall& call, std::string_view key, Entry& entry, Side side, size_t count) {
  ListValue& list = entry.list();
  for (size_t i = 0; i < count; ++i) {
    call.reply.bulk(list.peek(side));
    list.pop(side);
  }
  call.changed(key, pop_event(side));
  erase_if_empty(call, key, entry);
}

Result<void> pop(CommandCall& call, Side side) {
  if (call.words.size() > 3) {
    return call.fail(
        std::string("ERR wrong number of arguments for '").append(call.spec.name).append("' command"));
  }
  const std::string_view key = call.words[1];
  const bool counted = call.words.size() == 3;
  int64_t count = 1;
  if (counted) {
    const auto given = parse_i64(call.words[2]);
    if (!given || *given < 0) return Error::kNotPositive;
    count = *given;
  }
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kList));
  const size_t available = entry == nullptr ? 0 : entry->list().size();
  if (entry == nullptr || (available == 0 && !counted)) {
    counted ? call.reply.null_array() : call.reply.null();
    return {};
  }
  const size_t taken = std::min(static_cast<size_t>(count), available);
  if (counted) call.reply.array(taken);
  if (taken == 0) return {};
  call.log();
  pop_elements(call, key, *entry, side, taken);
  return {};
}

Result<void> lpop(CommandCall& call) {
  return pop(call, Side::kLeft);
}
Result<void> rpop(CommandCall& call) {
  return pop(call, Side::kRight);
}

Result<void> blocking_pop(CommandCall& call, Side side) {
  TRY(const auto timeout, timeout_argument(call.words.back(), call.stamp.now));
  const core::Words keys = call.words.subspan(1, call.words.size() - 2);
  for (const std::string_view key : keys) {
    TRY(Entry* const entry, find_to_write(call, key, ValueType::kList));
    if (entry == nullptr || entry->list().size() == 0) continue;
    call.log_as({pop_name(side), key});
    call.reply.array(2);
    call.reply.bulk(key);
    pop_elements(call, key, *entry, side, 1);
    return {};
  }
  if (call.may_block()) {
    call.block(core::WaitKind::kListElement, keys, timeout);
  } else {
    call.reply.null_array();
  }
  return {};
}

Result<void> blpop(CommandCall& call) {
  return blocking_pop(call, Side::kLeft);
}
Result<void> brpop(CommandCall& call) {
  return blocking_pop(call, Side::kRight);
}

// --- Moving

struct Move {
  std::string_view source;
  std::string_view destination;
  Side from;
  Side to;
};

std::string_view side_name(Side side) {
  return side == Side::kLeft ? "LEFT" : "RIGHT";
}

Result<Move> move_arguments(CommandCall& call) {
  Args args(call.words);
  Move move{.source = args.text(), .destination = args.text(), .from = Side::kLeft, .to = Side::kLeft};
  move.from = side_argument(args);
  move.to = side_argument(args);
  TRY_VOID(args.good());
  return move;
}

// Moves one element and replies it. False: there was none to move, and nothing was replied.
Result<bool> move_element(CommandCall& call, const Move& move) {
  TRY(Entry* const source, find_to_write(call, move.source, ValueType::kList));
  if (source == nullptr || source->list().size() == 0) return false;
  TRY(Entry * destination, find_to_write(call, move.destination, ValueType::kList));

  // A copy: the two lists may be one, and pushing ends the validity of what was peeked.
  ByteBuffer& element = call.server.scratch;
  element.clear();
  element.append(source->list().peek(move.from));
  if (destination == nullptr) destination = &make_list(call, move.destination);
  source->list().pop(move.from);
  destination->list().push(move.to, element.view(), call.stamp);
  call.log_as({"LMOVE", move.source, move.destination, side_name(move.from), side_name(move.to)});
  call.reply.bulk(element.view());
  call.changed(move.destination, push_event(move.to));
  call.changed(move.source, pop_event(move.from));
  erase_if_empty(call, move.source, *source);
  return true;
}

Result<void> lmove(CommandCall& call) {
  TRY(const Move move, move_arguments(call));
  TRY(const bool moved, move_element(call, move));
  if (!moved) call.reply.null();
  return {};
}

Result<void> blmove(CommandCall& call) {
  TRY(const Move move, move_arguments(call));
  TRY(const auto timeout, timeout_argument(call.words[5], call.stamp.now));
  TRY(const bool moved, move_element(call, move));
  if (moved) return {};
  if (call.may_block()) {
    call.block(core::WaitKind::kListElement, call.words.subspan(1, 1), timeout);
  } else {
    call.reply.null();
  }
  return {};
}

// --- Reading

Result<void> llen(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kList));
  call.reply.integer(entry == nullptr ? 0 : static_cast<int64_t>(entry->list().size()));
  return {};
}

Result<void> lindex(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kList));
  if (entry == nullptr) {
    call.reply.null();
    return {};
  }
  const auto index = parse_i64(call.words[2]);
  if (!index) return Error::kNotInteger;
  const auto size = static_cast<int64_t>(entry->list().size());
  const int64_t at = *index < 0 ? size + *index : *index;
  if (at < 0 || at >= size) {
    call.reply.null();
  } else {
    call.reply.bulk(entry->list().at(static_cast<size_t>(at)));
  }
  return {};
}

Result<void> lrange(CommandCall& call) {
  Args args(call.words, 2);
  int64_t first = args.integer();
  int64_t last = args.integer();
  TRY_VOID(args.good());
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kList));
  const int64_t size = entry == nullptr ? 0 : static_cast<int64_t>(entry->list().size());
  if (first < 0) first = std::max<int64_t>(0, size + first);
  if (last < 0) last = size + last;
  last = std::min(last, size - 1);
  if (first > last) {
    call.reply.array(0);
    return {};
  }
  const auto count = static_cast<size_t>(last - first + 1);
  call.reply.array(count);
  entry->list().for_each(static_cast<size_t>(first), count,
                         [&call](std::string_view element) { call.reply.bulk(element); });
  return {};
}

// --- Rows

constexpr uint16_t kPushKeys = core::kRw | core::kInsert;
constexpr uint16_t kPopKeys = core::kRw | core::kAccess | core::kDelete;
constexpr uint16_t kReadKeys = core::kRo | core::kAccess;

constexpr CommandSpec kRows[] = {
    {.name = "lpush",
     .syntax = "key element...",
     .handler = lpush,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kPushKeys)},
     .group = core::Group::kList,
     .since = "1.0.0",
     .complexity = "O(N), N the number of elements",
     .summary = "Puts elements at the left end of a list."},
    {.name = "rpush",
     .syntax = "key element...",
     .handler = rpush,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kPushKeys)},
     .group = core::Group::kList,
     .since = "1.0.0",
     .complexity = "O(N), N the number of elements",
     .summary = "Puts elements at the right end of a list."},
    {.name = "lpop",
     .syntax = "key [count:integer]",
     .handler = lpop,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(kPopKeys)},
     .group = core::Group::kList,
     .since = "1.0.0",
     .complexity = "O(N), N the number of elements taken",
     .summary = "Takes elements off the left end of a list."},
    {.name = "rpop",
     .syntax = "key [count:integer]",
     .handler = rpop,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(kPopKeys)},
     .group = core::Group::kList,
     .since = "1.0.0",
     .complexity = "O(N), N the number of elements taken",
     .summary = "Takes elements off the right end of a list."},
    {.name = "blpop",
     .syntax = "key... timeout:double",
     .handler = blpop,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kBlocking,
     .keys = {KeySpec::range(1, -2, 1, kPopKeys)},
     .group = core::Group::kList,
     .since = "2.0.0",
     .complexity = "O(N), N the number of keys",
     .summary = "Takes the leftmost element of the first list that has one, or waits for one.",
     .twin = "lpop"},
    {.name = "brpop",
     .syntax = "key... timeout:double",
     .handler = brpop,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kBlocking,
     .keys = {KeySpec::range(1, -2, 1, kPopKeys)},
     .group = core::Group::kList,
     .since = "2.0.0",
     .complexity = "O(N), N the number of keys",
     .summary = "Takes the rightmost element of the first list that has one, or waits for one.",
     .twin = "rpop"},
    {.name = "lmove",
     .syntax = "source:key destination:key wherefrom:<LEFT|RIGHT> whereto:<LEFT|RIGHT>",
     .handler = lmove,
     .arity = Arity::exactly(5),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(kPopKeys), KeySpec::one(kPushKeys, 2)},
     .group = core::Group::kList,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Moves an element from one end of a list to one end of another or the same, and replies it."},
    {.name = "blmove",
     .syntax = "source:key destination:key wherefrom:<LEFT|RIGHT> whereto:<LEFT|RIGHT> timeout:double",
     .handler = blmove,
     .arity = Arity::exactly(6),
     .flags = core::kWrite | core::kDenyOom | core::kBlocking,
     .keys = {KeySpec::one(kPopKeys), KeySpec::one(kPushKeys, 2)},
     .group = core::Group::kList,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Moves an element as LMOVE does, or waits until there is one.",
     .twin = "lmove"},
    {.name = "llen",
     .syntax = "key",
     .handler = llen,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo)},
     .group = core::Group::kList,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Tells how many elements a list has; of a queue, how many messages are ready."},
    {.name = "lindex",
     .syntax = "key index:integer",
     .handler = lindex,
     .arity = Arity::exactly(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kList,
     .since = "1.0.0",
     .complexity = "O(N), N the number of chunks to the nearer end",
     .summary = "Replies the element at a position."},
    {.name = "lrange",
     .syntax = "key start:integer stop:integer",
     .handler = lrange,
     .arity = Arity::exactly(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kList,
     .since = "1.0.0",
     .complexity = "O(S+N), S the chunks to the start, N the elements replied",
     .summary = "Replies the elements between two positions."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> list_commands() {
  return kRows;
}

}  // namespace sluice::commands
