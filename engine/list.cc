// SPDX-License-Identifier: MIT
//
// Both ends of a list, its chunks, and reading. Changes in the middle are in list_edit.cc.
#include "engine/list.h"

#include <algorithm>
#include <utility>

#include "engine/base/allocate.h"
#include "engine/list_chunk.h"

namespace sluice {
namespace {

// Moves the entries of a chunk that is at most half full so that `size` bytes fit in on `side`: a short list
// through which elements flow stays in one chunk. False if it is fuller, or the bytes do not fit.
//
// The free bytes are shared by both sides, so that pushes from both in turn do not move the entries each
// time. What moves is at most twice what fits in before the next move.
bool slide(List::Chunk& chunk, Side side, size_t size, ListElement& element) {
  const size_t used = chunk.used();
  const size_t room = chunk.capacity - used;
  if (used > room || room < size) return false;
  const size_t gap = std::max(size, room / 2);
  const size_t begin = side == Side::kLeft ? gap : room - gap;

  char* const from = chunk.data() + chunk.begin;
  const bool within =
      !element.bytes.empty() && element.bytes.data() >= from && element.bytes.data() < from + used;
  std::memmove(chunk.data() + begin, from, used);
  if (within) {
    element.bytes = {chunk.data() + begin + (element.bytes.data() - from), element.bytes.size()};
  }
  chunk.begin = static_cast<uint16_t>(begin);
  chunk.end = static_cast<uint16_t>(begin + used);
  return true;
}

size_t offset_of(const List::Chunk& chunk, size_t index) {
  if (index <= chunk.count / 2u) {
    size_t offset = chunk.begin;
    for (size_t i = 0; i < index; ++i) {
      offset += read_entry(chunk.data() + offset).bytes;
    }
    return offset;
  }
  size_t offset = chunk.end;
  for (size_t i = chunk.count; i > index; --i) {
    offset -= read_entry_before(chunk.data() + offset).bytes;
  }
  return offset;
}

}  // namespace

static_assert(sizeof(List::Chunk) == kChunkHeaderBytes);

List::~List() {
  size_t chunks_max = SIZE_MAX;
  free_some(chunks_max);
}

bool List::free_some(size_t& chunks_max) {
  for (; leftmost_ != nullptr && chunks_max > 0; --chunks_max) {
    std::free(std::exchange(leftmost_, leftmost_->next));
  }
  return leftmost_ == nullptr;
}

List::List(List&& other) noexcept
    : leftmost_(std::exchange(other.leftmost_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      ref_moved_(std::exchange(other.ref_moved_, nullptr)) {}

List& List::operator=(List&& other) noexcept {
  std::swap(leftmost_, other.leftmost_);
  std::swap(size_, other.size_);
  std::swap(ref_moved_, other.ref_moved_);
  return *this;
}

size_t List::chunks() const {
  size_t count = 0;
  for (const Chunk* chunk = leftmost_; chunk != nullptr; chunk = chunk->next)
    ++count;
  return count;
}

size_t List::bytes() const {
  size_t sum = 0;
  for (const Chunk* chunk = leftmost_; chunk != nullptr; chunk = chunk->next) {
    sum +=
        kChunkHeaderBytes + (chunk->is_large() ? sizeof(uint64_t) + chunk->large().size() : chunk->capacity);
  }
  return sum;
}

List::Chunk* List::end_chunk(Side side) const {
  if (side == Side::kLeft || leftmost_ == nullptr) return leftmost_;
  return leftmost_->prev;
}

List::Chunk* List::left_of(const Chunk* chunk) const {
  return chunk == leftmost_ ? nullptr : chunk->prev;
}

// An empty chunk for an entry of that size: one step larger than the neighbour, as small as possible in an
// empty list, because most lists are short.
List::Chunk* List::make_chunk(const Chunk* neighbour, size_t entry_size) {
  const size_t needed = kChunkHeaderBytes + entry_size;
  size_t grown = kChunkBytes[0];
  if (neighbour == nullptr) {
    grown = std::max(grown, (needed + 15) / 16 * 16);
  } else {
    const size_t above = std::max(needed, kChunkHeaderBytes + neighbour->capacity + 1);
    grown = *std::lower_bound(std::begin(kChunkBytes), std::end(kChunkBytes) - 1, above);
  }
  CHECK(grown >= needed);
  auto* chunk = static_cast<Chunk*>(allocate(grown));
  *chunk = {nullptr, nullptr, static_cast<uint16_t>(grown - kChunkHeaderBytes), 0, 0, 0};
  return chunk;
}

List::Chunk* List::make_large_chunk(std::string_view bytes) {
  const uint64_t size = bytes.size();
  auto* chunk = static_cast<Chunk*>(allocate(sizeof(Chunk) + sizeof(size) + bytes.size()));
  *chunk = {nullptr, nullptr, 0, 0, 0, 1};
  std::memcpy(chunk->data(), &size, sizeof(size));
  std::memcpy(chunk->data() + sizeof(size), bytes.data(), bytes.size());
  return chunk;
}

void List::link(Chunk* chunk, Chunk* before) {
  if (leftmost_ == nullptr) {
    chunk->prev = chunk;
    chunk->next = nullptr;
    leftmost_ = chunk;
    return;
  }
  Chunk* const right = before == nullptr ? leftmost_ : before;  // whose prev the chunk becomes
  chunk->prev = right->prev;
  chunk->next = before;
  if (before == leftmost_) {
    leftmost_ = chunk;
  } else {
    chunk->prev->next = chunk;
  }
  right->prev = chunk;
}

void List::drop(Chunk* chunk) {
  if (chunk == leftmost_) {
    leftmost_ = chunk->next;
    if (leftmost_ != nullptr) leftmost_->prev = chunk->prev;
  } else {
    chunk->prev->next = chunk->next;
    (chunk->next == nullptr ? leftmost_ : chunk->next)->prev = chunk->prev;
  }
  std::free(chunk);
}

void List::push(Side side, std::string_view bytes) {
  if (bytes.size() <= kPackedBytesMax) {
    push_element(side, {bytes});
    return;
  }
  link(make_large_chunk(bytes), side == Side::kLeft ? leftmost_ : nullptr);
  ++size_;
}

List::Place List::push_ref(Side side, void* ref) {
  CHECK(ref != nullptr);
  return push_element(side, {{}, ref});
}

List::Place List::push_element(Side side, ListElement element) {
  const size_t size = entry_bytes(element);
  Chunk* chunk = end_chunk(side);
  if (chunk == nullptr || (chunk->room(side) < size && !slide(*chunk, side, size, element))) {
    chunk = make_chunk(chunk, size);
    if (side == Side::kLeft) chunk->begin = chunk->end = chunk->capacity;
    link(chunk, side == Side::kLeft ? leftmost_ : nullptr);
  }
  if (side == Side::kLeft) {
    chunk->begin = static_cast<uint16_t>(chunk->begin - size);
    write_entry(chunk->data() + chunk->begin, element);
  } else {
    write_entry(chunk->data() + chunk->end, element);
    chunk->end = static_cast<uint16_t>(chunk->end + size);
  }
  ++chunk->count;
  ++size_;
  return chunk;
}

ListElement List::peek(Side side) const {
  CHECK(size_ > 0);
  const Chunk* chunk = end_chunk(side);
  if (chunk->is_large()) return {chunk->large()};
  if (side == Side::kLeft) return read_entry(chunk->data() + chunk->begin).element;
  return read_entry_before(chunk->data() + chunk->end).element;
}

void List::pop(Side side) {
  CHECK(size_ > 0);
  Chunk* chunk = end_chunk(side);
  --size_;
  if (chunk->count == 1) {
    drop(chunk);
    return;
  }
  --chunk->count;
  if (side == Side::kLeft) {
    chunk->begin = static_cast<uint16_t>(chunk->begin + read_entry(chunk->data() + chunk->begin).bytes);
  } else {
    chunk->end = static_cast<uint16_t>(chunk->end - read_entry_before(chunk->data() + chunk->end).bytes);
  }
}

List::Position List::locate(size_t index) const {
  CHECK(index < size_);
  if (index < size_ / 2) {
    Chunk* chunk = leftmost_;
    while (index >= chunk->count) {
      index -= chunk->count;
      chunk = chunk->next;
    }
    return {chunk, offset_of(*chunk, index)};
  }
  size_t behind = size_ - index;  // the element itself is one of them
  Chunk* chunk = leftmost_->prev;
  while (behind > chunk->count) {
    behind -= chunk->count;
    chunk = chunk->prev;
  }
  return {chunk, offset_of(*chunk, chunk->count - behind)};
}

List::Cursor List::cursor(size_t index) const {
  CHECK(index <= size_);
  Cursor cursor;
  if (index == size_) return cursor;
  const Position position = locate(index);
  cursor.chunk_ = position.chunk;
  cursor.offset_ = static_cast<uint32_t>(position.offset);
  return cursor;
}

ListElement List::at(size_t index) const {
  CHECK(index < size_);
  return cursor(index).element();
}

ListElement List::Cursor::element() const {
  CHECK(chunk_ != nullptr);
  if (chunk_->is_large()) return {chunk_->large()};
  return read_entry(chunk_->data() + offset_).element;
}

void List::Cursor::move(Side towards) {
  CHECK(chunk_ != nullptr);
  if (towards == Side::kRight) {
    if (!chunk_->is_large()) {
      offset_ += static_cast<uint32_t>(read_entry(chunk_->data() + offset_).bytes);
      if (offset_ < chunk_->end) return;
    }
    chunk_ = chunk_->next;
    if (chunk_ != nullptr) offset_ = chunk_->begin;
    return;
  }
  if (offset_ == chunk_->begin) {
    chunk_ = chunk_->is_leftmost() ? nullptr : chunk_->prev;
    if (chunk_ == nullptr) return;
    offset_ = chunk_->end;
    if (chunk_->is_large()) return;
  }
  offset_ -= static_cast<uint32_t>(read_entry_before(chunk_->data() + offset_).bytes);
}

void List::check_invariants() const {
  size_t elements = 0;
  for (const Chunk* chunk = leftmost_; chunk != nullptr; chunk = chunk->next) {
    CHECK(chunk->is_leftmost() == (chunk == leftmost_));
    CHECK((chunk->next == nullptr ? leftmost_ : chunk->next)->prev == chunk);
    CHECK(chunk->count > 0);
    elements += chunk->count;
    if (chunk->is_large()) {
      CHECK(chunk->begin == 0 && chunk->end == 0 && chunk->count == 1);
      CHECK(chunk->large().size() > kPackedBytesMax);
      continue;
    }
    CHECK(chunk->end <= chunk->capacity);
    size_t offset = chunk->begin;
    for (size_t i = 0; i < chunk->count; ++i) {
      const ReadEntry entry = read_entry(chunk->data() + offset);
      offset += entry.bytes;
      CHECK(offset <= chunk->end);
      const ReadEntry again = read_entry_before(chunk->data() + offset);
      CHECK(again.bytes == entry.bytes && again.element.ref == entry.element.ref);
      CHECK(again.element.bytes.data() == entry.element.bytes.data());
    }
    CHECK(offset == chunk->end);
  }
  CHECK(elements == size_);
}

}  // namespace sluice
