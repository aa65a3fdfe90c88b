// SPDX-License-Identifier: MIT
//
// Writing the state of queues down, as a digest and as records, and rebuilding it. One place for all three: what is
// logged state must be in each.
#include "engine/queue/queue_record.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/number_text.h"
#include "engine/list_value.h"

namespace sluice {
namespace {

// So that a record stays far below what a request may hold.
constexpr size_t kPushElementsMax = 64;
constexpr size_t kPushBytesMax = 64u << 10;

constexpr size_t kMessageWords = 15;  // behind QRESTORE
constexpr size_t kMessageWordsWithNotes = 20;

// The texts of one record's numbers, and its words.
class RecordWords {
 public:
  void word(std::string_view text) { words_[size_++] = text; }
  void number(uint64_t number) {
    char* const to = texts_[size_].data();
    word({to, format_u64(to, number)});
  }
  void time(UnixMs time) {
    char* const to = texts_[size_].data();
    word({to, format_i64(to, time.count)});
  }
  void id(StreamId id) {
    char* const to = texts_[size_].data();
    word({to, format_stream_id(to, id)});
  }
  std::span<const std::string_view> words() const { return {words_.data(), size_}; }

 private:
  static constexpr size_t kWordsMax = 24;
  std::array<std::string_view, kWordsMax> words_;
  std::array<std::array<char, kStreamIdCharsMax>, kWordsMax> texts_;
  size_t size_ = 0;
};

std::string_view state_word(const Message& message) {
  if (message.dying) return "X";
  switch (message.state) {
    case MessageState::kReady:
      return "R";
    case MessageState::kDelayed:
      return "D";
    case MessageState::kLeased:
      return "L";
  }
  CHECK(false);
}

void dump_message(const Queue& queue, std::string_view key, const Message& message, RecordSink& sink) {
  const bool timed = message.state != MessageState::kReady;
  RecordWords record;
  record.word("QRESTORE");
  record.word("MESSAGE");
  record.word(key);
  record.id(message.id());
  record.word(state_word(message));
  record.number(message.deliveries);
  record.number(message.attempts);
  record.number(message.open ? 1 : 0);
  record.time(message.since);
  record.time(message.reserved_at);
  record.number(message.lane);
  record.word(queue.consumer_name(message));
  record.time(timed ? queue.timer_when(message) : UnixMs{0});
  record.number(timed ? queue.timer_order(message) : 0);
  record.word(message.dying ? death_cause_name(message.cause) : std::string_view());
  record.word(message.payload());
  if (message.has_notes) {
    record.time(message.notes->added);
    record.time(message.notes->failed_first);
    record.time(message.notes->failed_last);
    record.number(message.notes->redriven);
    record.word(message.notes->reason());
  }
  sink.record(record.words());
}

// Gathers plain elements of one push time into records.
class PushRecords {
 public:
  PushRecords(std::string_view key, RecordSink& sink) : key_(key), sink_(sink) {}

  void add(std::string_view element, UnixMs since) {
    if (elements_.size() >= kPushElementsMax || bytes_ >= kPushBytesMax || since != since_) flush();
    since_ = since;
    bytes_ += element.size();
    elements_.push_back(element);
  }
  void flush() {
    if (elements_.empty()) return;
    char since_text[kI64CharsMax];
    std::vector<std::string_view> words = {
        "QRESTORE", "PUSH", key_, {since_text, format_i64(since_text, since_.count)}};
    words.insert(words.end(), elements_.begin(), elements_.end());
    sink_.record(words);
    elements_.clear();
    bytes_ = 0;
  }

 private:
  std::string_view key_;
  RecordSink& sink_;
  std::vector<std::string_view> elements_;
  UnixMs since_;
  size_t bytes_ = 0;
};

void digest_message(const Queue& queue, const Message& message, Digest& into) {
  const bool timed = message.state != MessageState::kReady;
  into.add(message.id_ms);
  into.add(uint64_t{message.id_seq});
  into.add(state_word(message));
  into.add(uint64_t{message.deliveries});
  into.add(uint64_t{message.attempts});
  into.add(uint64_t{message.open});
  into.add(static_cast<uint64_t>(message.since.count));
  into.add(static_cast<uint64_t>(message.reserved_at.count));
  into.add(uint64_t{message.lane});
  into.add(queue.consumer_name(message));
  into.add(timed ? static_cast<uint64_t>(queue.timer_when(message).count) : 0);
  into.add(timed ? queue.timer_order(message) : 0);
  into.add(message.dying ? death_cause_name(message.cause) : std::string_view());
  into.add(message.payload());
  into.add(uint64_t{message.has_notes});
  if (!message.has_notes) return;
  into.add(static_cast<uint64_t>(message.notes->added.count));
  into.add(static_cast<uint64_t>(message.notes->failed_first.count));
  into.add(static_cast<uint64_t>(message.notes->failed_last.count));
  into.add(uint64_t{message.notes->redriven});
  into.add(message.notes->reason());
}

// Reads the words of a record. The first that is none of ours is remembered.
class RecordReader {
 public:
  explicit RecordReader(std::span<const std::string_view> words) : words_(words) {}
  size_t left() const { return words_.size() - at_; }
  bool good() const { return good_; }
  std::string_view word() {
    if (left() == 0) good_ = false;
    return good_ ? words_[at_++] : std::string_view();
  }
  uint64_t number(uint64_t max) {
    const auto value = parse_u64(word());
    if (!value || *value > max) good_ = false;
    return good_ ? *value : 0;
  }
  UnixMs time() { return UnixMs{static_cast<int64_t>(number(INT64_MAX))}; }
  StreamId id() {
    const auto value = parse_message_id(word());
    if (!value || value->seq > kMessageIdSeqMax || value->ms > INT64_MAX) good_ = false;
    return good_ ? *value : StreamId();
  }

