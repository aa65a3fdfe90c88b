// SPDX-License-Identifier: MIT
//
// A stream: entries of (field, value) pairs, ordered by ID, added at the end only.
//
//   directory ──► page ◄──► page ◄──► page      linked in the order of IDs; the directory finds a page by ID
//                 head                tail ◄── add
//                  ▲
//                  └── trim: whole pages, then single entries of the head page
//
// Adding, and reading on from where one stopped, cost the same however long the stream is; finding an ID is
// two binary searches. How entries are spread over pages shows in two places only: what an approximate trim
// removes, and bytes().
//
// Invariants (Stream::check_invariants):
//  * every page holds at least one live entry; length() is the sum over the pages.
//  * IDs rise strictly through the pages, and none is above last_id().
//  * max_deleted_id() is not above last_id().
//  * what is pending in a group is orphaned exactly if the stream does not have it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/consumer_group.h"
#include "engine/digest.h"
#include "engine/record_sink.h"
#include "engine/referenced_front.h"
#include "engine/stream_directory.h"
#include "engine/stream_id.h"
#include "engine/stream_page.h"
#include "engine/stream_place.h"
#include "engine/stream_producers.h"

namespace sluice {

class Entry;

// What becomes of an entry that is to be deleted while groups still refer to it: it is pending in one, or one has not
// read it yet.
enum class References : uint8_t {
  kKeep,          // it is deleted; what is pending stays so
  kDrop,          // it is deleted, and no longer pending in any group
  kAcknowledged,  // it is deleted only if no group refers to it
};

// What a trim is to leave.
struct StreamTrim {
  enum class Kind : uint8_t { kLength, kMinId };
  Kind kind = Kind::kLength;
  uint64_t length_max = 0;  // kLength: the newest so many stay
  StreamId min_id = {};     // kMinId: IDs below it go
  // Only whole pages go, so more may stay than asked for, but each page costs the same however many entries it has.
  bool approximate = false;
  // Approximate only: at most so many entries go; 0 is no limit.
  uint64_t removed_max = 0;
  // With kAcknowledged entries are looked at one by one, and those that groups refer to are stepped over, so pages play
  // no part; those that are known to be referred to are not looked at again (ReferencedFront). An approximate trim
  // gives up after a hundred that it had to look at.
  References references = References::kKeep;
};
inline constexpr uint64_t kSteppedOverMax = 100;

class Stream {
 public:
  // Stands on a live entry or at the end. Any change of the stream ends its validity.
  class Cursor {
   public:
    bool at_end() const { return page_ == nullptr; }
    // These require: not at the end.
    StreamId id() const { return page_->id(slot_); }
    StreamFields fields() const { return page_->fields(slot_); }
    void next();
    void previous();

   private:
    friend class Stream;
    const StreamPage* page_ = nullptr;
    uint32_t slot_ = 0;
  };

  Stream() = default;
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  uint64_t length() const { return length_; }
  // Pages that hold the entries.
  size_t pages() const { return directory_.size(); }
  // IDs of the oldest and the newest entry that is there; 0-0 in an empty stream. O(1).
  StreamId first_id() const;
  StreamId newest_id() const;
  // The greatest ID ever added or set, deleted or not.
  StreamId last_id() const { return last_id_; }
  // How many entries were ever added.
  uint64_t entries_added() const { return entries_added_; }
  // The greatest ID that remove() took away; 0-0 if none. Trimming is not deletion, unless it leaves an older entry.
  StreamId max_deleted_id() const { return max_deleted_id_; }

  // The ID that an entry added now gets: `now`, or later if the stream is ahead of the clock.
  // Errors: kStreamExhausted.
  Result<StreamId> next_id(UnixMs now) const;
  // The next ID within the millisecond `ms`. Errors: kStreamExhausted; kStreamIdTooSmall if the stream is past it.
  Result<StreamId> next_id_within(uint64_t ms) const;

  // Adds an entry of alternating fields and values, copying them. Returns `id`.
  // Errors: kStreamIdZero, kStreamExhausted, kStreamIdTooSmall, kStreamEntryTooLarge. Nothing has changed
  // then. Requires: an even number of words, at least two. O(bytes of the entry).
  Result<StreamId> add(StreamId id, std::span<const std::string_view> fields_and_values,
                       const StreamPageLimits& limits = {});
  // False if there is no such entry.
  bool remove(StreamId id);
  // Returns how many entries went. After an approximate trim, length() tells the exact one that does the same: what is
  // logged must not depend on pages, nor on what is known of references.
  uint64_t trim(const StreamTrim& trim);

  // XSETID. Without a value the counter or ID stays as it is, also for a `max_deleted_id` of 0-0.
  // Errors: kStreamSetIdProvided, kStreamSetIdDeleted, kStreamSetIdTop, kStreamSetIdLength. Nothing has changed then.
  Result<void> set_id(StreamId last_id, std::optional<uint64_t> entries_added,
                      std::optional<StreamId> max_deleted_id);

