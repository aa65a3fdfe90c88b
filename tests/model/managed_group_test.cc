// SPDX-License-Identifier: MIT
//
// Random commands to a whole server and to the naive model of managed_group_model.h: a stream whose three groups get
// and lose policies, clients that wait, time that passes, a dead-letter key that is in the way, rewrites, and a process
// that dies between two turns or in the middle of one. After each step both have answered alike and hold the same, and
// the invariants of the engine hold; again and again the log, and a rewritten one, load to the same digest.
#include "tests/model/managed_group_model.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "engine/queue/managed_group.h"
#include "engine/queue/policy_words.h"
#include "engine/stream.h"
#include "protocol/request_encoder.h"
#include "tests/support/resp_decoder.h"
#include "tests/support/server_fixture.h"

namespace model = sluice::managed_model;
using namespace sluice;
using sluice::test::bulk;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

// Of each seed. SLUICE_MODEL_STEPS sets another number, SLUICE_MODEL_SEED one seed alone.
constexpr uint64_t kSteps = 4'000;
constexpr size_t kWaitersMax = 3;
// So often a log and a rewritten one are loaded; the live one is rewritten as well, or it would grow for ever.
constexpr int kStepsBetweenLoads = 500;

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

using Words = std::vector<std::string>;

std::string text(StreamId id) {
  return std::to_string(id.ms) + "-" + std::to_string(id.seq);
}
std::string array(const std::vector<std::string>& parts) {
  std::string shown = "*" + std::to_string(parts.size());
  for (const std::string& part : parts)
    shown += " " + part;
  return shown;
}
std::string joined(const Words& words) {
  std::string line;
  for (const std::string& word : words)
    line += (line.empty() ? "" : " ") + (word.empty() ? "\"\"" : word);
  return line;
}

class Comparison {
 public:
  explicit Comparison(uint64_t seed) : random_(seed) {
    fixture_ = std::make_unique<ServerFixture>(test::Directives{{"appendfsync", "always"}});
    client_ = &fixture_->client();
    model_.now = now();
  }

  void step() {
    ++steps_;
    pass_time();
    static constexpr struct {
      int weight;
      void (Comparison::*run)();
    } kChoices[] = {
        {24, &Comparison::add},         {5, &Comparison::create_group}, {26, &Comparison::read_new},
        {5, &Comparison::read_history}, {12, &Comparison::acknowledge}, {7, &Comparison::claim},
        {4, &Comparison::claim_range},  {16, &Comparison::give_back},   {4, &Comparison::remove},
        {5, &Comparison::remove_with},  {3, &Comparison::trim},         {2, &Comparison::move_group},
        {1, &Comparison::end_group},    {2, &Comparison::end_consumer}, {5, &Comparison::set_policy},
        {5, &Comparison::redrive},      {4, &Comparison::wait},         {2, &Comparison::block_letters},
        {1, &Comparison::end_stream},   {2, &Comparison::look},         {1, &Comparison::die}};
    int total = 0;
    for (const auto& choice : kChoices)
      total += choice.weight;
    int left = below(total);
    for (const auto& choice : kChoices) {
      left -= choice.weight;
      if (left >= 0) continue;
      (this->*choice.run)();
      break;
    }
    serve_waiters();
    compare();
    if (steps_ % kStepsBetweenLoads == 0) load_logs();
  }

 private:
  struct Waiter {
    TestClient* client;
    std::string group;
    std::string consumer;
    uint64_t count;
    bool keeps;
  };

  // --- Chance
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  bool one_in(int n) { return below(n) == 0; }
  int64_t now() { return fixture_->world().clock.time.count; }
  std::string any_group() { return std::string(1, static_cast<char>('g' + below(3))); }
  std::string any_consumer() { return std::string(1, static_cast<char>('a' + below(4))); }
  StreamId any_id() {
    if (ids_.empty()) return {1, 0};
    const size_t back = static_cast<size_t>(below(std::min<int>(25, static_cast<int>(ids_.size()))));
    const StreamId id = ids_[ids_.size() - 1 - back];
    return one_in(25) ? StreamId{id.ms, id.seq + 1} : id;
  }
  // Mostly pending ones.
  StreamId any_pending(const std::string& name) {
    const model::Group* const group = model_.find(name);
    if (group == nullptr || group->pending.empty() || one_in(4)) return any_id();
    auto it = group->pending.begin();
    std::advance(it, below(static_cast<int>(group->pending.size())));
    return it->first;
  }
  model::Ids any_ids(const std::string& group) {
    model::Ids ids(static_cast<size_t>(1 + below(4)));
    for (StreamId& id : ids)
      id = any_pending(group);
    return ids;
  }

