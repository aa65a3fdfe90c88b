// SPDX-License-Identifier: MIT
#include "engine/sorted_set.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <string>
#include <vector>

#include "engine/base/allocate.h"
#include "engine/base/check.h"
#include "engine/base/number_text.h"
#include "engine/segmented_table_members.h"

namespace sluice {
namespace {

// Members that one record of dump() holds.
constexpr size_t kRecordMembersMax = 64;

double to_score(std::string_view bytes) {
  double score = 0;
  CHECK(bytes.size() == sizeof(score));
  std::memcpy(&score, bytes.data(), sizeof(score));
  return score;
}

struct Scored {
  double score;
  std::string_view member;
  friend bool operator<(const Scored& a, const Scored& b) {
    return a.score != b.score ? a.score < b.score : a.member < b.member;
  }
};

bool is_past_lex(const LexBound& bound, std::string_view member, bool at_bound_is_past) {
  switch (bound.kind) {
    case LexBound::Kind::kLowest:
      return true;
    case LexBound::Kind::kHighest:
      return false;
    case LexBound::Kind::kMember:
      break;
  }
  return member != bound.member ? member > bound.member : at_bound_is_past;
}

}  // namespace

// In one piece of memory: score, size, then the bytes.
class ScoredMember {
 public:
  static ScoredMember* create(std::string_view bytes, double score) {
    CHECK(bytes.size() <= UINT32_MAX);
    auto* member = static_cast<ScoredMember*>(allocate(sizeof(ScoredMember) + bytes.size()));
    member->score = score;
    member->size_ = static_cast<uint32_t>(bytes.size());
    auto* behind = reinterpret_cast<char*>(member + 1);
    if (!bytes.empty()) std::memcpy(behind, bytes.data(), bytes.size());
    return member;
  }
  static void destroy(ScoredMember* member) { std::free(member); }
  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), size_}; }
  Scored scored() const { return {score, key()}; }
  size_t bytes() const { return sizeof(ScoredMember) + size_; }

  double score;

 private:
  uint32_t size_;
};

template class SegmentedTable<ScoredMember>;

namespace {

struct ByScore {
  bool operator()(const ScoredMember* a, const ScoredMember* b) const { return a->scored() < b->scored(); }
};

// A red-black tree whose nodes count what is below them: the member at a rank, and the rank of a member, in O(log n).
using RankTree = __gnu_pbds::tree<ScoredMember*, __gnu_pbds::null_type, ByScore, __gnu_pbds::rb_tree_tag,
                                  __gnu_pbds::tree_order_statistics_node_update>;
constexpr size_t kTreeNodeBytes = 48;  // three pointers, member, size, colour

}  // namespace

struct SortedSet::Big {
  SegmentedTable<ScoredMember> table;
  RankTree tree;
  size_t item_bytes = 0;

  void add(std::string_view member, double score) {
    ScoredMember* const item = ScoredMember::create(member, score);
    item_bytes += item->bytes();
    table.insert(item);
    tree.insert(item);
  }
  void erase(ScoredMember* item) {
    tree.erase(item);
    table.erase(item);
    item_bytes -= item->bytes();
    ScoredMember::destroy(item);
  }
};

SortedSet::SortedSet(const CollectionForms& forms) : forms_(forms) {}

SortedSet::~SortedSet() {
  size_t parts_max = SIZE_MAX;
  free_some(parts_max);
}

size_t SortedSet::size() const {
  return big_ == nullptr ? packed_.count() / 2 : big_->table.size();
}

// The place of the member's score, or the end.
PackedStrings::Place SortedSet::find_packed(std::string_view member) const {
  auto place = packed_.begin();
  while (place != packed_.end()) {
    const auto text = packed_.next(place);
    if (packed_.at(text) == member) break;
    place = packed_.next(text);
  }
  return place;
}

std::optional<double> SortedSet::score(std::string_view member) const {
  if (big_ == nullptr) {
    const auto place = find_packed(member);
    if (place == packed_.end()) return std::nullopt;
    return to_score(packed_.at(place));
  }
  const ScoredMember* const item = big_->table.find(member);
  if (item == nullptr) return std::nullopt;
  return item->score;
}

