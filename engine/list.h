// SPDX-License-Identifier: MIT
//
// A double-ended list of byte strings in packed chunks: pushing writes at one end of a chunk, popping moves a bound,
// and neither moves another element. Memory per element is its bytes and a few more for lengths. The chunks grow with
// the list, and an element too large to share a chunk has one to itself; list_chunk.h has the bytes.
//
// An element can also be a ref: a pointer to an object that the owner of the list keeps elsewhere (a queue
// message with an ID). Refs have positions like any element; what stands in them is not the list's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

enum class Side : uint8_t { kLeft, kRight };

constexpr Side opposite(Side side) {
  return side == Side::kLeft ? Side::kRight : Side::kLeft;
}

struct ListElement {
  std::string_view bytes;  // valid until the next change of the list; empty for a ref
  void* ref = nullptr;     // not null: the element is kept elsewhere
};

class List {
 public:
  struct Chunk;
  // Where a ref lies: its chunk. Stays true until `RefMoved` says otherwise or the ref leaves the list.
  using Place = Chunk*;
  using RefMoved = void (*)(void* ref, Place place);

  List() = default;
  ~List();
  List(List&& other) noexcept;
  List& operator=(List&& other) noexcept;
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Heap memory held, in bytes. O(chunks).
  size_t bytes() const;
  // O(chunks).
  size_t chunks() const;

  // O(1), amortised over the bytes pushed. `bytes` may lie in this list: a rotation pushes what it has peeked at.
  void push(Side side, std::string_view bytes);
  Place push_ref(Side side, void* ref);
  // The element at that end. Requires: not empty. O(1).
  ListElement peek(Side side) const;
  // Removes it. Requires: not empty. O(1).
  void pop(Side side);

  // By position, 0 is the leftmost. Requires: index < size(), except insert, where index == size() appends.
  ListElement at(size_t index) const;
  void set(size_t index, std::string_view bytes);
  void insert(size_t index, std::string_view bytes);
  // Removes `count` elements from `index` on. Requires: index + count <= size(). Drops whole chunks without a
  // look at their elements.
  void erase(size_t index, size_t count);
  // From the left, passes over the first `skipped` elements with these bytes (refs have none) and removes the next
  // `count_max` of them. Returns how many it removed. O(size()).
  size_t erase_equal(std::string_view bytes, size_t skipped, size_t count_max);

  // Told of each ref that a change moved to another chunk; never of one that the same change removes or
  // overwrites. One per list; kept until replaced.
  void on_ref_moved(RefMoved moved) { ref_moved_ = moved; }
  // Removes a ref; O(elements of one chunk).
  void erase_ref(Place place, void* ref);

  // Walks from `index` (0 .. size()) to either side. Any change of the list ends its validity.
  class Cursor {
   public:
    bool at_end() const { return chunk_ == nullptr; }
    ListElement element() const;
    void move(Side towards);

   private:
    friend class List;
    const Chunk* chunk_ = nullptr;
    uint32_t offset_ = 0;
  };
  // Requires: index < size(), or the cursor is at its end.
  Cursor cursor(size_t index) const;

  // Frees chunks of a list that nobody uses any more, at most so many; lowers `chunks_max` by what it did. True when
  // nothing is left; until then it may only be called again, or destroyed.
  bool free_some(size_t& chunks_max);
  void check_invariants() const;

 private:
  // In front of the element that starts at `offset`.
  struct Position {
    Chunk* chunk;
    size_t offset;
  };

  Chunk* end_chunk(Side side) const;
  Chunk* left_of(const Chunk* chunk) const;
  static Chunk* make_chunk(const Chunk* neighbour, size_t entry_size);
  static Chunk* make_large_chunk(std::string_view bytes);
  // Puts `chunk` in front of `before`; nullptr: at the right end.
  void link(Chunk* chunk, Chunk* before);
  // Takes the chunk out of the chain and frees it.
  void drop(Chunk* chunk);
  Place push_element(Side side, ListElement element);

  Position locate(size_t index) const;
  void insert_at(Position position, const ListElement& element);
  Chunk* split(Position position);
  void merge(Chunk* chunk);
  bool merge_pair(Chunk* chunk, Chunk* neighbour);
  void merge_into(Chunk* target, Chunk* source);
  void report_refs(Chunk* chunk, size_t begin, size_t end) const;

  Chunk* leftmost_ = nullptr;  // whose prev is the rightmost: a list with few elements should be small itself
  size_t size_ = 0;
  RefMoved ref_moved_ = nullptr;
};

}  // namespace sluice
