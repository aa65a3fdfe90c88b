// SPDX-License-Identifier: MIT
#include "server/core/output_bounds.h"

#include <algorithm>
#include <string>

#include "server/core/server.h"

namespace sluice::core {

ClientClass class_of(const Session& session) {
  return session.subscriptions != nullptr ? ClientClass::kPubSub : ClientClass::kNormal;
}

void OutputBounds::check(Session& session) {
  const size_t unread = session.output.size();
  if (unread < unchecked_max_ || session.kill_now) return;
  if (too_much(session, unread)) close(session);
}

bool OutputBounds::too_much(Session& session, size_t unread) {
  if (unread > kReplyBytesUnsentMax) return true;
  const OutputLimit& limit = server_.config.settings().client_output_buffer_limit.of(class_of(session));
  const size_t counted = unread - std::min(unread, kReplyBytesUncounted);
  if (limit.hard_bytes > 0 && counted >= limit.hard_bytes) return true;
  if (limit.soft_bytes == 0 || counted < limit.soft_bytes) {
    session.over_soft_since.reset();
    return false;
  }
  const MonoMs now = server_.sequencer.mono_now();
  if (!session.over_soft_since) {
    session.over_soft_since = now;
    if (over_soft_.empty()) next_look_ = now + kSoftLimitInterval;
    if (std::find(over_soft_.begin(), over_soft_.end(), session.id) == over_soft_.end())
      over_soft_.push_back(session.id);
  }
  return (now - *session.over_soft_since).count > static_cast<int64_t>(limit.soft_seconds) * 1'000;
}

void OutputBounds::caught_up(Session& session) {
  const OutputLimit& limit = server_.config.settings().client_output_buffer_limit.of(class_of(session));
  if (session.output.size() < limit.soft_bytes + kReplyBytesUncounted) session.over_soft_since.reset();
}

void OutputBounds::begin_turn() {
  const size_t smallest = server_.config.settings().client_output_buffer_limit.smallest();
  unchecked_max_ = std::min(smallest, kReplyBytesUnsentMax - kReplyBytesUncounted) + kReplyBytesUncounted;
  const MonoMs now = server_.sequencer.mono_now();
  if (over_soft_.empty() || now < next_look_) return;
  next_look_ = now + kSoftLimitInterval;
  std::vector<uint64_t> looked_at;
  looked_at.swap(over_soft_);
  for (const uint64_t id : looked_at) {
    Session* session = server_.find_session(id);
    if (session == nullptr || session->kill_now || !session->over_soft_since) continue;
    if (too_much(*session, session->output.size())) {
      close(*session);
    } else if (session->over_soft_since) {
      over_soft_.push_back(id);
    }
  }
}

void OutputBounds::close(Session& session) {
  ++server_.metrics.output_limit_disconnections;
  server_.seams.notices.write(NoticeLevel::kWarning,
                              "Client " + std::to_string(session.id) + " at " + session.address + " left " +
                                  std::to_string(session.output.size()) +
                                  " bytes unread, which is over its output buffer limit: connection closed");
  server_.kill(session);
}

}  // namespace sluice::core
