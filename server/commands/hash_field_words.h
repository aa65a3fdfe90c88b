// SPDX-License-Identifier: MIT
//
// How commands on the expiry times of fields of a hash read their words: times, options, and what follows FIELDS.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "server/core/command_call.h"

namespace sluice::commands {

// On the time that a field has; HEXPIRE passes over fields for which it does not hold. At most one is set.
struct FieldCondition {
  bool not_yet = false;
  bool already = false;
  bool later = false;
  bool sooner = false;

  bool holds(std::optional<UnixMs> current, UnixMs wanted) const {
    if (not_yet) return !current;
    if (already) return current.has_value();
    if (later) return current && wanted > *current;
    if (sooner) return !current || wanted < *current;
    return true;
  }
};

// What HEXPIRE and its kind are told.
struct FieldExpiry {
  UnixMs when;
  FieldCondition condition;
  core::Words fields;
};

// The time in words[2] is in units of so many milliseconds, from `from` on; condition and fields come in either order.
Result<FieldExpiry> field_expiry(core::CommandCall& call, int64_t unit, UnixMs from);

// The fields of a command that has nothing else behind its key.
Result<core::Words> only_fields(core::CommandCall& call);

// What HGETEX and HSETEX are told.
struct FieldOptions {
  bool if_absent = false;       // FNX: only if none of the fields is there
  bool if_present = false;      // FXX: only if all are
  std::optional<UnixMs> until;  // EX, PX, EXAT, PXAT
  bool other = false;           // the option in place of a time: KEEPTTL, PERSIST
  core::Words fields;           // of HSETEX, each with its value behind it
};

// The options come in any order, before the fields and behind them.
Result<FieldOptions> hgetex_options(core::CommandCall& call);
Result<FieldOptions> hsetex_options(core::CommandCall& call);

}  // namespace sluice::commands
