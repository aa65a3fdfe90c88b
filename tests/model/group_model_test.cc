// SPDX-License-Identifier: MIT
//
// Random commands of streams and groups to the server and to the naive model of group_model.h. Each must be answered
// alike; what is pending and how far groups have read must agree. In the end the fixture replays the log, and what a
// rewrite makes of it.
#include "tests/model/group_model.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/support/resp_decoder.h"
#include "tests/support/server_fixture.h"

using namespace sluice;
using sluice::test::bulk;
using sluice::test::ServerFixture;
using sluice::test::TestClient;

namespace {

constexpr int kSteps = 5'000;

std::string text(StreamId id) {
  return std::to_string(id.ms) + "-" + std::to_string(id.seq);
}
std::string array(const std::vector<std::string>& parts) {
  std::string shown = "*" + std::to_string(parts.size());
  for (const std::string& part : parts)
    shown += " " + part;
  return shown;
}

class Comparison {
 public:
  explicit Comparison(uint64_t seed) : random_(seed) { client_ = &fixture_.client(); }

  void step() {
    static constexpr struct {
      int weight;
      void (Comparison::*run)();
    } kChoices[] = {
        {20, &Comparison::add},         {6, &Comparison::create_group}, {22, &Comparison::read_new},
        {6, &Comparison::read_history}, {12, &Comparison::acknowledge}, {6, &Comparison::claim},
        {4, &Comparison::claim_range},  {6, &Comparison::release},      {5, &Comparison::remove},
        {4, &Comparison::remove_with},  {4, &Comparison::trim},         {2, &Comparison::move_group},
        {1, &Comparison::end_group},    {1, &Comparison::end_consumer}, {1, &Comparison::rewrite}};
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
    if (below(3) == 0) fixture_.advance(Millis{below(20)});
    compare();
  }

 private:
  using Words = std::vector<std::string>;

  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  int64_t now() { return fixture_.world().clock.time.count; }
  std::string any_group() { return std::string(1, static_cast<char>('g' + below(3))); }
  std::string any_consumer() { return std::string(1, static_cast<char>('a' + below(4))); }
  StreamId any_id() {
    if (stream_.ever_added.empty()) return {1, 0};
    const size_t back = static_cast<size_t>(below(30));
    auto it = stream_.ever_added.end();
    for (size_t i = 0; i <= back && it != stream_.ever_added.begin(); ++i)
      --it;
    return below(20) == 0 ? StreamId{it->ms, it->seq + 1} : *it;
  }
  std::vector<StreamId> any_ids() {
    std::vector<StreamId> ids(static_cast<size_t>(1 + below(4)));
    for (StreamId& id : ids)
      id = any_id();
    return ids;
  }
  std::string call(const Words& words) {
    std::string line;
    for (const std::string& word : words)
      line += (line.empty() ? "" : " ") + word;
    INFO(line);
    last_ = line;
    return (*client_)(line);
  }
  void expect(const Words& words, const std::string& reply) {
    const std::string got = call(words);
    INFO(last_);
    REQUIRE(got == reply);
  }
  static Words with_ids(Words words, const std::vector<StreamId>& ids) {
    for (const StreamId id : ids)
      words.push_back(text(id));
    return words;
  }
  static std::string entry(StreamId id) { return "*2 " + bulk(text(id)) + " *2 $1 f $1 v"; }
  model::Group* find(const std::string& group) {
    const auto it = stream_.groups.find(group);
    return it == stream_.groups.end() ? nullptr : &it->second;
  }
  std::string no_group(const std::string& group, const std::string& in = "") {
    return "-NOGROUP No such key 's' or consumer group '" + group + "'" + in;
  }

  // --- Commands

