// SPDX-License-Identifier: MIT
//
// Commands on single members of a sorted set, and on how many there are. Ranges are in sorted_set_range.cc, pops in
// sorted_set_pop.cc, combinations in sorted_set_operation.cc.
#include <cmath>
#include <string>
#include <vector>

#include "engine/base/number_text.h"
#include "server/commands/groups.h"
#include "server/commands/random_members.h"
#include "server/commands/scan_options.h"
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

// --- ZADD

struct AddOptions {
  bool if_absent = false;   // NX
  bool if_present = false;  // XX
  bool greater = false;     // GT
  bool less = false;        // LT
  bool count_changed = false;
  bool increment = false;
  size_t pairs_at = 2;
};

Result<AddOptions> add_options(CommandCall& call, bool increment) {
  AddOptions options{.increment = increment};
  Args args(call.words, 2);
  for (;; options.pairs_at = args.position()) {
    if (args.accept("NX")) {
      options.if_absent = true;
    } else if (args.accept("XX")) {
      options.if_present = true;
    } else if (args.accept("GT")) {
      options.greater = true;
    } else if (args.accept("LT")) {
      options.less = true;
    } else if (args.accept("CH")) {
      options.count_changed = true;
    } else if (args.accept("INCR")) {
      options.increment = true;
    } else {
      break;
    }
  }
  if (args.left() == 0 || args.left() % 2 != 0) return Error::kSyntax;
  if (options.if_absent && options.if_present) {
    return call.fail("ERR XX and NX options at the same time are not compatible");
  }
  if ((options.greater && options.if_absent) || (options.less && options.if_absent) ||
      (options.greater && options.less)) {
    return call.fail("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (options.increment && args.left() != 2) {
    return call.fail("ERR INCR option supports a single increment-element pair");
  }
  return options;
}

// What one pair comes to: the new score, or nothing if a condition keeps the old one.
std::optional<double> wanted_score(const AddOptions& options, std::optional<double> old, double given) {
  if (!old) return options.if_present ? std::nullopt : std::optional(given);
  if (options.if_absent) return std::nullopt;
  const double score = options.increment ? *old + given : given;
  if (options.greater && score <= *old) return std::nullopt;
  if (options.less && score >= *old) return std::nullopt;
  return score;
}

struct Added {
  int64_t added = 0;
  int64_t changed = 0;
  std::optional<double> score;  // of the last pair; none if a condition kept it from being set
};

Added add_members(CommandCall& call, const AddOptions& options, const std::vector<double>& scores,
                  Entry* found) {
  const std::string_view key = call.words[1];
  if (found == nullptr && options.if_present) return {};
  Entry& entry = found != nullptr ? *found : call.keyspace().insert_sorted_set(call.db(), key);
  SortedSet& set = entry.sorted_set();
  Added result;
  for (size_t i = 0; i < scores.size(); ++i) {
    const std::string_view member = call.words[options.pairs_at + 2 * i + 1];
    const auto old = set.score(member);
    result.score = wanted_score(options, old, scores[i]);
    if (!result.score) continue;
    if (!old) {
      ++result.added;
    } else if (*old != *result.score) {
      ++result.changed;
    } else {
      continue;
    }
    set.set(member, *result.score);
  }
  return result;
}

// ZADD, and ZINCRBY, which is one with INCR. `options.pairs_at` says where scores and members are.
Result<void> add(CommandCall& call, const AddOptions& options) {
  std::vector<double> scores;
  for (size_t i = options.pairs_at; i < call.words.size(); i += 2) {
    const auto score = parse_double(call.words[i]);
    if (!score) return Error::kNotFloat;
    scores.push_back(*score);
  }
  TRY(Entry* const found, find_to_write(call, call.words[1], ValueType::kSortedSet));
  if (options.increment && found != nullptr) {
    // The only thing that can fail once scores are read.
    const auto old = found->sorted_set().score(call.words[options.pairs_at + 1]);
    if (old && !options.if_absent && std::isnan(*old + scores[0])) {
      return call.fail("ERR resulting score is not a number (NaN)");
    }
  }
  const Added result = add_members(call, options, scores, found);
  if (result.added + result.changed > 0) {
    call.log();
    call.changed(call.words[1], options.increment ? KeyEvent::kZincr : KeyEvent::kZadd);
  }
  if (!options.increment) {
    call.reply.integer(options.count_changed ? result.added + result.changed : result.added);
  } else if (result.score) {
    call.reply.number(*result.score);
  } else {
    call.reply.null();
  }
  return {};
}

Result<void> zadd(CommandCall& call) {
  TRY(const AddOptions options, add_options(call, false));
  return add(call, options);
}

// The words of options are none here; to Redis, they are no numbers either.
Result<void> zincrby(CommandCall& call) {
  TRY(const AddOptions options, add_options(call, true));
  return add(call, options);
}

Result<void> zrem(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kSortedSet));
  int64_t removed = 0;
  if (entry != nullptr) {
    for (const std::string_view member : call.words.subspan(2))
      removed += entry->sorted_set().erase(member) ? 1 : 0;
  }
  if (removed > 0) {
    call.log();
    call.changed(key, KeyEvent::kZrem);
    erase_if_empty_sorted_set(call, key, *entry);
  }
  call.reply.integer(removed);
  return {};
}

