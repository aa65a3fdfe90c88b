// SPDX-License-Identifier: MIT
//
// The commands of streams themselves. Those that delete entries by ID are in stream_delete.cc, those of consumer groups
// in stream_group.cc, stream_pending.cc and stream_claim.cc; XREAD and XREADGROUP are in stream_read.cc.
#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "engine/stream.h"
#include "engine/stream_words.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/commands/stream_arguments.h"
#include "server/commands/stream_idempotent.h"
#include "server/commands/stream_read.h"
#include "server/commands/stream_read_options.h"
#include "server/commands/stream_reply.h"
#include "server/commands/stream_trim.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeyEvent;
using core::KeySpec;

// --- Adding

// The ID that XADD was given: "*", "<ms>-*" or a whole one.
struct NewId {
  enum class Kind : uint8_t { kAutomatic, kWithinMs, kGiven };
  Kind kind = Kind::kAutomatic;
  StreamId id = {};
};

Result<NewId> new_id_argument(std::string_view text) {
  if (text == "*") return NewId{};
  NewId::Kind kind = NewId::Kind::kGiven;
  if (text.ends_with("-*")) {
    kind = NewId::Kind::kWithinMs;
    text.remove_suffix(2);
    if (text.find('-') != std::string_view::npos) return Error::kStreamIdInvalid;
  }
  TRY(const StreamId id, id_argument(text));
  return NewId{kind, id};
}

Result<StreamId> resolve(const NewId& id, const Stream& stream, UnixMs now) {
  switch (id.kind) {
    case NewId::Kind::kAutomatic:
      return stream.next_id(now);
    case NewId::Kind::kWithinMs:
      return stream.next_id_within(id.id.ms);
    case NewId::Kind::kGiven:
      return id.id;
  }
  CHECK(false);
}

Result<StreamId> add_entry(CommandCall& call, Stream& stream, const NewId& id,
                           core::Words fields_and_values) {
  TRY(const StreamId resolved, resolve(id, stream, call.stamp.now));
  return stream.add(resolved, fields_and_values, call.keyspace().forms.stream_pages);
}

// Logs the entry under its ID. Trims and idempotence IDs are logged in the form that does the same again; without
// them nothing is allocated.
class AddLog {
 public:
  AddLog(CommandCall& call, std::string_view id, size_t id_at)
      : call_(call), id_(id), fields_and_values_(call.words.subspan(id_at + 1)) {}

  std::vector<std::string_view> options;  // what stands between the key and the ID

  void write() {
    constexpr size_t kWordsUsual = 24;
    const size_t words_max = 3 + options.size() + fields_and_values_.size();
    std::array<std::string_view, kWordsUsual> usual;
    std::vector<std::string_view> many;
    if (words_max > kWordsUsual) many.resize(words_max);
    std::string_view* const words = many.empty() ? usual.data() : many.data();
    words[0] = "XADD";
    words[1] = call_.words[1];
    std::string_view* to = std::copy(options.begin(), options.end(), words + 2);
    *to++ = id_;
    to = std::copy(fields_and_values_.begin(), fields_and_values_.end(), to);
    call_.log_as(core::Words(words, static_cast<size_t>(to - words)));
  }

 private:
  CommandCall& call_;
  std::string_view id_;
  core::Words fields_and_values_;
};

// The ID of an entry that was added before in the same name, if there is one.
std::optional<StreamId> duplicate(CommandCall& call, Entry* entry, std::string_view producer,
                                  std::string_view idempotence_id) {
  // What is logged was none.
  if (call.mode == CommandCall::Mode::kReplay || entry == nullptr) return std::nullopt;
  StreamProducers* const producers = entry->stream().producers();
  if (producers == nullptr) return std::nullopt;
  const std::optional<StreamId> id = producers->find(producer, idempotence_id, call.stamp.now);
  if (!id) return std::nullopt;
  producers->count_duplicate();
  log_producer_counts(call, call.words[1], *producers);
  return id;
}

struct AddCall {
  std::string_view key;
  TrimOptions options;
  NewId id;
  size_t id_at;
  core::Words fields_and_values;
};

