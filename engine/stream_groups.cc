// SPDX-License-Identifier: MIT
//
// What a stream knows of its groups: who refers to an entry, and how far each has read.
#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/check.h"
#include "engine/queue/managed_group.h"
#include "engine/stream.h"

namespace sluice {

ConsumerGroup& Stream::add_group(std::string_view name, StreamId last_id,
                                 std::optional<uint64_t> entries_read) {
  if (groups_ == nullptr) groups_ = std::make_unique<ConsumerGroups>();
  ConsumerGroup& added = groups_->add(name, last_id, entries_read);
  added.tell_of_acknowledged(referenced_.get());
  return added;
}

std::unique_ptr<ConsumerGroup> Stream::take_group(const ConsumerGroup& group) {
  std::unique_ptr<ConsumerGroup> taken = groups_->take(group);
  taken->tell_of_acknowledged(nullptr);
  if (referenced_ != nullptr) referenced_->forget();
  if (groups_->empty()) groups_.reset();
  return taken;
}

void Stream::moved_to(Entry& entry) {
  for (const auto& group : groups()) {
    ManagedGroup* const managed = group->managed();
    if (managed != nullptr && !managed->moved_to(entry)) group->unmanage();
  }
}

void Stream::restore_pending(ConsumerGroup& group, Pending pending) {
  pending.orphaned = !contains(pending.id);
  if (pending.id > last_id_) ids_return_ = true;
  group.put(pending);
}

// Groups with a policy keep nothing unowned that is gone: it would wait for ever to be delivered.
void Stream::tell_groups_of_trim(StreamId first, StreamId last) const {
  const StreamId up_to = length_ == 0 ? kStreamIdMax : first_id();
  for (const auto& group : groups()) {
    group->entries_lost(first, last);
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

// --- Trimming what nobody refers to

namespace {

// Tells of rising IDs whether they are pending in a group.
class PendingWalk {
 public:
  PendingWalk(std::span<const std::unique_ptr<ConsumerGroup>> groups, StreamId from) {
    cursors_.reserve(groups.size());
    for (const auto& group : groups)
      cursors_.push_back(group->pending().first_from(from));
  }
  bool has(StreamId id) {
    bool found = false;
    for (PendingList::Cursor& cursor : cursors_) {
      while (!cursor.at_end() && cursor.id() < id)
        cursor.next();
      found |= !cursor.at_end() && cursor.id() == id;
    }
    return found;
  }

 private:
  std::vector<PendingList::Cursor> cursors_;
};

}  // namespace

ReferencedFront& Stream::make_referenced() {
  if (referenced_ == nullptr) {
    referenced_ = std::make_unique<ReferencedFront>();
    for (const auto& group : groups())
      group->tell_of_acknowledged(referenced_.get());
  }
  return *referenced_;
}

uint64_t Stream::trim_acknowledged(const StreamTrim& trim) {
  ReferencedFront& front = make_referenced();
  StreamId read_by_all = kStreamIdMax;
  for (const auto& group : groups_->list())
    read_by_all = std::min(read_by_all, group->last_id());
  std::vector<StreamId> gone;
  uint64_t stepped_over = 0;
  const auto is_done = [&](StreamId id) {
    if (id > read_by_all) return true;
    if (trim.approximate && trim.removed_max != 0 && gone.size() == trim.removed_max) return true;
    if (trim.approximate && stepped_over == kSteppedOverMax) return true;
    return trim.kind == StreamTrim::Kind::kLength ? length_ - gone.size() <= trim.length_max
                                                  : id >= trim.min_id;
  };
  for (bool done = false; !done;) {
    const ReferencedFront::Range range = front.next();
    const bool is_last = range.last == kStreamIdMax;
    Cursor cursor = first_from(range.first);
    PendingWalk pending(groups(), cursor.at_end() ? range.first : cursor.id());
    std::optional<StreamId> settled;  // the last one
    for (; !cursor.at_end() && cursor.id() <= range.last; cursor.next()) {
      const StreamId id = cursor.id();
      done = is_done(id);
      if (done) break;
      front.count_looked_at();
      settled = id;
      if (!pending.has(id)) {
        gone.push_back(id);
      } else {
        ++stepped_over;
      }
    }
    // Of the last range only as far as there are entries: those to come are not known.
    if (!done && !is_last) settled = range.last;
    if (settled) front.settle(successor(*settled).value_or(kStreamIdMax));
    done = done || is_last;
  }
  for (const StreamId id : gone)
    remove_at(find(id));
  // An entry that goes before an older one leaves a hole, which counts must know of like any other.
  if (!gone.empty() && length_ > 0 && gone.back() > first_id())
    max_deleted_id_ = std::max(max_deleted_id_, gone.back());
  return gone.size();
}

void Stream::check_references() const {
  for (const auto& group : groups()) {
    for (PendingList::Cursor at = group->pending().first(); !at.at_end(); at.next())
      CHECK(at.pending().orphaned == !contains(at.id()));
  }
  if (referenced_ == nullptr) return;
  for (Cursor cursor = first(); !cursor.at_end(); cursor.next()) {
    if (!referenced_->knows(cursor.id())) continue;
    const StreamId id = cursor.id();
    CHECK(std::any_of(groups().begin(), groups().end(),
                      [id](const auto& group) { return group->pending().contains(id); }));
  }
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