  // --- Asking
  std::string ask(const Words& words) {
    last_ = joined(words);
    ByteBuffer request;
    const bool in_transaction = one_in(8);
    const auto append = [&request](const Words& line) {
      const std::vector<std::string_view> views(line.begin(), line.end());
      protocol::append_request(request, views);
    };
    if (in_transaction) append({"MULTI"});
    append(words);
    if (in_transaction) append({"EXEC"});
    client_->send(request.view());
    if (!in_transaction) return client_->reply();
    REQUIRE(client_->reply() == "+OK");
    REQUIRE(client_->reply() == "+QUEUED");
    const std::string reply = client_->reply();
    REQUIRE(reply.substr(0, 3) == "*1 ");
    return reply.substr(3);
  }
  void expect(const Words& words, const std::string& reply) {
    const std::string got = ask(words);
    INFO("step " << steps_ << ": " << last_);
    REQUIRE(got == reply);
  }
  static Words with_ids(Words words, const model::Ids& ids) {
    for (const StreamId id : ids)
      words.push_back(text(id));
    return words;
  }
  std::string value_of(StreamId id) { return model_.entries.at(id); }
  std::string entry(StreamId id) { return "*2 " + bulk(text(id)) + " *2 $1 f " + bulk(value_of(id)); }
  static std::string no_group(const std::string& group, const std::string& in = "") {
    return "-NOGROUP No such key 's' or consumer group '" + group + "'" + in;
  }
  static std::string no_group_to_read(const std::string& group) {
    return no_group(group, " in XREADGROUP with GROUP option");
  }

  // --- The stream
  void add() {
    if (model_.entries.size() > 60) return trim();
    const int64_t ms = one_in(3) ? now() : static_cast<int64_t>(model_.last_id.ms);
    StreamId id{static_cast<uint64_t>(std::max<int64_t>(ms, 1)), 0};
    if (id.ms <= model_.last_id.ms) id = {model_.last_id.ms, model_.last_id.seq + 1};
    const std::string value = std::to_string(++values_);
    const bool trims = one_in(12);
    const int references = below(3);
    const size_t length = static_cast<size_t>(5 + below(50));
    Words words{"XADD", "s"};
    if (trims) words.insert(words.end(), {"MAXLEN", std::to_string(length), kReferences[references]});
    words.insert(words.end(), {text(id), "f", value});
    model_.add(id, value);
    if (trims) erase(model_.trimmed(length, references == 2), references == 1);
    ids_.push_back(id);
    if (ids_.size() > 100) ids_.pop_front();
    expect(words, bulk(text(id)));
  }
  void erase(const model::Ids& gone, bool with_references) {
    if (with_references) {
      for (const StreamId id : gone)
        model_.drop_references(id);
    }
    model_.erase(gone);
  }
  void trim() {
    const size_t length = static_cast<size_t>(below(40));
    const int references = below(3);
    const model::Ids gone = model_.trimmed(length, references == 2);
    erase(gone, references == 1);
    expect({"XTRIM", "s", "MAXLEN", std::to_string(length), kReferences[references]},
           ":" + std::to_string(gone.size()));
  }
  void remove() {
    const model::Ids ids = any_ids(any_group());
    size_t count = 0;
    for (const StreamId id : ids)
      count += model_.remove(id) ? 1 : 0;
    expect(with_ids({"XDEL", "s"}, ids), ":" + std::to_string(count));
  }
  // XDELEX or XACKDEL, the latter fenced now and then.
  void remove_with() {
    const int references = below(3);
    const bool acknowledges = one_in(2);
    const std::string name = any_group();
    const model::Ids ids = any_ids(name);
    const bool fenced = acknowledges && model_.policies.count(name) > 0 && one_in(2);
    const std::string consumer = any_consumer();
    Words words{"XDELEX", "s"};
    if (acknowledges) words = {"XACKDEL", "s", name};
    words.push_back(kReferences[references]);
    if (fenced) words.insert(words.end(), {"CONSUMER", consumer});
    words.insert(words.end(), {"IDS", std::to_string(ids.size())});
    std::vector<std::string> replied;
    for (const StreamId id : ids)
      replied.push_back(
          ":" + std::to_string(remove_one(name, id, references, acknowledges, fenced ? &consumer : nullptr)));
    expect(with_ids(words, ids), array(replied));
  }
  int remove_one(const std::string& name, StreamId id, int references, bool acknowledges,
                 const std::string* consumer) {
    model::Group* const group = model_.find(name);
    if (!model_.exists) return -1;
    if (acknowledges) {
      if (group == nullptr || group->pending.count(id) == 0) return -1;
      if (consumer != nullptr && model::World::holder(group->pending[id]) != *consumer) {
        ++group->totals.stale_acks;
        return 0;
      }
      model_.acknowledge(name, id);
    }
    if (references == 2 && model_.is_referenced(id)) return 2;
    if (references == 1) model_.drop_references(id);
    return model_.remove(id) || acknowledges ? 1 : -1;
  }
  void end_stream() {
    if (!one_in(8)) return;
    const bool all = one_in(2);
    const bool existed = model_.exists;
    model_.end_stream();
    ids_.clear();
    if (!all) return expect({"DEL", "s"}, existed ? ":1" : ":0");
    model_.streams.clear();
    model_.blocked.clear();
    expect({"FLUSHALL"}, "+OK");
  }

