// SPDX-License-Identifier: MIT
//
// One client as the core sees it: who it is, what it has sent that is not executed yet, and what it is owed. It has no
// socket; Server::receive() takes bytes, `output` gives them.
//
//   input ──► parser ──► dispatcher ──► output ──► [0, sendable) may be sent now
//                                              └─► the rest waits until the log batches up to its mark are durable
//
// Invariants: marks are in ascending order of sequence and end, all ends > sendable and <= output.size();
// a blocked session executes nothing; a closing one neither.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/byte_buffer.h"
#include "engine/base/time.h"
#include "protocol/request_parser.h"
#include "server/core/owned_words.h"
#include "server/core/subscriptions.h"
#include "server/core/tracking.h"
#include "server/core/watching.h"

namespace sluice::core {

class AclUser;
struct CommandSpec;
struct Wait;

// What MULTI has gathered.
struct QueuedCommand {
  const CommandSpec* spec;
  OwnedWords words;
};

// For so long a peak of what a client was to be sent is remembered.
inline constexpr Millis kOutputPeakSpan{5'000};

struct Session {
  uint64_t id = 0;
  bool by_unix_socket = false;
  std::string address;  // "ip:port", or the path of a Unix socket
  std::string local_address;
  int file_descriptor = -1;   // for CLIENT LIST only
  void* transport = nullptr;  // the network's own; the core never looks at it
  bool internal = false;      // not a client: log replay and internal commands

  std::string name;
  std::string library_name;
  std::string library_version;
  AclUser* user = nullptr;  // never null but in a session of our own, which may do everything
  bool authenticated = false;
  int protocol = 2;
  int script_protocol = 0;  // while a script of the client's runs: the version that it wants replies in
  int reply_protocol() const { return script_protocol == 0 ? protocol : script_protocol; }
  int db = 0;
  bool no_evict = false;
  bool no_touch = false;

  MonoMs connected_at;
  MonoMs last_command_at;
  const CommandSpec* last_command = nullptr;
  std::string_view last_container = {};  // the name of the container of last_command, if it has one
  uint64_t commands = 0;
  uint64_t logged_sequence = 0;  // of the last record that one of its commands logged
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;

  // --- Requests
  protocol::RequestParser parser;
  ByteBuffer input;  // received and not executed: a part of a request, or what a blocked client sent behind
  bool closing = false;        // executes nothing more; is closed as soon as what may be sent is sent
  bool kill_now = false;       // closed without sending what is owed
  std::unique_ptr<Wait> wait;  // set while blocked
  bool blocked() const { return wait != nullptr; }
  uint64_t blocked_nanoseconds =
      0;  // that the command which blocks has worked until now; waiting does not count
  std::unique_ptr<QueuedCommand> held;  // a command that waits for the end of a pause
  bool waits() const { return blocked() || held != nullptr; }
  bool resume_queued = false;  // unblocked; what it sent meanwhile is executed at the end of the turn

  // --- Transaction
  bool in_multi = false;
  bool multi_failed = false;  // a command was refused when it was queued: EXEC will refuse
  bool in_exec = false;
  std::vector<QueuedCommand> queued;
  size_t queued_bytes = 0;
  std::unique_ptr<Watches> watches;  // null: none
  bool watch_touched = false;        // a key that was watched has changed: EXEC will run nothing
  void leave_multi() {
    in_multi = false;
    multi_failed = false;
    queued.clear();
    queued_bytes = 0;
  }

  // --- Replies
  struct Mark {
    uint64_t sequence;  // the log must be durable up to here ...
    size_t end;         // ... before output up to here may be sent
    uint32_t replies;   // how many replies that part holds
  };
  ByteBuffer output;
  size_t sendable = 0;
  std::deque<Mark> marks;
  uint32_t replies_unmarked = 0;  // replies behind the last mark
  size_t output_peak = 0;         // the most that `output` held of late, for CLIENT LIST only
  MonoMs output_peak_since;
  void note_output_peak(MonoMs now) {
    const bool old = now - output_peak_since > kOutputPeakSpan;
    if (old) output_peak_since = now;
    if (old || output.size() > output_peak) output_peak = output.size();
  }
  bool output_queued = false;  // is in Server's list of sessions with something to send
  ByteBuffer pushes;  // pushed by the command that the session is running itself: they follow its reply
  enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkip };
  ReplyMode reply_mode = ReplyMode::kOn;  // CLIENT REPLY
  bool reply_is_push = false;             // what the running command replies is sent whatever the mode
  std::optional<MonoMs> over_soft_since;  // since when it has left more unread than its soft limit

  // --- What it is told without asking
  std::unique_ptr<Subscriptions> subscriptions;  // set while it has any
  std::unique_ptr<TrackingMode> tracking;        // set while it tracks
  bool monitors = false;

  size_t marked_end() const { return marks.empty() ? sendable : marks.back().end; }
};

}  // namespace sluice::core
