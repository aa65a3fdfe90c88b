// SPDX-License-Identifier: MIT
//
// What queues do, written down as simply as it can be: every message lies in one flat record, every question
// is answered by looking at all of them. It follows queue-extension.md, not the engine, and shares no code
// with it but the handles' types and the mixing of entropy.
#pragma once

#include <algorithm>
#include <climits>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/queue/policy.h"

namespace sluice::model {

struct Message {
  std::optional<StreamId> id;  // none: plain bytes
  std::string payload;
  char state = 'R';  // R, D, L, P: parked, or X: dying
  int64_t since = 0;
  int64_t added = 0;
  uint32_t deliveries = 0;
  uint32_t attempts = 0;
  bool open = false;
  int64_t reserved_at = 0;
  int64_t when = 0;
  uint64_t arming = 0;
  std::string consumer;
  std::string reason;
  int64_t failed_first = 0;
  int64_t failed_last = 0;
  std::string cause;
  int lane = 0;
  std::optional<int64_t> expires;
  std::optional<std::string> group;
  std::string token;  // empty: none, or no longer held
  int64_t token_until = 0;
  bool until_start = false;
  bool tied = false;
  uint32_t redriven = 0;
};

struct Letter {
  std::string source, id, reason, error, consumer, payload;
  int64_t attempts, deliveries, added, first, last, redriven;
  friend bool operator==(const Letter&, const Letter&) = default;
};

struct Reserved {
  std::string key;
  Handle handle;
  std::string payload;
  uint32_t attempts;
  int64_t deadline;
  friend bool operator==(const Reserved&, const Reserved&) = default;
};

// What may be asked of an addition.
struct Add {
  std::optional<int64_t> delay;
  int lane = 0;
  std::optional<int64_t> ttl;
  std::string token;
  bool until_start = false;
  int64_t window = 0;
  std::string group;
};

struct Queue {
  std::deque<Message> lanes[10];  // each from left to right
  std::vector<Message> others;    // delayed, leased, parked, dying; in no order
  bool is_queue = false;          // else a plain list, which keeps no times
  // When the first plain element is too old.
  std::optional<std::pair<int64_t, uint64_t>> plain_timer;

  size_t ready() const {
    size_t sum = 0;
    for (const auto& lane : lanes)
      sum += lane.size();
    return sum;
  }
  size_t count(char state) const {
    return static_cast<size_t>(std::count_if(
        others.begin(), others.end(), [state](const Message& message) { return message.state == state; }));
  }
  size_t size() const { return ready() + others.size(); }
  bool empty() const { return size() == 0; }
};

// A token whose message is gone, or started.
struct Loose {
  StreamId id;
  int64_t until;
  uint64_t arming;
};

// v and the cut of section 11, in arithmetic that cannot overflow.
inline int64_t wait_before_retry(const Backoff& backoff, uint32_t attempts, uint64_t entropy) {
  const __int128 base = backoff.base.count;
  const __int128 cap = backoff.cap.count;
  __int128 full = 0;
  if (backoff.kind == Backoff::Kind::kFixed) full = base;
  if (backoff.kind == Backoff::Kind::kLinear) full = std::min(cap, base * attempts);
  if (backoff.kind == Backoff::Kind::kExponential) {
    full = base;
    for (uint32_t i = 1; i < attempts && full < cap; ++i)
      full *= 2;
    full = std::min(full, cap);
  }
  const auto cut = static_cast<uint64_t>(full * backoff.jitter_percent / 100);
  return static_cast<int64_t>(full) - static_cast<int64_t>(entropy % (cut + 1));
}

class Queues {
 public:
  using Name = std::string;
  std::map<Name, Queue> queues;
  std::map<Name, Policy> policies;
  std::map<Name, std::vector<int64_t>> deliveries;  // of policies with a rate, that may still count
  std::map<Name, std::vector<Letter>> streams;
  std::map<Name, bool> blocked;  // keys that hold text
  std::map<std::pair<Name, std::string>, Loose> loose;
  uint64_t discarded = 0;

  const Policy& policy(const Name& key) const {
    static const Policy kDefault;
    const auto found = policies.find(key);
    return found == policies.end() ? kDefault : found->second;
  }

