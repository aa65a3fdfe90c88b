// SPDX-License-Identifier: MIT
//
// XGROUP: making, moving and ending the groups of a stream and their consumers.
#include <algorithm>
#include <optional>
#include <string>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/commands/lookup.h"
#include "server/commands/queue.h"
#include "server/commands/stream_arguments.h"
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

// What the subcommands share: XGROUP <subcommand> key group ...
struct GroupCall {
  std::string_view key;
  std::string_view name;
  Entry* entry = nullptr;  // nullptr: no such key
  ConsumerGroup* group = nullptr;
  Stream& stream() const { return entry->stream(); }
};

Result<GroupCall> group_call(CommandCall& call, bool may_create) {
  GroupCall it{.key = call.words[2], .name = call.words[3]};
  TRY(it.entry, find_to_write(call, it.key, ValueType::kStream));
  if (it.entry == nullptr && !may_create) {
    return call.fail(
        "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the "
        "MKSTREAM "
        "option to create an empty stream automatically.");
  }
  if (it.entry != nullptr) it.group = it.stream().find_group(it.name);
  return it;
}

Result<GroupCall> existing_group_call(CommandCall& call) {
  TRY(GroupCall it, group_call(call, false));
  if (it.group == nullptr) {
    return call.fail(std::string("NOGROUP No such consumer group '")
                         .append(it.name)
                         .append("' for key name '")
                         .append(it.key)
                         .append("'"));
  }
  return it;
}

// --- CREATE and SETID

struct PositionOptions {
  bool make_stream = false;
  std::optional<uint64_t> entries_read;
};

Result<PositionOptions> position_options(CommandCall& call, bool for_create) {
  PositionOptions options;
  Args args(call.words, 5);
  while (args.more()) {
    if (for_create && args.accept("MKSTREAM")) {
      options.make_stream = true;
    } else if (args.left() > 1 && args.accept("ENTRIESREAD")) {
      const int64_t read = args.integer();
      TRY_VOID(args.good());
      if (read < -1) return call.fail("ERR value for ENTRIESREAD must be positive or -1");
      options.entries_read = read == -1 ? std::nullopt : std::optional(static_cast<uint64_t>(read));
    } else {
      return fail_usage(call);
    }
  }
  return options;
}

// More than were ever added cannot have been read; the lag would be negative.
std::optional<uint64_t> possible(std::optional<uint64_t> entries_read, const Stream& stream) {
  if (entries_read) return std::min(*entries_read, stream.entries_added());
  return entries_read;
}

Result<void> xgroup_create(CommandCall& call) {
  TRY(const PositionOptions options, position_options(call, true));
  TRY(GroupCall it, group_call(call, options.make_stream));
  if (call.words.size() > 8) return fail_usage(call);
  const std::string_view id_text = call.words[4];
  StreamId id;
  if (id_text != "$") {
    TRY(id, id_argument(id_text));
  } else if (it.entry != nullptr) {
    id = it.stream().last_id();
  }
  if (it.group != nullptr) return call.fail("BUSYGROUP Consumer Group name already exists");
  if (it.entry == nullptr) {
    it.entry = &call.keyspace().insert_stream(call.db(), it.key);
    call.server.watching.touch(call.db(), it.key);
  }
  ConsumerGroup& made = it.stream().add_group(it.name, id, possible(options.entries_read, it.stream()));
  call.queues().group_created(*it.entry, made);
  call.log();
  call.changed(it.key, KeyEvent::kXgroupCreate);
  call.reply.ok();
  return {};
}

Result<void> xgroup_setid(CommandCall& call) {
  TRY(const PositionOptions options, position_options(call, false));
  TRY(const GroupCall it, existing_group_call(call));
  if (call.words.size() > 7) return fail_usage(call);
  const std::string_view id_text = call.words[4];
  StreamId id = it.stream().last_id();
  if (id_text == "-" || id_text == "+") {
    id = id_text == "-" ? kStreamIdMin : kStreamIdMax;
  } else if (id_text != "$") {
    TRY(id, id_argument(id_text));
  }
  const std::optional<uint64_t> entries_read = possible(options.entries_read, it.stream());
  if (id != it.group->last_id() || entries_read != it.group->entries_read()) {
    it.group->set_position(id, entries_read);
    call.log();
  }
  call.changed(it.key, KeyEvent::kXgroupSetid);
  call.reply.ok();
  return {};
}

