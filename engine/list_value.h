// SPDX-License-Identifier: MIT
//
// What a key of type list holds: a plain List, or a Queue once a policy is set or a queue verb has changed it. List
// commands see no difference: of a queue they see the ready messages, in the same positions.
//
// A plain list pays one branch and one pointer for the possibility.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "engine/digest.h"
#include "engine/list.h"
#include "engine/record_sink.h"
#include "engine/stamp.h"

namespace sluice {

class Entry;
class Queue;
class QueueSystem;

class ListValue {
 public:
  ListValue();
  ~ListValue();
  ListValue(const ListValue&) = delete;
  ListValue& operator=(const ListValue&) = delete;

  // Elements that list commands see: all, or the ready messages of a queue.
  size_t size() const { return queue_ == nullptr ? list_.size() : queue_size(); }
  // Nothing ready, delayed or leased: the key must go.
  bool empty() const { return queue_ == nullptr ? list_.empty() : queue_empty(); }

  void push(Side side, std::string_view bytes, const Stamp& stamp) {
    if (queue_ != nullptr) [[unlikely]]
      return queue_push(side, bytes, stamp);
    list_.push(side, bytes);
  }
  // The element at that end, valid until the next change. Requires: size() > 0.
  std::string_view peek(Side side) const {
    if (queue_ != nullptr) [[unlikely]]
      return queue_peek(side);
    return list_.peek(side).bytes;
  }
  // Removes it; a queue counts it as popped and forgets it. Whoever removes elements calls settle() when it is done.
  // Requires: size() > 0.
  void pop(Side side) {
    if (queue_ != nullptr) [[unlikely]]
      return queue_pop(side);
    list_.pop(side);
  }

  // By position, 0 is the leftmost. Requires: index < size(), except insert, where index == size() appends.
  std::string_view at(size_t index) const;
  // In a queue: what was there is popped, the new element takes its place and its push time.
  void set(size_t index, std::string_view bytes);
  void insert(size_t index, std::string_view bytes, const Stamp& stamp);
  // An element beside the one at `pivot`, which is its neighbour also in priority.
  void insert_beside(size_t pivot, Side side, std::string_view bytes, const Stamp& stamp);
  // Requires: index + count <= size().
  void erase(size_t index, size_t count);
  // Removes elements with these bytes, at most `count_max`, those nearest to the end `from`. Returns how many.
  size_t erase_equal(std::string_view bytes, Side from, size_t count_max);
  // Elements have been removed or replaced: in a queue, those that waited for them may follow now. True if any did.
  bool settle() {
    if (queue_ != nullptr) [[unlikely]]
      return queue_settle();
    return false;
  }

  // Walks from a position to either side. Any change of the value ends its validity.
  class Cursor {
   public:
    bool at_end() const { return cursor_.at_end(); }
    std::string_view bytes() const;
    void move(Side towards) {
      cursor_.move(towards);
      if (queue_ != nullptr && cursor_.at_end()) [[unlikely]]
        next_lane(towards);
    }

   private:
    friend class ListValue;
    explicit Cursor(List::Cursor cursor, const Queue* queue = nullptr, int lane = 0)
        : cursor_(cursor), queue_(queue), lane_(lane) {}
    void next_lane(Side towards);
    List::Cursor cursor_;
    const Queue* queue_;
    int lane_;
  };
  // At its end if there is no such element.
  Cursor cursor(size_t index) const;
  // Calls visit(bytes) for `count` elements from `first` on, left to right. Requires: first + count <= size().
  template <typename Visit>
  void for_each(size_t first, size_t count, const Visit& visit) const {
    if (count == 0) return;
    Cursor at = cursor(first);
    for (; count > 0; --count, at.move(Side::kRight))
      visit(at.bytes());
  }

  bool is_queue() const { return queue_ != nullptr; }
  // Requires: is_queue().
  Queue& queue();
  const Queue& queue() const;
  // Makes a plain list a queue whose elements were pushed at the stamp's time. Requires: it is plain, and lies in
  // `entry`. `system` must outlive it.
  Queue& become_queue(QueueSystem& system, Entry& entry, const Stamp& stamp);
  // The value lies in this entry from now on (RENAME): its key is where the policy comes from. For the keyspace.
  void moved_to(Entry& entry);

  // Heap memory held, in bytes.
  size_t bytes() const;
  // Pieces of memory that a plain list lies in. O(chunks).
  size_t chunks() const { return list_.chunks(); }
  // Elements and messages, in whatever state. O(1).
  size_t weight() const;
  // As Entry::retire() and Entry::free_some().
  void retire();
  bool free_some(size_t& parts_max);
  // Everything that is logged about the value, and nothing else.
  void digest(Digest& into) const;
  // The commands that rebuild it under `key`. In a queue, policies are not part of it: they belong to the key.
  void dump(std::string_view key, RecordSink& sink) const;
  void check_invariants() const;

 private:
  size_t count_equal(std::string_view bytes) const;
  size_t queue_size() const;
  bool queue_empty() const;
  void queue_push(Side side, std::string_view bytes, const Stamp& stamp);
  std::string_view queue_peek(Side side) const;
  void queue_pop(Side side);
  size_t queue_erase_equal(std::string_view bytes, size_t skipped, size_t count_max);
  bool queue_settle();

  List list_;  // empty in a queue, which keeps its own
  std::unique_ptr<Queue> queue_;
};

}  // namespace sluice
