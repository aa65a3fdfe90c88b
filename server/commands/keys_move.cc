// SPDX-License-Identifier: MIT
//
// Keys under other names and in other databases. A name stands for what it holds and until when; the policy of a queue
// belongs to the name, and stays where it is.
//
//              value             expiry time    policy of the new name     messages that are not ready
//   RENAME     goes along        goes along     holds from now on          go along
//   MOVE       goes along        goes along     holds from now on          go along
//   SWAPDB     goes along        goes along     holds from now on          go along
//   COPY       ready elements    is copied      holds for the copy         stay where they are
#include <optional>
#include <string>

#include "engine/base/check.h"
#include "server/commands/copy_value.h"
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

constexpr std::string_view kSameObject = "ERR source and destination objects are the same";

// Another database's number, from a word of the request.
Result<int> database_argument(CommandCall& call, std::string_view word) {
  const auto number = parse_i64(word);
  if (!number) return Error::kNotInteger;
  if (*number < INT32_MIN || *number > INT32_MAX) {
    return call.fail("ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  if (*number < 0 || *number >= kDatabases) return Error::kDbIndexOutOfRange;
  return static_cast<int>(*number);
}

// The key in the other database too may have ended without having been removed.
const Entry* find_in(CommandCall& call, int db, std::string_view key) {
  const Entry* entry = call.keyspace().find(db, key);
  if (entry == nullptr || call.mode == CommandCall::Mode::kReplay) return entry;
  if (!call.keyspace().expired(*entry, call.stamp.now)) return entry;
  call.server.expire(*entry);
  return nullptr;
}

// What the name stands for goes on under another one.
void rename_entry(CommandCall& call, const Entry& entry, int db, std::string_view key) {
  Entry& renamed = call.keyspace().rename(entry, db, key);
  call.queues().created(renamed, call.stamp);
}

// Events of a name that stood for something else before.
void changed_overwritten(CommandCall& call, int db, std::string_view key, ValueType before, ValueType now) {
  call.changed(db, key, KeyEvent::kOverwritten);
  if (before != now) call.changed(db, key, KeyEvent::kTypeChanged);
}

// --- In one database

// False: the new name stands for something, and that was to stay.
Result<bool> rename_key(CommandCall& call, bool replace) {
  const std::string_view source = call.words[1];
  const std::string_view target = call.words[2];
  const Entry* const entry = call.keyspace().find(call.db(), source);
  if (entry == nullptr) return Error::kNoSuchKey;
  if (source == target) return replace;
  const ValueType type = entry->type();
  std::optional<ValueType> before;
  if (const Entry* const existing = call.keyspace().find(call.db(), target)) {
    if (!replace) return false;
    before = existing->type();
    call.keyspace().erase(*existing);
  }
  rename_entry(call, *entry, call.db(), target);
  call.log();
  call.changed(source, KeyEvent::kRenameFrom);
  call.changed(target, KeyEvent::kRenameTo);
  if (before) changed_overwritten(call, call.db(), target, *before, type);
  return true;
}

Result<void> rename(CommandCall& call) {
  TRY_VOID(rename_key(call, true));
  call.reply.ok();
  return {};
}

Result<void> renamenx(CommandCall& call) {
  TRY(const bool renamed, rename_key(call, false));
  call.reply.integer(renamed ? 1 : 0);
  return {};
}

// --- Between databases

Result<void> move(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(const int db, database_argument(call, call.words[2]));
  Args args(call.words, 3);
  const bool replace = args.accept("REPLACE");
  TRY_VOID(args.done());
  if (db == call.db()) return call.fail(kSameObject);
  const Entry* const entry = call.keyspace().find(call.db(), key);
  const Entry* const existing = find_in(call, db, key);
  if (entry == nullptr || (existing != nullptr && !replace)) {
    call.reply.integer(0);
    return {};
  }
  const ValueType type = entry->type();
  std::optional<ValueType> before;
  if (existing != nullptr) {
    before = existing->type();
    call.keyspace().erase(*existing);
  }
  rename_entry(call, *entry, db, key);
  call.log();
  call.changed(key, KeyEvent::kMoveFrom);
  call.changed(db, key, KeyEvent::kMoveTo);
  if (before) changed_overwritten(call, db, key, *before, type);
  call.reply.integer(1);
  return {};
}

Result<void> swapdb(CommandCall& call) {
  const auto one = parse_i64(call.words[1]);
  if (!one || *one < INT32_MIN || *one > INT32_MAX) return call.fail("ERR invalid first DB index");
  const auto other = parse_i64(call.words[2]);
  if (!other || *other < INT32_MIN || *other > INT32_MAX) return call.fail("ERR invalid second DB index");
  if (*one < 0 || *one >= kDatabases || *other < 0 || *other >= kDatabases) return Error::kDbIndexOutOfRange;
  if (*one != *other) {
    call.server.swap(static_cast<int>(*one), static_cast<int>(*other), call.stamp);
    call.log();
  }
  call.reply.ok();
  return {};
}

// --- A second one

struct CopyOptions {
  int db = 0;
  bool replace = false;
};

Result<CopyOptions> copy_options(CommandCall& call) {
  CopyOptions options{.db = call.db()};
  Args args(call.words, 3);
  while (args.more()) {
    if (args.accept("REPLACE")) {
      options.replace = true;
    } else if (args.left() >= 2 && args.accept("DB")) {
      TRY(options.db, database_argument(call, args.text()));
    } else {
      return Error::kSyntax;
    }
  }
  return options;
}

Result<void> copy(CommandCall& call) {
  const std::string_view source = call.words[1];
  const std::string_view target = call.words[2];
  TRY(const CopyOptions options, copy_options(call));
  if (source == target && options.db == call.db()) return call.fail(kSameObject);
  const Entry* const entry = look_up(call, source);
  const Entry* const existing = find_in(call, options.db, target);
  // A queue of which nothing is ready has nothing that a copy could hold.
  const bool nothing = entry == nullptr || (entry->type() == ValueType::kList && entry->list().size() == 0);
  if (nothing || (existing != nullptr && !options.replace)) {
    call.reply.integer(0);
    return {};
  }
  std::optional<ValueType> before;
  if (existing != nullptr) {
    before = existing->type();
    call.keyspace().erase(*existing);
  }
  copy_value(call, *entry, options.db, target);
  if (const auto expires = call.keyspace().expires_at(*entry)) {
    call.keyspace().expire_at(*call.keyspace().find(options.db, target), *expires);
  }
  call.log();
  call.changed(options.db, target, KeyEvent::kCopyTo);
  if (before) changed_overwritten(call, options.db, target, *before, entry->type());
  call.reply.integer(1);
  return {};
}

// --- Rows

constexpr uint16_t kMovedKey = core::kRw | core::kAccess | core::kDelete;

constexpr CommandSpec kRows[] = {
    {.name = "rename",
     .syntax = "key newkey:key",
     .handler = rename,
     .arity = Arity::exactly(3),
     .flags = core::kWrite,
     .keys = {KeySpec::one(kMovedKey), KeySpec::one(core::kOw | core::kUpdate, 2)},
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Gives what a key holds, and its expiry time, another name, in the place of what was there."},
    {.name = "renamenx",
     .syntax = "key newkey:key",
     .handler = renamenx,
     .arity = Arity::exactly(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(kMovedKey), KeySpec::one(core::kOw | core::kInsert, 2)},
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Gives what a key holds another name, if that is free."},
    {.name = "move",
     .syntax = "key db:integer [REPLACE]",
     .handler = move,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kUpdate)},
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Moves a key to another database, if it is not there yet or REPLACE says that it may be."},
    {.name = "swapdb",
     .syntax = "index1:integer index2:integer",
     .handler = swapdb,
     .arity = Arity::exactly(3),
     .flags = core::kWrite | core::kFast | core::kDangerous,
     .since = "4.0.0",
     .complexity = "O(N), N the number of queues, policies and blocked clients; keys are not moved",
     .summary = "Lets two databases change their contents; queue policies stay."},
    {.name = "copy",
     .syntax = "source:key destination:key [DB destination-db:integer] [REPLACE]",
     .handler = copy,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(core::kRo | core::kAccess), KeySpec::one(core::kOw | core::kUpdate, 2)},
     .since = "6.2.0",
     .complexity = "O(N), N the number of elements",
     .summary = "Makes another key hold the same, until the same time; of a queue, the ready payloads."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> keys_move_commands() {
  return kRows;
}

}  // namespace sluice::commands
