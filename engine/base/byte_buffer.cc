// SPDX-License-Identifier: MIT
#include "engine/base/byte_buffer.h"

#include <algorithm>
#include <cstdlib>

namespace sluice {
namespace {
constexpr size_t kCapacityMin = 64;
}

ByteBuffer::~ByteBuffer() {
  std::free(bytes_);
}

void ByteBuffer::grow(size_t size) {
  const size_t used = end_ - begin_;
  // Moving to the front is enough when at least half of the memory has been used up; then each byte moves at most once.
  if (begin_ >= capacity_ / 2 && used + size <= capacity_) {
    std::memmove(bytes_, bytes_ + begin_, used);
    begin_ = 0;
    end_ = used;
    return;
  }
  const size_t capacity = std::max({kCapacityMin, capacity_ * 2, used + size});
  char* bytes = static_cast<char*>(std::malloc(capacity));
  CHECK(bytes != nullptr);
  if (used > 0) std::memcpy(bytes, bytes_ + begin_, used);
  std::free(bytes_);
  bytes_ = bytes;
  begin_ = 0;
  end_ = used;
  capacity_ = capacity;
}

void ByteBuffer::shrink(size_t capacity_max) {
  if (!empty() || capacity_ <= capacity_max) return;
  std::free(bytes_);
  bytes_ = nullptr;
  begin_ = end_ = capacity_ = 0;
}

}  // namespace sluice
