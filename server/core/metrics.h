// SPDX-License-Identifier: MIT
//
// Counters that INFO shows. Not part of the logged state: they begin at zero with each process.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace sluice::core {

// Codes of errors that are counted apart. A script can make errors with codes of its own: what is beyond this many
// codes is only in the sum.
inline constexpr size_t kErrorCodesMax = 128;

// How fast a counter grows, over the last one to two seconds. Between calls of sample() it costs nothing; while none
// comes, because nothing happens, the span grows and the rate falls, as it should.
class Rate {
 public:
  static constexpr Millis kSpan{1'000};

  void sample(MonoMs now, uint64_t total) {
    if (now - newer_.at < kSpan) return;
    older_ = newer_;
    newer_ = {now, total};
  }
  uint64_t per_second(MonoMs now, uint64_t total) const {
    const Millis span = now - older_.at;
    return span.count <= 0 ? 0 : (total - older_.total) * 1000 / static_cast<uint64_t>(span.count);
  }
  // The counter starts again from 0.
  void restart(MonoMs now) { older_ = newer_ = {now, 0}; }

 private:
  struct Point {
    MonoMs at;
    uint64_t total = 0;
  };
  Point older_;
  Point newer_;
};

struct Metrics {
  uint64_t connections_received = 0;
  uint64_t connections_rejected = 0;
  uint64_t commands_processed = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t output_limit_disconnections = 0;
  uint64_t query_limit_disconnections = 0;
  uint64_t keys_expired = 0;
  uint64_t fields_expired = 0;      // of hashes
  uint64_t expiry_nanoseconds = 0;  // spent on what expires by itself
  uint64_t elements_freed = 0;      // some at a time, of what took long to free
  uint64_t keyspace_hits = 0;
  uint64_t keyspace_misses = 0;
  uint64_t errors_replied = 0;
  std::map<std::string, uint64_t, std::less<>> errors_by_code;  // "ERR", "WRONGTYPE" ...
  uint64_t queue_transitions = 0;                               // made by TICK
  int64_t queue_timer_lag_ms = 0;                               // how late the last of them was
  uint64_t queue_timer_lag_ms_max = 0;
  uint64_t reads = 0;   // from clients
  uint64_t writes = 0;  // to clients
  Rate commands_rate;
  Rate bytes_in_rate;
  Rate bytes_out_rate;

  void sample_rates(MonoMs now) {
    commands_rate.sample(now, commands_processed);
    bytes_in_rate.sample(now, bytes_in);
    bytes_out_rate.sample(now, bytes_out);
  }
  // The counters start again from 0.
  void restart_rates(MonoMs now) {
    commands_rate.restart(now);
    bytes_in_rate.restart(now);
    bytes_out_rate.restart(now);
  }

  // `text` is the error as it was replied, without the '-'.
  void count_error(std::string_view text) {
    ++errors_replied;
    const std::string_view code = text.substr(0, text.find_first_of(" \r"));
    const auto it = errors_by_code.find(code);
    if (it != errors_by_code.end()) {
      ++it->second;
    } else if (errors_by_code.size() < kErrorCodesMax) {
      errors_by_code.emplace(code, 1);
    }
  }
};

}  // namespace sluice::core
