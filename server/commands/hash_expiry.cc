// SPDX-License-Identifier: MIT
//
// Commands on the expiry times of single fields of a hash, and those that read or write a field together with its time.
// They name their fields behind `FIELDS numfields`.
#include <optional>
#include <string>
#include <vector>

#include "engine/base/number_text.h"
#include "server/commands/groups.h"
#include "server/commands/hash_field_words.h"
#include "server/commands/hash_value.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

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

Result<void> expire_fields(CommandCall& call, int64_t unit, UnixMs from) {
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kHash));
  TRY(const FieldExpiry expiry, field_expiry(call, unit, from));
  const UnixMs when = expiry.when;
  call.reply.array(expiry.fields.size());
  std::vector<std::string_view> affected;
  // One after the other: a field that is named twice is another one the second time.
  for (const std::string_view field : expiry.fields) {
    if (entry == nullptr || !entry->hash().contains(field)) {
      call.reply.integer(kNoField);
    } else if (!expiry.condition.holds(entry->hash().expires_at(field), when)) {
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
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kHash));
  TRY(const Words fields, only_fields(call));
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
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kHash));
  TRY(const Words fields, only_fields(call));
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

Result<void> hgetdel(CommandCall& call) {
  TRY(Entry* const entry, find_to_write(call, call.words[1], ValueType::kHash));
  TRY(const Words fields, only_fields(call));
  call.reply.array(fields.size());
  std::vector<std::string_view> removed;
  // One after the other: a field that is named twice is not there the second time.
  for (const std::string_view field : fields) {
    if (!reply_field(call, entry, field)) continue;
    entry->hash().erase(field);
    removed.push_back(field);
  }
  if (!removed.empty()) fields_removed(call, *entry, removed);
  return {};
}

Result<void> hgetex(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kHash));
  TRY(const FieldOptions options, hgetex_options(call));
  const bool ends_now = options.until && has_passed(call, *options.until);
  call.reply.array(options.fields.size());
  std::vector<std::string_view> affected;
  for (const std::string_view field : options.fields) {
    if (!reply_field(call, entry, field)) continue;
    bool changed = false;
    if (options.other) {
      changed = entry->hash().persist(field);
    } else if (ends_now) {
      changed = entry->hash().erase(field);
    } else if (options.until) {
      call.keyspace().expire_field(*entry, field, *options.until);
      changed = true;
    }
    if (changed) affected.push_back(field);
  }
  if (affected.empty()) return {};
  if (ends_now) {
    fields_removed(call, *entry, affected);
    return {};
  }
  call.keyspace().field_expiry_changed(*entry);
  if (options.other) {
    log_fields(call, {"HPERSIST", key}, affected);
    call.changed(key, KeyEvent::kHpersist);
  } else {
    log_times(call, *options.until, affected);
    call.changed(key, KeyEvent::kHexpire);
  }
  return {};
}

bool condition_holds(const FieldOptions& options, const Entry* entry) {
  const Words pairs = options.fields;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const bool present = entry != nullptr && entry->hash().contains(pairs[i]);
    if ((options.if_absent && present) || (options.if_present && !present)) return false;
  }
  return true;
}

Result<void> hsetex(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(const FieldOptions options, hsetex_options(call));
  TRY(Entry* const found, find_to_write(call, key, ValueType::kHash));
  if (!condition_holds(options, found)) {
    call.reply.integer(0);
    return {};
  }
  call.reply.integer(1);
  const Words pairs = options.fields;
  std::vector<std::string_view> fields;
  for (size_t i = 0; i < pairs.size(); i += 2)
    fields.push_back(pairs[i]);
  if (options.until && has_passed(call, *options.until)) {
    if (found != nullptr) remove_fields(call, *found, fields);
    return {};
  }

  Entry& entry = hash_for_write(call, key, found);
  const auto expiry = options.other ? Hash::Expiry::kKeep : Hash::Expiry::kDrop;
  for (size_t i = 0; i < pairs.size(); i += 2)
    entry.hash().set(pairs[i], pairs[i + 1], expiry);
  // Conditions held, and times are absolute from now on.
  char digits[kI64CharsMax];
  char number[kI64CharsMax];
  std::vector<std::string_view> words = {"HSETEX", key};
  if (options.until) {
    words.insert(words.end(), {"PXAT", {digits, format_i64(digits, options.until->count)}});
    set_times(call, entry, *options.until, fields);
  } else if (options.other) {
    words.push_back("KEEPTTL");
  }
  words.insert(words.end(), {"FIELDS", {number, format_u64(number, fields.size())}});
  words.insert(words.end(), pairs.begin(), pairs.end());
  hash_changed(call, key, entry);
  call.log_as(words);
  call.changed(key, KeyEvent::kHset);
  if (options.until) call.changed(key, KeyEvent::kHexpire);
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
