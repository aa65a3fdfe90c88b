// SPDX-License-Identifier: MIT
//
// Commands on hashes. Those on the expiry times of fields are in hash_expiry.cc.
#include <cmath>
#include <string>
#include <vector>

#include "engine/base/number_text.h"
#include "server/commands/groups.h"
#include "server/commands/hash_value.h"
#include "server/commands/random_members.h"
#include "server/commands/scan_options.h"
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

// --- Writing

// Sets the pairs from words[2] on; how many fields are new.
Result<int64_t> set_pairs(CommandCall& call) {
  if (call.words.size() % 2 != 0) {
    return call.fail(
        std::string("ERR wrong number of arguments for '").append(call.spec.name).append("' command"));
  }
  const std::string_view key = call.words[1];
  TRY(Entry* const found, find_to_write(call, key, ValueType::kHash));
  Entry& entry = hash_for_write(call, key, found);
  int64_t added = 0;
  for (size_t i = 2; i < call.words.size(); i += 2)
    added += entry.hash().set(call.words[i], call.words[i + 1]) ? 1 : 0;
  hash_changed(call, key, entry);
  call.log();
  call.changed(key, KeyEvent::kHset);
  return added;
}

Result<void> hset(CommandCall& call) {
  TRY(const int64_t added, set_pairs(call));
  call.reply.integer(added);
  return {};
}

Result<void> hmset(CommandCall& call) {
  TRY_VOID(set_pairs(call));
  call.reply.ok();
  return {};
}

Result<void> hsetnx(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(Entry* const found, find_to_write(call, key, ValueType::kHash));
  if (found != nullptr && found->hash().contains(call.words[2])) {
    call.reply.integer(0);
    return {};
  }
  hash_for_write(call, key, found).hash().set(call.words[2], call.words[3]);
  call.log();
  call.changed(key, KeyEvent::kHset);
  call.reply.integer(1);
  return {};
}

Result<void> hdel(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kHash));
  int64_t removed = 0;
  if (entry != nullptr) {
    for (const std::string_view field : call.words.subspan(2))
      removed += entry->hash().erase(field) ? 1 : 0;
  }
  if (removed > 0) {
    call.log();
    call.changed(key, KeyEvent::kHdel);
    hash_changed(call, key, *entry);
  }
  call.reply.integer(removed);
  return {};
}

Result<void> hincrby(CommandCall& call) {
  const auto amount = parse_i64(call.words[3]);
  if (!amount) return Error::kNotInteger;
  const std::string_view key = call.words[1];
  TRY(Entry* const found, find_to_write(call, key, ValueType::kHash));
  int64_t value = 0;
  if (found != nullptr) {
    if (const auto old = found->hash().find(call.words[2])) {
      const auto number = parse_i64(*old);
      if (!number) return call.fail("ERR hash value is not an integer");
      value = *number;
    }
  }
  if (__builtin_add_overflow(value, *amount, &value)) return Error::kOverflow;
  char digits[kI64CharsMax];
  hash_for_write(call, key, found)
      .hash()
      .set(call.words[2], {digits, format_i64(digits, value)}, Hash::Expiry::kKeep);
  call.log();
  call.changed(key, KeyEvent::kHincrBy);
  call.reply.integer(value);
  return {};
}

Result<void> hincrbyfloat(CommandCall& call) {
  const auto amount = parse_long_double(call.words[3]);
  if (!amount) return Error::kNotFloat;
  if (!std::isfinite(*amount)) return call.fail("ERR value is NaN or Infinity");
  const std::string_view key = call.words[1];
  TRY(Entry* const found, find_to_write(call, key, ValueType::kHash));
  long double value = 0;
  std::optional<UnixMs> expires;
  if (found != nullptr) {
    if (const auto old = found->hash().find(call.words[2])) {
      const auto number = parse_long_double(*old);
      if (!number) return call.fail("ERR hash value is not a float");
      value = *number;
      expires = found->hash().expires_at(call.words[2]);
    }
  }
  value += *amount;
  if (!std::isfinite(value)) return call.fail("ERR increment would produce NaN or Infinity");
  char buffer[kLongDoubleCharsMax];
  const std::string_view text(buffer, format_long_double(buffer, value));
  hash_for_write(call, key, found).hash().set(call.words[2], text, Hash::Expiry::kKeep);
  // As text, so that a machine with other floats replays the same.
  if (expires) {
    call.log_as({"HSETEX", key, "KEEPTTL", "FIELDS", "1", call.words[2], text});
  } else {
    call.log_as({"HSET", key, call.words[2], text});
  }
  call.changed(key, KeyEvent::kHincrByFloat);
  call.reply.bulk(text);
  return {};
}

