// SPDX-License-Identifier: MIT
//
// One command of a session while it runs, with all that belongs to the reply and not to the command: what is pushed
// to the session meanwhile follows the reply, and CLIENT REPLY OFF takes the reply away.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::core {

class Server;
struct Session;

class Execution {
 public:
  Execution(Server& server, Session& session);
  ~Execution();
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

 private:
  void take_reply_away();

  Server& server_;
  Session& session_;
  Session* outer_;  // whose command this one is a part of: a waiter is served in the middle of a push
  size_t output_before_;
  uint32_t replies_before_;
};

}  // namespace sluice::core
