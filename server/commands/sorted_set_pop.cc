// SPDX-License-Identifier: MIT
//
// Taking the members with the lowest or the highest scores, from one sorted set or from the first of several that has
// some, now or when there is one. What a client was given is logged as ZPOPMIN or ZPOPMAX.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/number_text.h"
#include "server/commands/groups.h"
#include "server/commands/list_ends.h"
#include "server/commands/sorted_set_words.h"
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
using core::Words;

enum class End : uint8_t { kMin, kMax };

std::string_view pop_name(End end) {
  return end == End::kMin ? "ZPOPMIN" : "ZPOPMAX";
}

// Takes up to `count` members, the outermost first.
std::vector<Scored> pop_members(CommandCall& call, std::string_view key, Entry& entry, End end,
                                size_t count) {
  SortedSet& set = entry.sorted_set();
  count = std::min(count, set.size());
  const RankRange range{end == End::kMin ? 0 : set.size() - count, count};
  std::vector<Scored> members = members_in(set, range, end == End::kMax);
  if (count == 0) return members;
  set.erase_ranks(range.first, range.count);
  call.changed(key, end == End::kMin ? KeyEvent::kZpopMin : KeyEvent::kZpopMax);
  erase_if_empty_sorted_set(call, key, entry);
  return members;
}

Result<void> pop(CommandCall& call, End end) {
  if (call.words.size() > 3) return Error::kSyntax;
  const std::string_view key = call.words[1];
  const bool counted = call.words.size() == 3;
  Args args(call.words, 2);
  const int64_t count = counted ? args.integer_in(0, INT64_MAX, Error::kNotPositive) : 1;
  TRY_VOID(args.good());
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kSortedSet));
  if (entry == nullptr || count == 0) {
    call.reply.array(0);
    return {};
  }
  call.log();
  reply_members(call, pop_members(call, key, *entry, end, static_cast<size_t>(count)), true,
                counted ? Pairs::kNestedIf3 : Pairs::kFlat);
  return {};
}

Result<void> zpopmin(CommandCall& call) {
  return pop(call, End::kMin);
}
Result<void> zpopmax(CommandCall& call) {
  return pop(call, End::kMax);
}

// --- From the first of several

struct Found {
  std::string_view key;
  Entry* entry = nullptr;  // null: none of them is there
};

// A key of another type that is met first is an error, whatever the later ones hold.
Result<Found> first_sorted_set(CommandCall& call, Words keys) {
  for (const std::string_view key : keys) {
    TRY(Entry* const entry, find_to_write(call, key, ValueType::kSortedSet));
    if (entry != nullptr) return Found{key, entry};
  }
  return Found{};
}

Result<void> blocking_pop(CommandCall& call, End end) {
  TRY(const auto timeout, timeout_argument(call.words.back(), call.stamp.now));
  const Words keys = call.words.subspan(1, call.words.size() - 2);
  TRY(const Found found, first_sorted_set(call, keys));
  if (found.entry != nullptr) {
    call.log_as({pop_name(end), found.key});
    const auto members = pop_members(call, found.key, *found.entry, end, 1);
    call.reply.array(3);
    call.reply.bulk(found.key);
    call.reply.bulk(members[0].member);
    call.reply.number(members[0].score);
  } else if (call.may_block()) {
    call.block(core::WaitKind::kSortedSetMember, keys, timeout);
  } else {
    call.reply.null_array();
  }
  return {};
}

Result<void> bzpopmin(CommandCall& call) {
  return blocking_pop(call, End::kMin);
}
Result<void> bzpopmax(CommandCall& call) {
  return blocking_pop(call, End::kMax);
}

struct ManyArguments {
  Words keys;
  End end = End::kMin;
  size_t count = 1;
};

// "numkeys key [key ...] MIN|MAX [COUNT count]", from the word at `at` on.
Result<ManyArguments> many_arguments(CommandCall& call, size_t at) {
  ManyArguments arguments;
  TRY(const CountedKeys counted, counted_keys(call, at));
  arguments.keys = counted.keys;
  Args args(call.words, counted.after);
  if (args.accept("MAX")) {
    arguments.end = End::kMax;
  } else if (!args.accept("MIN")) {
    return Error::kSyntax;
  }
  if (args.left() >= 2 && args.accept("COUNT")) {
    TRY(arguments.count, count_argument(call, args.text()));
  }
  TRY_VOID(args.done());
  return arguments;
}

