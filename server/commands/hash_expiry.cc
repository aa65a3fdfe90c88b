// SPDX-License-Identifier: MIT
//
// Commands on the expiry times of single fields of a hash, and those that read or write a field together with its time.
// They name their fields behind `FIELDS numfields`.
#include <optional>
#include <string>
#include <vector>

#include "engine/base/number_text.h"
#include "server/commands/groups.h"
#include "server/commands/hash_value.h"
#include "server/commands/lifetime.h"
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
using core::Words;

constexpr int64_t kFieldDeleted = 2;
constexpr int64_t kTimeSet = 1;
constexpr int64_t kConditionFailed = 0;
constexpr int64_t kNoExpiry = -1;
constexpr int64_t kNoField = -2;

// The largest time that a field may have, as in Redis: 46 bits of milliseconds, some two thousand years.
constexpr int64_t kFieldTimeMax = (int64_t{1} << 46) - 1;

// What stands behind FIELDS; `words_each` is 2 when each field brings a value.
Result<Words> fields_argument(CommandCall& call, Args& args, size_t words_each = 1) {
  if (!args.accept("FIELDS")) {
    return call.fail("ERR Mandatory argument FIELDS is missing or not at the right position");
  }
  const auto count = parse_i64(args.text());
  if (!count || *count < 1) return call.fail("ERR Parameter `numFields` should be greater than 0");
  if (args.left() / words_each != static_cast<uint64_t>(*count) || args.left() % words_each != 0) {
    return call.fail("ERR The `numfields` parameter must match the number of arguments");
  }
  return args.rest();
}

// Logs `HPEXPIREAT key when FIELDS n field ...`, or another command of that form without a time.
void log_fields(CommandCall& call, std::vector<std::string_view> head,
                const std::vector<std::string_view>& fields) {
  char digits[kI64CharsMax];
  head.push_back("FIELDS");
  head.push_back({digits, format_u64(digits, fields.size())});
  head.insert(head.end(), fields.begin(), fields.end());
  call.log_as(head);
}

void log_times(CommandCall& call, UnixMs when, const std::vector<std::string_view>& fields) {
  char digits[kI64CharsMax];
  log_fields(call, {"HPEXPIREAT", call.words[1], {digits, format_i64(digits, when.count)}}, fields);
}

// Logs and tells that these fields have been removed.
void fields_removed(CommandCall& call, Entry& entry, const std::vector<std::string_view>& fields) {
  const std::string_view key = call.words[1];
  std::vector<std::string_view> words = {"HDEL", key};
  words.insert(words.end(), fields.begin(), fields.end());
  call.log_as(words);
  call.changed(key, KeyEvent::kHdel);
  hash_changed(call, key, entry);
}

// Removes those that are there.
void remove_fields(CommandCall& call, Entry& entry, Words fields) {
  std::vector<std::string_view> removed;
  for (const std::string_view field : fields) {
    if (entry.hash().erase(field)) removed.push_back(field);
  }
  if (!removed.empty()) fields_removed(call, entry, removed);
}

void set_times(CommandCall& call, Entry& entry, UnixMs when, const std::vector<std::string_view>& fields) {
  for (const std::string_view field : fields)
    call.keyspace().expire_field(entry, field, when);
  call.keyspace().field_expiry_changed(entry);
}

// A time that has passed ends fields at once; from the log they end by a record of their own.
bool has_passed(const CommandCall& call, UnixMs when) {
  return when <= call.stamp.now && call.mode != CommandCall::Mode::kReplay;
}

// --- HEXPIRE and its kind

