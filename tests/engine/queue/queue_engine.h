// SPDX-License-Identifier: MIT
//
// An engine with nothing around it, for the tests of queues: a keyspace, a queue system, a clock that the test sets,
// and what the server does with them: every operation runs under a stamp and is remembered, so that the test can end
// with the question whether replaying gives the same state, and restoring from a dump too.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/base/number_text.h"
#include "engine/digest.h"
#include "engine/keyspace.h"
#include "engine/list_value.h"
#include "engine/queue/policy_words.h"
#include "engine/queue/queue_record.h"
#include "engine/queue/queue_system.h"
#include "engine/record_sink.h"
#include "engine/snapshot.h"
#include "engine/stream.h"

namespace sluice::testing {

struct Event {
  std::string key;
  QueueEvent event;
  friend bool operator==(const Event&, const Event&) = default;
};

struct Engine {
  // Queues end with the keyspace, so their system comes first.
  QueueSystem queues;
  Keyspace keyspace{1};
  std::vector<Event> events;
  QueueReport report = [this](int, std::string_view key, QueueEvent event) {
    events.push_back({std::string(key), event});
  };

  QueueContext context(const Stamp& stamp, int db = 0) { return {keyspace, db, stamp, report}; }

  std::string digest() const {
    Digest digest;
    keyspace.digest(digest);
    queues.digest(digest);
    return digest.text();
  }
  void check_invariants() const {
    queues.check_invariants();
    keyspace.check_invariants();
  }

  // What list commands do.
  void push(const Stamp& stamp, std::string_view key, Side side, std::string_view bytes) {
    Entry* entry = keyspace.find_for_write(0, key);
    if (entry == nullptr) {
      entry = &keyspace.insert_list(0, key);
      queues.created(*entry, stamp);
    }
    entry->list().push(side, bytes, stamp);
  }
  void drop_if_empty(std::string_view key) {
    Entry* entry = keyspace.find_for_write(0, key);
    if (entry != nullptr) entry->list().settle();
    if (entry != nullptr && entry->list().empty()) keyspace.erase(*entry);
  }
};

// Runs the records of a dump, as the server would.
class Restorer : public RecordSink {
 public:
  explicit Restorer(Engine& engine, const Stamp& stamp) : engine_(engine), stamp_(stamp) {}

  void record(std::span<const std::string_view> words) override {
    const std::string_view name = words[0];
    engine_.queues.set_now(stamp_.now);
    if (name == "SELECT") {
      db_ = static_cast<int>(*parse_i64(words[1]));
    } else if (name == "RPUSH") {
      for (const std::string_view element : words.subspan(2))
        engine_.push(stamp_, words[1], Side::kRight, element);
    } else if (name == "SET") {
      engine_.keyspace.set_string(db_, words[1], words[2]);
    } else if (name == "QRESTORE") {
      REQUIRE(restore_queue_record(engine_.queues, engine_.context(stamp_, db_), words.subspan(1)).ok());
    } else if (name == "QPOLICY") {
      REQUIRE(
          engine_.queues.set_policy(engine_.context(stamp_, db_), words[1], policy(words.subspan(2))).ok());
    } else if (name == "XADD" && words[2] == "MAXLEN") {
      REQUIRE(stream(words[1]).add(*parse_message_id(words[4]), words.subspan(5)).ok());
      stream(words[1]).trim({.length_max = 0, .min_id = {}});
    } else if (name == "XADD") {
      REQUIRE(stream(words[1]).add(*parse_message_id(words[2]), words.subspan(3)).ok());
    } else if (name == "XSETID") {
      std::optional<StreamId> deleted;
      if (words.size() > 6) deleted = parse_message_id(words[6]);
      REQUIRE(stream(words[1]).set_id(*parse_message_id(words[2]), parse_u64(words[4]), deleted).ok());
    } else {
      FAIL("a record that this test does not know: " << name);
    }
  }

 private:
  static int64_t number(std::string_view word) { return parse_i64(word).value(); }

