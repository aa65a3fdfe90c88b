// SPDX-License-Identifier: MIT
//
// The lanes of a queue, one for each priority, side by side: the highest nearest the head.
//
//   head on the right      [ lane 0 ][ lane 1 ] ... [ lane 9 ]  ◄── served first
//   index                  0                                -1
//
// List commands see them as one list; so the ends of the whole, and a position in it, depend on where the head is.
// Lanes above 0 are made when they are first needed.
//
// Invariants (check_invariants): size() is the sum over the lanes; the bits of `used_` tell which are not empty.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/base/time.h"
#include "engine/list.h"
#include "engine/queue/lane.h"
#include "engine/queue/message.h"

namespace sluice {

class ReadyLanes {
 public:
  // Lane 0 takes over the elements of a plain list.
  ReadyLanes(List&& elements, UnixMs since);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The highest and the lowest that is not empty. Requires: not empty.
  int highest() const { return 31 - __builtin_clz(used_); }
  int lowest() const { return __builtin_ctz(used_); }
  bool used(int lane) const { return (used_ >> lane & 1u) != 0; }
  // Requires: used(lane), or 0.
  const Lane& lane(int lane) const { return *lanes_[static_cast<size_t>(lane)]; }
  // The lane at an end of the whole. Requires: not empty.
  int end_lane(Side side, Side head) const { return side == head ? highest() : lowest(); }
  // The next lane on that side that is not empty, or -1.
  int neighbour(int lane, Side towards, Side head) const;

  void push(int lane, Side side, std::string_view bytes, UnixMs since);
  // Into message.lane.
  void push(Side side, Message& message);
  ReadyElement peek(int lane, Side side) const { return this->lane(lane).peek(side); }
  void pop(int lane, Side side);
  void remove(Message& message);
  // See Lane.
  std::string pop_oldest_plain(int lane, Side head);

  // A position of the whole, and the same within its lane. Requires: index < size().
  struct Spot {
    int lane;
    size_t index;
  };
  Spot locate(size_t index, Side head) const;
  // In front of that element; in its lane. With index == size(): behind the last one.
  void insert(size_t index, std::string_view bytes, UnixMs since, Side head);
  // As in front of the pivot, or behind it: the new element takes the pivot's lane.
  void insert_beside(Spot pivot, Side side, std::string_view bytes, UnixMs since);
  Message* replace(Spot spot, std::string_view bytes);
  void erase(size_t index, size_t count, Side head, std::vector<Message*>& removed);

  std::optional<UnixMs> oldest() const;
  // The lane whose plain element waits longest, the lowest if several do; -1 if there is none.
  int lane_of_oldest_plain() const;

  // Calls visit(lane, const Lane&) for each that is not empty, the lowest first.
  template <typename Visit>
  void for_each_lane(const Visit& visit) const {
    for (int lane = 0; lane < kLanes; ++lane) {
      if (used(lane)) visit(lane, this->lane(lane));
    }
  }
  // As List::free_some().
  bool free_some(size_t& parts_max);
  size_t bytes() const;
  void check_invariants() const;

 private:
  Lane& lane_for(int lane);
  void note(int lane);

  std::array<std::unique_ptr<Lane>, kLanes> lanes_;
  uint32_t used_ = 0;
  size_t size_ = 0;
};

}  // namespace sluice
