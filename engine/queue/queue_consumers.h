// SPDX-License-Identifier: MIT
//
// Who takes messages of a queue, and what became of them. Statistics: never logged. A consumer without leases is
// forgotten an hour after it was last seen, or when there are too many of them, the longest unseen first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/time.h"
#include "engine/queue/consumer_names.h"
#include "engine/queue/time_counts.h"

namespace sluice {

// Names without leases that a queue remembers.
inline constexpr size_t kConsumersIdleMax = 10'000;
inline constexpr Millis kConsumerIdleMax{3'600'000};

class QueueConsumers {
 public:
  enum class Deed : uint8_t { kAcked, kFailed, kExpired };

  explicit QueueConsumers(ConsumerNames& names) : names_(names) {}
  ~QueueConsumers();
  QueueConsumers(const QueueConsumers&) = delete;
  QueueConsumers& operator=(const QueueConsumers&) = delete;

  // A lease begins or ends. The number is held by the caller during the call. The nameless are not counted.
  void enter(uint32_t consumer, UnixMs reserved_at, UnixMs now);
  // Requires: it was entered.
  void leave(uint32_t consumer, UnixMs reserved_at, UnixMs now);
  // Of one that has been seen; else nothing happens.
  void count(uint32_t consumer, Deed deed, UnixMs now);

  // How many hold leases.
  size_t holding() const { return holding_; }
  struct Row {
    std::string name;
    uint64_t leased;
    std::optional<UnixMs> oldest_lease;
    uint64_t acked;
    uint64_t failed;
    uint64_t expired;
    UnixMs seen;
  };
  // By name.
  std::vector<Row> rows(UnixMs now);
  // The counts of deeds begin anew.
  void forget_deeds();
  size_t bytes() const;

 private:
  struct Consumer {
    uint32_t number = 0;
    uint64_t leased = 0;
    TimeCounts reserved;
    uint64_t acked = 0;
    uint64_t failed = 0;
    uint64_t expired = 0;
    UnixMs seen;
    // Among the idle, the longest unseen first.
    Consumer* before = nullptr;
    Consumer* after = nullptr;
  };
  void link(Consumer& consumer);
  void unlink(Consumer& consumer);
  void forget_idle(UnixMs now);

  ConsumerNames& names_;
  std::unordered_map<uint32_t, Consumer> consumers_;
  size_t holding_ = 0;
  Consumer* idle_first_ = nullptr;
  Consumer* idle_last_ = nullptr;
};

}  // namespace sluice
