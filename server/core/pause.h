// SPDX-License-Identifier: MIT
//
// CLIENT PAUSE: for some time what clients send is not run, but held: everything, or what may change data. While it
// lasts, keys do not expire by themselves and queues stand still, so that the data does.
//
// A session that sends something that is held is as good as blocked: nothing behind it is read, and when the pause is
// over what was held is run first, session by session in the order in which they came.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/base/time.h"
#include "server/core/owned_words.h"

namespace sluice::core {

class Server;
struct CommandSpec;
struct Session;

class Pause {
 public:
  enum class Kind : uint8_t { kWrites, kAll };

  bool active() const { return active_; }
  MonoMs until() const { return until_; }
  // It is active and has to end.
  bool over(MonoMs now) const { return active_ && now >= until_; }

  // A pause that goes on already only gets longer and wider.
  void begin(Kind kind, MonoMs until);
  // Ends by the next turn, so that the command which asks for it is run to its end before others.
  void shorten(MonoMs until) { until_ = std::min(until_, until); }
  // Whether this command of this session has to wait. Of a script it is what the script promises that counts, or
  // else what its command may do.
  bool holds(Server& server, const Session& session, const CommandSpec& spec, Words words) const;
  void hold(Session& session, const CommandSpec& spec, Words words);
  // It is over. The sessions whose commands were held, by id: some may be gone.
  std::vector<uint64_t> end();

 private:
  bool active_ = false;
  Kind kind_ = Kind::kWrites;
  MonoMs until_;
  std::vector<uint64_t> held_;
};

}  // namespace sluice::core