// --- Reading

Result<void> hget(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kHash));
  reply_field(call, entry, call.words[2]);
  return {};
}

Result<void> hmget(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kHash));
  call.reply.array(call.words.size() - 2);
  for (const std::string_view field : call.words.subspan(2))
    reply_field(call, entry, field);
  return {};
}

Result<void> hgetall(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kHash));
  call.reply.map(entry == nullptr ? 0 : entry->hash().size());
  if (entry == nullptr) return {};
  entry->hash().for_each([&call](std::string_view field, std::string_view value) {
    call.reply.bulk(field);
    call.reply.bulk(value);
  });
  return {};
}

Result<void> hkeys(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kHash));
  call.reply.array(entry == nullptr ? 0 : entry->hash().size());
  if (entry == nullptr) return {};
  entry->hash().for_each([&call](std::string_view field, std::string_view) { call.reply.bulk(field); });
  return {};
}

Result<void> hvals(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kHash));
  call.reply.array(entry == nullptr ? 0 : entry->hash().size());
  if (entry == nullptr) return {};
  entry->hash().for_each([&call](std::string_view, std::string_view value) { call.reply.bulk(value); });
  return {};
}

Result<void> hlen(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kHash));
  call.reply.integer(entry == nullptr ? 0 : static_cast<int64_t>(entry->hash().size()));
  return {};
}

Result<void> hexists(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kHash));
  call.reply.integer(entry != nullptr && entry->hash().contains(call.words[2]) ? 1 : 0);
  return {};
}

Result<void> hstrlen(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kHash));
  const auto value = entry == nullptr ? std::nullopt : entry->hash().find(call.words[2]);
  call.reply.integer(value ? static_cast<int64_t>(value->size()) : 0);
  return {};
}

// --- Chance

void reply_pair(CommandCall& call, std::string_view field, std::string_view value, bool with_values) {
  if (with_values && call.reply.version() == 3) call.reply.array(2);
  call.reply.bulk(field);
  if (with_values) call.reply.bulk(value);
}

// A negative count: so many draws, of which some may be the same.
void reply_draws(CommandCall& call, const Hash& hash, uint64_t draws, bool with_values) {
  call.reply.array(with_values && call.reply.version() == 2 ? 2 * draws : draws);
  for (uint64_t i = 0; i < draws; ++i) {
    const Hash::Pair pair = hash.sample(mix(call.stamp.entropy + i));
    reply_pair(call, pair.field, pair.value, with_values);
  }
}

Result<void> hrandfield(CommandCall& call) {
  Args args(call.words, 2);
  const bool counted = args.more();
  int64_t count = 1;
  if (counted) count = args.integer();
  if (count == INT64_MIN) args.fail(Error::kLongMin);
  const bool with_values = args.more() && args.accept("WITHVALUES");
  TRY_VOID(args.done());
  if (with_values && (count < -INT64_MAX / 2 || count > INT64_MAX / 2)) return Error::kOutOfRange;
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kHash));
  if (entry == nullptr || (counted && count == 0)) {
    counted ? call.reply.array(0) : call.reply.null();
    return {};
  }
  const Hash& hash = entry->hash();
  if (!counted) {
    call.reply.bulk(hash.sample(call.stamp.entropy).field);
    return {};
  }
  if (count < -kDrawsMax) return call.fail(draws_error(count));
  if (count < 0) {
    reply_draws(call, hash, static_cast<uint64_t>(-count), with_values);
    return {};
  }
  const std::vector<std::string> fields = random_members(
      hash.size(), static_cast<size_t>(count), call.stamp.entropy,
      [&hash](const auto& visit) {
        hash.for_each([&visit](std::string_view field, std::string_view) { visit(field); });
      },
      [&hash](uint64_t entropy) { return std::string(hash.sample(entropy).field); });
  call.reply.array(with_values && call.reply.version() == 2 ? 2 * fields.size() : fields.size());
  for (const std::string& field : fields)
    reply_pair(call, field, hash.find(field).value_or(std::string_view()), with_values);
  return {};
}