  // --- Groups
  void create_group() {
    const std::string name = any_group();
    if (model_.find(name) != nullptr)
      return expect({"XGROUP", "CREATE", "s", name, "0"}, "-BUSYGROUP Consumer Group name already exists");
    const StreamId from = one_in(2) ? StreamId{} : any_id();
    model_.exists = true;
    model_.groups[name].last_id = from;
    expect({"XGROUP", "CREATE", "s", name, text(from), "MKSTREAM"}, "+OK");
  }
  void move_group() {
    const std::string name = any_group();
    model::Group* const group = model_.find(name);
    // It wakes nobody, as in Redis.
    for (const Waiter& waiter : waiters_) {
      if (waiter.group == name) return;
    }
    if (group == nullptr) return;
    group->last_id = any_id();
    expect({"XGROUP", "SETID", "s", name, text(group->last_id)}, "+OK");
  }
  void end_group() {
    const std::string name = any_group();
    if (!one_in(3) || !model_.exists) return;
    expect({"XGROUP", "DESTROY", "s", name}, model_.groups.erase(name) == 1 ? ":1" : ":0");
  }
  void end_consumer() {
    const std::string name = any_group();
    const std::string consumer = any_consumer();
    if (model_.find(name) == nullptr) return;
    const size_t had = model_.end_consumer(name, consumer);
    expect({"XGROUP", "DELCONSUMER", "s", name, consumer}, ":" + std::to_string(had));
  }

