// SPDX-License-Identifier: MIT
//
// What the commands on sorted sets share: bounds as words, members and scores as replies, and the end of an empty set.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sorted_set.h"
#include "server/commands/lookup.h"

namespace sluice::commands {

// "1.5", "(1.5", "-inf". Errors: a text of its own.
Result<ScoreBound> score_bound(core::CommandCall& call, std::string_view word);
// "[a", "(a", "-", "+".
Result<LexBound> lex_bound(core::CommandCall& call, std::string_view word);

// Members at ranks [first, first + count).
struct RankRange {
  size_t first = 0;
  size_t count = 0;
};
// From `start` to `stop`, both included; negative ones count from the end.
RankRange rank_range(int64_t start, int64_t stop, size_t size);
template <typename Bound>
RankRange range_between(const SortedSet& set, const Bound& min, const Bound& max) {
  const size_t first = set.before(min);
  const size_t behind = set.until(max);
  return {first, behind > first ? behind - first : 0};
}

// A copy, for what outlives a change of the set.
struct Scored {
  std::string member;
  double score;
};
std::vector<Scored> members_in(const SortedSet& set, const RankRange& range, bool reverse);

// How members are replied with their scores.
enum class Pairs : uint8_t {
  kFlat,         // member, score, member, score ...
  kNestedIf3,    // likewise in RESP2, [member, score] each in RESP3
  kNestedAlways  // [member, score] each
};
void reply_members(core::CommandCall& call, const std::vector<Scored>& members, bool with_scores,
                   Pairs pairs);

// The key goes when the last member has gone.
void erase_if_empty_sorted_set(core::CommandCall& call, std::string_view key, Entry& entry);
// Makes `key` hold these members, or nothing if there are none; logs the command. Returns how many there are.
int64_t store_sorted_set(core::CommandCall& call, std::string_view key, const std::vector<Scored>& members,
                         core::KeyEvent event);

}  // namespace sluice::commands
