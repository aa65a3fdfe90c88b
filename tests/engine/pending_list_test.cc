// SPDX-License-Identifier: MIT
//
// Random use of a list of pending entries beside a std::map that does the same.
#include "engine/pending_list.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <tuple>
#include <vector>

#include "engine/stamp.h"

using namespace sluice;

namespace {

struct Random {
  uint64_t state;
  uint64_t draw() { return state = mix(state); }
  uint64_t below(uint64_t limit) { return draw() % limit; }
};

auto parts(const Pending& pending) {
  return std::tuple(pending.id, pending.consumer, pending.time, pending.release, pending.deliveries,
                    pending.orphaned);
}

// How far apart IDs lie: within a millisecond, over some seconds, or anywhere.
enum class Spread { kDense, kUsual, kWild };

class ListAndModel {
 public:
  ListAndModel(uint64_t seed, Spread spread) : random_{seed}, spread_(spread) {}

  void step() {
    const uint64_t kind = random_.below(100);
    if (kind < 45) return put(next_id());
    if (kind < 60) return put(some_id());
    if (kind < 90) return remove(some_id());
    if (kind < 93) return remove_front();
    if (kind < 94) return remove_consumer();
    if (kind < 95) return orphan();
    if (kind < 97) return compare_walk();
    compare_orders();
  }

  void compare_all() {
    list_.check_invariants();
    REQUIRE(list_.size() == model_.size());
    auto it = model_.begin();
    for (PendingList::Cursor cursor = list_.first(); !cursor.at_end(); cursor.next(), ++it)
      REQUIRE(parts(cursor.pending()) == parts(it->second));
    REQUIRE(it == model_.end());
    if (!model_.empty()) REQUIRE(list_.last_id() == model_.rbegin()->first);
    compare_orders();
  }