  // --- Delivering
  struct Read {
    std::string group;
    std::string consumer;
    uint64_t count = 0;
    bool keeps = true;
    std::optional<int64_t> claim;
    Words words(bool blocks) const {
      Words words{"XREADGROUP", "GROUP", group, consumer};
      if (count > 0) words.insert(words.end(), {"COUNT", std::to_string(count)});
      if (blocks) words.insert(words.end(), {"BLOCK", "0"});
      if (claim) words.insert(words.end(), {"CLAIM", std::to_string(*claim)});
      if (!keeps) words.push_back("NOACK");
      words.insert(words.end(), {"STREAMS", "s", ">"});
      return words;
    }
  };
  Read any_read() {
    Read read{any_group(), any_consumer(), static_cast<uint64_t>(below(5)), !one_in(7), {}};
    if (one_in(4)) read.claim = one_in(3) ? 0 : below(300);
    return read;
  }
  // What the model reads, as a reply.
  std::string delivered(const Read& read) {
    const auto entries = model_.read(read.group, read.consumer, read.count, read.keeps, read.claim);
    if (entries.empty()) return "*-1";
    std::vector<std::string> parts;
    for (const model::Delivered& it : entries) {
      std::string part = entry(it.id);
      if (read.claim)
        part = "*4 " + part.substr(3) + " :" + std::to_string(it.idle) + " :" + std::to_string(it.before);
      parts.push_back(part);
    }
    return "*1 *2 $1 s " + array(parts);
  }
  void read_new() {
    const Read read = any_read();
    model::Group* const group = model_.find(read.group);
    if (group == nullptr) return expect(read.words(false), no_group_to_read(read.group));
    group->consumers.insert(read.consumer);
    const std::string reply = delivered(read);
    expect(read.words(false), reply);
  }
  void read_history() {
    const std::string name = any_group();
    const std::string consumer = any_consumer();
    const StreamId above = one_in(2) ? StreamId{} : any_id();
    const size_t count = static_cast<size_t>(1 + below(5));
    const Words words{"XREADGROUP",          "GROUP",   name, consumer,   "COUNT",
                      std::to_string(count), "STREAMS", "s",  text(above)};
    model::Group* const group = model_.find(name);
    if (group == nullptr) return expect(words, no_group_to_read(name));
    group->consumers.insert(consumer);
    std::vector<std::string> replied;
    for (auto it = group->pending.upper_bound(above); it != group->pending.end() && replied.size() < count;
         ++it) {
      if (it->second.owner != consumer) continue;
      const bool there = model_.entries.count(it->first) > 0;
      replied.push_back(there ? entry(it->first) : "*2 " + bulk(text(it->first)) + " *-1");
      if (there)
        model::World::hold(*group, it->first, consumer, now(),
                           std::min<uint64_t>(it->second.deliveries + 1, INT64_MAX));
    }
    expect(words, "*1 *2 $1 s " + array(replied));
  }
  void wait() {
    if (waiters_.size() >= kWaitersMax || model_.groups.empty()) return;
    Read read = any_read();
    read.claim.reset();
    model::Group* const group = model_.find(read.group);
    if (group == nullptr) return;
    TestClient& client = fixture_->connect();
    group->consumers.insert(read.consumer);
    const std::string expected = delivered(read);
    last_ = joined(read.words(true));
    INFO("step " << steps_ << ": " << last_);
    ByteBuffer request;
    const Words words = read.words(true);
    const std::vector<std::string_view> views(words.begin(), words.end());
    protocol::append_request(request, views);
    client.send(request.view());
    REQUIRE(client.reply() == (expected == "*-1" ? "~" : expected));
    if (expected == "*-1") {
      waiters_.push_back({&client, read.group, read.consumer, read.count, read.keeps});
    } else {
      fixture_->disconnect(client);
    }
  }
  // What chance made of the delays that the model knows the bounds of. What is gone from where it waited was due at
  // once: no delay ends before now.
  void settle() {
    const Entry* const found = fixture_->server().keyspace.find(0, "s");
    for (auto& [name, group] : model_.groups) {
      const ConsumerGroup* const real = found == nullptr ? nullptr : found->stream().find_group(name);
      REQUIRE(real != nullptr);
      for (auto& [id, it] : group.pending) {
        if (it.held() || !it.time || *it.time >= it.time_max) continue;
        const std::optional<Pending> pending = real->pending().find(id);
        const bool waits = pending && !pending->owned();
        // Or the group was moved back, and it has been delivered as a new one.
        if (!waits && *it.time > now()) continue;
        const int64_t due = waits ? pending->time.value_or(UnixMs{0}).count : now();
        INFO("step " << steps_ << ", " << last_ << ", group " << name << ", entry " << text(id));
        REQUIRE(due >= *it.time);
        REQUIRE(due <= it.time_max);
        it.time = it.time_max = due;
      }
    }
  }
  // Who waits has been given, in the order of waiting, whatever there was for him.
  void serve_waiters() {
    settle();
    for (size_t i = 0; i < waiters_.size();) {
      const Waiter waiter = waiters_[i];
      std::string expected = "*-1";
      if (model_.find(waiter.group) == nullptr) {
        expected = no_group_to_read(waiter.group);
      } else {
        expected = delivered({waiter.group, waiter.consumer, waiter.count, waiter.keeps, {}});
      }
      INFO("step " << steps_ << ", " << last_ << ", waiter of " << waiter.group << " " << waiter.consumer);
      REQUIRE(waiter.client->reply() == (expected == "*-1" ? "~" : expected));
      if (expected == "*-1") {
        ++i;
        continue;
      }
      ++served_;
      fixture_->disconnect(*waiter.client);
      waiters_.erase(waiters_.begin() + static_cast<ptrdiff_t>(i));
      i = 0;  // it may have made room, or died
    }
  }

