// SPDX-License-Identifier: MIT
//
// What a stream does whose consumer groups may have policies, as simply as it can be written down: every question is
// answered by looking at everything. It follows queue-extension.md sections 4 and 8 and shares no code with the engine
// but the policy's fields.
//
// Of delays that chance shortens it knows the bounds only; whoever sees the real ones tells it (settle()).
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/queue/policy.h"
#include "engine/stream_id.h"

namespace sluice::managed_model {

using Ids = std::vector<StreamId>;

struct Letter {
  StreamId id;  // in the dead-letter stream
  std::string group, reason, error, consumer, value;
  StreamId source_id;
  uint64_t deliveries = 0;
  int64_t first = 0, last = 0;
  uint32_t redriven = 0;
};

// A stream of letters, or of copies of entries.
struct Letters {
  std::vector<Letter> letters;
  StreamId last_id;

  StreamId next_id(int64_t now) const {
    const auto ms = static_cast<uint64_t>(now);
    return ms > last_id.ms ? StreamId{ms, 0} : StreamId{last_id.ms, last_id.seq + 1};
  }
};

struct PendingEntry {
  std::string owner = {};            // empty: nobody
  std::optional<int64_t> time = {};  // held: delivered; else due, none: released
  int64_t time_max = 0;              // due between time and this
  uint64_t release = 0;
  uint64_t deliveries = 0;
  // Known with a policy only.
  std::string holder = {};
  std::string reason = {};
  int64_t first = 0, last = 0;
  uint32_t redriven = 0;
  bool dying = false;
  std::string cause = {};

  bool held() const { return !owner.empty(); }
};

struct Totals {
  uint64_t reserved = 0, acked = 0, late_acks = 0, stale_acks = 0, nacked = 0, silent = 0, lease_expired = 0;
  uint64_t retried = 0, died = 0, discarded = 0, redriven = 0;
};

struct Group {
  StreamId last_id;
  std::set<std::string> consumers;
  std::map<StreamId, PendingEntry> pending;
  uint64_t releases = 0;
  Totals totals;
};

struct SetPolicy {
  Policy policy;
  uint64_t serial = 0;
  std::vector<int64_t> deliveries;  // as far as a rate is set
};

struct Release {
  char mode = 'F';  // S, F, X
  std::optional<int64_t> due;
  std::optional<std::string> reason;
  std::optional<uint64_t> deliveries;
  bool force = false;
  std::optional<std::string> consumer;
};

struct Claim {
  int64_t idle_min = 0;
  int64_t time = 0;
  std::optional<uint64_t> deliveries = {};
  bool force = false;
  bool just_id = false;
};

struct Delivered {
  StreamId id;
  int64_t idle = 0;
  uint64_t before = 0;  // deliveries
};

class World {
 public:
  int64_t now = 0;
  bool exists = false;  // the stream
  std::map<StreamId, std::string> entries;
  StreamId last_id;  // of the stream
  std::map<std::string, Group> groups;
  std::map<std::string, SetPolicy> policies;  // by group
  std::map<std::string, Letters> streams;     // of letters, by key
  std::set<std::string> blocked;              // keys that hold text
  int64_t floor = 0;

  // --- Finding
  Group* find(const std::string& name) {
    const auto found = groups.find(name);
    return found == groups.end() ? nullptr : &found->second;
  }
  SetPolicy* policy_of(const std::string& name) {
    const auto found = policies.find(name);
    return found == policies.end() ? nullptr : &found->second;
  }
  bool is_referenced(StreamId id) const {
    for (const auto& [name, group] : groups) {
      if (id > group.last_id || group.pending.count(id) > 0) return true;
    }
    return false;
  }
  // Pending entries in the order in which they are due.
  Ids due(const Group& group) const {
    std::vector<std::tuple<int, uint64_t, int64_t, StreamId>> order;
    for (const auto& [id, it] : group.pending) {
      if (it.held() || (it.time && *it.time > now)) continue;
      order.emplace_back(it.time ? 1 : 0, it.time ? 0 : it.release, it.time.value_or(0), id);
    }
    return sorted(std::move(order));
  }
  Ids held_since(const Group& group, int64_t until) const {
    std::vector<std::tuple<int, uint64_t, int64_t, StreamId>> order;
    for (const auto& [id, it] : group.pending) {
      if (it.held() && *it.time <= until) order.emplace_back(0, 0, *it.time, id);
    }
    return sorted(std::move(order));
  }