Result<AddCall> add_call(CommandCall& call) {
  TRY(const TrimOptions options, TrimOptions::read(call, TrimOptions::Command::kAdd));
  AddCall add{call.words[1], options, {}, options.end(), {}};
  if (add.id_at < call.words.size()) {
    TRY(add.id, new_id_argument(call.words[add.id_at]));
  }
  const bool is_automatic = add.id.kind == NewId::Kind::kAutomatic;
  if (options.idempotence() && !is_automatic && call.mode != CommandCall::Mode::kReplay) {
    return call.fail("ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs");
  }
  TRY_VOID(options.check(call));
  const size_t words_left = call.words.size() - std::min(add.id_at + 1, call.words.size());
  if (words_left < 2 || words_left % 2 != 0) {
    return call.fail("ERR wrong number of arguments for 'xadd' command");
  }
  if (add.id.kind == NewId::Kind::kGiven && add.id.id == kStreamIdMin) return Error::kStreamIdZero;
  add.fields_and_values = call.words.subspan(add.id_at + 1);
  return add;
}

// What the record of an entry with an idempotence ID says. The first one of a stream also settles the limits, which
// otherwise are settings.
void log_idempotent(CommandCall& call, Stream& stream, AddLog& log, std::string_view id,
                    std::string_view producer, std::string_view idempotence_id) {
  if (stream.producers() != nullptr) {
    log.options.insert(log.options.begin(), {"IDMP", producer, idempotence_id});
    log.write();
    return;
  }
  log.write();
  const ProducerLimits limits = producer_limits(call, stream);
  stream.set_producer_limits(limits);
  log_producer_limits(call, call.words[1], limits);
  call.log_as({"XIDMPRECORD", call.words[1], producer, idempotence_id, id});
}

Result<void> xadd(CommandCall& call) {
  TRY(const AddCall add, add_call(call));
  TRY(Entry * entry, find_to_write(call, add.key, ValueType::kStream));
  const bool is_new = entry == nullptr;
  if (is_new && !add.options.create()) {
    call.reply.null();
    return {};
  }
  const auto& idempotence = add.options.idempotence();
  PairsFingerprint fingerprint;
  std::string_view idempotence_id;
  if (idempotence) {
    idempotence_id = idempotence->id.empty() ? fingerprint.of(add.fields_and_values) : idempotence->id;
    if (const auto before = duplicate(call, entry, idempotence->producer, idempotence_id)) {
      reply_id(call.reply, *before);
      return {};
    }
  }
  if (is_new) entry = &call.keyspace().insert_stream(call.db(), add.key);
  Stream& stream = entry->stream();
  const Result<StreamId> added = add_entry(call, stream, add.id, add.fields_and_values);
  if (!added.ok()) {
    if (is_new) call.keyspace().erase(*entry);
    return added.error();
  }
  const std::optional<StreamTrim> trim = add.options.trim();
  const uint64_t removed = trim ? stream.trim(*trim) : 0;
  if (stream.producers() != nullptr) stream.producers()->forget_old(call.stamp.now);

  const IdWord id(added.value());  // once for log and reply: its digits are no small part of the work
  const bool is_exact = !(trim && trim->approximate);
  if (add.id.kind == NewId::Kind::kGiven && is_exact && !idempotence) {
    call.log();
  } else {
    const NumberWord length(static_cast<int64_t>(stream.length()));
    AddLog log(call, id.view(), add.id_at);
    if (removed > 0) add.options.log_trim(length.view(), log.options);
    if (idempotence) {
      log_idempotent(call, stream, log, id.view(), idempotence->producer, idempotence_id);
    } else {
      log.write();
    }
  }
  if (idempotence) stream.producers()->record(idempotence->producer, idempotence_id, added.value());
  if (stream.producers() != nullptr) call.keyspace().producers_changed(*entry);
  call.changed(add.key, KeyEvent::kXadd);
  if (removed > 0) call.changed(add.key, KeyEvent::kXtrim);
  call.reply.bulk(id.view());
  return {};
}

// --- Taking away