Result<void> xgroup_destroy(CommandCall& call) {
  TRY(const GroupCall it, group_call(call, false));
  if (it.group != nullptr) {
    call.server.keyspace.end(it.stream().take_group(*it.group));
    call.log();
    call.changed(it.key, KeyEvent::kXgroupDestroy);
  }
  call.reply.integer(it.group != nullptr ? 1 : 0);
  return {};
}

// --- Consumers

Result<void> xgroup_createconsumer(CommandCall& call) {
  TRY(const GroupCall it, existing_group_call(call));
  const std::string_view name = call.words[4];
  const bool is_new = it.group->find_consumer(name) == kNoConsumer;
  if (is_new) {
    it.group->add_consumer(name, call.stamp.now);
    call.log();
    call.changed(it.key, KeyEvent::kXgroupCreateconsumer);
  }
  call.reply.integer(is_new ? 1 : 0);
  return {};
}

// With a policy what he has pending is due, and not lost. Returns how many entries that is.
size_t remove_consumer(CommandCall& call, ConsumerGroup& group, ConsumerNumber consumer) {
  if (group.managed() == nullptr) return group.remove_consumer(consumer);
  QueueCall queues(call);
  return call.queues().managed().drop_consumer(queues.context, *group.managed(), consumer);
}

Result<void> xgroup_delconsumer(CommandCall& call) {
  TRY(const GroupCall it, existing_group_call(call));
  const ConsumerNumber consumer = it.group->find_consumer(call.words[4]);
  size_t pending = 0;
  if (consumer != kNoConsumer) {
    pending = remove_consumer(call, *it.group, consumer);
    call.log();
    call.changed(it.key, KeyEvent::kXgroupDelconsumer);
  }
  call.reply.unsigned_integer(pending);
  return {};
}

// --- The record of a rewrite

// XGROUPRESTORE key group ...: ConsumerGroup::dump() and ManagedGroup::dump() say what follows.
Result<void> restore_consumer(ConsumerGroup& group, Args& args) {
  const std::string_view name = args.text();
  const int64_t seen = args.integer();
  const int64_t active = args.integer();
  TRY_VOID(args.done());
  if (group.find_consumer(name) != kNoConsumer) return Error::kSyntax;
  Consumer& consumer = group.consumer(group.add_consumer(name, UnixMs{seen}));
  if (active >= 0) consumer.active = UnixMs{active};
  return {};
}

// The records may be those of a group with a policy that is copied to where it has none: then nothing is due at some
// time, but released. Nor does a group with a policy keep what nobody holds and the stream does not have.
Result<void> restore_pending(const GroupTarget& target, ConsumerNumber consumer, Args& args) {
  std::vector<Pending> restored;
  const bool held = consumer != kNoConsumer;
  const bool managed = target.group->managed() != nullptr;
  while (args.more()) {
    TRY(const StreamId id, id_argument(args.text()));
    const int64_t time = args.integer_in(held ? 0 : -1, kPendingTimeMax.count);
    const int64_t deliveries = args.integer_in(0, INT64_MAX);
    TRY_VOID(args.good());
    if (managed && !held && !target.stream->contains(id)) continue;
    Pending& pending = restored.emplace_back(Pending{.id = id, .consumer = consumer});
    if (time >= 0 && (held || managed)) pending.time = UnixMs{time};
    pending.deliveries = static_cast<uint64_t>(deliveries);
  }
  for (const Pending& pending : restored)
    target.stream->restore_pending(*target.group, pending);
  return {};
}

Result<void> restore_notes(ConsumerGroup& group, Args& args) {
  ManagedGroup* const managed = group.managed();
  if (managed == nullptr) return {};  // as above
  while (args.more()) {
    ManagedGroup::NoteText note;
    TRY(const StreamId id, id_argument(args.text()));
    note.holder = args.text();
    note.reason = args.text();
    note.numbers.failed_first = UnixMs{args.integer_in(0, INT64_MAX)};
    note.numbers.failed_last = UnixMs{args.integer_in(0, INT64_MAX)};
    note.numbers.redriven = static_cast<uint32_t>(args.integer_in(0, UINT32_MAX));
    const std::string_view cause_text = args.text();
    TRY_VOID(args.good());
    const auto cause = parse_death_cause(cause_text);
    if (!cause_text.empty() && !cause) return Error::kSyntax;
    note.numbers.dying = cause.has_value();
    note.numbers.cause = cause.value_or(DeathCause::kMaxAttempts);
    const std::optional<Pending> pending = group.pending().find(id);
    if (!pending || managed->note(id) != nullptr || note.reason.size() > kReasonBytesMax)
      return Error::kSyntax;
    if (note.numbers.dying && (pending->owned() || !pending->time)) return Error::kSyntax;
    managed->restore(*pending, note);
  }
  return {};
}

