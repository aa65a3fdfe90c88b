// SPDX-License-Identifier: MIT
#include "engine/string_value.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine/base/allocate.h"
#include "engine/base/check.h"

namespace sluice {

struct StringValue::Block {
  uint32_t size;
  uint32_t capacity;

  char* data() { return reinterpret_cast<char*>(this + 1); }
};

static_assert(StringValue::kBytesMax <= UINT32_MAX / 2, "a capacity may be twice the size");

StringValue::~StringValue() {
  if (!is_inline()) std::free(block());
}

StringValue::Block* StringValue::block() const {
  Block* block = nullptr;
  std::memcpy(&block, raw_, sizeof(block));
  return block;
}

void StringValue::hold(Block* block) {
  std::memcpy(raw_, &block, sizeof(block));
}

std::string_view StringValue::view() const {
  if (is_inline()) return {reinterpret_cast<const char*>(raw_) + 1, static_cast<size_t>(raw_[0] >> 1)};
  Block* const held = block();
  return {held->data(), held->size};
}

size_t StringValue::bytes() const {
  return is_inline() ? 0 : sizeof(Block) + block()->capacity;
}

void StringValue::assign(std::string_view bytes) {
  const bool wasteful = !is_inline() && block()->capacity / 2 > bytes.size();
  if (wasteful || (!is_inline() && block()->capacity < bytes.size())) {
    // Nothing of the old bytes is needed: do not let resize() copy them.
    std::free(block());
    raw_[0] = 1;
  }
  char* const to = resize(bytes.size(), bytes.size());
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
}

size_t StringValue::capacity_to_grow_to(size_t size) const {
  // The first APPEND of a key is often the last; from the second on there is room.
  if (is_inline()) return size;
  return size + (size <= kDoubledBytesMax ? size : std::max(kDoubledBytesMax, size / 4));
}

void StringValue::append(std::string_view bytes) {
  const size_t size_old = size();
  const size_t size_new = size_old + bytes.size();
  char* const to = resize(size_new, capacity_to_grow_to(size_new));
  if (!bytes.empty()) std::memcpy(to + size_old, bytes.data(), bytes.size());
}

void StringValue::write(size_t offset, std::string_view bytes) {
  const size_t size_old = size();
  const size_t size_new = std::max(size_old, offset + bytes.size());
  char* const to = resize(size_new, capacity_to_grow_to(size_new));
  if (offset > size_old) std::memset(to + size_old, 0, offset - size_old);
  if (!bytes.empty()) std::memcpy(to + offset, bytes.data(), bytes.size());
}

char* StringValue::extend(size_t size_wanted) {
  const size_t size_old = size();
  const size_t size_new = std::max(size_old, size_wanted);
  char* const to = resize(size_new, capacity_to_grow_to(size_new));
  if (size_new > size_old) std::memset(to + size_old, 0, size_new - size_old);
  return to;
}

char* StringValue::resize(size_t size, size_t capacity) {
  CHECK(size <= kBytesMax);
  if (is_inline() && size <= kInlineBytesMax) {
    raw_[0] = static_cast<unsigned char>(size * 2 + 1);
    return reinterpret_cast<char*>(raw_) + 1;
  }
  if (is_inline() || block()->capacity < size) {
    const size_t capacity_new = std::max(size, std::min(capacity, 2 * kBytesMax));
    auto* const grown = static_cast<Block*>(allocate(sizeof(Block) + capacity_new));
    grown->capacity = static_cast<uint32_t>(capacity_new);
    const std::string_view old = view();
    std::memcpy(grown->data(), old.data(), std::min(old.size(), size));
    if (!is_inline()) std::free(block());
    hold(grown);
  }
  block()->size = static_cast<uint32_t>(size);
  return block()->data();
}

}  // namespace sluice
