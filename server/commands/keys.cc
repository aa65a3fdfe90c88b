// SPDX-License-Identifier: MIT
//
// Commands on keys whatever they hold: whether they exist, until when, and their end.
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

// --- Existence

Result<void> del(CommandCall& call) {
  int64_t removed = 0;
  bool dropped = false;
  for (const std::string_view key : call.words.subspan(1)) {
    const Entry* entry = call.keyspace().find(call.db(), key);
    if (entry != nullptr) {
      call.keyspace().erase(*entry);
      ++removed;
      call.changed(key, KeyEvent::kDel);
    }
    // Also those of a queue that has run empty.
    dropped |= call.queues().drop_tokens(call.db(), key);
  }
  if (removed > 0 || dropped) call.log();
  call.reply.integer(removed);
  return {};
}

Result<void> exists(CommandCall& call) {
  int64_t count = 0;
  for (const std::string_view key : call.words.subspan(1)) {
    const bool found = call.keyspace().find(call.db(), key) != nullptr;
    call.looked_up(key, found);
    if (found) ++count;
  }
  call.reply.integer(count);
  return {};
}

Result<void> type(CommandCall& call) {
  const Entry* entry = call.keyspace().find(call.db(), call.words[1]);
  call.looked_up(call.words[1], entry != nullptr);
  call.reply.simple(entry == nullptr ? "none" : type_name(entry->type()));
  return {};
}

// --- Expiry

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

// -2: no such key, -1: it never expires.
int64_t time_left(CommandCall& call, UnixMs from) {
  const Entry* entry = call.keyspace().find(call.db(), call.words[1]);
  call.looked_up(call.words[1], entry != nullptr);
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
    {.name = "del",
     .syntax = "key...",
     .handler = del,
     .arity = Arity::at_least(2),
     .flags = core::kWrite,
     .keys = {KeySpec::range(1, -1, 1, core::kRm | core::kDelete)},
     .since = "1.0.0",
     .complexity = "O(N), N the number of keys and of the elements that they hold",
     .summary = "Ends keys."},
    {.name = "unlink",
     .syntax = "key...",
     .handler = del,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::range(1, -1, 1, core::kRm | core::kDelete)},
     .since = "4.0.0",
     .complexity = "O(N), N the number of keys and of the elements that they hold",
     .summary = "Ends keys, as DEL does."},
    {.name = "exists",
     .syntax = "key...",
     .handler = exists,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::range(1, -1, 1, core::kRo)},
     .since = "1.0.0",
     .complexity = "O(N), N the number of keys",
     .summary = "Counts how many of the keys exist; one that is named twice counts twice."},
    {.name = "type",
     .syntax = "key",
     .handler = type,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo)},
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Tells the type of what a key holds."},
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
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> keys_commands() {
  return kRows;
}

}  // namespace sluice::commands
