// SPDX-License-Identifier: MIT
//
// Finds the page of a stream that holds an ID. Two levels: leaves of up to 128 (base ID, page), and the list of leaves.
// Pages come at the end and mostly go at the front, so both levels drop from the front by moving a bound; a page that
// goes from the middle moves at most one leaf. A flat array would move millions of entries at once.
//
// Invariants (StreamDirectory::check_invariants):
//  * no leaf is empty, but that of a directory without pages.
//  * base IDs rise strictly within and across leaves.
//  * a leaf's `lowest` is not above its first base ID, and above every base ID of the leaf before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/stream_id.h"

namespace sluice {

class StreamPage;

class StreamDirectory {
 public:
  StreamDirectory() = default;
  ~StreamDirectory();
  StreamDirectory(const StreamDirectory&) = delete;
  StreamDirectory& operator=(const StreamDirectory&) = delete;

  size_t size() const { return size_; }
  // Requires: `base` is above that of every page.
  void push_back(StreamId base, StreamPage* page);
  // The last page whose base is not above `id`, or nullptr.
  StreamPage* find(StreamId id) const;
  // The page with exactly this base now lies elsewhere, or is gone. Requires: it is here.
  void replace(StreamId base, StreamPage* page);
  void remove(StreamId base);
  // Heap memory held, in bytes.
  size_t bytes() const { return leaves_.capacity() * sizeof(LeafRef) + leaf_bytes_; }
  void check_invariants() const;

 private:
  struct Ref {
    StreamId base;
    StreamPage* page;
  };
  struct Leaf;
  struct LeafRef {
    StreamId lowest;
    Leaf* leaf;
  };
  struct Position {
    size_t leaf;
    uint32_t index;
  };
  static constexpr uint32_t kLeafRefsMin = 2;
  static constexpr uint32_t kLeafRefsMax = 128;
  // The last leaf stays when it runs empty, unless it is larger: a stream may go empty with each message.
  static constexpr uint32_t kLeafRefsKept = 8;

  bool locate(StreamId id, Position& position) const;
  Position locate_exactly(StreamId base) const;
  void make_room();
  void remove_leaf(size_t leaf);

  std::vector<LeafRef> leaves_;  // those before front_ are gone
  size_t front_ = 0;
  size_t size_ = 0;
  size_t leaf_bytes_ = 0;
};

}  // namespace sluice
