// SPDX-License-Identifier: MIT
//
// The commands that took long, the newest first. Not part of the logged state.
//
// Bounds: a record keeps at most kSlowLogWordsMax words of kSlowLogWordBytesMax bytes each, whatever the command had;
// there are at most slowlog-max-len of them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "server/core/owned_words.h"

namespace sluice::core {

inline constexpr size_t kSlowLogWordsMax = 32;
inline constexpr size_t kSlowLogWordBytesMax = 128;

struct SlowCommand {
  uint64_t id = 0;
  UnixMs at = {};
  uint64_t microseconds = 0;
  std::vector<std::string> words =
      {};                // shortened: what is left out is told in the last word, and in each long one
  size_t words_all = 0;  // how many the command had
  std::string address = {};
  std::string client_name = {};
};

class SlowLog {
 public:
  // Keeps at most `commands_max`, the oldest go. `words` are copied and shortened. The id is given here.
  void add(SlowCommand command, Words words, size_t commands_max);
  void clear() { commands_.clear(); }

  // This word of the command that runs is a secret: it will be told as "(redacted)". For handlers.
  void hide(size_t word) { hidden_.push_back(word); }
  bool hides() const { return !hidden_.empty(); }
  void hide_nothing() { hidden_.clear(); }

  // The newest first.
  const std::deque<SlowCommand>& commands() const { return commands_; }

 private:
  std::deque<SlowCommand> commands_;
  std::vector<size_t> hidden_;  // words of the command that runs
  uint64_t next_id_ = 0;
};

}  // namespace sluice::core