 private:
  StreamId next_id() {
    switch (spread_) {
      case Spread::kDense:
        last_.seq += 1 + random_.below(3);
        break;
      case Spread::kUsual:
        last_ = {last_.ms + random_.below(3), random_.below(4) == 0 ? last_.seq : last_.seq + 1};
        break;
      case Spread::kWild:
        last_ = {random_.draw() >> random_.below(64), random_.draw() >> random_.below(64)};
        break;
    }
    return last_;
  }
  // One that is there, or one near it, if there is any.
  StreamId some_id() {
    if (model_.empty()) return next_id();
    auto it = model_.lower_bound(spread_ == Spread::kDense ? StreamId{0, random_.below(last_.seq + 1)}
                                                           : StreamId{random_.below(last_.ms + 1), 0});
    if (it == model_.end()) it = std::prev(it);
    StreamId id = it->first;
    if (random_.below(5) == 0) id.seq += 1;
    return id;
  }
  Pending some_pending(StreamId id) {
    Pending pending{.id = id};
    pending.deliveries =
        random_.below(10) == 0 ? random_.draw() >> (1 + random_.below(63)) : random_.below(5);
    if (random_.below(6) > 0) {
      pending.consumer =
          static_cast<ConsumerNumber>(random_.below(100) < 50 ? random_.below(4) : random_.below(200));
      pending.time = UnixMs{static_cast<int64_t>(1'000 + random_.below(50))};
    } else if (random_.below(2) == 0) {
      pending.release = ++release_;
    } else {
      pending.time = UnixMs{static_cast<int64_t>(random_.below(100))};
    }
    return pending;
  }
  void put(StreamId id) {
    Pending pending = some_pending(id);
    pending.orphaned = random_.below(10) == 0;
    const auto before = list_.put(pending);
    const auto it = model_.find(id);
    if (it != model_.end()) pending.orphaned = it->second.orphaned;
    REQUIRE(before.has_value() == (it != model_.end()));
    if (before) REQUIRE(parts(*before) == parts(it->second));
    model_[id] = pending;
  }
  void remove(StreamId id) {
    const auto removed = list_.remove(id);
    REQUIRE(removed.has_value() == (model_.erase(id) == 1));
    REQUIRE(!list_.contains(id));
  }
  void remove_front() {
    for (uint64_t i = random_.below(80); i > 0 && !model_.empty(); --i)
      remove(model_.begin()->first);
  }
  void remove_consumer() {
    const auto consumer = static_cast<ConsumerNumber>(random_.below(200));
    const size_t removed = list_.remove_all_of(consumer);
    REQUIRE(removed == std::erase_if(model_, [&](const auto& it) { return it.second.consumer == consumer; }));
  }

  // From one to another that may lie before it; or one has come back.
  void orphan() {
    const StreamId first = some_id();
    const StreamId last = some_id();
    const bool returns = random_.below(3) == 0;
    returns ? list_.adopt(first) : list_.orphan(first, last);
    for (auto& [id, pending] : model_) {
      if (returns && id == first) pending.orphaned = false;
      if (!returns && first <= id && id <= last) pending.orphaned = true;
    }
  }

  void compare_walk() {
    PendingList::Filter filter;
    if (random_.below(2) == 0) filter.consumer = static_cast<ConsumerNumber>(random_.below(4));
    if (random_.below(2) == 0) filter.delivered_until = UnixMs{static_cast<int64_t>(990 + random_.below(50))};
    const StreamId from = some_id();
    PendingList::Cursor cursor = list_.first_from(from, filter);
    for (auto it = model_.lower_bound(from); it != model_.end(); ++it) {
      const Pending& pending = it->second;
      if (filter.consumer && pending.consumer != *filter.consumer) continue;
      if (filter.delivered_until && pending.owned() && *pending.time > *filter.delivered_until) continue;
      REQUIRE(!cursor.at_end());
      REQUIRE(parts(cursor.pending()) == parts(pending));
      cursor.next();
    }
    REQUIRE(cursor.at_end());
  }

  void compare_orders() {
    compare_orders(PendingList::Which::kAll);
    compare_orders(PendingList::Which::kDeliverable);
  }
  void compare_orders(PendingList::Which which) {
    std::vector<Pending> held;
    std::vector<Pending> unowned;
    const bool all = which == PendingList::Which::kAll;
    for (const auto& [id, pending] : model_) {
      if (all || !pending.orphaned) (pending.owned() ? held : unowned).push_back(pending);
    }
    if (all) REQUIRE(list_.unowned() == unowned.size());
    std::stable_sort(held.begin(), held.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    std::stable_sort(unowned.begin(), unowned.end(), [](const auto& a, const auto& b) {
      return a.time.has_value() != b.time.has_value() ? b.time.has_value()
             : a.time                                 ? *a.time < *b.time
                                                      : a.release < b.release;
    });
    if (all) REQUIRE(list_.oldest_held() == (held.empty() ? std::nullopt : held[0].time));
    const UnixMs held_until{static_cast<int64_t>(1'000 + random_.below(60))};
    const UnixMs due_until{static_cast<int64_t>(random_.below(110))};
    const size_t wanted = random_.below(200);
    const auto compare = [&](const std::vector<Pending>& all, UnixMs until, const auto& visit) {
      size_t next = 0;
      visit(until, [&](const Pending& pending) {
        REQUIRE(next < all.size());
        REQUIRE(parts(pending) == parts(all[next]));
        return ++next < wanted;
      });
      if (next < wanted) REQUIRE((next == all.size() || *all[next].time > until));
    };
    compare(held, held_until,
            [&](UnixMs until, const auto& visit) { list_.visit_held(until, visit, which); });
    compare(unowned, due_until,
            [&](UnixMs until, const auto& visit) { list_.visit_unowned(until, visit, which); });
  }

  Random random_;
  Spread spread_;
  PendingList list_;
  std::map<StreamId, Pending> model_;
  StreamId last_{0, 0};
  uint64_t release_ = 0;
};

}  // namespace

TEST_CASE("a list of pending entries does what a map does, whatever the IDs are like", "[pending]") {
  const auto spread = GENERATE(Spread::kDense, Spread::kUsual, Spread::kWild);
  const uint64_t seed = GENERATE(range(1, 9));
  INFO("seed " << seed << ", spread " << static_cast<int>(spread));
  ListAndModel both(seed, spread);
  for (int i = 0; i < 6'000; ++i) {
    both.step();
    if (i % 500 == 0) both.compare_all();
  }
  both.compare_all();
}

TEST_CASE("a pending entry takes less than 32 bytes, also when every other one is gone", "[pending]") {
  PendingList list;
  constexpr uint64_t kEntries = 200'000;
  for (uint64_t i = 0; i < kEntries; ++i)
    list.put({.id = {1'700'000'000'000 + i / 3, i % 3},
              .consumer = 0,
              .time = UnixMs{1'700'000'000'000},
              .deliveries = 1});
  REQUIRE(list.bytes() < 23 * list.size());
  for (uint64_t i = 0; i < kEntries; ++i) {
    if (mix(i) % 2 == 0) list.remove({1'700'000'000'000 + i / 3, i % 3});
  }
  list.check_invariants();
  REQUIRE(list.bytes() < 32 * list.size());
  for (uint64_t i = 0; i < kEntries; ++i)
    list.remove({1'700'000'000'000 + i / 3, i % 3});
  REQUIRE(list.empty());
}

TEST_CASE("pending entries added from the greatest ID down share leaves", "[pending]") {
  PendingList list;
  for (uint64_t i = 10'000; i > 0; --i)
    list.put({.id = {i, 0}, .consumer = 0, .time = UnixMs{5}, .deliveries = 1});
  list.check_invariants();
  REQUIRE(list.bytes() < 60 * list.size());
}

TEST_CASE("a list of pending entries is freed in steps", "[pending]") {
  PendingList list;
  for (uint64_t i = 1; i <= 10'000; ++i)
    list.put({.id = {i, 0}, .consumer = 0, .time = UnixMs{5}, .deliveries = 1});
  int steps = 1;
  size_t leaves_max = 16;
  for (; !list.free_some(leaves_max); leaves_max = 16)
    ++steps;
  REQUIRE(steps >= 10);
  REQUIRE(list.empty());
}

TEST_CASE("a search for what can be delivered does not look at what the stream has lost", "[pending]") {
  PendingList list;
  constexpr uint64_t kEntries = 50'000;
  const bool held = GENERATE(true, false);
  for (uint64_t i = 1; i <= kEntries; ++i) {
    Pending pending{.id = {i, 0}, .deliveries = 1};
    if (held) {
      pending.consumer = 0;
      pending.time = UnixMs{static_cast<int64_t>(i)};
    } else {
      pending.release = i;
    }
    list.put(pending);
  }
  const bool in_steps = GENERATE(true, false);
  for (uint64_t last = in_steps ? 100 : kEntries - 5; last < kEntries; last += 100)
    list.orphan({last >= 100 && in_steps ? last - 99 : 1, 0}, {std::min(last, kEntries - 5), 0});
  if (in_steps) list.orphan({1, 0}, {kEntries - 5, 0});
  list.check_invariants();
  for (int calls = 1; calls <= 3; ++calls) {
    std::vector<StreamId> found;
    const auto first = [&found](const Pending& pending) {
      found.push_back(pending.id);
      return false;
    };
    const uint64_t before = list.searched();
    held ? list.visit_held(kPendingTimeMax, first, PendingList::Which::kDeliverable)
         : list.visit_unowned(kPendingTimeMax, first, PendingList::Which::kDeliverable);
    REQUIRE(found == std::vector<StreamId>{{kEntries - 4, 0}});
    REQUIRE(list.searched() - before <= 124);  // two leaves
  }
}