Result<void> hscan(CommandCall& call) {
  TRY_VOID(cursor_argument(call, 2));
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kHash));
  std::vector<std::string> found;
  if (entry == nullptr) {
    reply_scan(call, 0, found);
    return {};
  }
  TRY(const ScanOptions options, scan_options(call, true));
  const uint64_t next =
      entry->hash().scan(options.cursor, options.count, [&](std::string_view field, std::string_view value) {
        if (!options.matches(field)) return;
        found.emplace_back(field);
        if (!options.no_values) found.emplace_back(value);
      });
  reply_scan(call, next, found);
  return {};
}

// --- Rows

constexpr uint16_t kReadKeys = core::kRo | core::kAccess;

constexpr CommandSpec kRows[] = {
    {.name = "hset",
     .syntax = "key (field value)...",
     .handler = hset,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .group = core::Group::kHash,
     .since = "2.0.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Sets fields of a hash; replies how many are new."},
    {.name = "hmset",
     .syntax = "key (field value)...",
     .handler = hmset,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .group = core::Group::kHash,
     .since = "2.0.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Sets fields of a hash, as HSET does, but replies OK."},
    {.name = "hsetnx",
     .syntax = "key field value",
     .handler = hsetnx,
     .arity = Arity::exactly(4),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kInsert)},
     .group = core::Group::kHash,
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Sets a field of a hash if it is not there yet."},
    {.name = "hdel",
     .syntax = "key field...",
     .handler = hdel,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kDelete)},
     .group = core::Group::kHash,
     .since = "2.0.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Removes fields of a hash; replies how many there were."},
    {.name = "hincrby",
     .syntax = "key field increment:integer",
     .handler = hincrby,
     .arity = Arity::exactly(4),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kUpdate)},
     .group = core::Group::kHash,
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Adds to the integer in a field; a missing one counts as 0."},
    {.name = "hincrbyfloat",
     .syntax = "key field increment:double",
     .handler = hincrbyfloat,
     .arity = Arity::exactly(4),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kUpdate)},
     .group = core::Group::kHash,
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Adds to the number in a field; a missing one counts as 0."},
    {.name = "hget",
     .syntax = "key field",
     .handler = hget,
     .arity = Arity::exactly(3),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kHash,
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Replies the value of a field."},
    {.name = "hmget",
     .syntax = "key field...",
     .handler = hmget,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kHash,
     .since = "2.0.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Replies the values of fields."},
    {.name = "hgetall",
     .syntax = "key",
     .handler = hgetall,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kHash,
     .since = "2.0.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Replies all fields and their values."},
    {.name = "hkeys",
     .syntax = "key",
     .handler = hkeys,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kHash,
     .since = "2.0.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Replies the names of all fields."},
    {.name = "hvals",
     .syntax = "key",
     .handler = hvals,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kHash,
     .since = "2.0.0",
     .complexity = "O(N), N the number of fields",
     .summary = "Replies the values of all fields."},
    {.name = "hlen",
     .syntax = "key",
     .handler = hlen,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo)},
     .group = core::Group::kHash,
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Tells how many fields a hash has."},
    {.name = "hexists",
     .syntax = "key field",
     .handler = hexists,
     .arity = Arity::exactly(3),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo)},
     .group = core::Group::kHash,
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Tells whether a hash has a field."},
    {.name = "hstrlen",
     .syntax = "key field",
     .handler = hstrlen,
     .arity = Arity::exactly(3),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo)},
     .group = core::Group::kHash,
     .since = "3.2.0",
     .complexity = "O(1)",
     .summary = "Tells how long the value of a field is, in bytes."},
    {.name = "hrandfield",
     .syntax = "key options:[count:integer [WITHVALUES]]",
     .handler = hrandfield,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kHash,
     .since = "6.2.0",
     .complexity = "O(N), N the number of fields replied",
     .summary = "Replies some fields by chance, perhaps with their values."},
    {.name = "hscan",
     .syntax = "key cursor:integer [MATCH pattern:pattern] [COUNT count:integer] [NOVALUES]",
     .handler = hscan,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kHash,
     .since = "2.8.0",
     .complexity = "O(1) for each call, O(N) for all fields",
     .summary = "Walks over the fields of a hash, some at a time."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> hash_commands() {
  return kRows;
}

}  // namespace sluice::commands
