// SPDX-License-Identifier: MIT
//
// Clients that watch every command that is run (MONITOR), one line each:
//
//   +1700000000.123000 [0 127.0.0.1:50000] "SET" "key" "value"
//
// Passwords are not in it, nor commands of administration.
#pragma once

#include <string_view>
#include <vector>

#include "server/core/owned_words.h"

namespace sluice::core {

class Server;
struct CommandSpec;
struct Session;

class Monitors {
 public:
  explicit Monitors(Server& server) : server_(server) {}

  bool empty() const { return monitors_.empty(); }
  void add(Session& session);
  void remove(Session& session);
  // `session` has run this.
  enum class From : uint8_t { kClient, kScript };
  void show(const Session& session, const CommandSpec& spec, Words words, From from);

 private:
  Server& server_;
  std::vector<Session*> monitors_;
};

}  // namespace sluice::core
