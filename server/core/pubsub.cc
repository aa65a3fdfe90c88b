// SPDX-License-Identifier: MIT
#include "server/core/pubsub.h"

#include <memory>

#include "engine/base/check.h"
#include "engine/base/glob.h"
#include "server/core/server.h"

namespace sluice::core {

bool PubSub::subscribe(Session& session, SubscriptionKind kind, std::string_view name) {
  if (session.subscriptions == nullptr) session.subscriptions = std::make_unique<Subscriptions>();
  Subscriptions::Names& names = session.subscriptions->of(kind);
  if (names.find(name) != names.end()) return false;
  Table& subscribed = table(kind);
  auto it = subscribed.find(name);
  if (it == subscribed.end()) it = subscribed.emplace(name, Subscribers()).first;
  names.emplace(name, it->second.insert(it->second.end(), &session));
  ++subscriptions_;
  return true;
}

bool PubSub::unsubscribe(Session& session, SubscriptionKind kind, std::string_view name) {
  if (session.subscriptions == nullptr) return false;
  Subscriptions::Names& names = session.subscriptions->of(kind);
  const auto mine = names.find(name);
  if (mine == names.end()) return false;
  Table& subscribed = table(kind);
  const auto it = subscribed.find(name);
  CHECK(it != subscribed.end());
  it->second.erase(mine->second);
  if (it->second.empty()) subscribed.erase(it);
  names.erase(mine);
  --subscriptions_;
  if (session.subscriptions->size() == 0) session.subscriptions.reset();
  return true;
}

void PubSub::unsubscribe_all(Session& session) {
  for (const auto kind : {SubscriptionKind::kChannel, SubscriptionKind::kPattern, SubscriptionKind::kShard}) {
    while (session.subscriptions != nullptr && !session.subscriptions->of(kind).empty()) {
      const std::string name = session.subscriptions->of(kind).begin()->first;
      unsubscribe(session, kind, name);
    }
  }
}

size_t PubSub::deliver(SubscriptionKind kind, std::string_view verb, std::string_view channel,
                       std::string_view message) {
  const Table& subscribed = table(kind);
  const auto it = subscribed.find(channel);
  if (it == subscribed.end()) return 0;
  for (Session* session : it->second) {
    protocol::ReplyWriter writer = server_.push_writer(*session);
    writer.push(3);
    writer.bulk(verb);
    writer.bulk(channel);
    writer.bulk(message);
    server_.pushed(*session);
  }
  return it->second.size();
}

size_t PubSub::publish(std::string_view channel, std::string_view message) {
  if (!anybody()) return 0;
  size_t receivers = deliver(SubscriptionKind::kChannel, "message", channel, message);
  for (const auto& [pattern, subscribers] : table(SubscriptionKind::kPattern)) {
    if (!glob_matches(pattern, channel)) continue;
    receivers += subscribers.size();
    for (Session* session : subscribers) {
      protocol::ReplyWriter writer = server_.push_writer(*session);
      writer.push(4);
      writer.bulk("pmessage");
      writer.bulk(pattern);
      writer.bulk(channel);
      writer.bulk(message);
      server_.pushed(*session);
    }
  }
  return receivers;
}

size_t PubSub::publish_sharded(std::string_view channel, std::string_view message) {
  return deliver(SubscriptionKind::kShard, "smessage", channel, message);
}

std::vector<std::string_view> PubSub::matching(SubscriptionKind kind, std::string_view pattern) const {
  std::vector<std::string_view> found;
  for (const auto& [name, subscribers] : table(kind)) {
    if (glob_matches(pattern, name)) found.push_back(name);
  }
  return found;
}

size_t PubSub::subscribers(SubscriptionKind kind, std::string_view name) const {
  const auto it = table(kind).find(name);
  return it == table(kind).end() ? 0 : it->second.size();
}

}  // namespace sluice::core
