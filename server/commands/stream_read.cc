// SPDX-License-Identifier: MIT
#include "server/commands/stream_read.h"

#include <array>
#include <optional>
#include <vector>

#include "engine/stream.h"
#include "server/commands/lookup.h"
#include "server/commands/stream_read_options.h"
#include "server/commands/stream_reply.h"

namespace sluice::commands {
namespace {

using core::CommandCall;

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
    call.looked_up(options.keys[i],
                   entry != nullptr);  // for the second time, and Redis announces it twice too
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
  TRY(const ReadOptions options, ReadOptions::read(call, ReadOptions::Command::kRead));
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