  // --- The stream
  void add(StreamId id, const std::string& value) {
    exists = true;
    entries[id] = value;
    last_id = id;
  }
  Ids trimmed(size_t length, bool acknowledged) const {
    Ids gone;
    for (const auto& [id, value] : entries) {
      if (entries.size() - gone.size() <= length) break;
      if (!acknowledged || !is_referenced(id)) gone.push_back(id);
    }
    return gone;
  }
  void erase(const Ids& gone) {
    for (const StreamId id : gone)
      remove(id);
  }
  // What is deleted waits for nobody any more; whoever has it may keep it.
  bool remove(StreamId id) {
    if (entries.erase(id) == 0) return false;
    for (auto& [name, group] : groups) {
      const auto it = group.pending.find(id);
      if (policies.count(name) > 0 && it != group.pending.end() && !it->second.held())
        group.pending.erase(it);
    }
    return true;
  }
  void drop_references(StreamId id) {
    for (auto& [name, group] : groups)
      group.pending.erase(id);
  }
  void end_stream() {
    exists = false;
    entries.clear();
    groups.clear();
    last_id = {};
  }

  // --- Policies
  void set_policy(const std::string& name, const Policy& policy) {
    const auto [it, added] = policies.try_emplace(name);
    if (added) it->second.serial = ++serial_;
    it->second.policy = policy;
    if (policy.rate.deliveries == 0) it->second.deliveries.clear();
    if (added) manage(name);
  }
  void reset_policy(const std::string& name) {
    if (policies.erase(name) == 0) return;
    Group* const group = find(name);
    if (group == nullptr) return;
    group->totals = {};
    std::vector<std::pair<int64_t, StreamId>> timed;
    for (auto& [id, it] : group->pending) {
      if (!it.held() && it.time) timed.emplace_back(*it.time, id);
      it = {.owner = it.owner,
            .time = it.time,
            .time_max = it.time_max,
            .release = it.release,
            .deliveries = it.deliveries};
    }
    std::sort(timed.begin(), timed.end());
    for (const auto& [time, id] : timed)
      put_released(*group, id, group->pending[id].deliveries);
  }
  // A group has got a policy, or a policy a group.
  void manage(const std::string& name) {
    Group* const group = find(name);
    if (group == nullptr) return;
    group->totals = {};
    std::erase_if(group->pending,
                  [&](const auto& it) { return !it.second.held() && entries.count(it.first) == 0; });
  }

  uint64_t room(const std::string& name) {
    SetPolicy* const with = policy_of(name);
    if (with == nullptr) return UINT64_MAX;
    if (with->policy.pause == Pause::kOut) return 0;
    uint64_t room = UINT64_MAX;
    if (with->policy.leased_max > 0) {
      uint64_t held = 0;
      for (const auto& [id, it] : groups[name].pending)
        held += it.held() ? 1 : 0;
      room = with->policy.leased_max - std::min(held, with->policy.leased_max);
    }
    if (with->policy.rate.deliveries > 0) {
      uint64_t counted = 0;
      for (const int64_t at : with->deliveries)
        counted += at > now - with->policy.rate.window.count ? 1 : 0;
      const uint64_t most = with->policy.rate.deliveries;
      room = std::min(room, most - std::min(counted, most));
    }
    return room;
  }
  bool used_up(const std::string& name, uint64_t deliveries) {
    SetPolicy* const with = policy_of(name);
    return with != nullptr && with->policy.attempts_max > 0 && deliveries >= with->policy.attempts_max;
  }

