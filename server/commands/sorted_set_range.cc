// SPDX-License-Identifier: MIT
//
// Ranges of sorted sets: replied, stored or removed. ZRANGE can say everything that the older commands can; they are
// ZRANGE with some of its options fixed.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/number_text.h"
#include "server/commands/groups.h"
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

enum class By : uint8_t { kRank, kScore, kLex };

// A range as it was asked for. What is `fixed`, by the command's name or by an option, no other option may say.
struct RangeRequest {
  By by = By::kRank;
  bool by_fixed = false;
  bool reverse = false;
  bool reverse_fixed = false;
  bool with_scores = false;
  bool limited = false;
  int64_t offset = 0;
  int64_t limit = -1;
  // One of these pairs is set, by `by`.
  int64_t start = 0;
  int64_t stop = 0;
  ScoreBound score_min = {};
  ScoreBound score_max = {};
  LexBound lex_min = {};
  LexBound lex_max = {};
};

Result<void> read_options(CommandCall& call, size_t at, bool may_reply_scores, RangeRequest& request) {
  Args args(call.words, at);
  while (args.more()) {
    if (may_reply_scores && args.accept("WITHSCORES")) {
      request.with_scores = true;
    } else if (args.left() >= 3 && args.accept("LIMIT")) {
      request.limited = true;
      request.offset = args.integer();
      request.limit = args.integer();
      TRY_VOID(args.good());
    } else if (!request.reverse_fixed && args.accept("REV")) {
      request.reverse = request.reverse_fixed = true;
    } else if (!request.by_fixed && args.accept("BYLEX")) {
      request.by = By::kLex;
      request.by_fixed = true;
    } else if (!request.by_fixed && args.accept("BYSCORE")) {
      request.by = By::kScore;
      request.by_fixed = true;
    } else {
      return Error::kSyntax;
    }
  }
  if (request.limited && request.limit != -1 && request.by == By::kRank) {
    return call.fail("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  }
  if (request.with_scores && request.by == By::kLex) {
    return call.fail("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  }
  return {};
}

// The words that say from where to where; a range that goes down names its upper end first.
Result<void> read_bounds(CommandCall& call, size_t at, RangeRequest& request) {
  std::string_view from = call.words[at];
  std::string_view to = call.words[at + 1];
  if (request.reverse && request.by != By::kRank) std::swap(from, to);
  switch (request.by) {
    case By::kRank: {
      Args args(call.words, at);
      request.start = args.integer();
      request.stop = args.integer();
      return args.good();
    }
    case By::kScore: {
      TRY(request.score_min, score_bound(call, from));
      TRY(request.score_max, score_bound(call, to));
      return {};
    }
    case By::kLex: {
      TRY(request.lex_min, lex_bound(call, from));
      TRY(request.lex_max, lex_bound(call, to));
      return {};
    }
  }
  return {};
}

// The ranks that a request comes to, LIMIT included.
RankRange ranks_of(const SortedSet& set, const RangeRequest& request) {
  const size_t size = set.size();
  RankRange range;
  switch (request.by) {
    case By::kRank:
      range = rank_range(request.start, request.stop, size);
      if (request.reverse && range.count > 0) range.first = size - range.first - range.count;
      return range;
    case By::kScore:
      range = range_between(set, request.score_min, request.score_max);
      break;
    case By::kLex:
      range = range_between(set, request.lex_min, request.lex_max);
      break;
  }
  if (!request.limited) return range;
  if (request.offset < 0 || static_cast<uint64_t>(request.offset) >= range.count) return {};
  const auto skipped = static_cast<size_t>(request.offset);
  const size_t left = range.count - skipped;
  const size_t taken = request.limit < 0 ? left : std::min(left, static_cast<size_t>(request.limit));
  return {request.reverse ? range.first + left - taken : range.first + skipped, taken};
}

// --- Replied and stored

Result<void> reply_range(CommandCall& call, RangeRequest request) {
  TRY_VOID(read_options(call, 4, true, request));
  TRY_VOID(read_bounds(call, 2, request));
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSortedSet));
  if (entry == nullptr) {
    call.reply.array(0);
    return {};
  }
  const SortedSet& set = entry->sorted_set();
  reply_members(call, members_in(set, ranks_of(set, request), request.reverse), request.with_scores,
                Pairs::kNestedIf3);
  return {};
}

Result<void> zrange(CommandCall& call) {
  return reply_range(call, {});
}
Result<void> zrevrange(CommandCall& call) {
  return reply_range(call, {.by_fixed = true, .reverse = true, .reverse_fixed = true});
}
Result<void> zrangebyscore(CommandCall& call) {
  return reply_range(call, {.by = By::kScore, .by_fixed = true, .reverse_fixed = true});
}
Result<void> zrevrangebyscore(CommandCall& call) {
  return reply_range(call, {.by = By::kScore, .by_fixed = true, .reverse = true, .reverse_fixed = true});
}
Result<void> zrangebylex(CommandCall& call) {
  return reply_range(call, {.by = By::kLex, .by_fixed = true, .reverse_fixed = true});
}
Result<void> zrevrangebylex(CommandCall& call) {
  return reply_range(call, {.by = By::kLex, .by_fixed = true, .reverse = true, .reverse_fixed = true});
}

Result<void> zrangestore(CommandCall& call) {
  RangeRequest request;
  TRY_VOID(read_options(call, 5, false, request));
  TRY_VOID(read_bounds(call, 3, request));
  TRY(const Entry* const entry, find_to_read(call, call.words[2], ValueType::kSortedSet));
  std::vector<Scored> members;
  if (entry != nullptr) {
    members = members_in(entry->sorted_set(), ranks_of(entry->sorted_set(), request), false);
  }
  call.reply.integer(store_sorted_set(call, call.words[1], members, KeyEvent::kZrangeStore));
  return {};
}

// --- Removed

Result<void> remove_range(CommandCall& call, By by, KeyEvent event) {
  RangeRequest request{.by = by};
  TRY_VOID(read_bounds(call, 2, request));
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kSortedSet));
  RankRange range;
  if (entry != nullptr) range = ranks_of(entry->sorted_set(), request);
  if (range.count > 0) {
    entry->sorted_set().erase_ranks(range.first, range.count);
    call.log();
    call.changed(key, event);
    erase_if_empty_sorted_set(call, key, *entry);
  }
  call.reply.integer(static_cast<int64_t>(range.count));
  return {};
}

