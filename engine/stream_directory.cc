// SPDX-License-Identifier: MIT
#include "engine/stream_directory.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "engine/base/check.h"

namespace sluice {

// The refs in use are refs()[begin .. end).
struct StreamDirectory::Leaf {
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t capacity;

  explicit Leaf(uint32_t refs_max) : capacity(refs_max) {}
  Ref* refs() { return reinterpret_cast<Ref*>(reinterpret_cast<char*>(this) + kHeaderBytes); }
  bool empty() const { return begin == end; }
  size_t bytes() const { return kHeaderBytes + capacity * sizeof(Ref); }

  static constexpr size_t kHeaderBytes = 16;
  static Leaf* create(uint32_t capacity) {
    void* memory = std::malloc(kHeaderBytes + capacity * sizeof(Ref));
    CHECK(memory != nullptr);
    return new (memory) Leaf(capacity);
  }
};

StreamDirectory::~StreamDirectory() {
  for (size_t i = front_; i < leaves_.size(); ++i)
    std::free(leaves_[i].leaf);
}

// Afterwards the last leaf has room for one more at its end.
void StreamDirectory::make_room() {
  if (leaves_.size() > front_) {
    LeafRef& last = leaves_.back();
    Leaf* leaf = last.leaf;
    if (leaf->end < leaf->capacity) return;
    const uint32_t count = leaf->end - leaf->begin;
    if (leaf->begin * 2 >= leaf->capacity) {  // a stream that is trimmed as it grows: no more memory
      std::copy(leaf->refs() + leaf->begin, leaf->refs() + leaf->end, leaf->refs());
      leaf->begin = 0;
      leaf->end = count;
      return;
    }
    if (leaf->capacity < kLeafRefsMax) {
      Leaf* larger = Leaf::create(std::min(leaf->capacity * 2, kLeafRefsMax));
      std::copy(leaf->refs() + leaf->begin, leaf->refs() + leaf->end, larger->refs());
      larger->end = count;
      leaf_bytes_ += larger->bytes() - leaf->bytes();
      std::free(leaf);
      last.leaf = larger;
      return;
    }
  }
  Leaf* leaf = Leaf::create(leaves_.size() > front_ ? kLeafRefsMax : kLeafRefsMin);
  leaf_bytes_ += leaf->bytes();
  leaves_.push_back({StreamId{}, leaf});
}

void StreamDirectory::push_back(StreamId base, StreamPage* page) {
  make_room();
  LeafRef& last = leaves_.back();
  if (last.leaf->empty()) last.lowest = base;
  DCHECK(last.leaf->empty() || last.leaf->refs()[last.leaf->end - 1].base < base);
  last.leaf->refs()[last.leaf->end++] = {base, page};
  ++size_;
}

// The last ref whose base is not above `id`; false if there is none.
bool StreamDirectory::locate(StreamId id, Position& position) const {
  const auto front = leaves_.begin() + static_cast<ptrdiff_t>(front_);
  auto above = std::upper_bound(front, leaves_.end(), id,
                                [](StreamId wanted, const LeafRef& leaf) { return wanted < leaf.lowest; });
  while (above != front) {
    --above;
    Leaf* leaf = above->leaf;
    Ref* const begin = leaf->refs() + leaf->begin;
    Ref* const end = leaf->refs() + leaf->end;
    Ref* const ref =
        std::upper_bound(begin, end, id, [](StreamId wanted, const Ref& it) { return wanted < it.base; });
    if (ref != begin) {
      position = {static_cast<size_t>(above - leaves_.begin()),
                  static_cast<uint32_t>(ref - 1 - leaf->refs())};
      return true;
    }
    // `id` lies between the leaf's lowest and its first: the leaf before ends below it.
  }
  return false;
}

StreamPage* StreamDirectory::find(StreamId id) const {
  Position position;
  if (!locate(id, position)) return nullptr;
  return leaves_[position.leaf].leaf->refs()[position.index].page;
}

StreamDirectory::Position StreamDirectory::locate_exactly(StreamId base) const {
  Position position;
  CHECK(locate(base, position));
  CHECK(leaves_[position.leaf].leaf->refs()[position.index].base == base);
  return position;
}

void StreamDirectory::replace(StreamId base, StreamPage* page) {
  const Position position = locate_exactly(base);
  leaves_[position.leaf].leaf->refs()[position.index].page = page;
}

void StreamDirectory::remove(StreamId base) {
  const Position position = locate_exactly(base);
  Leaf* leaf = leaves_[position.leaf].leaf;
  Ref* const refs = leaf->refs();
  if (position.index - leaf->begin < leaf->end - position.index) {
    std::copy_backward(refs + leaf->begin, refs + position.index, refs + position.index + 1);
    ++leaf->begin;
  } else {
    std::copy(refs + position.index + 1, refs + leaf->end, refs + position.index);
    --leaf->end;
  }
  --size_;
  if (!leaf->empty()) return;
  if (size_ == 0 && leaf->capacity <= kLeafRefsKept) {
    leaf->begin = leaf->end = 0;
    return;
  }
  remove_leaf(position.leaf);
}

void StreamDirectory::remove_leaf(size_t leaf) {
  leaf_bytes_ -= leaves_[leaf].leaf->bytes();
  std::free(leaves_[leaf].leaf);
  if (leaf != front_) {
    leaves_.erase(leaves_.begin() + static_cast<ptrdiff_t>(leaf));
    return;
  }
  ++front_;
  if (front_ * 2 < leaves_.size()) return;
  leaves_.erase(leaves_.begin(), leaves_.begin() + static_cast<ptrdiff_t>(front_));
  front_ = 0;
}

void StreamDirectory::check_invariants() const {
  size_t refs = 0;
  size_t bytes = 0;
  const Ref* before = nullptr;
  for (size_t i = front_; i < leaves_.size(); ++i) {
    Leaf* leaf = leaves_[i].leaf;
    CHECK(!leaf->empty() || size_ == 0);
    CHECK(leaf->begin <= leaf->end && leaf->end <= leaf->capacity);
    CHECK(before == nullptr || before->base < leaves_[i].lowest);
    bytes += leaf->bytes();
    for (uint32_t at = leaf->begin; at < leaf->end; ++at) {
      const Ref* ref = leaf->refs() + at;
      CHECK(before == nullptr || before->base < ref->base);
      CHECK(leaves_[i].lowest <= ref->base);
      before = ref;
      ++refs;
    }
  }
  CHECK(refs == size_);
  CHECK(bytes == leaf_bytes_);
}

}  // namespace sluice
