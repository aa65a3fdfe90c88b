// SPDX-License-Identifier: MIT
//
// The string commands.
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

// --- Reading

Result<void> get(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kString));
  if (entry == nullptr) {
    call.reply.null();
  } else {
    call.reply.bulk(entry->string().view());
  }
  return {};
}

// --- SET

struct SetOptions {
  bool if_absent = false;
  bool if_present = false;
  bool reply_old = false;
  bool keep_expiry = false;
  std::optional<UnixMs> expires;
};

Error invalid_expire_time(CommandCall& call) {
  return call.fail(std::string("ERR invalid expire time in '").append(call.spec.name).append("' command"));
}

// The time behind EX, PX, EXAT or PXAT; `unit` in milliseconds, `from` the stamp's time or 0.
Result<UnixMs> expire_argument(CommandCall& call, std::string_view text, int64_t unit, UnixMs from) {
  const auto amount = parse_i64(text);
  if (!amount) return Error::kNotInteger;
  int64_t when = 0;
  if (*amount <= 0 || __builtin_mul_overflow(*amount, unit, &when) ||
      __builtin_add_overflow(when, from.count, &when)) {
    return invalid_expire_time(call);
  }
  return UnixMs{when};
}

Result<SetOptions> set_options(CommandCall& call) {
  SetOptions options;
  Args args(call.words, 3);
  enum class ExpiryKind : uint8_t { kNone, kEx, kPx, kExAt, kPxAt };
  struct {
    ExpiryKind kind = ExpiryKind::kNone;
    std::string_view text;
    int64_t unit = 0;
    UnixMs from;
  } expiry;
  // The same kind again replaces what it said before, as in Redis.
  const auto take_expiry = [&](ExpiryKind kind, int64_t unit, UnixMs from) {
    const bool fits = expiry.kind == ExpiryKind::kNone || expiry.kind == kind;
    if (!fits || options.keep_expiry || !args.more()) return false;
    expiry = {kind, args.text(), unit, from};
    return true;
  };
  while (args.more()) {
    bool fits = false;
    if (args.accept("NX")) {
      fits = !options.if_present;
      options.if_absent = true;
    } else if (args.accept("XX")) {
      fits = !options.if_absent;
      options.if_present = true;
    } else if (args.accept("GET")) {
      fits = true;
      options.reply_old = true;
    } else if (args.accept("KEEPTTL")) {
      fits = expiry.unit == 0;
      options.keep_expiry = true;
    } else if (args.accept("EX")) {
      fits = take_expiry(ExpiryKind::kEx, 1000, call.stamp.now);
    } else if (args.accept("PX")) {
      fits = take_expiry(ExpiryKind::kPx, 1, call.stamp.now);
    } else if (args.accept("EXAT")) {
      fits = take_expiry(ExpiryKind::kExAt, 1000, UnixMs{0});
    } else if (args.accept("PXAT")) {
      fits = take_expiry(ExpiryKind::kPxAt, 1, UnixMs{0});
    }
    if (!fits) return Error::kSyntax;
  }
  if (expiry.unit != 0) {
    TRY(options.expires, expire_argument(call, expiry.text, expiry.unit, expiry.from));
  }
  return options;
}

void log_set(CommandCall& call, const SetOptions& options) {
  const std::string_view key = call.words[1];
  const std::string_view value = call.words[2];
  if (call.words.size() == 3) {
    call.log();
  } else if (options.expires) {
    char text[kI64CharsMax];
    call.log_as({"SET", key, value, "PXAT", {text, format_i64(text, options.expires->count)}});
  } else if (options.keep_expiry) {
    call.log_as({"SET", key, value, "KEEPTTL"});
  } else {
    call.log_as({"SET", key, value});
  }
}

Result<void> set(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(const SetOptions options, set_options(call));
  const Entry* entry = call.keyspace().find(call.db(), key);
  if (options.reply_old) {
    if (entry != nullptr && entry->type() != ValueType::kString) return Error::kWrongType;
    if (entry == nullptr) {
      call.reply.null();
    } else {
      call.reply.bulk(entry->string().view());
    }
  }
  if ((options.if_absent && entry != nullptr) || (options.if_present && entry == nullptr)) {
    if (!options.reply_old) call.reply.null();
    return {};
  }
  // Set to a time that has passed: the key ends at once. From the log it ends by its own record.
  if (options.expires && *options.expires <= call.stamp.now && call.mode != CommandCall::Mode::kReplay) {
    if (entry != nullptr) {
      call.keyspace().erase(*entry);
      call.log_as({"DEL", key});
      call.changed(key, KeyEvent::kDel);
    }
  } else {
    Entry& stored =
        call.keyspace().set_string(call.db(), key, call.words[2],
                                   options.keep_expiry ? Keyspace::Expiry::kKeep : Keyspace::Expiry::kDrop);
    if (options.expires) call.keyspace().expire_at(stored, *options.expires);
    log_set(call, options);
    call.changed(key, KeyEvent::kSet);
    if (options.expires) call.changed(key, KeyEvent::kExpire);
  }
  if (!options.reply_old) call.reply.ok();
  return {};
}

// --- Counting

Result<void> add(CommandCall& call, int64_t amount, KeyEvent event) {
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kString));
  int64_t value = 0;
  if (entry != nullptr) {
    const auto current = parse_i64(entry->string().view());
    if (!current) return Error::kNotInteger;
    value = *current;
  }
  if (__builtin_add_overflow(value, amount, &value)) return Error::kOverflow;
  char text[kI64CharsMax];
  const std::string_view digits(text, format_i64(text, value));
  if (entry != nullptr) {
    entry->string().assign(digits);
  } else {
    call.keyspace().set_string(call.db(), key, digits);
  }
  call.log();
  call.changed(key, event);
  call.reply.integer(value);
  return {};
}

Result<void> incr(CommandCall& call) {
  return add(call, 1, KeyEvent::kIncrBy);
}
Result<void> decr(CommandCall& call) {
  return add(call, -1, KeyEvent::kDecrBy);
}

// --- Rows

constexpr uint16_t kUpdateKeys = core::kRw | core::kAccess | core::kUpdate;

constexpr CommandSpec kRows[] = {
    {.name = "get",
     .syntax = "key",
     .handler = get,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Replies the value of a string."},
    {.name = "set",
     .syntax = "key value condition:[NX|XX] [GET] expiration:[EX seconds:integer|PX milliseconds:integer|"
               "EXAT unix-time-seconds:unix-time|PXAT unix-time-milliseconds:unix-time|KEEPTTL]",
     .handler = set,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(kUpdateKeys | core::kVariable)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Makes a key hold a string, whatever it held before."},
    {.name = "incr",
     .syntax = "key",
     .handler = incr,
     .arity = Arity::exactly(2),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Adds one to the integer that a string holds; a missing one counts as 0."},
    {.name = "decr",
     .syntax = "key",
     .handler = decr,
     .arity = Arity::exactly(2),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Takes one from the integer that a string holds; a missing one counts as 0."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> string_commands() {
  return kRows;
}

}  // namespace sluice::commands