struct Condition {
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

Condition accept_condition(Args& args) {
  if (args.accept("NX")) return {.not_yet = true};
  if (args.accept("XX")) return {.already = true};
  if (args.accept("GT")) return {.later = true};
  if (args.accept("LT")) return {.sooner = true};
  return {};
}

// The time of words[2], `unit` milliseconds a piece, counted from `from`.
Result<UnixMs> time_argument(CommandCall& call, int64_t unit, UnixMs from) {
  const auto amount = parse_i64(call.words[2]);
  if (!amount) return Error::kNotInteger;
  int64_t when = 0;
  if (*amount < 0) return call.fail("ERR invalid expire time, must be >= 0");
  if (__builtin_mul_overflow(*amount, unit, &when) || when > kFieldTimeMax - from.count) {
    return call.fail(std::string("ERR invalid expire time in '").append(call.spec.name).append("' command"));
  }
  return UnixMs{when + from.count};
}

Result<void> expire_fields(CommandCall& call, int64_t unit, UnixMs from) {
  const std::string_view key = call.words[1];
  TRY(const UnixMs when, time_argument(call, unit, from));
  Args args(call.words, 3);
  const Condition condition = accept_condition(args);
  TRY(const Words fields, fields_argument(call, args));
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kHash));
  call.reply.array(fields.size());
  std::vector<std::string_view> affected;
  // One after the other: a field that is named twice is another one the second time.
  for (const std::string_view field : fields) {
    if (entry == nullptr || !entry->hash().contains(field)) {
      call.reply.integer(kNoField);
    } else if (!condition.holds(entry->hash().expires_at(field), when)) {
      call.reply.integer(kConditionFailed);
    } else if (has_passed(call, when)) {
      call.reply.integer(kFieldDeleted);
      entry->hash().erase(field);
      affected.push_back(field);
    } else {
      call.reply.integer(kTimeSet);
      call.keyspace().expire_field(*entry, field, when);
      affected.push_back(field);
    }
  }
  if (affected.empty()) return {};
  if (has_passed(call, when)) {
    fields_removed(call, *entry, affected);
  } else {
    call.keyspace().field_expiry_changed(*entry);
    log_times(call, when, affected);
    call.changed(key, KeyEvent::kHexpire);
  }
  return {};
}

Result<void> hexpire(CommandCall& call) {
  return expire_fields(call, 1000, call.stamp.now);
}
Result<void> hpexpire(CommandCall& call) {
  return expire_fields(call, 1, call.stamp.now);
}
Result<void> hexpireat(CommandCall& call) {
  return expire_fields(call, 1000, UnixMs{0});
}
Result<void> hpexpireat(CommandCall& call) {
  return expire_fields(call, 1, UnixMs{0});
}

// --- HTTL and its kind

// `from` is what the time is told from, `unit` what it is told in.
Result<void> reply_times(CommandCall& call, int64_t unit, UnixMs from) {
  Args args(call.words, 2);
  TRY(const Words fields, fields_argument(call, args));
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kHash));
  call.reply.array(fields.size());
  for (const std::string_view field : fields) {
    if (entry == nullptr || !entry->hash().contains(field)) {
      call.reply.integer(kNoField);
    } else if (const auto when = entry->hash().expires_at(field)) {
      const int64_t left = when->count - from.count;
      call.reply.integer(unit == 1 ? left : (left + 999) / 1000);
    } else {
      call.reply.integer(kNoExpiry);
    }
  }
  return {};
}

Result<void> httl(CommandCall& call) {
  return reply_times(call, 1000, call.stamp.now);
}
Result<void> hpttl(CommandCall& call) {
  return reply_times(call, 1, call.stamp.now);
}
Result<void> hexpiretime(CommandCall& call) {
  return reply_times(call, 1000, UnixMs{0});
}
Result<void> hpexpiretime(CommandCall& call) {
  return reply_times(call, 1, UnixMs{0});
}

Result<void> hpersist(CommandCall& call) {
  const std::string_view key = call.words[1];
  Args args(call.words, 2);
  TRY(const Words fields, fields_argument(call, args));
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kHash));
  call.reply.array(fields.size());
  bool changed = false;
  for (const std::string_view field : fields) {
    if (entry == nullptr || !entry->hash().contains(field)) {
      call.reply.integer(kNoField);
    } else if (entry->hash().persist(field)) {
      changed = true;
      call.reply.integer(kTimeSet);
    } else {
      call.reply.integer(kNoExpiry);
    }
  }
  if (!changed) return {};
  call.keyspace().field_expiry_changed(*entry);
  call.log();
  call.changed(key, KeyEvent::kHpersist);
  return {};
}

// --- HGETDEL, HGETEX, HSETEX

void reply_values(CommandCall& call, const Entry* entry, Words fields) {
  call.reply.array(fields.size());
  for (const std::string_view field : fields) {
    const auto value = entry == nullptr ? std::nullopt : entry->hash().find(field);
    value ? call.reply.bulk(*value) : call.reply.null();
  }
}

Result<void> hgetdel(CommandCall& call) {
  Args args(call.words, 2);
  TRY(const Words fields, fields_argument(call, args));
  TRY(Entry* const entry, find_to_write(call, call.words[1], ValueType::kHash));
  reply_values(call, entry, fields);
  if (entry != nullptr) remove_fields(call, *entry, fields);
  return {};
}