  // --- Verbs
  // XREADGROUP >; count 0 is no limit.
  std::vector<Delivered> read(const std::string& name, const std::string& consumer, uint64_t count,
                              bool keeps, std::optional<int64_t> claim) {
    Group& group = groups[name];
    SetPolicy* const with = policy_of(name);
    const uint64_t most = std::min(count == 0 ? UINT64_MAX : count, room(name));
    if (most == 0) return {};
    Ids candidates;
    if (claim || (with != nullptr && keeps)) candidates = due(group);
    if (claim) {
      for (const StreamId id : held_since(group, now - *claim))
        candidates.push_back(id);
    }
    std::vector<Delivered> delivered;
    Ids dead;
    for (const StreamId id : candidates) {
      if (delivered.size() == most) break;
      const PendingEntry& it = group.pending[id];
      if (entries.count(id) == 0 || it.dying) continue;
      if (used_up(name, it.deliveries)) {
        dead.push_back(id);
      } else {
        delivered.push_back({id, now - it.time.value_or(0), it.deliveries});
      }
    }
    for (const StreamId id : dead)
      bury(name, id, "maxattempts");
    // What is logged is the read, which makes the consumer.
    if (!dead.empty()) group.consumers.insert(consumer);
    for (const Delivered& it : delivered)
      hold(group, it.id, consumer, now, std::min<uint64_t>(it.before + 1, INT64_MAX));
    for (auto it = entries.upper_bound(group.last_id); it != entries.end() && delivered.size() < most; ++it) {
      delivered.push_back({it->first, 0, 0});
      group.last_id = it->first;
      // A new life: what was known of it counts no longer.
      if (keeps) group.pending[it->first] = {.owner = consumer, .time = now, .deliveries = 1};
    }
    if (delivered.empty()) return delivered;
    group.consumers.insert(consumer);
    group.totals.reserved += delivered.size();
    if (with != nullptr && with->policy.rate.deliveries > 0)
      with->deliveries.insert(with->deliveries.end(), delivered.size(), now);
    return delivered;
  }
  bool acknowledge(const std::string& name, StreamId id) {
    Group* const group = find(name);
    if (group == nullptr || group->pending.count(id) == 0) return false;
    ++group->totals.acked;
    if (!group->pending[id].held()) ++group->totals.late_acks;
    group->pending.erase(id);
    return true;
  }
  // XACK, which a policy may have delete. What it deletes in the group's name.
  bool ack(const std::string& name, StreamId id) {
    if (!acknowledge(name, id)) return false;
    SetPolicy* const with = policy_of(name);
    const AckDelete deletes = with == nullptr ? AckDelete::kNone : with->policy.ack_delete;
    if (deletes == AckDelete::kDelref) drop_references(id);
    if (deletes == AckDelete::kDelref || (deletes == AckDelete::kAcked && !is_referenced(id))) remove(id);
    return true;
  }
  // Who has it, or had it last.
  static const std::string& holder(const PendingEntry& it) { return it.held() ? it.owner : it.holder; }

