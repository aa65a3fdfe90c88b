// SPDX-License-Identifier: MIT
//
// Where a rewrite puts the commands that rebuild the state. A record is the words of one command, as a client would
// send them; the engine does not know how they are written down.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

namespace sluice {

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // The words are copied before the call returns.
  virtual void record(std::span<const std::string_view> words) = 0;
  void record(std::initializer_list<std::string_view> words) {
    record(std::span<const std::string_view>(words.begin(), words.size()));
  }
};

}  // namespace sluice
