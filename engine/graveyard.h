// SPDX-License-Identifier: MIT
//
// What has ended and takes long to free: a list of ten million elements, the keys of a database that was flushed. It is
// not part of the state any more, nobody can find it, and it is freed some parts at a time.
//
// The parts of one step grow with what waits: whoever ends values faster than they are freed makes it wait for some
// thousand steps, and not for ever more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "engine/base/timer_heap.h"
#include "engine/consumer_group.h"
#include "engine/entry.h"
#include "engine/segmented_table.h"

namespace sluice {

// A value with no more elements is freed at once: that takes less than burying it is worth.
inline constexpr size_t kFreedAtOnceMax = 1'000;
// Chunks, pages, messages and keys that a step frees, and of how many waiting elements it frees one more.
inline constexpr size_t kFreedPartsMin = 256;
inline constexpr size_t kWaitingElementsPerPart = 8'192;
// Of a table that is freed, entries with no more elements go with their segment; hundreds of those are one step.
inline constexpr size_t kFreedWithSegmentMax = 8;

class Graveyard {
 public:
  Graveyard() = default;
  // Frees all that is left.
  ~Graveyard();
  Graveyard(const Graveyard&) = delete;
  Graveyard& operator=(const Graveyard&) = delete;

  // An entry that is in no table, whose value is retired.
  void bury(Entry* entry);
  // A consumer group that is in no stream, retired.
  void bury(std::unique_ptr<ConsumerGroup> group);
  // The entries of a whole table, with the heaps of their expiry times and of those of their fields.
  void bury(SegmentedTable<Entry>& table, TimerHeap&& expiries, TimerHeap&& field_expiries);

  bool empty() const { return entries_.empty() && groups_.empty() && tables_.empty(); }
  // Elements of what waits, as they were when it was buried.
  uint64_t waiting() const { return waiting_; }
  // Does one step. Returns how many elements it freed.
  uint64_t step();

 private:
  struct Table {
    SegmentedTable<Entry> keys;
    TimerHeap expiries;
    TimerHeap field_expiries;
    size_t size = 0;
  };
  void free_some(size_t parts_max);
  size_t free_segment(Table& table);

  std::deque<Entry*> entries_;
  struct Group {
    std::unique_ptr<ConsumerGroup> group;
    size_t weight;
  };
  std::deque<Group> groups_;
  std::deque<std::unique_ptr<Table>> tables_;
  size_t weight_ = 0;  // of the first entry, before anything of it was freed
  uint64_t waiting_ = 0;
  uint64_t freed_ = 0;  // elements, ever
};

}  // namespace sluice
