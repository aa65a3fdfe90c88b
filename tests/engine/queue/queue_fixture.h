// SPDX-License-Identifier: MIT
//
// One queue, "jobs", and short words for what can be done to it. Each call is one command under its stamp; at
// the end the whole recording is replayed and dumped (queue_engine.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/engine/queue/queue_engine.h"

namespace sluice::testing {

inline constexpr int kDone = 1;
inline constexpr int kRefused = 0;
inline constexpr int kNoSuchMessage = -1;

struct Taken {
  std::string key;
  Handle handle;
  std::string payload;
  uint32_t attempts = 0;
  UnixMs deadline;
};

// No waits between attempts are cut, so that tests can name times.
inline Policy steady_policy() {
  Policy policy;
  policy.backoff.jitter_percent = 0;
  return policy;
}

class QueueFixture {
 public:
  explicit QueueFixture(const Policy& policy = steady_policy(), std::string key = "jobs")
      : key_(std::move(key)) {
    set_policy(policy);
  }

  Engine& engine() { return recording_.engine(); }
  Recording& recording() { return recording_; }
  UnixMs now() const { return recording_.now(); }

  void set_policy(const Policy& policy) {
    recording_.run([policy, key = key_](Engine& engine, const Stamp& stamp) {
      REQUIRE(engine.queues.set_policy(engine.context(stamp), key, policy).ok());
    });
  }
  void reset_policy() {
    recording_.run([key = key_](Engine& engine, const Stamp& stamp) {
      REQUIRE(engine.queues.reset_policy(engine.context(stamp), key).ok());
    });
  }

  StreamId add(std::string payload, std::optional<Millis> delay = std::nullopt) {
    StreamId id;
    recording_.run([=, live = live_, &id, key = key_](Engine& engine, const Stamp& stamp) {
      QueueSystem::Add options;
      if (delay) options.due = stamp.now + *delay;
      const auto added = engine.queues.add(engine.context(stamp), key, options, payload);
      REQUIRE((added.ok() && added.value().kind == QueueSystem::Added::Kind::kAdded));
      if (&engine == live) id = added.value().id;
    });
    return id;
  }
  void push(Side side, std::string bytes) {
    recording_.run(
        [=, key = key_](Engine& engine, const Stamp& stamp) { engine.push(stamp, key, side, bytes); });
  }
  // What LPUSH does: the far end from the head.
  void push(std::string bytes) { push(Side::kLeft, std::move(bytes)); }
  std::string pop(Side side) {
    std::string popped;
    recording_.run([=, live = live_, &popped, key = key_](Engine& engine, const Stamp&) {
      ListValue& list = engine.keyspace.find_for_write(0, key)->list();
      const std::string bytes(list.peek(side));
      list.pop(side);
      engine.drop_if_empty(key);
      if (&engine == live) popped = bytes;
    });
    return popped;
  }
  // A list command on the value; what it does must depend on the value and the stamp only.
  void on_list(std::function<void(ListValue&, const Stamp&)> change) {
    recording_.run([=, key = key_](Engine& engine, const Stamp& stamp) {
      change(engine.keyspace.find_for_write(0, key)->list(), stamp);
      engine.drop_if_empty(key);
    });
  }

  std::vector<Taken> reserve(size_t count, std::vector<std::string> keys, std::string consumer = "w",
                             std::optional<Millis> lease = std::nullopt) {
    std::vector<Taken> taken;
    recording_.run([=, live = live_, &taken](Engine& engine, const Stamp& stamp) {
      const std::vector<std::string_view> names(keys.begin(), keys.end());
      const auto reserved =
          engine.queues.reserve(engine.context(stamp), names, {.count = count, .lease = lease}, consumer);
      REQUIRE(reserved.ok());
      if (&engine != live) return;
      for (const Reservation& one : reserved.value()) {
        taken.push_back({keys[one.key_index], one.message->handle(), std::string(one.message->payload()),
                         one.message->attempts, one.deadline});
      }
    });
    return taken;
  }
  std::vector<Taken> reserve(size_t count) { return reserve(count, {key_}); }
  // Requires that there is one.
  Taken take(std::optional<Millis> lease = std::nullopt, std::string consumer = "w") {
    const auto taken = reserve(1, {key_}, std::move(consumer), lease);
    REQUIRE(taken.size() == 1);
    return taken[0];
  }
  bool nothing_ready() { return reserve(1).empty(); }