  // A plain list takes the stamp as the push time of all that is in it. Requires: the key is there.
  void become_queue(const Name& key, const Stamp& stamp) {
    Queue& queue = queues[key];
    if (queue.is_queue) return;
    queue.is_queue = true;
    for (Message& message : queue.lanes[0])
      message.since = message.added = stamp.now.count;
    refresh_plain(key);
  }
  void set_policy(const Name& key, std::optional<Policy> policy, const Stamp& stamp) {
    const bool had = policies.erase(key) > 0;
    if (policy) policies[key] = *policy;
    if (!policy || policy->rate.deliveries == 0) deliveries.erase(key);
    if ((!had && !policy) || queues.count(key) == 0) return;
    become_queue(key, stamp);
    refresh_plain(key);
  }

  // --- Lists
  // Left to right; positions of the whole.
  std::vector<Message*> view(const Name& key) {
    std::vector<Message*> all;
    const auto found = queues.find(key);
    if (found == queues.end()) return all;
    const bool left = policy(key).head == Side::kLeft;
    for (int i = 0; i < 10; ++i) {
      for (Message& message : found->second.lanes[left ? 9 - i : i])
        all.push_back(&message);
    }
    return all;
  }
  // Whether so many may be pushed; a queue that drops has dropped then.
  bool admit(const Name& key, size_t pushes, const Stamp& stamp) {
    const Policy with = policy(key);
    const auto found = queues.find(key);
    if (found != queues.end() && !found->second.is_queue) return true;
    if (with.paused_in()) return false;
    if (with.length_max == 0) return true;
    const size_t size = found == queues.end() ? 0 : found->second.size();
    if (size + pushes <= with.length_max) return true;
    const size_t surplus = size + pushes - with.length_max;
    if (with.overflow != Overflow::kDrop || found == queues.end() || pushes > with.length_max) return false;
    if (surplus > found->second.ready()) return false;
    const Name to = with.dead_letter.value_or(key + ":dead");
    if (!to.empty() && (blocked[to] || queues.count(to) > 0)) return false;
    for (size_t i = 0; i < surplus; ++i)
      drop_one(key, stamp);
    settle(key, stamp);
    return true;
  }
  bool push(const Name& key, bool left, const std::string& bytes, const Stamp& stamp) {
    if (!admit(key, 1, stamp)) return false;
    Message message;
    message.payload = bytes;
    message.since = message.added = stamp.now.count;
    if (queues.count(key) == 0) queues[key].is_queue = policies.count(key) > 0;
    auto& lane = queues[key].lanes[0];
    left ? lane.push_front(message) : lane.push_back(message);
    refresh_plain(key);
    return true;
  }
  std::string pop(const Name& key, bool left, const Stamp& stamp) {
    const std::vector<Message*> all = view(key);
    Message* const which = left ? all.front() : all.back();
    const Message message = *which;
    erase_ready(key, which);
    gone(key, message, stamp);
    refresh_plain(key);
    settle(key, stamp);
    drop_if_empty(key);
    return message.payload;
  }
  void set(const Name& key, size_t index, const std::string& bytes, const Stamp& stamp) {
    Message& there = *view(key)[index];
    const Message before = there;
    Message message;
    message.payload = bytes;
    message.lane = before.lane;
    message.since = message.added = before.since;
    there = message;
    refresh_plain(key);
    gone(key, before, stamp);
    settle(key, stamp);
  }
  void insert(const Name& key, size_t index, const std::string& bytes, const Stamp& stamp) {
    Message message;
    message.payload = bytes;
    message.since = message.added = stamp.now.count;
    const Message* const pivot = view(key)[index];
    message.lane = pivot->lane;
    auto& lane = queues[key].lanes[pivot->lane];
    lane.insert(lane.begin() + index_in(lane, pivot), message);
    refresh_plain(key);
  }
  void erase(const Name& key, size_t index, size_t count, const Stamp& stamp) {
    std::vector<Message> removed;
    for (; count > 0; --count) {
      Message* const which = view(key)[index];
      removed.push_back(*which);
      erase_ready(key, which);
    }
    for (const Message& message : removed)
      gone(key, message, stamp);
    refresh_plain(key);
    settle(key, stamp);
    drop_if_empty(key);
  }
  void end_key(const Name& key) {
    const auto found = queues.find(key);
    if (found == queues.end()) return;
    queues.erase(found);
    drop_tokens(key);
  }
  void drop_tokens(const Name& key) {
    for (auto at = loose.begin(); at != loose.end();)
      at = at->first.first == key ? loose.erase(at) : std::next(at);
  }

