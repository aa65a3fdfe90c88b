// SPDX-License-Identifier: MIT
//
// Random commands to the engine and to the naive model of queue_model.h. After each, both must have answered
// the same and hold the same; at the end the commands are replayed, and the state is dumped and restored.
#include "tests/model/queue_model.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/engine/queue/queue_engine.h"

using namespace sluice;

namespace {

// Of each seed. SLUICE_MODEL_STEPS sets another number, SLUICE_MODEL_SEED one seed alone.
constexpr int kSteps = 26'000;

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Comparison {
 public:
  explicit Comparison(uint64_t seed) : random_(seed), recording_(UnixMs{1'000'000}, seed) {}

  void step() {
    struct Choice {
      int weight;
      void (Comparison::*run)();
    };
    static constexpr Choice kChoices[] = {
        {14, &Comparison::add},
        {8, &Comparison::push},
        {6, &Comparison::pop},
        {20, &Comparison::reserve},
        {14, &Comparison::ack},
        {14, &Comparison::nack},
        {6, &Comparison::extend},
        {3, &Comparison::remove},
        {16, &Comparison::tick},
        {2, &Comparison::change_list},
        {2, &Comparison::set_policy},
        {1, &Comparison::restart},
        {1, &Comparison::block_dead_letters},
        {1, &Comparison::end_key},
        {2, &Comparison::untie},
        {2, &Comparison::redrive},
    };
    int total = 0;
    for (const Choice& choice : kChoices)
      total += choice.weight;
    int left = below(total);
    for (const Choice& choice : kChoices) {
      left -= choice.weight;
      if (left >= 0) continue;
      (this->*choice.run)();
      break;
    }
    // Most commands share a millisecond; sometimes much time passes at once.
    if (below(4) == 0)
      recording_.set_now(recording_.now() + Millis{below(40) == 0 ? below(100'000) : below(60)});
    compare();
  }

  void finish() { recording_.check_replay(); }

 private:
  using Engine = testing::Engine;

  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  std::string any_key() { return std::string(1, static_cast<char>('a' + below(3))); }
  std::string any_payload() {
    return std::string(static_cast<size_t>(below(30)), static_cast<char>('A' + below(26)));
  }
  std::optional<int64_t> any_delay() {
    if (below(3) > 0) return std::nullopt;
    return below(200);
  }
  Handle any_handle() {
    if (handles_.empty() || below(50) == 0) return {{static_cast<uint64_t>(below(100)), 0}, 1};
    // Mostly one of the latest: the others are long gone.
    const int recent = std::min<int>(static_cast<int>(handles_.size()), 20);
    Handle handle = handles_[handles_.size() - 1 - static_cast<size_t>(below(recent))];
    if (below(20) == 0) handle.deliveries += static_cast<uint32_t>(below(3)) - 1;
    return handle;
  }
  std::string key_of(const Handle& handle) {
    for (auto& [key, queue] : model_.queues) {
      if (model_.find(key, handle.id) != nullptr) return key;
    }
    return any_key();
  }

  // Runs it on the engine under a stamp, and gives the stamp to the model's turn.
  Stamp run(testing::Recording::Operation operation) {
    Stamp used;
    const Engine* live = &recording_.engine();
    recording_.run([&used, live, operation = std::move(operation)](Engine& engine, const Stamp& stamp) {
      if (&engine == live) used = stamp;
      operation(engine, stamp);
    });
    return used;
  }
  // An operation of the engine that answers something which the replay is not asked for.
  template <typename Answer>
  std::pair<Answer, Stamp> ask(std::function<Answer(Engine&, const Stamp&)> operation) {
    Answer answer{};
    const Engine* live = &recording_.engine();
    const Stamp stamp =
        run([&answer, live, operation = std::move(operation)](Engine& engine, const Stamp& at) {
          Answer given = operation(engine, at);
          if (&engine == live) answer = std::move(given);
        });
    return {answer, stamp};
  }

  // Long queues find nothing that short ones do not.
  bool is_long(const std::string& key) {
    const auto found = model_.queues.find(key);
    return found != model_.queues.end() && found->second.size() > 40;
  }

  model::Add any_addition() {
    model::Add how;
    how.delay = any_delay();
    if (below(3) == 0) how.lane = below(10);
    if (below(5) == 0) how.ttl = 1 + below(400);
    if (below(4) == 0) {
      how.token = std::string(1, static_cast<char>('t' + below(4)));
      how.until_start = below(2) == 0;
      how.window = below(2) == 0 ? 0 : below(300);
    }
    if (below(3) == 0) how.group = std::string(1, static_cast<char>('g' + below(3)));
    return how;
  }

  void add() {
    const std::string key = any_key();
    if (is_long(key)) return end_key();
    const std::string payload = any_payload();
    const model::Add how = any_addition();
    using Answer = std::pair<char, StreamId>;
    const auto [answer, stamp] = ask<Answer>([=](Engine& engine, const Stamp& at) {
      QueueSystem::Add options;
      if (how.delay) options.due = at.now + Millis{*how.delay};
      options.lane = how.lane;
      if (how.ttl) options.ttl = Millis{*how.ttl};
      options.token = how.token;
      options.token_until_start = how.until_start;
      options.token_window = Millis{how.window};
      options.group = how.group;
      const auto added = engine.queues.add(engine.context(at), key, options, payload).value();
      return Answer{"ADNRT"[static_cast<size_t>(added.kind)], added.id};
    });
    REQUIRE(model_.add(key, payload, how, stamp) == answer);
  }

  void push() {
    const std::string key = any_key();
    if (is_long(key)) return end_key();
    const std::string payload = any_payload();
    const bool left = below(3) > 0;
    const auto [pushed, stamp] = ask<bool>([=](Engine& engine, const Stamp& at) {
      if (engine.queues.admit(engine.context(at), key, 1).kind != Admission::Kind::kFree) return false;
      engine.push(at, key, left ? Side::kLeft : Side::kRight, payload);
      return true;
    });
    REQUIRE(model_.push(key, left, payload, stamp) == pushed);
  }

  size_t ready(const std::string& key) {
    const auto found = model_.queues.find(key);
    return found == model_.queues.end() ? 0 : found->second.ready();
  }

  void pop() {
    const std::string key = any_key();
    if (ready(key) == 0) return;
    const bool left = below(2) == 0;
    const auto [payload, stamp] = ask<std::string>([=](Engine& engine, const Stamp&) {
      ListValue& list = engine.keyspace.find_for_write(0, key)->list();
      const Side side = left ? Side::kLeft : Side::kRight;
      std::string popped(list.peek(side));
      list.pop(side);
      engine.drop_if_empty(key);
      return popped;
    });
    REQUIRE(model_.pop(key, left, stamp) == payload);
  }

  void change_list() {
    const std::string key = any_key();
    const size_t size = ready(key);
    if (size == 0) return;
    const auto index = static_cast<size_t>(below(static_cast<int>(size)));
    const auto count = 1 + static_cast<size_t>(below(static_cast<int>(size - index)));
    const std::string payload = any_payload();
    const int kind = below(3);
    const Stamp stamp = run([=](Engine& engine, const Stamp& at) {
      ListValue& list = engine.keyspace.find_for_write(0, key)->list();
      if (kind == 0) list.set(index, payload);
      if (kind == 1) list.insert(index, payload, at);
      if (kind == 2) list.erase(index, count);
      engine.drop_if_empty(key);
    });
    if (kind == 0) model_.set(key, index, payload, stamp);
    if (kind == 1) model_.insert(key, index, payload, stamp);
    if (kind == 2) model_.erase(key, index, count, stamp);
  }

  void reserve() {
    std::vector<std::string> keys;
    for (int i = 1 + below(3); i > 0; --i)
      keys.push_back(any_key());
    const auto count = static_cast<size_t>(1 + below(3));
    const auto lease = below(2) == 0 ? std::optional<int64_t>(1 + below(100)) : std::nullopt;
    const std::string consumer = "w" + std::to_string(below(4));
    const bool fair = below(3) == 0;
    const bool tied = below(4) == 0;
    const auto [reserved, stamp] = ask<std::vector<model::Reserved>>([=](Engine& engine, const Stamp& at) {
      const std::vector<std::string_view> names(keys.begin(), keys.end());
      const auto span = lease ? std::optional(Millis{*lease}) : std::nullopt;
      const auto result = engine.queues.reserve(
          engine.context(at), names, {.count = count, .lease = span, .fair = fair, .tied = tied}, consumer);
      std::vector<model::Reserved> answer;
      for (const Reservation& one : result.value()) {
        answer.push_back({keys[one.key_index], one.message->handle(), std::string(one.message->payload()),
                          one.message->attempts, one.deadline.count});
      }
      return answer;
    });
    REQUIRE(model_.reserve(keys, count, lease, fair, tied, consumer, stamp) == reserved);
    for (const model::Reserved& one : reserved)
      handles_.push_back(one.handle);
  }

  using Change = std::function<Result<bool>(Engine&, const QueueContext&, QueueSystem::Outcomes&)>;
  std::pair<int, Stamp> outcome(Change change) {
    return ask<int>([change = std::move(change)](Engine& engine, const Stamp& at) {
      QueueSystem::Outcomes outcomes;
      const bool changed = change(engine, engine.context(at), outcomes).value();
      REQUIRE(outcomes.size() == 1);
      REQUIRE(changed == (outcomes[0] == Queue::Outcome::kDone));
      return static_cast<int>(outcomes[0]);
    });
  }

  void ack() {
    const Handle handle = any_handle();
    const std::string key = key_of(handle);
    const auto [answer, stamp] = outcome([=](Engine& engine, const QueueContext& context, auto& outcomes) {
      return engine.queues.ack(context, key, {&handle, 1}, outcomes);
    });
    REQUIRE(model_.ack(key, handle, stamp) == answer);
    if (answer == 1) REQUIRE(acked_.insert({handle.id.ms, handle.id.seq}).second);
  }

  void nack() {
    const Handle handle = any_handle();
    const std::string key = key_of(handle);
    const char mode = "SFFFFX"[below(6)];
    const auto delay = mode == 'X' ? std::nullopt : any_delay();
    const auto reason =
        below(2) == 0 ? std::optional(std::string(static_cast<size_t>(below(8)), 'r')) : std::nullopt;
    const auto [answer, stamp] = outcome([=](Engine& engine, const QueueContext& context, auto& outcomes) {
      Nack nack{.mode = NackMode::kFail, .delay = {}, .reason = {}};
      if (mode == 'S') nack.mode = NackMode::kSilent;
      if (mode == 'X') nack.mode = NackMode::kFatal;
      if (delay) nack.delay = Millis{*delay};
      if (reason) nack.reason = *reason;
      return engine.queues.nack(context, key, {&handle, 1}, nack, outcomes);
    });
    REQUIRE(model_.nack(key, handle, mode, delay, reason, stamp) == answer);
  }

  void extend() {
    const Handle handle = any_handle();
    const std::string key = key_of(handle);
    const int64_t lease = below(150);
    const auto [answer, stamp] = outcome([=](Engine& engine, const QueueContext& context, auto& outcomes) {
      return engine.queues.extend(context, key, Millis{lease}, {&handle, 1}, outcomes);
    });
    REQUIRE(model_.extend(key, handle, lease, stamp) == answer);
  }

  void remove() {
    const Handle handle = any_handle();
    const std::string key = key_of(handle);
    const auto [answer, stamp] = outcome([=](Engine& engine, const QueueContext& context, auto& outcomes) {
      return engine.queues.remove(context, key, {&handle.id, 1}, outcomes);
    });
    REQUIRE(model_.remove(key, handle.id, stamp) == answer);
  }

  void untie() {
    const Handle handle = any_handle();
    const std::string key = key_of(handle);
    const auto [ended, stamp] = ask<size_t>([=](Engine& engine, const Stamp& at) {
      return engine.queues.untie(engine.context(at), key, {&handle, 1});
    });
    REQUIRE((model_.untie(key, handle, stamp) ? 1u : 0u) == ended);
  }

  // Some letters, the oldest first, go back to their queues.
  void redrive() {
    const std::string names[] = {"a:dead", "b:dead", "c:dead", "graves"};
    const std::string dlq = names[below(4)];
    // A queue that drops may trim the stream that it is fed from.
    for (const auto& [key, policy] : model_.policies) {
      if (policy.overflow == Overflow::kDrop) return;
    }
    const Entry* entry = recording_.engine().keyspace.find(0, dlq);
    if (entry == nullptr || entry->type() != ValueType::kStream) return;
    const auto count = static_cast<size_t>(1 + below(3));
    const int64_t spread = below(2) == 0 ? 0 : below(200);
    std::vector<StreamId> ids;
    for (Stream::Cursor at = entry->stream().first(); !at.at_end() && ids.size() < count; at.next())
      ids.push_back(at.id());
    const auto [moved, stamp] = ask<size_t>([=](Engine& engine, const Stamp& at) {
      Redrive options;
      options.count = count;
      options.spread = Millis{spread};
      return engine.queues.redrive(engine.context(at), dlq, options).value().moved;
    });
    REQUIRE(model_.redrive(dlq, ids, spread, stamp) == moved);
  }

  void tick() {
    const auto most = static_cast<size_t>(1 + below(8));
    const auto [fired, stamp] = ask<size_t>([=](Engine& engine, const Stamp& at) {
      return engine.queues.tick(engine.context(at), at.now, most);
    });
    REQUIRE(model_.tick(stamp.now.count, most, stamp) == fired);
  }

  void restart() {
    const auto [changed, stamp] = ask<size_t>(
        [](Engine& engine, const Stamp& at) { return engine.queues.restart(engine.context(at)); });
    REQUIRE(model_.restart(stamp) == changed);
    account_anew();
  }

  void set_policy() {
    const std::string key = any_key();
    if (below(5) == 0) {
      const bool had = model_.policies.count(key) > 0;
      const Stamp at_reset = run([=](Engine& engine, const Stamp& at) {
        REQUIRE(engine.queues.reset_policy(engine.context(at), key).ok());
      });
      if (had) model_.set_policy(key, std::nullopt, at_reset);
      return;
    }
    Policy policy;
    policy.lease = Millis{1 + below(200)};
    policy.lease_max = Millis{below(3) == 0 ? 50 + below(300) : 0};
    policy.attempts_max = static_cast<uint32_t>(below(5));
    policy.backoff.kind = static_cast<Backoff::Kind>(below(4));
    policy.backoff.base = Millis{below(50)};
    policy.backoff.cap = policy.backoff.base + Millis{below(200)};
    policy.backoff.jitter_percent = static_cast<uint32_t>(below(101));
    if (policy.backoff.kind == Backoff::Kind::kNone) policy.backoff.base = Millis{0};
    if (policy.backoff.kind == Backoff::Kind::kNone || policy.backoff.kind == Backoff::Kind::kFixed) {
      policy.backoff.cap = Millis{0};
    }
    const std::string targets[] = {"", "graves", key + ":dead"};
    if (below(2) == 0) policy.dead_letter = targets[below(3)];
    policy.dead_letters_max = static_cast<uint64_t>(below(4));
    policy.head = below(4) == 0 ? Side::kLeft : Side::kRight;
    if (below(5) == 0) policy.pause = static_cast<Pause>(below(4));
    if (below(3) == 0) policy.leased_max = static_cast<uint64_t>(1 + below(4));
    if (below(3) == 0) policy.length_max = static_cast<uint64_t>(1 + below(12));
    policy.overflow = below(2) == 0 ? Overflow::kDrop : Overflow::kReject;
    if (below(3) == 0) policy.ttl = Millis{1 + below(300)};
    if (below(3) == 0) policy.aging = Millis{1 + below(100)};
    if (below(3) == 0) policy.rate = {static_cast<uint32_t>(1 + below(3)), Millis{1 + below(100)}};
    const Stamp stamp = run([=](Engine& engine, const Stamp& at) {
      REQUIRE(engine.queues.set_policy(engine.context(at), key, policy).ok());
    });
    model_.set_policy(key, policy, stamp);
  }

  // Puts a text where dead letters go, or takes it away.
  void block_dead_letters() {
    const std::string names[] = {"a:dead", "b:dead", "c:dead", "graves"};
    const std::string name = names[below(4)];
    const bool block = !model_.blocked[name] && below(2) == 0;
    run([=](Engine& engine, const Stamp&) {
      const Entry* entry = engine.keyspace.find(0, name);
      if (entry != nullptr) engine.keyspace.erase(*entry);
      if (block) engine.keyspace.set_string(0, name, "in the way");
    });
    model_.blocked[name] = block;
    model_.streams.erase(name);
  }

  void end_key() {
    const std::string key = any_key();
    run([=](Engine& engine, const Stamp&) {
      const Entry* entry = engine.keyspace.find(0, key);
      if (entry != nullptr) engine.keyspace.erase(*entry);
      engine.queues.drop_tokens(0, key);
    });
    model_.end_key(key);
    model_.drop_tokens(key);
    account_anew();
  }

  // --- Comparing

  void compare() {
    Engine& engine = recording_.engine();
    engine.check_invariants();
    for (const char* key : {"a", "b", "c"}) {
      const Entry* entry = engine.keyspace.find(0, key);
      const auto expected = model_.queues.find(key);
      REQUIRE((entry != nullptr) == (expected != model_.queues.end()));
      if (entry != nullptr) compare_list(entry->list(), key, expected->second);
    }
    REQUIRE(engine.queues.tokens().loose() == model_.loose.size());
    for (const auto& [name, loose] : model_.loose)
      REQUIRE(engine.queues.tokens().find(0, name.first, name.second) == loose.id);
    for (const char* key : {"a:dead", "b:dead", "c:dead", "graves"})
      compare_letters(engine, key);
    compare_totals(engine);
  }

  // Section 7: what came in is there, or has left by a door that counts.
  void compare_totals(const Engine& engine) {
    const QueueTotals& totals = engine.queues.totals();
    const uint64_t in = totals.added + totals.redriven;
    const uint64_t out = totals.acked + totals.died + totals.discarded + totals.deleted + totals.popped;
    REQUIRE(in - out + unaccounted_ == engine.queues.depth().total());
  }
  // Ending a key counts nothing, and a start counts from 0.
  void account_anew() {
    const QueueTotals& totals = recording_.engine().queues.totals();
    unaccounted_ = recording_.engine().queues.depth().total() - (totals.added + totals.redriven) +
                   totals.acked + totals.died + totals.discarded + totals.deleted + totals.popped;
  }

  // From left to right.
  template <typename Visit>
  static void for_each_ready(const Queue& queue, const Visit& visit) {
    std::vector<const Lane*> lanes;
    queue.lanes().for_each_lane([&lanes](int, const Lane& lane) { lanes.push_back(&lane); });
    if (queue.policy().head == Side::kLeft) std::reverse(lanes.begin(), lanes.end());
    for (const Lane* lane : lanes)
      lane->for_each(visit);
  }

  void compare_list(const ListValue& list, const std::string& key, const model::Queue& expected) {
    const std::vector<model::Message*> expected_ready = model_.view(key);
    REQUIRE(list.size() == expected_ready.size());
    size_t at = 0;
    list.for_each(0, list.size(),
                  [&](std::string_view bytes) { REQUIRE(bytes == expected_ready[at++]->payload); });
    REQUIRE(list.is_queue() == expected.is_queue);
    if (!list.is_queue()) return;
    const Queue& queue = list.queue();
    size_t with_id = 0;
    at = 0;
    for_each_ready(queue, [&](const ReadyElement& element) {
      const model::Message& wanted = *expected_ready[at++];
      REQUIRE(element.since.count == wanted.since);
      REQUIRE((element.message != nullptr) == wanted.id.has_value());
      if (element.message == nullptr) return;
      ++with_id;
      compare_message(queue, *element.message, wanted);
    });
    for (const model::Message& wanted : expected.others) {
      const Message* message = queue.find(*wanted.id);
      REQUIRE(message != nullptr);
      compare_message(queue, *message, wanted);
    }
    size_t messages = 0;
    queue.for_each_message([&messages](const Message&) { ++messages; });
    REQUIRE(messages == with_id + expected.others.size());
    compare_ages(queue, expected);
  }

  static void compare_message(const Queue& queue, const Message& message, const model::Message& wanted) {
    const char state = message.dying                             ? 'X'
                       : message.state == MessageState::kReady   ? 'R'
                       : message.state == MessageState::kDelayed ? 'D'
                       : message.state == MessageState::kParked  ? 'P'
                                                                 : 'L';
    REQUIRE(state == wanted.state);
    const bool timed = (state != 'R' && state != 'P') || wanted.expires.has_value();
    REQUIRE(message.armed() == timed);
    if (timed) REQUIRE(queue.timer_when(message).count == wanted.when);
    if (timed) REQUIRE(queue.timer_order(message) == wanted.arming);
    const MessageTraits traits = message.traits();
    REQUIRE(message.lane == wanted.lane);
    REQUIRE(traits.expires.has_value() == wanted.expires.has_value());
    if (wanted.expires) REQUIRE(traits.expires->count == *wanted.expires);
    REQUIRE(queue.group_name(message) == wanted.group.value_or(""));
    REQUIRE(message.token_held == !wanted.token.empty());
    if (message.token_held) REQUIRE(traits.token == wanted.token);
    REQUIRE(message.tied == wanted.tied);
    REQUIRE((message.has_notes ? message.notes->redriven : 0) == wanted.redriven);
    REQUIRE(message.id() == wanted.id);
    REQUIRE(message.payload() == wanted.payload);
    REQUIRE(message.deliveries == wanted.deliveries);
    REQUIRE(message.attempts == wanted.attempts);
    REQUIRE(message.open == wanted.open);
    REQUIRE(message.added().count == wanted.added);
    REQUIRE(message.reason() == wanted.reason);
    REQUIRE(queue.consumer_name(message) == wanted.consumer);
    if (wanted.failed_last != 0) REQUIRE(message.notes->failed_first.count == wanted.failed_first);
    if (wanted.failed_last != 0) REQUIRE(message.notes->failed_last.count == wanted.failed_last);
  }

  static void compare_ages(const Queue& queue, const model::Queue& expected) {
    std::optional<int64_t> oldest_ready;
    for_each_ready(queue, [&](const ReadyElement& element) {
      oldest_ready = std::min(oldest_ready.value_or(INT64_MAX), element.since.count);
    });
    std::optional<int64_t> oldest_leased;
    std::optional<int64_t> next_due;
    std::set<std::string> holders;
    for (const model::Message& message : expected.others) {
      if (message.state == 'L') {
        oldest_leased = std::min(oldest_leased.value_or(INT64_MAX), message.reserved_at);
        holders.insert(message.consumer);
      } else if (message.state != 'P') {
        next_due = std::min(next_due.value_or(INT64_MAX), message.when);
      }
    }
    REQUIRE(queue.oldest_ready().has_value() == oldest_ready.has_value());
    if (oldest_ready) REQUIRE(queue.oldest_ready()->count == *oldest_ready);
    REQUIRE(queue.oldest_leased().has_value() == oldest_leased.has_value());
    if (oldest_leased) REQUIRE(queue.oldest_leased()->count == *oldest_leased);
    REQUIRE(queue.next_due().has_value() == next_due.has_value());
    if (next_due) REQUIRE(queue.next_due()->count == *next_due);
    REQUIRE(queue.consumers.holding() == holders.size());
  }

  void compare_letters(Engine& engine, const std::string& key) {
    const Entry* entry = engine.keyspace.find(0, key);
    const std::vector<model::Letter>& expected = model_.streams[key];
    const bool is_stream = entry != nullptr && entry->type() == ValueType::kStream;
    REQUIRE((is_stream ? entry->stream().length() : 0) == expected.size());
    if (expected.empty()) return;
    // The others were compared when they were the newest.
    std::map<std::string, std::string> fields;
    StreamFields each = entry->stream().last().fields();
    while (each.next())
      fields[std::string(each.field())] = std::string(each.value());
    const model::Letter& wanted = expected.back();
    REQUIRE(fields["dlq.source"] == wanted.source);
    REQUIRE(fields["dlq.id"] == wanted.id);
    REQUIRE(fields["dlq.reason"] == wanted.reason);
    REQUIRE(fields["dlq.error"] == wanted.error);
    REQUIRE(fields["dlq.consumer"] == wanted.consumer);
    REQUIRE(fields["dlq.attempts"] == std::to_string(wanted.attempts));
    REQUIRE(fields["dlq.deliveries"] == std::to_string(wanted.deliveries));
    REQUIRE(fields["dlq.added"] == std::to_string(wanted.added));
    REQUIRE(fields["dlq.first"] == std::to_string(wanted.first));
    REQUIRE(fields["dlq.last"] == std::to_string(wanted.last));
    REQUIRE(fields["dlq.redriven"] == std::to_string(wanted.redriven));
    REQUIRE(fields["payload"] == wanted.payload);
  }

  std::mt19937_64 random_;
  testing::Recording recording_;
  model::Queues model_;
  uint64_t unaccounted_ = 0;  // may be below 0: it wraps as the difference does
  std::vector<Handle> handles_;
  std::set<std::pair<uint64_t, uint64_t>> acked_;
};

}  // namespace

TEST_CASE("random commands leave the engine and the naive model in the same state", "[queue][model]") {
  const uint64_t steps = from_environment("SLUICE_MODEL_STEPS", kSteps);
  const uint64_t only = from_environment("SLUICE_MODEL_SEED", 0);
  const uint64_t number = GENERATE(1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u);
  if (only != 0 && number != 1) return;
  const uint64_t seed = only != 0 ? only : number;
  INFO("seed " << seed);
  Comparison comparison(seed);
  for (uint64_t i = 0; i < steps; ++i) {
    CAPTURE(i);
    comparison.step();
  }
  comparison.finish();
}
