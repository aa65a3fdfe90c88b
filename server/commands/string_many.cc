// SPDX-License-Identifier: MIT
//
// Commands that read or store the strings of several keys at once.
#include <algorithm>
#include <string>
#include <vector>

#include "server/commands/groups.h"
#include "server/commands/lifetime.h"
#include "server/commands/lookup.h"
#include "server/commands/string_store.h"
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

Result<void> mget(CommandCall& call) {
  const Words keys = call.words.subspan(1);
  call.reply.array(keys.size());
  for (const std::string_view key : keys) {
    const auto entry = find_to_read(call, key, ValueType::kString);
    if (!entry.ok() || entry.value() == nullptr) {
      call.reply.null();
    } else {
      call.reply.bulk(entry.value()->string().view());
    }
  }
  return {};
}

// --- Storing several

Error wrong_number_of_words(CommandCall& call) {
  return call.fail(
      std::string("ERR wrong number of arguments for '").append(call.spec.name).append("' command"));
}

// Calls visit(key, value) for each pair.
template <typename Visit>
void for_each_pair(Words pairs, Visit visit) {
  for (size_t i = 0; i + 1 < pairs.size(); i += 2)
    visit(pairs[i], pairs[i + 1]);
}

size_t count_existing(const CommandCall& call, Words pairs) {
  size_t count = 0;
  for_each_pair(pairs, [&](std::string_view key, std::string_view) {
    if (call.keyspace().find(call.db(), key) != nullptr) ++count;
  });
  return count;
}

Result<void> check_value_sizes(const CommandCall& call, Words pairs) {
  size_t largest = 0;
  for_each_pair(pairs, [&largest](std::string_view, std::string_view value) {
    largest = std::max(largest, value.size());
  });
  return check_string_size(call, largest);
}

// Stores all without logging. `until.end`, if given, has not passed, or comes from the log.
void store_pairs(CommandCall& call, Words pairs, const Until& until) {
  const auto expiry = until.as_before ? Keyspace::Expiry::kKeep : Keyspace::Expiry::kDrop;
  for_each_pair(pairs, [&](std::string_view key, std::string_view value) {
    Entry& stored = call.keyspace().set_string(call.db(), key, value, expiry);
    if (until.end) call.keyspace().expire_at(stored, *until.end);
    call.changed(key, KeyEvent::kSet);
    if (until.end) call.changed(key, KeyEvent::kExpire);
  });
}

Result<void> mset(CommandCall& call) {
  const Words pairs = call.words.subspan(1);
  if (pairs.size() % 2 != 0) return wrong_number_of_words(call);
  TRY_VOID(check_value_sizes(call, pairs));
  store_pairs(call, pairs, {});
  call.log();
  call.reply.ok();
  return {};
}

Result<void> msetnx(CommandCall& call) {
  const Words pairs = call.words.subspan(1);
  if (pairs.size() % 2 != 0) return wrong_number_of_words(call);
  TRY_VOID(check_value_sizes(call, pairs));
  if (count_existing(call, pairs) > 0) {
    call.reply.integer(0);
    return {};
  }
  store_pairs(call, pairs, {});
  call.log();
  call.reply.integer(1);
  return {};
}

// --- MSETEX

struct MsetexArguments {
  Words pairs = {};
  bool if_absent = false;
  bool if_present = false;
  Lifetime lifetime;
};

Result<MsetexArguments> msetex_arguments(CommandCall& call) {
  MsetexArguments arguments;
  const auto count = parse_i64(call.words[1]);
  if (!count || *count < 1 || *count > INT32_MAX) return call.fail("ERR invalid numkeys value");
  const auto words_needed = 2 * static_cast<size_t>(*count);
  Args args(call.words, 2);
  if (args.left() < words_needed) return call.fail("ERR wrong number of key-value pairs");
  arguments.pairs = args.rest().subspan(0, words_needed);
  args.skip(words_needed);
  while (args.more() && !args.failed()) {
    if (args.accept("NX")) {
      arguments.if_absent = true;
    } else if (args.accept("XX")) {
      arguments.if_present = true;
    } else if (!accept_lifetime(args, "KEEPTTL", arguments.lifetime)) {
      return Error::kSyntax;
    }
  }
  TRY_VOID(args.good());
  if (arguments.if_absent && arguments.if_present) return Error::kSyntax;
  return arguments;
}

