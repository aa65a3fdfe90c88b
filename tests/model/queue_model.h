// SPDX-License-Identifier: MIT
//
// What queues do, written down as simply as it can be: every message lies in one flat record, every
// question is answered
// by looking at all of them. It follows queue-extension.md, not the engine, and shares no code with it but the handles'
// types and the mixing of entropy.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/queue/policy.h"

namespace sluice::model {

struct Message {
  std::optional<StreamId> id;  // none: plain bytes
  std::string payload;
  char state = 'R';  // R, D, L, or X: dying
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
};

struct Letter {
  std::string source, id, reason, error, consumer, payload;
  int64_t attempts, deliveries, added, first, last;
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

struct Queue {
  std::deque<Message> ready;    // from left to right
  std::vector<Message> others;  // delayed, leased, dying; in no order
  bool is_queue = false;        // else a plain list, which keeps no times
  bool empty() const { return ready.empty() && others.empty(); }
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
  std::map<std::string, Queue> queues;
  std::map<std::string, Policy> policies;
  std::map<std::string, std::vector<Letter>> streams;
  std::map<std::string, bool> blocked;  // keys that hold text
  uint64_t discarded = 0;

  const Policy& policy(const std::string& key) const {
    static const Policy kDefault;
    const auto found = policies.find(key);
    return found == policies.end() ? kDefault : found->second;
  }

  // A plain list takes the stamp as the push time of all that is in it. Requires: the key is there.
  void become_queue(const std::string& key, const Stamp& stamp) {
    Queue& queue = queues[key];
    if (queue.is_queue) return;
    queue.is_queue = true;
    for (Message& message : queue.ready)
      message.since = message.added = stamp.now.count;
  }
  void set_policy(const std::string& key, std::optional<Policy> policy, const Stamp& stamp) {
    const bool had = policies.erase(key) > 0;
    if (policy) policies[key] = *policy;
    if ((had || policy) && queues.count(key) > 0) become_queue(key, stamp);
  }

  // --- Lists
  void push(const std::string& key, bool left, const std::string& bytes, const Stamp& stamp) {
    Message message;
    message.payload = bytes;
    message.since = message.added = stamp.now.count;
    if (queues.count(key) == 0) queues[key].is_queue = policies.count(key) > 0;
    auto& ready = queues[key].ready;
    left ? ready.push_front(message) : ready.push_back(message);
  }
  std::string pop(const std::string& key, bool left) {
    auto& ready = queues[key].ready;
    const std::string payload = left ? ready.front().payload : ready.back().payload;
    left ? ready.pop_front() : ready.pop_back();
    drop_if_empty(key);
    return payload;
  }
  void set(const std::string& key, size_t index, const std::string& bytes) {
    Message& there = queues[key].ready[index];
    Message message;
    message.payload = bytes;
    message.since = message.added = there.since;
    there = message;
  }
  void insert(const std::string& key, size_t index, const std::string& bytes, const Stamp& stamp) {
    Message message;
    message.payload = bytes;
    message.since = message.added = stamp.now.count;
    auto& ready = queues[key].ready;
    ready.insert(ready.begin() + static_cast<ptrdiff_t>(index), message);
  }
  void erase(const std::string& key, size_t index, size_t count) {
    auto& ready = queues[key].ready;
    const auto first = ready.begin() + static_cast<ptrdiff_t>(index);
    ready.erase(first, first + static_cast<ptrdiff_t>(count));
    drop_if_empty(key);
  }

  // --- Verbs
  StreamId add(const std::string& key, const std::string& payload, std::optional<int64_t> due,
               const Stamp& stamp) {
    become_queue(key, stamp);
    Message message;
    message.id = next_id(stamp);
    message.payload = payload;
    message.since = message.added = stamp.now.count;
    if (due && *due > stamp.now.count) {
      message.state = 'D';
      arm(message, *due);
      queues[key].others.push_back(message);
    } else {
      at_end(key, message, false);
    }
    return *message.id;
  }

  std::vector<Reserved> reserve(const std::vector<std::string>& keys, size_t count,
                                std::optional<int64_t> lease, const std::string& consumer,
                                const Stamp& stamp) {
    std::vector<Reserved> result;
    for (const std::string& key : keys) {
      const auto found = queues.find(key);
      if (found == queues.end()) continue;
      Queue& queue = found->second;
      const Policy& with = policy(key);
      if (!queue.ready.empty() && result.size() < count) become_queue(key, stamp);
      while (!queue.ready.empty() && result.size() < count) {
        const bool left = with.head == Side::kLeft;
        Message message = left ? queue.ready.front() : queue.ready.back();
        left ? queue.ready.pop_front() : queue.ready.pop_back();
        if (!message.id) message.id = next_id(stamp);
        int64_t span = lease.value_or(with.lease.count);
        if (with.lease_max.count > 0) span = std::min(span, with.lease_max.count);
        message.deliveries += 1;
        message.open = true;
        message.reserved_at = stamp.now.count;
        message.consumer = consumer;
        message.state = 'L';
        arm(message, stamp.now.count + span);
        queue.others.push_back(message);
        result.push_back(
            {key, {*message.id, message.deliveries}, message.payload, message.attempts, message.when});
      }
    }
    return result;
  }

  int ack(const std::string& key, const Handle& handle) {
    Message* message = find(key, handle.id);
    if (message == nullptr) return -1;
    if (!message->open || message->deliveries != handle.deliveries) return 0;
    take(key, handle.id);
    drop_if_empty(key);
    return 1;
  }