  // --- What consumers say
  void acknowledge() {
    const std::string name = any_group();
    const model::Ids ids = any_ids(name);
    size_t count = 0;
    for (const StreamId id : ids)
      count += model_.ack(name, id) ? 1 : 0;
    expect(with_ids({"XACK", "s", name}, ids), ":" + std::to_string(count));
  }
  void give_back() {
    const std::string name = any_group();
    const model::Ids ids = any_ids(name);
    model::Release how;
    how.mode = "SFFX"[below(4)];
    how.force = one_in(4);
    if (one_in(5)) how.deliveries = static_cast<uint64_t>(below(6));
    const bool managed = model_.policies.count(name) > 0;
    if (managed && one_in(4)) how.consumer = any_consumer();
    if (managed && one_in(3)) how.reason = std::string(static_cast<size_t>(below(4)), 'r');
    std::string delay;
    if (managed && how.mode != 'X' && one_in(3)) {
      const int64_t span = one_in(3) ? 0 : below(400);
      delay = one_in(2) ? "DELAY " + std::to_string(span) : "AT " + std::to_string(now() + span);
      how.due = now() + span;
    }
    Words words{"XNACK", "s", name, how.mode == 'S' ? "SILENT" : how.mode == 'F' ? "FAIL" : "FATAL"};
    if (how.consumer) words.insert(words.end(), {"CONSUMER", *how.consumer});
    words.insert(words.end(), {"IDS", std::to_string(ids.size())});
    words = with_ids(words, ids);
    if (how.force) words.push_back("FORCE");
    if (how.deliveries) words.insert(words.end(), {"RETRYCOUNT", std::to_string(*how.deliveries)});
    if (!delay.empty())
      words.insert(words.end(), {delay.substr(0, delay.find(' ')), delay.substr(delay.find(' ') + 1)});
    if (how.reason) words.insert(words.end(), {"REASON", *how.reason});
    if (model_.find(name) == nullptr) return expect(words, no_group(name));
    size_t count = 0;
    for (const StreamId id : ids)
      count += model_.release(name, id, how) ? 1 : 0;
    expect(words, ":" + std::to_string(count));
  }
  void claim() {
    const std::string name = any_group();
    const std::string consumer = any_consumer();
    const model::Ids ids = any_ids(name);
    model::Claim how{.idle_min = one_in(2) ? 0 : below(200), .time = now()};
    how.force = one_in(4);
    how.just_id = one_in(3);
    Words words = with_ids({"XCLAIM", "s", name, consumer, std::to_string(how.idle_min)}, ids);
    if (how.force) words.push_back("FORCE");
    if (how.just_id) words.push_back("JUSTID");
    if (one_in(5)) {
      how.deliveries = static_cast<uint64_t>(below(6));
      words.insert(words.end(), {"RETRYCOUNT", std::to_string(*how.deliveries)});
    }
    if (one_in(5)) {
      const int64_t idle = below(300);
      how.time = now() - idle;
      words.insert(words.end(), {"IDLE", std::to_string(idle)});
    }
    model::Group* const group = model_.find(name);
    if (group == nullptr) return expect(words, no_group(name));
    group->consumers.insert(consumer);
    std::vector<std::string> replied;
    for (const StreamId id : ids) {
      if (model_.claim(name, id, consumer, how)) replied.push_back(how.just_id ? bulk(text(id)) : entry(id));
    }
    expect(words, array(replied));
  }
  void claim_range() {
    const std::string name = any_group();
    const std::string consumer = any_consumer();
    const StreamId from = one_in(2) ? StreamId{} : any_id();
    const int64_t idle_min = one_in(2) ? 0 : below(200);
    const size_t count = static_cast<size_t>(1 + below(3));
    const bool just_id = one_in(2);
    Words words{"XAUTOCLAIM",         "s", name, consumer, std::to_string(idle_min), text(from), "COUNT",
                std::to_string(count)};
    if (just_id) words.push_back("JUSTID");
    model::Group* const group = model_.find(name);
    if (group == nullptr) return expect(words, no_group(name));
    group->consumers.insert(consumer);
    std::vector<std::string> claimed;
    std::vector<std::string> deleted;
    size_t attempts = count * 10;
    StreamId at = from;
    StreamId next;
    for (;;) {
      const auto it = group->pending.lower_bound(at);
      next = it == group->pending.end() ? StreamId{} : it->first;
      if (it == group->pending.end() || attempts == 0 || claimed.size() + deleted.size() >= count) break;
      --attempts;
      const StreamId id = it->first;
      at = {id.ms, id.seq + 1};
      if (model_.entries.count(id) == 0) {
        deleted.push_back(bulk(text(id)));
        group->pending.erase(it);
        continue;
      }
      if (!model_.is_idle(it->second, idle_min)) continue;
      // With no idle time asked for, so that what is delayed is passed over here.
      if (model_.claim(name, id, consumer, {.idle_min = 0, .time = now(), .just_id = just_id}))
        claimed.push_back(just_id ? bulk(text(id)) : entry(id));
    }
    expect(words, "*3 " + bulk(text(next)) + " " + array(claimed) + " " + array(deleted));
  }

