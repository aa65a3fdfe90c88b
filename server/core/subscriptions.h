// SPDX-License-Identifier: MIT
//
// What one session listens to. See pubsub.h, which keeps both sides in step.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>

namespace sluice::core {

struct Session;

// Channels by name, channels by pattern, and sharded channels, which are a world of their own.
enum class SubscriptionKind : uint8_t { kChannel, kPattern, kShard };

using Subscribers = std::list<Session*>;  // in the order in which they came

struct Subscriptions {
  // The place of the session among the subscribers of each name.
  using Names = std::map<std::string, Subscribers::iterator, std::less<>>;
  std::array<Names, 3> names;

  Names& of(SubscriptionKind kind) { return names[static_cast<size_t>(kind)]; }
  const Names& of(SubscriptionKind kind) const { return names[static_cast<size_t>(kind)]; }
  size_t size() const { return names[0].size() + names[1].size() + names[2].size(); }
};

}  // namespace sluice::core
