// SPDX-License-Identifier: MIT
//
// Commands on keys whatever they hold: whether they exist, which there are, and their end. Until when is in expiry.cc,
// under what name in keys_move.cc.
#include <algorithm>
#include <optional>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/base/glob.h"
#include "engine/base/number_text.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
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

// RANDOMKEY looks at so many keys before it takes it that all have ended, though some have not been removed yet.
constexpr int kRandomKeyTries = 100;

// --- Existence

Result<void> del(CommandCall& call) {
  int64_t removed = 0;
  bool dropped = false;
  for (const std::string_view key : call.words.subspan(1)) {
    if (const Entry* entry = call.keyspace().find(call.db(), key)) {
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

// TOUCH counts as use of the keys, and nothing else tells it from EXISTS.
Result<void> exists(CommandCall& call) {
  int64_t count = 0;
  for (const std::string_view key : call.words.subspan(1)) {
    if (look_up(call, key) != nullptr) ++count;
  }
  call.reply.integer(count);
  return {};
}

Result<void> type(CommandCall& call) {
  const Entry* entry = look_up(call, call.words[1]);
  call.reply.simple(entry == nullptr ? "none" : type_name(entry->type()));
  return {};
}

// --- Finding keys

// Keys whose time is over, but which have not been ended yet, are not shown.
bool shown(const CommandCall& call, const Entry& entry) {
  return !call.keyspace().expired(entry, call.stamp.now);
}

Result<void> keys(CommandCall& call) {
  const std::string_view pattern = call.words[1];
  const bool all = pattern == "*";
  size_t count = 0;
  const size_t mark = call.reply.array_later();
  call.keyspace().for_each(call.db(), [&](const Entry& entry) {
    if (!all && !glob_matches(pattern, entry.key())) return;
    if (!shown(call, entry)) return;
    call.reply.bulk(entry.key());
    ++count;
  });
  call.reply.set_array_length(mark, count);
  return {};
}

struct KeyScanOptions {
  uint64_t cursor = 0;
  std::string_view pattern = "*";
  std::optional<std::string_view> type;
  size_t count = 10;
};

Result<KeyScanOptions> key_scan_options(CommandCall& call) {
  KeyScanOptions options;
  TRY(options.cursor, cursor_argument(call, 1));
  Args args(call.words, 2);
  while (args.more()) {
    if (args.left() < 2) return Error::kSyntax;
    if (args.accept("COUNT")) {
      const int64_t count = args.integer();
      TRY_VOID(args.good());
      if (count < 1) return Error::kSyntax;
      options.count = static_cast<size_t>(count);
    } else if (args.accept("MATCH")) {
      options.pattern = args.text();
    } else if (args.accept("TYPE")) {
      options.type = args.text();
    } else {
      return Error::kSyntax;
    }
  }
  return options;
}

Result<void> scan(CommandCall& call) {
  TRY(const KeyScanOptions options, key_scan_options(call));
  std::vector<std::string_view> found;
  const bool all = options.pattern == "*";
  const uint64_t cursor =
      call.keyspace().scan(call.db(), options.cursor, options.count, [&](const Entry& entry) {
        if (!all && !glob_matches(options.pattern, entry.key())) return;
        if (options.type && !equals_folded(*options.type, type_name(entry.type()))) return;
        if (shown(call, entry)) found.push_back(entry.key());
      });
  char text[kI64CharsMax];
  call.reply.array(2);
  call.reply.bulk({text, format_u64(text, cursor)});
  call.reply.array(found.size());
  for (const std::string_view key : found)
    call.reply.bulk(key);
  return {};
}

// Which one is chance, and not logged.
Result<void> randomkey(CommandCall& call) {
  const Entry* chosen = nullptr;
  for (int tries = 0; tries < kRandomKeyTries && chosen == nullptr; ++tries) {
    chosen = call.keyspace().choose(call.db(), call.server.seams.entropy.draw());
    if (chosen == nullptr) break;  // no keys
    if (!shown(call, *chosen)) chosen = nullptr;
  }
  if (chosen == nullptr) {
    call.reply.null();
  } else {
    call.reply.bulk(chosen->key());
  }
  return {};
}

// --- Rows

constexpr CommandSpec kRows[] = {
    {.name = "del",
     .syntax = "key...",
     .handler = del,
     .arity = Arity::at_least(2),
     .flags = core::kWrite,
     .keys = {KeySpec::range(1, -1, 1, core::kRm | core::kDelete)},
     .since = "1.0.0",
     .complexity = "O(N), N the number of keys; what is large is freed in steps",
     .summary = "Ends keys."},
    {.name = "unlink",
     .syntax = "key...",
     .handler = del,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::range(1, -1, 1, core::kRm | core::kDelete)},
     .since = "4.0.0",
     .complexity = "O(N), N the number of keys; what is large is freed in steps",
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
    {.name = "touch",
     .syntax = "key...",
     .handler = exists,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::range(1, -1, 1, core::kRo)},
     .since = "3.2.1",
     .complexity = "O(N), N the number of keys",
     .summary = "Counts how many of the keys exist, and counts that as use of them."},
    {.name = "keys",
     .syntax = "pattern:pattern",
     .handler = keys,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kDangerous,
     .since = "1.0.0",
     .complexity = "O(N), N the number of keys of the database, in one piece",
     .summary = "Lists the keys that match a pattern."},
    {.name = "scan",
     .syntax = "cursor:integer [MATCH pattern:pattern] [COUNT count:integer] [TYPE type]",
     .handler = scan,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly,
     .since = "2.8.0",
     .complexity = "O(1) for each call, O(N) for all until the cursor is 0 again, N the number of keys",
     .summary = "Lists some of the keys, and where to go on."},
    {.name = "randomkey",
     .handler = randomkey,
     .arity = Arity::exactly(1),
     .flags = core::kReadOnly,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Replies one of the keys, whichever."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> keys_commands() {
  return kRows;
}

}  // namespace sluice::commands
