// SPDX-License-Identifier: MIT
//
// Commands on the members of one set. Those that combine sets are in set_operation.cc.
#include <string>
#include <vector>

#include "engine/base/number_text.h"
#include "engine/set.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/commands/random_members.h"
#include "server/commands/scan_options.h"
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

// The key goes when the last member has gone.
void erase_if_empty_set(CommandCall& call, std::string_view key, Entry& entry) {
  if (!entry.set().empty()) return;
  call.keyspace().erase(entry);
  call.changed(key, KeyEvent::kDel);
}

Result<void> sadd(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(Entry * entry, find_to_write(call, key, ValueType::kSet));
  if (entry == nullptr) entry = &call.keyspace().insert_set(call.db(), key);
  int64_t added = 0;
  for (const std::string_view member : call.words.subspan(2))
    added += entry->set().add(member) ? 1 : 0;
  if (added > 0) {
    call.log();
    call.changed(key, KeyEvent::kSadd);
  }
  call.reply.integer(added);
  return {};
}

Result<void> srem(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kSet));
  int64_t removed = 0;
  if (entry != nullptr) {
    for (const std::string_view member : call.words.subspan(2))
      removed += entry->set().erase(member) ? 1 : 0;
  }
  if (removed > 0) {
    call.log();
    call.changed(key, KeyEvent::kSrem);
    erase_if_empty_set(call, key, *entry);
  }
  call.reply.integer(removed);
  return {};
}

Result<void> smove(CommandCall& call) {
  const std::string_view from_key = call.words[1];
  const std::string_view to_key = call.words[2];
  const std::string_view member = call.words[3];
  TRY(Entry* const from, find_to_write(call, from_key, ValueType::kSet));
  if (from == nullptr) {
    call.reply.integer(0);
    return {};
  }
  TRY(Entry * to, find_to_write(call, to_key, ValueType::kSet));
  const bool present = from->set().contains(member);
  call.reply.integer(present ? 1 : 0);
  if (!present || from == to) return {};
  call.log();
  from->set().erase(member);
  call.changed(from_key, KeyEvent::kSrem);
  erase_if_empty_set(call, from_key, *from);
  if (to == nullptr) to = &call.keyspace().insert_set(call.db(), to_key);
  if (to->set().add(member)) call.changed(to_key, KeyEvent::kSadd);
  return {};
}

// --- Reading

Result<void> sismember(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSet));
  call.reply.integer(entry != nullptr && entry->set().contains(call.words[2]) ? 1 : 0);
  return {};
}

Result<void> smismember(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSet));
  call.reply.array(call.words.size() - 2);
  for (const std::string_view member : call.words.subspan(2))
    call.reply.integer(entry != nullptr && entry->set().contains(member) ? 1 : 0);
  return {};
}

Result<void> scard(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSet));
  call.reply.integer(entry == nullptr ? 0 : static_cast<int64_t>(entry->set().size()));
  return {};
}

Result<void> smembers(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSet));
  call.reply.set(entry == nullptr ? 0 : entry->set().size());
  if (entry != nullptr) entry->set().for_each([&call](std::string_view member) { call.reply.bulk(member); });
  return {};
}

Result<void> sscan(CommandCall& call) {
  TRY_VOID(cursor_argument(call, 2));
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSet));
  std::vector<std::string> found;
  if (entry == nullptr) {
    reply_scan(call, 0, found);
    return {};
  }
  TRY(const ScanOptions options, scan_options(call));
  const uint64_t next = entry->set().scan(options.cursor, options.count, [&](std::string_view member) {
    if (options.matches(member)) found.emplace_back(member);
  });
  reply_scan(call, next, found);
  return {};
}

// --- Chance

std::vector<std::string> some_members(const Set& set, size_t count, uint64_t entropy) {
  return random_members(
      set.size(), count, entropy, [&set](const auto& visit) { set.for_each(visit); },
      [&set](uint64_t each) { return set.sample(each); });
}

