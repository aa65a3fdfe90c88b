// SPDX-License-Identifier: MIT
//
// How a chunk of a list lies in memory. Only list.cc and list_edit.cc look inside.
//
//   [prev][next][capacity u16][begin u16][end u16][count u16] [free ... begin| entries |end ... free]
//
// An entry can be read from either end, so that both ends of a list pop alike:
//
//   size of the element   entry
//   0 .. 127              [0sssssss] bytes [0sssssss]
//   128 .. 16383          [10ssssss ssssssss] bytes [ssssssss 10ssssss]
//   a ref                 [11111111] pointer, 8 bytes [11111111]
//
// An element larger than kPackedBytesMax has a chunk of its own: capacity, begin and end are 0, count is 1,
// and behind the header lies [size u64] bytes.
//
// The chunks form a chain. Of the leftmost, prev is the rightmost, so that a list needs to hold one pointer
// only; of the rightmost, next is nullptr.
//
// Invariants (List::check_invariants):
//  * no chunk is empty, and the counts add up to the list's size.
//  * begin .. end of a chunk is exactly `count` entries, the same ones read from either end.
//  * next and prev agree, and close to a ring at prev of the leftmost.
#pragma once

#include <cstring>

#include "engine/base/check.h"
#include "engine/list.h"

namespace sluice {

struct List::Chunk {
  Chunk* prev;
  Chunk* next;
  uint16_t capacity;
  uint16_t begin;
  uint16_t end;
  uint16_t count;

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  bool is_large() const { return capacity == 0; }
  size_t used() const { return static_cast<size_t>(end - begin); }
  size_t room(Side side) const { return side == Side::kLeft ? begin : static_cast<size_t>(capacity - end); }
  // True of the leftmost and of no other, seen from the chunk alone.
  bool is_leftmost() const { return prev->next == nullptr; }

  // Requires: is_large().
  std::string_view large() const {
    uint64_t size = 0;
    std::memcpy(&size, data(), sizeof(size));
    return {data() + sizeof(size), size};
  }
};

inline constexpr size_t kChunkHeaderBytes = 24;
// The steps in which the chunks of a growing list grow, header included. Multiples of what allocators hand out.
inline constexpr size_t kChunkBytes[] = {128, 256, 1024, 4096, 16384};
inline constexpr size_t kChunkBytesMax = 16384;
// The largest element of which four fit into the largest chunk: a larger one would leave much of a chunk empty.
inline constexpr size_t kPackedBytesMax = (kChunkBytesMax - kChunkHeaderBytes) / 4 - 4;
static_assert(kPackedBytesMax < 1 << 14, "its size must fit into fourteen bits");
static_assert(kChunkBytesMax <= UINT16_MAX, "offsets in a chunk have sixteen bits");

inline constexpr unsigned char kRefCode = 0xff;
inline constexpr size_t kRefEntryBytes = 1 + sizeof(void*) + 1;
inline constexpr size_t kShortBytesMax = 127;

inline size_t entry_bytes(const ListElement& element) {
  if (element.ref != nullptr) return kRefEntryBytes;
  return element.bytes.size() + (element.bytes.size() <= kShortBytesMax ? 2 : 4);
}

// Requires: entry_bytes(element) writable bytes at `to`; the element is no larger than kPackedBytesMax.
inline void write_entry(char* to, const ListElement& element) {
  if (element.ref != nullptr) {
    *to++ = static_cast<char>(kRefCode);
    std::memcpy(to, &element.ref, sizeof(element.ref));
    to[sizeof(element.ref)] = static_cast<char>(kRefCode);
    return;
  }
  const size_t size = element.bytes.size();
  const char high = static_cast<char>(size <= kShortBytesMax ? size : 0x80 | size >> 8);
  *to++ = high;
  if (size > kShortBytesMax) *to++ = static_cast<char>(size);
  if (size > 0) std::memcpy(to, element.bytes.data(), size);
  to += size;
  if (size > kShortBytesMax) *to++ = static_cast<char>(size);
  *to = high;
}

struct ReadEntry {
  ListElement element;
  size_t bytes;  // of the whole entry
};

// The entry that starts at `at`.
inline ReadEntry read_entry(const char* at) {
  const auto first = static_cast<unsigned char>(*at);
  if (first <= kShortBytesMax) return {{{at + 1, first}}, size_t{first} + 2};
  if (first == kRefCode) {
    ReadEntry read{{}, kRefEntryBytes};
    std::memcpy(&read.element.ref, at + 1, sizeof(void*));
    return read;
  }
  const size_t size = size_t{first & 0x3fu} << 8 | static_cast<unsigned char>(at[1]);
  return {{{at + 2, size}}, size + 4};
}

// The entry that ends before `end`.
inline ReadEntry read_entry_before(const char* end) {
  const auto last = static_cast<unsigned char>(end[-1]);
  if (last <= kShortBytesMax) return {{{end - 1 - last, last}}, size_t{last} + 2};
  if (last == kRefCode) return read_entry(end - kRefEntryBytes);
  const size_t size = size_t{last & 0x3fu} << 8 | static_cast<unsigned char>(end[-2]);
  return {{{end - 2 - size, size}}, size + 4};
}

}  // namespace sluice
