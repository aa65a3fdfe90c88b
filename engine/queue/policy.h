// SPDX-License-Identifier: MIT
//
// What a queue does with a message that is late or has failed: how long it may be held, how often it is tried, how long
// it waits in between, and where it goes when it is given up. A value; belongs to a key, not to the list under it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/list.h"
#include "engine/queue/handle.h"
#include "engine/stamp.h"

namespace sluice {

// No lease, delay or backoff is longer, and no message is due later: sums of a time and a span cannot overflow.
inline constexpr Millis kQueueSpanMax{int64_t{100} * 366 * 24 * 3600 * 1000};
inline constexpr UnixMs kQueueTimeMax{int64_t{1} << 50};
static_assert(kQueueTimeMax.count < INT64_MAX / 4 && kQueueSpanMax.count < INT64_MAX / 4);
static_assert(kQueueSpanMax.count < INT64_MAX / 100, "a span times a percentage fits");

struct Backoff {
  enum class Kind : uint8_t { kNone, kFixed, kLinear, kExponential };
  Kind kind = Kind::kExponential;
  Millis base{5'000};   // not in kNone
  Millis cap{900'000};  // in kLinear and kExponential only
  uint32_t jitter_percent = 50;
  friend bool operator==(const Backoff&, const Backoff&) = default;
};

// Which doors of the queue are closed.
enum class Pause : uint8_t { kNone, kIn, kOut, kAll };
// What a full queue does with a push.
enum class Overflow : uint8_t { kReject, kDrop };
// What XACK does to the entry of a stream, in XACKDEL's meanings.
enum class AckDelete : uint8_t { kNone, kAcked, kDelref };

// At most `deliveries` in any `window`; 0 deliveries: no limit.
struct RateLimit {
  uint32_t deliveries = 0;
  Millis window{0};
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};
// The times of so many deliveries are kept.
inline constexpr uint32_t kRateDeliveriesMax = 100'000;

struct Policy {
  Millis lease{30'000};
  Millis lease_max{0};         // one delivery counting extensions; 0: no limit
  uint32_t attempts_max = 20;  // 0: for ever
  Backoff backoff = {};
  std::optional<std::string> dead_letter = {};  // none: "<key>:dead"; empty: discard
  uint64_t dead_letters_max = 0;                // the dead-letter stream is trimmed to this; 0: never
  Side head = Side::kRight;                     // the end that is served
  Pause pause = Pause::kNone;
  uint64_t leased_max = 0;  // messages leased at a time; 0: no limit
  uint64_t length_max = 0;  // messages of all states; 0: no limit
  Overflow overflow = Overflow::kReject;
  Millis ttl{0};    // lifetime while waiting; 0: no end
  Millis aging{0};  // who has waited longer is served before higher priorities; 0: nobody is
  RateLimit rate = {};
  AckDelete ack_delete = AckDelete::kNone;  // of consumer groups only

  bool paused_in() const { return pause == Pause::kIn || pause == Pause::kAll; }
  bool paused_out() const { return pause == Pause::kOut || pause == Pause::kAll; }
  friend bool operator==(const Policy&, const Policy&) = default;
};

// Errors: kNotInteger for a number out of its range, kQueueBackoffCap, kQueueDeadLetterSelf.
Result<void> validate(const Policy& policy, std::string_view key);

// The stream that takes the dead of `key`, or of a consumer group of it; empty: they are discarded.
std::string dead_letter_key(const Policy& policy, std::string_view key);
std::string dead_letter_key(const Policy& policy, std::string_view key, std::string_view group);

// How long a message waits after `attempts` failed ones (1: the first), when `entropy` is its own.
//
// The full wait v grows with the attempts up to the cap, and is cut by up to jitter_percent of it, so that messages
// which failed together do not come back together. Requires: validated, attempts >= 1.
constexpr Millis retry_delay(const Backoff& backoff, uint32_t attempts, uint64_t entropy) {
  CHECK(attempts >= 1 && backoff.jitter_percent <= 100);
  const int64_t base = backoff.base.count;
  const int64_t cap = backoff.cap.count;
  int64_t full = 0;
  switch (backoff.kind) {
    case Backoff::Kind::kNone:
      break;
    case Backoff::Kind::kFixed:
      full = base;
      break;
    case Backoff::Kind::kLinear:
      full = base > cap / attempts ? cap : base * attempts;
      break;
    case Backoff::Kind::kExponential: {
      const uint32_t doublings = std::min(attempts - 1, 62u);
      full = base > cap >> doublings ? cap : base << doublings;
      break;
    }
  }
  const uint64_t cut_max = static_cast<uint64_t>(full) * backoff.jitter_percent / 100;
  return {full - static_cast<int64_t>(entropy % (cut_max + 1))};  // every millisecond, not every percent
}

// What retry_delay() can be.
struct DelayRange {
  Millis lowest{0};
  Millis mean{0};  // rounded down
  Millis highest{0};
};
constexpr DelayRange retry_delay_range(const Backoff& backoff, uint32_t attempts) {
  const Millis full = retry_delay(backoff, attempts, 0);
  const Millis cut_max{
      static_cast<int64_t>(static_cast<uint64_t>(full.count) * backoff.jitter_percent / 100)};
  // All cuts from 0 to the greatest are as likely.
  return {full - cut_max, Millis{(2 * full.count - cut_max.count) / 2}, full};
}

// A message's share of a command's entropy: messages that fail in one command or tick wait differently.
constexpr uint64_t retry_entropy(const Stamp& stamp, const Handle& handle) {
  return mix(stamp.entropy ^ mix(handle.id.ms ^ mix(handle.id.seq ^ mix(handle.deliveries))));
}

static_assert(retry_delay(Backoff{.jitter_percent = 0}, 1, 7).count == 5'000, "the first wait is the base");
static_assert(retry_delay(Backoff{.jitter_percent = 0}, 4, 7).count == 40'000);
static_assert(retry_delay(Backoff{.jitter_percent = 0}, 9, 7).count == 900'000,
              "the cap is reached, not passed");
static_assert(retry_delay(Backoff{.jitter_percent = 0}, UINT32_MAX, 7).count == 900'000);
static_assert(retry_delay(Backoff{.jitter_percent = 50}, 1, 2'500).count == 2'500, "half of it may be cut");
static_assert(retry_delay(Backoff{.jitter_percent = 50}, 1, 2'501).count == 5'000, "and not more");
static_assert(retry_delay(Backoff{.jitter_percent = 100}, 1, 5'000).count == 0);

}  // namespace sluice
