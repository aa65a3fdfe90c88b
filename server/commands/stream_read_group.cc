// SPDX-License-Identifier: MIT
//
// XREADGROUP. For each stream, by the ID given:
//
//   >        with CLAIM, entries that have been pending for long; then entries that are new to the group
//   an ID    what is pending for this consumer above it, its history; it never waits
//
// In a group with a policy > also gives what is due again, before what is new, as far as the policy's limits allow; an
// entry that has been delivered as often as it may be becomes a dead letter instead.
//
// It is logged as it came, without BLOCK: what it does follows from the state and the stamp. If all it did was to make
// the consumer, that is logged.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "engine/base/ascii.h"
#include "server/commands/queue.h"
#include "server/commands/stream_arguments.h"
#include "server/commands/stream_read.h"
#include "server/commands/stream_read_options.h"
#include "server/commands/stream_reply.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::CommandCall;

// One stream of the call.
struct Source {
  std::string_view key;
  Stream* stream = nullptr;
  ConsumerGroup* group = nullptr;
  ConsumerNumber consumer = kNoConsumer;
  bool created = false;             // the consumer
  bool fresh = true;                // what is new to the group, not the consumer's history
  std::optional<StreamId> history;  // above which ID
};

// With CLAIM and nothing pending at all, it is looked again after this time if the one to claim after is shorter.
constexpr Millis kRipeningGrain{100};

// So many entries become dead letters in one read; if there are more, who waits is run again a millisecond later.
constexpr size_t kExhaustedMax = 1'000;

// Few calls name more streams than this; theirs need no allocation.
constexpr size_t kSourcesUsual = 4;

class GroupRead {
 public:
  GroupRead(CommandCall& call, const ReadOptions& options)
      : call_(call), options_(options), budget_(options.entries_max, options.bytes_max) {}

  // Finds the streams and groups. Nothing has changed on an error.
  Result<void> find_sources();
  void run();

 private:
  Source& source(size_t i) { return many_.empty() ? usual_[i] : many_[i]; }
  Result<void> read_id(Source& source, std::string_view text);
  void find_consumer(Source& source);

  // Reply a stream if it has something; the reply is written, and what it does is done.
  void reply_history(Source& source);
  void reply_new(Source& source);
  // What is pending and is to be delivered again.
  struct Again {
    std::vector<Pending> delivered;
    std::vector<Pending> exhausted;  // dead instead
  };
  Again again(const Source& source, uint64_t entries_max, bool& first);
  // Since the entry was delivered, or is due; of a released one, since ever.
  int64_t idle(const Pending& pending) const {
    return call_.stamp.now.count - (pending.time ? pending.time->count : 0);
  }
  void begin_stream(const Source& source);
  void bury(ManagedGroup& group, const std::vector<Pending>& exhausted);

  void log_change();
  void log_consumers();
  void wait();
  Millis ripens_in(const Source& source) const;

  CommandCall& call_;
  const ReadOptions& options_;
  ReadBudget budget_;
  std::array<Source, kSourcesUsual> usual_;
  std::vector<Source> many_;
  size_t reply_mark_ = 0;
  size_t streams_ = 0;  // in the reply
  bool changed_ = false;
};

Result<void> GroupRead::read_id(Source& source, std::string_view text) {
  source.fresh = text == ">";
  if (source.fresh) return {};
  if (text == "$") {
    return call_.fail(
        "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this "
        "consumer by "
        "specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty "
        "result "
        "set.");
  }
  if (text == "+") {
    return call_.fail(
        "ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this "
        "consumer by "
        "specifying a proper ID, or use the > ID to get new messages. The + ID would just return an empty "
        "result "
        "set.");
  }
  TRY(source.history, id_argument(text));
  source.fresh = source.history == kStreamIdMax;  // nothing lies above it, and to Redis it is ">"
  return {};
}

Result<void> GroupRead::find_sources() {
  if (options_.keys.size() > kSourcesUsual) many_.resize(options_.keys.size());
  for (size_t i = 0; i < options_.keys.size(); ++i) {
    Source& it = source(i);
    it.key = options_.keys[i];
    TRY(const GroupTarget target, find_group_to_write(call_, it.key, options_.group));
    if (!target.found()) {
      return fail_no_group(call_, it.key, options_.group, " in XREADGROUP with GROUP option");
    }
    it.stream = target.stream;
    it.group = target.group;
    TRY_VOID(read_id(it, options_.ids[i]));
  }
  return {};
}

void GroupRead::find_consumer(Source& source) {
  if (source.consumer != kNoConsumer) return;
  const ConsumerTarget target = consumer_target(call_, source.key, *source.group, options_.consumer);
  source.consumer = target.number;
  source.created = target.created;
}

void GroupRead::begin_stream(const Source& source) {
  const bool as_map = call_.reply.version() == 3;
  if (streams_++ == 0) reply_mark_ = as_map ? call_.reply.map_later() : call_.reply.array_later();
  if (!as_map) call_.reply.array(2);
  call_.reply.bulk(source.key);
}