Result<void> hgetex(CommandCall& call) {
  const std::string_view key = call.words[1];
  Args args(call.words, 2);
  Lifetime lifetime;
  if (accept_lifetime(args, "PERSIST", lifetime)) TRY_VOID(args.good());
  TRY(const Words fields, fields_argument(call, args));
  UnixMs when;
  if (lifetime.ends()) {
    TRY(when, end_of(call, lifetime));
  }
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kHash));
  reply_values(call, entry, fields);
  if (entry == nullptr || lifetime.kind == Lifetime::Kind::kNone) return {};
  std::vector<std::string_view> affected;
  for (const std::string_view field : fields) {
    if (lifetime.other() ? entry->hash().persist(field) : entry->hash().contains(field))
      affected.push_back(field);
  }
  if (affected.empty()) return {};
  if (lifetime.other()) {
    call.keyspace().field_expiry_changed(*entry);
    log_fields(call, {"HPERSIST", key}, affected);
    call.changed(key, KeyEvent::kHpersist);
  } else if (has_passed(call, when)) {
    remove_fields(call, *entry, affected);
  } else {
    set_times(call, *entry, when, affected);
    log_times(call, when, affected);
    call.changed(key, KeyEvent::kHexpire);
  }
  return {};
}

struct SetOptions {
  bool if_absent = false;   // FNX: only if none of the fields is there
  bool if_present = false;  // FXX: only if all are
  Lifetime lifetime;
};

Result<SetOptions> set_options(CommandCall& call, Args& args) {
  SetOptions options;
  while (args.more() && !equals_folded(args.peek(), "FIELDS")) {
    if (args.accept("FNX")) {
      if (options.if_present) return Error::kSyntax;
      options.if_absent = true;
    } else if (args.accept("FXX")) {
      if (options.if_absent) return Error::kSyntax;
      options.if_present = true;
    } else if (accept_lifetime(args, "KEEPTTL", options.lifetime)) {
      TRY_VOID(args.good());
    } else {
      return call.fail(std::string("ERR unknown argument: ").append(args.text()));
    }
  }
  return options;
}

bool condition_holds(const SetOptions& options, const Entry* entry, Words pairs) {
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const bool present = entry != nullptr && entry->hash().contains(pairs[i]);
    if ((options.if_absent && present) || (options.if_present && !present)) return false;
  }
  return true;
}

Result<void> hsetex(CommandCall& call) {
  const std::string_view key = call.words[1];
  Args args(call.words, 2);
  TRY(const SetOptions options, set_options(call, args));
  TRY(const Words pairs, fields_argument(call, args, 2));
  UnixMs when;
  if (options.lifetime.ends()) {
    TRY(when, end_of(call, options.lifetime));
  }
  TRY(Entry* const found, find_to_write(call, key, ValueType::kHash));
  if (!condition_holds(options, found, pairs)) {
    call.reply.integer(0);
    return {};
  }
  call.reply.integer(1);
  std::vector<std::string_view> fields;
  for (size_t i = 0; i < pairs.size(); i += 2)
    fields.push_back(pairs[i]);
  if (options.lifetime.ends() && has_passed(call, when)) {
    if (found != nullptr) remove_fields(call, *found, fields);
    return {};
  }

  Entry& entry = hash_for_write(call, key, found);
  const auto expiry = options.lifetime.other() ? Hash::Expiry::kKeep : Hash::Expiry::kDrop;
  for (size_t i = 0; i < pairs.size(); i += 2)
    entry.hash().set(pairs[i], pairs[i + 1], expiry);
  // Conditions held, and times are absolute from now on.
  char digits[kI64CharsMax];
  char number[kI64CharsMax];
  std::vector<std::string_view> words = {"HSETEX", key};
  if (options.lifetime.ends()) {
    words.insert(words.end(), {"PXAT", {digits, format_i64(digits, when.count)}});
    set_times(call, entry, when, fields);
  } else if (options.lifetime.other()) {
    words.push_back("KEEPTTL");
  }
  words.insert(words.end(), {"FIELDS", {number, format_u64(number, fields.size())}});
  words.insert(words.end(), pairs.begin(), pairs.end());
  hash_changed(call, key, entry);
  call.log_as(words);
  call.changed(key, KeyEvent::kHset);
  if (options.lifetime.ends()) call.changed(key, KeyEvent::kHexpire);
  return {};
}