Result<void> xgrouprestore(CommandCall& call) {
  TRY(const GroupTarget target, find_group_to_write(call, call.words[1], call.words[2]));
  if (!target.found()) return fail_no_group(call, call.words[1], call.words[2]);
  Args args(call.words, 3);
  if (args.accept("CONSUMER")) {
    TRY_VOID(restore_consumer(*target.group, args));
  } else if (args.accept("HELD")) {
    const ConsumerNumber consumer = target.group->find_consumer(args.text());
    if (consumer == kNoConsumer) return Error::kSyntax;
    TRY_VOID(restore_pending(target, consumer, args));
  } else if (args.accept("UNOWNED")) {
    TRY_VOID(restore_pending(target, kNoConsumer, args));
  } else if (args.accept("NOTES")) {
    TRY_VOID(restore_notes(*target.group, args));
  } else {
    return Error::kSyntax;
  }
  call.log();
  call.reply.ok();
  return {};
}

// --- Rows

constexpr uint16_t kInsertKeys = core::kRw | core::kInsert;
constexpr uint16_t kUpdateKeys = core::kRw | core::kUpdate;
constexpr uint16_t kDeleteKeys = core::kRw | core::kDelete;

constexpr CommandSpec kGroupRows[] = {
    {.name = "create",
     .syntax = "key group id-selector:<id|new-id:$> [MKSTREAM] [ENTRIESREAD entries-read:integer]",
     .handler = xgroup_create,
     .arity = Arity::at_least(5),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(kInsertKeys, 2)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Makes a group that reads a stream from an ID on."},
    {.name = "createconsumer",
     .syntax = "key group consumer",
     .handler = xgroup_createconsumer,
     .arity = Arity::exactly(5),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(kInsertKeys, 2)},
     .group = core::Group::kStream,
     .since = "6.2.0",
     .complexity = "O(log(N)), N the consumers of the group",
     .summary = "Makes a consumer of a group."},
    {.name = "delconsumer",
     .syntax = "key group consumer",
     .handler = xgroup_delconsumer,
     .arity = Arity::exactly(5),
     .flags = core::kWrite,
     .keys = {KeySpec::one(kDeleteKeys, 2)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(N), N the pending entries of the group; O(1) if the consumer has none",
     .summary =
         "Ends a consumer and drops its pending entries, or with a policy gives them back; replies how "
         "many."},
    {.name = "destroy",
     .syntax = "key group",
     .handler = xgroup_destroy,
     .arity = Arity::exactly(4),
     .flags = core::kWrite,
     .keys = {KeySpec::one(kDeleteKeys, 2)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(N), N the pending entries of the group, in blocks of 62",
     .summary = "Ends a group with all that is pending in it."},
    help_row(core::Group::kStream, "5.0.0"),
    {.name = "setid",
     .syntax = "key group id-selector:<id|new-id:$> [ENTRIESREAD entries-read:integer]",
     .handler = xgroup_setid,
     .arity = Arity::at_least(5),
     .flags = core::kWrite,
     .keys = {KeySpec::one(kUpdateKeys, 2)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Moves a group to another ID of its stream."},
};
static_assert(core::well_formed(kGroupRows));

constexpr CommandSpec kRows[] = {
    {.name = "xgroup",
     .arity = Arity::at_least(2),
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "Depends on the subcommand.",
     .summary = "Makes and ends groups of consumers.",
     .subcommands = kGroupRows},
    {.name = "xgrouprestore",
     .syntax = "key group kind word...",
     .handler = xgrouprestore,
     .arity = Arity::at_least(5),
     .flags = core::kWrite | core::kInternal,
     .keys = {KeySpec::one(kInsertKeys)},
     .group = core::Group::kStream,
     .since = "0.1.0",
     .complexity = "O(N), N the number of words",
     .summary = "Rebuilds a part of a group from the record of a rewrite."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> stream_group_commands() {
  return kRows;
}

}  // namespace sluice::commands
