// SPDX-License-Identifier: MIT
//
// The hash table of a database, of a big hash, set or sorted set: from a key to the item that has it, in about 14
// bytes a key, without a moment at which the whole table moves.
//
// Everything is ordered by hash. The top `depth` bits choose a segment through a directory, the next six one
// of its 64 buckets of seven items. An item that finds its bucket full goes to one of the next eleven;
// when those are full as well, the segment alone is split in two by the next bit of the hash.
//
//   hash   [ segment: depth of it | bucket: 6 | ........ | tag: 8 ]
//
//   directory   00  01  10  11            a bucket is a cache line:  [7 tags][passed] [7 items]
//                │   │   └─┬─┘
//                ▼   ▼     ▼
//               ┌─┐ ┌─┐   ┌─┐
//    segments   └─┘ └─┘   └─┘
//             depth 2  2    1
//
// The other way, two halves that have become sparse are joined.
//
// A place in this order is a hash, and a hash does not move when segments split or join. So the cursor of a
// scan is one, needs no state in the table, and misses nothing.
//
// Invariants (check_invariants):
//  * an item lies in its home bucket or in one of the eleven behind it (past the last comes the first).
//  * `passed` of a bucket counts the items that lie behind it and whose home is it or before it: a search
//    goes on only while it is not zero.
//  * 2^(depth - d) neighbouring places of the directory name a segment of depth d.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace sluice {

// An Item says its key by `std::string_view key() const`, which stays the same while it is in the table.
//
// Only declared here: who has a new kind of item includes segmented_table_members.h in one .cc file and instantiates
// the table there, so that nobody else compiles it.
template <typename Item>
class SegmentedTable {
 public:
  // Costs no memory until a key is added.
  SegmentedTable() = default;
  ~SegmentedTable() { clear(); }
  SegmentedTable(const SegmentedTable&) = delete;
  SegmentedTable& operator=(const SegmentedTable&) = delete;

  // What the hash depends on. Requires: empty, never used.
  void seed(uint64_t hash_seed) { hash_seed_ = hash_seed; }

  size_t size() const { return size_; }
  Item* find(std::string_view key) const;
  // Requires: no item with its key is in the table. The item stays the caller's. O(1), or a split of one
  // segment.
  void insert(Item* item);
  // Requires: in the table.
  void erase(const Item* item);
  // Forgets all items.
  void clear();
  // Takes over the items of another table, which is empty then. Requires: empty.
  void take(SegmentedTable& other);
  // For a table that nobody uses any more: takes out one segment, and calls `visit` for each of its items, which may
  // free it. True when nothing is left; until then it may only be called again, or clear().
  bool free_segment(const std::function<void(Item*)>& visit);
  // An item chosen by `random`, each as likely as another while the table is not nearly empty; nullptr if there is
  // none.
  Item* choose(uint64_t random) const;

  // Visits items from `cursor` on until `wanted` have been, or many places were empty; returns where to go
  // on, 0 at the end. `visit` must not change the table.
  uint64_t scan(uint64_t cursor, size_t wanted, const std::function<void(Item*)>& visit) const;

  // Every item once. `visit` may free the item if clear() is the next call.
  void for_each(const std::function<void(Item*)>& visit) const;

  // Heap memory held, in bytes. O(segments).
  size_t bytes() const;
  void check_invariants() const;

 private:
  struct Bucket;
  // A segment's buckets, and how many bits of the hash its items share. Buckets are aligned to 64 bytes,
  // which leaves the low six bits of their address for the depth.
  struct SegmentRef {
    uintptr_t raw = 0;
    Bucket* buckets() const { return reinterpret_cast<Bucket*>(raw & ~uintptr_t{63}); }
    unsigned depth() const { return raw & 63; }
  };

  static SegmentRef make_segment(unsigned depth);
  static Bucket& bucket(SegmentRef segment, size_t index);
  // False if it finds no place.
  static bool put(SegmentRef segment, uint64_t hash, Item* item);

  uint64_t hash_of(const Item* item) const;
  SegmentRef segment_of(uint64_t hash) const;
  void place(uint64_t hash, Item* item);
  void split(uint64_t hash);
  void grow_directory();
  void join(uint64_t hash);
  size_t scan_bucket(SegmentRef segment, size_t home, const std::function<void(Item*)>& visit) const;
  template <typename Visit>
  static void for_each_item(SegmentRef segment, const Visit& visit);
  // visit(its first place in the directory, segment)
  template <typename Visit>
  void for_each_segment(const Visit& visit) const;

  uint64_t hash_seed_ = 0;
  std::unique_ptr<SegmentRef[]> directory_;
  unsigned depth_ = 0;
  size_t size_ = 0;
  size_t freed_ = 0;  // places of the directory whose segments free_segment() has freed
};

}  // namespace sluice
