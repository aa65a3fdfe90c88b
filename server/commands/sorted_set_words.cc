// SPDX-License-Identifier: MIT
#include "server/commands/sorted_set_words.h"

#include <algorithm>

#include "engine/base/number_text.h"

namespace sluice::commands {

Result<ScoreBound> score_bound(core::CommandCall& call, std::string_view word) {
  ScoreBound bound;
  if (!word.empty() && word[0] == '(') {
    bound.exclusive = true;
    word.remove_prefix(1);
  }
  // Redis reads these with strtod(): blanks in front are skipped, a zero byte is the end, and nothing is 0.
  word = word.substr(0, word.find('\0'));
  word.remove_prefix(std::min(word.find_first_not_of(" \t\n\v\f\r"), word.size()));
  if (word.empty()) return bound;
  const auto score = parse_double(word);
  if (!score) return call.fail("ERR min or max is not a float");
  bound.score = *score;
  return bound;
}

Result<LexBound> lex_bound(core::CommandCall& call, std::string_view word) {
  if (word == "-") return LexBound{.kind = LexBound::Kind::kLowest};
  if (word == "+") return LexBound{.kind = LexBound::Kind::kHighest};
  if (word.empty() || (word[0] != '(' && word[0] != '[')) {
    return call.fail("ERR min or max not valid string range item");
  }
  return LexBound{.member = word.substr(1), .exclusive = word[0] == '('};
}

RankRange rank_range(int64_t start, int64_t stop, size_t size) {
  const auto end = static_cast<int64_t>(size);
  if (start < 0) start = std::max<int64_t>(start + end, 0);
  if (stop < 0) stop += end;
  stop = std::min(stop, end - 1);
  if (start > stop) return {};
  return {static_cast<size_t>(start), static_cast<size_t>(stop - start + 1)};
}

std::vector<Scored> members_in(const SortedSet& set, const RankRange& range, bool reverse) {
  std::vector<Scored> members;
  members.reserve(range.count);
  const auto visit = [&members](std::string_view member, double score) {
    members.push_back({std::string(member), score});
  };
  if (reverse) {
    set.for_each_reverse(range.first, range.count, visit);
  } else {
    set.for_each(range.first, range.count, visit);
  }
  return members;
}

void reply_members(core::CommandCall& call, const std::vector<Scored>& members, bool with_scores,
                   Pairs pairs) {
  const bool nested = with_scores && (pairs == Pairs::kNestedAlways ||
                                      (pairs == Pairs::kNestedIf3 && call.reply.version() == 3));
  call.reply.array(with_scores && !nested ? 2 * members.size() : members.size());
  for (const Scored& one : members) {
    if (nested) call.reply.array(2);
    call.reply.bulk(one.member);
    if (with_scores) call.reply.number(one.score);
  }
}

void erase_if_empty_sorted_set(core::CommandCall& call, std::string_view key, Entry& entry) {
  if (!entry.sorted_set().empty()) return;
  call.keyspace().erase(entry);
  call.changed(key, core::KeyEvent::kDel);
}

int64_t store_sorted_set(core::CommandCall& call, std::string_view key, const std::vector<Scored>& members,
                         core::KeyEvent event) {
  if (!members.empty()) {
    Entry& entry = call.keyspace().set_sorted_set(call.db(), key);
    for (const Scored& one : members)
      entry.sorted_set().set(one.member, one.score);
    call.log();
    call.changed(key, event);
  } else if (const Entry* const old = call.keyspace().find(call.db(), key)) {
    call.keyspace().erase(*old);
    call.log();
    call.changed(key, core::KeyEvent::kDel);
  }
  return static_cast<int64_t>(members.size());
}

}  // namespace sluice::commands
