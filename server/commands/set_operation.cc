// SPDX-License-Identifier: MIT
//
// Intersections, unions and differences of sets: replied, stored or counted.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/number_text.h"
#include "engine/set.h"
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
using core::Words;

// One for each key; nullptr for a key that is missing.
using Sets = std::vector<const Set*>;

Result<Sets> sets_under(CommandCall& call, Words keys) {
  Sets sets;
  sets.reserve(keys.size());
  for (const std::string_view key : keys) {
    TRY(const Entry* const entry, find_to_read(call, key, ValueType::kSet));
    sets.push_back(entry == nullptr ? nullptr : &entry->set());
  }
  return sets;
}

// --- Each gives visit(member) every member of the result once, until it answers false.

template <typename Visit>
void intersect(Sets sets, const Visit& visit) {
  if (std::count(sets.begin(), sets.end(), nullptr) > 0) return;
  std::sort(sets.begin(), sets.end(), [](const Set* a, const Set* b) { return a->size() < b->size(); });
  bool wanted = true;
  sets[0]->for_each([&](std::string_view member) {
    if (!wanted) return;
    for (size_t i = 1; i < sets.size(); ++i) {
      if (!sets[i]->contains(member)) return;
    }
    wanted = visit(member);
  });
}

template <typename Visit>
void subtract(const Sets& sets, const Visit& visit) {
  if (sets[0] == nullptr) return;
  bool wanted = true;
  sets[0]->for_each([&](std::string_view member) {
    if (!wanted) return;
    for (size_t i = 1; i < sets.size(); ++i) {
      if (sets[i] != nullptr && sets[i]->contains(member)) return;
    }
    wanted = visit(member);
  });
}

template <typename Visit>
void unite(const Sets& sets, const Visit& visit) {
  bool wanted = true;
  for (size_t i = 0; i < sets.size(); ++i) {
    if (sets[i] == nullptr) continue;
    sets[i]->for_each([&](std::string_view member) {
      if (!wanted) return;
      for (size_t before = 0; before < i; ++before) {
        if (sets[before] != nullptr && sets[before]->contains(member)) return;
      }
      wanted = visit(member);
    });
  }
}

enum class Operation : uint8_t { kIntersect, kUnite, kSubtract };

template <typename Visit>
void combine(Operation operation, const Sets& sets, const Visit& visit) {
  switch (operation) {
    case Operation::kIntersect:
      return intersect(sets, visit);
    case Operation::kUnite:
      return unite(sets, visit);
    case Operation::kSubtract:
      return subtract(sets, visit);
  }
}

// --- What becomes of the result

Result<void> reply_result(CommandCall& call, Operation operation) {
  TRY(const Sets sets, sets_under(call, call.words.subspan(1)));
  std::vector<std::string> members;
  combine(operation, sets, [&members](std::string_view member) {
    members.emplace_back(member);
    return true;
  });
  call.reply.set(members.size());
  for (const std::string& member : members)
    call.reply.bulk(member);
  return {};
}

Result<void> store_result(CommandCall& call, Operation operation, KeyEvent event) {
  const std::string_view to = call.words[1];
  TRY(const Sets sets, sets_under(call, call.words.subspan(2)));
  // The destination may be one of them.
  std::vector<std::string> members;
  combine(operation, sets, [&members](std::string_view member) {
    members.emplace_back(member);
    return true;
  });
  if (!members.empty()) {
    Entry& entry = call.keyspace().set_set(call.db(), to);
    for (const std::string& member : members)
      entry.set().add(member);
    call.log();
    call.changed(to, event);
  } else if (const Entry* const old = call.keyspace().find(call.db(), to)) {
    call.keyspace().erase(*old);
    call.log();
    call.changed(to, KeyEvent::kDel);
  }
  call.reply.integer(static_cast<int64_t>(members.size()));
  return {};
}

// numkeys key [key ...] [LIMIT limit]
Result<void> count_result(CommandCall& call, Operation operation) {
  Args args(call.words);
  const auto count = parse_i64(args.text());
  if (!count || *count < 1) return call.fail("ERR numkeys should be greater than 0");
  if (static_cast<uint64_t>(*count) > args.left()) {
    return call.fail("ERR Number of keys can't be greater than number of args");
  }
  const Words keys = args.rest().first(static_cast<size_t>(*count));
  args.skip(keys.size());
  int64_t limit = 0;
  while (args.more()) {
    if (args.left() < 2 || !args.accept("LIMIT")) return Error::kSyntax;
    const auto value = parse_i64(args.text());
    if (!value || *value < 0) return call.fail("ERR LIMIT can't be negative");
    limit = *value;
  }
  TRY(const Sets sets, sets_under(call, keys));
  int64_t members = 0;
  combine(operation, sets, [&](std::string_view) { return ++members != limit; });
  call.reply.integer(members);
  return {};
}