  int ack(Handle handle) {
    return outcome([=](Engine& engine, const QueueContext& context, std::string_view key, auto& outcomes) {
      return engine.queues.ack(context, key, {&handle, 1}, outcomes);
    });
  }
  int nack(Handle handle, NackMode mode, std::optional<Millis> delay = std::nullopt,
           std::optional<std::string> reason = std::nullopt) {
    return outcome([=](Engine& engine, const QueueContext& context, std::string_view key, auto& outcomes) {
      Nack nack{.mode = mode, .delay = delay, .reason = {}};
      if (reason) nack.reason = *reason;
      return engine.queues.nack(context, key, {&handle, 1}, nack, outcomes);
    });
  }
  int fail(Handle handle, std::optional<Millis> delay = std::nullopt,
           std::optional<std::string> reason = std::nullopt) {
    return nack(handle, NackMode::kFail, delay, std::move(reason));
  }
  int extend(Handle handle, Millis lease) {
    return outcome([=](Engine& engine, const QueueContext& context, std::string_view key, auto& outcomes) {
      return engine.queues.extend(context, key, lease, {&handle, 1}, outcomes);
    });
  }
  int remove(StreamId id) {
    return outcome([=](Engine& engine, const QueueContext& context, std::string_view key, auto& outcomes) {
      return engine.queues.remove(context, key, {&id, 1}, outcomes);
    });
  }

  // Time passes; the server ticks on the way whenever a timer is due.
  void advance(Millis by) {
    const UnixMs end = now() + by;
    while (engine().queues.next_due() <= end.count) {
      recording_.set_now(std::max(now(), UnixMs{engine().queues.next_due()}));
      tick();
    }
    recording_.set_now(end);
  }
  // Time passes while nobody ticks.
  void sleep(Millis by) { recording_.set_now(now() + by); }
  size_t tick(size_t transitions_max = 1'000) {
    size_t fired = 0;
    recording_.run([=, live = live_, &fired](Engine& engine, const Stamp& stamp) {
      const size_t count = engine.queues.tick(engine.context(stamp), stamp.now, transitions_max);
      if (&engine == live) fired = count;
    });
    return fired;
  }
  size_t restart() {
    size_t changed = 0;
    recording_.run([=, live = live_, &changed](Engine& engine, const Stamp& stamp) {
      const size_t count = engine.queues.restart(engine.context(stamp));
      if (&engine == live) changed = count;
    });
    return changed;
  }
  void run(Recording::Operation operation) { recording_.run(std::move(operation)); }

  bool exists(std::string_view key) { return engine().keyspace.find(0, key) != nullptr; }
  bool exists() { return exists(key_); }
  Queue& queue() { return engine().keyspace.find_for_write(0, key_)->list().queue(); }
  const Message* message(StreamId id) { return exists() ? queue().find(id) : nullptr; }
  // "" if it is gone.
  std::string state(StreamId id) {
    const Message* found = message(id);
    if (found == nullptr) return "";
    if (found->dying) return "dying";
    switch (found->state) {
      case MessageState::kReady:
        return "ready";
      case MessageState::kDelayed:
        return "delayed";
      case MessageState::kLeased:
        return "leased";
      case MessageState::kParked:
        return "parked";
    }
    return "?";
  }
  // Ready payloads from left to right.
  std::vector<std::string> ready() {
    std::vector<std::string> payloads;
    if (!exists()) return payloads;
    const ListValue& list = engine().keyspace.find(0, key_)->list();
    list.for_each(0, list.size(), [&](std::string_view bytes) { payloads.emplace_back(bytes); });
    return payloads;
  }
  // Fields and values of the entries of a dead-letter stream, oldest first.
  std::vector<std::vector<std::string>> letters(std::string_view key = "jobs:dead") {
    std::vector<std::vector<std::string>> entries;
    const Entry* entry = engine().keyspace.find(0, key);
    if (entry == nullptr || entry->type() != ValueType::kStream) return entries;
    for (Stream::Cursor at = entry->stream().first(); !at.at_end(); at.next()) {
      std::vector<std::string>& words = entries.emplace_back();
      StreamFields fields = at.fields();
      while (fields.next()) {
        words.emplace_back(fields.field());
        words.emplace_back(fields.value());
      }
    }
    return entries;
  }
  static std::string field(const std::vector<std::string>& letter, std::string_view name) {
    for (size_t i = 0; i + 1 < letter.size(); i += 2) {
      if (letter[i] == name) return letter[i + 1];
    }
    FAIL("no field " << name);
    return {};
  }

 private:
  template <typename Change>
  int outcome(Change change) {
    int result = 99;
    recording_.run([=, live = live_, &result, key = key_](Engine& engine, const Stamp& stamp) {
      QueueSystem::Outcomes outcomes;
      REQUIRE(change(engine, engine.context(stamp), key, outcomes).ok());
      REQUIRE(outcomes.size() == 1);
      if (&engine == live) result = static_cast<int>(outcomes[0]);
    });
    return result;
  }

  std::string key_;
  Recording recording_;
  // Operations tell by it the first run from the replay, which is after their callers are gone.
  const Engine* live_ = &recording_.engine();
};

}  // namespace sluice::testing