  void add() {
    last_id_ = below(3) == 0 ? StreamId{last_id_.ms + 1 + static_cast<uint64_t>(below(3)), 0}
                             : StreamId{last_id_.ms, last_id_.seq + 1};
    Words words{"XADD", "s"};
    const bool acknowledged = below(2) == 0;
    const bool trims = below(10) == 0;
    const size_t length = static_cast<size_t>(10 + below(60));
    if (trims) words.insert(words.end(), {"MAXLEN", std::to_string(length)});
    if (trims) words.push_back(acknowledged ? "ACKED" : "DELREF");
    words.insert(words.end(), {text(last_id_), "f", "v"});
    stream_.entries.insert(last_id_);
    stream_.ever_added.insert(last_id_);
    if (trims) erase(stream_.trimmed(length, acknowledged), !acknowledged);
    expect(words, bulk(text(last_id_)));
  }
  void erase(const std::vector<StreamId>& gone, bool with_references) {
    for (const StreamId id : gone) {
      if (with_references) stream_.drop_references(id);
      stream_.entries.erase(id);
    }
  }
  void trim() {
    const size_t length = static_cast<size_t>(below(60));
    static constexpr const char* kWords[] = {"KEEPREF", "DELREF", "ACKED"};
    const int references = below(3);
    const std::vector<StreamId> gone = stream_.trimmed(length, references == 2);
    erase(gone, references == 1);
    expect({"XTRIM", "s", "MAXLEN", std::to_string(length), kWords[references]},
           ":" + std::to_string(gone.size()));
  }
  void create_group() {
    const std::string name = any_group();
    if (find(name) != nullptr) {
      return expect({"XGROUP", "CREATE", "s", name, "0"}, "-BUSYGROUP Consumer Group name already exists");
    }
    const StreamId from = below(2) == 0 ? StreamId{} : any_id();
    Words words{"XGROUP", "CREATE", "s", name, text(from), "MKSTREAM"};
    stream_.groups[name].last_id = from;
    if (below(3) == 0) {
      words.push_back("ENTRIESREAD");
      words.push_back(std::to_string(stream_.entries_read(stream_.groups[name])));
    }
    expect(words, "+OK");
  }
  void move_group() {
    const std::string name = any_group();
    const StreamId to = any_id();
    model::Group* group = find(name);
    if (group != nullptr) group->last_id = to;
    if (group != nullptr) expect({"XGROUP", "SETID", "s", name, text(to)}, "+OK");
  }
  void end_group() {
    const std::string name = any_group();
    if (below(3) == 0 && !stream_.ever_added.empty())
      expect({"XGROUP", "DESTROY", "s", name}, stream_.groups.erase(name) == 1 ? ":1" : ":0");
  }
  void end_consumer() {
    const std::string name = any_group();
    const std::string consumer = any_consumer();
    model::Group* group = find(name);
    if (group == nullptr) return;
    group->consumers.erase(consumer);
    const size_t dropped =
        std::erase_if(group->pending, [&](const auto& it) { return it.second.consumer == consumer; });
    expect({"XGROUP", "DELCONSUMER", "s", name, consumer}, ":" + std::to_string(dropped));
  }

  // How many entries a call replies at most can be said in several ways. There is always one.
  void add_limit(Words& words, size_t count) {
    const int way = below(4);
    if (way == 0) {
      words.insert(words.end(), {"MAXCOUNT", std::to_string(count)});
    } else if (way == 1 && count == 1) {
      words.insert(words.end(), {"MAXSIZE", "1"});
    } else {
      words.insert(words.end(), {"COUNT", std::to_string(count)});
      if (way == 1) words.insert(words.end(), {"MAXCOUNT", std::to_string(count + 1), "MAXSIZE", "100000"});
    }
  }
  void read_new() {
    const std::string name = any_group();
    const std::string consumer = any_consumer();
    const bool claims = below(3) == 0;
    const bool keeps = below(6) > 0;
    const int64_t idle_min = below(3) == 0 ? 0 : below(60);
    const size_t count = static_cast<size_t>(1 + below(4));
    Words words{"XREADGROUP", "GROUP", name, consumer};
    add_limit(words, count);
    if (claims) words.insert(words.end(), {"CLAIM", std::to_string(idle_min)});
    if (!keeps) words.push_back("NOACK");
    words.insert(words.end(), {"STREAMS", "s", ">"});
    model::Group* group = find(name);
    if (group == nullptr) return expect(words, no_group(name, " in XREADGROUP with GROUP option"));
    group->consumers.insert(consumer);
    std::vector<std::string> replied;
    if (claims) {
      for (const StreamId id : group->by_claim(now(), idle_min)) {
        if (replied.size() == count) break;
        if (stream_.entries.count(id) == 0) continue;
        const model::PendingEntry before = group->pending.at(id);
        replied.push_back("*4 " + entry(id).substr(3) + " :" + std::to_string(now() - before.time) + " :" +
                          std::to_string(before.deliveries));
        group->hold(id, consumer, now(), std::min<uint64_t>(before.deliveries + 1, INT64_MAX));
      }
    }
    for (auto it = stream_.entries.upper_bound(group->last_id);
         it != stream_.entries.end() && replied.size() < count; ++it) {
      replied.push_back(claims ? "*4 " + entry(*it).substr(3) + " :0 :0" : entry(*it));
      group->last_id = *it;
      if (keeps) group->hold(*it, consumer, now(), 1);
    }
    expect(words, replied.empty() ? "*-1" : "*1 *2 $1 s " + array(replied));
  }
  void read_history() {
    const std::string name = any_group();
    const std::string consumer = any_consumer();
    const StreamId above = below(2) == 0 ? StreamId{} : any_id();
    const size_t count = static_cast<size_t>(1 + below(5));
    Words words{"XREADGROUP", "GROUP", name, consumer};
    add_limit(words, count);
    words.insert(words.end(), {"STREAMS", "s", text(above)});
    model::Group* group = find(name);
    if (group == nullptr) return expect(words, no_group(name, " in XREADGROUP with GROUP option"));
    group->consumers.insert(consumer);
    std::vector<std::string> replied;
    for (auto it = group->pending.upper_bound(above); it != group->pending.end() && replied.size() < count;
         ++it) {
      if (it->second.consumer != consumer) continue;
      const bool there = stream_.entries.count(it->first) > 0;
      replied.push_back(there ? entry(it->first) : "*2 " + bulk(text(it->first)) + " *-1");
      if (there)
        group->hold(it->first, consumer, now(), std::min<uint64_t>(it->second.deliveries + 1, INT64_MAX));
    }
    expect(words, "*1 *2 $1 s " + array(replied));
  }

