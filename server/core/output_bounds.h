// SPDX-License-Identifier: MIT
//
// Closes clients that leave too much unread: replies, messages, anything. What is too much depends on what the client
// is (client-output-buffer-limit); kReplyBytesUnsentMax bounds everybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/time.h"
#include "server/core/output_limit.h"

namespace sluice::core {

class Server;
struct Session;

// How often those are looked at who are over a limit that only counts after a while.
inline constexpr Millis kSoftLimitInterval{1'000};

// Of what a client leaves unread, so much does not count for the setting: in Redis it lies in a buffer that each client
// has, so that even the smallest limit lets small replies through.
inline constexpr size_t kReplyBytesUncounted = 16u << 10;

class OutputBounds {
 public:
  explicit OutputBounds(Server& server) : server_(server) {}

  // Looks at a session that has just been given something.
  void check(Session& session);
  // It has taken some: its time begins anew when it falls behind the next time.
  void caught_up(Session& session);
  // Takes the settings over, and looks at those who were over a soft limit.
  void begin_turn();
  MonoMs next_deadline() const { return over_soft_.empty() ? MonoMs{INT64_MAX} : next_look_; }

 private:
  bool too_much(Session& session, size_t unread);
  void close(Session& session);

  Server& server_;
  size_t unchecked_max_ = 0;  // with less than this nobody is over any limit
  MonoMs next_look_;
  std::vector<uint64_t> over_soft_;  // by id: they may be gone
};

ClientClass class_of(const Session& session);

}  // namespace sluice::core
