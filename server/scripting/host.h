// SPDX-License-Identifier: MIT
//
// What a script may ask of the server while it runs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sluice::scripting {

using Words = std::span<const std::string_view>;

// As redis.log() names them; the numbers are part of its interface.
enum class LogLevel : uint8_t { kDebug, kVerbose, kNotice, kWarning };

class Host {
 public:
  virtual ~Host() = default;
  // Runs a command and gives its reply, in version `protocol` of RESP; a command that is refused replies an error too.
  // Valid until the next call.
  virtual std::string_view call(Words words, int protocol) = 0;
  // Whether the user may run this; nothing if there is no such command.
  virtual std::optional<bool> permits(Words words) = 0;
  virtual void log(LogLevel level, std::string_view text) = 0;
  // Asked every now and then. True: the script is to end at once.
  virtual bool interrupted() = 0;
};

}  // namespace sluice::scripting
