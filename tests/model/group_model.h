// SPDX-License-Identifier: MIT
//
// What a stream with consumer groups does, as naively as it can be said: maps, and a list of all that was ever added.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/stream_id.h"

namespace sluice::model {

struct PendingEntry {
  std::string consumer;  // empty: released
  int64_t time = 0;      // 0: released
  uint64_t deliveries = 0;
  uint64_t release = 0;
};

struct Group {
  StreamId last_id;
  std::set<std::string> consumers;
  std::map<StreamId, PendingEntry> pending;
  uint64_t releases = 0;

  // In the order in which CLAIM takes them.
  std::vector<StreamId> by_claim(int64_t now, int64_t idle_min) const {
    std::vector<std::pair<std::pair<uint64_t, int64_t>, StreamId>> order;
    for (const auto& [id, entry] : pending) {
      if (entry.consumer.empty()) {
        order.push_back({{0, static_cast<int64_t>(entry.release)}, id});
      } else if (now - entry.time >= idle_min) {
        order.push_back({{1, entry.time}, id});
      }
    }
    std::sort(order.begin(), order.end());
    std::vector<StreamId> ids;
    for (const auto& it : order)
      ids.push_back(it.second);
    return ids;
  }
  void hold(StreamId id, const std::string& consumer, int64_t now, uint64_t deliveries) {
    pending[id] = {consumer, now, deliveries, 0};
  }
  void release(StreamId id, uint64_t deliveries) { pending[id] = {"", 0, deliveries, ++releases}; }
};

struct Stream {
  std::set<StreamId> entries;
  std::set<StreamId> ever_added;
  std::map<std::string, Group> groups;

  bool is_referenced(StreamId id) const {
    for (const auto& [name, group] : groups) {
      if (id > group.last_id || group.pending.count(id) > 0) return true;
    }
    return false;
  }
  void drop_references(StreamId id) {
    for (auto& [name, group] : groups)
      group.pending.erase(id);
  }
  // Which entries a trim to `length` takes.
  std::vector<StreamId> trimmed(size_t length, bool acknowledged) const {
    std::vector<StreamId> gone;
    for (const StreamId id : entries) {
      if (entries.size() - gone.size() <= length) break;
      if (!acknowledged || !is_referenced(id)) gone.push_back(id);
    }
    return gone;
  }
  size_t lag(const Group& group) const {
    return static_cast<size_t>(std::distance(entries.upper_bound(group.last_id), entries.end()));
  }
  size_t entries_read(const Group& group) const {
    return static_cast<size_t>(std::distance(ever_added.begin(), ever_added.upper_bound(group.last_id)));
  }
};

}  // namespace sluice::model
