// SPDX-License-Identifier: MIT
#include "engine/stream.h"

#include <algorithm>
#include <vector>

#include "engine/queue/managed_group.h"
#include "engine/stream_words.h"

namespace sluice {
namespace {

// What the first page of a stream holds at first; each further page begins as large as the one before came to be.
constexpr size_t kFirstPageBytes = 256;

// The first live entry of `page` at `slot` or behind it, else the first of the next page.
void settle_forward(const StreamPage*& page, uint32_t& slot) {
  while (slot < page->slots() && !page->is_live(slot))
    ++slot;
  if (slot < page->slots()) return;
  page = page->next;
  slot = page == nullptr ? 0 : page->first_live();
}

// The last live entry of `page` before `slot`, else the last of the page before.
void settle_backward(const StreamPage*& page, uint32_t& slot) {
  for (;;) {
    while (slot > page->first_live()) {
      if (page->is_live(--slot)) return;
    }
    page = page->previous;
    if (page == nullptr) {
      slot = 0;
      return;
    }
    slot = page->slots();
  }
}

}  // namespace

void Stream::Cursor::next() {
  ++slot_;
  settle_forward(page_, slot_);
}

void Stream::Cursor::previous() {
  settle_backward(page_, slot_);
}

Stream::~Stream() {
  retire();
  size_t pages_max = SIZE_MAX;
  free_some(pages_max);
}

size_t Stream::weight() const {
  size_t sum = length_;
  for (const auto& group : groups())
    sum += group->weight();
  return sum;
}

void Stream::retire() {
  for (const auto& group : groups())
    group->retire();
}

bool Stream::free_some(size_t& pages_max) {
  for (; head_ != nullptr && pages_max > 0; --pages_max) {
    StreamPage* next = head_->next;
    StreamPage::destroy(head_);
    head_ = next;
  }
  if (head_ != nullptr) return false;
  while (groups_ != nullptr && !groups_->empty()) {
    ConsumerGroup& group = *groups_->list().back();
    if (!group.free_some(pages_max)) return false;
    groups_->take(group);
  }
  return true;
}

StreamId Stream::first_id() const {
  return head_ == nullptr ? StreamId{} : head_->id(head_->first_live());
}

StreamId Stream::newest_id() const {
  return length_ == 0 ? StreamId{} : last().id();
}

Result<StreamId> Stream::next_id(UnixMs now) const {
  const uint64_t ms = now.count < 0 ? 0 : static_cast<uint64_t>(now.count);
  if (ms > last_id_.ms) return StreamId{ms, 0};
  const std::optional<StreamId> id = successor(last_id_);
  if (!id) return Error::kStreamExhausted;
  return *id;
}

Result<StreamId> Stream::next_id_within(uint64_t ms) const {
  if (last_id_ == kStreamIdMax) return Error::kStreamExhausted;
  if (ms > last_id_.ms) return StreamId{ms, 0};
  if (ms < last_id_.ms || last_id_.seq == UINT64_MAX) return Error::kStreamIdTooSmall;
  return StreamId{ms, last_id_.seq + 1};
}

Result<StreamId> Stream::add(StreamId id, std::span<const std::string_view> fields_and_values,
                             const StreamPageLimits& limits) {
  CHECK(fields_and_values.size() >= 2 && fields_and_values.size() % 2 == 0);
  if (id == kStreamIdMin) return Error::kStreamIdZero;
  if (last_id_ == kStreamIdMax) return Error::kStreamExhausted;
  if (id <= last_id_) return Error::kStreamIdTooSmall;
  if (StreamPage::entry_bytes_max(fields_and_values) > kStreamEntryBytesMax)
    return Error::kStreamEntryTooLarge;

  StreamPage::Append append =
      tail_ == nullptr ? StreamPage::Append::kFull : tail_->append(id, fields_and_values, limits);
  while (append == StreamPage::Append::kNeedsRoom) {
    const size_t capacity = std::min<size_t>(tail_->capacity() * 2, kStreamPageBytesMax);
    resize_page(tail_, capacity);
    append = tail_->append(id, fields_and_values, limits);
  }
  if (append == StreamPage::Append::kFull) append_page(id, fields_and_values, limits);
  ++length_;
  if (entries_added_ < INT64_MAX) ++entries_added_;  // XSETID may have set it that high; more cannot be told
  last_id_ = id;
  for (const auto& group : groups()) {
    if (ids_return_) group->entry_returned(id);
    if (group->managed() != nullptr) group->managed()->count_added();
  }
  return id;
}

void Stream::append_page(StreamId id, std::span<const std::string_view> fields_and_values,
                         const StreamPageLimits& limits) {
  size_t capacity = kFirstPageBytes;
  if (tail_ != nullptr) {
    capacity = std::min<size_t>(StreamPage::capacity_after(*tail_), limits.bytes_max);
    seal_tail();
  }
  StreamPage* page = StreamPage::create(id, fields_and_values, capacity);
  page->previous = tail_;
  (tail_ == nullptr ? head_ : tail_->next) = page;
  tail_ = page;
  page_bytes_ += page->capacity();
  directory_.push_back(id, page);
}

// Gives back what the tail page did not need, now that nothing more comes to it.
void Stream::seal_tail() {
  if (tail_->capacity() - tail_->bytes_used() <= tail_->capacity() / 8) return;
  resize_page(tail_, tail_->bytes_used());
}

StreamPage* Stream::resize_page(StreamPage* page, size_t capacity) {
  page_bytes_ -= page->capacity();
  page = page->resized(capacity);
  page_bytes_ += page->capacity();
  (page->previous == nullptr ? head_ : page->previous->next) = page;
  (page->next == nullptr ? tail_ : page->next->previous) = page;
  directory_.replace(page->base(), page);
  ++layout_;
  return page;
}

void Stream::remove_page(StreamPage* page) {
  page_bytes_ -= page->capacity();
  (page->previous == nullptr ? head_ : page->previous->next) = page->next;
  (page->next == nullptr ? tail_ : page->next->previous) = page->previous;
  directory_.remove(page->base());
  StreamPage::destroy(page);
  ++layout_;
}

bool Stream::remove(StreamId id) {
  const Cursor cursor = find(id);
  if (cursor.at_end()) return false;
  max_deleted_id_ = std::max(max_deleted_id_, id);
  remove_at(cursor);
  for (const auto& group : groups()) {
    group->entries_lost(id, id);
    if (group->managed() != nullptr) group->managed()->entry_deleted(id);
  }
  return true;
}

void Stream::remove_at(const Cursor& cursor) {
  auto* page = const_cast<StreamPage*>(cursor.page_);  // the pages are ours
  page->remove(cursor.slot_);
  --length_;
  if (page->live() == 0) {
    remove_page(page);
  } else if (page->worth_compacting()) {
    page->compact();
    ++layout_;
    // The tail keeps its room: entries are still to come.
    if (page != tail_) resize_page(page, page->bytes_used());
  }
}

uint64_t Stream::trim(const StreamTrim& trim) {
  if (trim.references == References::kAcknowledged && groups_ != nullptr) return trim_acknowledged(trim);
  const uint64_t length_before = length_;
  const StreamId first = first_id();
  StreamId last = first;  // of those that went
  while (head_ != nullptr && may_drop(*head_, trim)) {
    const uint64_t live = head_->live();
    const uint64_t removed = length_before - length_;
    if (trim.approximate && trim.removed_max != 0 && live > trim.removed_max - removed) break;
    if (trim.references == References::kDrop) drop_references_in(*head_);
    last = head_->id(head_->slots() - 1);
    remove_page(head_);
    length_ -= live;
  }
  if (!trim.approximate) trim_head_page(trim, last);
  if (length_ < length_before && groups_ != nullptr) tell_groups_of_trim(first, last);
  return length_before - length_;
}

// Whether the trim takes every entry of the page, the head.
bool Stream::may_drop(const StreamPage& page, const StreamTrim& trim) const {
  switch (trim.kind) {
    case StreamTrim::Kind::kLength:
      return length_ - page.live() >= trim.length_max;
    case StreamTrim::Kind::kMinId:
      return page.id(page.slots() - 1) < trim.min_id;
  }
  CHECK(false);
}

// Takes single entries from the head page. Not compacted: the rest of the page is the next to go.
void Stream::trim_head_page(const StreamTrim& trim, StreamId& last) {
  while (head_ != nullptr) {
    const uint32_t slot = head_->first_live();
    const bool done =
        trim.kind == StreamTrim::Kind::kLength ? length_ <= trim.length_max : head_->id(slot) >= trim.min_id;
    if (done) break;
    last = head_->id(slot);
    if (trim.references == References::kDrop) drop_references(last);
    head_->remove(slot);
    if (head_->live() == 0) remove_page(head_);
    --length_;
  }
}

void Stream::drop_references_in(const StreamPage& page) {
  for (uint32_t slot = page.first_live(); slot < page.slots(); ++slot) {
    if (page.is_live(slot)) drop_references(page.id(slot));
  }
}

Result<void> Stream::set_id(StreamId last_id, std::optional<uint64_t> entries_added,
                            std::optional<StreamId> max_deleted_id) {
  if (max_deleted_id && last_id < *max_deleted_id) return Error::kStreamSetIdProvided;
  if (length_ > 0 && last_id < newest_id()) return Error::kStreamSetIdTop;
  if (entries_added && *entries_added < length_) return Error::kStreamSetIdLength;
  if (last_id < max_deleted_id_) return Error::kStreamSetIdDeleted;
  if (tail_ != nullptr && tail_->id(tail_->slots() - 1) > last_id) {
    // Removed entries above the new last ID must not stand in the way of those to come.
    tail_->compact();
    ++layout_;
  }
  if (last_id < last_id_) {
    ids_return_ = true;
    if (referenced_ != nullptr) referenced_->forget();
  }
  last_id_ = last_id;
  if (entries_added) {
    entries_added_ = *entries_added;
    for (const auto& group : groups()) {  // nobody has read more than was added
      const std::optional<uint64_t> read = group->entries_read();
      if (read && *read > entries_added_) group->set_position(group->last_id(), entries_added_);
    }
  }
  if (max_deleted_id && *max_deleted_id != kStreamIdMin) max_deleted_id_ = *max_deleted_id;
  return {};
}

void Stream::set_producer_limits(const ProducerLimits& limits) {
  if (producers_ == nullptr) {
    producers_ = std::make_unique<StreamProducers>(limits);
  } else {
    producers_->set_limits(limits);
  }
}

StreamPage* Stream::page_with(StreamId id) const {
  if (tail_ != nullptr && id >= tail_->base()) return tail_;
  return directory_.find(id);
}

Stream::Cursor Stream::first() const {
  Cursor cursor;
  if (head_ != nullptr) {
    cursor.page_ = head_;
    cursor.slot_ = head_->first_live();
  }
  return cursor;
}

Stream::Cursor Stream::last() const {
  Cursor cursor;
  if (tail_ != nullptr) {
    cursor.page_ = tail_;
    cursor.slot_ = tail_->slots();
    settle_backward(cursor.page_, cursor.slot_);
  }
  return cursor;
}

Stream::Cursor Stream::first_from(StreamId id) const {
  const StreamPage* page = page_with(id);
  if (page == nullptr) return first();
  Cursor cursor;
  cursor.page_ = page;
  cursor.slot_ = page->lower_bound(id);
  settle_forward(cursor.page_, cursor.slot_);
  return cursor;
}

Stream::Cursor Stream::last_until(StreamId id) const {
  Cursor cursor;
  const StreamPage* page = page_with(id);
  if (page == nullptr) return cursor;
  uint32_t slot = page->lower_bound(id);
  if (slot < page->slots() && page->id(slot) == id) ++slot;
  cursor.page_ = page;
  cursor.slot_ = slot;
  settle_backward(cursor.page_, cursor.slot_);
  return cursor;
}

Stream::Cursor Stream::find(StreamId id) const {
  const Cursor cursor = first_from(id);
  return cursor.at_end() || cursor.id() != id ? Cursor{} : cursor;
}

bool Stream::contains(StreamId id) const {
  return !find(id).at_end();
}

Stream::Cursor Stream::first_after(StreamId id, const StreamPlace& place) const {
  if (place.page != nullptr && place.layout == layout_) {
    DCHECK(place.page->id(place.slot) == id);
    Cursor cursor;
    cursor.page_ = place.page;
    cursor.slot_ = place.slot + 1;
    settle_forward(cursor.page_, cursor.slot_);
    return cursor;
  }
  const std::optional<StreamId> next = successor(id);
  return next ? first_from(*next) : Cursor{};
}

size_t Stream::bytes() const {
  size_t bytes = sizeof(Stream) + page_bytes_ + directory_.bytes();
  for (const auto& group : groups())
    bytes += group->bytes();
  if (producers_ != nullptr) bytes += producers_->bytes();
  if (referenced_ != nullptr) bytes += referenced_->bytes();
  return bytes;
}

void Stream::digest(Digest& digest) const {
  digest.add(length_);
  for (Cursor cursor = first(); !cursor.at_end(); cursor.next()) {
    digest.add(cursor.id().ms);
    digest.add(cursor.id().seq);
    StreamFields fields = cursor.fields();
    digest.add(fields.size());
    while (fields.next()) {
      digest.add(fields.field());
      digest.add(fields.value());
    }
  }
  digest.add(last_id_.ms);
  digest.add(last_id_.seq);
  digest.add(entries_added_);
  digest.add(max_deleted_id_.ms);
  digest.add(max_deleted_id_.seq);
  digest.add(groups().size());
  for (const auto& group : groups())
    group->digest(digest);
  if (producers_ != nullptr) producers_->digest(digest);
}

void Stream::dump(std::string_view key, RecordSink& sink) const {
  const IdWord last(last_id_);
  if (length_ == 0) {
    // The way to make an empty stream: an entry that is trimmed at once. Its ID must not be 0-0.
    const IdWord passing(std::max(last_id_, StreamId{0, 1}));
    sink.record({"XADD", key, "MAXLEN", "0", passing.view(), "x", "y"});
  }
  std::vector<std::string> texts;
  std::vector<std::string_view> words;
  for (Cursor cursor = first(); !cursor.at_end(); cursor.next()) {
    const IdWord id(cursor.id());
    StreamFields fields = cursor.fields();
    texts.resize(fields.size() * 2);
    for (size_t i = 0; fields.next(); i += 2) {
      texts[i].assign(fields.field());
      texts[i + 1].assign(fields.value());
    }
    words.assign({"XADD", key, id.view()});
    words.insert(words.end(), texts.begin(), texts.end());
    sink.record(words);
  }
  const NumberWord added(static_cast<int64_t>(entries_added_));
  const IdWord deleted(max_deleted_id_);
  sink.record({"XSETID", key, last.view(), "ENTRIESADDED", added.view(), "MAXDELETEDID", deleted.view()});
  for (const auto& group : groups())
    group->dump(key, sink);
  if (producers_ != nullptr) producers_->dump(key, sink);
}

void Stream::check_invariants() const {
  uint64_t length = 0;
  size_t pages = 0;
  size_t bytes = 0;
  const StreamPage* previous = nullptr;
  for (const StreamPage* page = head_; page != nullptr; page = page->next) {
    page->check_invariants();
    CHECK(page->live() >= 1);
    CHECK(page->previous == previous);
    CHECK(previous == nullptr || previous->id(previous->slots() - 1) < page->base());
    CHECK(directory_.find(page->base()) == page);
    length += page->live();
    bytes += page->capacity();
    ++pages;
    previous = page;
  }
  CHECK(tail_ == previous);
  CHECK(pages == directory_.size());
  CHECK(bytes == page_bytes_);
  CHECK(length == length_);
  CHECK(entries_added_ >= length_ || length_ == 0);
  CHECK(tail_ == nullptr || tail_->id(tail_->slots() - 1) <= last_id_);
  CHECK(max_deleted_id_ <= last_id_);
  directory_.check_invariants();
  for (const auto& group : groups())
    group->check_invariants();
  check_references();
  if (producers_ != nullptr) producers_->check_invariants();
}

}  // namespace sluice
