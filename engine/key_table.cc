// SPDX-License-Identifier: MIT
#include "engine/key_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "engine/base/allocate.h"
#include "engine/base/check.h"
#include "engine/base/hash.h"
#include "engine/entry.h"

namespace sluice {
namespace {

constexpr unsigned kBucketBits = 6;
constexpr size_t kBuckets = 1 << kBucketBits;
constexpr size_t kBucketEntries = 7;
// Buckets that an entry can lie in. With twelve, segments split when they are about 88 % full; with four, at 74 %.
constexpr size_t kProbesMax = 12;
// A cursor is the top bits of a hash; so many that a client which keeps it as a double loses none.
constexpr unsigned kCursorBits = 48;
// Entries of one segment share their top bits. With a seeded hash, more than this never happens.
constexpr unsigned kDepthMax = 40;
static_assert(kDepthMax + kBucketBits <= kCursorBits, "a cursor must name a bucket");
static_assert(kDepthMax < 64, "a depth must fit beside the address");
static_assert(kBucketEntries * kProbesMax < 256, "`passed` must not overflow");

// Two segments are joined when together they fill no more than a quarter of one. A look whether they do walks
// over both: it is taken at every so many erasures, if the erased entry was the last of its bucket, as it
// seldom is in a segment that is well filled.
constexpr size_t kJoinedEntriesMax = kBuckets * kBucketEntries / 4;
constexpr size_t kErasuresPerLook = 16;

// In a scan, so many empty buckets count as a key: a sparse table must not hold up the loop.
constexpr size_t kEmptyBucketsPerKey = 16;

// Never 0, which is a free place.
uint8_t tag_of(uint64_t hash) {
  return static_cast<uint8_t>(std::max<uint64_t>(hash & 0xff, 1));
}

// The top `bits` of the hash; none of them is 0.
uint64_t top(uint64_t hash, unsigned bits) {
  return bits == 0 ? 0 : hash >> (64 - bits);
}

// The home bucket in a segment of that depth.
size_t home_of(uint64_t hash, unsigned depth) {
  return (hash << depth) >> (64 - kBucketBits);
}

}  // namespace

struct alignas(64) KeyTable::Bucket {
  uint8_t tags[kBucketEntries];
  uint8_t passed;
  Entry* entries[kBucketEntries];

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
    return std::all_of(tags, tags + kBucketEntries, [](uint8_t tag) { return tag == 0; });
  }
  // kBucketEntries if there is none.
  size_t free_place() const { return static_cast<size_t>(std::find(tags, tags + kBucketEntries, 0) - tags); }
};

KeyTable::Bucket& KeyTable::bucket(SegmentRef segment, size_t index) {
  return segment.buckets()[index % kBuckets];
}

KeyTable::SegmentRef KeyTable::make_segment(unsigned depth) {
  static_assert(sizeof(Bucket) == 64, "a bucket is a cache line");
  void* buckets = allocate_aligned(alignof(Bucket), sizeof(Bucket) * kBuckets);
  std::memset(buckets, 0, sizeof(Bucket) * kBuckets);
  return {reinterpret_cast<uintptr_t>(buckets) | depth};
}

template <typename Visit>
void KeyTable::for_each_entry(SegmentRef segment, const Visit& visit) {
  for (size_t i = 0; i < kBuckets; ++i) {
    for (Entry* entry : bucket(segment, i).entries) {
      if (entry != nullptr) visit(entry);
    }
  }
}

template <typename Visit>
void KeyTable::for_each_segment(const Visit& visit) const {
  if (directory_ == nullptr) return;
  for (size_t i = 0; i < size_t{1} << depth_;) {
    const SegmentRef segment = directory_[i];
    visit(i, segment);
    i += size_t{1} << (depth_ - segment.depth());
  }
}

uint64_t KeyTable::hash_of(const Entry* entry) const {
  return hash_bytes(entry->key(), hash_seed_);
}

KeyTable::SegmentRef KeyTable::segment_of(uint64_t hash) const {
  return directory_[top(hash, depth_)];
}