void SortedSet::insert_packed(std::string_view member, double score) {
  auto place = packed_.begin();
  while (place != packed_.end()) {
    const auto text = packed_.next(place);
    if (Scored{score, member} < Scored{to_score(packed_.at(place)), packed_.at(text)}) break;
    place = packed_.next(text);
  }
  packed_.insert(place, member);
  packed_.insert(place, {reinterpret_cast<const char*>(&score), sizeof(score)});
}

bool SortedSet::set(std::string_view member, double score) {
  CHECK(!std::isnan(score));
  if (score == 0) score = 0;  // of the two zeros, the one that prints without a sign
  if (big_ == nullptr) {
    const auto place = find_packed(member);
    const bool is_new = place == packed_.end();
    const bool is_short =
        member.size() <= forms_.sorted_set_bytes_max && packed_.has_room(member.size() + sizeof(score));
    if (!is_new || (is_short && size() < forms_.sorted_set_members_max)) {
      if (!is_new) packed_.erase(place, 2);
      insert_packed(member, score);
      return is_new;
    }
    become_big();
  }
  ScoredMember* const item = big_->table.find(member);
  if (item == nullptr) {
    big_->add(member, score);
    return true;
  }
  if (item->score == score) return false;
  big_->tree.erase(item);
  item->score = score;
  big_->tree.insert(item);
  return false;
}

bool SortedSet::erase(std::string_view member) {
  if (big_ == nullptr) {
    const auto place = find_packed(member);
    if (place == packed_.end()) return false;
    packed_.erase(place, 2);
    return true;
  }
  ScoredMember* const item = big_->table.find(member);
  if (item == nullptr) return false;
  big_->erase(item);
  return true;
}

void SortedSet::become_big() {
  auto big = std::make_unique<Big>();
  big->table.seed(forms_.hash_seed);
  for_each([&big](std::string_view member, double score) { big->add(member, score); });
  packed_.clear();
  big_ = std::move(big);
}

// --- Order

std::optional<size_t> SortedSet::rank(std::string_view member) const {
  if (big_ != nullptr) {
    ScoredMember* const item = big_->table.find(member);
    if (item == nullptr) return std::nullopt;
    return big_->tree.order_of_key(item);
  }
  size_t rank = 0;
  for (auto place = packed_.begin(); place != packed_.end(); ++rank) {
    const auto text = packed_.next(place);
    if (packed_.at(text) == member) return rank;
    place = packed_.next(text);
  }
  return std::nullopt;
}

template <typename IsPast>
size_t SortedSet::partition(const IsPast& is_past) const {
  size_t before = 0;
  if (big_ == nullptr) {
    for (auto place = packed_.begin(); place != packed_.end(); ++before) {
      const auto text = packed_.next(place);
      if (is_past(packed_.at(text), to_score(packed_.at(place)))) break;
      place = packed_.next(text);
    }
    return before;
  }
  // Down the tree; to the right of a node lies what comes after it.
  auto node = big_->tree.node_begin();
  const auto end = big_->tree.node_end();
  while (node != end) {
    const ScoredMember* const item = **node;
    if (is_past(item->key(), item->score)) {
      node = node.get_l_child();
    } else {
      const auto left = node.get_l_child();
      before += 1 + (left == end ? 0 : left.get_metadata());
      node = node.get_r_child();
    }
  }
  return before;
}

size_t SortedSet::before(const ScoreBound& min) const {
  return partition([&min](std::string_view, double score) {
    return min.exclusive ? score > min.score : score >= min.score;
  });
}

size_t SortedSet::until(const ScoreBound& max) const {
  return partition([&max](std::string_view, double score) {
    return max.exclusive ? score >= max.score : score > max.score;
  });
}

size_t SortedSet::before(const LexBound& min) const {
  return partition(
      [&min](std::string_view member, double) { return is_past_lex(min, member, !min.exclusive); });
}

size_t SortedSet::until(const LexBound& max) const {
  return partition(
      [&max](std::string_view member, double) { return is_past_lex(max, member, max.exclusive); });
}

// --- Walking

void SortedSet::for_each(size_t first, size_t count, const Visit& visit) const {
  CHECK(first + count <= size());
  if (count == 0) return;
  if (big_ != nullptr) {
    auto at = big_->tree.find_by_order(first);
    for (size_t i = 0; i < count; ++i, ++at)
      visit((*at)->key(), (*at)->score);
    return;
  }
  auto place = packed_.begin();
  for (size_t i = 0; i < first + count; ++i) {
    const auto text = packed_.next(place);
    if (i >= first) visit(packed_.at(text), to_score(packed_.at(place)));
    place = packed_.next(text);
  }
}