  // --- Verbs
  // What came of it: 'A' added, 'D' duplicate, 'R' refused, 'T' the TTL is too short.
  std::pair<char, StreamId> add(const Name& key, const std::string& payload, const Add& how,
                                const Stamp& stamp) {
    const int64_t now = stamp.now.count;
    if (!how.token.empty()) {
      if (const auto first = token_holder(key, how.token)) return {'D', *first};
    }
    const int64_t ttl = how.ttl.value_or(policy(key).ttl.count);
    const bool delayed = how.delay && *how.delay > 0;
    if (delayed && ttl > 0 && ttl <= *how.delay) return {'T', {}};
    if (!admit(key, 1, stamp)) return {'R', {}};
    become_queue(key, stamp);
    Message message;
    message.id = next_id(stamp);
    message.payload = payload;
    message.lane = how.lane;
    message.since = message.added = now;
    if (ttl > 0) message.expires = now + ttl;
    message.token = how.token;
    message.token_until = now + how.window;
    message.until_start = how.until_start;
    if (!how.group.empty()) message.group = how.group;
    place_new(key, message, delayed ? std::optional(now + *how.delay) : std::nullopt);
    return {'A', *message.id};
  }

  size_t reservable(const Name& key, int64_t now) {
    const auto found = queues.find(key);
    if (found == queues.end()) return 0;
    const Policy& with = policy(key);
    const Queue& queue = found->second;
    size_t count = queue.ready();
    if (with.paused_out()) return 0;
    if (with.leased_max > 0)
      count = std::min<size_t>(count, with.leased_max - std::min<size_t>(with.leased_max, queue.count('L')));
    if (with.rate.deliveries > 0) {
      size_t counted = 0;
      for (const int64_t when : deliveries[key])
        counted += when > now - with.rate.window.count ? 1 : 0;
      count = std::min<size_t>(count, with.rate.deliveries - std::min<size_t>(with.rate.deliveries, counted));
    }
    return count;
  }
  Message* next(const Name& key, int64_t now) {
    const Policy& with = policy(key);
    Queue& queue = queues[key];
    Message* highest = nullptr;
    Message* aged = nullptr;
    for (int lane = 9; lane >= 0; --lane) {
      if (queue.lanes[lane].empty()) continue;
      Message* const head = with.head == Side::kLeft ? &queue.lanes[lane].front() : &queue.lanes[lane].back();
      if (highest == nullptr) highest = head;
      const bool waited = with.aging.count > 0 && now - head->since > with.aging.count;
      if (waited && (aged == nullptr || head->since < aged->since)) aged = head;
    }
    return aged != nullptr ? aged : highest;
  }

  std::vector<Reserved> reserve(const std::vector<Name>& keys, size_t count, std::optional<int64_t> lease,
                                bool fair, bool tied, const std::string& consumer, const Stamp& stamp) {
    std::vector<Reserved> result;
    const int64_t now = stamp.now.count;
    while (result.size() < count) {
      const Name* from = nullptr;
      int64_t oldest = INT64_MAX;
      for (const Name& key : keys) {
        if (reservable(key, now) == 0) continue;
        const int64_t since = queues[key].is_queue ? next(key, now)->since : now;
        if (!fair && from != nullptr) break;
        if (fair && since >= oldest) continue;
        from = &key;
        oldest = since;
      }
      if (from == nullptr) break;
      result.push_back(reserve_one(*from, lease, tied, consumer, stamp));
    }
    return result;
  }

  int ack(const Name& key, const Handle& handle, const Stamp& stamp) {
    Message* message = find(key, handle.id);
    if (message == nullptr) return -1;
    if (!message->open || message->deliveries != handle.deliveries) return 0;
    finish(key, handle.id, stamp);
    return 1;
  }

  int extend(const Name& key, const Handle& handle, int64_t lease, const Stamp& stamp) {
    Message* found = find(key, handle.id);
    if (found == nullptr) return -1;
    if (!found->open || found->deliveries != handle.deliveries) return 0;
    const int64_t longest = policy(key).lease_max.count;
    const int64_t deadline = stamp.now.count + lease;
    if (longest > 0 && deadline > found->reserved_at + longest) return 0;
    Message message = take(key, handle.id);
    message.state = 'L';
    arm(message, deadline);
    queues[key].others.push_back(message);
    return 1;
  }

