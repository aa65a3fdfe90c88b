// SPDX-License-Identifier: MIT
//
// Finds a message of a queue by its ID, and walks them in the order of IDs. IDs mostly come at the end and leave near
// the front: a deque of chunks, each up to 64 pointers in order. A hash table would be as fast to search, but could not
// be walked from an ID on, and would grow in one piece.
//
// Invariants (check_invariants):
//  * no chunk is empty, but the only one of an empty index; IDs rise strictly within and across chunks.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "engine/queue/message.h"

namespace sluice {

class MessageIndex {
 public:
  size_t size() const { return size_; }
  // nullptr if there is none. O(log n).
  Message* find(StreamId id) const;
  // Requires: no message has its ID. O(1) at the end.
  void insert(Message& message);
  // Requires: it is here.
  void remove(const Message& message);

  // Calls visit(Message&) for each, by ID.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const auto& chunk : chunks_) {
      for (uint32_t i = chunk->begin; i < chunk->end; ++i)
        visit(*chunk->messages[i]);
    }
  }

  // The same from the first that is not below `first`, until visit() says false.
  template <typename Visit>
  void for_each_from(StreamId first, const Visit& visit) const {
    if (size_ == 0) return;
    size_t at = chunk_for(first);
    uint32_t i = position_for(*chunks_[at], first);
    for (; at < chunks_.size(); ++at, i = at < chunks_.size() ? chunks_[at]->begin : 0) {
      for (; i < chunks_[at]->end; ++i) {
        if (!visit(*chunks_[at]->messages[i])) return;
      }
    }
  }

  // Takes messages out from the front, by whole chunks, until `messages_max` have been, and lowers it by that; calls
  // free(Message&) for each. True when none is left.
  template <typename Free>
  bool free_some(size_t& messages_max, const Free& free) {
    while (!chunks_.empty() && messages_max > 0) {
      const std::unique_ptr<Chunk> chunk = std::move(chunks_.front());
      chunks_.pop_front();
      for (uint32_t i = chunk->begin; i < chunk->end; ++i)
        free(*chunk->messages[i]);
      size_ -= chunk->size();
      messages_max -= std::min<size_t>(messages_max, chunk->size());
    }
    return chunks_.empty();
  }

  // Heap memory held, in bytes.
  size_t bytes() const { return chunks_.size() * (sizeof(Chunk) + sizeof(chunks_[0])); }
  void check_invariants() const;

 private:
  static constexpr uint32_t kChunkMessages = 64;
  struct Chunk {
    uint32_t begin = 0;
    uint32_t end = 0;
    std::array<Message*, kChunkMessages> messages;

    uint32_t size() const { return end - begin; }
    StreamId lowest() const { return messages[begin]->id(); }
  };

  // The chunk that holds the ID if any does: the last whose lowest is not above it, or the first.
  size_t chunk_for(StreamId id) const;
  static uint32_t position_for(const Chunk& chunk, StreamId id);
  void insert_in(size_t at, uint32_t position, Message& message);
  void merge(size_t at);

  std::deque<std::unique_ptr<Chunk>> chunks_;
  size_t size_ = 0;
};

}  // namespace sluice
