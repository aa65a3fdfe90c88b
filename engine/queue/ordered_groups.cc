// SPDX-License-Identifier: MIT
#include "engine/queue/ordered_groups.h"

#include <algorithm>

#include "engine/base/check.h"

namespace sluice {
namespace {

// Advanced places are kept until they are as many, and half of all.
constexpr size_t kGapMin = 32;

bool id_below(const Message* message, StreamId id) {
  return message->id() < id;
}

}  // namespace

void OrderedGroups::set_front(Message& message, uint32_t group) {
  Group& in = groups_[group];
  CHECK(in.front == nullptr && in.size() == 0);
  in.front = &message;
}

void OrderedGroups::park(Message& message, uint32_t group) {
  Group& in = groups_[group];
  CHECK(in.size() == 0 || in.parked.back()->id() < message.id());
  in.parked.push_back(&message);
  ++parked_;
}

bool OrderedGroups::remove(const Message& message, uint32_t group) {
  Group& in = groups_.at(group);
  if (in.front == &message) {
    in.front = nullptr;
    return true;
  }
  const auto begin = in.parked.begin() + static_cast<ptrdiff_t>(in.begin);
  const auto at = std::lower_bound(begin, in.parked.end(), message.id(), id_below);
  CHECK(at != in.parked.end() && *at == &message);
  in.parked.erase(at);
  --parked_;
  return false;
}

Message* OrderedGroups::advance(uint32_t group) {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return nullptr;
  Group& in = found->second;
  if (in.front != nullptr) return nullptr;  // advanced before
  if (in.size() == 0) {
    groups_.erase(found);
    return nullptr;
  }
  in.front = in.parked[in.begin++];
  --parked_;
  if (in.begin >= kGapMin && in.begin >= in.parked.size() / 2) {
    in.parked.erase(in.parked.begin(), in.parked.begin() + static_cast<ptrdiff_t>(in.begin));
    in.begin = 0;
  }
  return in.front;
}

bool OrderedGroups::restore(Message& message, uint32_t group, bool front) {
  Group& in = groups_[group];
  if (front) {
    if (in.front != nullptr) return false;
    in.front = &message;
    return true;
  }
  in.parked.insert(std::lower_bound(in.parked.begin(), in.parked.end(), message.id(), id_below), &message);
  ++parked_;
  return true;
}

size_t OrderedGroups::bytes() const {
  // A node of the table and its place in it.
  constexpr size_t kGroupBytes = sizeof(Group) + 32;
  return groups_.size() * kGroupBytes + parked_ * sizeof(Message*);
}

void OrderedGroups::check_invariants() const {
  size_t parked = 0;
  for (const auto& [number, group] : groups_) {
    CHECK(group.front != nullptr && group.front->state != MessageState::kParked && !group.front->dying);
    const Message* before = group.front;
    for (size_t i = group.begin; i < group.parked.size(); ++i) {
      CHECK(group.parked[i]->state == MessageState::kParked);
      CHECK(before->id() < group.parked[i]->id() && *group.parked[i]->traits().group == number);
      before = group.parked[i];
      ++parked;
    }
  }
  CHECK(parked == parked_);
}

}  // namespace sluice