  bool contains(StreamId id) const;
  // On exactly this entry, or at the end.
  Cursor find(StreamId id) const;
  // The first entry not below `id`; the last one not above it. O(log n).
  Cursor first_from(StreamId id) const;
  Cursor last_until(StreamId id) const;
  Cursor first() const;
  Cursor last() const;
  // The first entry above `id`, where `place` is the place of the entry `id`, or nothing. O(1) if it still holds.
  Cursor first_after(StreamId id, const StreamPlace& place) const;
  // Requires: not at the end.
  StreamPlace place(const Cursor& cursor) const { return {cursor.page_, cursor.slot_, layout_}; }

  // --- Groups

  // nullptr if there is none.
  ConsumerGroup* find_group(std::string_view name) {
    return groups_ == nullptr ? nullptr : groups_->find(name);
  }
  const ConsumerGroup* find_group(std::string_view name) const {
    return groups_ == nullptr ? nullptr : groups_->find(name);
  }
  // In the order of names.
  std::span<const std::unique_ptr<ConsumerGroup>> groups() const {
    if (groups_ == nullptr) return {};
    return groups_->list();
  }
  // Requires: there is none of that name.
  ConsumerGroup& add_group(std::string_view name, StreamId last_id, std::optional<uint64_t> entries_read);
  // It ends, or goes to whoever ends it (Keyspace::end). Requires: it is one of these.
  std::unique_ptr<ConsumerGroup> take_group(const ConsumerGroup& group);
  // A record says that this is pending in one of the groups, whether the stream has the entry or not.
  void restore_pending(ConsumerGroup& group, Pending pending);
  // What trimming knows of references; nullptr before a trim with kAcknowledged.
  const ReferencedFront* referenced() const { return referenced_.get(); }
  // The stream lies in this entry from now on (RENAME): its key is where the groups' policies come from. For the
  // keyspace.
  void moved_to(Entry& entry);

  // The first entry that is new to the group.
  Cursor first_new(const ConsumerGroup& group) const { return first_after(group.last_id(), group.place()); }
  // The group has read the entry, which is new to it. Counts on, or finds out how many that makes.
  void advance(ConsumerGroup& group, const Cursor& cursor) const;
  // How many entries were ever added up to this one, if that can be told.
  std::optional<uint64_t> entries_read_at(StreamId id) const;
  // How many entries are new to the group, if that can be told without counting them.
  std::optional<uint64_t> lag(const ConsumerGroup& group) const;

  // Whether the entry is pending in a group, or a group has not read as far.
  bool is_referenced(StreamId id) const;
  // It is no longer pending in any group. Returns in how many it was.
  size_t drop_references(StreamId id);

  // What it remembers of its producers; nullptr before set_producer_limits().
  StreamProducers* producers() { return producers_.get(); }
  const StreamProducers* producers() const { return producers_.get(); }
  void set_producer_limits(const ProducerLimits& limits);

  // Entries, and what is in its groups. O(groups).
  size_t weight() const;
  // As Entry::retire().
  void retire();
  // Memory held, in bytes, the object itself included.
  size_t bytes() const;
  void digest(Digest& digest) const;
  // The commands that rebuild this stream under `key`.
  void dump(std::string_view key, RecordSink& sink) const;
  // Frees the oldest pages, or leaves of pending entries, of a stream that nobody uses any more, at most so many, so
  // that a big one does not hold up the rest; lowers `pages_max` by what it did. True when nothing is left; until then
  // it may only be called again, or destroyed.
  bool free_some(size_t& pages_max);
  void check_invariants() const;

 private:
  StreamPage* page_with(StreamId id) const;
  void append_page(StreamId id, std::span<const std::string_view> fields_and_values,
                   const StreamPageLimits& limits);
  StreamPage* resize_page(StreamPage* page, size_t capacity);
  void remove_page(StreamPage* page);
  void seal_tail();
  bool may_drop(const StreamPage& page, const StreamTrim& trim) const;
  void drop_references_in(const StreamPage& page);
  void trim_head_page(const StreamTrim& trim, StreamId& last);
  uint64_t trim_acknowledged(const StreamTrim& trim);
  ReferencedFront& make_referenced();
  void check_references() const;
  void remove_at(const Cursor& cursor);
  void tell_groups_of_trim(StreamId first, StreamId last) const;
  bool deleted_from(StreamId id) const { return length_ > 0 && max_deleted_id_ >= id && has_deleted(); }
  bool has_deleted() const { return max_deleted_id_ != kStreamIdMin; }

  StreamDirectory directory_;
  StreamPage* head_ = nullptr;
  StreamPage* tail_ = nullptr;
  uint64_t length_ = 0;
  uint64_t entries_added_ = 0;
  StreamId last_id_;
  StreamId max_deleted_id_;
  std::unique_ptr<ConsumerGroups> groups_;  // nullptr while there are none
  std::unique_ptr<StreamProducers> producers_;
  std::unique_ptr<ReferencedFront> referenced_;
  // IDs may come that are pending already: XSETID went back, or a record says so.
  bool ids_return_ = false;
  size_t page_bytes_ = 0;
  // Grows whenever a page goes away or moves, which ends every StreamPlace.
  uint64_t layout_ = 1;
};

}  // namespace sluice
