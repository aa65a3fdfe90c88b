// SPDX-License-Identifier: MIT
//
// Who listens to what, and a message's way to them. A message is for those who listen at the moment when it is
// published; nothing is kept and nothing is logged, but it leaves no earlier than the log allows, like a reply.
//
// Subscribers of a name get a message in the order in which they subscribed; first those of the channel, then those of
// patterns, which are gone through in the order of their bytes.
//
// Invariants: a name without subscribers is not in the table; session.subscriptions is set exactly while it has any.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/core/subscriptions.h"

namespace sluice::core {

class Server;
struct Session;

// What one client may listen to.
inline constexpr size_t kSubscriptionsMax = 1'000'000;

class PubSub {
 public:
  explicit PubSub(Server& server) : server_(server) {}

  // False: it was subscribed already.
  bool subscribe(Session& session, SubscriptionKind kind, std::string_view name);
  // False: it was not subscribed.
  bool unsubscribe(Session& session, SubscriptionKind kind, std::string_view name);
  // What a session that leaves listens to.
  void unsubscribe_all(Session& session);

  // How many it was sent to; one that listens by channel and by pattern counts, and gets it, twice.
  size_t publish(std::string_view channel, std::string_view message);
  size_t publish_sharded(std::string_view channel, std::string_view message);
  bool anybody() const { return subscriptions_ > 0; }

  // Names with subscribers that match the pattern, in the order of their bytes.
  std::vector<std::string_view> matching(SubscriptionKind kind, std::string_view pattern) const;
  size_t subscribers(SubscriptionKind kind, std::string_view name) const;
  size_t names(SubscriptionKind kind) const { return table(kind).size(); }

 private:
  using Table = std::map<std::string, Subscribers, std::less<>>;
  Table& table(SubscriptionKind kind) { return tables_[static_cast<size_t>(kind)]; }
  const Table& table(SubscriptionKind kind) const { return tables_[static_cast<size_t>(kind)]; }
  size_t deliver(SubscriptionKind kind, std::string_view verb, std::string_view channel,
                 std::string_view message);

  Server& server_;
  std::array<Table, 3> tables_;
  size_t subscriptions_ = 0;
};

}  // namespace sluice::core
