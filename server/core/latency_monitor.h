// SPDX-License-Identifier: MIT
//
// What has kept the server from its clients for longer than latency-monitor-threshold: for each kind of event the
// slowest of each of the last seconds in which there was one. Not part of the logged state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include "engine/base/time.h"

namespace sluice::core {

inline constexpr size_t kLatencySamplesMax = 160;

// The server works on one thing at a time, so each of these makes all clients wait.
enum class LatencyEvent : uint8_t {
  kCommand,
  kFastCommand,     // of a command that has the flag `fast`
  kExpireCycle,     // ending keys whose time has come
  kQueueCycle,      // leases that ended, delays that are over
  kAofWrite,        // handing a batch to the system
  kAofFsyncAlways,  // waiting for the disk
  kAofRewriteStep,  // a slice of a rewrite
};
inline constexpr size_t kLatencyEvents = static_cast<size_t>(LatencyEvent::kAofRewriteStep) + 1;
inline constexpr std::array<std::string_view, kLatencyEvents> kLatencyEventNames = {
    "command",   "fast-command",     "expire-cycle",     "queue-cycle",
    "aof-write", "aof-fsync-always", "aof-rewrite-step",
};

class LatencyMonitor {
 public:
  struct Sample {
    int64_t seconds;  // since 1970
    int64_t milliseconds;
  };
  struct History {
    std::deque<Sample> samples;  // the oldest first; at most kLatencySamplesMax
    int64_t milliseconds_max = 0;
  };

  void add(LatencyEvent event, UnixMs now, int64_t milliseconds);
  // False if there was nothing.
  bool clear(LatencyEvent event);
  const History& history(LatencyEvent event) const { return histories_[static_cast<size_t>(event)]; }

 private:
  std::array<History, kLatencyEvents> histories_;
};

}  // namespace sluice::core