// Takes them out; what is logged is what went.
void pop_members(CommandCall& call, Entry& entry, const std::vector<std::string>& members) {
  const std::string_view key = call.words[1];
  if (members.size() == entry.set().size()) {
    call.log_as({"DEL", key});
  } else {
    std::vector<std::string_view> words = {"SREM", key};
    words.insert(words.end(), members.begin(), members.end());
    call.log_as(words);
  }
  for (const std::string& member : members)
    CHECK(entry.set().erase(member));
  call.changed(key, KeyEvent::kSpop);
  erase_if_empty_set(call, key, entry);
}

Result<void> spop(CommandCall& call) {
  if (call.words.size() > 3) return Error::kSyntax;
  Args args(call.words, 2);
  const bool counted = args.more();
  int64_t count = 1;
  if (counted) count = args.integer_in(0, INT64_MAX, Error::kNotPositive);
  TRY_VOID(args.done());
  TRY(Entry* const entry, find_to_write(call, call.words[1], ValueType::kSet));
  if (entry == nullptr || count == 0) {
    counted ? call.reply.set(0) : call.reply.null();
    return {};
  }
  const auto members = some_members(entry->set(), static_cast<size_t>(count), call.stamp.entropy);
  if (counted) call.reply.set(members.size());
  for (const std::string& member : members)
    call.reply.bulk(member);
  pop_members(call, *entry, members);
  return {};
}

Result<void> srandmember(CommandCall& call) {
  if (call.words.size() > 3) return Error::kSyntax;
  Args args(call.words, 2);
  const bool counted = args.more();
  int64_t count = 1;
  if (counted) count = args.integer();
  if (count == INT64_MIN) args.fail(Error::kLongMin);
  TRY_VOID(args.done());
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSet));
  if (entry == nullptr || count == 0) {
    counted ? call.reply.array(0) : call.reply.null();
    return {};
  }
  const Set& set = entry->set();
  if (count < -kDrawsMax) return call.fail(draws_error(count));
  if (count < 0) {
    // So many draws, of which some may be the same.
    const auto draws = static_cast<uint64_t>(-count);
    call.reply.array(draws);
    for (uint64_t i = 0; i < draws; ++i)
      call.reply.bulk(set.sample(mix(call.stamp.entropy + i)));
    return {};
  }
  const auto members = some_members(set, static_cast<size_t>(count), call.stamp.entropy);
  if (counted) call.reply.array(members.size());
  for (const std::string& member : members)
    call.reply.bulk(member);
  return {};
}

// --- Rows

constexpr CommandSpec kRows[] = {
    {.name = "sadd",
     .syntax = "key member...",
     .handler = sadd,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kInsert)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(N), N the number of members",
     .summary = "Adds members to a set; replies how many are new."},
    {.name = "srem",
     .syntax = "key member...",
     .handler = srem,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kDelete)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(N), N the number of members",
     .summary = "Removes members of a set; replies how many there were."},
    {.name = "smove",
     .syntax = "source:key destination:key member",
     .handler = smove,
     .arity = Arity::exactly(4),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kDelete),
              KeySpec::one(core::kRw | core::kInsert, 2)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Moves a member from one set to another."},
    {.name = "sismember",
     .syntax = "key member",
     .handler = sismember,
     .arity = Arity::exactly(3),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Tells whether a set has a member."},
    {.name = "smismember",
     .syntax = "key member...",
     .handler = smismember,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kSet,
     .since = "6.2.0",
     .complexity = "O(N), N the number of members asked for",
     .summary = "Tells of each of some members whether a set has it."},
    {.name = "scard",
     .syntax = "key",
     .handler = scard,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Tells how many members a set has."},
    {.name = "smembers",
     .syntax = "key",
     .handler = smembers,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(N), N the number of members",
     .summary = "Replies all members of a set."},
    {.name = "spop",
     .syntax = "key [count:integer]",
     .handler = spop,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kDelete)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(N), N the number of members taken",
     .summary = "Takes members out of a set by chance."},
    {.name = "srandmember",
     .syntax = "key [count:integer]",
     .handler = srandmember,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(N), N the number of members replied",
     .summary = "Replies members of a set by chance."},
    {.name = "sscan",
     .syntax = "key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
     .handler = sscan,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kSet,
     .since = "2.8.0",
     .complexity = "O(1) for each call, O(N) for all members",
     .summary = "Walks over the members of a set, some at a time."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> set_commands() {
  return kRows;
}

}  // namespace sluice::commands
