// SPDX-License-Identifier: MIT
#include "engine/packed_strings.h"

#include <algorithm>
#include <cstdlib>

namespace sluice {
namespace {

constexpr size_t kCapacityMin = 52;  // with the header 64 bytes

}  // namespace

PackedStrings::~PackedStrings() {
  clear();
}

void PackedStrings::clear() {
  std::free(block_);
  block_ = nullptr;
}

void PackedStrings::reserve(size_t more) {
  const size_t needed = end() + more;
  if (block_ != nullptr && needed <= block_->capacity) return;
  CHECK(needed <= kBytesMax);
  const size_t capacity = std::max(kCapacityMin, needed + needed / 4);
  auto* grown = static_cast<Block*>(std::realloc(block_, sizeof(Block) + capacity));
  CHECK(grown != nullptr);
  if (block_ == nullptr) grown->used = grown->count = 0;
  grown->capacity = static_cast<uint32_t>(capacity);
  block_ = grown;
}

PackedStrings::Place PackedStrings::insert(Place before, std::string_view bytes) {
  CHECK(has_room(bytes.size()) && before <= end());
  const size_t size_bytes = bytes.size() < kLong ? 1 : kLongSizeBytes;
  const size_t size = size_bytes + bytes.size();
  reserve(size);
  char* to = data() + before;
  std::memmove(to + size, to, block_->used - before);
  *to = static_cast<char>(std::min<size_t>(bytes.size(), kLong));
  const auto long_size = static_cast<uint32_t>(bytes.size());
  if (size_bytes > 1) std::memcpy(to + 1, &long_size, sizeof(long_size));
  if (!bytes.empty()) std::memcpy(to + size_bytes, bytes.data(), bytes.size());
  block_->used += static_cast<uint32_t>(size);
  ++block_->count;
  return before;
}

void PackedStrings::erase(Place place, size_t count) {
  Place behind = place;
  for (size_t i = 0; i < count; ++i) {
    CHECK(behind < end());
    behind = next(behind);
  }
  std::memmove(data() + place, data() + behind, end() - behind);
  block_->used -= behind - place;
  block_->count -= static_cast<uint32_t>(count);
  if (block_->count == 0) clear();
}

void PackedStrings::replace(Place place, std::string_view bytes) {
  if (at(place).size() == bytes.size()) {
    if (!bytes.empty()) std::memcpy(const_cast<char*>(at(place).data()), bytes.data(), bytes.size());
    return;
  }
  insert(place, bytes);
  erase(next(place));
}

void PackedStrings::check_invariants() const {
  size_t strings = 0;
  Place place = begin();
  for (; place < end(); place = next(place))
    ++strings;
  CHECK(place == end() && strings == count());
  CHECK(block_ == nullptr || (count() > 0 && block_->used <= block_->capacity));
}

}  // namespace sluice