  int extend(const std::string& key, const Handle& handle, int64_t lease, const Stamp& stamp) {
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

  int remove(const std::string& key, StreamId id) {
    if (find(key, id) == nullptr) return -1;
    take(key, id);
    drop_if_empty(key);
    return 1;
  }

  // `mode` is S, F or X (fatal).
  int nack(const std::string& key, const Handle& handle, char mode, std::optional<int64_t> delay,
           std::optional<std::string> reason, const Stamp& stamp) {
    Message* found = find(key, handle.id);
    if (found == nullptr) return -1;
    if (found->state != 'L' || found->deliveries != handle.deliveries) return 0;
    Message message = take(key, handle.id);
    message.open = false;
    if (reason) message.reason = reason->substr(0, 1024);
    if (mode == 'S' && !delay) {
      message.state = 'R';
      at_end(key, message, true);
    } else if (mode == 'S') {
      later(key, message, *delay, stamp.now.count);
    } else if (mode == 'F') {
      attempt_failed(key, message, delay, stamp, stamp.now.count);
    } else {
      failed_at(message, stamp.now.count);
      die(key, message, "fatal", stamp.now.count);
    }
    drop_if_empty(key);
    return 1;
  }

  // --- Time
  size_t tick(int64_t now, size_t most, const Stamp& stamp) {
    size_t fired = 0;
    while (fired < most) {
      std::string first_key;
      const Message* first = nullptr;
      for (const auto& [key, queue] : queues) {
        for (const Message& message : queue.others) {
          if (message.when > now) continue;
          if (first != nullptr &&
              std::pair(first->when, first->arming) < std::pair(message.when, message.arming)) {
            continue;
          }
          first = &message;
          first_key = key;
        }
      }
      if (first == nullptr) break;
      fire(first_key, take(first_key, *first->id), now, stamp);
      drop_if_empty(first_key);
      ++fired;
    }
    return fired;
  }

  size_t restart(const Stamp& stamp) {
    const int64_t floor = stamp.now.count + 10'000;
    std::vector<Message*> early;
    for (auto& [key, queue] : queues) {
      for (Message& message : queue.others) {
        if (message.state == 'L' && message.when < floor) early.push_back(&message);
      }
    }
    std::sort(early.begin(), early.end(), [](const Message* a, const Message* b) {
      return std::pair(a->when, a->arming) < std::pair(b->when, b->arming);
    });
    for (Message* message : early)
      arm(*message, floor);
    return early.size();
  }

  Message* find(const std::string& key, StreamId id) {
    const auto queue = queues.find(key);
    if (queue == queues.end()) return nullptr;
    for (Message& message : queue->second.ready) {
      if (message.id == id) return &message;
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
  void at_end(const std::string& key, const Message& message, bool head) {
    const bool left = (policy(key).head == Side::kLeft) == head;
    auto& ready = queues[key].ready;
    left ? ready.push_front(message) : ready.push_back(message);
  }
  void later(const std::string& key, Message message, int64_t delay, int64_t now) {
    if (delay <= 0) {
      message.state = 'R';
      message.since = now;
      at_end(key, message, false);
      return;
    }
    message.state = 'D';
    arm(message, now + delay);
    queues[key].others.push_back(message);
  }
  static void failed_at(Message& message, int64_t now) {
    if (message.failed_last == 0) message.failed_first = now;
    message.failed_last = now;
  }
  void attempt_failed(const std::string& key, Message message, std::optional<int64_t> delay,
                      const Stamp& stamp, int64_t now) {
    const Policy& with = policy(key);
    message.attempts += 1;
    failed_at(message, now);
    if (with.attempts_max > 0 && message.attempts >= with.attempts_max) {
      die(key, message, "maxattempts", now);
      return;
    }
    const uint64_t entropy = retry_entropy(stamp, {*message.id, message.deliveries});
    later(key, message, delay ? *delay : wait_before_retry(with.backoff, message.attempts, entropy), now);
  }
  void die(const std::string& key, Message message, const std::string& cause, int64_t now) {
    const Policy& with = policy(key);
    const std::string to = with.dead_letter.value_or(key + ":dead");
    if (to.empty()) {
      ++discarded;
      return;
    }
    // A list in the way is as bad as a text.
    if (blocked[to] || queues.count(to) > 0) {
      message.state = 'X';
      message.open = false;
      message.cause = cause;
      arm(message, now + 60'000);
      queues[key].others.push_back(message);
      return;
    }
    auto& stream = streams[to];
    stream.push_back({key, std::to_string(message.id->ms) + "-" + std::to_string(message.id->seq), cause,
                      message.reason, message.consumer, message.payload, message.attempts, message.deliveries,
                      message.added, message.failed_first, message.failed_last});
    while (with.dead_letters_max > 0 && stream.size() > with.dead_letters_max)
      stream.erase(stream.begin());
  }
  void fire(const std::string& key, Message message, int64_t now, const Stamp& stamp) {
    if (message.state == 'D') {
      message.state = 'R';
      message.since = message.when;
      at_end(key, message, false);
    } else if (message.state == 'X') {
      die(key, message, message.cause, now);
    } else {
      message.reason = "lease-expired";
      attempt_failed(key, message, std::nullopt, stamp, now);
    }
  }
  Message take(const std::string& key, StreamId id) {
    Queue& queue = queues[key];
    const auto is_it = [id](const Message& message) { return message.id == id; };
    if (auto it = std::find_if(queue.ready.begin(), queue.ready.end(), is_it); it != queue.ready.end()) {
      Message message = *it;
      queue.ready.erase(it);
      return message;
    }
    auto it = std::find_if(queue.others.begin(), queue.others.end(), is_it);
    Message message = *it;
    queue.others.erase(it);
    return message;
  }
  void drop_if_empty(const std::string& key) {
    const auto found = queues.find(key);
    if (found != queues.end() && found->second.empty()) queues.erase(found);
  }

  StreamId id_last_;
  uint64_t arming_last_ = 0;
};

}  // namespace sluice::model