Entry* KeyTable::find(std::string_view key) const {
  if (size_ == 0) return nullptr;
  const uint64_t hash = hash_bytes(key, hash_seed_);
  const SegmentRef segment = segment_of(hash);
  const size_t home = home_of(hash, segment.depth());
  for (size_t probe = 0; probe < kProbesMax; ++probe) {
    const Bucket& at = bucket(segment, home + probe);
    for (uint64_t match = at.match(tag_of(hash)); match != 0; match &= match - 1) {
      Entry* const entry = at.entries[std::countr_zero(match) / 8];
      if (entry != nullptr && entry->key() == key) return entry;
    }
    if (at.passed == 0) break;
  }
  return nullptr;
}

bool KeyTable::put(SegmentRef segment, uint64_t hash, Entry* entry) {
  const size_t home = home_of(hash, segment.depth());
  for (size_t probe = 0; probe < kProbesMax; ++probe) {
    Bucket& at = bucket(segment, home + probe);
    const size_t place = at.free_place();
    if (place == kBucketEntries) continue;
    at.tags[place] = tag_of(hash);
    at.entries[place] = entry;
    for (size_t i = 0; i < probe; ++i) {
      ++bucket(segment, home + i).passed;
    }
    return true;
  }
  return false;
}

void KeyTable::insert(Entry* entry) {
  DCHECK(find(entry->key()) == nullptr);
  if (directory_ == nullptr) {
    directory_ = std::make_unique<SegmentRef[]>(1);
    directory_[0] = make_segment(0);
  }
  place(hash_of(entry), entry);
  ++size_;
}

void KeyTable::place(uint64_t hash, Entry* entry) {
  while (!put(segment_of(hash), hash, entry)) {
    split(hash);
  }
}

// Two segments take the place of the one that this hash lies in. Each entry gets a new home, because one bit
// more belongs to the segment; and if the bits are so uneven that it finds no place there, that segment is
// split as well.
void KeyTable::split(uint64_t hash) {
  const SegmentRef old = segment_of(hash);
  const unsigned depth = old.depth() + 1;
  CHECK(depth <= kDepthMax);
  if (depth > depth_) grow_directory();

  const size_t half = size_t{1} << (depth_ - depth);
  SegmentRef* const places = &directory_[top(hash, depth - 1) * 2 * half];
  std::fill(places, places + half, make_segment(depth));
  std::fill(places + half, places + 2 * half, make_segment(depth));
  for_each_entry(old, [this](Entry* entry) { place(hash_of(entry), entry); });
  std::free(old.buckets());
}

// The opposite of a split, if the segment of this hash and its other half have become sparse.
void KeyTable::join(uint64_t hash) {
  const SegmentRef one = segment_of(hash);
  const unsigned depth = one.depth();
  if (depth == 0) return;
  const uint64_t index = top(hash, depth);
  const SegmentRef other = directory_[(index ^ 1) << (depth_ - depth)];
  if (other.depth() != depth) return;

  size_t entries = 0;
  for (const SegmentRef segment : {one, other}) {
    for_each_entry(segment, [&entries](Entry*) { ++entries; });
  }
  if (entries > kJoinedEntriesMax) return;
  const SegmentRef joined = make_segment(depth - 1);
  size_t placed = 0;
  for (const SegmentRef segment : {one, other}) {
    for_each_entry(segment, [this, joined, &placed](Entry* entry) {
      placed += put(joined, hash_of(entry), entry) ? 1 : 0;
    });
  }
  if (placed < entries) {  // all have about the same hash
    std::free(joined.buckets());
    return;
  }
  SegmentRef* const places = &directory_[(index >> 1) << (depth_ - depth + 1)];
  std::fill(places, places + (size_t{2} << (depth_ - depth)), joined);
  std::free(one.buckets());
  std::free(other.buckets());
}

void KeyTable::grow_directory() {
  auto grown = std::make_unique<SegmentRef[]>(size_t{2} << depth_);
  for (size_t i = 0; i < size_t{2} << depth_; ++i) {
    grown[i] = directory_[i / 2];
  }
  directory_ = std::move(grown);
  ++depth_;
}

