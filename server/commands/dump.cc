// SPDX-License-Identifier: MIT
//
// DUMP and RESTORE: a value as bytes that a Redis 7.0 takes, and those that it gave. RESTORE is logged with the point
// in time at which the key ends, so that it replays to the same.
#include <optional>
#include <string>
#include <utility>

#include "engine/base/number_text.h"
#include "protocol/rdb.h"
#include "server/commands/dump_payload.h"
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

Result<void> dump(CommandCall& call) {
  const Entry* const entry = look_up(call, call.words[1]);
  // Of a queue of which nothing is ready, there is nothing to be seen.
  if (entry == nullptr || (entry->type() == ValueType::kList && entry->list().size() == 0)) {
    call.reply.null();
    return {};
  }
  ByteBuffer payload;
  append_payload(*entry, payload);
  call.reply.bulk(payload.view());
  return {};
}

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;
};

// When a key was used last, and how often, is not kept; both are checked all the same.
Result<RestoreOptions> restore_options(CommandCall& call) {
  RestoreOptions options;
  bool has_idle_time = false;
  bool has_frequency = false;
  Args args(call.words, 4);
  while (args.more()) {
    if (args.accept("REPLACE")) {
      options.replace = true;
    } else if (args.accept("ABSTTL")) {
      options.absolute = true;
    } else if (args.left() >= 2 && !has_frequency && args.accept("IDLETIME")) {
      has_idle_time = true;
      const int64_t seconds = args.integer();
      TRY_VOID(args.good());
      if (seconds < 0) return call.fail("ERR Invalid IDLETIME value, must be >= 0");
    } else if (args.left() >= 2 && !has_idle_time && args.accept("FREQ")) {
      has_frequency = true;
      const int64_t frequency = args.integer();
      TRY_VOID(args.good());
      if (frequency < 0 || frequency > 255)
        return call.fail("ERR Invalid FREQ value, must be >= 0 and <= 255");
    } else {
      return Error::kSyntax;
    }
  }
  return options;
}

Entry& adopt(CommandCall& call, std::string_view key, RestoredValue value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return call.keyspace().set_string(call.db(), key, *text);
  }
  if (auto* list = std::get_if<std::unique_ptr<ListValue>>(&value)) {
    Entry& entry = call.keyspace().insert_list(call.db(), key, std::move(*list));
    call.queues().created(entry, call.stamp);
    return entry;
  }
  if (auto* hash = std::get_if<RestoredHash>(&value)) {
    Entry& entry = call.keyspace().insert_hash(call.db(), key, std::move(hash->hash));
    for (const auto& [field, when] : hash->times)
      call.keyspace().expire_field(entry, field, when);
    call.keyspace().field_expiry_changed(entry);
    return entry;
  }
  if (auto* set = std::get_if<std::unique_ptr<Set>>(&value)) {
    return call.keyspace().insert_set(call.db(), key, std::move(*set));
  }
  if (auto* set = std::get_if<std::unique_ptr<SortedSet>>(&value)) {
    return call.keyspace().insert_sorted_set(call.db(), key, std::move(*set));
  }
  Entry& entry =
      call.keyspace().insert_stream(call.db(), key, std::move(std::get<std::unique_ptr<Stream>>(value)));
  call.queues().created(entry, call.stamp);
  return entry;
}

void log_restore(CommandCall& call, const std::optional<UnixMs>& expires, bool replaced) {
  char text[kI64CharsMax];
  const std::string_view when = expires ? std::string_view(text, format_i64(text, expires->count)) : "0";
  const std::string_view key = call.words[1];
  if (replaced) {
    call.log_as({"RESTORE", key, when, call.words[3], "REPLACE", "ABSTTL"});
  } else {
    call.log_as({"RESTORE", key, when, call.words[3], "ABSTTL"});
  }
}

// The point in time that a lifetime means; nothing if it is 0, for ever.
std::optional<UnixMs> end_of(const CommandCall& call, int64_t lifetime, bool absolute) {
  if (lifetime == 0) return std::nullopt;
  if (!absolute && __builtin_add_overflow(lifetime, call.stamp.now.count, &lifetime)) lifetime = INT64_MAX;
  return UnixMs{lifetime};
}

void end_replaced(CommandCall& call, const Entry& entry) {
  const std::string_view key = call.words[1];
  call.keyspace().erase(entry);
  call.log_as({"DEL", key});
  call.changed(key, KeyEvent::kDel);
}

Result<void> restore(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(const RestoreOptions options, restore_options(call));
  const Entry* const existing = call.keyspace().find(call.db(), key);
  if (existing != nullptr && !options.replace) return call.fail("BUSYKEY Target key name already exists.");
  const auto lifetime = parse_i64(call.words[2]);
  if (!lifetime) return Error::kNotInteger;
  if (*lifetime < 0) return call.fail("ERR Invalid TTL value, must be >= 0");
  const auto payload = protocol::checked_payload(call.words[3]);
  if (!payload) return call.fail("ERR DUMP payload version or checksum are wrong");
  auto value = restored_value(*payload, call.stamp, call.keyspace().forms);
  if (!value) return call.fail("ERR Bad data format");

  const std::optional<UnixMs> expires = end_of(call, *lifetime, options.absolute);
  call.reply.ok();
  // A record keeps a time that has passed: the key ended later, and that has a record of its own.
  if (expires && *expires <= call.stamp.now && call.mode != CommandCall::Mode::kReplay) {
    if (existing != nullptr) end_replaced(call, *existing);
    return {};
  }
  const std::optional<ValueType> before =
      existing == nullptr ? std::nullopt : std::optional(existing->type());
  if (before) call.keyspace().erase(*existing);
  Entry& entry = adopt(call, key, std::move(*value));
  if (expires) call.keyspace().expire_at(entry, *expires);
  log_restore(call, expires, before.has_value());
  call.changed(key, KeyEvent::kRestore);
  if (before) call.changed(key, KeyEvent::kOverwritten);
  if (before && *before != entry.type()) call.changed(key, KeyEvent::kTypeChanged);
  return {};
}

// --- Rows

constexpr CommandSpec kRows[] = {
    {.name = "dump",
     .syntax = "key",
     .handler = dump,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .since = "2.6.0",
     .complexity = "O(N), N the size of the value",
     .summary = "Replies a value as bytes that RESTORE takes, here or in Redis; of a queue, the ready "
                "payloads; of a "
                "stream all but its idempotence IDs, and when what a policy delays is due: restored, it is "
                "due now."},
    {.name = "restore",
     .syntax = "key ttl:integer serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds:integer] "
               "[FREQ frequency:integer]",
     .handler = restore,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kDenyOom | core::kDangerous,
     .keys = {KeySpec::one(core::kOw | core::kUpdate)},
     .since = "2.6.0",
     .complexity = "O(N), N the size of the value",
     .summary = "Makes a key hold what DUMP has replied, here or in Redis."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> dump_commands() {
  return kRows;
}

}  // namespace sluice::commands
