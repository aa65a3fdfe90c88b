// SPDX-License-Identifier: MIT
//
// The messages of a queue that have to be done one after the other: those of one group, in the order of their IDs. At
// most one of them, the front, is ready, delayed or leased; the others are parked behind it.
//
//   group "order-17"    front: 7-0 (leased)    parked: 7-4, 8-0, 8-1
//   group "order-18"    front: 8-2 (delayed)
//
// Invariants (check_invariants): a group has a front, or is loose (its front is gone and settle() has not been called
// yet), or both it and its name are gone; IDs of the parked rise, and are above the front's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "engine/queue/message.h"

namespace sluice {

class OrderedGroups {
 public:
  size_t size() const { return groups_.size(); }
  size_t parked() const { return parked_; }
  // Whether a message of the group that is added now has to be parked.
  bool busy(uint32_t group) const { return groups_.find(group) != groups_.end(); }

  // The message is the front now, or is parked. Requires: !busy(), or busy().
  void set_front(Message& message, uint32_t group);
  void park(Message& message, uint32_t group);
  // The message leaves its group; true: it was the front, and the next one is to follow.
  bool remove(const Message& message, uint32_t group);
  // The first of the parked, which is the front now; nullptr: there was none, and the group is gone.
  Message* advance(uint32_t group);
  // From a record, in any order. False: it would be a second front.
  [[nodiscard]] bool restore(Message& message, uint32_t group, bool front);

  size_t bytes() const;
  void check_invariants() const;

 private:
  struct Group {
    Message* front = nullptr;
    std::vector<Message*> parked;
    size_t begin = 0;  // those before it have been advanced

    size_t size() const { return parked.size() - begin; }
  };

  std::unordered_map<uint32_t, Group> groups_;  // by number of the name; never walked but in tests
  size_t parked_ = 0;
};

}  // namespace sluice
