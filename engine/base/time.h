// SPDX-License-Identifier: MIT
//
// Two points in time that cannot be mixed up, and the distance between two of a kind. All count milliseconds.
#pragma once

#include <compare>
#include <cstdint>

namespace sluice {

struct Millis {
  int64_t count = 0;
  friend constexpr auto operator<=>(Millis, Millis) = default;
};

// Wall clock, since 1970-01-01 UTC. Survives a restart; may be logged.
struct UnixMs {
  int64_t count = 0;
  friend constexpr auto operator<=>(UnixMs, UnixMs) = default;
};

// Steady clock with an arbitrary start. Dies with the process; never logged.
struct MonoMs {
  int64_t count = 0;
  friend constexpr auto operator<=>(MonoMs, MonoMs) = default;
};

constexpr Millis operator+(Millis a, Millis b) {
  return {a.count + b.count};
}
constexpr Millis operator-(Millis a, Millis b) {
  return {a.count - b.count};
}
constexpr UnixMs operator+(UnixMs t, Millis d) {
  return {t.count + d.count};
}
constexpr UnixMs operator-(UnixMs t, Millis d) {
  return {t.count - d.count};
}
constexpr Millis operator-(UnixMs a, UnixMs b) {
  return {a.count - b.count};
}
constexpr MonoMs operator+(MonoMs t, Millis d) {
  return {t.count + d.count};
}
constexpr MonoMs operator-(MonoMs t, Millis d) {
  return {t.count - d.count};
}
constexpr Millis operator-(MonoMs a, MonoMs b) {
  return {a.count - b.count};
}

// A time that never comes.
inline constexpr UnixMs kUnixMsNever{INT64_MAX};
inline constexpr MonoMs kMonoMsNever{INT64_MAX};

}  // namespace sluice
