// SPDX-License-Identifier: MIT
#include "server/core/watching.h"

#include "engine/base/check.h"
#include "server/core/session.h"

namespace sluice::core {
namespace {

// What the tables need for one key beside its bytes, about.
constexpr size_t kWatchBytes = 200;

}  // namespace

Watching::Watching(uint64_t hash_seed) : keys_(0, KeyNameHash{hash_seed}) {}

Watching::~Watching() {
  CHECK(keys_.empty() && sessions_ == 0);
}

void Watching::watch(Session& session, int db, std::string_view key) {
  if (session.watch_touched) return;
  if (session.watches == nullptr) {
    session.watches = std::make_unique<Watches>();
    ++sessions_;
  }
  auto found = keys_.find(KeyNameView{db, key});
  if (found == keys_.end()) {
    auto made = std::make_unique<WatchedKey>(WatchedKey{db, std::string(key), nullptr});
    found = keys_.emplace(KeyName{db, key}, std::move(made)).first;
  }
  WatchedKey* const watched = found->second.get();
  const auto [at, is_new] = session.watches->keys.try_emplace(watched);
  if (!is_new) return;
  WatchNode& node = at->second;
  node = {&session, nullptr, watched->first};
  if (watched->first != nullptr) watched->first->previous = &node;
  watched->first = &node;
  session.watches->bytes += key.size() + kWatchBytes;
}

void Watching::drop(Session& session) {
  if (session.watches == nullptr) return;
  for (auto& [watched, node] : session.watches->keys) {
    (node.previous != nullptr ? node.previous->next : watched->first) = node.next;
    if (node.next != nullptr) node.next->previous = node.previous;
    if (watched->first == nullptr) keys_.erase(keys_.find(KeyNameView{watched->db, watched->key}));
  }
  session.watches.reset();
  --sessions_;
}

void Watching::unwatch(Session& session) {
  drop(session);
  session.watch_touched = false;
}

void Watching::touch_watched(int db, std::string_view key) {
  const auto at = keys_.find(KeyNameView{db, key});
  if (at == keys_.end()) return;
  const WatchedKey& watched = *at->second;
  for (bool last = false; !last;) {
    Session& session = *watched.first->session;
    last = watched.first->next == nullptr;  // `watched` goes away with it
    session.watch_touched = true;
    drop(session);
  }
}

std::vector<std::string> Watching::keys_of(int db) const {
  std::vector<std::string> keys;
  for (const auto& [name, watched] : keys_) {
    if (watched->db == db) keys.push_back(watched->key);
  }
  return keys;
}

std::vector<std::pair<int, std::string>> Watching::keys_of(const Session& session) {
  std::vector<std::pair<int, std::string>> keys;
  if (session.watches == nullptr) return keys;
  for (const auto& [watched, node] : session.watches->keys)
    keys.emplace_back(watched->db, watched->key);
  return keys;
}

}  // namespace sluice::core
