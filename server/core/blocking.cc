// SPDX-License-Identifier: MIT
#include "server/core/blocking.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/entry.h"
#include "engine/list_value.h"
#include "engine/queue/queue.h"
#include "server/core/session.h"

namespace sluice::core {
namespace {

size_t index_of(WaitKind kind) {
  return static_cast<size_t>(kind);
}

}  // namespace

bool worth_trying(const WaitFor& wanted, const Entry* entry) {
  switch (wanted.kind) {
    case WaitKind::kListElement:
      return entry != nullptr && entry->type() == ValueType::kList && entry->list().size() >= wanted.elements;
    case WaitKind::kQueueMessage: {
      if (entry == nullptr || entry->type() != ValueType::kList || entry->list().size() == 0) return false;
      // Not the rate: a waiter that it stops has to be run, so that it is woken when it no longer does.
      return !entry->list().is_queue() || entry->list().queue().open_for_reserve();
    }
    case WaitKind::kSortedSetMember:
      return entry != nullptr && entry->type() == ValueType::kSortedSet;
    case WaitKind::kStream:
      return entry != nullptr && entry->type() == ValueType::kStream;
    case WaitKind::kStreamGroup:
      return true;
    case WaitKind::kLog:
      return false;
  }
  CHECK(false);
}

bool worth_trying(WaitKind kind, const Entry* entry) {
  return worth_trying(WaitFor(kind), entry);
}

bool KeyWaiters::worth_trying(const Entry* entry) const {
  for (size_t kind = 0; kind < kWaitKinds; ++kind) {
    if (of_kind[kind] > 0 && core::worth_trying(static_cast<WaitKind>(kind), entry)) return true;
  }
  return false;
}

Blocking::Blocking(uint64_t hash_seed) : keys_(0, KeyNameHash{hash_seed}) {}

Blocking::~Blocking() {
  CHECK(sessions_ == 0);
}

KeyWaiters& Blocking::waiters_of(int db, std::string_view key) {
  auto at = keys_.find(KeyNameView{db, key});
  if (at == keys_.end()) {
    at = keys_.emplace(KeyName{db, key}, std::make_unique<KeyWaiters>()).first;
    at->second->db = db;
    at->second->key = key;
  }
  return *at->second;
}

void Blocking::link(Wait& wait, KeyWaiters& waiters) {
  if (waiters.last != nullptr && waiters.last->wait == &wait) return;  // named twice
  WaitNode& node = wait.nodes.emplace_back(WaitNode{&wait, &waiters, waiters.last, nullptr});
  (waiters.last != nullptr ? waiters.last->next : waiters.first) = &node;
  waiters.last = &node;
  ++waiters.waiters;
  ++waiters.of_kind[index_of(wait.wanted.kind)];
}

void Blocking::add(Session& session, const CommandSpec& spec, const WaitFor& wanted, int db,
                   std::span<const std::string_view> keys, Words words, std::optional<MonoMs> deadline) {
  CHECK(!session.blocked());
  auto wait = std::make_unique<Wait>();
  wait->session = &session;
  wait->spec = &spec;
  wait->wanted = wanted;
  wait->words = OwnedWords(words);
  wait->nodes.reserve(std::max<size_t>(keys.size(), 1));
  for (const std::string_view key : keys)
    link(*wait, waiters_of(db, key));
  if (wanted.kind == WaitKind::kLog) link(*wait, log_);
  if (deadline) deadlines_.arm(*wait, deadline->count, ++added_);
  session.wait = std::move(wait);
  ++sessions_;
}

void Blocking::unlink(WaitNode& node) {
  KeyWaiters& key = *node.key;
  (node.previous != nullptr ? node.previous->next : key.first) = node.next;
  (node.next != nullptr ? node.next->previous : key.last) = node.previous;
  --key.waiters;
  --key.of_kind[index_of(node.wait->wanted.kind)];
  if (key.waiters == 0 && &key != &log_) keys_.erase(keys_.find(KeyNameView{key.db, key.key}));
}

void Blocking::remove(Session& session) {
  CHECK(session.blocked());
  deadlines_.disarm(*session.wait);
  again_.disarm(session.wait->again);
  for (WaitNode& node : session.wait->nodes)
    unlink(node);
  session.wait.reset();
  --sessions_;
}

size_t Blocking::waiters_on(int db, std::string_view key) const {
  if (sessions_ == 0) return 0;
  const auto it = keys_.find(KeyNameView{db, key});
  if (it == keys_.end()) return 0;
  return it->second->of_kind[index_of(WaitKind::kQueueMessage)];
}

size_t Blocking::waiters_on(int db, std::string_view key, WaitKind kind,
                            const std::function<bool(Words)>& counts) const {
  if (sessions_ == 0) return 0;
  const auto it = keys_.find(KeyNameView{db, key});
  if (it == keys_.end()) return 0;
  size_t count = 0;
  for (const WaitNode* node = it->second->first; node != nullptr; node = node->next)
    count += node->wait->wanted.kind == kind && counts(node->wait->words.words()) ? 1 : 0;
  return count;
}

void Blocking::signal(int db, std::string_view key) {
  if (sessions_ == 0) return;
  const auto it = keys_.find(KeyNameView{db, key});
  if (it == keys_.end() || it->second->ready) return;
  it->second->ready = true;
  ready_.push_back(it->first);
}

void Blocking::signal_all(int db) {
  if (sessions_ == 0) return;
  std::vector<KeyName> names;
  for (const auto& [name, waiters] : keys_) {
    if (waiters->db == db && !waiters->ready) names.push_back(name);
  }
  // Not in hash order, which differs from run to run.
  std::sort(names.begin(), names.end(), [](const KeyName& a, const KeyName& b) { return a.key < b.key; });
  for (KeyName& name : names) {
    keys_.find(name)->second->ready = true;
    ready_.push_back(std::move(name));
  }
}

KeyWaiters* Blocking::take_ready() {
  while (has_ready()) {
    const auto it = keys_.find(ready_[ready_next_++]);
    if (it == keys_.end()) continue;  // all its waiters left
    it->second->ready = false;
    return it->second.get();
  }
  ready_.clear();
  ready_next_ = 0;
  return nullptr;
}

void Blocking::run_again_at(Session& session, MonoMs when) {
  CHECK(session.blocked());
  session.wait->again.wait = session.wait.get();
  again_.arm(session.wait->again, when.count, ++added_);
}

Session* Blocking::take_to_run_again(MonoMs now) {
  if (again_.first_when() > now.count) return nullptr;
  auto* const timer = static_cast<RunAgainTimer*>(again_.first());
  again_.disarm(*timer);
  return timer->wait->session;
}

Session* Blocking::first_overdue(MonoMs now) const {
  if (deadlines_.first_when() > now.count) return nullptr;
  return static_cast<Wait*>(deadlines_.first())->session;
}

}  // namespace sluice::core