void SortedSet::for_each_reverse(size_t first, size_t count, const Visit& visit) const {
  CHECK(first + count <= size());
  if (count == 0) return;
  if (big_ != nullptr) {
    auto at = big_->tree.find_by_order(first + count - 1);
    for (size_t i = count; i > 0; --i) {
      visit((*at)->key(), (*at)->score);
      if (i > 1) --at;
    }
    return;
  }
  std::vector<Scored> row;
  for_each(first, count, [&row](std::string_view member, double score) { row.push_back({score, member}); });
  for (auto at = row.rbegin(); at != row.rend(); ++at)
    visit(at->member, at->score);
}

void SortedSet::erase_ranks(size_t first, size_t count) {
  CHECK(first + count <= size());
  if (big_ != nullptr) {
    for (size_t i = 0; i < count; ++i)
      big_->erase(*big_->tree.find_by_order(first));
    return;
  }
  auto place = packed_.begin();
  for (size_t i = 0; i < 2 * first; ++i)
    place = packed_.next(place);
  if (count > 0) packed_.erase(place, 2 * count);
}

uint64_t SortedSet::scan(uint64_t cursor, size_t wanted, const Visit& visit) const {
  if (big_ != nullptr) {
    return big_->table.scan(cursor, wanted,
                            [&visit](ScoredMember* item) { visit(item->key(), item->score); });
  }
  for_each(visit);
  return 0;
}

// --- What it is

size_t SortedSet::bytes() const {
  if (big_ == nullptr) return packed_.bytes();
  return sizeof(Big) + big_->table.bytes() + big_->item_bytes + size() * kTreeNodeBytes;
}

void SortedSet::digest(Digest& into) const {
  for_each([&into](std::string_view member, double score) {
    char text[kDoubleCharsMax];
    into.add(member);
    into.add(std::string_view(text, format_double(text, score)));
  });
}

void SortedSet::dump(std::string_view key, RecordSink& sink) const {
  std::vector<std::string> scores;
  std::vector<std::string_view> members;
  const auto flush = [&] {
    if (members.empty()) return;
    std::vector<std::string_view> words = {"ZADD", key};
    for (size_t i = 0; i < members.size(); ++i) {
      words.push_back(scores[i]);
      words.push_back(members[i]);
    }
    sink.record(words);
    scores.clear();
    members.clear();
  };
  for_each([&](std::string_view member, double score) {
    char text[kDoubleCharsMax];
    scores.emplace_back(text, format_double(text, score));
    members.push_back(member);
    if (members.size() == kRecordMembersMax) flush();
  });
  flush();
}

bool SortedSet::free_some(size_t& parts_max) {
  packed_.clear();
  // The tree first: the table only points at the members, and does not look at them when it goes.
  for (; big_ != nullptr && !big_->tree.empty() && parts_max > 0; --parts_max) {
    ScoredMember* const item = *big_->tree.begin();
    big_->tree.erase(big_->tree.begin());
    ScoredMember::destroy(item);
  }
  while (big_ != nullptr && big_->tree.empty() && parts_max > 0) {
    --parts_max;
    if (big_->table.free_segment([](ScoredMember*) {})) big_ = nullptr;
  }
  return big_ == nullptr;
}

void SortedSet::check_invariants() const {
  packed_.check_invariants();
  CHECK(packed_.count() % 2 == 0);
  if (big_ != nullptr) {
    CHECK(packed_.empty() && big_->tree.size() == big_->table.size());
    big_->table.check_invariants();
    size_t sum = 0;
    big_->table.for_each([&sum](ScoredMember* item) { sum += item->bytes(); });
    CHECK(sum == big_->item_bytes);
  }
  size_t rank = 0;
  std::optional<Scored> previous;
  for_each([&](std::string_view member, double score) {
    CHECK(!previous || *previous < (Scored{score, member}));
    previous = Scored{score, member};
    CHECK(this->score(member) == score && this->rank(member) == rank);
    ++rank;
  });
}

}  // namespace sluice
