// SPDX-License-Identifier: MIT
//
// Bytes that grow at the end and are used up at the front, without being set to zero first: what replies, requests cut
// short and log batches are gathered in. Clearing keeps the memory, so a buffer in steady use does not allocate.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include "engine/base/check.h"

namespace sluice {

class ByteBuffer {
 public:
  ByteBuffer() = default;
  ~ByteBuffer();
  ByteBuffer(ByteBuffer&& other) noexcept { swap(other); }
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;

  bool empty() const { return begin_ == end_; }
  size_t size() const { return end_ - begin_; }
  size_t capacity() const { return capacity_; }
  char* data() { return bytes_ + begin_; }
  const char* data() const { return bytes_ + begin_; }
  // Valid until the next call that is not const.
  std::string_view view() const { return {bytes_ + begin_, end_ - begin_}; }

  // At least `size` writable bytes behind the last one; commit() makes the first of them part of the buffer.
  char* reserve(size_t size) {
    if (capacity_ - end_ < size) [[unlikely]]
      grow(size);
    return bytes_ + end_;
  }
  void commit(size_t size) {
    DCHECK(size <= capacity_ - end_);
    end_ += size;
  }
  void append(std::string_view bytes) {
    char* to = reserve(bytes.size());
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  void append(char byte) {
    *reserve(1) = byte;
    ++end_;
  }

  // Drops the first `size` bytes.
  void consume(size_t size) {
    CHECK(size <= this->size());
    begin_ += size;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Keeps the first `size` bytes.
  void truncate(size_t size) {
    CHECK(size <= this->size());
    end_ = begin_ + size;
  }
  void clear() { begin_ = end_ = 0; }
  // Gives the memory back if nothing is in the buffer and it holds more than `capacity_max` bytes.
  void shrink(size_t capacity_max);
  void swap(ByteBuffer& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  void grow(size_t size);

  char* bytes_ = nullptr;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t capacity_ = 0;
};

}  // namespace sluice
