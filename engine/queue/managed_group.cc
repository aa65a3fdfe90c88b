// SPDX-License-Identifier: MIT
#include "engine/queue/managed_group.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "engine/base/check.h"
#include "engine/base/number_text.h"
#include "engine/consumer_group.h"
#include "engine/entry.h"
#include "engine/queue/managed_groups.h"
#include "engine/queue/queue_system.h"
#include "engine/stream.h"

namespace sluice {
namespace {

// So many notes go into one record of a dump.
constexpr size_t kDumpedNotesMax = 8;
static_assert(kDumpedNotesMax * 7 + 4 <= RecordWords::kWordsMax);

}  // namespace

ManagedGroup::ManagedGroup(QueueSystem& system, Entry& entry, ConsumerGroup& group, PolicySlot& slot)
    : began(system.now()), system_(system), entry_(&entry), group_(group), slot_(&slot) {
  CHECK(slot.group == nullptr);
  slot.group = this;
  delayed_after_ = system.now();
  group.pending().visit_unowned_after(delayed_after_, [this](const Pending& pending) {
    count_delayed(pending);
    return true;
  });
  system_.managed_.enter(*this);
  sum();
  refresh_exactly();
}

ManagedGroup::~ManagedGroup() {
  retire();
  size_t notes_max = SIZE_MAX;
  free_some(notes_max);
}

void ManagedGroup::leave_slot() {
  if (slot_ != nullptr) slot_->group = nullptr;
  slot_ = nullptr;
}

void ManagedGroup::retire() {
  if (retired_) return;
  retired_ = true;
  leave_slot();
  system_.managed_.leave(*this);
}

bool ManagedGroup::free_some(size_t& parts_max) {
  CHECK(retired_);
  dying_.clear();
  for (; !notes_.empty() && parts_max > 0; --parts_max) {
    const auto first = notes_.begin();
    system_.names_.release(first->second.holder);
    system_.names_.release(first->second.reason);
    notes_.erase(first);
  }
  return notes_.empty();
}

int ManagedGroup::db() const {
  return system_.db_of(*entry_);
}

const Stream& ManagedGroup::stream() const {
  return entry_->stream();
}

bool ManagedGroup::moved_to(Entry& entry) {
  entry_ = &entry;
  if (retired_) return true;
  leave_slot();
  slot_ = system_.policies_.find(db(), entry.key(), group_.name());
  if (slot_ == nullptr) return false;
  CHECK(slot_->group == nullptr);
  slot_->group = this;
  refresh_timer();
  return true;
}

// --- What there is

GroupDepth ManagedGroup::depth(UnixMs now) const {
  const PendingList& pending = group_.pending();
  GroupDepth depth;
  forget_due(now);
  depth.held = pending.size() - pending.unowned();
  depth.delayed = delayed_total_ + dying_.size();
  depth.due = pending.unowned() - depth.delayed;
  return depth;
}

bool ManagedGroup::is_dying(StreamId id) const {
  if (dying_.empty()) return false;
  const EntryNote* const known = note(id);
  return known != nullptr && known->dying;
}

bool ManagedGroup::is_delayed(const Pending& pending) const {
  return !pending.owned() && pending.time > delayed_after_;
}

void ManagedGroup::count_delayed(const Pending& pending) {
  if (!is_delayed(pending)) return;
  ++delayed_[pending.time->count];
  ++delayed_total_;
}

void ManagedGroup::uncount_delayed(const Pending& pending) {
  if (!is_delayed(pending)) return;
  const auto found = delayed_.find(pending.time->count);
  CHECK(found != delayed_.end());
  --delayed_total_;
  if (--found->second == 0) delayed_.erase(found);
}

void ManagedGroup::forget_due(UnixMs now) const {
  delayed_after_ = std::max(delayed_after_, now);
  while (!delayed_.empty() && delayed_.begin()->first <= delayed_after_.count) {
    delayed_total_ -= delayed_.begin()->second;
    delayed_.erase(delayed_.begin());
  }
}

uint64_t ManagedGroup::backlog() const {
  return stream().lag(group_).value_or(0) + group_.pending().size();
}

bool ManagedGroup::is_deeper_than(const ManagedGroup& other) const {
  const uint64_t mine = backlog();
  const uint64_t others = other.backlog();
  if (mine != others) return mine > others;
  const auto name = [](const ManagedGroup& it) {
    return std::tuple(it.entry_->key(), std::string_view(it.group_.name()), it.db());
  };
  return name(*this) < name(other);
}

std::optional<UnixMs> ManagedGroup::oldest_ready(UnixMs now) const {
  std::optional<UnixMs> oldest = oldest_due(now);
  const Stream::Cursor fresh = stream().first_new(group_);
  if (fresh.at_end()) return oldest;
  const UnixMs added = added_at(fresh.id());
  return oldest ? std::min(*oldest, added) : added;
}

std::optional<UnixMs> ManagedGroup::oldest_due(UnixMs now) const {
  std::optional<UnixMs> oldest;
  group_.pending().visit_unowned(now, [&oldest](const Pending& pending) {
    oldest = pending.time;
    return !oldest;  // of the released nobody knows since when
  });
  return oldest;
}

std::optional<UnixMs> ManagedGroup::next_due(UnixMs now) const {
  forget_due(now);
  if (delayed_.empty()) return std::nullopt;
  return UnixMs{delayed_.begin()->first};
}

// --- Handing out

uint64_t ManagedGroup::room(UnixMs now) const {
  const Policy& with = policy();
  if (with.paused_out()) return 0;
  uint64_t room = UINT64_MAX;
  if (with.leased_max > 0) {
    const uint64_t held = group_.pending().size() - group_.pending().unowned();
    room = with.leased_max > held ? with.leased_max - held : 0;
  }
  if (with.rate.deliveries > 0) room = std::min(room, slot_->deliveries.room(with.rate, now));
  return room;
}

ManagedGroup::Turn ManagedGroup::turn_of(const Pending& pending) const {
  const EntryNote* const known = note(pending.id);
  if (known != nullptr && known->dying) return Turn::kKeep;
  const uint32_t attempts_max = policy().attempts_max;
  return attempts_max > 0 && pending.deliveries >= attempts_max ? Turn::kDie : Turn::kDeliver;
}

void ManagedGroup::handed_out(uint64_t handed, UnixMs now) {
  count(&QueueTotals::reserved, handed);
  if (policy().rate.deliveries > 0) slot_->deliveries.add(policy().rate, now, handed);
}

void ManagedGroup::wait_for_time(UnixMs now) {
  // An end of the pause, and a lease less, are told by themselves.
  if (policy().paused_out()) return;
  if (room(now) == 0) {
    const bool rate_is_full = policy().rate.deliveries > 0 && slot_->deliveries.room(policy().rate, now) == 0;
    if (rate_is_full) system_.open_at(*slot_, slot_->deliveries.opens(policy().rate));
    return;
  }
  if (const auto due = next_due(now)) system_.open_at(*slot_, *due);
}

// --- What the group tells of its pending entries

void ManagedGroup::changed(const Pending* before, const Pending* after) {
  const bool was_held = before != nullptr && before->owned();
  const StreamId id = before != nullptr ? before->id : after->id;
  if (!is_dying(id)) {
    if (before != nullptr) uncount_delayed(*before);
    if (after != nullptr) count_delayed(*after);
  }
  if (after == nullptr) {
    forget(*before);
  } else if (!after->owned()) {
    system_.open_at(*slot_, after->time.value_or(system_.now()));
  } else if (!held_bound_ || *after->time < *held_bound_) {
    held_bound_ = *after->time;
    refresh_timer();
  }
  sum();
  const bool is_held = after != nullptr && after->owned();
  if (was_held && !is_held && policy().leased_max > 0) system_.open_at(*slot_, system_.now());
}

void ManagedGroup::sum() {
  const PendingList& pending = group_.pending();
  const size_t unowned = pending.unowned();
  const size_t held = pending.size() - unowned;
  system_.managed_.sum_changed(held - held_summed_, unowned - unowned_summed_);
  held_summed_ = held;
  unowned_summed_ = unowned;
}

void ManagedGroup::entry_deleted(StreamId id) {
  const std::optional<Pending> pending = group_.pending().find(id);
  if (!pending || pending->owned()) return;
  count(&QueueTotals::deleted);
  rates.left(system_.now());
  group_.acknowledge(id);
}

void ManagedGroup::entries_trimmed(StreamId up_to) {
  if (group_.pending().unowned() == 0) return;
  std::vector<StreamId> gone;
  PendingList::Cursor at = group_.pending().first_from(kStreamIdMin, {.only_unowned = true});
  for (; !at.at_end() && at.id() < up_to; at.next())
    gone.push_back(at.id());
  for (const StreamId id : gone)
    entry_deleted(id);
}

// --- Notes

const EntryNote* ManagedGroup::note(StreamId id) const {
  if (notes_.empty()) return nullptr;
  const auto found = notes_.find(id);
  return found == notes_.end() ? nullptr : &found->second;
}

std::string_view ManagedGroup::text(uint32_t number) const {
  return system_.names_.text(number);
}

std::string_view ManagedGroup::holder(const Pending& pending) const {
  if (pending.owned()) return group_.consumer(pending.consumer).name;
  const EntryNote* const known = note(pending.id);
  return known == nullptr ? std::string_view() : text(known->holder);
}

void ManagedGroup::set_name(uint32_t& number, std::string_view text) {
  const uint32_t before = std::exchange(number, system_.names_.hold(text));
  system_.names_.release(before);
}

void ManagedGroup::note_release(const Pending& pending, std::optional<std::string_view> reason) {
  EntryNote& known = notes_[pending.id];
  if (pending.owned()) set_name(known.holder, group_.consumer(pending.consumer).name);
  if (reason) set_name(known.reason, reason->substr(0, kReasonBytesMax));
}

void ManagedGroup::note_failure(const Pending& pending, std::optional<std::string_view> reason, UnixMs now) {
  note_release(pending, reason);
  EntryNote& known = notes_[pending.id];
  if (known.failed_last == UnixMs{0}) known.failed_first = now;
  known.failed_last = now;
}

void ManagedGroup::note_redriven(StreamId id, uint32_t redriven) {
  notes_[id].redriven = redriven;
}

void ManagedGroup::note_dying(const Pending& pending, DeathCause cause, UnixMs again) {
  EntryNote& known = notes_[pending.id];
  if (known.dying) {
    dying_.erase({pending.time->count, pending.id});
  } else if (const auto listed = group_.pending().find(pending.id)) {
    uncount_delayed(
        *listed);  // what is to die may be known by another time than it is counted under, or not at all
  }
  known.dying = true;
  known.cause = cause;
  dying_.emplace(again.count, pending.id);
  refresh_timer();
}

std::optional<std::pair<UnixMs, StreamId>> ManagedGroup::first_dying() const {
  if (dying_.empty()) return std::nullopt;
  return std::pair(UnixMs{dying_.begin()->first}, dying_.begin()->second);
}

void ManagedGroup::begin_anew(StreamId id) {
  if (notes_.empty()) return;
  const auto pending = group_.pending().find(id);
  if (!pending) return;
  const bool was_dying = is_dying(id);
  forget(*pending);
  if (was_dying) count_delayed(*pending);
}

void ManagedGroup::forget(const Pending& pending) {
  if (notes_.empty()) return;
  const auto found = notes_.find(pending.id);
  if (found == notes_.end()) return;
  if (found->second.dying) {
    dying_.erase({pending.time->count, pending.id});
    refresh_timer();
  }
  system_.names_.release(found->second.holder);
  system_.names_.release(found->second.reason);
  notes_.erase(found);
}

// --- Timers

UnixMs ManagedGroup::lease_end(UnixMs delivered) const {
  return std::max(delivered + policy().lease, system_.managed_.lease_floor());
}

void ManagedGroup::refresh_exactly() {
  held_bound_ = group_.pending().oldest_held();
  refresh_timer();
}

void ManagedGroup::refresh_timer() {
  int64_t when = held_bound_ ? lease_end(*held_bound_).count : INT64_MAX;
  if (!dying_.empty()) when = std::min(when, dying_.begin()->first);
  system_.managed_.arm(*this, when);
}

// --- Statistics

ManagedGroup::Deeds& ManagedGroup::deeds(ConsumerNumber consumer) {
  if (consumer >= deeds_.size()) deeds_.resize(consumer + 1);
  return deeds_[consumer];
}

void ManagedGroup::count(uint64_t QueueTotals::*what, uint64_t amount) {
  totals.*what += amount;
  system_.totals_.*what += amount;
}

void ManagedGroup::count_acknowledged(const Pending& pending, UnixMs now) {
  count(&QueueTotals::acked);
  rates.left(now);
  if (!pending.owned()) {
    count(&QueueTotals::late_acks);
    return;
  }
  ++deeds(pending.consumer).acked;
  rates.held(now, std::max(Millis{0}, now - *pending.time));
}

void ManagedGroup::count_added() {
  count(&QueueTotals::added);
  rates.added(system_.now());
}

void ManagedGroup::forget_statistics(UnixMs now) {
  totals = QueueTotals();
  rates = QueueRates();
  deeds_.clear();
  began = now;
}

// --- As a whole

size_t ManagedGroup::bytes() const {
  // A node of each tree: its links, the pair, and what the allocator adds. Names are shared.
  constexpr size_t kNoteBytes = 48 + sizeof(StreamId) + sizeof(EntryNote);
  constexpr size_t kDyingBytes = 80;
  constexpr size_t kDelayedBytes = 64;
  return sizeof(ManagedGroup) + notes_.size() * kNoteBytes + dying_.size() * kDyingBytes +
         delayed_.size() * kDelayedBytes + deeds_.capacity() * sizeof(Deeds);
}

void ManagedGroup::digest(Digest& into) const {
  into.add(notes_.size());
  for (const auto& [id, note] : notes_) {
    into.add(id.ms);
    into.add(id.seq);
    into.add(text(note.holder));
    into.add(text(note.reason));
    into.add(static_cast<uint64_t>(note.failed_first.count));
    into.add(static_cast<uint64_t>(note.failed_last.count));
    into.add(uint64_t{note.redriven});
    into.add(note.dying ? death_cause_name(note.cause) : std::string_view());
  }
}

void ManagedGroup::dump(std::string_view key, RecordSink& sink) const {
  auto at = notes_.begin();
  while (at != notes_.end()) {
    RecordWords record;
    record.words("XGROUPRESTORE", key, group_.name(), "NOTES");
    for (size_t i = 0; i < kDumpedNotesMax && at != notes_.end(); ++i, ++at) {
      const auto& [id, note] = *at;
      record.id(id);
      record.words(text(note.holder), text(note.reason));
      record.time(note.failed_first);
      record.time(note.failed_last);
      record.number(note.redriven);
      record.word(note.dying ? death_cause_name(note.cause) : std::string_view());
    }
    sink.record(record.all());
  }
}

void ManagedGroup::restore(const Pending& pending, const NoteText& note) {
  CHECK(!note.numbers.dying || !pending.owned());
  EntryNote& restored = notes_.emplace(pending.id, note.numbers).first->second;
  restored.holder = system_.names_.hold(note.holder);
  restored.reason = system_.names_.hold(note.reason);
  if (!restored.dying) return;
  uncount_delayed(pending);
  dying_.emplace(pending.time->count, pending.id);
  refresh_timer();
}

void ManagedGroup::check_invariants() const {
  CHECK(slot_ != nullptr && slot_->group == this);
  CHECK(slot_ == system_.policies_.find(db(), entry_->key(), group_.name()));
  CHECK(entry_->stream().find_group(group_.name()) == &group_);
  size_t dying = 0;
  for (const auto& [id, note] : notes_) {
    const std::optional<Pending> pending = group_.pending().find(id);
    CHECK(pending.has_value());
    if (!note.dying) continue;
    ++dying;
    CHECK(!pending->owned() && dying_.contains({pending->time->count, id}));
  }
  CHECK(dying == dying_.size());
  uint64_t delayed = 0;
  for (PendingList::Cursor at = group_.pending().first(); !at.at_end(); at.next()) {
    const Pending pending = at.pending();
    if (pending.owned()) {
      CHECK(held_bound_ && *held_bound_ <= *pending.time);
    } else {
      CHECK(entry_->stream().contains(pending.id));
      CHECK(!pending.time || notes_.contains(pending.id));
      if (is_delayed(pending) && !is_dying(pending.id)) ++delayed;
    }
  }
  CHECK(delayed == delayed_total_);
  CHECK(armed() == (held_bound_ || !dying_.empty()));
}

}  // namespace sluice