void KeyTable::erase(const Entry* entry) {
  const uint64_t hash = hash_of(entry);
  const SegmentRef segment = segment_of(hash);
  const size_t home = home_of(hash, segment.depth());
  for (size_t probe = 0; probe < kProbesMax; ++probe) {
    Bucket& at = bucket(segment, home + probe);
    Entry** const found = std::find(at.entries, at.entries + kBucketEntries, entry);
    if (found == at.entries + kBucketEntries) continue;
    *found = nullptr;
    at.tags[found - at.entries] = 0;
    for (size_t i = 0; i < probe; ++i) {
      --bucket(segment, home + i).passed;
    }
    // One segment is kept: the only key of a database often comes and goes.
    if (--size_ == 0 && depth_ > 0) return clear();
    if (at.is_empty() && size_ % kErasuresPerLook == 0) join(hash);
    return;
  }
  CHECK(!"the entry is in the table");
}

void KeyTable::clear() {
  for_each_segment([](uint64_t, SegmentRef segment) { std::free(segment.buckets()); });
  directory_ = nullptr;
  depth_ = 0;
  size_ = 0;
}

void KeyTable::for_each(const std::function<void(Entry*)>& visit) const {
  for_each_segment([&visit](uint64_t, SegmentRef segment) { for_each_entry(segment, visit); });
}

uint64_t KeyTable::scan(uint64_t cursor, size_t wanted, const std::function<void(Entry*)>& visit) const {
  if (size_ == 0 || cursor >> kCursorBits != 0) return 0;
  uint64_t hash = cursor << (64 - kCursorBits);
  size_t visited = 0;
  size_t buckets_empty = 0;
  do {
    const SegmentRef segment = segment_of(hash);
    const size_t here = scan_bucket(segment, home_of(hash, segment.depth()), visit);
    visited += here;
    if (here == 0) ++buckets_empty;
    const unsigned bits_below = 64 - segment.depth() - kBucketBits;
    hash = ((hash >> bits_below) + 1) << bits_below;  // 0 behind the last bucket
  } while (hash != 0 && visited + buckets_empty / kEmptyBucketsPerKey < wanted);
  return hash >> (64 - kCursorBits);
}

// Visits the entries whose home this is, wherever they lie.
size_t KeyTable::scan_bucket(SegmentRef segment, size_t home,
                             const std::function<void(Entry*)>& visit) const {
  size_t visited = 0;
  for (size_t probe = 0; probe < kProbesMax; ++probe) {
    const Bucket& at = bucket(segment, home + probe);
    for (Entry* entry : at.entries) {
      if (entry == nullptr || home_of(hash_of(entry), segment.depth()) != home) continue;
      visit(entry);
      ++visited;
    }
    if (at.passed == 0) break;
  }
  return visited;
}

size_t KeyTable::bytes() const {
  size_t sum = directory_ == nullptr ? 0 : sizeof(SegmentRef) << depth_;
  for_each_segment([&sum](uint64_t, SegmentRef) { sum += sizeof(Bucket) * kBuckets; });
  return sum;
}

void KeyTable::check_invariants() const {
  size_t entries = 0;
  for_each_segment([this, &entries](uint64_t first, SegmentRef segment) {
    const unsigned depth = segment.depth();
    CHECK(depth <= depth_);
    const size_t places = size_t{1} << (depth_ - depth);
    CHECK(first % places == 0);
    for (size_t i = 0; i < places; ++i) {
      CHECK(directory_[first + i].raw == segment.raw);
    }
    uint8_t passed[kBuckets] = {};
    for (size_t i = 0; i < kBuckets; ++i) {
      for (size_t place = 0; place < kBucketEntries; ++place) {
        const Entry* const entry = bucket(segment, i).entries[place];
        CHECK((entry == nullptr) == (bucket(segment, i).tags[place] == 0));
        if (entry == nullptr) continue;
        ++entries;
        const uint64_t hash = hash_of(entry);
        CHECK(top(hash, depth) == first / places);
        CHECK(find(entry->key()) == entry);
        const size_t home = home_of(hash, depth);
        const size_t probe = (i + kBuckets - home) % kBuckets;
        CHECK(probe < kProbesMax);
        for (size_t j = 0; j < probe; ++j) {
          ++passed[(home + j) % kBuckets];
        }
      }
    }
    for (size_t i = 0; i < kBuckets; ++i) {
      CHECK(bucket(segment, i).passed == passed[i]);
    }
  });
  CHECK(entries == size_);
}

}  // namespace sluice
