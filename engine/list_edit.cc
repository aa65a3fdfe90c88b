// SPDX-License-Identifier: MIT
//
// Changes in the middle of a list. Each rewrites one chunk, or takes one apart; the others stay where they
// are. Chunks that have become small are joined, so that removing here and there does not leave a list of
// nearly empty chunks.
#include <algorithm>

#include "engine/list.h"
#include "engine/list_chunk.h"

namespace sluice {
namespace {

// Makes `size` free bytes in front of the entry at `offset`, by moving the entries on one side, the shorter
// one if there is a choice. Returns where they are now. Requires: that many bytes are free in the chunk.
size_t open_gap(List::Chunk& chunk, size_t offset, size_t size) {
  const size_t left = offset - chunk.begin;
  const size_t right = chunk.end - offset;
  const size_t room_left = chunk.room(Side::kLeft);
  const size_t room_right = chunk.room(Side::kRight);
  CHECK(room_left + room_right >= size);

  size_t to_left = std::min(room_left, size);  // how far the left part moves
  if (room_right >= size && (room_left < size || right < left)) to_left = 0;
  const size_t to_right = size - to_left;
  std::memmove(chunk.data() + chunk.begin - to_left, chunk.data() + chunk.begin, left);
  std::memmove(chunk.data() + offset + to_right, chunk.data() + offset, right);
  chunk.begin = static_cast<uint16_t>(chunk.begin - to_left);
  chunk.end = static_cast<uint16_t>(chunk.end + to_right);
  return offset - to_left;
}

// Takes out `size` bytes from `offset` on. Returns where what followed them starts now.
size_t close_gap(List::Chunk& chunk, size_t offset, size_t size) {
  const size_t left = offset - chunk.begin;
  const size_t right = chunk.end - offset - size;
  if (left < right) {
    std::memmove(chunk.data() + chunk.begin + size, chunk.data() + chunk.begin, left);
    chunk.begin = static_cast<uint16_t>(chunk.begin + size);
    return offset + size;
  }
  std::memmove(chunk.data() + offset, chunk.data() + offset + size, right);
  chunk.end = static_cast<uint16_t>(chunk.end - size);
  return offset;
}

void put(List::Chunk& chunk, size_t offset, const ListElement& element) {
  write_entry(chunk.data() + open_gap(chunk, offset, entry_bytes(element)), element);
  ++chunk.count;
}

// Takes out entries with these bytes, after the first `skipped` (counts them down). Returns how many.
size_t erase_equal_entries(List::Chunk& chunk, std::string_view bytes, size_t& skipped, size_t count_max) {
  size_t erased = 0;
  size_t kept = chunk.begin;
  for (size_t offset = chunk.begin; offset < chunk.end;) {
    const ReadEntry entry = read_entry(chunk.data() + offset);
    bool equal = entry.element.ref == nullptr && entry.element.bytes == bytes;
    if (equal && skipped > 0) {
      --skipped;
      equal = false;
    }
    if (equal && erased < count_max) {
      ++erased;
    } else {
      if (erased > 0) std::memmove(chunk.data() + kept, chunk.data() + offset, entry.bytes);
      kept += entry.bytes;
    }
    offset += entry.bytes;
  }
  chunk.end = static_cast<uint16_t>(kept);
  chunk.count = static_cast<uint16_t>(chunk.count - erased);
  return erased;
}

}  // namespace

void List::insert(size_t index, std::string_view bytes) {
  CHECK(index <= size_);
  if (index == 0) return push(Side::kLeft, bytes);
  if (index == size_) return push(Side::kRight, bytes);
  insert_at(locate(index), {bytes});
}

void List::insert_at(Position position, const ListElement& element) {
  Chunk* right = position.chunk;
  const size_t size = entry_bytes(element);
  const bool large = element.bytes.size() > kPackedBytesMax;
  ++size_;
  if (position.offset > right->begin) {
    if (!large && right->capacity - right->used() >= size) return put(*right, position.offset, element);
    right = split(position);
  }

  // Now it is a place between two chunks.
  Chunk* left = left_of(right);
  if (large) return link(make_large_chunk(element.bytes), right);
  if (left != nullptr && left->room(Side::kRight) >= size) return put(*left, left->end, element);
  if (right->capacity - right->used() >= size) return put(*right, right->begin, element);
  Chunk* between = make_chunk(right, size);
  link(between, right);
  put(*between, 0, element);
}

// The entries from `position` on go to a new chunk behind. Requires: there are some in front of it.
List::Chunk* List::split(Position position) {
  Chunk& left = *position.chunk;
  const size_t bytes = left.end - position.offset;
  Chunk* right = make_chunk(&left, bytes);
  link(right, left.next);
  std::memcpy(right->data(), left.data() + position.offset, bytes);
  right->end = static_cast<uint16_t>(bytes);
  left.end = static_cast<uint16_t>(position.offset);
  for (size_t offset = 0; offset < bytes; offset += read_entry(right->data() + offset).bytes) {
    ++right->count;
  }
  left.count = static_cast<uint16_t>(left.count - right->count);
  CHECK(left.count > 0 && right->count > 0);
  report_refs(right, 0, bytes);
  return right;
}

void List::set(size_t index, std::string_view bytes) {
  const auto [chunk, offset] = locate(index);
  const ListElement element{bytes};
  if (!chunk->is_large() && bytes.size() <= kPackedBytesMax) {
    const size_t size_old = read_entry(chunk->data() + offset).bytes;
    const size_t size = entry_bytes(element);
    if (size_old == size) return write_entry(chunk->data() + offset, element);
    if (chunk->capacity - chunk->used() + size_old >= size) {
      const size_t at = close_gap(*chunk, offset, size_old);
      return write_entry(chunk->data() + open_gap(*chunk, at, size), element);
    }
  }
  // In this order: a ref that is overwritten must not be reported as moved, its object may be gone already.
  erase(index, 1);
  insert(index, bytes);
}

void List::erase(size_t index, size_t count) {
  CHECK(index <= size_ && count <= size_ - index);
  if (count == 0) return;
  auto [chunk, offset] = locate(index);
  size_ -= count;
  Chunk* shortened = nullptr;
  while (count > 0) {
    Chunk* const next = chunk->next;
    if (offset == chunk->begin && count >= chunk->count) {
      count -= chunk->count;
      drop(chunk);
    } else {
      size_t end = offset;
      for (; count > 0 && end < chunk->end; --count) {
        end += read_entry(chunk->data() + end).bytes;
        --chunk->count;
      }
      close_gap(*chunk, offset, end - offset);
      shortened = chunk;
    }
    chunk = next;
    if (chunk != nullptr) offset = chunk->begin;
  }
  if (shortened != nullptr) merge(shortened);
}

size_t List::erase_equal(std::string_view bytes, size_t skipped, size_t count_max) {
  size_t erased = 0;
  for (Chunk* chunk = leftmost_; chunk != nullptr && erased < count_max;) {
    Chunk* const next = chunk->next;
    const size_t erased_before = erased;
    if (!chunk->is_large()) {
      erased += erase_equal_entries(*chunk, bytes, skipped, count_max - erased);
    } else if (chunk->large() == bytes) {
      skipped > 0 ? --skipped : ++erased;
    }
    const size_t erased_here = erased - erased_before;
    size_ -= erased_here;
    if (chunk->count == 0 || (chunk->is_large() && erased_here > 0)) {
      drop(chunk);
    } else if (erased_here > 0) {
      merge_pair(chunk, left_of(chunk));  // not with the right one, whose entries are still to be looked at
    }
    chunk = next;
  }
  return erased;
}

void List::erase_ref(Place place, void* ref) {
  size_t offset = place->begin;
  ReadEntry entry = read_entry(place->data() + offset);
  while (entry.element.ref != ref) {
    offset += entry.bytes;
    CHECK(offset < place->end);  // the owner's idea of where the ref lies is wrong
    entry = read_entry(place->data() + offset);
  }
  --size_;
  if (place->count == 1) return drop(place);
  --place->count;
  close_gap(*place, offset, entry.bytes);
  merge(place);
}

// Joins the chunk with a neighbour if both fit into half of the larger one: then a push of a few elements
// does not take them apart again.
void List::merge(Chunk* chunk) {
  for (Chunk* neighbour : {chunk->next, left_of(chunk)}) {
    if (merge_pair(chunk, neighbour)) return;
  }
}

// False if they stay two.
bool List::merge_pair(Chunk* chunk, Chunk* neighbour) {
  if (neighbour == nullptr || neighbour->is_large()) return false;
  Chunk* const target = neighbour->capacity > chunk->capacity ? neighbour : chunk;
  if (chunk->used() + neighbour->used() > target->capacity / 2u) return false;
  merge_into(target, target == chunk ? neighbour : chunk);
  return true;
}

// Requires: the two are neighbours, and the entries fit.
void List::merge_into(Chunk* target, Chunk* source) {
  const size_t bytes = source->used();
  const size_t offset = open_gap(*target, target->next == source ? target->end : target->begin, bytes);
  std::memcpy(target->data() + offset, source->data() + source->begin, bytes);
  target->count = static_cast<uint16_t>(target->count + source->count);
  drop(source);
  report_refs(target, offset, offset + bytes);
}

// Tells the owner of the refs among these entries that they lie in `chunk` now.
void List::report_refs(Chunk* chunk, size_t begin, size_t end) const {
  if (ref_moved_ == nullptr) return;
  while (begin < end) {
    const ReadEntry entry = read_entry(chunk->data() + begin);
    if (entry.element.ref != nullptr) ref_moved_(entry.element.ref, chunk);
    begin += entry.bytes;
  }
}

}  // namespace sluice