 private:
  std::span<const std::string_view> words_;
  size_t at_ = 0;
  bool good_ = true;
};

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
  std::string_view consumer;
  UnixMs when;
  uint64_t arming = 0;
  DeathCause cause = DeathCause::kMaxAttempts;
  std::string_view payload;
  bool has_notes = false;
  UnixMs added;
  UnixMs failed_first;
  UnixMs failed_last;
  uint32_t redriven = 0;
  std::string_view reason;
};

std::optional<DeathCause> parse_cause(std::string_view text) {
  for (const DeathCause cause : {DeathCause::kMaxAttempts, DeathCause::kFatal}) {
    if (text == death_cause_name(cause)) return cause;
  }
  return std::nullopt;
}

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
  }
  return false;
}

std::optional<MessageRecord> read_message(RecordReader reader) {
  if (reader.left() != kMessageWords - 1 && reader.left() != kMessageWordsWithNotes - 1) return std::nullopt;
  MessageRecord record;
  record.has_notes = reader.left() == kMessageWordsWithNotes - 1;
  record.key = reader.word();
  record.id = reader.id();
  const bool known_state = read_state(reader.word(), record);
  record.deliveries = static_cast<uint32_t>(reader.number(UINT32_MAX));
  record.attempts = static_cast<uint32_t>(reader.number(UINT32_MAX));
  record.open = reader.number(1) != 0;
  record.since = reader.time();
  record.reserved_at = reader.time();
  reader.number(0);  // the lane, while there is one
  record.consumer = reader.word();
  record.when = reader.time();
  record.arming = reader.number(UINT64_MAX);
  const auto cause = parse_cause(reader.word());
  record.payload = reader.word();
  if (record.has_notes) {
    record.added = reader.time();
    record.failed_first = reader.time();
    record.failed_last = reader.time();
    record.redriven = static_cast<uint32_t>(reader.number(UINT32_MAX));
    record.reason = reader.word();
  }
  if (!reader.good() || !known_state || record.dying != cause.has_value()) return std::nullopt;
  if (record.state == MessageState::kLeased && !record.open) return std::nullopt;
  if (record.open && (record.deliveries == 0 || record.dying)) return std::nullopt;
  if (record.attempts > 0 && !record.has_notes) return std::nullopt;
  if (record.reason.size() > kReasonBytesMax || record.payload.size() > UINT32_MAX) return std::nullopt;
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

Result<void> restore_push(QueueSystem& system, const QueueContext& context, RecordReader reader) {
  const std::string_view key = reader.word();
  const UnixMs since = reader.time();
  if (!reader.good() || reader.left() == 0) return Error::kQueueRecord;
  TRY(Queue* const queue, queue_for(system, context, key));
  while (reader.left() > 0)
    queue->restore_plain(reader.word(), since);
  return {};
}

Result<void> restore_message(QueueSystem& system, const QueueContext& context, RecordReader reader) {
  const std::optional<MessageRecord> record = read_message(reader);
  if (!record) return Error::kQueueRecord;
  const Entry* const entry = context.keyspace.find(context.db, record->key);
  const bool known = entry != nullptr && entry->type() == ValueType::kList && entry->list().is_queue() &&
                     entry->list().queue().find(record->id) != nullptr;
  if (known) return Error::kQueueRecord;
  TRY(Queue* const queue, queue_for(system, context, record->key));

  Message& message = *Message::create(record->id, record->payload);
  message.state = record->state;
  message.dying = record->dying;
  message.cause = record->cause;
  message.open = record->open;
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
  queue->restore(message, record->when, record->arming);
  return {};
}

std::string_view backoff_word(Backoff::Kind kind) {
  switch (kind) {
    case Backoff::Kind::kNone:
      return "NONE";
    case Backoff::Kind::kFixed:
      return "FIXED";
    case Backoff::Kind::kLinear:
      return "LINEAR";
    case Backoff::Kind::kExponential:
      return "EXP";
  }
  CHECK(false);
}

void dump_policy(std::string_view key, const Policy& policy, RecordSink& sink) {
  const Backoff& backoff = policy.backoff;
  RecordWords record;
  for (const std::string_view word : {std::string_view("QPOLICY"), key, std::string_view("LEASE")})
    record.word(word);
  record.time(UnixMs{policy.lease.count});
  record.word("MAXLEASE");
  record.time(UnixMs{policy.lease_max.count});
  record.word("MAXATTEMPTS");
  record.number(policy.attempts_max);
  record.word("BACKOFF");
  record.word(backoff_word(backoff.kind));
  if (backoff.kind != Backoff::Kind::kNone) record.time(UnixMs{backoff.base.count});
  const bool capped = backoff.kind == Backoff::Kind::kLinear || backoff.kind == Backoff::Kind::kExponential;
  if (capped) record.time(UnixMs{backoff.cap.count});
  record.word("JITTER");
  record.number(policy.backoff.jitter_percent);
  if (policy.dead_letter) {
    record.word("DEADLETTER");
    record.word(*policy.dead_letter);
  }
  record.word("DEADMAXLEN");
  record.number(policy.dead_letters_max);
  record.word("HEAD");
  record.word(policy.head == Side::kLeft ? "LEFT" : "RIGHT");
  sink.record(record.words());
}

}  // namespace

