// SPDX-License-Identifier: MIT
//
// What the allocator knows, for INFO and maxmemory, and how it is told to behave.
#pragma once

#include <cstdint>
#include <string>

#include "server/core/server.h"

namespace sluice::net {

class Memory {
 public:
  // Gives freed memory back to the system after a few seconds, from a thread of the allocator's own. Call it after the
  // last fork.
  Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // Bytes handed out and not freed. A few nanoseconds: the core asks every turn.
  uint64_t used();
  // Bytes handed out; of the pages that hold them; of all pages that the allocator keeps.
  core::AllocatorBytes bytes();
  // "jemalloc-5.3.0"
  static std::string name();
  // The allocator's own report.
  static std::string report();
  // Gives pages that hold nothing back to the system, now.
  static void purge();
  // See core::ProcessFacts::allocator_value.
  static core::AllocatorAnswer value(const std::string& name, bool is_text, std::optional<std::string> set);

 private:
  void refresh();

  // Counters of this thread that jemalloc keeps exact. Other threads only sync files, so between two looks at the
  // whole they are all that moves.
  const uint64_t* thread_allocated_ = nullptr;
  const uint64_t* thread_freed_ = nullptr;
  uint64_t allocated_then_ = 0;  // the counters at the last look
  uint64_t freed_then_ = 0;
  uint64_t used_then_ = 0;
};

}  // namespace sluice::net