  void acknowledge() {
    const std::string name = any_group();
    const std::vector<StreamId> ids = any_ids();
    model::Group* group = find(name);
    size_t count = 0;
    for (const StreamId id : ids)
      count += group != nullptr ? group->pending.erase(id) : 0;
    expect(with_ids({"XACK", "s", name}, ids), ":" + std::to_string(count));
  }
  void claim() {
    const std::string name = any_group();
    const std::string consumer = any_consumer();
    const std::vector<StreamId> ids = any_ids();
    const int64_t idle_min = below(2) == 0 ? 0 : below(60);
    const bool force = below(4) == 0;
    const bool just_id = below(3) == 0;
    Words words = with_ids({"XCLAIM", "s", name, consumer, std::to_string(idle_min)}, ids);
    if (force) words.push_back("FORCE");
    if (just_id) words.push_back("JUSTID");
    model::Group* group = find(name);
    if (group == nullptr) return expect(words, no_group(name));
    group->consumers.insert(consumer);
    std::vector<std::string> replied;
    for (const StreamId id : ids) {
      if (stream_.entries.count(id) == 0) {
        group->pending.erase(id);
        continue;
      }
      const auto it = group->pending.find(id);
      if (it == group->pending.end() && !force) continue;
      uint64_t deliveries = 1;
      if (it != group->pending.end()) {
        if (!it->second.consumer.empty() && now() - it->second.time < idle_min) continue;
        deliveries = it->second.deliveries;
      }
      if (!just_id) deliveries = std::min<uint64_t>(deliveries + 1, INT64_MAX);
      group->hold(id, consumer, now(), deliveries);
      replied.push_back(just_id ? bulk(text(id)) : entry(id));
    }
    expect(words, array(replied));
  }
  void claim_range() {
    const std::string name = any_group();
    const std::string consumer = any_consumer();
    const StreamId from = below(2) == 0 ? StreamId{} : any_id();
    const int64_t idle_min = below(2) == 0 ? 0 : below(60);
    const size_t count = static_cast<size_t>(1 + below(3));
    const Words words{
        "XAUTOCLAIM",          "s",     name, consumer, std::to_string(idle_min), text(from), "COUNT",
        std::to_string(count), "JUSTID"};
    model::Group* group = find(name);
    if (group == nullptr) return expect(words, no_group(name));
    group->consumers.insert(consumer);
    std::vector<std::string> claimed;
    std::vector<std::string> deleted;
    size_t attempts = count * 10;
    auto it = group->pending.lower_bound(from);
    while (it != group->pending.end() && attempts-- > 0 && claimed.size() + deleted.size() < count) {
      if (stream_.entries.count(it->first) == 0) {
        deleted.push_back(bulk(text(it->first)));
        it = group->pending.erase(it);
        continue;
      }
      if (it->second.consumer.empty() || now() - it->second.time >= idle_min) {
        claimed.push_back(bulk(text(it->first)));
        group->hold(it->first, consumer, now(), it->second.deliveries);
      }
      ++it;
    }
    const StreamId next = it == group->pending.end() ? StreamId{} : it->first;
    expect(words, "*3 " + bulk(text(next)) + " " + array(claimed) + " " + array(deleted));
  }
  void release() {
    const std::string name = any_group();
    const std::vector<StreamId> ids = any_ids();
    static constexpr const char* kModes[] = {"SILENT", "FAIL", "FATAL"};
    const int mode = below(3);
    const bool force = below(4) == 0;
    Words words = with_ids({"XNACK", "s", name, kModes[mode], "IDS", std::to_string(ids.size())}, ids);
    if (force) words.push_back("FORCE");
    model::Group* group = find(name);
    if (group == nullptr) return expect(words, no_group(name));
    size_t count = 0;
    for (const StreamId id : ids) {
      const auto it = group->pending.find(id);
      if (it == group->pending.end() && !(force && stream_.entries.count(id) > 0)) continue;
      const uint64_t before = it == group->pending.end() ? 0 : it->second.deliveries;
      group->release(id, mode == 0 ? before - (before > 0 ? 1 : 0) : mode == 1 ? before : INT64_MAX);
      ++count;
    }
    expect(words, ":" + std::to_string(count));
  }