  int remove(const Name& key, StreamId id, const Stamp& stamp) {
    if (find(key, id) == nullptr) return -1;
    finish(key, id, stamp);
    return 1;
  }

  // `mode` is S, F or X (fatal).
  int nack(const Name& key, const Handle& handle, char mode, std::optional<int64_t> delay,
           std::optional<std::string> reason, const Stamp& stamp) {
    Message* found = find(key, handle.id);
    if (found == nullptr) return -1;
    if (found->state != 'L' || found->deliveries != handle.deliveries) return 0;
    Message message = take(key, handle.id);
    const int64_t now = stamp.now.count;
    message.open = message.tied = false;
    if (reason) message.reason = reason->substr(0, 1024);
    if (mode == 'S' && message.expires && *message.expires <= now) {
      die(key, message, "expired", stamp, now);
    } else if (mode == 'S' && !delay) {
      at_end(key, message, true);
    } else if (mode == 'S') {
      later(key, message, *delay, now);
    } else if (mode == 'F') {
      attempt_failed(key, message, delay, stamp, now);
    } else {
      failed_at(message, now);
      die(key, message, "fatal", stamp, now);
    }
    settle(key, stamp);
    drop_if_empty(key);
    return 1;
  }

  bool untie(const Name& key, const Handle& handle, const Stamp& stamp) {
    Message* found = find(key, handle.id);
    if (found == nullptr || found->state != 'L' || found->deliveries != handle.deliveries || !found->tied)
      return false;
    Message message = take(key, handle.id);
    message.tied = false;
    message.reason = "connection-closed";
    attempt_failed(key, message, std::nullopt, stamp, stamp.now.count);
    settle(key, stamp);
    drop_if_empty(key);
    return true;
  }

  // The first so many letters go back. Returns how many did.
  size_t redrive(const Name& dlq, const std::vector<StreamId>& ids, int64_t spread, const Stamp& stamp) {
    size_t moved = 0;
    for (const StreamId id : ids) {
      const Letter letter = streams[dlq][0];
      if (!admit(letter.source, 1, stamp)) break;
      become_queue(letter.source, stamp);
      Message message;
      message.id = next_id(stamp);
      message.payload = letter.payload;
      message.redriven = static_cast<uint32_t>(letter.redriven) + 1;
      message.since = message.added = stamp.now.count;
      const int64_t ttl = policy(letter.source).ttl.count;
      if (ttl > 0) message.expires = stamp.now.count + ttl;
      const uint64_t entropy = mix(stamp.entropy ^ mix(id.ms ^ mix(id.seq)));
      const auto delay = static_cast<int64_t>(entropy % (static_cast<uint64_t>(spread) + 1));
      place_new(letter.source, message, delay > 0 ? std::optional(stamp.now.count + delay) : std::nullopt);
      streams[dlq].erase(streams[dlq].begin());
      ++moved;
    }
    return moved;
  }

  // --- Time
  size_t tick(int64_t now, size_t most, const Stamp& stamp) {
    size_t fired = 0;
    for (; fired < most; ++fired) {
      if (!fire_first(now, stamp)) break;
    }
    return fired;
  }

  size_t restart(const Stamp& stamp) {
    const int64_t floor = stamp.now.count + 10'000;
    std::vector<Message*> early;
    for (auto& [key, queue] : queues) {
      for (Message& message : queue.others) {
        if (message.state == 'L' && (message.when < floor || message.tied)) early.push_back(&message);
      }
    }
    std::sort(early.begin(), early.end(), [](const Message* a, const Message* b) {
      return std::pair(a->when, a->arming) < std::pair(b->when, b->arming);
    });
    for (Message* message : early) {
      arm(*message, floor);
      message->tied = false;
    }
    return early.size();
  }

  Message* find(const Name& key, StreamId id) {
    const auto queue = queues.find(key);
    if (queue == queues.end()) return nullptr;
    for (auto& lane : queue->second.lanes) {
      for (Message& message : lane) {
        if (message.id == id) return &message;
      }
    }
    for (Message& message : queue->second.others) {
      if (message.id == id) return &message;
    }
    return nullptr;
  }

