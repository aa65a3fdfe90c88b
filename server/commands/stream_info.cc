// SPDX-License-Identifier: MIT
//
// XINFO: what a stream, its groups and their consumers are like.
#include <algorithm>
#include <optional>
#include <string>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/commands/lookup.h"
#include "server/commands/queue_group_info.h"
#include "server/commands/stream_arguments.h"
#include "server/commands/stream_idempotent.h"
#include "server/commands/stream_reply.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;
using protocol::ReplyWriter;

Result<const Stream*> existing_stream(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[2], ValueType::kStream));
  if (entry == nullptr) return Error::kNoSuchKey;
  return &entry->stream();
}

void reply_field(ReplyWriter& reply, std::string_view name, uint64_t value) {
  reply.bulk(name);
  reply.unsigned_integer(value);
}

void reply_field(ReplyWriter& reply, std::string_view name, StreamId id) {
  reply.bulk(name);
  reply_id(reply, id);
}

void reply_field(ReplyWriter& reply, std::string_view name, std::optional<uint64_t> value) {
  reply.bulk(name);
  value ? reply.unsigned_integer(*value) : reply.null();
}

// --- STREAM

constexpr uint64_t kFullEntriesUsual = 10;

struct StreamInfoOptions {
  bool full = false;
  uint64_t count = kFullEntriesUsual;  // 0: all
};

Result<StreamInfoOptions> stream_info_options(CommandCall& call) {
  StreamInfoOptions options;
  const core::Words words = call.words.subspan(3);
  if (words.empty()) return options;
  options.full = (words.size() == 1 || (words.size() == 3 && equals_folded(words[1], "COUNT"))) &&
                 equals_folded(words[0], "FULL");
  if (!options.full) {
    return fail_usage(call);
  }
  if (words.size() == 3) {
    const std::optional<int64_t> count = parse_i64(words[2]);
    if (!count) return Error::kNotInteger;
    options.count = *count < 0 ? kFullEntriesUsual : static_cast<uint64_t>(*count);
  }
  return options;
}

constexpr size_t kStreamFields = 13;

void reply_stream_fields(CommandCall& call, const Stream& stream) {
  ReplyWriter& reply = call.reply;
  reply_field(reply, "length", stream.length());
  // Redis's storage; tools expect numbers. Ours: pages, and the leaves that list them.
  reply_field(reply, "radix-tree-keys", stream.pages());
  reply_field(reply, "radix-tree-nodes", stream.pages() + 1);
  reply_field(reply, "last-generated-id", stream.last_id());
  reply_field(reply, "max-deleted-entry-id", stream.max_deleted_id());
  reply_field(reply, "entries-added", stream.entries_added());
  reply_field(reply, "recorded-first-entry-id", stream.first_id());
  const ProducerLimits limits = producer_limits(call, stream);
  const StreamProducers* const producers = stream.producers();
  reply_field(reply, "idmp-duration", static_cast<uint64_t>(limits.span_seconds));
  reply_field(reply, "idmp-maxsize", static_cast<uint64_t>(limits.size_max));
  reply_field(reply, "pids-tracked", uint64_t{producers == nullptr ? 0 : producers->producers()});
  reply_field(reply, "iids-tracked", uint64_t{producers == nullptr ? 0 : producers->size()});
  reply_field(reply, "iids-added", uint64_t{producers == nullptr ? 0 : producers->added()});
  reply_field(reply, "iids-duplicates", uint64_t{producers == nullptr ? 0 : producers->duplicates()});
}

void reply_entry_field(ReplyWriter& reply, std::string_view name, const Stream::Cursor& cursor) {
  reply.bulk(name);
  if (cursor.at_end()) {
    reply.null();
  } else {
    reply_entry(reply, cursor);
  }
}

// Entries of a group that are pending, for all consumers or for one.
void reply_pending_entries(ReplyWriter& reply, const ConsumerGroup& group,
                           std::optional<ConsumerNumber> consumer, uint64_t count) {
  reply.bulk("pending");
  const size_t mark = reply.array_later();
  uint64_t entries = 0;
  PendingList::Cursor cursor = group.pending().first_from(kStreamIdMin, {.consumer = consumer});
  for (; !cursor.at_end() && (count == 0 || entries < count); cursor.next()) {
    const Pending pending = cursor.pending();
    reply.array(consumer ? 3 : 4);
    reply_id(reply, pending.id);
    if (!consumer) {
      reply.bulk(pending.owned() ? std::string_view(group.consumer(pending.consumer).name)
                                 : std::string_view());
    }
    reply.integer(pending.time ? pending.time->count : 0);
    reply.unsigned_integer(pending.deliveries);
    ++entries;
  }
  reply.set_array_length(mark, entries);
}

