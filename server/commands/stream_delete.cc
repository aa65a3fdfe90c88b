// SPDX-License-Identifier: MIT
//
// Deleting entries by ID: XDEL, and with a say in what becomes of references to them, XDELEX and XACKDEL.
#include <optional>
#include <vector>

#include "engine/base/number_text.h"
#include "engine/queue/managed_group.h"
#include "engine/queue/queue_system.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/commands/stream_arguments.h"
#include "server/commands/stream_deletion.h"
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

Result<void> xdel(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kStream));
  if (entry == nullptr) {
    call.reply.integer(0);
    return {};
  }
  const core::Words ids = call.words.subspan(2);
  for (const std::string_view id : ids) {
    TRY_VOID(id_argument(id));
  }
  uint64_t removed = 0;
  for (const std::string_view id : ids) {
    if (entry->stream().remove(*parse_stream_id(id, 0))) ++removed;
  }
  if (removed > 0) {
    call.log();
    call.changed(key, KeyEvent::kXdel);
  }
  call.reply.unsigned_integer(removed);
  return {};
}

// --- XDELEX and XACKDEL

using Outcome = DeletionOutcome;

struct DeleteOptions {
  References references = References::kKeep;
  core::Words ids;
  std::optional<std::string_view> consumer;
};

// [KEEPREF|DELREF|ACKED] IDS numids id..., in either order. `fenced`: CONSUMER may stand before IDS.
Result<DeleteOptions> delete_options(CommandCall& call, size_t at, bool fenced) {
  DeleteOptions options;
  bool chosen = false;
  Args args(call.words, at);
  while (args.more()) {
    if (const std::optional<References> references = references_argument(args.peek())) {
      if (chosen) return Error::kSyntax;
      chosen = true;
      options.references = *references;
      args.skip(1);
    } else if (fenced && options.ids.empty() && !options.consumer && args.left() > 1 &&
               args.accept("CONSUMER")) {
      options.consumer = args.text();
    } else if (options.ids.empty() && args.left() > 1 && args.accept("IDS")) {
      const std::optional<int64_t> count = parse_i64(args.text());
      if (!count || *count <= 0) return call.fail("ERR Number of IDs must be a positive integer");
      if (static_cast<uint64_t>(*count) > args.left()) {
        return call.fail("ERR The `numids` parameter must match the number of arguments");
      }
      options.ids = args.rest().first(static_cast<size_t>(*count));
      args.skip(static_cast<size_t>(*count));
    } else {
      return Error::kSyntax;
    }
  }
  if (options.ids.empty()) return Error::kSyntax;
  return options;
}

void reply_all_missing(CommandCall& call, size_t ids) {
  call.reply.array(ids);
  for (size_t i = 0; i < ids; ++i)
    call.reply.integer(static_cast<int64_t>(Outcome::kMissing));
}

Result<void> xdelex(CommandCall& call) {
  TRY(const DeleteOptions options, delete_options(call, 2, false));
  TRY(Entry* const entry, find_to_write(call, call.words[1], ValueType::kStream));
  if (entry == nullptr) {
    reply_all_missing(call, options.ids.size());
    return {};
  }
  TRY(const std::vector<StreamId> ids, id_arguments(options.ids));
  StreamDeletion deletion(entry->stream(), options.references);
  call.reply.array(ids.size());
  for (const StreamId id : ids)
    call.reply.integer(static_cast<int64_t>(deletion.one(id)));
  deletion.report(call);
  return {};
}

Outcome acknowledge_and_delete(CommandCall& call, const GroupTarget& target, StreamDeletion& deletion,
                               const DeleteOptions& options, StreamId id) {
  if (options.consumer) {
    ManagedGroup& managed = *target.group->managed();
    const std::optional<Pending> pending = target.group->pending().find(id);
    if (pending && managed.holder(*pending) != *options.consumer) {
      managed.count(&QueueTotals::stale_acks);
      return Outcome::kNotHis;
    }
  }
  if (!deletion.acknowledge(*target.group, id, call.stamp.now)) return Outcome::kMissing;
  // An entry that is gone already counts as deleted.
  return deletion.one(id) == Outcome::kKept ? Outcome::kKept : Outcome::kDeleted;
}

Result<void> xackdel(CommandCall& call) {
  const bool has_policy = call.queues().has_policy(call.db(), call.words[1], call.words[2]);
  TRY(const DeleteOptions options, delete_options(call, 3, has_policy));
  TRY(const GroupTarget target, find_group_to_write(call, call.words[1], call.words[2]));
  if (!target.found()) {
    reply_all_missing(call, options.ids.size());
    return {};
  }
  TRY(const std::vector<StreamId> ids, id_arguments(options.ids));
  StreamDeletion deletion(*target.stream, options.references);
  call.reply.array(ids.size());
  for (const StreamId id : ids)
    call.reply.integer(static_cast<int64_t>(acknowledge_and_delete(call, target, deletion, options, id)));
  deletion.report(call);
  return {};
}

// --- Rows

constexpr uint16_t kKeys = core::kRw | core::kDelete;

constexpr CommandSpec kRows[] = {
    {.name = "xdel",
     .syntax = "key id...",
     .handler = xdel,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(kKeys)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(N log(M)), N the number of IDs, M the length of the stream",
     .summary = "Removes entries from a stream; replies how many there were."},
    {.name = "xdelex",
     .syntax = "key condition:[KEEPREF|DELREF|ACKED] IDS ids:(numids:integer id...)",
     .handler = xdelex,
     .arity = Arity::at_least(5),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(kKeys)},
     .group = core::Group::kStream,
     .since = "8.2.0",
     .complexity = "O(G log(M)) for each ID, G the groups, M the length of the stream",
     .summary = "Removes entries from a stream, with a say in what is pending of them; replies of each what "
                "became of it."},
    {.name = "xackdel",
     .syntax =
         "key group condition:[KEEPREF|DELREF|ACKED] [CONSUMER consumer] IDS ids:(numids:integer id...)",
     .handler = xackdel,
     .arity = Arity::at_least(6),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(kKeys)},
     .group = core::Group::kStream,
     .since = "8.2.0",
     .complexity = "O(G log(M)) for each ID, G the groups, M the length of the stream",
     .summary = "Acknowledges entries and removes them from the stream; replies of each what became of it."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> stream_delete_commands() {
  return kRows;
}

}  // namespace sluice::commands