  void remove() {
    const std::vector<StreamId> ids = any_ids();
    size_t count = 0;
    for (const StreamId id : ids)
      count += stream_.entries.erase(id);
    expect(with_ids({"XDEL", "s"}, ids), ":" + std::to_string(count));
  }
  // XDELEX or XACKDEL.
  void remove_with() {
    const std::vector<StreamId> ids = any_ids();
    static constexpr const char* kWords[] = {"KEEPREF", "DELREF", "ACKED"};
    const int references = below(3);
    const bool acknowledges = below(2) == 0;
    const std::string name = any_group();
    model::Group* group = find(name);
    Words words{"XDELEX", "s"};
    if (acknowledges) words = {"XACKDEL", "s", name};
    words.insert(words.end(), {kWords[references], "IDS", std::to_string(ids.size())});
    std::vector<std::string> replied;
    const bool no_stream = stream_.ever_added.empty() && stream_.groups.empty();
    for (const StreamId id : ids) {
      if (no_stream || (acknowledges && (group == nullptr || group->pending.erase(id) == 0))) {
        replied.push_back(":-1");
      } else if (references == 2 && stream_.is_referenced(id)) {
        replied.push_back(":2");
      } else {
        if (references == 1) stream_.drop_references(id);
        replied.push_back(stream_.entries.erase(id) == 1 || acknowledges ? ":1" : ":-1");
      }
    }
    expect(with_ids(words, ids), array(replied));
  }
  void rewrite() {
    if (below(10) > 0) return;
    (*client_)("BGREWRITEAOF");
    fixture_.finish_rewrite();
    fixture_.restart();
    client_ = &fixture_.connect();
  }

  // --- State

  void compare() {
    INFO(last_);
    if (below(20) == 0) fixture_.server().keyspace.check_invariants();
    for (const auto& [name, group] : stream_.groups) {
      std::vector<std::string> pending;
      for (const auto& [id, it] : group.pending) {
        pending.push_back("*4 " + bulk(text(id)) + " " + bulk(it.consumer) + " :" +
                          std::to_string(it.consumer.empty() ? -1 : now() - it.time) + " :" +
                          std::to_string(it.deliveries));
      }
      REQUIRE((*client_)("XPENDING s " + name + " - + 100000") == array(pending));
      compare_consumers(name, group);
    }
    if (!stream_.groups.empty()) compare_counts();
  }
  void compare_consumers(const std::string& name, const model::Group& group) {
    for (const std::string& consumer : group.consumers) {
      const auto held = std::count_if(group.pending.begin(), group.pending.end(),
                                      [&](const auto& it) { return it.second.consumer == consumer; });
      const std::string shown = "$4 name $1 " + consumer + " $7 pending :" + std::to_string(held) + " ";
      REQUIRE((*client_)("XINFO CONSUMERS s " + name).find(shown) != std::string::npos);
    }
  }
  // A count may be unknown, but not wrong.
  void compare_counts() {
    const std::string info = (*client_)("XINFO GROUPS s");
    for (const auto& [name, group] : stream_.groups) {
      const size_t at = info.find("$4 name $1 " + name);
      REQUIRE(at != std::string::npos);
      const auto field = [&](const std::string& label) {
        const size_t from = info.find(label, at) + label.size() + 1;
        return info.substr(from, info.find(' ', from) - from);
      };
      INFO(name << " " << info);
      const std::string read = field("entries-read");
      const std::string lag = field("lag");
      if (read != "$-1") REQUIRE(read == ":" + std::to_string(stream_.entries_read(group)));
      if (lag != "$-1") REQUIRE(lag == ":" + std::to_string(stream_.lag(group)));
      REQUIRE(field("last-delivered-id $" + std::to_string(text(group.last_id).size())) ==
              text(group.last_id));
    }
  }

  std::mt19937_64 random_;
  ServerFixture fixture_;
  TestClient* client_ = nullptr;
  model::Stream stream_;
  StreamId last_id_{1, 0};
  std::string last_;
};

}  // namespace

TEST_CASE("streams with groups do what the naive model does", "[model][group]") {
  const uint64_t seed = GENERATE(range(1, 9));
  INFO("seed " << seed);
  Comparison comparison(seed);
  for (int i = 0; i < kSteps; ++i)
    comparison.step();
}
