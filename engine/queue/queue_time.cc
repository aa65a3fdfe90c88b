// SPDX-License-Identifier: MIT
//
// What happens to queues because time has passed, or because the server was away.
#include <algorithm>
#include <vector>

#include "engine/base/check.h"
#include "engine/queue/queue_system.h"

namespace sluice {

size_t QueueSystem::tick(const QueueContext& context, UnixMs now, size_t transitions_max) {
  now_ = std::max(now_, now);
  size_t fired = 0;
  for (; fired < transitions_max && timers_.first_when() <= now.count; ++fired) {
    fire(context, *static_cast<Queue*>(timers_.first()), now);
  }
  return fired;
}

void QueueSystem::fire(const QueueContext& context, Queue& queue, UnixMs now) {
  context.keyspace.for_write(queue.entry());
  Message& message = *queue.first_timer();
  if (message.state == MessageState::kLeased) {
    retry_or_bury(context, queue, message, queue.lapse(message, now), std::nullopt, now);
  } else if (message.dying) {
    bury(context, queue, message, message.cause, now);
  } else {
    queue.come_due(message);
  }
  finish(context, queue, queue.ready() > 0);
}

size_t QueueSystem::restart(const QueueContext& context) {
  const UnixMs now = context.stamp.now;
  const UnixMs floor = now + kRestartGrace;
  now_ = std::max(now_, now);
  totals_ = QueueTotals();
  resting_.clear();

  struct Ending {
    UnixMs when;
    uint64_t arming;
    Queue* queue;
    Message* message;
  };
  std::vector<Ending> endings;
  for (Queue* const queue : queues_) {
    queue->forget_statistics(now);
    queue->for_each_message([&](Message& message) {
      if (message.state != MessageState::kLeased || queue->timer_when(message) >= floor) return;
      endings.push_back({queue->timer_when(message), queue->timer_order(message), queue, &message});
    });
  }
  // The order of queues in memory is chance; that of their timers is logged.
  std::sort(endings.begin(), endings.end(), [](const Ending& a, const Ending& b) {
    return a.when != b.when ? a.when < b.when : a.arming < b.arming;
  });
  for (const Ending& ending : endings) {
    context.keyspace.for_write(ending.queue->entry());
    ending.queue->put_off(*ending.message, floor);
  }
  return endings.size();
}

}  // namespace sluice
