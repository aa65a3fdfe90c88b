// SPDX-License-Identifier: MIT
//
// Which leases are tied to which connection, to end them when it does. Not logged: connections do not outlive the
// server. That a lease is tied is logged, in Message::tied.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "engine/queue/message.h"

namespace sluice {

class Queue;

class LeaseTies {
 public:
  void add(uint64_t session, const Message& message, Queue& queue) {
    ties_.insert_or_assign(message.id(), Tie{session, &queue});
    by_session_[session].insert(message.id());
  }
  // The lease has ended. No effect on one that is not tied.
  void remove(const Message& message) {
    if (!message.tied || ties_.empty()) return;
    const auto found = ties_.find(message.id());
    if (found == ties_.end()) return;
    const auto session = by_session_.find(found->second.session);
    session->second.erase(message.id());
    if (session->second.empty()) by_session_.erase(session);
    ties_.erase(found);
  }
  struct Tied {
    StreamId id;
    Queue* queue;
  };
  // By ID.
  std::vector<Tied> of(uint64_t session) const {
    std::vector<Tied> tied;
    const auto found = by_session_.find(session);
    if (found == by_session_.end()) return tied;
    for (const StreamId id : found->second)
      tied.push_back({id, ties_.at(id).queue});
    return tied;
  }
  size_t size() const { return ties_.size(); }

 private:
  struct Tie {
    uint64_t session;
    Queue* queue;
  };
  std::map<StreamId, Tie> ties_;
  std::unordered_map<uint64_t, std::set<StreamId>> by_session_;
};

}  // namespace sluice
