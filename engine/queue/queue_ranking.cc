// SPDX-License-Identifier: MIT
#include "engine/queue/queue_ranking.h"

#include <algorithm>
#include <tuple>

#include "engine/entry.h"
#include "engine/queue/queue.h"

namespace sluice {
namespace {

bool deeper(const Queue* a, const Queue* b) {
  const size_t depth_a = a->depth().total();
  const size_t depth_b = b->depth().total();
  if (depth_a != depth_b) return depth_a > depth_b;
  return std::tuple(a->entry().key(), a->entry().db()) < std::tuple(b->entry().key(), b->entry().db());
}

void keep_deepest(std::vector<const Queue*>& queues) {
  const size_t count = std::min(queues.size(), kRankedQueuesMax);
  std::partial_sort(queues.begin(), queues.begin() + static_cast<ptrdiff_t>(count), queues.end(), deeper);
  queues.resize(count);
}

}  // namespace

void QueueRanking::step(const std::vector<Queue*>& queues) {
  if (queues.size() <= kExactMax) return;
  for (size_t i = 0; i < kStepQueues && at_ < queues.size(); ++i, ++at_)
    found_.push_back(queues[at_]);
  if (found_.size() > 2 * kRankedQueuesMax) keep_deepest(found_);
  if (at_ < queues.size()) return;
  keep_deepest(found_);
  ranked_ = std::move(found_);
  found_.clear();
  at_ = 0;
}

std::vector<const Queue*> QueueRanking::deepest(const std::vector<Queue*>& queues) const {
  std::vector<const Queue*> all =
      queues.size() <= kExactMax ? std::vector<const Queue*>(queues.begin(), queues.end()) : ranked_;
  keep_deepest(all);
  return all;
}

void QueueRanking::forget(const Queue* queue) {
  std::erase(found_, queue);
  std::erase(ranked_, queue);
}

}  // namespace sluice
