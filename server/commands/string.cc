// SPDX-License-Identifier: MIT
//
// Commands on the value of a string key as a whole: GET and SET, and what came of them.
#include <string>

#include "server/commands/groups.h"
#include "server/commands/lifetime.h"
#include "server/commands/lookup.h"
#include "server/commands/string_store.h"
#include "server/commands/value_condition.h"
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

void reply_value(CommandCall& call, const Entry* entry) {
  if (entry == nullptr) {
    call.reply.null();
  } else {
    call.reply.bulk(entry->string().view());
  }
}

Result<void> get(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kString));
  reply_value(call, entry);
  return {};
}

Result<void> strlen(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kString));
  call.reply.integer(entry == nullptr ? 0 : static_cast<int64_t>(entry->string().size()));
  return {};
}

Result<void> getdel(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kString));
  reply_value(call, entry);
  if (entry != nullptr) delete_key(call, call.words[1]);
  return {};
}

Result<void> getex(CommandCall& call) {
  const std::string_view key = call.words[1];
  Lifetime lifetime;
  Args args(call.words, 2);
  while (accept_lifetime(args, "PERSIST", lifetime)) {
  }
  TRY_VOID(args.done());
  TRY(const Entry* const entry, find_to_read(call, key, ValueType::kString));
  if (entry == nullptr) {
    call.reply.null();
    return {};
  }
  UnixMs end;
  if (lifetime.ends()) {
    TRY(end, end_of(call, lifetime));
  }
  reply_value(call, entry);
  if (lifetime.ends() && end <= call.stamp.now) {
    delete_key(call, key);
  } else if (lifetime.ends()) {
    call.keyspace().expire_at(*entry, end);
    char text[kI64CharsMax];
    call.log_as({"PEXPIREAT", key, {text, format_i64(text, end.count)}});
    call.changed(key, KeyEvent::kExpire);
  } else if (lifetime.other() && call.keyspace().persist(*entry)) {
    call.log_as({"PERSIST", key});
    call.changed(key, KeyEvent::kPersist);
  }
  return {};
}

// --- Storing

struct SetOptions {
  bool if_absent = false;
  bool if_present = false;
  bool reply_old = false;
  ValueCondition condition;
  Lifetime lifetime;
};

Result<SetOptions> set_options(CommandCall& call) {
  SetOptions options;
  Args args(call.words, 3);
  while (args.more() && !args.failed()) {
    if (args.accept("NX")) {
      options.if_absent = true;
    } else if (args.accept("XX")) {
      options.if_present = true;
    } else if (args.accept("GET")) {
      options.reply_old = true;
    } else if (!accept_lifetime(args, "KEEPTTL", options.lifetime) &&
               !accept_value_condition(args, options.condition)) {
      return Error::kSyntax;
    }
  }
  TRY_VOID(args.good());
  if (options.if_absent + options.if_present + options.condition.given() > 1) return Error::kSyntax;
  return options;
}

bool may_set(const SetOptions& options, const Entry* entry) {
  if (entry == nullptr) return !options.if_present && options.condition.holds_without_key();
  if (options.if_absent) return false;
  return !options.condition.given() || options.condition.holds(entry->string().view());
}

Result<void> set_with_options(CommandCall& call) {
  const std::string_view key = call.words[1];
  const std::string_view value = call.words[2];
  TRY(const SetOptions options, set_options(call));
  Until until{.as_before = options.lifetime.other()};
  if (options.lifetime.ends()) {
    TRY(until.end, end_of(call, options.lifetime));
  }
  TRY_VOID(check_digest(call, options.condition));
  TRY_VOID(check_string_size(call, value.size()));
  const Entry* entry = call.keyspace().find(call.db(), key);
  const bool reads = options.reply_old || options.condition.given();
  if (reads && entry != nullptr && entry->type() != ValueType::kString) return Error::kWrongType;
  if (options.reply_old) {
    call.looked_up(key, entry != nullptr);
    reply_value(call, entry);
  }
  const bool met = may_set(options, entry);
  if (met) store_string(call, key, value, until);
  if (options.reply_old) return {};
  if (met) {
    call.reply.ok();
  } else {
    call.reply.null();
  }
  return {};
}