void GroupRead::reply_history(Source& source) {
  if (streams_ > 0 && budget_.spent()) return;
  const std::optional<StreamId> from = successor(*source.history);
  PendingList::Cursor cursor = source.group->pending().first_from(*from, {.consumer = source.consumer});
  std::optional<std::string_view> key = source.key;
  size_t mark = 0;
  uint64_t entries = 0;
  while (!cursor.at_end() && (options_.count == 0 || entries < options_.count)) {
    const Pending pending = cursor.pending();
    const Stream::Cursor entry = source.stream->find(pending.id);
    if (!(entry.at_end() ? budget_.take_deleted(pending.id, key) : budget_.take(entry, key))) break;
    if (key) begin_stream(source), mark = call_.reply.array_later();
    key.reset();
    ++entries;
    if (entry.at_end()) {
      reply_deleted_entry(call_.reply, pending.id);
    } else {
      reply_entry(call_.reply, entry);
      source.group->hold(pending.id, source.consumer, call_.stamp.now,
                         std::min(pending.deliveries + 1, kDeliveriesMax));
      source.group->consumer(source.consumer).active = call_.stamp.now;
      changed_ = true;
    }
    // Only its record has changed, in its place.
    cursor.next();
  }
  if (!key) {
    call_.reply.set_array_length(mark, entries);
  } else if (cursor.at_end()) {
    begin_stream(source);
    call_.reply.array(0);
  }
}

// What is due, and with CLAIM what is idle in anybody's hands, in this order; counted in the budget.
GroupRead::Again GroupRead::again(const Source& source, uint64_t entries_max, bool& first) {
  Again found;
  const PendingList& pending = source.group->pending();
  const ManagedGroup* const managed = source.group->managed();
  const bool claims = options_.claims_after.has_value();
  // NOACK has no effect on what CLAIM takes.
  const bool takes_due = claims || (managed != nullptr && !options_.acknowledges);
  if (!takes_due || pending.empty()) return found;

  bool full = false;
  // What the stream has lost is not to be had, and left as it is.
  constexpr auto kWhich = PendingList::Which::kDeliverable;
  const auto take = [&](const Pending& it) {
    const Stream::Cursor entry = source.stream->find(it.id);
    DCHECK(!entry.at_end());
    const auto turn = managed == nullptr ? ManagedGroup::Turn::kDeliver : managed->turn_of(it);
    if (turn == ManagedGroup::Turn::kDie) {
      found.exhausted.push_back(it);
      full = found.exhausted.size() == kExhaustedMax;
      return !full;
    }
    if (turn == ManagedGroup::Turn::kKeep) return true;
    const std::optional<std::string_view> key = first ? std::optional(source.key) : std::nullopt;
    full = !(claims ? budget_.take_claimed(entry, idle(it), it.deliveries, key) : budget_.take(entry, key));
    if (full) return false;
    first = false;
    found.delivered.push_back(it);
    full = found.delivered.size() == entries_max;
    return !full;
  };
  pending.visit_unowned(call_.stamp.now, take, kWhich);
  if (!full && claims) pending.visit_held(call_.stamp.now - *options_.claims_after, take, kWhich);
  return found;
}

void GroupRead::reply_new(Source& source) {
  const UnixMs now = call_.stamp.now;
  ManagedGroup* const managed = source.group->managed();
  uint64_t entries_max = options_.count == 0 ? UINT64_MAX : options_.count;
  if (managed != nullptr) entries_max = std::min(entries_max, managed->room(now));
  if (entries_max == 0) return;
  bool first = true;
  const Again again = this->again(source, entries_max, first);
  if (!again.exhausted.empty()) bury(*managed, again.exhausted);

  uint64_t entries = again.delivered.size();
  Stream::Cursor entry = entries == entries_max ? Stream::Cursor() : source.stream->first_new(*source.group);
  const auto take_new = [&] {
    if (entries == entries_max || entry.at_end()) return false;
    const std::optional<std::string_view> key = first ? std::optional(source.key) : std::nullopt;
    first = false;
    return options_.claims_after ? budget_.take_claimed(entry, 0, 0, key) : budget_.take(entry, key);
  };
  bool taken = take_new();
  if (entries == 0 && !taken) return;

  find_consumer(source);
  begin_stream(source);
  const size_t mark = call_.reply.array_later();
  for (const Pending& pending : again.delivered) {
    const Stream::Cursor at = source.stream->find(pending.id);
    if (options_.claims_after) {
      reply_claimed_entry(call_.reply, at, idle(pending), pending.deliveries);
    } else {
      reply_entry(call_.reply, at);
    }
    const bool waited = !pending.owned() && pending.time;
    if (managed != nullptr && waited) managed->rates.waited(now, Millis{idle(pending)});
    source.group->hold(pending.id, source.consumer, now, std::min(pending.deliveries + 1, kDeliveriesMax));
  }
  for (; taken; taken = take_new()) {
    options_.claims_after ? reply_claimed_entry(call_.reply, entry, 0, 0) : reply_entry(call_.reply, entry);
    source.stream->advance(*source.group, entry);
    if (managed != nullptr) managed->rates.waited(now, std::max(Millis{0}, now - added_at(entry.id())));
    if (!options_.acknowledges) {
      // After the group was moved back, it may be pending already.
      if (managed != nullptr) managed->begin_anew(entry.id());
      source.group->hold(entry.id(), source.consumer, now, 1);
    }
    ++entries;
    entry.next();
  }
  call_.reply.set_array_length(mark, entries);
  source.group->consumer(source.consumer).active = now;
  if (managed != nullptr) managed->handed_out(entries, now);
  changed_ = true;
}