  // XNACK of one entry.
  bool release(const std::string& name, StreamId id, const Release& how) {
    Group& group = groups[name];
    const bool known = group.pending.count(id) > 0;
    const bool there = entries.count(id) > 0;
    if (policies.count(name) == 0) {
      if (!known && !(how.force && there)) return false;
      const uint64_t before = known ? group.pending[id].deliveries : 0;
      uint64_t after = before;
      if (how.mode == 'S' && before > 0) after = before - 1;
      if (how.mode == 'X') after = INT64_MAX;
      put_released(group, id, how.deliveries.value_or(after));
      return true;
    }
    if (!known && (!how.force || how.consumer || !there)) return false;
    if (known && how.consumer && holder(group.pending[id]) != *how.consumer) {
      ++group.totals.stale_acks;
      return false;
    }
    if (known && group.pending[id].dying) return false;
    if (known && !group.pending[id].held() && how.mode != 'X' && !how.force) return false;
    if (!there) {
      group.pending.erase(id);
      return true;
    }
    PendingEntry& it = group.pending[id];
    if (how.deliveries) {
      it.deliveries = *how.deliveries;
    } else if (how.mode == 'S' && it.deliveries > 0) {
      --it.deliveries;
    }
    if (how.reason) it.reason = how.reason->substr(0, 1024);
    let_go(it);
    if (how.mode == 'S') {
      ++group.totals.silent;
      it.time = it.time_max = how.due.value_or(now);
      return true;
    }
    ++group.totals.nacked;
    fail(it);
    if (how.mode == 'X') {
      bury(name, id, "fatal");
    } else if (used_up(name, it.deliveries)) {
      bury(name, id, "maxattempts");
    } else {
      delay(name, it, how.due);
    }
    return true;
  }
  // XCLAIM of one entry. True: it is the consumer's now.
  bool claim(const std::string& name, StreamId id, const std::string& consumer, const Claim& how) {
    Group& group = groups[name];
    if (entries.count(id) == 0) {
      group.pending.erase(id);
      return false;
    }
    const auto found = group.pending.find(id);
    if (found == group.pending.end() && !how.force) return false;
    uint64_t deliveries = 1;
    if (found != group.pending.end()) {
      if (how.idle_min > 0 && !is_idle(found->second, how.idle_min)) return false;
      if (!may_claim(name, found->second, consumer, how.just_id, how.deliveries)) {
        if (!found->second.dying) bury(name, id, "maxattempts");
        return false;
      }
      deliveries = found->second.deliveries;
    }
    if (how.deliveries) {
      deliveries = *how.deliveries;
    } else if (!how.just_id) {
      deliveries = std::min<uint64_t>(deliveries + 1, INT64_MAX);
    }
    if (!how.just_id) ++group.totals.reserved;
    hold(group, id, consumer, how.time, deliveries);
    return true;
  }
  bool is_idle(const PendingEntry& it, int64_t idle_min) const {
    if (!it.held()) return !it.time || *it.time <= now;
    return idle_min == 0 || now - *it.time >= idle_min;
  }
  // Whether the policy lets it be claimed; if not, and it is not dying, it has to die.
  bool may_claim(const std::string& name, const PendingEntry& it, const std::string& consumer, bool just_id,
                 std::optional<uint64_t> deliveries) {
    if (policies.count(name) == 0) return true;
    if (just_id && !deliveries && it.owner == consumer) return true;  // extends
    if (it.dying) return false;
    const uint64_t before = deliveries ? *deliveries - std::min<uint64_t>(*deliveries, 1) : it.deliveries;
    return !used_up(name, before);
  }
  size_t end_consumer(const std::string& name, const std::string& consumer) {
    Group& group = groups[name];
    group.consumers.erase(consumer);
    size_t had = 0;
    for (auto it = group.pending.begin(); it != group.pending.end();) {
      const bool his = it->second.owner == consumer;
      const bool stays = his && policies.count(name) > 0 && entries.count(it->first) > 0;
      had += his ? 1 : 0;
      if (stays) {
        let_go(it->second);
        it->second.time = it->second.time_max = now;
      }
      it = his && !stays ? group.pending.erase(it) : std::next(it);
    }
    return had;
  }
  // What QREDRIVE makes of the letter: true if the entry is pending again.
  bool bring_back(const Letter& letter, int64_t spread) {
    Group* const group = find(letter.group);
    if (group == nullptr || policies.count(letter.group) == 0) return false;
    const StreamId id = letter.source_id;
    if (entries.count(id) == 0 || id > group->last_id || group->pending.count(id) > 0) return false;
    group->pending[id] = {.time = now, .time_max = now + spread, .redriven = letter.redriven + 1};
    ++group->totals.redriven;
    return true;
  }
  void put_released(Group& group, StreamId id, uint64_t deliveries) {
    group.pending[id] = {.release = ++group.releases, .deliveries = deliveries};
  }
  static void hold(Group& group, StreamId id, const std::string& consumer, int64_t time,
                   uint64_t deliveries) {
    PendingEntry& it = group.pending[id];
    it.owner = consumer;
    it.time = it.time_max = time;
    it.release = 0;
    it.deliveries = deliveries;
  }

  // --- Time
  // All that is over by now, in the order in which it happens.
  void tick() {
    for (;;) {
      std::optional<std::tuple<int64_t, uint64_t, std::string>> first;
      for (const auto& [name, with] : policies) {
        const auto when = next_event(name);
        if (!when || *when > now) continue;
        const std::tuple candidate(*when, with.serial, name);
        if (!first || candidate < *first) first = candidate;
      }
      if (!first) return;
      fire(std::get<2>(*first));
    }
  }
  // A start: no lease ends in the next ten seconds.
  void restart() {
    bool put_off = false;
    for (auto& [name, group] : groups) {
      group.totals = {};
      SetPolicy* const with = policy_of(name);
      if (with == nullptr) continue;
      for (const auto& [id, it] : group.pending) {
        const bool soon = it.held() && std::max(*it.time + with->policy.lease.count, floor) < now + 10'000;
        put_off = put_off || soon;
      }
    }
    if (put_off) floor = now + 10'000;
  }