Result<void> xtrim(CommandCall& call) {
  TRY(const TrimOptions options, TrimOptions::read(call, TrimOptions::Command::kTrim));
  if (options.end() < call.words.size()) return Error::kSyntax;
  TRY_VOID(options.check(call));
  const StreamTrim trim = *options.trim();

  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kStream));
  const uint64_t removed = entry == nullptr ? 0 : entry->stream().trim(trim);
  if (removed > 0) {
    if (trim.approximate) {
      const NumberWord length(static_cast<int64_t>(entry->stream().length()));
      std::vector<std::string_view> words{"XTRIM", key};
      options.log_trim(length.view(), words);
      call.log_as(words);
    } else {
      call.log();
    }
    call.changed(key, KeyEvent::kXtrim);
  }
  call.reply.unsigned_integer(removed);
  return {};
}

// --- State

Result<void> xsetid(CommandCall& call) {
  TRY(const StreamId last_id, id_argument(call.words[2]));
  std::optional<uint64_t> entries_added;
  std::optional<StreamId> max_deleted_id;
  for (size_t at = 3; at < call.words.size(); at += 2) {
    if (at + 1 == call.words.size()) return Error::kSyntax;
    const std::string_view value = call.words[at + 1];
    if (equals_folded(call.words[at], "ENTRIESADDED")) {
      const std::optional<int64_t> added = parse_i64(value);
      if (!added) return Error::kNotInteger;
      if (*added < 0) return call.fail("ERR entries_added must be positive");
      entries_added = static_cast<uint64_t>(*added);
    } else if (equals_folded(call.words[at], "MAXDELETEDID")) {
      TRY(max_deleted_id, id_argument(value));
      if (last_id < *max_deleted_id) return Error::kStreamSetIdProvided;
    } else {
      return Error::kSyntax;
    }
  }
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kStream));
  if (entry == nullptr) return Error::kNoSuchKey;
  Stream& stream = entry->stream();
  const auto state = [&stream] {
    return std::tuple(stream.last_id(), stream.entries_added(), stream.max_deleted_id());
  };
  const auto before = state();
  TRY_VOID(stream.set_id(last_id, entries_added, max_deleted_id));
  if (state() != before) call.log();
  call.changed(key, KeyEvent::kXsetid);  // as in Redis, even if it is what it was
  call.reply.ok();
  return {};
}

Result<void> xlen(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kStream));
  call.reply.unsigned_integer(entry == nullptr ? 0 : entry->stream().length());
  return {};
}

// --- Reading a range

enum class Direction : uint8_t { kForward, kBackward };

// None if COUNT was not given; the last one counts.
Result<std::optional<int64_t>> count_arguments(core::Words words) {
  std::optional<int64_t> count;
  core::Args args(words, 4);
  while (args.more()) {
    if (!args.accept("COUNT") || !args.more()) return Error::kSyntax;
    count = args.integer();
    TRY_VOID(args.good());
  }
  return count;
}

Result<void> reply_range(CommandCall& call, Direction direction) {
  const bool forward = direction == Direction::kForward;
  TRY(const StreamRange range, range_arguments(call.words[forward ? 2 : 3], call.words[forward ? 3 : 2]));
  TRY(const std::optional<int64_t> count, count_arguments(call.words));
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kStream));
  if (entry == nullptr) {
    call.reply.array(0);
    return {};
  }
  if (count && *count <= 0) {
    call.reply.null_array();
    return {};
  }
  const uint64_t entries_max = count ? static_cast<uint64_t>(*count) : UINT64_MAX;
  const Stream& stream = entry->stream();
  const size_t mark = call.reply.array_later();
  uint64_t entries = 0;
  Stream::Cursor cursor = forward ? stream.first_from(range.first) : stream.last_until(range.last);
  while (entries < entries_max && !cursor.at_end()) {
    if (forward ? cursor.id() > range.last : cursor.id() < range.first) break;
    reply_entry(call.reply, cursor);
    ++entries;
    forward ? cursor.next() : cursor.previous();
  }
  call.reply.set_array_length(mark, entries);
  return {};
}

Result<void> xrange(CommandCall& call) {
  return reply_range(call, Direction::kForward);
}
Result<void> xrevrange(CommandCall& call) {
  return reply_range(call, Direction::kBackward);
}