// --- Rows

constexpr uint16_t kUpdateKeys = core::kRw | core::kUpdate;
constexpr uint16_t kReadKeys = core::kRo | core::kAccess;

constexpr CommandSpec kRows[] = {
    {.name = "hexpire",
     .syntax = "key seconds:integer condition:[NX|XX|GT|LT] FIELDS fields:(numfields:integer field...)",
     .handler = hexpire,
     .arity = Arity::at_least(6),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kHash,
     .since = "7.4.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Ends fields of a hash after so many seconds."},
    {.name = "hpexpire",
     .syntax = "key milliseconds:integer condition:[NX|XX|GT|LT] FIELDS fields:(numfields:integer field...)",
     .handler = hpexpire,
     .arity = Arity::at_least(6),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kHash,
     .since = "7.4.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Ends fields of a hash after so many milliseconds."},
    {.name = "hexpireat",
     .syntax =
         "key unix-time-seconds:unix-time condition:[NX|XX|GT|LT] FIELDS fields:(numfields:integer field...)",
     .handler = hexpireat,
     .arity = Arity::at_least(6),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kHash,
     .since = "7.4.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Ends fields of a hash at a time, in seconds since 1970."},
    {.name = "hpexpireat",
     .syntax = "key unix-time-milliseconds:unix-time condition:[NX|XX|GT|LT] FIELDS "
               "fields:(numfields:integer field...)",
     .handler = hpexpireat,
     .arity = Arity::at_least(6),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kHash,
     .since = "7.4.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Ends fields of a hash at a time, in milliseconds since 1970."},
    {.name = "httl",
     .syntax = "key FIELDS fields:(numfields:integer field...)",
     .handler = httl,
     .arity = Arity::at_least(5),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kHash,
     .since = "7.4.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Tells how many seconds fields have left; -1 for ever, -2 no such field."},
    {.name = "hpttl",
     .syntax = "key FIELDS fields:(numfields:integer field...)",
     .handler = hpttl,
     .arity = Arity::at_least(5),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kHash,
     .since = "7.4.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Tells how many milliseconds fields have left; -1 for ever, -2 no such field."},
    {.name = "hexpiretime",
     .syntax = "key FIELDS fields:(numfields:integer field...)",
     .handler = hexpiretime,
     .arity = Arity::at_least(5),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kHash,
     .since = "7.4.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Tells when fields end, in seconds since 1970; -1 never, -2 no such field."},
    {.name = "hpexpiretime",
     .syntax = "key FIELDS fields:(numfields:integer field...)",
     .handler = hpexpiretime,
     .arity = Arity::at_least(5),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kHash,
     .since = "7.4.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Tells when fields end, in milliseconds since 1970; -1 never, -2 no such field."},
    {.name = "hpersist",
     .syntax = "key FIELDS fields:(numfields:integer field...)",
     .handler = hpersist,
     .arity = Arity::at_least(5),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kHash,
     .since = "7.4.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Takes the expiry times off fields of a hash."},
    {.name = "hgetdel",
     .syntax = "key FIELDS fields:(numfields:integer field...)",
     .handler = hgetdel,
     .arity = Arity::at_least(5),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kDelete)},
     .group = core::Group::kHash,
     .since = "8.0.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Replies the values of fields and removes them."},
    {.name = "hgetex",
     .syntax = "key expiration:[EX seconds:integer|PX milliseconds:integer|EXAT unix-time-seconds:unix-time|"
               "PXAT unix-time-milliseconds:unix-time|PERSIST] FIELDS fields:(numfields:integer field...)",
     .handler = hgetex,
     .arity = Arity::at_least(5),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kUpdate)},
     .group = core::Group::kHash,
     .since = "8.0.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Replies the values of fields and sets or removes their expiry times."},
    {.name = "hsetex",
     .syntax = "key condition:[FNX|FXX] expiration:[EX seconds:integer|PX milliseconds:integer|"
               "EXAT unix-time-seconds:unix-time|PXAT unix-time-milliseconds:unix-time|KEEPTTL] "
               "FIELDS fields:(numfields:integer (field value)...)",
     .handler = hsetex,
     .arity = Arity::at_least(6),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kHash,
     .since = "8.0.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Sets fields of a hash together with their expiry time, perhaps on a condition."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> hash_expiry_commands() {
  return kRows;
}

}  // namespace sluice::commands
