// SPDX-License-Identifier: MIT
#include "engine/queue/queue_consumers.h"

#include <algorithm>

#include "engine/base/check.h"

namespace sluice {

QueueConsumers::~QueueConsumers() {
  for (const auto& [number, consumer] : consumers_)
    names_.release(number);
}

void QueueConsumers::enter(uint32_t number, UnixMs reserved_at, UnixMs now) {
  if (number == ConsumerNames::kNone) return;
  const auto [found, is_new] = consumers_.try_emplace(number);
  Consumer& consumer = found->second;
  if (is_new) {
    consumer.number = number;
    names_.hold(number);
  } else if (consumer.leased == 0) {
    unlink(consumer);
  }
  consumer.seen = now;
  consumer.reserved.add(reserved_at);
  if (consumer.leased++ == 0) ++holding_;
}

void QueueConsumers::leave(uint32_t number, UnixMs reserved_at, UnixMs now) {
  if (number == ConsumerNames::kNone) return;
  const auto found = consumers_.find(number);
  CHECK(found != consumers_.end() && found->second.leased > 0);
  Consumer& consumer = found->second;
  consumer.reserved.remove(reserved_at);
  if (--consumer.leased > 0) return;
  --holding_;
  link(consumer);
  forget_idle(now);
}

void QueueConsumers::count(uint32_t number, Deed deed, UnixMs now) {
  const auto found = consumers_.find(number);
  if (found == consumers_.end()) return;
  Consumer& consumer = found->second;
  switch (deed) {
    case Deed::kAcked:
      ++consumer.acked;
      break;
    case Deed::kFailed:
      ++consumer.failed;
      break;
    case Deed::kExpired:
      ++consumer.expired;
      return;  // that was the server's deed
  }
  consumer.seen = now;
  if (consumer.leased > 0) return;
  unlink(consumer);
  link(consumer);
}

void QueueConsumers::link(Consumer& consumer) {
  consumer.before = idle_last_;
  consumer.after = nullptr;
  (idle_last_ != nullptr ? idle_last_->after : idle_first_) = &consumer;
  idle_last_ = &consumer;
}

void QueueConsumers::unlink(Consumer& consumer) {
  (consumer.before != nullptr ? consumer.before->after : idle_first_) = consumer.after;
  (consumer.after != nullptr ? consumer.after->before : idle_last_) = consumer.before;
}

void QueueConsumers::forget_idle(UnixMs now) {
  while (idle_first_ != nullptr) {
    const bool old = now - idle_first_->seen >= kConsumerIdleMax;
    if (!old && consumers_.size() - holding_ <= kConsumersIdleMax) return;
    const uint32_t number = idle_first_->number;
    unlink(*idle_first_);
    consumers_.erase(number);
    names_.release(number);
  }
}

std::vector<QueueConsumers::Row> QueueConsumers::rows(UnixMs now) {
  forget_idle(now);
  std::vector<Row> rows;
  rows.reserve(consumers_.size());
  for (const auto& [number, consumer] : consumers_) {
    rows.push_back({std::string(names_.text(number)), consumer.leased, consumer.reserved.oldest(),
                    consumer.acked, consumer.failed, consumer.expired, consumer.seen});
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.name < b.name; });
  return rows;
}

void QueueConsumers::forget_deeds() {
  for (auto& [number, consumer] : consumers_)
    consumer.acked = consumer.failed = consumer.expired = 0;
}

size_t QueueConsumers::bytes() const {
  // A node of the table, and what the times hold at the least.
  return consumers_.size() * (sizeof(Consumer) + 32 + 512);
}

}  // namespace sluice