// --- Reading

void reply_score(CommandCall& call, const Entry* entry, std::string_view member) {
  const auto score = entry == nullptr ? std::nullopt : entry->sorted_set().score(member);
  score ? call.reply.number(*score) : call.reply.null();
}

Result<void> zscore(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSortedSet));
  reply_score(call, entry, call.words[2]);
  return {};
}

Result<void> zmscore(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSortedSet));
  call.reply.array(call.words.size() - 2);
  for (const std::string_view member : call.words.subspan(2))
    reply_score(call, entry, member);
  return {};
}

Result<void> zcard(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSortedSet));
  call.reply.integer(entry == nullptr ? 0 : static_cast<int64_t>(entry->sorted_set().size()));
  return {};
}

Result<void> reply_rank(CommandCall& call, bool reverse) {
  Args args(call.words, 3);
  const bool with_score = args.more() && args.accept("WITHSCORE");
  TRY_VOID(args.done());
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSortedSet));
  const auto rank = entry == nullptr ? std::nullopt : entry->sorted_set().rank(call.words[2]);
  if (!rank) {
    with_score ? call.reply.null_array() : call.reply.null();
    return {};
  }
  const size_t counted = reverse ? entry->sorted_set().size() - 1 - *rank : *rank;
  if (with_score) call.reply.array(2);
  call.reply.integer(static_cast<int64_t>(counted));
  if (with_score) reply_score(call, entry, call.words[2]);
  return {};
}

Result<void> zrank(CommandCall& call) {
  return reply_rank(call, false);
}
Result<void> zrevrank(CommandCall& call) {
  return reply_rank(call, true);
}

template <typename Bound>
Result<void> reply_count(CommandCall& call, const Bound& min, const Bound& max) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSortedSet));
  const size_t count = entry == nullptr ? 0 : range_between(entry->sorted_set(), min, max).count;
  call.reply.integer(static_cast<int64_t>(count));
  return {};
}

Result<void> zcount(CommandCall& call) {
  TRY(const ScoreBound min, score_bound(call, call.words[2]));
  TRY(const ScoreBound max, score_bound(call, call.words[3]));
  return reply_count(call, min, max);
}

Result<void> zlexcount(CommandCall& call) {
  TRY(const LexBound min, lex_bound(call, call.words[2]));
  TRY(const LexBound max, lex_bound(call, call.words[3]));
  return reply_count(call, min, max);
}

// Up to here Redis takes a score that is whole for an integer.
constexpr double kPackedIntegerMax = 4611686018427387904.0;

Result<void> zscan(CommandCall& call) {
  TRY_VOID(cursor_argument(call, 2));
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSortedSet));
  std::vector<std::string> found;
  if (entry == nullptr) {
    reply_scan(call, 0, found);
    return {};
  }
  TRY(const ScanOptions options, scan_options(call));
  const bool packed = entry->sorted_set().is_packed();
  const uint64_t next =
      entry->sorted_set().scan(options.cursor, options.count, [&](std::string_view member, double score) {
        if (!options.matches(member)) return;
        char text[kDoubleCharsMax];
        found.emplace_back(member);
        // A packed set keeps what is whole as an integer, and there it shows.
        const bool whole = packed && std::abs(score) <= kPackedIntegerMax && std::trunc(score) == score;
        found.emplace_back(
            text, whole ? format_i64(text, static_cast<int64_t>(score)) : format_double(text, score));
      });
  reply_scan(call, next, found);
  return {};
}

// --- Chance

Scored drawn(const SortedSet& set, uint64_t entropy) {
  return members_in(set, {mix(entropy) % set.size(), 1}, false).front();
}