Result<void> sinter(CommandCall& call) {
  return reply_result(call, Operation::kIntersect);
}
Result<void> sunion(CommandCall& call) {
  return reply_result(call, Operation::kUnite);
}
Result<void> sdiff(CommandCall& call) {
  return reply_result(call, Operation::kSubtract);
}
Result<void> sinterstore(CommandCall& call) {
  return store_result(call, Operation::kIntersect, KeyEvent::kSinterStore);
}
Result<void> sunionstore(CommandCall& call) {
  return store_result(call, Operation::kUnite, KeyEvent::kSunionStore);
}
Result<void> sdiffstore(CommandCall& call) {
  return store_result(call, Operation::kSubtract, KeyEvent::kSdiffStore);
}
Result<void> sintercard(CommandCall& call) {
  return count_result(call, Operation::kIntersect);
}
Result<void> sunioncard(CommandCall& call) {
  return count_result(call, Operation::kUnite);
}
Result<void> sdiffcard(CommandCall& call) {
  return count_result(call, Operation::kSubtract);
}

// --- Rows

constexpr uint16_t kReadKeys = core::kRo | core::kAccess;
constexpr uint16_t kStoreKeys = core::kOw | core::kUpdate;

constexpr CommandSpec kRows[] = {
    {.name = "sinter",
     .syntax = "key...",
     .handler = sinter,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly,
     .keys = {KeySpec::range(1, -1, 1, kReadKeys)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(N*M), N the members of the smallest set, M the number of sets",
     .summary = "Replies the members that all sets have."},
    {.name = "sunion",
     .syntax = "key...",
     .handler = sunion,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly,
     .keys = {KeySpec::range(1, -1, 1, kReadKeys)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(N*M), N the members of all sets, M the number of sets",
     .summary = "Replies the members that any of the sets has."},
    {.name = "sdiff",
     .syntax = "key...",
     .handler = sdiff,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly,
     .keys = {KeySpec::range(1, -1, 1, kReadKeys)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(N*M), N the members of the first set, M the number of sets",
     .summary = "Replies the members of the first set that none of the others has."},
    {.name = "sinterstore",
     .syntax = "destination:key key...",
     .handler = sinterstore,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(core::kRw | core::kUpdate), KeySpec::range(2, -1, 1, kReadKeys)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(N*M), N the members of the smallest set, M the number of sets",
     .summary = "Makes a key hold what SINTER would reply."},
    {.name = "sunionstore",
     .syntax = "destination:key key...",
     .handler = sunionstore,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(kStoreKeys), KeySpec::range(2, -1, 1, kReadKeys)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(N*M), N the members of all sets, M the number of sets",
     .summary = "Makes a key hold what SUNION would reply."},
    {.name = "sdiffstore",
     .syntax = "destination:key key...",
     .handler = sdiffstore,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(kStoreKeys), KeySpec::range(2, -1, 1, kReadKeys)},
     .group = core::Group::kSet,
     .since = "1.0.0",
     .complexity = "O(N*M), N the members of the first set, M the number of sets",
     .summary = "Makes a key hold what SDIFF would reply."},
    {.name = "sintercard",
     .syntax = "numkeys:integer key... [LIMIT limit:integer]",
     .handler = sintercard,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly | core::kMovableKeys,
     .keys = {KeySpec::counted(1, kReadKeys)},
     .group = core::Group::kSet,
     .since = "7.0.0",
     .complexity = "O(N*M), N the members of the smallest set, M the number of sets",
     .summary = "Counts the members that all sets have, perhaps up to a limit."},
    {.name = "sunioncard",
     .syntax = "numkeys:integer key... [LIMIT limit:integer]",
     .handler = sunioncard,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly | core::kMovableKeys,
     .keys = {KeySpec::counted(1, kReadKeys)},
     .group = core::Group::kSet,
     .since = "8.10.0",
     .complexity = "O(N*M), N the members of all sets, M the number of sets",
     .summary = "Counts the members that any of the sets has, perhaps up to a limit."},
    {.name = "sdiffcard",
     .syntax = "numkeys:integer key... [LIMIT limit:integer]",
     .handler = sdiffcard,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly | core::kMovableKeys,
     .keys = {KeySpec::counted(1, kReadKeys)},
     .group = core::Group::kSet,
     .since = "8.10.0",
     .complexity = "O(N*M), N the members of the first set, M the number of sets",
     .summary = "Counts the members of the first set that no other has, perhaps up to a limit."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> set_operation_commands() {
  return kRows;
}

}  // namespace sluice::commands
