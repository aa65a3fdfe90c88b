// SPDX-License-Identifier: MIT
//
// The value of a set key: different byte strings, in no order that matters. A small set of integers is a sorted row of
// numbers, another small one a row of strings, a bigger one a table.
//
// Invariants (check_invariants):
//  * exactly one of integers_, packed_ and table_ holds members; none in an empty set.
//  * integers_ is in ascending order. A set goes from the first form to the second or third, and from the second to the
//    third, never back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/collection_forms.h"
#include "engine/digest.h"
#include "engine/packed_strings.h"
#include "engine/record_sink.h"
#include "engine/segmented_table.h"

namespace sluice {

class SetMember;

class Set {
 public:
  // `forms` must outlive it.
  explicit Set(const CollectionForms& forms);
  ~Set();
  Set(const Set&) = delete;
  Set& operator=(const Set&) = delete;

  size_t size() const;
  bool empty() const { return size() == 0; }
  bool contains(std::string_view member) const;
  // True if it is new. `member` must not lie in this set.
  bool add(std::string_view member);
  // False if it is not there.
  bool erase(std::string_view member);

  using Visit = std::function<void(std::string_view member)>;
  // Every member once. The text is valid during the call only, and `visit` must not change the set.
  void for_each(const Visit& visit) const;
  // As SegmentedTable::scan(); a row is visited whole.
  uint64_t scan(uint64_t cursor, size_t wanted, const Visit& visit) const;
  // One member, each with the same chance; which one follows from `entropy`. Requires: not empty.
  std::string sample(uint64_t entropy) const;

  // As OBJECT ENCODING answers.
  std::string_view encoding() const;
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
  using Table = SegmentedTable<SetMember>;
  enum class Form : uint8_t { kIntegers, kPacked, kTable };

  PackedStrings::Place find_packed(std::string_view member) const;
  bool add_integer(int64_t number);
  void become_packed();
  void become_table();
  void add_to_table(std::string_view member);

  Form form_ = Form::kIntegers;
  std::vector<int64_t> integers_;
  PackedStrings packed_;
  std::unique_ptr<Table> table_;
  size_t item_bytes_ = 0;  // of what lies in the table
  const CollectionForms& forms_;
};

}  // namespace sluice
