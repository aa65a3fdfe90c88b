// SPDX-License-Identifier: MIT
//
// The value of a sorted set key: different members, each with a score, in the order of (score, member bytes). A small
// one is a row in that order; a bigger one is a table that finds a member, and a balanced tree that knows positions.
//
// Every question about order is a question about ranks: a bound says how many members lie before it, and a walk starts
// at a rank. So there is one way to walk, whatever the range was given by.
//
// Invariants (check_invariants):
//  * no score is NaN; the row, or the tree, is in strictly ascending order of (score, member).
//  * table and tree hold the same members; they never become a row again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/collection_forms.h"
#include "engine/digest.h"
#include "engine/packed_strings.h"
#include "engine/record_sink.h"
#include "engine/segmented_table.h"

namespace sluice {

class ScoredMember;

// Where a range of scores begins or ends.
struct ScoreBound {
  double score = 0;
  bool exclusive = false;
};

// Where a range of members begins or ends; of use only while all scores are the same.
struct LexBound {
  enum class Kind : uint8_t { kLowest, kMember, kHighest };
  Kind kind = Kind::kMember;
  std::string_view member = {};
  bool exclusive = false;
};

class SortedSet {
 public:
  // `forms` must outlive it.
  explicit SortedSet(const CollectionForms& forms);
  ~SortedSet();
  SortedSet(const SortedSet&) = delete;
  SortedSet& operator=(const SortedSet&) = delete;

  size_t size() const;
  bool empty() const { return size() == 0; }
  std::optional<double> score(std::string_view member) const;
  bool contains(std::string_view member) const { return score(member).has_value(); }
  // Adds the member or gives it another score (-0 becomes 0). True if it is new. Requires: the score is not NaN;
  // `member` does not lie in this set. O(log n).
  bool set(std::string_view member, double score);
  // False if it is not there. O(log n).
  bool erase(std::string_view member);

  // How many members come before it. Nothing if it is not there. O(log n).
  std::optional<size_t> rank(std::string_view member) const;
  // How many members lie below the range that begins at `min`, and how many up to the end of the one that ends at
  // `max`: members of a range are those at ranks [before(min), until(max)). O(log n).
  size_t before(const ScoreBound& min) const;
  size_t until(const ScoreBound& max) const;
  size_t before(const LexBound& min) const;
  size_t until(const LexBound& max) const;

  using Visit = std::function<void(std::string_view member, double score)>;
  // Members at ranks [first, first + count), upwards; or downwards from `first + count - 1`. `visit` must not change
  // the set. Requires: first + count <= size(). O(log n + count).
  void for_each(size_t first, size_t count, const Visit& visit) const;
  void for_each_reverse(size_t first, size_t count, const Visit& visit) const;
  void for_each(const Visit& visit) const { for_each(0, size(), visit); }
  // Removes the members at ranks [first, first + count). Requires: first + count <= size().
  void erase_ranks(size_t first, size_t count);
  // As SegmentedTable::scan(); a row is visited whole.
  uint64_t scan(uint64_t cursor, size_t wanted, const Visit& visit) const;

  // As OBJECT ENCODING answers.
  bool is_packed() const { return big_ == nullptr; }
  std::string_view encoding() const { return big_ == nullptr ? "listpack" : "skiplist"; }
  // Heap memory held, in bytes, without the object itself.
  size_t bytes() const;
  void digest(Digest& into) const;
  // The commands that rebuild it under `key`.
  void dump(std::string_view key, RecordSink& sink) const;
  // Frees members of one that nobody uses any more, about so many, and lowers `parts_max` by what it did. True when
  // nothing is left; until then it may only be called again, or destroyed.
  bool free_some(size_t& parts_max);
  void check_invariants() const;

 private:
  struct Big;

  PackedStrings::Place find_packed(std::string_view member) const;
  void insert_packed(std::string_view member, double score);
  void become_big();
  // How many come before the first for which `is_past(member, score)` holds. Requires: it holds for all behind as well.
  template <typename IsPast>
  size_t partition(const IsPast& is_past) const;

  PackedStrings packed_;  // score as eight bytes, member, score, member ...
  std::unique_ptr<Big> big_;
  const CollectionForms& forms_;
};

}  // namespace sluice
