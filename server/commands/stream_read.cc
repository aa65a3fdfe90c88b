// SPDX-License-Identifier: MIT
#include "server/commands/stream_read.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "engine/stream.h"
#include "server/commands/lookup.h"
#include "server/commands/stream_reply.h"
#include "server/core/args.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::CommandCall;

struct ReadOptions {
  uint64_t count = 0;  // of each stream; this and the next two: 0 is no limit
  uint64_t entries_max = 0;
  uint64_t bytes_max = 0;
  bool waits = false;              // BLOCK was given
  std::optional<Millis> wait_for;  // none: for ever
  size_t streams_at = 0;           // index of the first key
  core::Words keys;
  core::Words ids;  // one for each key
};

// --- The words

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

Result<void> only_in_groups(CommandCall& call, std::string_view option) {
  return call.fail(std::string("ERR The ")
                       .append(option)
                       .append(" option is only supported by XREADGROUP. You called XREAD instead."));
}

// Reads one option; false if it is none. Requires: a word is left.
Result<bool> read_option(CommandCall& call, Args& args, ReadOptions& options) {
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
  if (args.left() > 2 && args.accept("GROUP")) {
    TRY_VOID(only_in_groups(call, "GROUP"));
  }
  if (more && args.accept("CLAIM")) {
    TRY_VOID(only_in_groups(call, "CLAIM"));
  }
  if (args.accept("NOACK")) {
    TRY_VOID(only_in_groups(call, "NOACK"));
  }
  return false;
}

Result<ReadOptions> read_options(CommandCall& call) {
  ReadOptions options;
  Args args(call.words);
  while (args.left() < 2 || !args.accept("STREAMS")) {
    if (!args.more()) return Error::kSyntax;
    TRY(const bool taken, read_option(call, args, options));
    if (!taken) return Error::kSyntax;
  }
  if (args.left() % 2 != 0) {
    return call.fail(
        "ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be specified.");
  }
  if (options.entries_max != 0 && options.count > options.entries_max) {
    return call.fail("ERR MAXCOUNT must be greater than or equal to COUNT");
  }
  options.streams_at = args.position();
  options.keys = args.rest().first(args.left() / 2);
  options.ids = args.rest().last(args.left() / 2);
  return options;
}

// --- Where to read from

// Above which ID the client wants entries of a stream that may not be there.
Result<StreamId> read_from(CommandCall& call, const Stream* stream, std::string_view id) {
  if (id == "$") return stream == nullptr ? StreamId{} : stream->last_id();
  if (id == "+") {
    // Just below the newest entry. Without one, whatever comes first is the newest.
    if (stream == nullptr) return StreamId{};
    if (stream->length() == 0) return stream->last_id();
    return *predecessor(stream->newest_id());
  }
  if (id == ">") {
    return call.fail(
        "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> "
        "option.");
  }
  const std::optional<StreamId> given = parse_stream_id(id, 0);
  if (!given) return Error::kStreamIdInvalid;
  return *given;
}

Result<const Stream*> find_stream(CommandCall& call, std::string_view key) {
  TRY(const Entry* const entry, find_to_read(call, key, ValueType::kStream));
  return entry == nullptr ? nullptr : &entry->stream();
}

// --- The reply

// Replies the stream's entries from the cursor on. Requires: the first one is counted in `budget`.
void reply_stream(CommandCall& call, std::string_view key, Stream::Cursor cursor, uint64_t count,
                  ReadBudget& budget) {
  if (call.reply.version() == 2) call.reply.array(2);
  call.reply.bulk(key);
  const size_t mark = call.reply.array_later();
  uint64_t entries = 0;
  do {
    reply_entry(call.reply, cursor);
    ++entries;
    cursor.next();
  } while (!cursor.at_end() && entries != count && budget.take(cursor));
  call.reply.set_array_length(mark, entries);
}

// Replies what the streams have. False: nothing, and nothing was written.
bool reply_streams(CommandCall& call, const ReadOptions& options) {
  const bool as_map = call.reply.version() == 3;
  ReadBudget budget(options.entries_max, options.bytes_max);
  size_t mark = 0;
  size_t streams = 0;
  for (size_t i = 0; i < options.keys.size(); ++i) {
    const Entry* const entry = call.keyspace().find(call.db(), options.keys[i]);
    if (entry == nullptr) continue;
    const Stream& stream = entry->stream();
    const StreamId above = read_from(call, &stream, options.ids[i]).value();
    const Stream::Cursor cursor = stream.first_after(above, {});
    if (cursor.at_end()) continue;
    if (!budget.take(cursor, options.keys[i])) break;
    if (streams++ == 0) mark = as_map ? call.reply.map_later() : call.reply.array_later();
    reply_stream(call, options.keys[i], cursor, options.ids[i] == "+" ? 1 : options.count, budget);
  }
  if (streams == 0) return false;
  as_map ? call.reply.set_map_length(mark, streams) : call.reply.set_array_length(mark, streams);
  return true;
}

// Waits for any of the streams. A "$" means the end as it is now, also when the command runs again.
void wait_for_entries(CommandCall& call, const ReadOptions& options) {
  std::vector<std::string_view> words(call.words.begin(), call.words.end());
  std::vector<std::array<char, kStreamIdCharsMax>> ids(options.keys.size());
  const size_t ids_at = options.streams_at + options.keys.size();
  for (size_t i = 0; i < options.keys.size(); ++i) {
    if (options.ids[i] != "$") continue;
    const Entry* entry = call.keyspace().find(call.db(), options.keys[i]);
    const StreamId last_id = entry == nullptr ? StreamId{} : entry->stream().last_id();
    words[ids_at + i] = {ids[i].data(), format_stream_id(ids[i].data(), last_id)};
  }
  call.block(core::WaitKind::kStream, options.keys, options.wait_for, words);
}

}  // namespace

Result<void> xread(CommandCall& call) {
  TRY(const ReadOptions options, read_options(call));
  for (size_t i = 0; i < options.keys.size(); ++i) {
    TRY(const Stream* const stream, find_stream(call, options.keys[i]));
    TRY_VOID(read_from(call, stream, options.ids[i]));
  }
  // From here on nothing can fail.
  if (reply_streams(call, options)) return {};
  if (options.waits && call.may_block()) {
    wait_for_entries(call, options);
  } else {
    call.reply.null_array();
  }
  return {};
}

}  // namespace sluice::commands