// False: there was nothing to take, and nothing was replied.
Result<bool> pop_many(CommandCall& call, const ManyArguments& arguments) {
  TRY(const Found found, first_sorted_set(call, arguments.keys));
  if (found.entry == nullptr) return false;
  char count[kI64CharsMax];
  call.log_as({pop_name(arguments.end), found.key, {count, format_u64(count, arguments.count)}});
  call.reply.array(2);
  call.reply.bulk(found.key);
  reply_members(call, pop_members(call, found.key, *found.entry, arguments.end, arguments.count), true,
                Pairs::kNestedAlways);
  return true;
}

Result<void> zmpop(CommandCall& call) {
  TRY(const ManyArguments arguments, many_arguments(call, 1));
  TRY(const bool popped, pop_many(call, arguments));
  if (!popped) call.reply.null_array();
  return {};
}

Result<void> bzmpop(CommandCall& call) {
  TRY(const ManyArguments arguments, many_arguments(call, 2));
  TRY(const auto timeout, timeout_argument(call.words[1], call.stamp.now));
  TRY(const bool popped, pop_many(call, arguments));
  if (popped) return {};
  if (call.may_block()) {
    call.block(core::WaitKind::kSortedSetMember, arguments.keys, timeout);
  } else {
    call.reply.null_array();
  }
  return {};
}

// --- Rows

constexpr uint16_t kPopKeys = core::kRw | core::kAccess | core::kDelete;

constexpr CommandSpec kRows[] = {
    {.name = "zpopmin",
     .syntax = "key [count:integer]",
     .handler = zpopmin,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(kPopKeys)},
     .group = core::Group::kSortedSet,
     .since = "5.0.0",
     .complexity = "O(M*log(N)), M the members taken, N those of the set",
     .summary = "Takes the members with the lowest scores."},
    {.name = "zpopmax",
     .syntax = "key [count:integer]",
     .handler = zpopmax,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(kPopKeys)},
     .group = core::Group::kSortedSet,
     .since = "5.0.0",
     .complexity = "O(M*log(N)), M the members taken, N those of the set",
     .summary = "Takes the members with the highest scores."},
    {.name = "bzpopmin",
     .syntax = "key... timeout:double",
     .handler = bzpopmin,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kBlocking | core::kFast,
     .keys = {KeySpec::range(1, -2, 1, kPopKeys)},
     .group = core::Group::kSortedSet,
     .since = "5.0.0",
     .complexity = "O(log(N)), N the members of the set",
     .summary = "Takes the member with the lowest score of the first set that has one, or waits for one.",
     .twin = "zpopmin"},
    {.name = "bzpopmax",
     .syntax = "key... timeout:double",
     .handler = bzpopmax,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kBlocking | core::kFast,
     .keys = {KeySpec::range(1, -2, 1, kPopKeys)},
     .group = core::Group::kSortedSet,
     .since = "5.0.0",
     .complexity = "O(log(N)), N the members of the set",
     .summary = "Takes the member with the highest score of the first set that has one, or waits for one.",
     .twin = "zpopmax"},
    {.name = "zmpop",
     .syntax = "numkeys:integer key... where:<MIN|MAX> [COUNT count:integer]",
     .handler = zmpop,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kMovableKeys,
     .keys = {KeySpec::counted(1, kPopKeys)},
     .group = core::Group::kSortedSet,
     .since = "7.0.0",
     .complexity = "O(K+M*log(N)), K the keys, M the members taken, N those of the set",
     .summary = "Takes members with the lowest or highest scores from the first set that has some."},
    {.name = "bzmpop",
     .syntax = "timeout:double numkeys:integer key... where:<MIN|MAX> [COUNT count:integer]",
     .handler = bzmpop,
     .arity = Arity::at_least(5),
     .flags = core::kWrite | core::kBlocking | core::kMovableKeys,
     .keys = {KeySpec::counted(2, kPopKeys)},
     .group = core::Group::kSortedSet,
     .since = "7.0.0",
     .complexity = "O(K+M*log(N)), K the keys, M the members taken, N those of the set",
     .summary = "Takes members as ZMPOP does, or waits until there are some.",
     .twin = "zmpop"},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> sorted_set_pop_commands() {
  return kRows;
}

}  // namespace sluice::commands
