// SPDX-License-Identifier: MIT
//
// COMMAND: the command table, for clients that ask what there is.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/base/glob.h"
#include "server/commands/command_reply.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/core/args.h"
#include "server/core/command_category.h"
#include "server/core/command_keys.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::CommandTable;
using core::Words;
using protocol::ReplyWriter;

// A row and the name of the container that it is a subcommand of, if it is one.
struct Found {
  const CommandSpec* spec = nullptr;
  std::string_view container = {};
};

bool hidden(const CommandSpec& spec) {
  return (spec.flags & core::kInternal) != 0;
}

// `name` is "get" or "config|get".
Found find_full_name(const CommandTable& commands, std::string_view name) {
  const size_t bar = name.find('|');
  const CommandSpec* spec = commands.find_called(name.substr(0, bar));
  if (spec == nullptr || hidden(*spec)) return {};
  if (bar == std::string_view::npos) return {spec};
  return {CommandTable::find_subcommand(*spec, name.substr(bar + 1)), spec->name};
}

std::vector<Found> all_commands(const CommandTable& commands) {
  std::vector<Found> all;
  for (const CommandSpec& row : commands.rows()) {
    if (!hidden(row) && commands.can_be_called(row)) all.push_back({&row});
  }
  return all;
}

// --- What there is

Result<void> command(CommandCall& call) {
  const std::vector<Found> all = all_commands(call.server.commands);
  call.reply.array(all.size());
  for (const Found& found : all)
    reply_info(call.reply, *found.spec);
  return {};
}

Result<void> command_count(CommandCall& call) {
  call.reply.unsigned_integer(all_commands(call.server.commands).size());
  return {};
}

Result<void> command_info(CommandCall& call) {
  if (call.words.size() == 2) {
    const std::vector<Found> all = all_commands(call.server.commands);
    call.reply.array(all.size());
    for (const Found& found : all)
      reply_info(call.reply, *found.spec);
    return {};
  }
  const Words names = call.words.subspan(2);
  call.reply.array(names.size());
  for (const std::string_view name : names) {
    const Found found = find_full_name(call.server.commands, name);
    if (found.spec == nullptr) {
      call.reply.null();
    } else {
      reply_info(call.reply, *found.spec, found.container);
    }
  }
  return {};
}

Result<void> command_docs(CommandCall& call) {
  std::vector<Found> wanted;
  if (call.words.size() == 2) wanted = all_commands(call.server.commands);
  for (const std::string_view name : call.words.subspan(2)) {
    const Found found = find_full_name(call.server.commands, name);
    if (found.spec != nullptr) wanted.push_back(found);
  }
  call.reply.map(wanted.size());
  for (const Found& found : wanted)
    reply_docs(call.reply, *found.spec, found.container);
  return {};
}

// --- COMMAND LIST

enum class Filter : uint8_t { kNone, kModule, kCategory, kPattern };

bool passes(Filter filter, std::string_view wanted, const CommandSpec& spec, std::string_view full_name) {
  switch (filter) {
    case Filter::kNone:
      return true;
    case Filter::kModule:
      return false;  // no command is from a module
    case Filter::kCategory:
      for (const std::string_view category : core::categories_of(spec)) {
        if (equals_folded(category, wanted)) return true;
      }
      return false;
    case Filter::kPattern:
      return glob_matches(wanted, full_name, LetterCase::kFolded);
  }
  return false;
}

Result<void> command_list(CommandCall& call) {
  Args args(call.words, 2);
  Filter filter = Filter::kNone;
  std::string_view wanted;
  if (args.accept("FILTERBY")) {
    if (args.accept("MODULE")) {
      filter = Filter::kModule;
    } else if (args.accept("ACLCAT")) {
      filter = Filter::kCategory;
    } else if (args.accept("PATTERN")) {
      filter = Filter::kPattern;
    } else {
      return Error::kSyntax;
    }
    wanted = args.text();
  }
  TRY_VOID(args.done());

  const size_t length = call.reply.array_later();
  size_t count = 0;
  const auto list = [&](const CommandSpec& spec, std::string_view container) {
    const std::string name = CommandTable::full_name(container, spec);
    if (!passes(filter, wanted, spec, name)) return;
    call.reply.bulk(name);
    ++count;
  };
  for (const Found& found : all_commands(call.server.commands)) {
    list(*found.spec, {});
    for (const CommandSpec& subcommand : found.spec->subcommands)
      list(subcommand, found.spec->name);
  }
  call.reply.set_array_length(length, count);
  return {};
}

