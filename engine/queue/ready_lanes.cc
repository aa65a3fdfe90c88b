// SPDX-License-Identifier: MIT
#include "engine/queue/ready_lanes.h"

#include <algorithm>
#include <vector>

#include "engine/base/check.h"

namespace sluice {

ReadyLanes::ReadyLanes(List&& elements, UnixMs since) : size_(elements.size()) {
  lanes_[0] = std::make_unique<Lane>(std::move(elements), since);
  note(0);
}

int ReadyLanes::neighbour(int lane, Side towards, Side head) const {
  const uint32_t beyond =
      towards == head ? used_ & ~((uint32_t{2} << lane) - 1) : used_ & ((uint32_t{1} << lane) - 1);
  if (beyond == 0) return -1;
  return towards == head ? __builtin_ctz(beyond) : 31 - __builtin_clz(beyond);
}

Lane& ReadyLanes::lane_for(int lane) {
  std::unique_ptr<Lane>& place = lanes_[static_cast<size_t>(lane)];
  if (place == nullptr) place = std::make_unique<Lane>(List(), UnixMs{0});
  return *place;
}

void ReadyLanes::note(int lane) {
  const uint32_t bit = uint32_t{1} << lane;
  used_ = lanes_[static_cast<size_t>(lane)]->size() > 0 ? used_ | bit : used_ & ~bit;
}

void ReadyLanes::push(int lane, Side side, std::string_view bytes, UnixMs since) {
  lane_for(lane).push(side, bytes, since);
  ++size_;
  used_ |= uint32_t{1} << lane;
}

void ReadyLanes::push(Side side, Message& message) {
  lane_for(message.lane).push(side, message);
  ++size_;
  used_ |= uint32_t{1} << message.lane;
}

void ReadyLanes::pop(int lane, Side side) {
  lane_for(lane).pop(side);
  --size_;
  note(lane);
}

void ReadyLanes::remove(Message& message) {
  lane_for(message.lane).remove(message);
  --size_;
  note(message.lane);
}

std::string ReadyLanes::pop_oldest_plain(int lane, Side head) {
  std::string payload = lane_for(lane).pop_oldest_plain(head);
  --size_;
  note(lane);
  return payload;
}

ReadyLanes::Spot ReadyLanes::locate(size_t index, Side head) const {
  CHECK(index < size_);
  int lane = end_lane(Side::kLeft, head);
  while (index >= this->lane(lane).size()) {
    index -= this->lane(lane).size();
    lane = neighbour(lane, Side::kRight, head);
  }
  return {lane, index};
}

void ReadyLanes::insert(size_t index, std::string_view bytes, UnixMs since, Side head) {
  if (index < size_) return insert_beside(locate(index, head), Side::kLeft, bytes, since);
  if (size_ == 0) return push(0, Side::kRight, bytes, since);
  insert_beside(locate(size_ - 1, head), Side::kRight, bytes, since);
}

void ReadyLanes::insert_beside(Spot pivot, Side side, std::string_view bytes, UnixMs since) {
  lane_for(pivot.lane).insert(side == Side::kLeft ? pivot.index : pivot.index + 1, bytes, since);
  ++size_;
}

Message* ReadyLanes::replace(Spot spot, std::string_view bytes) {
  return lane_for(spot.lane).replace(spot.index, bytes);
}

void ReadyLanes::erase(size_t index, size_t count, Side head, std::vector<Message*>& removed) {
  while (count > 0) {
    const Spot spot = locate(index, head);
    Lane& lane = lane_for(spot.lane);
    const size_t here = std::min(count, lane.size() - spot.index);
    lane.erase(spot.index, here, removed);
    size_ -= here;
    count -= here;
    note(spot.lane);
  }
}

std::optional<UnixMs> ReadyLanes::oldest() const {
  std::optional<UnixMs> oldest;
  for_each_lane([&oldest](int, const Lane& lane) {
    if (!oldest || *lane.oldest() < *oldest) oldest = lane.oldest();
  });
  return oldest;
}

int ReadyLanes::lane_of_oldest_plain() const {
  int found = -1;
  for_each_lane([&](int number, const Lane& lane) {
    const auto since = lane.oldest_plain();
    if (since && (found < 0 || *since < *this->lane(found).oldest_plain())) found = number;
  });
  return found;
}

bool ReadyLanes::free_some(size_t& parts_max) {
  for (const auto& lane : lanes_) {
    if (lane != nullptr && !lane->free_some(parts_max)) return false;
  }
  return true;
}

size_t ReadyLanes::bytes() const {
  size_t bytes = 0;
  for (const auto& lane : lanes_) {
    if (lane != nullptr) bytes += sizeof(Lane) + lane->bytes();
  }
  return bytes;
}

void ReadyLanes::check_invariants() const {
  size_t sum = 0;
  for (int i = 0; i < kLanes; ++i) {
    const auto& lane = lanes_[static_cast<size_t>(i)];
    CHECK(used(i) == (lane != nullptr && lane->size() > 0));
    if (lane == nullptr) continue;
    lane->check_invariants();
    sum += lane->size();
    lane->for_each([i](const ReadyElement& element) {
      if (element.message != nullptr) CHECK(element.message->lane == i);
    });
  }
  CHECK(sum == size_);
}

}  // namespace sluice