Result<void> zrandmember(CommandCall& call) {
  Args args(call.words, 2);
  const bool counted = args.more();
  int64_t count = 1;
  if (counted) count = args.integer();
  if (count == INT64_MIN) args.fail(Error::kLongMin);
  const bool with_scores = args.more() && args.accept("WITHSCORES");
  TRY_VOID(args.done());
  if (with_scores && (count < -INT64_MAX / 2 || count > INT64_MAX / 2)) return Error::kOutOfRange;
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kSortedSet));
  if (entry == nullptr || count == 0) {
    counted ? call.reply.array(0) : call.reply.null();
    return {};
  }
  const SortedSet& set = entry->sorted_set();
  if (!counted) {
    call.reply.bulk(drawn(set, call.stamp.entropy).member);
    return {};
  }
  if (count < -kDrawsMax) return call.fail(draws_error(count));
  if (count < 0) {
    // So many draws, of which some may be the same; replied as they are drawn, for there may be very many.
    const auto draws = static_cast<uint64_t>(-count);
    const bool nested = with_scores && call.reply.version() == 3;
    call.reply.array(with_scores && !nested ? 2 * draws : draws);
    for (uint64_t i = 0; i < draws; ++i) {
      const Scored one = drawn(set, call.stamp.entropy + i);
      if (nested) call.reply.array(2);
      call.reply.bulk(one.member);
      if (with_scores) call.reply.number(one.score);
    }
    return {};
  }
  const auto chosen = random_members(
      set.size(), static_cast<size_t>(count), call.stamp.entropy,
      [&set](const auto& visit) {
        set.for_each([&visit](std::string_view member, double) { visit(member); });
      },
      [&set](uint64_t entropy) { return drawn(set, entropy).member; });
  std::vector<Scored> members;
  for (const std::string& member : chosen)
    members.push_back({member, set.score(member).value_or(0)});
  reply_members(call, members, with_scores, Pairs::kNestedIf3);
  return {};
}

// --- Rows

constexpr CommandSpec kRows[] = {
    {.name = "zadd",
     .syntax = "key condition:[NX|XX] comparison:[GT|LT] [change:CH] [increment:INCR] data:(score:double "
               "member)...",
     .handler = zadd,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .group = core::Group::kSortedSet,
     .since = "1.2.0",
     .complexity = "O(M*log(N)), M the members named, N the members of the set",
     .summary = "Adds members to a sorted set, or gives them other scores."},
    {.name = "zincrby",
     .syntax = "key increment:double member",
     .handler = zincrby,
     .arity = Arity::exactly(4),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kUpdate)},
     .group = core::Group::kSortedSet,
     .since = "1.2.0",
     .complexity = "O(log(N)), N the members of the set",
     .summary = "Adds to the score of a member; a missing one counts as 0."},
    {.name = "zrem",
     .syntax = "key member...",
     .handler = zrem,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kDelete)},
     .group = core::Group::kSortedSet,
     .since = "1.2.0",
     .complexity = "O(M*log(N)), M the members named, N the members of the set",
     .summary = "Removes members of a sorted set; replies how many there were."},
    {.name = "zscore",
     .syntax = "key member",
     .handler = zscore,
     .arity = Arity::exactly(3),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kSortedSet,
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Replies the score of a member."},
    {.name = "zmscore",
     .syntax = "key member...",
     .handler = zmscore,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kSortedSet,
     .since = "6.2.0",
     .complexity = "O(N), N the members named",
     .summary = "Replies the scores of members."},
    {.name = "zcard",
     .syntax = "key",
     .handler = zcard,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo)},
     .group = core::Group::kSortedSet,
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Tells how many members a sorted set has."},
    {.name = "zrank",
     .syntax = "key member [WITHSCORE]",
     .handler = zrank,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kSortedSet,
     .since = "2.0.0",
     .complexity = "O(log(N)), N the members of the set",
     .summary = "Tells how many members come before one, by ascending score."},
    {.name = "zrevrank",
     .syntax = "key member [WITHSCORE]",
     .handler = zrevrank,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kSortedSet,
     .since = "2.0.0",
     .complexity = "O(log(N)), N the members of the set",
     .summary = "Tells how many members come before one, by descending score."},
    {.name = "zcount",
     .syntax = "key min:double max:double",
     .handler = zcount,
     .arity = Arity::exactly(4),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kSortedSet,
     .since = "2.0.0",
     .complexity = "O(log(N)), N the members of the set",
     .summary = "Counts the members with a score in a range."},
    {.name = "zlexcount",
     .syntax = "key min max",
     .handler = zlexcount,
     .arity = Arity::exactly(4),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kSortedSet,
     .since = "2.8.9",
     .complexity = "O(log(N)), N the members of the set",
     .summary = "Counts the members in a range of bytes, where all scores are the same."},
    {.name = "zscan",
     .syntax = "key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
     .handler = zscan,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kSortedSet,
     .since = "2.8.0",
     .complexity = "O(1) for each call, O(N) for all members",
     .summary = "Walks over members and scores of a sorted set, some at a time."},
    {.name = "zrandmember",
     .syntax = "key options:[count:integer [WITHSCORES]]",
     .handler = zrandmember,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kSortedSet,
     .since = "6.2.0",
     .complexity = "O(M*log(N)), M the members replied, N the members of the set",
     .summary = "Replies some members by chance, perhaps with their scores."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> sorted_set_commands() {
  return kRows;
}

}  // namespace sluice::commands