 private:
  static Ids sorted(std::vector<std::tuple<int, uint64_t, int64_t, StreamId>> order) {
    std::sort(order.begin(), order.end());
    Ids ids;
    for (const auto& it : order)
      ids.push_back(std::get<3>(it));
    return ids;
  }
  // It leaves its owner, who is the last holder from now on.
  static void let_go(PendingEntry& it) {
    if (it.held()) it.holder = it.owner;
    it.owner.clear();
  }
  void fail(PendingEntry& it) const {
    if (it.last == 0) it.first = now;
    it.last = now;
  }
  void delay(const std::string& name, PendingEntry& it, std::optional<int64_t> due) {
    ++groups[name].totals.retried;
    const Backoff& backoff = policies[name].policy.backoff;
    __int128 full = 0;
    const uint64_t attempts = std::max<uint64_t>(it.deliveries, 1);
    if (backoff.kind == Backoff::Kind::kFixed) full = backoff.base.count;
    if (backoff.kind == Backoff::Kind::kLinear)
      full = std::min<__int128>(backoff.cap.count, static_cast<__int128>(backoff.base.count) * attempts);
    if (backoff.kind == Backoff::Kind::kExponential) {
      full = backoff.base.count;
      for (uint64_t i = 1; i < attempts && full < backoff.cap.count && i < 70; ++i)
        full *= 2;
      full = std::min<__int128>(full, backoff.cap.count);
    }
    const auto most = static_cast<int64_t>(full);
    it.time_max = due.value_or(now + most);
    it.time = due.value_or(now + most - most * backoff.jitter_percent / 100);
  }
  void bury(const std::string& name, StreamId id, const std::string& cause) {
    Group& group = groups[name];
    PendingEntry& it = group.pending[id];
    const Policy& policy = policies[name].policy;
    const std::string key = policy.dead_letter.value_or("s:" + name + ":dead");
    if (key.empty()) {
      ++group.totals.discarded;
      group.pending.erase(id);
      return;
    }
    if (blocked.count(key) > 0) {
      let_go(it);
      it.time = it.time_max = now + 60'000;
      it.dying = true;
      it.cause = cause;
      return;
    }
    Letters& to = streams[key];
    const StreamId letter_id = to.next_id(now);
    to.last_id = letter_id;
    to.letters.push_back({letter_id, name, cause, it.reason, holder(it), entries[id], id, it.deliveries,
                          it.first, it.last, it.redriven});
    while (policy.dead_letters_max > 0 && to.letters.size() > policy.dead_letters_max)
      to.letters.erase(to.letters.begin());
    ++group.totals.died;
    group.pending.erase(id);
  }
  // When the first lease ends, or the first letter is tried again.
  std::optional<int64_t> next_event(const std::string& name) {
    std::optional<int64_t> when;
    const auto note = [&when](int64_t at) { when = when ? std::min(*when, at) : at; };
    Group* const group = find(name);
    if (group == nullptr) return when;
    for (const auto& [id, it] : group->pending) {
      if (it.held()) note(std::max(*it.time + policies[name].policy.lease.count, floor));
      if (it.dying) note(*it.time);
    }
    return when;
  }
  void fire(const std::string& name) {
    Group& group = groups[name];
    std::vector<std::pair<int64_t, StreamId>> dying;
    for (const auto& [id, it] : group.pending) {
      if (it.dying && *it.time <= now) dying.emplace_back(*it.time, id);
    }
    std::sort(dying.begin(), dying.end());
    for (const auto& [when, id] : dying)
      bury(name, id, group.pending[id].cause);
    if (floor > now) return;
    for (const StreamId id : held_since(group, now - policies[name].policy.lease.count)) {
      ++group.totals.lease_expired;
      PendingEntry& it = group.pending[id];
      if (entries.count(id) == 0) {
        group.pending.erase(id);
        continue;
      }
      let_go(it);
      it.reason = "lease-expired";
      fail(it);
      if (used_up(name, it.deliveries)) {
        bury(name, id, "maxattempts");
      } else {
        delay(name, it, std::nullopt);
      }
    }
  }

  uint64_t serial_ = 0;
};

}  // namespace sluice::managed_model
