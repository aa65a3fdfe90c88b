// SPDX-License-Identifier: MIT
//
// The value of a string key: bytes that are mostly set once and read often. As big as a pointer, because it
// lies in every key that holds a string:
//
//   up to 7 bytes    in the eight bytes themselves: [size * 2 + 1][bytes], so a counter needs no memory of its own
//   more             a pointer (even, so the two cannot be mixed up) to [size u32][capacity u32][bytes]
//
// Numbers are kept as their text: INCR parses it, GET copies it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace sluice {

class StringValue {
 public:
  // What a client can make grow by SETRANGE or APPEND, as Redis has it; larger is the caller's Error, and a CHECK here.
  static constexpr size_t kBytesMax = 512u << 20;

  StringValue() = default;
  explicit StringValue(std::string_view bytes) { assign(bytes); }
  ~StringValue();
  StringValue(StringValue&& other) noexcept { swap(other); }
  StringValue& operator=(StringValue&& other) noexcept {
    swap(other);
    return *this;
  }
  StringValue(const StringValue&) = delete;
  StringValue& operator=(const StringValue&) = delete;

  // Valid until the next call that is not const, and not beyond a move.
  std::string_view view() const;
  size_t size() const { return view().size(); }

  // Neither argument may lie in this value.
  void assign(std::string_view bytes);
  // Amortised O(bytes): leaves room for the next one.
  void append(std::string_view bytes);
  // Puts `bytes` at `offset`; a gap before them reads as zeros. Amortised O(bytes + gap).
  void write(size_t offset, std::string_view bytes);
  // Makes it at least `size` bytes, new ones zeros, and returns them all to be changed in place. Valid as view() is.
  char* extend(size_t size);

  // Heap memory held, in bytes.
  size_t bytes() const;

 private:
  struct Block;
  static constexpr size_t kInlineBytesMax = 7;
  // A string that grows again and again gets room for as much again, but a big one only for a quarter more.
  static constexpr size_t kDoubledBytesMax = 1u << 20;
  size_t capacity_to_grow_to(size_t size) const;

  bool is_inline() const { return (raw_[0] & 1) != 0; }
  Block* block() const;
  void hold(Block* block);
  void swap(StringValue& other) noexcept { std::swap(raw_, other.raw_); }
  // Makes it `size` bytes, at least `capacity` reserved, the old bytes kept as far as they fit; returns them.
  char* resize(size_t size, size_t capacity);

  alignas(8) unsigned char raw_[8] = {1};
};
static_assert(sizeof(StringValue) == sizeof(void*));

}  // namespace sluice