Result<void> set(CommandCall& call) {
  if (call.words.size() > 3) return set_with_options(call);
  const std::string_view key = call.words[1];
  TRY_VOID(check_string_size(call, call.words[2].size()));
  call.keyspace().set_string(call.db(), key, call.words[2]);
  call.log();
  call.changed(key, KeyEvent::kSet);
  call.reply.ok();
  return {};
}

Result<void> setnx(CommandCall& call) {
  TRY_VOID(check_string_size(call, call.words[2].size()));
  const bool absent = call.keyspace().find(call.db(), call.words[1]) == nullptr;
  if (absent) store_string(call, call.words[1], call.words[2], {});
  call.reply.integer(absent ? 1 : 0);
  return {};
}

Result<void> set_for(CommandCall& call, Lifetime::Kind unit) {
  TRY(const UnixMs end, end_of(call, {unit, call.words[2]}));
  TRY_VOID(check_string_size(call, call.words[3].size()));
  store_string(call, call.words[1], call.words[3], {.end = end});
  call.reply.ok();
  return {};
}

Result<void> setex(CommandCall& call) {
  return set_for(call, Lifetime::Kind::kSeconds);
}
Result<void> psetex(CommandCall& call) {
  return set_for(call, Lifetime::Kind::kMilliseconds);
}

Result<void> getset(CommandCall& call) {
  TRY_VOID(check_string_size(call, call.words[2].size()));
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kString));
  reply_value(call, entry);
  store_string(call, call.words[1], call.words[2], {});
  return {};
}

// --- Rows

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
    {.name = "strlen",
     .syntax = "key",
     .handler = strlen,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo)},
     .group = core::Group::kString,
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Tells how many bytes a string has."},
    {.name = "getdel",
     .syntax = "key",
     .handler = getdel,
     .arity = Arity::exactly(2),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kDelete)},
     .group = core::Group::kString,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Replies the value of a string and ends the key."},
    {.name = "getex",
     .syntax = "key expiration:[EX seconds:integer|PX milliseconds:integer|EXAT unix-time-seconds:unix-time|"
               "PXAT unix-time-milliseconds:unix-time|PERSIST]",
     .handler = getex,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kUpdate)},
     .group = core::Group::kString,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Replies the value of a string and sets or takes off its expiry time."},
    {.name = "set",
     .syntax =
         "key value condition:[NX|XX|IFEQ ifeq-value|IFNE ifne-value|IFDEQ ifdeq-digest|IFDNE ifdne-digest] "
         "[GET] expiration:[EX seconds:integer|PX milliseconds:integer|EXAT unix-time-seconds:unix-time|"
         "PXAT unix-time-milliseconds:unix-time|KEEPTTL]",
     .handler = set,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kUpdate | core::kVariable)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Makes a key hold a string, whatever it held before."},
    {.name = "setnx",
     .syntax = "key value",
     .handler = setnx,
     .arity = Arity::exactly(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kOw | core::kInsert)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Makes a key hold a string if it does not exist yet."},
    {.name = "setex",
     .syntax = "key seconds:integer value",
     .handler = setex,
     .arity = Arity::exactly(4),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(core::kOw | core::kUpdate)},
     .group = core::Group::kString,
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Makes a key hold a string for so many seconds."},
    {.name = "psetex",
     .syntax = "key milliseconds:integer value",
     .handler = psetex,
     .arity = Arity::exactly(4),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(core::kOw | core::kUpdate)},
     .group = core::Group::kString,
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Makes a key hold a string for so many milliseconds."},
    {.name = "getset",
     .syntax = "key value",
     .handler = getset,
     .arity = Arity::exactly(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kUpdate)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Replies the value of a string and replaces it."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> string_commands() {
  return kRows;
}

}  // namespace sluice::commands