  static Policy policy(std::span<const std::string_view> words) {
    Policy policy;
    for (size_t i = 0; i < words.size();) {
      const std::string_view option = words[i++];
      if (option == "LEASE") {
        policy.lease = Millis{number(words[i++])};
      } else if (option == "MAXLEASE") {
        policy.lease_max = Millis{number(words[i++])};
      } else if (option == "MAXATTEMPTS") {
        policy.attempts_max = static_cast<uint32_t>(number(words[i++]));
      } else if (option == "BACKOFF") {
        const std::string_view kind = words[i++];
        policy.backoff = {.kind = Backoff::Kind::kNone, .base = Millis{0}, .cap = Millis{0}};
        if (kind == "FIXED") policy.backoff.kind = Backoff::Kind::kFixed;
        if (kind == "LINEAR") policy.backoff.kind = Backoff::Kind::kLinear;
        if (kind == "EXP") policy.backoff.kind = Backoff::Kind::kExponential;
        if (kind != "NONE") policy.backoff.base = Millis{number(words[i++])};
        if (kind == "LINEAR" || kind == "EXP") policy.backoff.cap = Millis{number(words[i++])};
      } else if (option == "JITTER") {
        policy.backoff.jitter_percent = static_cast<uint32_t>(number(words[i++]));
      } else if (option == "DEADLETTER") {
        policy.dead_letter = std::string(words[i++]);
      } else if (option == "DEADMAXLEN") {
        policy.dead_letters_max = static_cast<uint64_t>(number(words[i++]));
      } else if (option == "HEAD") {
        policy.head = words[i++] == "LEFT" ? Side::kLeft : Side::kRight;
      } else if (option == "PAUSE") {
        const std::string_view pause = words[i++];
        for (const Pause each : {Pause::kNone, Pause::kIn, Pause::kOut, Pause::kAll}) {
          if (pause_word(each) == pause) policy.pause = each;
        }
      } else if (option == "MAXLEASED") {
        policy.leased_max = static_cast<uint64_t>(number(words[i++]));
      } else if (option == "MAXLEN") {
        policy.length_max = static_cast<uint64_t>(number(words[i++]));
      } else if (option == "OVERFLOW") {
        policy.overflow = words[i++] == "DROP" ? Overflow::kDrop : Overflow::kReject;
      } else if (option == "TTL") {
        policy.ttl = Millis{number(words[i++])};
      } else if (option == "AGING") {
        policy.aging = Millis{number(words[i++])};
      } else if (option == "RATE") {
        policy.rate.deliveries = static_cast<uint32_t>(number(words[i++]));
        policy.rate.window = Millis{number(words[i++])};
      } else {
        FAIL("a policy option that this test does not know: " << option);
      }
    }
    return policy;
  }

  Stream& stream(std::string_view key) {
    Entry* entry = engine_.keyspace.find_for_write(db_, key);
    return (entry == nullptr ? engine_.keyspace.insert_stream(db_, key) : *entry).stream();
  }

  Engine& engine_;
  const Stamp stamp_;
  int db_ = 0;
};

// An engine rebuilt from a dump of `engine`, at a later time than anything in it happened.
inline std::unique_ptr<Engine> restored(Engine& engine, UnixMs now) {
  auto copy = std::make_unique<Engine>();
  Restorer restorer(*copy, Stamp{.sequence = 1, .now = now + Millis{12'345}, .entropy = 99});
  engine.queues.dump(restorer);
  Snapshot snapshot(engine.keyspace, restorer);
  while (!snapshot.step(1'000))
    ;
  return copy;
}

// Runs operations under stamps, remembers them, and at its end compares three ways to the same state.
class Recording {
 public:
  using Operation = std::function<void(Engine&, const Stamp&)>;

  explicit Recording(UnixMs start = UnixMs{1'000'000}, uint64_t seed = 7) : now_(start), seed_(seed) {}
  ~Recording() {
    if (std::uncaught_exceptions() == 0) check_replay();
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  Engine& engine() { return *engine_; }
  UnixMs now() const { return now_; }
  void set_now(UnixMs now) {
    REQUIRE(now >= now_);
    now_ = now;
  }

  // Runs it now, and again in the replay.
  void run(Operation operation) {
    const Stamp stamp{.sequence = log_.size() + 1, .now = now_, .entropy = mix(seed_ ^ log_.size())};
    engine_->events.clear();
    engine_->queues.set_now(stamp.now);
    operation(*engine_, stamp);
    log_.emplace_back(stamp, std::move(operation));
  }

  void check_replay() {
    engine_->check_invariants();
    const std::string digest = engine_->digest();
    Engine replayed;
    for (const auto& [stamp, operation] : log_) {
      replayed.queues.set_now(stamp.now);
      operation(replayed, stamp);
    }
    CHECK_THAT(replayed.digest(), Catch::Equals(digest));
    const auto copy = restored(*engine_, now_);
    copy->check_invariants();
    CHECK_THAT(copy->digest(), Catch::Equals(digest));
  }

 private:
  UnixMs now_;
  uint64_t seed_;
  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>();
  std::vector<std::pair<Stamp, Operation>> log_;
};

}  // namespace sluice::testing
