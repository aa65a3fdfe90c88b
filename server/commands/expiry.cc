// SPDX-License-Identifier: MIT
//
// Until when a key lives: setting that, asking for it, taking it off. What is logged is always the point in time, and
// what ends is logged as DEL by whoever ends it, so a replay reads no clock.
#include <algorithm>
#include <optional>
#include <string>

#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeyEvent;
using core::KeySpec;

// --- Setting

struct ExpireCondition {
  bool not_yet = false;  // NX
  bool already = false;  // XX
  bool later = false;    // GT; a key without an expiry time counts as never expiring
  bool sooner = false;   // LT
};

Result<ExpireCondition> condition_arguments(CommandCall& call) {
  ExpireCondition condition;
  Args args(call.words, 3);
  while (args.more()) {
    if (args.accept("NX")) {
      condition.not_yet = true;
    } else if (args.accept("XX")) {
      condition.already = true;
    } else if (args.accept("GT")) {
      condition.later = true;
    } else if (args.accept("LT")) {
      condition.sooner = true;
    } else {
      return call.fail(std::string("ERR Unsupported option ").append(args.text()));
    }
  }
  if (condition.not_yet && (condition.already || condition.later || condition.sooner)) {
    return call.fail("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (condition.later && condition.sooner) {
    return call.fail("ERR GT and LT options at the same time are not compatible");
  }
  return condition;
}

bool holds(const ExpireCondition& condition, std::optional<UnixMs> current, UnixMs wanted) {
  if (condition.not_yet && current) return false;
  if (condition.already && !current) return false;
  if (condition.later && (!current || wanted <= *current)) return false;
  if (condition.sooner && current && wanted >= *current) return false;
  return true;
}

enum class TimeUnit : uint8_t { kSeconds, kMilliseconds };

// The point in time that `text` names, counted from `from`. Nothing if it does not fit 64 bits of milliseconds.
std::optional<UnixMs> expiry_time(int64_t amount, TimeUnit unit, UnixMs from) {
  if (unit == TimeUnit::kSeconds && __builtin_mul_overflow(amount, 1000, &amount)) return std::nullopt;
  int64_t when = 0;
  if (__builtin_add_overflow(amount, from.count, &when)) return std::nullopt;
  return UnixMs{when};
}

Result<void> expire_at(CommandCall& call, TimeUnit unit, UnixMs from) {
  const std::string_view key = call.words[1];
  TRY(const ExpireCondition condition, condition_arguments(call));
  const auto amount = parse_i64(call.words[2]);
  if (!amount) return Error::kNotInteger;
  const auto when = expiry_time(*amount, unit, from);
  if (!when) {
    return call.fail(std::string("ERR invalid expire time in '").append(call.spec.name).append("' command"));
  }
  const Entry* entry = call.keyspace().find(call.db(), key);
  if (entry == nullptr || !holds(condition, call.keyspace().expires_at(*entry), *when)) {
    call.reply.integer(0);
    return {};
  }
  // A record keeps a time that has passed: the key ended later, and that has a record of its own.
  if (*when <= call.stamp.now && call.mode != CommandCall::Mode::kReplay) {
    call.keyspace().erase(*entry);
    call.log_as({"DEL", key});
    call.changed(key, KeyEvent::kDel);
  } else {
    call.keyspace().expire_at(*entry, *when);
    char text[kI64CharsMax];
    call.log_as({"PEXPIREAT", key, {text, format_i64(text, when->count)}});
    call.changed(key, KeyEvent::kExpire);
  }
  call.reply.integer(1);
  return {};
}

Result<void> expire(CommandCall& call) {
  return expire_at(call, TimeUnit::kSeconds, call.stamp.now);
}
Result<void> pexpire(CommandCall& call) {
  return expire_at(call, TimeUnit::kMilliseconds, call.stamp.now);
}
Result<void> expireat(CommandCall& call) {
  return expire_at(call, TimeUnit::kSeconds, UnixMs{0});
}
Result<void> pexpireat(CommandCall& call) {
  return expire_at(call, TimeUnit::kMilliseconds, UnixMs{0});
}

// --- Asking

// -2: no such key, -1: it never expires.
int64_t time_left(CommandCall& call, UnixMs from) {
  const Entry* entry = look_up(call, call.words[1]);
  if (entry == nullptr) return -2;
  const auto when = call.keyspace().expires_at(*entry);
  if (!when) return -1;
  return std::max<int64_t>(0, (*when - from).count);
}

Result<void> reply_time(CommandCall& call, TimeUnit unit, UnixMs from) {
  const int64_t left = time_left(call, from);
  // Seconds are rounded to the nearest.
  call.reply.integer(left < 0 || unit == TimeUnit::kMilliseconds ? left : (left + 500) / 1000);
  return {};
}

Result<void> ttl(CommandCall& call) {
  return reply_time(call, TimeUnit::kSeconds, call.stamp.now);
}
Result<void> pttl(CommandCall& call) {
  return reply_time(call, TimeUnit::kMilliseconds, call.stamp.now);
}

Result<void> expiretime(CommandCall& call) {
  return reply_time(call, TimeUnit::kSeconds, UnixMs{0});
}
Result<void> pexpiretime(CommandCall& call) {
  return reply_time(call, TimeUnit::kMilliseconds, UnixMs{0});
}

Result<void> persist(CommandCall& call) {
  const std::string_view key = call.words[1];
  const Entry* entry = call.keyspace().find(call.db(), key);
  const bool persisted = entry != nullptr && call.keyspace().persist(*entry);
  if (persisted) {
    call.log();
    call.changed(key, KeyEvent::kPersist);
  }
  call.reply.integer(persisted ? 1 : 0);
  return {};
}

// --- Rows

constexpr std::string_view kExpireCondition = "key seconds:integer condition:[NX|XX|GT|LT]";
constexpr std::string_view kPexpireCondition = "key milliseconds:integer condition:[NX|XX|GT|LT]";

constexpr CommandSpec kRows[] = {
    {.name = "expire",
     .syntax = kExpireCondition,
     .handler = expire,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Ends a key after so many seconds."},
    {.name = "pexpire",
     .syntax = kPexpireCondition,
     .handler = pexpire,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Ends a key after so many milliseconds."},
    {.name = "expireat",
     .syntax = "key unix-time-seconds:unix-time condition:[NX|XX|GT|LT]",
     .handler = expireat,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Ends a key at a time, in seconds since 1970."},
    {.name = "pexpireat",
     .syntax = "key unix-time-milliseconds:unix-time condition:[NX|XX|GT|LT]",
     .handler = pexpireat,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Ends a key at a time, in milliseconds since 1970."},
    {.name = "ttl",
     .syntax = "key",
     .handler = ttl,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Tells how many seconds a key has left; -1 for ever, -2 no such key."},
    {.name = "pttl",
     .syntax = "key",
     .handler = pttl,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Tells how many milliseconds a key has left; -1 for ever, -2 no such key."},
    {.name = "persist",
     .syntax = "key",
     .handler = persist,
     .arity = Arity::exactly(2),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Takes the expiry time off a key."},
    {.name = "expiretime",
     .syntax = "key",
     .handler = expiretime,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Tells when a key ends, in seconds since 1970; -1 never, -2 no such key."},
    {.name = "pexpiretime",
     .syntax = "key",
     .handler = pexpiretime,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Tells when a key ends, in milliseconds since 1970; -1 never, -2 no such key."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> expiry_commands() {
  return kRows;
}

}  // namespace sluice::commands
