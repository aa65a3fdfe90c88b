// SPDX-License-Identifier: MIT
//
// The members of SegmentedTable, for the file that instantiates it.
#pragma once

#include "engine/segmented_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "engine/base/allocate.h"
#include "engine/base/check.h"
#include "engine/base/hash.h"
#include "engine/stamp.h"

namespace sluice {
namespace segmented_table {

inline constexpr unsigned kBucketBits = 6;
inline constexpr size_t kBuckets = 1 << kBucketBits;
inline constexpr size_t kBucketItems = 7;
// Buckets that an item can lie in. With twelve, segments split when they are about 88 % full; with four, at
// 74 %.
inline constexpr size_t kProbesMax = 12;
// A cursor is the top bits of a hash; so many that a client which keeps it as a double loses none.
inline constexpr unsigned kCursorBits = 48;
// Items of one segment share their top bits. With a seeded hash, more than this never happens.
inline constexpr unsigned kDepthMax = 40;
static_assert(kDepthMax + kBucketBits <= kCursorBits, "a cursor must name a bucket");
static_assert(kDepthMax < 64, "a depth must fit beside the address");
static_assert(kBucketItems * kProbesMax < 256, "`passed` must not overflow");

// Two segments are joined when together they fill no more than a quarter of one. A look whether they do walks
// over both: it is taken at every so many erasures, if the erased item was the last of its bucket, as it
// seldom is in a segment that is well filled.
inline constexpr size_t kJoinedItemsMax = kBuckets * kBucketItems / 4;
inline constexpr size_t kErasuresPerLook = 16;

// In a scan, so many empty buckets count as a key: a sparse table must not hold up the loop.
inline constexpr size_t kEmptyBucketsPerKey = 16;

// Draws of a random place before a walk takes over.
inline constexpr size_t kDrawsMax = 256;

// Never 0, which is a free place.
inline uint8_t tag_of(uint64_t hash) {
  return static_cast<uint8_t>(std::max<uint64_t>(hash & 0xff, 1));
}

// The top `bits` of the hash; none of them is 0.
inline uint64_t top(uint64_t hash, unsigned bits) {
  return bits == 0 ? 0 : hash >> (64 - bits);
}

// The home bucket in a segment of that depth.
inline size_t home_of(uint64_t hash, unsigned depth) {
  return (hash << depth) >> (64 - kBucketBits);
}

}  // namespace segmented_table

template <typename Item>
struct alignas(64) SegmentedTable<Item>::Bucket {
  uint8_t tags[segmented_table::kBucketItems];
  uint8_t passed;
  Item* items[segmented_table::kBucketItems];

  // Bit 8i+7 is set if tag i may be `tag`: always if it is, seldom if it is not.
  uint64_t match(uint8_t tag) const {
    constexpr uint64_t kOnes = 0x0001010101010101u;
    constexpr uint64_t kHighs = kOnes << 7;
    uint64_t word = 0;
    std::memcpy(&word, tags, sizeof(word));
    const uint64_t unequal = word ^ (kOnes * tag);
    return (unequal - kOnes) & ~unequal & kHighs;
  }