  // --- Policies
  void set_policy() {
    const std::string name = any_group();
    if (one_in(4)) {
      model_.reset_policy(name);
      return expect({"QPOLICY", "s", "GROUP", name, "RESET"}, "+OK");
    }
    Policy policy;
    policy.lease = Millis{1 + below(400)};
    policy.attempts_max = static_cast<uint32_t>(below(5));
    policy.backoff.kind = static_cast<Backoff::Kind>(below(4));
    policy.backoff.base = Millis{below(60)};
    policy.backoff.cap = policy.backoff.base + Millis{below(300)};
    policy.backoff.jitter_percent = static_cast<uint32_t>(one_in(2) ? 0 : below(101));
    if (policy.backoff.kind == Backoff::Kind::kNone) policy.backoff.base = Millis{0};
    if (policy.backoff.kind == Backoff::Kind::kNone || policy.backoff.kind == Backoff::Kind::kFixed)
      policy.backoff.cap = Millis{0};
    const std::string targets[] = {"", "graves", "s:" + name + ":dead"};
    if (one_in(2)) policy.dead_letter = targets[below(3)];
    if (one_in(5)) policy.dead_letters_max = static_cast<uint64_t>(1 + below(6));
    if (one_in(6)) policy.pause = Pause::kOut;
    if (one_in(4)) policy.leased_max = static_cast<uint64_t>(1 + below(6));
    if (one_in(4)) policy.rate = {static_cast<uint32_t>(1 + below(4)), Millis{1 + below(100)}};
    policy.ack_delete = static_cast<AckDelete>(one_in(2) ? 0 : below(3));
    RecordWords words;
    group_policy_words(policy, words);
    Words line{"QPOLICY", "s", "GROUP", name, "RESET"};
    line.insert(line.end(), words.all().begin(), words.all().end());
    model_.set_policy(name, policy);
    expect(line, "+OK");
  }
  // Something else lies where the letters go, until it is taken away.
  void block_letters() {
    const std::string key = one_in(2) ? "graves" : "s:" + any_group() + ":dead";
    if (model_.blocked.erase(key) > 0) return expect({"DEL", key}, ":1");
    if (!one_in(2)) return;
    model_.streams.erase(key);
    model_.blocked.insert(key);
    expect({"SET", key, "x"}, "+OK");
  }
  void redrive() {
    const std::string key = one_in(2) ? "graves" : "s:" + any_group() + ":dead";
    const auto found = model_.streams.find(key);
    const size_t count = static_cast<size_t>(1 + below(4));
    const int64_t spread = one_in(2) ? 0 : below(200);
    const bool copies = one_in(6);
    Words words{"QREDRIVE", key, "COUNT", std::to_string(count), "SPREAD", std::to_string(spread)};
    if (copies) words.insert(words.end(), {"TO", "copies"});
    if (model_.blocked.count(key) > 0)
      return expect(words, "-WRONGTYPE Operation against a key holding the wrong kind of value");
    if (found == model_.streams.end()) return expect(words, "*3 :0 :0 $3 0-0");
    std::vector<model::Letter>& letters = found->second.letters;
    size_t moved = 0;
    size_t examined = 0;
    for (size_t i = 0; i < letters.size() && examined < count; ++examined) {
      const bool back = copies || model_.bring_back(letters[i], spread);
      moved += back ? 1 : 0;
      if (back) {
        letters.erase(letters.begin() + static_cast<ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
    copied_ += copies ? moved : 0;
    redriven_ += moved;
    const size_t stayed = examined - moved;
    const StreamId next = stayed < letters.size() ? letters[stayed].id : StreamId{};
    expect(words, "*3 :" + std::to_string(moved) + " :" + std::to_string(examined) + " " + bulk(text(next)));
  }

  // --- Time and death
  void pass_time() {
    // Most commands share a millisecond; now and then much time passes at once.
    const int64_t span = one_in(3) ? (one_in(40) ? below(70'000) : below(80)) : 0;
    last_ = "time " + std::to_string(span);
    fixture_->world().advance(Millis{span});
    model_.now = now();
    // Twice: leases that a command has made to end at once are ended in the turn after it.
    model_.tick();
    fixture_->turn();
    serve_waiters();
    compare();
  }
  void forget_clients() {
    waiters_.clear();
    client_ = &fixture_->client();
    model_.restart();
    model_.tick();
    serve_waiters();
  }
  void die() {
    if (!one_in(6)) return;
    const auto disk = [this](MemoryFileSystem& files) {
      if (one_in(2)) return files.kill();
      files.crash([this](uint64_t max) { return std::uniform_int_distribution<uint64_t>(0, max)(random_); },
                  static_cast<MemoryFileSystem::Tail>(below(3)));
    };
    ++deaths_;
    last_ = "death";
    if (one_in(3)) {
      fixture_->restart();
      return forget_clients();
    }
    if (one_in(2)) {
      // In the middle of a turn: what it did has been told to nobody, and is not in the log.
      fixture_->server().begin_turn();
      ByteBuffer request;
      const Words words{"FLUSHALL"};
      const std::vector<std::string_view> views(words.begin(), words.end());
      protocol::append_request(request, views);
      fixture_->server().receive(client_->session(), request.view());
    }
    fixture_->crash(disk);
    forget_clients();
  }
  void load_logs() {
    INFO("step " << steps_);
    fixture_->turn();
    REQUIRE(fixture_->digest_of_log() == fixture_->digest());
    fixture_->server().commit.start_rewrite();
    fixture_->finish_rewrite();
    REQUIRE_FALSE(fixture_->server().commit.rewrite().last_failed());
    REQUIRE(fixture_->digest_of_log() == fixture_->digest());
    model_.tick();
    serve_waiters();
  }

  // --- State
  // As clients see it.
  void look() {
    const std::string name = any_group();
    model::Group* const group = model_.find(name);
    if (group == nullptr) return;
    const bool managed = model_.policies.count(name) > 0;
    std::vector<std::string> pending;
    size_t delayed = 0;
    size_t held = 0;
    for (const auto& [id, it] : group->pending) {
      const bool waits = !it.held() && it.time && *it.time > now();
      int64_t idle = -1;
      if (it.held() || waits) idle = now() - *it.time;
      delayed += waits ? 1 : 0;
      held += it.held() ? 1 : 0;
      pending.push_back("*4 " + bulk(text(id)) + " " + bulk(it.owner) + " :" + std::to_string(idle) + " :" +
                        std::to_string(it.deliveries));
    }
    expect({"XPENDING", "s", name, "-", "+", "1000"}, array(pending));
    const std::string info = ask({"QINFO", "s", "GROUP", name});
    INFO(info);
    const auto number = [&info](const std::string& field) {
      const std::string label = bulk(field) + " ";
      const size_t at = info.find(" " + label);
      REQUIRE(at != std::string::npos);
      const size_t from = at + 1 + label.size();
      return info.substr(from, info.find(' ', from) - from);
    };
    const auto is = [](uint64_t value) { return ":" + std::to_string(value); };
    REQUIRE(number("pending") == is(group->pending.size()));
    REQUIRE(number("leased") == is(held));
    REQUIRE(number("delayed") == is(delayed));
    REQUIRE(number("due") == is(group->pending.size() - held - delayed));
    REQUIRE(number("waiters") ==
            is(static_cast<uint64_t>(std::count_if(waiters_.begin(), waiters_.end(),
                                                   [&name](const Waiter& it) { return it.group == name; }))));
    const model::Totals totals = managed ? group->totals : model::Totals();
    REQUIRE(number("reserved") == is(totals.reserved));
    REQUIRE(number("acked") == is(totals.acked));
    REQUIRE(number("late-acks") == is(totals.late_acks));
    REQUIRE(number("stale-acks") == is(totals.stale_acks));
    REQUIRE(number("nacked") == is(totals.nacked));
    REQUIRE(number("silent") == is(totals.silent));
    REQUIRE(number("lease-expired") == is(totals.lease_expired));
    REQUIRE(number("retried") == is(totals.retried));
    REQUIRE(number("died") == is(totals.died));
    REQUIRE(number("discarded") == is(totals.discarded));
    REQUIRE(number("redriven") == is(totals.redriven));
  }
  void compare() {
    INFO("step " << steps_ << ": " << last_);
    core::Server& server = fixture_->server();
    server.queues.check_invariants();
    const Entry* const found = server.keyspace.find(0, "s");
    REQUIRE((found != nullptr) == model_.exists);
    REQUIRE(server.queues.policies() == model_.policies.size());
    REQUIRE(server.queues.managed().lease_floor().count == model_.floor);
    if (found != nullptr) compare_stream(found->stream());
    for (const auto& [key, letters] : model_.streams)
      compare_letters(key, letters);
    const Entry* const copies = server.keyspace.find(0, "copies");
    if (copies != nullptr) REQUIRE(copies->stream().length() <= copied_);
  }
  void compare_stream(const Stream& stream) {
    stream.check_invariants();
    REQUIRE(stream.length() == model_.entries.size());
    Stream::Cursor at = stream.first();
    for (const auto& [id, value] : model_.entries) {
      REQUIRE(at.id() == id);
      at.next();
    }
    REQUIRE(stream.groups().size() == model_.groups.size());
    for (auto& [name, group] : model_.groups) {
      const ConsumerGroup* const real = stream.find_group(name);
      REQUIRE(real != nullptr);
      REQUIRE((real->managed() != nullptr) == (model_.policies.count(name) > 0));
      compare_group(name, *real, group);
    }
  }
  void compare_group(const std::string& name, const ConsumerGroup& real, model::Group& group) {
    INFO("group " << name);
    REQUIRE(real.last_id() == group.last_id);
    REQUIRE(real.consumers().size() == group.consumers.size());
    for (const std::string& consumer : group.consumers)
      REQUIRE(real.find_consumer(consumer) != kNoConsumer);
    REQUIRE(real.pending().size() == group.pending.size());
    PendingList::Cursor at = real.pending().first();
    for (auto& [id, wanted] : group.pending) {
      INFO("entry " << text(id));
      const Pending pending = at.pending();
      REQUIRE(pending.id == id);
      compare_pending(real, pending, wanted);
      at.next();
    }
  }
  static void compare_pending(const ConsumerGroup& real, const Pending& pending,
                              model::PendingEntry& wanted) {
    REQUIRE(pending.owned() == wanted.held());
    if (wanted.held()) REQUIRE(real.consumer(pending.consumer).name == wanted.owner);
    REQUIRE(pending.deliveries == wanted.deliveries);
    REQUIRE(pending.time.has_value() == wanted.time.has_value());
    if (wanted.time) REQUIRE(pending.time->count == *wanted.time);
    if (real.managed() == nullptr) return;
    const EntryNote* const known = real.managed()->note(pending.id);
    const EntryNote note = known == nullptr ? EntryNote() : *known;
    REQUIRE(real.managed()->holder(pending) == model::World::holder(wanted));
    REQUIRE((known == nullptr ? std::string_view() : real.managed()->text(note.reason)) == wanted.reason);
    REQUIRE(note.failed_first.count == wanted.first);
    REQUIRE(note.failed_last.count == wanted.last);
    REQUIRE(note.redriven == wanted.redriven);
    REQUIRE(note.dying == wanted.dying);
    if (wanted.dying) REQUIRE(death_cause_name(note.cause) == wanted.cause);
  }
  void compare_letters(const std::string& key, const model::Letters& wanted) {
    INFO("letters in " << key);
    const Entry* const entry = fixture_->server().keyspace.find(0, key);
    REQUIRE(entry != nullptr);
    REQUIRE(entry->stream().length() == wanted.letters.size());
    if (wanted.letters.empty()) return;
    // The others were compared when they were the newest.
    const model::Letter& letter = wanted.letters.back();
    const Stream::Cursor at = entry->stream().last();
    REQUIRE(at.id() == letter.id);
    const std::string deliveries = std::to_string(letter.deliveries);
    const std::vector<std::string> expected = {"dlq.source",
                                               "s",
                                               "dlq.group",
                                               letter.group,
                                               "dlq.id",
                                               text(letter.source_id),
                                               "dlq.reason",
                                               letter.reason,
                                               "dlq.error",
                                               letter.error,
                                               "dlq.attempts",
                                               deliveries,
                                               "dlq.deliveries",
                                               deliveries,
                                               "dlq.added",
                                               std::to_string(letter.source_id.ms),
                                               "dlq.first",
                                               std::to_string(letter.first),
                                               "dlq.last",
                                               std::to_string(letter.last),
                                               "dlq.consumer",
                                               letter.consumer,
                                               "dlq.redriven",
                                               std::to_string(letter.redriven),
                                               "f",
                                               letter.value};
    std::vector<std::string> fields;
    for (StreamFields each = at.fields(); each.next();) {
      fields.emplace_back(each.field());
      fields.emplace_back(each.value());
    }
    REQUIRE(fields == expected);
  }

  static constexpr const char* kReferences[] = {"KEEPREF", "DELREF", "ACKED"};

  std::mt19937_64 random_;
  std::unique_ptr<ServerFixture> fixture_;
  TestClient* client_ = nullptr;
  model::World model_;
  std::vector<Waiter> waiters_;
  std::deque<StreamId> ids_;  // that were added lately
  uint64_t steps_ = 0;
  uint64_t values_ = 0;
  uint64_t copied_ = 0;
  std::string last_;

 public:
  uint64_t served_ = 0;
  uint64_t deaths_ = 0;
  uint64_t redriven_ = 0;
};

}  // namespace

TEST_CASE("groups with policies do what the naive model does", "[model][group]") {
  const uint64_t steps = from_environment("SLUICE_MODEL_STEPS", kSteps);
  const uint64_t only = from_environment("SLUICE_MODEL_SEED", 0);
  const uint64_t number = GENERATE(range(uint64_t{1}, uint64_t{9}));
  if (only != 0 && number != 1) return;
  const uint64_t seed = only != 0 ? only : number;
  INFO("seed " << seed);
  Comparison comparison(seed);
  for (uint64_t i = 0; i < steps; ++i)
    comparison.step();
  // A comparison in which nothing happens proves nothing.
  REQUIRE(comparison.served_ > 0);
  REQUIRE(comparison.deaths_ > 0);
  REQUIRE(comparison.redriven_ > 0);
}
