// SPDX-License-Identifier: MIT
#include "server/core/tracking.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/base/check.h"
#include "server/core/command_keys.h"
#include "server/core/server.h"

namespace sluice::core {
namespace {

constexpr std::string_view kChannel = "__redis__:invalidate";

}  // namespace

void Tracking::enable(Session& session, TrackingMode mode) {
  if (mode.broadcast && mode.prefixes.empty() &&
      (session.tracking == nullptr || session.tracking->prefixes.empty())) {
    mode.prefixes.emplace_back();
  }
  for (const std::string& prefix : mode.prefixes)
    prefixes_[prefix].clients.insert(session.id);
  if (session.tracking == nullptr) {
    ++clients_;
  } else {
    std::vector<std::string>& all = session.tracking->prefixes;
    all.insert(all.end(), mode.prefixes.begin(), mode.prefixes.end());
    mode.prefixes = std::move(all);
  }
  std::sort(mode.prefixes.begin(), mode.prefixes.end());
  mode.prefixes.erase(std::unique(mode.prefixes.begin(), mode.prefixes.end()), mode.prefixes.end());
  session.tracking = std::make_unique<TrackingMode>(std::move(mode));
}

void Tracking::disable(Session& session) {
  if (session.tracking == nullptr) return;
  for (const std::string& name : session.tracking->prefixes) {
    const auto prefix = prefixes_.find(name);
    CHECK(prefix != prefixes_.end());
    prefix->second.clients.erase(session.id);
    if (prefix->second.clients.empty()) prefixes_.erase(prefix);
  }
  session.tracking.reset();
  --clients_;
}

// --- Reading

void Tracking::note_read(Session& session, const CommandSpec& spec, Words words) {
  const TrackingMode& mode = *session.tracking;
  if (mode.broadcast || (mode.opt_in && !mode.caching) || (mode.opt_out && mode.caching)) return;
  for_each_key(spec, words, [&](size_t index, uint16_t flags) {
    if ((flags & kNotKey) == 0) note_reader(session, words[index]);
  });
  give_up_keys();
}

void Tracking::note_reader(Session& session, std::string_view key) {
  auto it = readers_.find(key);
  if (it == readers_.end()) it = readers_.emplace(key, Readers()).first;
  if (!it->second.insert(session.id).second) return;
  ++items_;
  if (it->second.size() > std::max(kReadersUncheckedMax, 2 * clients_)) forget_readers_gone(it->second);
}

void Tracking::forget_readers_gone(Readers& readers) {
  items_ -= std::erase_if(readers, [this](uint64_t id) {
    const Session* reader = server_.find_session(id);
    return reader == nullptr || reader->tracking == nullptr;
  });
}

void Tracking::give_up_keys() {
  const int64_t keys_max = server_.config.settings().tracking_table_max_keys;
  if (keys_max == 0) return;
  while (readers_.size() > static_cast<size_t>(keys_max)) {
    const std::string key = readers_.begin()->first;
    invalidate(nullptr, key);
  }
}

// --- Changes

void Tracking::invalidate(const Session* by, std::string_view key) {
  for (auto& [name, prefix] : prefixes_) {
    if (!key.starts_with(name)) continue;
    prefix.changed.try_emplace(std::string(key), by == nullptr ? 0 : by->id);
    changed_ = true;
  }
  const auto it = readers_.find(key);
  if (it == readers_.end()) return;
  const std::string name = it->first;  // `key` may be a part of what ends here
  const Readers readers = std::move(it->second);
  readers_.erase(it);
  items_ -= readers.size();
  const std::string_view keys[] = {name};
  for (const uint64_t id : readers) {
    Session* reader = server_.find_session(id);
    if (reader == nullptr || reader->tracking == nullptr || reader->tracking->broadcast) continue;
    if (reader == by && reader->tracking->no_loop) continue;
    tell(*reader, keys);
  }
}

void Tracking::invalidate_all() {
  if (!active()) return;
  std::vector<uint64_t> ids;
  for (const auto& [id, session] : server_.sessions()) {
    if (session->tracking != nullptr) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  for (const uint64_t id : ids)
    tell(*server_.find_session(id), std::nullopt);
  readers_.clear();
  items_ = 0;
}

void Tracking::end_turn() {
  if (!changed_) return;
  changed_ = false;
  for (auto& [name, prefix] : prefixes_) {
    if (prefix.changed.empty()) continue;
    broadcast(prefix);
    prefix.changed.clear();
  }
}

void Tracking::broadcast(const Prefix& prefix) {
  for (const uint64_t id : prefix.clients) {
    Session* session = server_.find_session(id);
    CHECK(session != nullptr && session->tracking != nullptr);
    std::vector<std::string_view> keys;
    for (const auto& [key, by] : prefix.changed) {
      if (session->tracking->no_loop && by == id) continue;
      keys.push_back(key);
    }
    if (!keys.empty()) tell(*session, keys);
  }
}

void Tracking::tell(Session& session, Keys keys) {
  Session* receiver = &session;
  const uint64_t redirect = session.tracking->redirect;
  if (redirect != 0) {
    receiver = server_.find_session(redirect);
    if (receiver == nullptr) {
      session.tracking->redirect_broken = true;
      if (session.protocol < 3) return;
      protocol::ReplyWriter writer = server_.push_writer(session);
      writer.push(2);
      writer.bulk("tracking-redir-broken");
      writer.unsigned_integer(redirect);
      server_.pushed(session);
      return;
    }
  }
  // RESP2 has pushes only for those who have subscribed to something.
  const bool by_message = receiver->protocol < 3;
  if (by_message && (redirect == 0 || receiver->subscriptions == nullptr)) return;
  protocol::ReplyWriter writer = server_.push_writer(*receiver);
  writer.push(by_message ? 3 : 2);
  writer.bulk(by_message ? "message" : "invalidate");
  if (by_message) writer.bulk(kChannel);
  if (keys) {
    writer.array(keys->size());
    for (const std::string_view key : *keys)
      writer.bulk(key);
  } else {
    writer.null();
  }
  server_.pushed(*receiver);
}

}  // namespace sluice::core
