// SPDX-License-Identifier: MIT
//
// Taking elements off lists, from one that is named or from the first of several that has some, now or when there is
// one. What a client was given is logged as LPOP or RPOP.
#include <algorithm>
#include <optional>
#include <string>

#include "server/commands/groups.h"
#include "server/commands/list_ends.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;

std::string_view pop_name(Side side) {
  return side == Side::kLeft ? "LPOP" : "RPOP";
}

// --- From one list

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

// --- From the first of several that has an element

struct Found {
  std::string_view key;
  Entry* entry = nullptr;  // null: none of them has one
};

// A key of another type that is met first is an error, whatever the later ones hold.
Result<Found> first_with_elements(CommandCall& call, core::Words keys) {
  for (const std::string_view key : keys) {
    TRY(Entry* const entry, find_to_write(call, key, ValueType::kList));
    if (entry != nullptr && entry->list().size() > 0) return Found{key, entry};
  }
  return Found{};
}

Result<void> blocking_pop(CommandCall& call, Side side) {
  TRY(const auto timeout, timeout_argument(call.words.back(), call.stamp.now));
  const core::Words keys = call.words.subspan(1, call.words.size() - 2);
  TRY(const Found found, first_with_elements(call, keys));
  if (found.entry != nullptr) {
    call.log_as({pop_name(side), found.key});
    call.reply.array(2);
    call.reply.bulk(found.key);
    pop_elements(call, found.key, *found.entry, side, 1);
  } else if (call.may_block()) {
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

struct ManyArguments {
  core::Words keys;
  Side side = Side::kLeft;
  size_t count = 1;
};

// "numkeys key [key ...] LEFT|RIGHT [COUNT count]", from the word at `at` on.
Result<ManyArguments> many_arguments(CommandCall& call, size_t at) {
  ManyArguments arguments;
  TRY(const CountedKeys counted, counted_keys(call, at));
  arguments.keys = counted.keys;
  Args args(call.words, counted.after);
  arguments.side = side_argument(args);
  TRY_VOID(args.good());
  if (args.left() >= 2 && args.accept("COUNT")) {
    TRY(arguments.count, count_argument(call, args.text()));
  }
  TRY_VOID(args.done());
  return arguments;
}

// False: there was nothing to take, and nothing was replied.
Result<bool> pop_many(CommandCall& call, const ManyArguments& arguments) {
  TRY(const Found found, first_with_elements(call, arguments.keys));
  if (found.entry == nullptr) return false;
  const size_t taken = std::min(arguments.count, found.entry->list().size());
  char count[kI64CharsMax];
  call.log_as({pop_name(arguments.side), found.key, {count, format_u64(count, taken)}});
  call.reply.array(2);
  call.reply.bulk(found.key);
  call.reply.array(taken);
  pop_elements(call, found.key, *found.entry, arguments.side, taken);
  return true;
}

Result<void> lmpop(CommandCall& call) {
  TRY(const ManyArguments arguments, many_arguments(call, 1));
  TRY(const bool popped, pop_many(call, arguments));
  if (!popped) call.reply.null_array();
  return {};
}

Result<void> blmpop(CommandCall& call) {
  TRY(const ManyArguments arguments, many_arguments(call, 2));
  TRY(const auto timeout, timeout_argument(call.words[1], call.stamp.now));  // last, as Redis does
  TRY(const bool popped, pop_many(call, arguments));
  if (popped) return {};
  if (call.may_block()) {
    call.block(core::WaitKind::kListElement, arguments.keys, timeout);
  } else {
    call.reply.null_array();
  }
  return {};
}

// --- Rows

constexpr CommandSpec kRows[] = {
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
    {.name = "lmpop",
     .syntax = "numkeys:integer key... where:<LEFT|RIGHT> [COUNT count:integer]",
     .handler = lmpop,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kMovableKeys,
     .keys = {KeySpec::counted(1, kPopKeys)},
     .group = core::Group::kList,
     .since = "7.0.0",
     .complexity = "O(N+M), N the number of keys, M of elements taken",
     .summary = "Takes elements off an end of the first list that has some."},
    {.name = "blmpop",
     .syntax = "timeout:double numkeys:integer key... where:<LEFT|RIGHT> [COUNT count:integer]",
     .handler = blmpop,
     .arity = Arity::at_least(5),
     .flags = core::kWrite | core::kBlocking | core::kMovableKeys,
     .keys = {KeySpec::counted(2, kPopKeys)},
     .group = core::Group::kList,
     .since = "7.0.0",
     .complexity = "O(N+M), N the number of keys, M of elements taken",
     .summary = "Takes elements as LMPOP does, or waits until there are some.",
     .twin = "lmpop"},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> list_pop_commands() {
  return kRows;
}

}  // namespace sluice::commands
