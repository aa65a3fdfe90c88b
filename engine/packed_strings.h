// SPDX-License-Identifier: MIT
//
// A short sequence of short byte strings in one piece of memory: what a small hash, set or sorted set is made of. A
// search walks over all of it, which for so few bytes is as fast as anything.
//
//   [bytes used u32][capacity u32][count u32] [size][bytes] [size][bytes] ...
//
// A size is one byte, or 255 and a u32 in native order. An empty one needs no memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "engine/base/check.h"

namespace sluice {

class PackedStrings {
 public:
  // Of all strings and their sizes; who has more keeps them elsewhere.
  static constexpr size_t kBytesMax = 1u << 30;

  // A place in the sequence. Any change ends its validity.
  using Place = uint32_t;

  PackedStrings() = default;
  ~PackedStrings();
  PackedStrings(PackedStrings&& other) noexcept { swap(other); }
  PackedStrings& operator=(PackedStrings&& other) noexcept {
    swap(other);
    return *this;
  }
  PackedStrings(const PackedStrings&) = delete;
  PackedStrings& operator=(const PackedStrings&) = delete;

  size_t count() const { return block_ == nullptr ? 0 : block_->count; }
  bool empty() const { return count() == 0; }

  Place begin() const { return 0; }
  Place end() const { return block_ == nullptr ? 0 : block_->used; }
  // Requires, in these two: place != end().
  std::string_view at(Place place) const {
    const auto* from = data() + place;
    const auto size = static_cast<unsigned char>(*from);
    if (size == kLong) [[unlikely]]
      return {from + kLongSizeBytes, long_size(place)};
    return {from + 1, size};
  }
  Place next(Place place) const {
    const auto size = static_cast<unsigned char>(data()[place]);
    if (size == kLong) [[unlikely]]
      return place + static_cast<Place>(kLongSizeBytes + long_size(place));
    return place + 1 + size;
  }

  // Whether one or two more strings of so many bytes in all may be inserted.
  bool has_room(size_t more) const { return end() + more + 2 * kLongSizeBytes <= kBytesMax; }
  // Requires, in these two: has_room(bytes.size()), and `bytes` does not lie in this object. Returns the place of the
  // new string, which is `before`.
  Place insert(Place before, std::string_view bytes);
  Place append(std::string_view bytes) { return insert(end(), bytes); }
  // The string at `place` and the ones behind it, `count` in all, are gone.
  void erase(Place place, size_t count = 1);
  void replace(Place place, std::string_view bytes);
  void clear();

  // Heap memory held, in bytes.
  size_t bytes() const { return block_ == nullptr ? 0 : sizeof(Block) + block_->capacity; }
  void check_invariants() const;

 private:
  static constexpr unsigned char kLong = 255;
  static constexpr size_t kLongSizeBytes = 1 + sizeof(uint32_t);

  struct Block {
    uint32_t used;
    uint32_t capacity;
    uint32_t count;
  };

  const char* data() const { return reinterpret_cast<const char*>(block_ + 1); }
  char* data() { return reinterpret_cast<char*>(block_ + 1); }
  void swap(PackedStrings& other) noexcept { std::swap(block_, other.block_); }
  void reserve(size_t more);
  size_t long_size(Place place) const {
    uint32_t size = 0;
    std::memcpy(&size, data() + place + 1, sizeof(size));
    return size;
  }

  Block* block_ = nullptr;
};

}  // namespace sluice
