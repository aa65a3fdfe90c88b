// SPDX-License-Identifier: MIT
//
// The hundred deepest queues, without a look at all of them at once: a walk of some queues a turn finds those that are
// deep, and the answer is their order now. While there are few queues it is exact.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

class Queue;

// As many are told of.
inline constexpr size_t kRankedQueuesMax = 100;

class QueueRanking {
 public:
  // Looks at a few more queues.
  void step(const std::vector<Queue*>& queues);
  // The deepest first; of equal ones by name.
  std::vector<const Queue*> deepest(const std::vector<Queue*>& queues) const;
  // The queue ends: it must not be named any more.
  void forget(const Queue* queue);

 private:
  static constexpr size_t kExactMax = 1'000;
  static constexpr size_t kStepQueues = 32;

  size_t at_ = 0;
  std::vector<const Queue*> found_;   // by the walk that goes on; no more than twice the hundred
  std::vector<const Queue*> ranked_;  // by the last whole one
};

}  // namespace sluice
