// SPDX-License-Identifier: MIT
#include "engine/referenced_front.h"

#include <algorithm>
#include <iterator>

namespace sluice {

ReferencedFront::Range ReferencedFront::next() const {
  if (ranges_.empty()) return {until_, kStreamIdMax};
  return {ranges_.begin()->first, ranges_.begin()->second};
}

void ReferencedFront::settle(StreamId id) {
  if (ranges_.empty()) {
    until_ = std::max(until_, id);
    return;
  }
  const Range range = next();
  if (id <= range.first) return;
  ranges_.erase(ranges_.begin());
  if (id <= range.last) ranges_.emplace(id, range.last);
}

void ReferencedFront::let_go(StreamId id) {
  if (id >= until_) return;
  const auto above = ranges_.upper_bound(id);
  if (above != ranges_.begin() && std::prev(above)->second >= id) return;
  ranges_.emplace_hint(above, id, id);
  if (ranges_.size() > kRangesMax) join_neighbours();
}

// Each with the next one: the first with the second, the third with the fourth.
void ReferencedFront::join_neighbours() {
  for (auto it = ranges_.begin(); it != ranges_.end(); ++it) {
    const auto second = std::next(it);
    if (second == ranges_.end()) return;
    it->second = second->second;
    ranges_.erase(second);
  }
}

void ReferencedFront::forget() {
  ranges_.clear();
  until_ = kStreamIdMin;
}

bool ReferencedFront::knows(StreamId id) const {
  if (id >= until_) return false;
  const auto above = ranges_.upper_bound(id);
  return above == ranges_.begin() || std::prev(above)->second < id;
}

size_t ReferencedFront::bytes() const {
  // A node: its links, the pair, and what the allocator adds.
  constexpr size_t kNodeBytes = 80;
  return sizeof(ReferencedFront) + ranges_.size() * kNodeBytes;
}

}  // namespace sluice