// --- Of one queue

void Queue::digest(Digest& into) const {
  into.add(lane_.size());
  lane_.for_each([&into](const ReadyElement& element) {
    into.add(uint64_t{element.message != nullptr});
    if (element.message != nullptr) {
      into.add(element.message->id_ms);
      into.add(uint64_t{element.message->id_seq});
    } else {
      into.add(static_cast<uint64_t>(element.since.count));
      into.add(element.payload);
    }
  });
  into.add(index_.size());
  index_.for_each([this, &into](const Message& message) { digest_message(*this, message, into); });
}

void Queue::dump(std::string_view key, RecordSink& sink) const {
  PushRecords pushes(key, sink);
  lane_.for_each([&](const ReadyElement& element) {
    if (element.message == nullptr) {
      pushes.add(element.payload, element.since);
      return;
    }
    pushes.flush();
    dump_message(*this, key, *element.message, sink);
  });
  pushes.flush();
  index_.for_each([&](const Message& message) {
    if (message.state != MessageState::kReady) dump_message(*this, key, message, sink);
  });
}

void Queue::restore(Message& message, UnixMs when, uint64_t arming) {
  message_bytes_ += message.bytes();
  index_.insert(message);
  if (message.dying) ++dying_;
  switch (message.state) {
    case MessageState::kReady:
      lane_.push(Side::kRight, message);
      break;
    case MessageState::kDelayed:
      due_.arm(message, when.count, arming);
      break;
    case MessageState::kLeased:
      endings_.arm(message, when.count, arming);
      enter_lease(message);
      break;
  }
  refresh_timer();
}

// --- Of the server

void QueueSystem::digest(Digest& into) const {
  into.add(id_last_.ms);
  into.add(id_last_.seq);
  into.add(arming_last_);
  into.add(policies_.size());
  for (const auto& [name, policy] : policies_) {
    into.add(static_cast<uint64_t>(name.first));
    into.add(name.second);
    into.add(static_cast<uint64_t>(policy.lease.count));
    into.add(static_cast<uint64_t>(policy.lease_max.count));
    into.add(uint64_t{policy.attempts_max});
    into.add(static_cast<uint64_t>(policy.backoff.kind));
    into.add(static_cast<uint64_t>(policy.backoff.base.count));
    into.add(static_cast<uint64_t>(policy.backoff.cap.count));
    into.add(uint64_t{policy.backoff.jitter_percent});
    into.add(uint64_t{policy.dead_letter.has_value()});
    into.add(policy.dead_letter.value_or(std::string()));
    into.add(policy.dead_letters_max);
    into.add(static_cast<uint64_t>(policy.head));
  }
}

void QueueSystem::dump(RecordSink& sink) const {
  RecordWords counters;
  counters.word("QRESTORE");
  counters.word("COUNTERS");
  counters.id(id_last_);
  counters.number(arming_last_);
  sink.record(counters.words());
  int db = -1;
  for (const auto& [name, policy] : policies_) {
    if (name.first != db) {
      db = name.first;
      char text[kI64CharsMax];
      sink.record({"SELECT", {text, format_i64(text, db)}});
    }
    dump_policy(name.second, policy, sink);
  }
}

void QueueSystem::restore_counters(StreamId id_last, uint64_t arming_last) {
  id_last_ = std::max(id_last_, id_last);
  arming_last_ = std::max(arming_last_, arming_last);
}

Result<void> restore_queue_record(QueueSystem& system, const QueueContext& context,
                                  std::span<const std::string_view> words) {
  RecordReader reader(words);
  const std::string_view kind = reader.word();
  if (kind == "COUNTERS") return restore_counters(system, reader);
  if (kind == "PUSH") return restore_push(system, context, reader);
  if (kind == "MESSAGE") return restore_message(system, context, reader);
  return Error::kQueueRecord;
}

}  // namespace sluice
