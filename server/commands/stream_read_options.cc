// SPDX-License-Identifier: MIT
#include "server/commands/stream_read_options.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "engine/base/number_text.h"
#include "server/core/args.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::CommandCall;
using Command = ReadOptions::Command;

Result<void> read_block(CommandCall& call, Args& args, ReadOptions& options) {
  const int64_t timeout = args.integer(Error::kTimeoutNotInteger);
  TRY_VOID(args.good());
  if (timeout < 0) return Error::kTimeoutNegative;
  if (timeout > INT64_MAX - call.stamp.now.count) return Error::kTimeoutOutOfRange;
  options.waits = true;
  options.wait_for = timeout == 0 ? std::nullopt : std::optional(Millis{timeout});
  return {};
}

Result<void> read_cap(CommandCall& call, Args& args, std::string_view name, uint64_t& cap) {
  const std::optional<int64_t> value = parse_i64(args.text());
  if (!value || *value <= 0) {
    return call.fail(std::string("ERR ").append(name).append(" must be a positive integer"));
  }
  cap = static_cast<uint64_t>(*value);
  return {};
}

Result<void> read_claim(CommandCall& call, Args& args, ReadOptions& options) {
  const std::optional<int64_t> idle = parse_i64(args.text());
  if (!idle) return call.fail("ERR min-idle-time is not an integer or out of range");
  if (*idle < 0) return call.fail("ERR min-idle-time must be a positive integer");
  options.claims_after = Millis{*idle};
  return {};
}

Result<void> only_in_groups(CommandCall& call, Command command, std::string_view option) {
  if (command == Command::kReadGroup) return {};
  return call.fail(std::string("ERR The ")
                       .append(option)
                       .append(" option is only supported by XREADGROUP. You called XREAD instead."));
}

// Reads one option that only XREADGROUP has; false if it is none.
Result<bool> read_group_option(CommandCall& call, Command command, Args& args, ReadOptions& options) {
  if (args.left() > 2 && args.accept("GROUP")) {
    TRY_VOID(only_in_groups(call, command, "GROUP"));
    options.group = args.text();
    options.consumer = args.text();
    return true;
  }
  if (args.left() > 1 && args.accept("CLAIM")) {
    TRY_VOID(only_in_groups(call, command, "CLAIM"));
    TRY_VOID(read_claim(call, args, options));
    return true;
  }
  if (args.accept("NOACK")) {
    TRY_VOID(only_in_groups(call, command, "NOACK"));
    options.acknowledges = true;
    return true;
  }
  return false;
}

// Reads one option; false if it is none. Requires: a word is left.
Result<bool> read_option(CommandCall& call, Command command, Args& args, ReadOptions& options) {
  const bool more = args.left() > 1;
  if (more && args.accept("BLOCK")) {
    TRY_VOID(read_block(call, args, options));
    return true;
  }
  if (more && args.accept("COUNT")) {
    options.count = static_cast<uint64_t>(std::max<int64_t>(0, args.integer()));
    TRY_VOID(args.good());
    return true;
  }
  if (more && args.accept("MAXCOUNT")) {
    TRY_VOID(read_cap(call, args, "MAXCOUNT", options.entries_max));
    return true;
  }
  if (more && args.accept("MAXSIZE")) {
    TRY_VOID(read_cap(call, args, "MAXSIZE", options.bytes_max));
    return true;
  }
  return read_group_option(call, command, args, options);
}

}  // namespace

std::string_view group_of(core::Words words) {
  for (size_t at = 1; at + 2 < words.size();) {
    if (equals_folded(words[at], "GROUP")) return words[at + 1];
    const auto option = std::find_if(std::begin(kReadOptionWords), std::end(kReadOptionWords),
                                     [&](const auto& it) { return equals_folded(it.name, words[at]); });
    if (option == std::end(kReadOptionWords)) return {};
    at += 1 + option->values;
  }
  return {};
}

Result<ReadOptions> ReadOptions::read(CommandCall& call, Command command) {
  ReadOptions options;
  bool has_group = false;
  Args args(call.words);
  while (args.left() < 2 || !args.accept("STREAMS")) {
    if (!args.more()) return Error::kSyntax;
    has_group = has_group || equals_folded(args.peek(), "GROUP");
    TRY(const bool taken, read_option(call, command, args, options));
    if (!taken) return Error::kSyntax;
  }
  if (args.left() % 2 != 0) {
    return call.fail(
        command == Command::kRead
            ? "ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be "
              "specified."
            : "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be "
              "specified.");
  }
  if (command == Command::kReadGroup && !has_group)
    return call.fail("ERR Missing GROUP option for XREADGROUP");
  if (options.entries_max != 0 && options.count > options.entries_max) {
    return call.fail("ERR MAXCOUNT must be greater than or equal to COUNT");
  }
  options.streams_at = args.position();
  options.keys = args.rest().first(args.left() / 2);
  options.ids = args.rest().last(args.left() / 2);
  return options;
}

}  // namespace sluice::commands
