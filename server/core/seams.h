// SPDX-License-Identifier: MIT
//
// What the core takes from outside, as interfaces: time, chance, a thread for slow calls, and somewhere to
// tell a person what happens. The network has none: a session takes bytes and gives bytes. The real ones live
// in server/net; tests and the simulator bring their own. (The disk's seam is persistence/file_system.h.)
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "engine/base/time.h"

namespace sluice::core {

// The wall clock. May jump either way; the sequencer evens that out.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UnixMs now() const = 0;
};

// A clock that never goes back and goes on while the machine sleeps.
class SteadyClock {
 public:
  virtual ~SteadyClock() = default;
  virtual MonoMs now() const = 0;
  // For measuring short spans; the same clock in finer steps.
  virtual uint64_t nanoseconds() const = 0;
  // Nanoseconds since an arbitrary moment, as cheaply as the machine can: every command is measured with it. Only the
  // difference between two readings on one thread means something.
  virtual uint64_t stopwatch() const { return nanoseconds(); }
};

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual uint64_t draw() = 0;
};

// Runs one slow call at a time beside the loop.
class Worker {
 public:
  virtual ~Worker() = default;
  // `work` runs on another thread; `done` runs on the loop's, inside a later turn (so that what it makes
  // durable is released at that turn's end). Requires: the one before is done.
  virtual void start(std::function<void()> work, std::function<void()> done) = 0;
  // Returns when nothing runs any more and the last `done` has been called.
  virtual void wait() = 0;
};

enum class NoticeLevel : uint8_t { kDebug, kVerbose, kNotice, kWarning };

// The server's log for people.
class Notices {
 public:
  virtual ~Notices() = default;
  virtual void write(NoticeLevel level, std::string_view text) = 0;
};

}  // namespace sluice::core