Result<void> zremrangebyrank(CommandCall& call) {
  return remove_range(call, By::kRank, KeyEvent::kZremRangeByRank);
}
Result<void> zremrangebyscore(CommandCall& call) {
  return remove_range(call, By::kScore, KeyEvent::kZremRangeByScore);
}
Result<void> zremrangebylex(CommandCall& call) {
  return remove_range(call, By::kLex, KeyEvent::kZremRangeByLex);
}

// --- Rows

constexpr uint16_t kReadKeys = core::kRo | core::kAccess;
constexpr uint16_t kRemoveKeys = core::kRw | core::kDelete;

constexpr CommandSpec kRows[] = {
    {.name = "zrange",
     .syntax = "key start stop sortby:[BYSCORE|BYLEX] [REV] [LIMIT limit:(offset:integer count:integer)] "
               "[WITHSCORES]",
     .handler = zrange,
     .arity = Arity::at_least(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "1.2.0",
     .complexity = "O(log(N)+M), N the members of the set, M those replied",
     .summary = "Replies the members in a range of ranks, scores or bytes."},
    {.name = "zrevrange",
     .syntax = "key start:integer stop:integer [WITHSCORES]",
     .handler = zrevrange,
     .arity = Arity::at_least(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "1.2.0",
     .complexity = "O(log(N)+M), N the members of the set, M those replied",
     .summary = "Replies the members in a range of ranks, the highest score first."},
    {.name = "zrangebyscore",
     .syntax = "key min:double max:double [WITHSCORES] [LIMIT limit:(offset:integer count:integer)]",
     .handler = zrangebyscore,
     .arity = Arity::at_least(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "1.0.5",
     .complexity = "O(log(N)+M), N the members of the set, M those replied",
     .summary = "Replies the members with a score in a range."},
    {.name = "zrevrangebyscore",
     .syntax = "key max:double min:double [WITHSCORES] [LIMIT limit:(offset:integer count:integer)]",
     .handler = zrevrangebyscore,
     .arity = Arity::at_least(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "2.2.0",
     .complexity = "O(log(N)+M), N the members of the set, M those replied",
     .summary = "Replies the members with a score in a range, the highest first."},
    {.name = "zrangebylex",
     .syntax = "key min max [LIMIT limit:(offset:integer count:integer)]",
     .handler = zrangebylex,
     .arity = Arity::at_least(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "2.8.9",
     .complexity = "O(log(N)+M), N the members of the set, M those replied",
     .summary = "Replies the members in a range of bytes, where all scores are the same."},
    {.name = "zrevrangebylex",
     .syntax = "key max min [LIMIT limit:(offset:integer count:integer)]",
     .handler = zrevrangebylex,
     .arity = Arity::at_least(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "2.8.9",
     .complexity = "O(log(N)+M), N the members of the set, M those replied",
     .summary = "Replies the members in a range of bytes, the last one first."},
    {.name = "zrangestore",
     .syntax = "destination:key source:key min max sortby:[BYSCORE|BYLEX] [REV] "
               "[LIMIT limit:(offset:integer count:integer)]",
     .handler = zrangestore,
     .arity = Arity::at_least(5),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(core::kOw | core::kUpdate), KeySpec::one(kReadKeys, 2)},
     .group = core::Group::kSortedSet,
     .since = "6.2.0",
     .complexity = "O(log(N)+M*log(M)), N the members of the set, M those stored",
     .summary = "Makes a key hold what ZRANGE would reply."},
    {.name = "zremrangebyrank",
     .syntax = "key start:integer stop:integer",
     .handler = zremrangebyrank,
     .arity = Arity::exactly(4),
     .flags = core::kWrite,
     .keys = {KeySpec::one(kRemoveKeys)},
     .group = core::Group::kSortedSet,
     .since = "2.0.0",
     .complexity = "O(M*log(N)), N the members of the set, M those removed",
     .summary = "Removes the members in a range of ranks."},
    {.name = "zremrangebyscore",
     .syntax = "key min:double max:double",
     .handler = zremrangebyscore,
     .arity = Arity::exactly(4),
     .flags = core::kWrite,
     .keys = {KeySpec::one(kRemoveKeys)},
     .group = core::Group::kSortedSet,
     .since = "1.2.0",
     .complexity = "O(M*log(N)), N the members of the set, M those removed",
     .summary = "Removes the members with a score in a range."},
    {.name = "zremrangebylex",
     .syntax = "key min max",
     .handler = zremrangebylex,
     .arity = Arity::exactly(4),
     .flags = core::kWrite,
     .keys = {KeySpec::one(kRemoveKeys)},
     .group = core::Group::kSortedSet,
     .since = "2.8.9",
     .complexity = "O(M*log(N)), N the members of the set, M those removed",
     .summary = "Removes the members in a range of bytes, where all scores are the same."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> sorted_set_range_commands() {
  return kRows;
}

}  // namespace sluice::commands