// --- Rows

constexpr uint16_t kAddKeys = core::kRw | core::kUpdate;
constexpr uint16_t kRemoveKeys = core::kRw | core::kDelete;
constexpr uint16_t kReadKeys = core::kRo | core::kAccess;

constexpr CommandSpec kRows[] = {
    {.name = "xadd",
     .syntax =
         "key [NOMKSTREAM] condition:[KEEPREF|DELREF|ACKED] "
         "idmp:[IDMPAUTO producer|IDMP explicit:(producer idempotent-id)] trim:[strategy:<MAXLEN|MINID> "
         "operator:[equal:=|approximately:~] threshold [LIMIT count:integer]] "
         "id-selector:<auto-id:*|id> data:(field value)...",
     .handler = xadd,
     .arity = Arity::at_least(5),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kAddKeys)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(1) to add, O(N) to trim, N the entries that go",
     .summary = "Adds an entry at the end of a stream, and trims the stream if asked to."},
    {.name = "xtrim",
     .syntax = "key trim:(strategy:<MAXLEN|MINID> operator:[equal:=|approximately:~] threshold "
               "[LIMIT count:integer]) condition:[KEEPREF|DELREF|ACKED]",
     .handler = xtrim,
     .arity = Arity::at_least(4),
     .flags = core::kWrite,
     .keys = {KeySpec::one(kRemoveKeys)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(N), N the entries that go; by whole pages of up to 100",
     .summary = "Removes the oldest entries of a stream, down to a length or up to an ID."},
    {.name = "xsetid",
     .syntax = "key last-id [ENTRIESADDED entries-added:integer] [MAXDELETEDID max-deleted-id]",
     .handler = xsetid,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kAddKeys)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Sets the last ID of a stream and its counters; for rebuilding a stream."},
    {.name = "xlen",
     .syntax = "key",
     .handler = xlen,
     .arity = Arity::exactly(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Tells how many entries a stream has."},
    {.name = "xrange",
     .syntax = "key start end [COUNT count:integer]",
     .handler = xrange,
     .arity = Arity::at_least(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(log(M)+N), M the length of the stream, N the entries replied",
     .summary = "Replies the entries between two IDs, the oldest first."},
    {.name = "xrevrange",
     .syntax = "key end start [COUNT count:integer]",
     .handler = xrevrange,
     .arity = Arity::at_least(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(kReadKeys)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(log(M)+N), M the length of the stream, N the entries replied",
     .summary = "Replies the entries between two IDs, the newest first."},
    {.name = "xread",
     .syntax = "[COUNT count:integer] [MAXCOUNT maxcount:integer] [MAXSIZE maxsize:integer] "
               "[BLOCK milliseconds:integer] STREAMS streams:(key... id...)",
     .handler = xread,
     .arity = Arity::at_least(4),
     .flags = core::kReadOnly | core::kBlocking | core::kMovableKeys,
     .keys = {KeySpec::after_word("STREAMS", 1, kReadKeys, {})},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity = "O(log(M)+N) for each stream, M its length, N the entries replied",
     .summary = "Replies the entries of streams above given IDs, or waits for the next ones."},
    {.name = "xreadgroup",
     .syntax = "GROUP group-block:(group consumer) [COUNT count:integer] [MAXCOUNT maxcount:integer] "
               "[MAXSIZE maxsize:integer] [BLOCK milliseconds:integer] [CLAIM min-idle-time:integer] [NOACK] "
               "STREAMS streams:(key... id...)",
     .handler = xreadgroup,
     .arity = Arity::at_least(7),
     .flags = core::kWrite | core::kBlocking | core::kMovableKeys,
     .keys = {KeySpec::after_word("STREAMS", 4, kReadKeys, kGroupOptionWords)},
     .group = core::Group::kStream,
     .since = "5.0.0",
     .complexity =
         "O(N) for each stream, N the entries replied; O(log(M)+N) for the history, M the pending entries",
     .summary =
         "Delivers entries that are new to a group to one of its consumers, or replies what it has pending.",
     .twin = "xreadgroup"},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> stream_commands() {
  return kRows;
}

}  // namespace sluice::commands