 private:
  StreamId next_id(const Stamp& stamp) {
    const auto now = static_cast<uint64_t>(stamp.now.count);
    id_last_ = now > id_last_.ms ? StreamId{now, 0} : StreamId{id_last_.ms, id_last_.seq + 1};
    return id_last_;
  }
  void arm(Message& message, int64_t when) {
    message.when = when;
    message.arming = ++arming_last_;
  }
  template <typename Lane>
  static ptrdiff_t index_in(const Lane& lane, const Message* which) {
    for (size_t i = 0; i < lane.size(); ++i) {
      if (&lane[i] == which) return static_cast<ptrdiff_t>(i);
    }
    return -1;
  }
  void erase_ready(const Name& key, const Message* which) {
    auto& lane = queues[key].lanes[which->lane];
    lane.erase(lane.begin() + index_in(lane, which));
  }

  // --- Places
  void at_end(const Name& key, Message message, bool head) {
    message.state = 'R';
    if (message.expires) arm(message, *message.expires);
    const bool left = (policy(key).head == Side::kLeft) == head;
    auto& lane = queues[key].lanes[message.lane];
    left ? lane.push_front(message) : lane.push_back(message);
  }
  void wait_until(const Name& key, Message message, int64_t due) {
    message.state = 'D';
    arm(message, message.expires ? std::min(due, *message.expires) : due);
    queues[key].others.push_back(message);
  }
  void later(const Name& key, Message message, int64_t delay, int64_t now) {
    if (delay > 0) return wait_until(key, message, now + delay);
    message.since = now;
    at_end(key, message, false);
  }
  // The message of the group that is not parked, if there is one.
  Message* front(const Name& key, const std::string& group) {
    Queue& queue = queues[key];
    for (auto& lane : queue.lanes) {
      for (Message& message : lane) {
        if (message.group == group) return &message;
      }
    }
    for (Message& message : queue.others) {
      if (message.group == group && (message.state == 'D' || message.state == 'L')) return &message;
    }
    return nullptr;
  }
  void place_new(const Name& key, Message message, std::optional<int64_t> due) {
    if (message.group && front(key, *message.group) != nullptr) {
      message.state = 'P';
      message.since = due.value_or(message.since);
      if (message.expires) arm(message, *message.expires);
      queues[key].others.push_back(message);
    } else if (due) {
      wait_until(key, message, *due);
    } else {
      at_end(key, message, false);
    }
  }
  // Whose group has no front any more may follow, in the order in which the fronts went.
  void settle(const Name& key, const Stamp& stamp) {
    for (const std::string& group : std::exchange(loose_groups_, {})) {
      if (queues.count(key) == 0 || front(key, group) != nullptr) continue;
      const Message* next = nullptr;
      for (const Message& message : queues[key].others) {
        if (message.state != 'P' || message.group != group) continue;
        if (next == nullptr || *message.id < *next->id) next = &message;
      }
      if (next == nullptr) continue;
      Message message = take(key, *next->id);
      if (message.since > stamp.now.count) {
        wait_until(key, message, message.since);
      } else {
        message.since = stamp.now.count;
        at_end(key, message, false);
      }
    }
  }

  // --- Plain elements
  const Message* oldest_plain(const Name& key) {
    const Message* oldest = nullptr;
    for (const auto& lane : queues[key].lanes) {
      const Message* here = nullptr;
      for (const Message& message : lane) {
        if (message.id) continue;
        const bool nearer_head = policy(key).head == Side::kRight;
        if (here == nullptr || message.since < here->since || (message.since == here->since && nearer_head))
          here = &message;
      }
      if (here != nullptr && (oldest == nullptr || here->since < oldest->since)) oldest = here;
    }
    return oldest;
  }
  void refresh_plain(const Name& key) {
    const auto found = queues.find(key);
    if (found == queues.end() || !found->second.is_queue) return;
    auto& timer = found->second.plain_timer;
    const int64_t ttl = policy(key).ttl.count;
    const Message* const oldest = ttl > 0 ? oldest_plain(key) : nullptr;
    if (oldest == nullptr) {
      timer.reset();
    } else if (!timer || timer->first != oldest->since + ttl) {
      timer = std::pair(oldest->since + ttl, ++arming_last_);
    }
  }
  // Gives a plain element its ID, in its place, or at the head of its lane.
  Message identify(const Name& key, const Message& plain, const Stamp& stamp) {
    Message message = plain;
    message.id = next_id(stamp);
    if (policy(key).ttl.count > 0) message.expires = message.since + policy(key).ttl.count;
    return message;
  }
  void drop_one(const Name& key, const Stamp& stamp) {
    Queue& queue = queues[key];
    int lane = 0;
    while (queue.lanes[lane].empty())
      ++lane;
    const bool left = policy(key).head == Side::kLeft;
    const Message& head = left ? queue.lanes[lane].front() : queue.lanes[lane].back();
    Message message = head;
    const bool plain = !message.id;
    if (plain) message = identify(key, head, stamp);
    left ? queue.lanes[lane].pop_front() : queue.lanes[lane].pop_back();
    if (plain && message.expires) arm(message, *message.expires);
    if (plain) refresh_plain(key);
    die(key, message, "overflow", stamp, stamp.now.count);
  }

