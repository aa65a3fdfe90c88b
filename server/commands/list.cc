// SPDX-License-Identifier: MIT
//
// Pushing onto lists and reading them. A key of type list may be a queue: then its ready messages are what the list
// commands see, and ListValue knows the difference. list_pop, list_move and list_edit have the other list commands.
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/groups.h"
#include "server/commands/list_ends.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;

// --- Pushing

enum class Missing : uint8_t { kMakeList, kLeave };

Result<void> push(CommandCall& call, Side side, Missing missing) {
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kList));
  if (entry == nullptr && missing == Missing::kLeave) {
    call.reply.integer(0);
    return {};
  }
  const core::Words elements = call.words.subspan(2);
  TRY_VOID(check_push(call, key, entry, elements.size()));
  ListValue& list = list_to_grow(call, key, entry).list();
  for (const std::string_view element : elements)
    list.push(side, element, call.stamp);
  call.log();
  call.changed(key, push_event(side));
  call.reply.integer(static_cast<int64_t>(list.size()));
  return {};
}

Result<void> lpush(CommandCall& call) {
  return push(call, Side::kLeft, Missing::kMakeList);
}
Result<void> rpush(CommandCall& call) {
  return push(call, Side::kRight, Missing::kMakeList);
}
Result<void> lpushx(CommandCall& call) {
  return push(call, Side::kLeft, Missing::kLeave);
}
Result<void> rpushx(CommandCall& call) {
  return push(call, Side::kRight, Missing::kLeave);
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

// --- LPOS

struct PositionArguments {
  std::string_view element;
  uint64_t rank = 1;        // of the first match that is replied
  Side from = Side::kLeft;  // where the search begins
  bool counted = false;     // the reply is an array
  size_t matches_max = 1;
  size_t compared_max = std::numeric_limits<size_t>::max();
};

// A number that must not be negative; 0 stands for no limit.
Result<size_t> limit_argument(CommandCall& call, std::string_view text, std::string_view error) {
  const auto limit = parse_i64(text);
  if (!limit || *limit < 0) return call.fail(error);
  return *limit == 0 ? std::numeric_limits<size_t>::max() : static_cast<size_t>(*limit);
}

Result<void> rank_argument(CommandCall& call, std::string_view text, PositionArguments& arguments) {
  const auto rank = parse_i64(text);
  if (!rank) return Error::kNotInteger;
  if (*rank == INT64_MIN) return Error::kLongMin;
  if (*rank == 0) {
    return call.fail(
        "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative "
        "to "
        "start from the end of the list");
  }
  arguments.from = *rank < 0 ? Side::kRight : Side::kLeft;
  arguments.rank = static_cast<uint64_t>(*rank < 0 ? -*rank : *rank);
  return {};
}

Result<PositionArguments> position_arguments(CommandCall& call) {
  PositionArguments arguments{.element = call.words[2]};
  Args args(call.words, 3);
  while (args.more()) {
    if (args.left() < 2) return Error::kSyntax;
    if (args.accept("RANK")) {
      TRY_VOID(rank_argument(call, args.text(), arguments));
    } else if (args.accept("COUNT")) {
      TRY(arguments.matches_max, limit_argument(call, args.text(), "ERR COUNT can't be negative"));
      arguments.counted = true;
    } else if (args.accept("MAXLEN")) {
      TRY(arguments.compared_max, limit_argument(call, args.text(), "ERR MAXLEN can't be negative"));
    } else {
      return Error::kSyntax;
    }
  }
  return arguments;
}

std::vector<size_t> positions_of(const ListValue& list, const PositionArguments& arguments) {
  std::vector<size_t> positions;
  const size_t size = list.size();
  if (size == 0) return positions;
  const bool from_left = arguments.from == Side::kLeft;
  const size_t compared_max = std::min(size, arguments.compared_max);
  uint64_t matches = 0;
  ListValue::Cursor at = list.cursor(from_left ? 0 : size - 1);
  for (size_t i = 0; i < compared_max && positions.size() < arguments.matches_max; ++i) {
    if (at.bytes() == arguments.element && ++matches >= arguments.rank) {
      positions.push_back(from_left ? i : size - 1 - i);
    }
    at.move(opposite(arguments.from));
  }
  return positions;
}

Result<void> lpos(CommandCall& call) {
  TRY(const PositionArguments arguments, position_arguments(call));
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kList));
  std::vector<size_t> positions;
  if (entry != nullptr) positions = positions_of(entry->list(), arguments);
  if (arguments.counted) {
    call.reply.array(positions.size());
  } else if (positions.empty()) {
    call.reply.null();
  }
  for (const size_t position : positions)
    call.reply.unsigned_integer(position);
  return {};
}

// --- Rows

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
    {.name = "lpushx",
     .syntax = "key element...",
     .handler = lpushx,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kPushKeys)},
     .group = core::Group::kList,
     .since = "2.2.0",
     .complexity = "O(N), N the number of elements",
     .summary = "Puts elements at the left end of a list that exists already."},
    {.name = "rpushx",
     .syntax = "key element...",
     .handler = rpushx,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kPushKeys)},
     .group = core::Group::kList,
     .since = "2.2.0",
     .complexity = "O(N), N the number of elements",
     .summary = "Puts elements at the right end of a list that exists already."},
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
     .keys = {KeySpec::one(kListReadKeys)},
     .group = core::Group::kList,
     .since = "1.0.0",
     .complexity = "O(N), N the number of chunks to the nearer end",
     .summary = "Replies the element at a position."},
    {.name = "lrange",
     .syntax = "key start:integer stop:integer",
     .handler = lrange,
     .arity = Arity::exactly(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kListReadKeys)},
     .group = core::Group::kList,
     .since = "1.0.0",
     .complexity = "O(S+N), S the chunks to the start, N the elements replied",
     .summary = "Replies the elements between two positions."},
    {.name = "lpos",
     .syntax = "key element [RANK rank:integer] [COUNT num-matches:integer] [MAXLEN len:integer]",
     .handler = lpos,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kListReadKeys)},
     .group = core::Group::kList,
     .since = "6.0.6",
     .complexity = "O(N), N the number of elements compared",
     .summary = "Tells at which positions of a list an element is."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> list_commands() {
  return kRows;
}

}  // namespace sluice::commands