// --- COMMAND GETKEYS

struct Key {
  size_t index;  // of the word
  uint16_t flags;
};

// Channels of sharded pub/sub are found like keys, and are none.
bool has_keys(const CommandSpec& spec) {
  return std::any_of(spec.keys.begin(), spec.keys.end(), [](const core::KeySpec& keys) {
    return keys.kind != core::KeySpec::Kind::kNone && (keys.flags & core::kNotKey) == 0;
  });
}

// The keys of the request that begins behind the first two words.
Result<std::vector<Key>> find_keys(CommandCall& call, Words request) {
  const CommandSpec* spec = call.server.commands.find_called(request[0]);
  if (spec != nullptr && !spec->subcommands.empty()) spec = CommandTable::find_subcommand(*spec, request[1]);
  if (spec == nullptr || hidden(*spec)) return call.fail("ERR Invalid command specified");
  if (!has_keys(*spec)) return call.fail("ERR The command has no key arguments");
  if (!spec->arity.allows(request.size())) {
    return call.fail("ERR Invalid number of arguments specified for command");
  }
  std::vector<Key> keys;
  const bool found = core::for_each_key(*spec, request, [&keys](size_t index, uint16_t flags) {
    if ((flags & core::kNotKey) == 0) keys.push_back({index, flags});
  });
  if (!found || keys.empty()) return call.fail("ERR Invalid arguments specified for command");
  return keys;
}

Result<void> command_getkeys(CommandCall& call) {
  const Words request = call.words.subspan(2);
  TRY(const std::vector<Key> keys, find_keys(call, request));
  call.reply.array(keys.size());
  for (const Key& key : keys)
    call.reply.bulk(request[key.index]);
  return {};
}

Result<void> command_getkeysandflags(CommandCall& call) {
  const Words request = call.words.subspan(2);
  TRY(const std::vector<Key> keys, find_keys(call, request));
  call.reply.array(keys.size());
  for (const Key& key : keys) {
    call.reply.array(2);
    call.reply.bulk(request[key.index]);
    reply_key_flags(call.reply, key.flags);
  }
  return {};
}

// --- Rows

// Redis's documentation has it under "server", its categories under @connection; one group has to do.
constexpr core::Group kGroup = core::Group::kConnection;
constexpr uint32_t kFlags = core::kLoading | core::kStale;

constexpr CommandSpec kCommandRows[] = {
    {.name = "count",
     .handler = command_count,
     .arity = Arity::exactly(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.8.13",
     .complexity = "O(N), N the number of commands",
     .summary = "Counts the commands."},
    {.name = "info",
     .syntax = "[command-name...]",
     .handler = command_info,
     .arity = Arity::at_least(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.8.13",
     .complexity = "O(N), N the number of commands asked for",
     .summary = "Tells of each command its arity, flags, keys and categories."},
    {.name = "list",
     .syntax = "[FILTERBY filterby:<MODULE module-name|ACLCAT category|PATTERN pattern:pattern>]",
     .handler = command_list,
     .arity = Arity::at_least(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the number of commands",
     .summary = "Lists the names of all commands, or of those that pass a filter."},
    {.name = "docs",
     .syntax = "[command-name...]",
     .handler = command_docs,
     .arity = Arity::at_least(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the number of commands asked for",
     .summary = "Documents each command: summary, group, complexity, arguments."},
    {.name = "getkeys",
     .syntax = "command arg...",
     .handler = command_getkeys,
     .arity = Arity::at_least(4),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.8.13",
     .complexity = "O(N), N the number of words",
     .summary = "Finds the keys in a request."},
    {.name = "getkeysandflags",
     .syntax = "command arg...",
     .handler = command_getkeysandflags,
     .arity = Arity::at_least(4),
     .flags = kFlags,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the number of words",
     .summary = "Finds the keys in a request, and what is done to them."},
    help_row(kGroup, "5.0.0"),
};
static_assert(core::well_formed(kCommandRows));

constexpr CommandSpec kRows[] = {
    {.name = "command",
     .handler = command,
     .arity = Arity::at_least(1),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.8.13",
     .complexity = "O(N), N the number of commands",
     .summary = "Tells of all commands their arity, flags, keys and categories.",
     .subcommands = kCommandRows},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> command_commands() {
  return kRows;
}

}  // namespace sluice::commands
