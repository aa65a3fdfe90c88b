// SPDX-License-Identifier: MIT
//
// Rebuilding queues from the records that queue_dump.cc writes.
#include <algorithm>
#include <optional>

#include "engine/base/check.h"
#include "engine/list_value.h"
#include "engine/queue/queue_record.h"
#include "engine/queue/queue_system.h"
#include "engine/queue/record_words.h"

namespace sluice {
namespace {

// A message as its record says it.
struct MessageRecord {
  std::string_view key;
  StreamId id;
  MessageState state = MessageState::kReady;
  bool dying = false;
  uint32_t deliveries = 0;
  uint32_t attempts = 0;
  bool open = false;
  UnixMs since;
  UnixMs reserved_at;
  uint8_t lane = 0;
  std::string_view consumer;
  UnixMs when;
  uint64_t arming = 0;
  DeathCause cause = DeathCause::kMaxAttempts;
  std::string_view payload;
  MessageTraits traits;
  std::optional<std::string_view> group;
  bool token_held = false;
  bool tied = false;
  bool has_notes = false;
  UnixMs added;
  UnixMs failed_first;
  UnixMs failed_last;
  uint32_t redriven = 0;
  std::string_view reason;
};

bool read_state(std::string_view word, MessageRecord& record) {
  if (word.size() != 1) return false;
  switch (word[0]) {
    case 'R':
      record.state = MessageState::kReady;
      return true;
    case 'X':
      record.dying = true;
      [[fallthrough]];
    case 'D':
      record.state = MessageState::kDelayed;
      return true;
    case 'L':
      record.state = MessageState::kLeased;
      return true;
    case 'P':
      record.state = MessageState::kParked;
      return true;
  }
  return false;
}

// What only some messages have, in the order in which it is written.
void read_options(RecordReader& reader, MessageRecord& record) {
  if (reader.accept("TTL")) record.traits.expires = reader.time();
  if (reader.accept("GROUP")) record.group = reader.word();
  record.tied = reader.accept("TIED");
  if (reader.accept("TOKEN")) {
    record.traits.token = reader.word();
    record.traits.token_until = reader.time();
    record.traits.token_until_start = reader.number(1) != 0;
    record.token_held = reader.number(1) != 0;
  }
  record.has_notes = reader.accept("NOTES");
  if (!record.has_notes) return;
  record.added = reader.time();
  record.failed_first = reader.time();
  record.failed_last = reader.time();
  record.redriven = static_cast<uint32_t>(reader.number(UINT32_MAX));
  record.reason = reader.word();
}

// What check_invariants() of a queue would find.
bool consistent(const MessageRecord& record) {
  const bool leased = record.state == MessageState::kLeased;
  if (leased && !record.open) return false;
  if (record.open && (record.deliveries == 0 || record.dying)) return false;
  if (record.tied && !leased) return false;
  if (record.attempts > 0 && !record.has_notes) return false;
  if (record.state == MessageState::kParked && (!record.group || record.deliveries > 0)) return false;
  if (record.token_held && record.traits.token.empty()) return false;
  const bool waits = record.state == MessageState::kReady || record.state == MessageState::kParked;
  if (!waits && record.arming == 0) return false;
  if (waits && record.traits.expires.has_value() != (record.arming > 0)) return false;
  return record.reason.size() <= kReasonBytesMax && record.payload.size() <= UINT32_MAX &&
         record.traits.token.size() <= kDedupeBytesMax;
}

std::optional<MessageRecord> read_message(RecordReader reader) {
  MessageRecord record;
  record.key = reader.word();
  record.id = reader.id();
  const bool known_state = read_state(reader.word(), record);
  record.deliveries = static_cast<uint32_t>(reader.number(UINT32_MAX));
  record.attempts = static_cast<uint32_t>(reader.number(UINT32_MAX));
  record.open = reader.number(1) != 0;
  record.since = reader.time();
  record.reserved_at = reader.time();
  record.lane = static_cast<uint8_t>(reader.number(kLanes - 1));
  record.consumer = reader.word();
  record.when = reader.time();
  record.arming = reader.number(UINT64_MAX);
  const auto cause = parse_death_cause(reader.word());
  record.payload = reader.word();
  read_options(reader, record);
  if (!reader.good() || reader.left() > 0 || !known_state || record.dying != cause.has_value())
    return std::nullopt;
  if (!consistent(record)) return std::nullopt;
  record.cause = cause.value_or(DeathCause::kMaxAttempts);
  return record;
}

// The queue under the key, made if there is none.
Result<Queue*> queue_for(QueueSystem& system, const QueueContext& context, std::string_view key) {
  Entry* entry = context.keyspace.find_for_write(context.db, key);
  if (entry != nullptr && entry->type() != ValueType::kList) return Error::kWrongType;
  if (entry == nullptr) entry = &context.keyspace.insert_list(context.db, key);
  return &system.queue_of(*entry, context.stamp);
}

Result<void> restore_counters(QueueSystem& system, RecordReader reader) {
  const StreamId id_last = reader.id();
  const uint64_t arming_last = reader.number(UINT64_MAX);
  if (!reader.good() || reader.left() > 0) return Error::kQueueRecord;
  system.restore_counters(id_last, arming_last);
  return {};
}

Result<void> restore_floor(QueueSystem& system, RecordReader reader) {
  const UnixMs floor = reader.time();
  if (!reader.good() || reader.left() > 0 || floor > kQueueTimeMax) return Error::kQueueRecord;
  system.managed().restore_lease_floor(floor);
  return {};
}

Result<void> restore_push(QueueSystem& system, const QueueContext& context, RecordReader reader) {
  const std::string_view key = reader.word();
  const UnixMs since = reader.time();
  const int lane = static_cast<int>(reader.number(kLanes - 1));
  if (!reader.good() || reader.left() == 0) return Error::kQueueRecord;
  TRY(Queue* const queue, queue_for(system, context, key));
  while (reader.left() > 0)
    queue->restore_plain(lane, reader.word(), since);
  return {};
}

Result<void> restore_timer(QueueSystem& system, const QueueContext& context, RecordReader reader) {
  const std::string_view key = reader.word();
  const UnixMs when = reader.time();
  const uint64_t order = reader.number(UINT64_MAX);
  if (!reader.good() || reader.left() > 0 || order == 0) return Error::kQueueRecord;
  TRY(Queue* const queue, queue_for(system, context, key));
  queue->restore_plain_timer(when.count, order);
  return {};
}

bool known(const QueueContext& context, std::string_view key, StreamId id) {
  const Entry* entry = context.keyspace.find(context.db, key);
  return entry != nullptr && entry->type() == ValueType::kList && entry->list().is_queue() &&
         entry->list().queue().find(id) != nullptr;
}

Result<void> restore_message(QueueSystem& system, const QueueContext& context, RecordReader reader) {
  std::optional<MessageRecord> record = read_message(reader);
  if (!record || known(context, record->key, record->id)) return Error::kQueueRecord;
  if (record->token_held && system.tokens().find(context.db, record->key, record->traits.token))
    return Error::kQueueRecord;
  TRY(Queue* const queue, queue_for(system, context, record->key));

  if (record->group) record->traits.group = system.names().hold(*record->group);
  Message& message = *Message::create(record->id, record->payload, record->traits);
  message.state = record->state;
  message.dying = record->dying;
  message.cause = record->cause;
  message.open = record->open;
  message.lane = record->lane & 0xf;
  message.tied = record->tied;
  message.deliveries = record->deliveries;
  message.attempts = record->attempts;
  message.since = record->since;
  message.reserved_at = record->reserved_at;
  message.consumer = system.names().hold(record->consumer);
  if (record->has_notes) {
    MessageNotes& notes = message.note(record->reason);
    notes.added = record->added;
    notes.failed_first = record->failed_first;
    notes.failed_last = record->failed_last;
    notes.redriven = record->redriven;
  }
  if (queue->restore(message, record->when, record->arming, record->token_held)) return {};
  system.names().release(message.consumer);
  if (record->group) system.names().release(*record->traits.group);
  Message::destroy(&message);
  return Error::kQueueRecord;
}

}  // namespace

void Queue::restore_plain(int lane, std::string_view bytes, UnixMs since) {
  lanes_.push(lane, Side::kRight, bytes, since);
  sum();
}

void Queue::restore_plain_timer(int64_t when, uint64_t order) {
  plain_when_ = when;
  plain_order_ = order;
  refresh_timer();
}

bool Queue::restore(Message& message, UnixMs when, uint64_t arming, bool token_held) {
  if (message.has_group && !message.dying) {
    const bool front = message.state != MessageState::kParked;
    if (!groups_.restore(message, *message.traits().group, front)) return false;
  }
  message_bytes_ += message.bytes();
  index_.insert(message);
  if (message.dying) ++dying_;
  switch (message.state) {
    case MessageState::kReady:
      lanes_.push(Side::kRight, message);
      break;
    case MessageState::kLeased:
      enter_lease(message);
      break;
    case MessageState::kDelayed:
    case MessageState::kParked:
      break;
  }
  if (arming > 0) heap_of(message).arm(message, when.count, arming);
  if (token_held) system_.tokens_.of(db(), entry_->key()).hold(message);
  refresh_timer();
  sum();
  return true;
}

void QueueSystem::restore_counters(StreamId id_last, uint64_t arming_last) {
  id_last_ = std::max(id_last_, id_last);
  arming_last_ = std::max(arming_last_, arming_last);
}

Result<void> QueueSystem::restore_deliveries(const QueueContext& context, RecordReader reader) {
  const std::string_view key = reader.word();
  const std::string_view group = reader.word();
  PolicySlot* const slot = policies_.find(context.db, key, group);
  if (slot == nullptr || !reader.good()) return Error::kQueueRecord;
  while (reader.left() > 0) {
    const auto ms = static_cast<int64_t>(reader.number(INT64_MAX));
    const uint64_t count = reader.number(UINT64_MAX);
    if (!reader.good()) return Error::kQueueRecord;
    slot->deliveries.restore({ms, count});
  }
  return {};
}

Result<void> QueueSystem::restore_token(const QueueContext& context, RecordReader reader) {
  const std::string_view key = reader.word();
  const std::string_view token = reader.word();
  const StreamId id = reader.id();
  const UnixMs until = reader.time();
  const uint64_t arming = reader.number(UINT64_MAX);
  if (!reader.good() || reader.left() > 0) return Error::kQueueRecord;
  if (!tokens_.restore(context.db, key, token, id, until, arming)) return Error::kQueueRecord;
  return {};
}

Result<void> restore_queue_record(QueueSystem& system, const QueueContext& context,
                                  std::span<const std::string_view> words) {
  RecordReader reader(words);
  const std::string_view kind = reader.word();
  if (kind == "COUNTERS") return restore_counters(system, reader);
  if (kind == "FLOOR") return restore_floor(system, reader);
  if (kind == "PUSH") return restore_push(system, context, reader);
  if (kind == "MESSAGE") return restore_message(system, context, reader);
  if (kind == "TIMER") return restore_timer(system, context, reader);
  if (kind == "RATE") return system.restore_deliveries(context, reader);
  if (kind == "TOKEN") return system.restore_token(context, reader);
  return Error::kQueueRecord;
}

}  // namespace sluice
