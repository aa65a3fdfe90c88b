// SPDX-License-Identifier: MIT
//
// Writing the state of queues down, as a digest and as records. What is in one must be in the other, and in
// queue_restore.cc.
#include <algorithm>
#include <optional>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/number_text.h"
#include "engine/list_value.h"
#include "engine/queue/policy_words.h"
#include "engine/queue/queue_record.h"
#include "engine/queue/queue_system.h"
#include "engine/queue/record_words.h"

namespace sluice {
namespace {

// So that a record stays far below what a request may hold.
constexpr size_t kPushElementsMax = 64;
constexpr size_t kPushBytesMax = 64u << 10;

std::string_view state_word(const Message& message) {
  if (message.dying) return "X";
  switch (message.state) {
    case MessageState::kReady:
      return "R";
    case MessageState::kDelayed:
      return "D";
    case MessageState::kLeased:
      return "L";
    case MessageState::kParked:
      return "P";
  }
  CHECK(false);
}

void dump_traits(const Queue& queue, const Message& message, RecordWords& record) {
  const MessageTraits traits = message.traits();
  if (traits.expires) {
    record.word("TTL");
    record.time(*traits.expires);
  }
  if (traits.group) record.words("GROUP", queue.group_name(message));
  if (message.tied) record.word("TIED");
  if (!message.has_token) return;
  record.words("TOKEN", traits.token);
  record.time(traits.token_until);
  record.number(traits.token_until_start ? 1 : 0);
  record.number(message.token_held ? 1 : 0);
}

void dump_message(const Queue& queue, std::string_view key, const Message& message, RecordSink& sink) {
  RecordWords record;
  record.words("QRESTORE", "MESSAGE", key);
  record.id(message.id());
  record.word(state_word(message));
  record.number(message.deliveries);
  record.number(message.attempts);
  record.number(message.open ? 1 : 0);
  record.time(message.since);
  record.time(message.reserved_at);
  record.number(message.lane);
  record.word(queue.consumer_name(message));
  record.time(message.armed() ? queue.timer_when(message) : UnixMs{0});
  record.number(message.armed() ? queue.timer_order(message) : 0);
  record.word(message.dying ? death_cause_name(message.cause) : std::string_view());
  record.word(message.payload());
  dump_traits(queue, message, record);
  if (message.has_notes) {
    record.word("NOTES");
    record.time(message.notes->added);
    record.time(message.notes->failed_first);
    record.time(message.notes->failed_last);
    record.number(message.notes->redriven);
    record.word(message.notes->reason());
  }
  sink.record(record.all());
}

// Gathers plain elements of one lane and push time into records.
class PushRecords {
 public:
  PushRecords(std::string_view key, RecordSink& sink) : key_(key), sink_(sink) {}

