// SPDX-License-Identifier: MIT
//
// Keys that clients watch, so that an EXEC is refused if one of them has changed since WATCH. A change marks the
// session and ends all its watches: one change is enough, and what happens to the other keys makes no difference.
//
// Invariants: a session watches a key at most once; a key that nobody watches is not in the table.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/core/key_name.h"

namespace sluice::core {

struct Session;
struct WatchedKey;

// That one session watches one key.
struct WatchNode {
  Session* session = nullptr;
  WatchNode* previous = nullptr;
  WatchNode* next = nullptr;
};

// What one session watches.
struct Watches {
  std::unordered_map<WatchedKey*, WatchNode> keys;
  size_t bytes = 0;  // about as much memory as they take
};

struct WatchedKey {
  int db = 0;
  std::string key;
  WatchNode* first = nullptr;
};

class Watching {
 public:
  // `hash_seed` decides nothing that anybody sees.
  explicit Watching(uint64_t hash_seed);
  ~Watching();

  // The session watches the key from now on. Nothing to do if it does already, or if one of its keys has changed.
  void watch(Session& session, int db, std::string_view key);
  // It watches nothing any more, and what has changed is forgotten.
  void unwatch(Session& session);

  // The key has changed, or is about to.
  void touch(int db, std::string_view key) {
    if (!keys_.empty()) [[unlikely]]
      touch_watched(db, key);
  }
  // Likewise for every watched key of the database of which `changes` says so.
  template <typename Changes>
  void touch_where(int db, const Changes& changes) {
    if (keys_.empty()) return;
    for (const std::string& key : keys_of(db)) {
      if (changes(key)) touch(db, key);
    }
  }

  // The keys that a session watches, and in which database.
  static std::vector<std::pair<int, std::string>> keys_of(const Session& session);
  // How many keys are watched by anybody, and by how many sessions.
  size_t keys() const { return keys_.size(); }
  size_t sessions() const { return sessions_; }

 private:
  void touch_watched(int db, std::string_view key);
  std::vector<std::string> keys_of(int db) const;
  void drop(Session& session);

  KeyNameTable<std::unique_ptr<WatchedKey>> keys_;
  size_t sessions_ = 0;
};

}  // namespace sluice::core