void reply_full_group(CommandCall& call, const Stream& stream, const ConsumerGroup& group, uint64_t count) {
  ReplyWriter& reply = call.reply;
  reply.map(8 + (group.managed() == nullptr ? 0 : kManagedGroupFields));
  reply.bulk("name");
  reply.bulk(group.name());
  reply_field(reply, "last-delivered-id", group.last_id());
  reply_field(reply, "entries-read", group.entries_read());
  reply_field(reply, "lag", stream.lag(group));
  reply_field(reply, "pel-count", uint64_t{group.pending().size()});
  reply_field(reply, "nacked-count", uint64_t{group.pending().unowned()});
  reply_pending_entries(reply, group, std::nullopt, count);
  reply.bulk("consumers");
  reply.array(group.consumers().size());
  for (const ConsumerNumber number : group.consumers()) {
    const Consumer& consumer = group.consumer(number);
    reply.map(5);
    reply.bulk("name");
    reply.bulk(consumer.name);
    reply.bulk("seen-time");
    reply.integer(consumer.seen.count);
    reply.bulk("active-time");
    reply.integer(consumer.active ? consumer.active->count : -1);
    reply_field(reply, "pel-count", uint64_t{consumer.pending});
    reply_pending_entries(reply, group, number, count);
  }
  if (group.managed() != nullptr) reply_managed_group(call, call.words[2], *group.managed());
}

void reply_full_stream(CommandCall& call, const Stream& stream, uint64_t count) {
  ReplyWriter& reply = call.reply;
  reply.map(kStreamFields + 2);
  reply_stream_fields(call, stream);
  reply.bulk("entries");
  const size_t mark = reply.array_later();
  uint64_t entries = 0;
  Stream::Cursor cursor = stream.first();
  for (; !cursor.at_end() && (count == 0 || entries < count); cursor.next()) {
    reply_entry(reply, cursor);
    ++entries;
  }
  reply.set_array_length(mark, entries);
  reply.bulk("groups");
  reply.array(stream.groups().size());
  for (const auto& group : stream.groups())
    reply_full_group(call, stream, *group, count);
}

Result<void> xinfo_stream(CommandCall& call) {
  TRY(const Stream* const stream, existing_stream(call));
  TRY(const StreamInfoOptions options, stream_info_options(call));
  ReplyWriter& reply = call.reply;
  if (options.full) {
    reply_full_stream(call, *stream, options.count);
    return {};
  }
  reply.map(kStreamFields + 3);
  reply_stream_fields(call, *stream);
  reply_field(reply, "groups", uint64_t{stream->groups().size()});
  reply_entry_field(reply, "first-entry", stream->first());
  reply_entry_field(reply, "last-entry", stream->last());
  return {};
}

// --- GROUPS and CONSUMERS

Result<void> xinfo_groups(CommandCall& call) {
  TRY(const Stream* const stream, existing_stream(call));
  ReplyWriter& reply = call.reply;
  reply.array(stream->groups().size());
  for (const auto& group : stream->groups()) {
    reply.map(6 + (group->managed() == nullptr ? 0 : kManagedGroupFields));
    reply.bulk("name");
    reply.bulk(group->name());
    reply_field(reply, "consumers", uint64_t{group->consumers().size()});
    reply_field(reply, "pending", uint64_t{group->pending().size()});
    reply_field(reply, "last-delivered-id", group->last_id());
    reply_field(reply, "entries-read", group->entries_read());
    reply_field(reply, "lag", stream->lag(*group));
    if (group->managed() != nullptr) reply_managed_group(call, call.words[2], *group->managed());
  }
  return {};
}

Result<void> xinfo_consumers(CommandCall& call) {
  TRY(const Stream* const stream, existing_stream(call));
  const ConsumerGroup* const group = stream->find_group(call.words[3]);
  if (group == nullptr) {
    return call.fail(std::string("NOGROUP No such consumer group '")
                         .append(call.words[3])
                         .append("' for key name '")
                         .append(call.words[2])
                         .append("'"));
  }
  const UnixMs now = call.stamp.now;
  ReplyWriter& reply = call.reply;
  reply.array(group->consumers().size());
  for (const ConsumerNumber number : group->consumers()) {
    const Consumer& consumer = group->consumer(number);
    reply.map(4);
    reply.bulk("name");
    reply.bulk(consumer.name);
    reply_field(reply, "pending", uint64_t{consumer.pending});
    reply.bulk("idle");
    reply.integer(std::max<int64_t>(0, now.count - consumer.seen.count));
    reply.bulk("inactive");
    reply.integer(consumer.active ? std::max<int64_t>(0, now.count - consumer.active->count) : -1);
  }
  return {};
}

// --- Rows

constexpr uint16_t kKeys = core::kRo | core::kAccess;

constexpr CommandSpec kInfoRows[] = {
    {.name = "consumers",
     .syntax = "key group",
     .handler = xinfo_consumers,
     .arity = Arity::exactly(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kKeys, 2)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(N), N the consumers of the group",
     .summary = "Tells of each consumer of a group what it has pending and when it was seen."},
    {.name = "groups",
     .syntax = "key",
     .handler = xinfo_groups,
     .arity = Arity::exactly(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kKeys, 2)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(N), N the groups of the stream",
     .summary = "Tells of each group of a stream how far it has read and how much is pending."},
    help_row(core::Group::kStream, "5.0.0"),
    {.name = "stream",
     .syntax = "key full-block:[FULL [COUNT count:integer]]",
     .handler = xinfo_stream,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kKeys, 2)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(1); O(N) with FULL, N the entries, pending entries and consumers replied",
     .summary = "Tells of a stream its length, IDs and counters; with FULL all that it holds."},
};
static_assert(core::well_formed(kInfoRows));

constexpr CommandSpec kRows[] = {
    {.name = "xinfo",
     .arity = Arity::at_least(2),
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "Depends on the subcommand.",
     .summary = "Tells what streams, groups and consumers are like.",
     .subcommands = kInfoRows},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> stream_info_commands() {
  return kRows;
}

}  // namespace sluice::commands
