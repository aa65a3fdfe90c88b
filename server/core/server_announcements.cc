// SPDX-License-Identifier: MIT
//
// What the server tells sessions that they did not ask for at this moment: see pubsub.h, tracking.h and monitors.h.
#include <string>

#include "server/core/key_event_classes.h"
#include "server/core/server.h"

namespace sluice::core {

protocol::ReplyWriter Server::push_writer(Session& session) {
  return protocol::ReplyWriter(&session == executing_ ? session.pushes : session.output, session.protocol);
}

void Server::pushed(Session& session) {
  if (&session == executing_) return;  // Execution comes back to it
  queue_output(session);
  output_bounds.check(session);
}

void Server::key_changed(const Session& by, int db, std::string_view key, KeyEvent event) {
  if (changes_value(event)) {
    watching.touch(db, key);
    if (tracking.active()) [[unlikely]]
      tracking.invalidate(by.internal ? nullptr : &by, key);
  }
  if (wakes_waiters(event)) blocking.signal(db, key);
  announce(db, key, event);
}

void Server::announce(int db, std::string_view key, KeyEvent event) {
  const KeyEventClasses classes = config.settings().notify_keyspace_events;
  if (classes.bits == 0 || !pubsub.anybody() || !classes.wants(event)) [[likely]]
    return;
  const std::string number = std::to_string(db);
  const std::string_view name = name_of(event);
  std::string channel;
  if (classes.by_key()) {
    channel.append("__keyspace@").append(number).append("__:").append(key);
    pubsub.publish(channel, name);
  }
  if (classes.by_event()) {
    channel.clear();
    channel.append("__keyevent@").append(number).append("__:").append(name);
    pubsub.publish(channel, key);
  }
}

void Server::forget_state(Session& session) {
  end_transaction(session);
  pubsub.unsubscribe_all(session);
  tracking.disable(session);
  monitors.remove(session);
  session.reply_mode = Session::ReplyMode::kOn;
  session.name.clear();
  session.protocol = 2;
  session.db = 0;
  session.no_evict = false;
  session.no_touch = false;
}

void Server::end_pause() {
  // What is run now may begin another pause, which may hold the rest again.
  for (const uint64_t id : pause.end()) {
    Session* session = find_session(id);
    if (session == nullptr || session->held == nullptr) continue;
    const std::unique_ptr<QueuedCommand> held = std::move(session->held);
    if (!session->closing) dispatcher.execute_held(*session, *held);
    if (!session->waits()) unblock(*session);
  }
}

}  // namespace sluice::core