void GroupRead::bury(ManagedGroup& group, const std::vector<Pending>& exhausted) {
  QueueCall queues(call_);
  for (const Pending& pending : exhausted)
    call_.queues().managed().bury_exhausted(queues.context, group, pending);
  // There may be more behind them.
  if (exhausted.size() == kExhaustedMax) call_.queues().open_at(group, call_.stamp.now + Millis{1});
  changed_ = true;
}

void GroupRead::run() {
  for (size_t i = 0; i < options_.keys.size(); ++i) {
    Source& it = source(i);
    // Who waited exists, unless ended meanwhile; then only an entry brings it back.
    if (!call_.woken() || !it.fresh) find_consumer(it);
    if (it.fresh) {
      reply_new(it);
    } else {
      reply_history(it);
    }
  }
  if (changed_) {
    // The record makes all consumers, whoever was woken to what.
    for (size_t i = 0; i < options_.keys.size(); ++i)
      find_consumer(source(i));
    log_change();
  } else {
    log_consumers();
  }
  if (streams_ > 0) {
    const bool as_map = call_.reply.version() == 3;
    as_map ? call_.reply.set_map_length(reply_mark_, streams_)
           : call_.reply.set_array_length(reply_mark_, streams_);
  } else if (options_.waits && call_.may_block()) {
    wait();
  } else {
    call_.reply.null_array();
  }
}

void GroupRead::log_change() {
  if (!options_.waits) return call_.log();
  std::vector<std::string_view> words;
  words.reserve(call_.words.size());
  for (size_t i = 0; i < call_.words.size(); ++i) {
    // Before STREAMS only; a group or a consumer may have any name.
    const bool is_option = i < options_.streams_at - 1;
    if (is_option && equals_folded(call_.words[i], "BLOCK")) {
      ++i;
      continue;
    }
    words.push_back(call_.words[i]);
    if (!is_option) continue;
    const auto option = std::find_if(std::begin(kReadOptionWords), std::end(kReadOptionWords),
                                     [&](const auto& it) { return equals_folded(it.name, call_.words[i]); });
    if (i == 0 || option == std::end(kReadOptionWords)) continue;
    for (size_t values = option->values; values > 0; --values)
      words.push_back(call_.words[++i]);
  }
  call_.log_as(words);
}

void GroupRead::log_consumers() {
  for (size_t i = 0; i < options_.keys.size(); ++i) {
    const Source& it = source(i);
    if (it.created) call_.log_as({"XGROUP", "CREATECONSUMER", it.key, options_.group, options_.consumer});
  }
}

void GroupRead::wait() {
  call_.block(core::WaitKind::kStreamGroup, options_.keys, options_.wait_for);
  for (size_t i = 0; i < options_.keys.size(); ++i) {
    const Source& it = source(i);
    if (it.fresh && it.group->managed() != nullptr) it.group->managed()->wait_for_time(call_.stamp.now);
  }
  if (!options_.claims_after) return;
  // Nothing can be claimed yet. What is delivered from now on ripens after the same time at the earliest, unless it is
  // given an older time of delivery, which wakes those who wait.
  Millis span = std::max(*options_.claims_after, kRipeningGrain);
  for (size_t i = 0; i < options_.keys.size(); ++i) {
    if (source(i).fresh) span = std::min(span, ripens_in(source(i)));
  }
  call_.run_again_in(span);
}

// When the entry can be claimed that has been idle for longest.
Millis GroupRead::ripens_in(const Source& source) const {
  Millis span = std::max(*options_.claims_after, kRipeningGrain);
  const auto first = [&](const Pending& pending) {
    span = *pending.time + *options_.claims_after - call_.stamp.now;
    return false;
  };
  source.group->pending().visit_held(kPendingTimeMax, first, PendingList::Which::kDeliverable);
  return std::max(span, Millis{1});
}

}  // namespace

Result<void> xreadgroup(CommandCall& call) {
  TRY(const ReadOptions options, ReadOptions::read(call, ReadOptions::Command::kReadGroup));
  GroupRead read(call, options);
  TRY_VOID(read.find_sources());
  // From here on nothing can fail.
  read.run();
  return {};
}

}  // namespace sluice::commands
