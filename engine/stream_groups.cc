// SPDX-License-Identifier: MIT
//
// What a stream knows of its groups: who refers to an entry, and how far each has read.
#include <algorithm>

#include "engine/base/check.h"
#include "engine/queue/managed_group.h"
#include "engine/stream.h"

namespace sluice {

ConsumerGroup& Stream::add_group(std::string_view name, StreamId last_id,
                                 std::optional<uint64_t> entries_read) {
  if (groups_ == nullptr) groups_ = std::make_unique<ConsumerGroups>();
  return groups_->add(name, last_id, entries_read);
}

std::unique_ptr<ConsumerGroup> Stream::take_group(const ConsumerGroup& group) {
  std::unique_ptr<ConsumerGroup> taken = groups_->take(group);
  if (groups_->empty()) groups_.reset();
  return taken;
}

void Stream::moved_to(Entry& entry) {
  for (const auto& group : groups()) {
    ManagedGroup* const managed = group->managed();
    if (managed != nullptr && !managed->moved_to(entry)) group->unmanage();
  }
}

// Groups with a policy keep nothing unowned that is gone: it would wait for ever to be delivered.
void Stream::tell_groups_of_trim() const {
  const StreamId up_to = length_ == 0 ? kStreamIdMax : first_id();
  for (const auto& group : groups()) {
    if (group->managed() != nullptr) group->managed()->entries_trimmed(up_to);
  }
}

bool Stream::is_referenced(StreamId id) const {
  const auto all = groups();
  return std::any_of(all.begin(), all.end(), [id](const auto& group) {
    return id > group->last_id() || group->pending().contains(id);
  });
}

size_t Stream::drop_references(StreamId id) {
  size_t dropped = 0;
  for (const auto& group : groups()) {
    if (!group->acknowledge(id)) continue;
    ++dropped;
    if (group->managed() != nullptr) group->managed()->count(&QueueTotals::deleted);
  }
  return dropped;
}

// --- Counting
//
// A group's count is the number of entries ever added up to its last ID. It goes up by one with each entry read, as
// long as none was deleted ahead of it; when that cannot be known, it is told again from where the group stands, or is
// unknown until the group stands where it can be told.

void Stream::advance(ConsumerGroup& group, const Cursor& cursor) const {
  const StreamId id = cursor.id();
  DCHECK(id > group.last_id());
  std::optional<uint64_t> read = group.entries_read();
  if (read && group.last_id() >= first_id() && !deleted_from(group.last_id())) {
    ++*read;
  } else if (entries_added_ > 0) {
    read = entries_read_at(id);
  }
  group.set_position(id, read, place(cursor));
}

std::optional<uint64_t> Stream::entries_read_at(StreamId id) const {
  if (entries_added_ == 0) return 0;
  if (length_ == 0 && id <= last_id_) return entries_added_;
  if (id != kStreamIdMin && id < max_deleted_id_) return std::nullopt;
  if (id == last_id_) return entries_added_;
  if (id > last_id_) return std::nullopt;
  // With nothing deleted from the first entry on, all that are gone came before it.
  if (has_deleted() && max_deleted_id_ >= first_id()) return std::nullopt;
  if (id < first_id()) return entries_added_ - length_;
  if (id == first_id()) return entries_added_ - length_ + 1;
  return std::nullopt;
}

std::optional<uint64_t> Stream::lag(const ConsumerGroup& group) const {
  if (entries_added_ == 0 || length_ == 0) return 0;
  const StreamId at = group.last_id();
  if (at < first_id() && max_deleted_id_ < first_id()) return length_;
  std::optional<uint64_t> read = group.entries_read();
  if (!read || deleted_from(at)) read = entries_read_at(at);
  if (!read) return std::nullopt;
  return entries_added_ - std::min(*read, entries_added_);
}

}  // namespace sluice