// Logs what was stored without the conditions under which it was, and with the time at which it ends.
void log_msetex(CommandCall& call, Words pairs, const Until& until) {
  if (call.words.size() == 2 + pairs.size()) return call.log();
  char digits[kI64CharsMax];
  std::vector<std::string_view> words = {"MSETEX", call.words[1]};
  words.insert(words.end(), pairs.begin(), pairs.end());
  if (until.end) words.insert(words.end(), {"PXAT", {digits, format_i64(digits, until.end->count)}});
  if (until.as_before) words.push_back("KEEPTTL");
  call.log_as(words);
}

void erase_pairs(CommandCall& call, Words pairs) {
  std::vector<std::string_view> record = {"DEL"};
  for_each_pair(pairs, [&](std::string_view key, std::string_view) {
    const Entry* entry = call.keyspace().find(call.db(), key);
    if (entry == nullptr) return;
    call.keyspace().erase(*entry);
    call.changed(key, KeyEvent::kDel);
    record.push_back(key);
  });
  if (record.size() > 1) call.log_as(record);
}

Result<void> msetex(CommandCall& call) {
  TRY(const MsetexArguments arguments, msetex_arguments(call));
  Until until{.as_before = arguments.lifetime.other()};
  if (arguments.lifetime.ends()) {
    TRY(until.end, end_of(call, arguments.lifetime));
  }
  const Words pairs = arguments.pairs;
  TRY_VOID(check_value_sizes(call, pairs));
  const size_t existing = arguments.if_absent || arguments.if_present ? count_existing(call, pairs) : 0;
  if ((arguments.if_absent && existing > 0) || (arguments.if_present && existing < pairs.size() / 2)) {
    call.reply.integer(0);
    return {};
  }
  // A time that has passed ends the keys at once; from the log they end by their own record.
  if (until.end && *until.end <= call.stamp.now && call.mode != CommandCall::Mode::kReplay) {
    erase_pairs(call, pairs);
  } else {
    store_pairs(call, pairs, until);
    log_msetex(call, pairs, until);
  }
  call.reply.integer(1);
  return {};
}

// --- Rows

constexpr CommandSpec kRows[] = {
    {.name = "mget",
     .syntax = "key...",
     .handler = mget,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::range(1, -1, 1, core::kRo | core::kAccess)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(N), N the number of keys",
     .summary = "Replies the values of several strings; nothing for what is no string."},
    {.name = "mset",
     .syntax = "(key value)...",
     .handler = mset,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::range(1, -1, 2, core::kOw | core::kUpdate)},
     .group = core::Group::kString,
     .since = "1.0.1",
     .complexity = "O(N), N the number of keys",
     .summary = "Makes several keys hold strings."},
    {.name = "msetnx",
     .syntax = "(key value)...",
     .handler = msetnx,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::range(1, -1, 2, core::kOw | core::kInsert)},
     .group = core::Group::kString,
     .since = "1.0.1",
     .complexity = "O(N), N the number of keys",
     .summary = "Makes several keys hold strings if none of them exists yet."},
    {.name = "msetex",
     .syntax = "numkeys:integer data:(key value)... condition:[NX|XX] expiration:[EX seconds:integer|"
               "PX milliseconds:integer|EXAT unix-time-seconds:unix-time|"
               "PXAT unix-time-milliseconds:unix-time|KEEPTTL]",
     .handler = msetex,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kDenyOom | core::kMovableKeys,
     .keys = {KeySpec::counted(1, core::kOw | core::kUpdate, 2)},
     .group = core::Group::kString,
     .since = "8.4.0",
     .complexity = "O(N), N the number of keys",
     .summary = "Makes several keys hold strings, all or none, with one expiry time."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> string_many_commands() {
  return kRows;
}

}  // namespace sluice::commands
