// SPDX-License-Identifier: MIT
//
// What happens to queues because time has passed, or because the server was away.
#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/queue/queue_system.h"

namespace sluice {

size_t QueueSystem::tick(const QueueContext& context, UnixMs now, size_t transitions_max) {
  size_t fired = 0;
  const TimerHeap& windows = tokens_.windows();
  for (tokens_.forget_ended_first(); fired < transitions_max && next_due() <= now.count;
       tokens_.forget_ended_first()) {
    // Groups come last of what is due in the same millisecond: they have no arming numbers.
    if (managed_.next_due() < std::min(timers_.first_when(), windows.first_when())) {
      fired += managed_.fire_first(context, now, transitions_max - fired);
      continue;
    }
    const bool window_first =
        !windows.empty() &&
        (timers_.empty() || std::pair(windows.first_when(), windows.order(*windows.first())) <
                                std::pair(timers_.first_when(), timers_.order(*timers_.first())));
    if (window_first) {
      tokens_.end_first_window();
    } else {
      fire(context, *static_cast<Queue*>(timers_.first()), now);
    }
    ++fired;
  }
  return fired;
}

void QueueSystem::fire(const QueueContext& context, Queue& queue, UnixMs now) {
  context.keyspace.for_write(queue.entry());
  const Queue::NextTimer timer = queue.first_timer();
  Message* const message = timer.message;
  if (message == nullptr) {
    if (Message* const expired = queue.expired_plain(context.stamp, now))
      bury(context, queue, *expired, DeathCause::kExpired, now);
  } else if (message->state == MessageState::kLeased) {
    retry_or_bury(context, queue, *message, queue.lapse(*message, kLeaseExpired, now), std::nullopt, now);
  } else if (message->dying) {
    bury(context, queue, *message, message->cause, now);
  } else if (message->expired(UnixMs{timer.when})) {
    bury(context, queue, *message, DeathCause::kExpired, now);
  } else {
    queue.come_due(*message);
  }
  finish(context, queue, queue.ready() > 0);
}

size_t QueueSystem::restart(const QueueContext& context) {
  const UnixMs now = context.stamp.now;
  const UnixMs floor = now + kRestartGrace;
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
      if (message.state != MessageState::kLeased) return;
      // The connection of a tied one is gone: what comes back for it has as long as the others.
      if (queue->timer_when(message) >= floor && !message.tied) return;
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
  return endings.size() + (managed_.restart(now) ? 1 : 0);
}

}  // namespace sluice