  void add(int lane, std::string_view element, UnixMs since) {
    const bool other = since != since_ || lane != lane_;
    if (elements_.size() >= kPushElementsMax || bytes_ >= kPushBytesMax || other) flush();
    since_ = since;
    lane_ = lane;
    bytes_ += element.size();
    elements_.push_back(element);
  }
  void flush() {
    if (elements_.empty()) return;
    char since_text[kI64CharsMax];
    char lane_text[kI64CharsMax];
    std::vector<std::string_view> words = {"QRESTORE",
                                           "PUSH",
                                           key_,
                                           {since_text, format_i64(since_text, since_.count)},
                                           {lane_text, format_i64(lane_text, lane_)}};
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
  int lane_ = 0;
  size_t bytes_ = 0;
};

void digest_traits(const Queue& queue, const Message& message, Digest& into) {
  const MessageTraits traits = message.traits();
  into.add(static_cast<uint64_t>(traits.expires.value_or(UnixMs{0}).count));
  into.add(uint64_t{traits.group.has_value()});
  into.add(queue.group_name(message));
  into.add(traits.token);
  into.add(static_cast<uint64_t>(traits.token_until.count));
  into.add(uint64_t{traits.token_until_start});
  into.add(uint64_t{message.token_held});
  into.add(uint64_t{message.tied});
}

void digest_message(const Queue& queue, const Message& message, Digest& into) {
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
  into.add(message.armed() ? static_cast<uint64_t>(queue.timer_when(message).count) : 0);
  into.add(message.armed() ? queue.timer_order(message) : 0);
  into.add(message.dying ? death_cause_name(message.cause) : std::string_view());
  into.add(message.payload());
  digest_traits(queue, message, into);
  into.add(uint64_t{message.has_notes});
  if (!message.has_notes) return;
  into.add(static_cast<uint64_t>(message.notes->added.count));
  into.add(static_cast<uint64_t>(message.notes->failed_first.count));
  into.add(static_cast<uint64_t>(message.notes->failed_last.count));
  into.add(uint64_t{message.notes->redriven});
  into.add(message.notes->reason());
}

void words_of(const PolicySlot& slot, RecordWords& words) {
  if (slot.of_group()) words.words("GROUP", slot.name->group);
  slot.of_group() ? group_policy_words(slot.policy, words) : policy_words(slot.policy, words);
}

void dump_policy(const PolicySlot& slot, RecordSink& sink) {
  RecordWords record;
  record.words("QPOLICY", slot.name->key);
  words_of(slot, record);
  sink.record(record.all());
}

void dump_deliveries(const PolicySlot& slot, RecordSink& sink) {
  const RateWindow& deliveries = slot.deliveries;
  auto run = deliveries.runs().begin();
  while (run != deliveries.runs().end()) {
    RecordWords record;
    record.words("QRESTORE", "RATE", slot.name->key, slot.name->group);
    for (; run != deliveries.runs().end() && !record.full(); ++run) {
      record.number(static_cast<uint64_t>(run->ms));
      record.number(run->count);
    }
    sink.record(record.all());
  }
}

}  // namespace

// --- Of one queue

void Queue::digest(Digest& into) const {
  into.add(lanes_.size());
  lanes_.for_each_lane([&into](int number, const Lane& lane) {
    into.add(static_cast<uint64_t>(number));
    into.add(lane.size());
    lane.for_each([&into](const ReadyElement& element) {
      into.add(uint64_t{element.message != nullptr});
      if (element.message != nullptr) {
        into.add(element.message->id_ms);
        into.add(uint64_t{element.message->id_seq});
      } else {
        into.add(static_cast<uint64_t>(element.since.count));
        into.add(element.payload);
      }
    });
  });
  into.add(static_cast<uint64_t>(plain_when_));
  into.add(plain_order_);
  into.add(index_.size());
  index_.for_each([this, &into](const Message& message) { digest_message(*this, message, into); });
}

void Queue::dump(std::string_view key, RecordSink& sink) const {
  PushRecords pushes(key, sink);
  lanes_.for_each_lane([&](int number, const Lane& lane) {
    lane.for_each([&](const ReadyElement& element) {
      if (element.message == nullptr) {
        pushes.add(number, element.payload, element.since);
        return;
      }
      pushes.flush();
      dump_message(*this, key, *element.message, sink);
    });
  });
  pushes.flush();
  index_.for_each([&](const Message& message) {
    if (message.state != MessageState::kReady) dump_message(*this, key, message, sink);
  });
  if (plain_when_ == INT64_MAX) return;
  RecordWords timer;
  timer.words("QRESTORE", "TIMER", key);
  timer.number(static_cast<uint64_t>(plain_when_));
  timer.number(plain_order_);
  sink.record(timer.all());
}

// --- Of the server

void QueueSystem::digest(Digest& into) const {
  into.add(id_last_.ms);
  into.add(id_last_.seq);
  into.add(arming_last_);
  into.add(static_cast<uint64_t>(managed_.lease_floor().count));
  into.add(policies_.size());
  for (const auto& [serial, slot] : policies_.in_order()) {
    into.add(static_cast<uint64_t>(slot->name->db));
    into.add(slot->name->key);
    RecordWords words;
    words_of(*slot, words);
    for (const std::string_view word : words.all())
      into.add(word);
    into.add(slot->deliveries.runs().size());
    for (const RateWindow::Run& run : slot->deliveries.runs()) {
      into.add(static_cast<uint64_t>(run.ms));
      into.add(run.count);
    }
  }
  tokens_.digest(into);
}

void QueueSystem::dump(RecordSink& sink) const {
  RecordWords counters;
  counters.words("QRESTORE", "COUNTERS");
  counters.id(id_last_);
  counters.number(arming_last_);
  sink.record(counters.all());
  if (managed_.lease_floor() > UnixMs{0}) {
    RecordWords floor;
    floor.words("QRESTORE", "FLOOR");
    floor.time(managed_.lease_floor());
    sink.record(floor.all());
  }
  int db = -1;
  for (const auto& [serial, slot] : policies_.in_order()) {
    if (slot->name->db != db) select_database(sink, db = slot->name->db);
    dump_policy(*slot, sink);
    dump_deliveries(*slot, sink);
  }
  tokens_.dump(sink);
}

}  // namespace sluice
