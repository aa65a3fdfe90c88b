// SPDX-License-Identifier: MIT
#include "engine/graveyard.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace sluice {

Graveyard::~Graveyard() {
  while (!empty()) {
    free_some(SIZE_MAX);
  }
  CHECK(waiting_ == 0);
}

void Graveyard::bury(Entry* entry) {
  waiting_ += entry->weight();
  if (entries_.empty()) weight_ = entry->weight();
  entries_.push_back(entry);
}

void Graveyard::bury(SegmentedTable<Entry>& table, TimerHeap&& expiries, TimerHeap&& field_expiries) {
  auto buried = std::make_unique<Table>();
  buried->size = table.size();
  buried->keys.take(table);
  buried->expiries = std::move(expiries);
  buried->field_expiries = std::move(field_expiries);
  waiting_ += buried->size;
  tables_.push_back(std::move(buried));
}

void Graveyard::bury(std::unique_ptr<ConsumerGroup> group) {
  const size_t weight = group->weight();
  waiting_ += weight;
  groups_.push_back({std::move(group), weight});
}

uint64_t Graveyard::step() {
  const uint64_t before = freed_;
  free_some(kFreedPartsMin + waiting_ / kWaitingElementsPerPart);
  return freed_ - before;
}

void Graveyard::free_some(size_t parts_max) {
  while (parts_max > 0 && !empty()) {
    if (entries_.empty() && !groups_.empty()) {
      --parts_max;
      if (!groups_.front().group->free_some(parts_max)) return;
      waiting_ -= groups_.front().weight;
      freed_ += groups_.front().weight;
      groups_.pop_front();
      continue;
    }
    if (entries_.empty()) {
      const size_t keys = free_segment(*tables_.front());
      parts_max -= std::min(parts_max, keys);
      continue;
    }
    --parts_max;
    if (!entries_.front()->free_some(parts_max)) return;
    Entry::destroy(entries_.front());
    entries_.pop_front();
    waiting_ -= weight_;
    freed_ += weight_;
    weight_ = entries_.empty() ? 0 : entries_.front()->weight();
  }
}

// The entries of one segment: small ones are freed, big ones are buried by themselves. Returns how many there were.
size_t Graveyard::free_segment(Table& table) {
  size_t keys = 0;
  const bool done = table.keys.free_segment([this, &keys](Entry* entry) {
    ++keys;
    if (entry->weight() > kFreedWithSegmentMax) return bury(entry);
    ++freed_;
    Entry::destroy(entry);
  });
  table.size -= keys;
  waiting_ -= keys;
  if (done) {
    CHECK(table.size == 0);
    tables_.pop_front();
  }
  return keys;
}

}  // namespace sluice