  // --- Tokens
  std::optional<StreamId> token_holder(const Name& key, const std::string& token) {
    if (const auto found = loose.find({key, token}); found != loose.end()) return found->second.id;
    const auto queue = queues.find(key);
    if (queue == queues.end()) return std::nullopt;
    for (auto& lane : queue->second.lanes) {
      for (const Message& message : lane) {
        if (message.token == token) return message.id;
      }
    }
    for (const Message& message : queue->second.others) {
      if (message.token == token) return message.id;
    }
    return std::nullopt;
  }
  void free_token(const Name& key, Message& message, const Stamp& stamp) {
    if (message.token.empty()) return;
    if (message.token_until > stamp.now.count)
      loose[{key, message.token}] = {*message.id, message.token_until, ++arming_last_};
    message.token.clear();
  }

  // --- Ends
  // A message is out of the queue for good.
  void gone(const Name& key, Message message, const Stamp& stamp) {
    if (message.group && message.state != 'P' && message.state != 'X')
      loose_groups_.push_back(*message.group);
    free_token(key, message, stamp);
  }
  void finish(const Name& key, StreamId id, const Stamp& stamp) {
    gone(key, take(key, id), stamp);
    settle(key, stamp);
    drop_if_empty(key);
  }
  static void failed_at(Message& message, int64_t now) {
    if (message.failed_last == 0) message.failed_first = now;
    message.failed_last = now;
  }
  void attempt_failed(const Name& key, Message message, std::optional<int64_t> delay, const Stamp& stamp,
                      int64_t now) {
    const Policy& with = policy(key);
    message.attempts += 1;
    failed_at(message, now);
    if (with.attempts_max > 0 && message.attempts >= with.attempts_max) {
      die(key, message, "maxattempts", stamp, now);
      return;
    }
    if (message.expires && *message.expires <= stamp.now.count) {
      die(key, message, "expired", stamp, now);
      return;
    }
    const uint64_t entropy = retry_entropy(stamp, {*message.id, message.deliveries});
    later(key, message, delay ? *delay : wait_before_retry(with.backoff, message.attempts, entropy), now);
  }
  // Requires: it has been taken out.
  void die(const Name& key, Message message, const std::string& cause, const Stamp& stamp, int64_t now) {
    const Policy& with = policy(key);
    const Name to = with.dead_letter.value_or(key + ":dead");
    // A list in the way is as bad as a text.
    if (!to.empty() && (blocked[to] || queues.count(to) > 0)) {
      if (message.group && message.state != 'X' && message.state != 'P')
        loose_groups_.push_back(*message.group);
      message.state = 'X';
      message.open = message.tied = false;
      message.cause = cause;
      arm(message, now + 60'000);
      queues[key].others.push_back(message);
      return;
    }
    if (to.empty()) ++discarded;
    gone(key, message, stamp);
    if (to.empty()) return;
    auto& stream = streams[to];
    stream.push_back({key, std::to_string(message.id->ms) + "-" + std::to_string(message.id->seq), cause,
                      message.reason, message.consumer, message.payload, message.attempts, message.deliveries,
                      message.added, message.failed_first, message.failed_last, message.redriven});
    while (with.dead_letters_max > 0 && stream.size() > with.dead_letters_max)
      stream.erase(stream.begin());
  }

  Reserved reserve_one(const Name& key, std::optional<int64_t> lease, bool tied, const std::string& consumer,
                       const Stamp& stamp) {
    const Policy& with = policy(key);
    const int64_t now = stamp.now.count;
    become_queue(key, stamp);
    Message* const which = next(key, now);
    const bool plain = !which->id;
    Message message = plain ? identify(key, *which, stamp) : *which;
    erase_ready(key, which);
    if (plain) refresh_plain(key);
    int64_t span = lease.value_or(with.lease.count);
    if (with.lease_max.count > 0) span = std::min(span, with.lease_max.count);
    message.deliveries += 1;
    message.open = true;
    message.tied = tied;
    message.reserved_at = now;
    message.consumer = consumer;
    message.state = 'L';
    arm(message, now + span);
    if (with.rate.deliveries > 0) {
      auto& times = deliveries[key];
      std::erase_if(times, [&](int64_t when) { return when <= now - with.rate.window.count; });
      times.push_back(now);
    }
    if (message.until_start) free_token(key, message, stamp);
    queues[key].others.push_back(message);
    return {key, {*message.id, message.deliveries}, message.payload, message.attempts, message.when};
  }

  // The first timer at or before `now`, whosever it is.
  bool fire_first(int64_t now, const Stamp& stamp) {
    std::pair<int64_t, uint64_t> first(now, UINT64_MAX);
    Name key;
    std::optional<StreamId> id;
    std::optional<std::pair<Name, std::string>> token;
    const auto consider = [&](std::pair<int64_t, uint64_t> timer) {
      if (timer >= first) return false;
      first = timer;
      id.reset();
      token.reset();
      return true;
    };
    for (auto& [name, queue] : queues) {
      const auto message_timer = [&, &name = name](const Message& message) {
        if (message.state == 'R' && (!message.id || !message.expires)) return;
        if (message.state == 'P' && !message.expires) return;
        if (!consider({message.when, message.arming})) return;
        key = name;
        id = message.id;
      };
      for (const auto& lane : queue.lanes)
        std::for_each(lane.begin(), lane.end(), message_timer);
      std::for_each(queue.others.begin(), queue.others.end(), message_timer);
      if (queue.plain_timer && consider(*queue.plain_timer)) key = name;
    }
    for (const auto& [name, each] : loose) {
      if (consider({each.until, each.arming})) token = name;
    }
    if (first.second == UINT64_MAX) return false;
    if (token) {
      loose.erase(*token);
      return true;
    }
    id ? fire(key, take(key, *id), now, stamp) : fire_plain(key, now, stamp);
    settle(key, stamp);
    drop_if_empty(key);
    return true;
  }
  void fire(const Name& key, Message message, int64_t now, const Stamp& stamp) {
    if (message.state == 'X') {
      die(key, message, message.cause, stamp, now);
    } else if (message.state == 'L') {
      message.reason = "lease-expired";
      message.tied = false;
      attempt_failed(key, message, std::nullopt, stamp, now);
    } else if (message.expires && *message.expires <= message.when) {
      die(key, message, "expired", stamp, now);
    } else {
      message.since = message.when;
      at_end(key, message, false);
    }
  }
  void fire_plain(const Name& key, int64_t now, const Stamp& stamp) {
    const Message* const oldest = oldest_plain(key);
    if (oldest == nullptr || oldest->since + policy(key).ttl.count > now) {
      refresh_plain(key);
      return;
    }
    Message message = identify(key, *oldest, stamp);
    erase_ready(key, oldest);
    arm(message, *message.expires);
    refresh_plain(key);
    die(key, message, "expired", stamp, now);
  }

  Message take(const Name& key, StreamId id) {
    Queue& queue = queues[key];
    const auto is_it = [id](const Message& message) { return message.id == id; };
    for (auto& lane : queue.lanes) {
      if (auto it = std::find_if(lane.begin(), lane.end(), is_it); it != lane.end()) {
        Message message = *it;
        lane.erase(it);
        return message;
      }
    }
    auto it = std::find_if(queue.others.begin(), queue.others.end(), is_it);
    Message message = *it;
    queue.others.erase(it);
    return message;
  }
  void drop_if_empty(const Name& key) {
    const auto found = queues.find(key);
    if (found != queues.end() && found->second.empty()) queues.erase(found);
  }

  StreamId id_last_;
  uint64_t arming_last_ = 0;
  std::vector<std::string> loose_groups_;
};

}  // namespace sluice::model
