// SPDX-License-Identifier: MIT
//
// The ready messages of one priority of a queue, in the order of list positions: plain elements, which are bytes
// without an ID, and refs to messages that have one. ReadyLanes lays the lanes side by side.
//
// Since when a plain element is eligible is kept as runs beside the list, one for neighbours that were pushed in the
// same millisecond:
//
//   list     [a] [b] [ref] [c] [d] [e] [ref]
//   runs     (2, t1)       (1, t2) (2, t3)        plain elements only; a ref's message knows its own time
//
// Invariants (check_invariants):
//  * the counts of the runs sum to the plain elements of the list; none is 0; neighbours differ in time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/list.h"
#include "engine/queue/message.h"
#include "engine/queue/time_counts.h"

namespace sluice {

// One ready message, valid until the next change of the lane.
struct ReadyElement {
  Message* message = nullptr;  // none: a plain element
  std::string_view payload;
  UnixMs since;
};

class Lane {
 public:
  // Takes over the elements of a plain list, pushed at `since`. Requires: no refs in it.
  Lane(List&& elements, UnixMs since);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  size_t size() const { return list_.size(); }
  const List& list() const { return list_; }
  // Since when the longest waiting one is eligible; nothing if the lane is empty. The same of plain elements alone.
  std::optional<UnixMs> oldest() const;
  std::optional<UnixMs> oldest_plain() const { return plain_since_.oldest(); }

  // `bytes` may lie in this lane.
  void push(Side side, std::string_view bytes, UnixMs since);
  // Requires: message.since is set, and does not change while it is here.
  void push(Side side, Message& message);
  // Requires: not empty.
  ReadyElement peek(Side side) const;
  void pop(Side side);
  // Requires: the message is here.
  void remove(Message& message);

  // Takes out the plain element that waits longest, the one nearest `head` if several do. Returns what was its payload.
  // Requires: there is one. O(refs nearer to the head).
  std::string pop_oldest_plain(Side head);

  // By position. Requires: index <= size().
  void insert(size_t index, std::string_view bytes, UnixMs since);
  // Puts bytes in the place of an element, eligible since the same time. Returns the message that was there, which
  // is out of the lane now, or nullptr for a plain element.
  Message* replace(size_t index, std::string_view bytes);
  // Requires: index + count <= size(). Messages among the elements are appended to `removed`.
  void erase(size_t index, size_t count, std::vector<Message*>& removed);

  // Calls visit(ReadyElement) for each, left to right. The lane must not change meanwhile.
  template <typename Visit>
  void for_each(const Visit& visit) const;

  // As List::free_some().
  bool free_some(size_t& parts_max) { return list_.free_some(parts_max); }

  // Heap memory held, in bytes, without the messages.
  size_t bytes() const {
    return list_.bytes() + runs_.size() * sizeof(Run) + ref_since_.bytes() + plain_since_.bytes();
  }
  void check_invariants() const;

 private:
  struct Run {
    uint64_t count;
    UnixMs since;
  };

  static Message* message_of(const ListElement& element) { return static_cast<Message*>(element.ref); }
  // Plain elements left of the position.
  size_t plain_before(size_t index) const;
  void insert_run(size_t plain_index, UnixMs since);
  void erase_runs(size_t plain_index, size_t count);
  void pop_run(Side side);

  List list_;
  std::deque<Run> runs_;
  size_t refs_ = 0;
  TimeCounts plain_since_;  // of plain elements
  TimeCounts ref_since_;    // of refs
};

template <typename Visit>
void Lane::for_each(const Visit& visit) const {
  auto run = runs_.begin();
  uint64_t used = 0;
  for (List::Cursor at = list_.cursor(0); !at.at_end(); at.move(Side::kRight)) {
    const ListElement element = at.element();
    if (Message* const message = message_of(element)) {
      visit(ReadyElement{message, message->payload(), message->since});
      continue;
    }
    if (used == run->count) {
      ++run;
      used = 0;
    }
    ++used;
    visit(ReadyElement{nullptr, element.bytes, run->since});
  }
}

}  // namespace sluice
