// SPDX-License-Identifier: MIT
//
// The hash table of one database: from a key to its entry, in about 14 bytes a key, without a moment at which
// the whole table moves.
//
// Everything is ordered by hash. The top `depth` bits choose a segment through a directory, the next six one
// of its 64 buckets of seven entries. An entry that finds its bucket full goes to one of the next eleven;
// when those are full as well, the segment alone is split in two by the next bit of the hash.
//
//   hash   [ segment: depth of it | bucket: 6 | ........ | tag: 8 ]
//
//   directory   00  01  10  11            a bucket is a cache line:  [7 tags][passed] [7 entries]
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
//  * an entry lies in its home bucket or in one of the eleven behind it (past the last comes the first).
//  * `passed` of a bucket counts the entries that lie behind it and whose home is it or before it: a search
//    goes on only while it is not zero.
//  * 2^(depth - d) neighbouring places of the directory name a segment of depth d.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace sluice {

class Entry;

class KeyTable {
 public:
  // Costs no memory until a key is added.
  KeyTable() = default;
  ~KeyTable() { clear(); }
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  // Kept by all tables of a keyspace. Requires: empty, never used.
  void seed(uint64_t hash_seed) { hash_seed_ = hash_seed; }

  size_t size() const { return size_; }
  Entry* find(std::string_view key) const;
  // Requires: no entry with its key is in the table. The entry stays the caller's. O(1), or a split of one segment.
  void insert(Entry* entry);
  // Requires: in the table.
  void erase(const Entry* entry);
  // Forgets all entries.
  void clear();

  // Visits entries from `cursor` on until `wanted` have been, or many places were empty; returns where to go
  // on, 0 at the end. `visit` must not change the table.
  uint64_t scan(uint64_t cursor, size_t wanted, const std::function<void(Entry*)>& visit) const;

  // Every entry once. `visit` may free the entry if clear() is the next call.
  void for_each(const std::function<void(Entry*)>& visit) const;

  // Heap memory held, in bytes. O(segments).
  size_t bytes() const;
  void check_invariants() const;

 private:
  struct Bucket;
  // A segment's buckets, and how many bits of the hash its entries share. Buckets are aligned to 64 bytes,
  // which leaves the low six bits of their address for the depth.
  struct SegmentRef {
    uintptr_t raw = 0;
    Bucket* buckets() const { return reinterpret_cast<Bucket*>(raw & ~uintptr_t{63}); }
    unsigned depth() const { return raw & 63; }
  };

  static SegmentRef make_segment(unsigned depth);
  static Bucket& bucket(SegmentRef segment, size_t index);
  // False if it finds no place.
  static bool put(SegmentRef segment, uint64_t hash, Entry* entry);

  uint64_t hash_of(const Entry* entry) const;
  SegmentRef segment_of(uint64_t hash) const;
  void place(uint64_t hash, Entry* entry);
  void split(uint64_t hash);
  void grow_directory();
  void join(uint64_t hash);
  size_t scan_bucket(SegmentRef segment, size_t home, const std::function<void(Entry*)>& visit) const;
  template <typename Visit>
  static void for_each_entry(SegmentRef segment, const Visit& visit);
  // visit(its first place in the directory, segment)
  template <typename Visit>
  void for_each_segment(const Visit& visit) const;

  uint64_t hash_seed_ = 0;
  std::unique_ptr<SegmentRef[]> directory_;
  unsigned depth_ = 0;
  size_t size_ = 0;
};

}  // namespace sluice
