// SPDX-License-Identifier: MIT
//
// Changes in the middle of a list. Of a queue they change the ready messages: one that is removed or overwritten counts
// as popped.
#include <algorithm>

#include "engine/queue/queue.h"
#include "server/commands/groups.h"
#include "server/commands/list_ends.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeyEvent;
using core::KeySpec;

Result<void> lset(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kList));
  if (entry == nullptr) return Error::kNoSuchKey;
  const auto index = parse_i64(call.words[2]);
  if (!index) return Error::kNotInteger;
  const auto size = static_cast<int64_t>(entry->list().size());
  const int64_t at = *index < 0 ? size + *index : *index;
  if (at < 0 || at >= size) return Error::kIndexOutOfRange;
  entry->list().set(static_cast<size_t>(at), call.words[3]);
  call.log();
  call.changed(key, KeyEvent::kLset);
  if (entry->list().settle()) call.changed(key, KeyEvent::kQueueReady);
  call.reply.ok();
  return {};
}

// Where the leftmost element with these bytes is; size() if there is none.
size_t position_of(const ListValue& list, std::string_view bytes) {
  if (list.size() == 0) return 0;
  size_t position = 0;
  for (ListValue::Cursor at = list.cursor(0); !at.at_end() && at.bytes() != bytes; at.move(Side::kRight))
    ++position;
  return position;
}

// A queue that drops may have dropped the pivot to make room: the element comes to where that was, nearest the head.
void insert_beside(CommandCall& call, ListValue& list, size_t pivot, bool behind, std::string_view element) {
  if (pivot < list.size()) {
    list.insert_beside(pivot, behind ? Side::kRight : Side::kLeft, element, call.stamp);
  } else {
    list.insert(list.queue().policy().head == Side::kLeft ? 0 : list.size(), element, call.stamp);
  }
}

Result<void> linsert(CommandCall& call) {
  Args args(call.words);
  const std::string_view key = args.text();
  const bool behind = args.accept("AFTER");
  if (!behind && !args.accept("BEFORE")) return Error::kSyntax;
  const std::string_view pivot = args.text();
  const std::string_view element = args.text();
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kList));
  if (entry == nullptr) {
    call.reply.integer(0);
    return {};
  }
  ListValue& list = entry->list();
  const size_t position = position_of(list, pivot);
  if (position == list.size()) {
    call.reply.integer(-1);
    return {};
  }
  TRY_VOID(check_push(call, key, entry, 1));
  insert_beside(call, list, list.is_queue() ? position_of(list, pivot) : position, behind, element);
  call.log();
  call.changed(key, KeyEvent::kLinsert);
  call.reply.integer(static_cast<int64_t>(list.size()));
  return {};
}

Result<void> lrem(CommandCall& call) {
  const std::string_view key = call.words[1];
  const auto count = parse_i64(call.words[2]);
  if (!count) return Error::kNotInteger;
  if (*count == INT64_MIN) return Error::kLongMin;
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kList));
  size_t removed = 0;
  if (entry != nullptr) {
    const Side from = *count < 0 ? Side::kRight : Side::kLeft;
    const size_t count_max = *count == 0 ? SIZE_MAX : static_cast<size_t>(*count < 0 ? -*count : *count);
    removed = entry->list().erase_equal(call.words[3], from, count_max);
  }
  call.reply.unsigned_integer(removed);
  if (removed == 0) return {};
  call.log();
  call.changed(key, KeyEvent::kLrem);
  erase_if_empty(call, key, *entry);
  return {};
}

Result<void> ltrim(CommandCall& call) {
  Args args(call.words, 2);
  int64_t first = args.integer();
  int64_t last = args.integer();
  TRY_VOID(args.good());
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kList));
  call.reply.ok();
  if (entry == nullptr) return {};
  ListValue& list = entry->list();
  const auto size = static_cast<int64_t>(list.size());
  if (first < 0) first = std::max<int64_t>(0, size + first);
  if (last < 0) last = size + last;
  last = std::min(last, size - 1);
  if (first > last) {  // nothing stays
    first = size;
    last = size - 1;
  }
  const auto at_right = static_cast<size_t>(size - 1 - last);
  const auto at_left = static_cast<size_t>(first);
  list.erase(static_cast<size_t>(last + 1), at_right);
  list.erase(0, at_left);
  if (at_left + at_right > 0) call.log();
  call.changed(key, KeyEvent::kLtrim);  // also when nothing was cut off: clients of Redis are told so too
  erase_if_empty(call, key, *entry);
  return {};
}

// --- Rows

constexpr CommandSpec kRows[] = {
    {.name = "lset",
     .syntax = "key index:integer element",
     .handler = lset,
     .arity = Arity::exactly(4),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .group = core::Group::kList,
     .since = "1.0.0",
     .complexity = "O(N), N the number of chunks to the nearer end",
     .summary = "Overwrites the element at a position."},
    {.name = "linsert",
     .syntax = "key where:<BEFORE|AFTER> pivot element",
     .handler = linsert,
     .arity = Arity::exactly(5),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(kPushKeys)},
     .group = core::Group::kList,
     .since = "2.2.0",
     .complexity = "O(N), N the number of elements in front of the pivot",
     .summary = "Puts an element beside the first one that is like the pivot."},
    {.name = "lrem",
     .syntax = "key count:integer element",
     .handler = lrem,
     .arity = Arity::exactly(4),
     .flags = core::kWrite,
     .keys = {KeySpec::one(core::kRw | core::kDelete)},
     .group = core::Group::kList,
     .since = "1.0.0",
     .complexity = "O(N), N the number of elements of the list",
     .summary = "Removes elements that are like the one given: the first ones, the last ones or all."},
    {.name = "ltrim",
     .syntax = "key start:integer stop:integer",
     .handler = ltrim,
     .arity = Arity::exactly(4),
     .flags = core::kWrite,
     .keys = {KeySpec::one(core::kRw | core::kDelete)},
     .group = core::Group::kList,
     .since = "1.0.0",
     .complexity = "O(N), N the number of chunks cut off",
     .summary = "Removes all elements but those between two positions."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> list_edit_commands() {
  return kRows;
}

}  // namespace sluice::commands