  bool is_empty() const {
    return std::all_of(tags, tags + segmented_table::kBucketItems, [](uint8_t tag) { return tag == 0; });
  }
  // segmented_table::kBucketItems if there is none.
  size_t free_place() const {
    return static_cast<size_t>(std::find(tags, tags + segmented_table::kBucketItems, 0) - tags);
  }
};

template <typename Item>
typename SegmentedTable<Item>::Bucket& SegmentedTable<Item>::bucket(SegmentRef segment, size_t index) {
  return segment.buckets()[index % segmented_table::kBuckets];
}

template <typename Item>
typename SegmentedTable<Item>::SegmentRef SegmentedTable<Item>::make_segment(unsigned depth) {
  static_assert(sizeof(Bucket) == 64, "a bucket is a cache line");
  void* buckets = allocate_aligned(alignof(Bucket), sizeof(Bucket) * segmented_table::kBuckets);
  std::memset(buckets, 0, sizeof(Bucket) * segmented_table::kBuckets);
  return {reinterpret_cast<uintptr_t>(buckets) | depth};
}

template <typename Item>
template <typename Visit>
void SegmentedTable<Item>::for_each_item(SegmentRef segment, const Visit& visit) {
  for (size_t i = 0; i < segmented_table::kBuckets; ++i) {
    for (Item* item : bucket(segment, i).items) {
      if (item != nullptr) visit(item);
    }
  }
}

template <typename Item>
template <typename Visit>
void SegmentedTable<Item>::for_each_segment(const Visit& visit) const {
  if (directory_ == nullptr) return;
  for (size_t i = freed_; i < size_t{1} << depth_;) {
    const SegmentRef segment = directory_[i];
    visit(i, segment);
    i += size_t{1} << (depth_ - segment.depth());
  }
}

template <typename Item>
uint64_t SegmentedTable<Item>::hash_of(const Item* item) const {
  return hash_bytes(item->key(), hash_seed_);
}

template <typename Item>
typename SegmentedTable<Item>::SegmentRef SegmentedTable<Item>::segment_of(uint64_t hash) const {
  return directory_[segmented_table::top(hash, depth_)];
}

template <typename Item>
Item* SegmentedTable<Item>::find(std::string_view key) const {
  if (size_ == 0) return nullptr;
  const uint64_t hash = hash_bytes(key, hash_seed_);
  const SegmentRef segment = segment_of(hash);
  const size_t home = segmented_table::home_of(hash, segment.depth());
  for (size_t probe = 0; probe < segmented_table::kProbesMax; ++probe) {
    const Bucket& at = bucket(segment, home + probe);
    for (uint64_t match = at.match(segmented_table::tag_of(hash)); match != 0; match &= match - 1) {
      Item* const item = at.items[std::countr_zero(match) / 8];
      if (item != nullptr && item->key() == key) return item;
    }
    if (at.passed == 0) break;
  }
  return nullptr;
}

template <typename Item>
bool SegmentedTable<Item>::put(SegmentRef segment, uint64_t hash, Item* item) {
  const size_t home = segmented_table::home_of(hash, segment.depth());
  for (size_t probe = 0; probe < segmented_table::kProbesMax; ++probe) {
    Bucket& at = bucket(segment, home + probe);
    const size_t place = at.free_place();
    if (place == segmented_table::kBucketItems) continue;
    at.tags[place] = segmented_table::tag_of(hash);
    at.items[place] = item;
    for (size_t i = 0; i < probe; ++i) {
      ++bucket(segment, home + i).passed;
    }
    return true;
  }
  return false;
}

template <typename Item>
void SegmentedTable<Item>::insert(Item* item) {
  DCHECK(find(item->key()) == nullptr);
  if (directory_ == nullptr) {
    directory_ = std::make_unique<SegmentRef[]>(1);
    directory_[0] = make_segment(0);
  }
  place(hash_of(item), item);
  ++size_;
}

template <typename Item>
void SegmentedTable<Item>::place(uint64_t hash, Item* item) {
  while (!put(segment_of(hash), hash, item)) {
    split(hash);
  }
}

// Two segments take the place of the one that this hash lies in. Each item gets a new home, because one bit
// more belongs to the segment; and if the bits are so uneven that it finds no place there, that segment is
// split as well.
template <typename Item>
void SegmentedTable<Item>::split(uint64_t hash) {
  const SegmentRef old = segment_of(hash);
  const unsigned depth = old.depth() + 1;
  CHECK(depth <= segmented_table::kDepthMax);
  if (depth > depth_) grow_directory();

  const size_t half = size_t{1} << (depth_ - depth);
  SegmentRef* const places = &directory_[segmented_table::top(hash, depth - 1) * 2 * half];
  std::fill(places, places + half, make_segment(depth));
  std::fill(places + half, places + 2 * half, make_segment(depth));
  for_each_item(old, [this](Item* item) { place(hash_of(item), item); });
  std::free(old.buckets());
}

// The opposite of a split, if the segment of this hash and its other half have become sparse.
template <typename Item>
void SegmentedTable<Item>::join(uint64_t hash) {
  const SegmentRef one = segment_of(hash);
  const unsigned depth = one.depth();
  if (depth == 0) return;
  const uint64_t index = segmented_table::top(hash, depth);
  const SegmentRef other = directory_[(index ^ 1) << (depth_ - depth)];
  if (other.depth() != depth) return;

  size_t items = 0;
  for (const SegmentRef segment : {one, other}) {
    for_each_item(segment, [&items](Item*) { ++items; });
  }
  if (items > segmented_table::kJoinedItemsMax) return;
  const SegmentRef joined = make_segment(depth - 1);
  size_t placed = 0;
  for (const SegmentRef segment : {one, other}) {
    for_each_item(
        segment, [this, joined, &placed](Item* item) { placed += put(joined, hash_of(item), item) ? 1 : 0; });
  }
  if (placed < items) {  // all have about the same hash
    std::free(joined.buckets());
    return;
  }
  SegmentRef* const places = &directory_[(index >> 1) << (depth_ - depth + 1)];
  std::fill(places, places + (size_t{2} << (depth_ - depth)), joined);
  std::free(one.buckets());
  std::free(other.buckets());
}

template <typename Item>
void SegmentedTable<Item>::grow_directory() {
  auto grown = std::make_unique<SegmentRef[]>(size_t{2} << depth_);
  for (size_t i = 0; i < size_t{2} << depth_; ++i) {
    grown[i] = directory_[i / 2];
  }
  directory_ = std::move(grown);
  ++depth_;
}

template <typename Item>
void SegmentedTable<Item>::erase(const Item* item) {
  const uint64_t hash = hash_of(item);
  const SegmentRef segment = segment_of(hash);
  const size_t home = segmented_table::home_of(hash, segment.depth());
  for (size_t probe = 0; probe < segmented_table::kProbesMax; ++probe) {
    Bucket& at = bucket(segment, home + probe);
    Item** const found = std::find(at.items, at.items + segmented_table::kBucketItems, item);
    if (found == at.items + segmented_table::kBucketItems) continue;
    *found = nullptr;
    at.tags[found - at.items] = 0;
    for (size_t i = 0; i < probe; ++i) {
      --bucket(segment, home + i).passed;
    }
    // One segment is kept: the only key of a database often comes and goes.
    if (--size_ == 0 && depth_ > 0) return clear();
    if (at.is_empty() && size_ % segmented_table::kErasuresPerLook == 0) join(hash);
    return;
  }
  CHECK(!"the item is in the table");
}

template <typename Item>
void SegmentedTable<Item>::clear() {
  for_each_segment([](uint64_t, SegmentRef segment) { std::free(segment.buckets()); });
  freed_ = 0;
  directory_ = nullptr;
  depth_ = 0;
  size_ = 0;
}

template <typename Item>
void SegmentedTable<Item>::take(SegmentedTable& other) {
  CHECK(size_ == 0);
  clear();
  hash_seed_ = other.hash_seed_;
  directory_ = std::move(other.directory_);
  depth_ = std::exchange(other.depth_, 0);
  size_ = std::exchange(other.size_, 0);
}

template <typename Item>
bool SegmentedTable<Item>::free_segment(const std::function<void(Item*)>& visit) {
  if (directory_ == nullptr) return true;
  const SegmentRef segment = directory_[freed_];
  for_each_item(segment, visit);
  std::free(segment.buckets());
  freed_ += size_t{1} << (depth_ - segment.depth());
  if (freed_ < size_t{1} << depth_) return false;
  clear();
  return true;
}

template <typename Item>
Item* SegmentedTable<Item>::choose(uint64_t random) const {
  if (size_ == 0) return nullptr;
  // Places are drawn until one holds an item. A segment that has several places in the directory is found by each of
  // them, so all but one in so many draws of it are given back: then every place has the same chance.
  for (size_t draw = 0; draw < segmented_table::kDrawsMax; ++draw) {
    random = mix(random);
    const SegmentRef segment = segment_of(random);
    const uint64_t below = mix(random);
    const uint64_t excess = (uint64_t{1} << (depth_ - segment.depth())) - 1;
    if ((below >> 32 & excess) != 0) continue;
    const Bucket& at = bucket(segment, below & (segmented_table::kBuckets - 1));
    Item* const item = at.items[(below >> 8 & 0xffffff) % segmented_table::kBucketItems];
    if (item != nullptr) return item;
  }
  // Nearly empty: the next one from somewhere on.
  Item* found = nullptr;
  uint64_t cursor = mix(random) >> (64 - segmented_table::kCursorBits);
  while (found == nullptr)
    cursor = scan(cursor, 1, [&found](Item* item) { found = item; });
  return found;
}

template <typename Item>
void SegmentedTable<Item>::for_each(const std::function<void(Item*)>& visit) const {
  for_each_segment([&visit](uint64_t, SegmentRef segment) { for_each_item(segment, visit); });
}

template <typename Item>
uint64_t SegmentedTable<Item>::scan(uint64_t cursor, size_t wanted,
                                    const std::function<void(Item*)>& visit) const {
  if (size_ == 0 || cursor >> segmented_table::kCursorBits != 0) return 0;
  uint64_t hash = cursor << (64 - segmented_table::kCursorBits);
  size_t visited = 0;
  size_t buckets_empty = 0;
  do {
    const SegmentRef segment = segment_of(hash);
    const size_t here = scan_bucket(segment, segmented_table::home_of(hash, segment.depth()), visit);
    visited += here;
    if (here == 0) ++buckets_empty;
    const unsigned bits_below = 64 - segment.depth() - segmented_table::kBucketBits;
    hash = ((hash >> bits_below) + 1) << bits_below;  // 0 behind the last bucket
  } while (hash != 0 && visited + buckets_empty / segmented_table::kEmptyBucketsPerKey < wanted);
  return hash >> (64 - segmented_table::kCursorBits);
}

// Visits the items whose home this is, wherever they lie.
template <typename Item>
size_t SegmentedTable<Item>::scan_bucket(SegmentRef segment, size_t home,
                                         const std::function<void(Item*)>& visit) const {
  size_t visited = 0;
  for (size_t probe = 0; probe < segmented_table::kProbesMax; ++probe) {
    const Bucket& at = bucket(segment, home + probe);
    for (Item* item : at.items) {
      if (item == nullptr || segmented_table::home_of(hash_of(item), segment.depth()) != home) continue;
      visit(item);
      ++visited;
    }
    if (at.passed == 0) break;
  }
  return visited;
}

template <typename Item>
size_t SegmentedTable<Item>::bytes() const {
  size_t sum = directory_ == nullptr ? 0 : sizeof(SegmentRef) << depth_;
  for_each_segment([&sum](uint64_t, SegmentRef) { sum += sizeof(Bucket) * segmented_table::kBuckets; });
  return sum;
}

template <typename Item>
void SegmentedTable<Item>::check_invariants() const {
  size_t items = 0;
  for_each_segment([this, &items](uint64_t first, SegmentRef segment) {
    const unsigned depth = segment.depth();
    CHECK(depth <= depth_);
    const size_t places = size_t{1} << (depth_ - depth);
    CHECK(first % places == 0);
    for (size_t i = 0; i < places; ++i) {
      CHECK(directory_[first + i].raw == segment.raw);
    }
    uint8_t passed[segmented_table::kBuckets] = {};
    for (size_t i = 0; i < segmented_table::kBuckets; ++i) {
      for (size_t place = 0; place < segmented_table::kBucketItems; ++place) {
        const Item* const item = bucket(segment, i).items[place];
        CHECK((item == nullptr) == (bucket(segment, i).tags[place] == 0));
        if (item == nullptr) continue;
        ++items;
        const uint64_t hash = hash_of(item);
        CHECK(segmented_table::top(hash, depth) == first / places);
        CHECK(find(item->key()) == item);
        const size_t home = segmented_table::home_of(hash, depth);
        const size_t probe = (i + segmented_table::kBuckets - home) % segmented_table::kBuckets;
        CHECK(probe < segmented_table::kProbesMax);
        for (size_t j = 0; j < probe; ++j) {
          ++passed[(home + j) % segmented_table::kBuckets];
        }
      }
    }
    for (size_t i = 0; i < segmented_table::kBuckets; ++i) {
      CHECK(bucket(segment, i).passed == passed[i]);
    }
  });
  CHECK(items == size_);
}

}  // namespace sluice
