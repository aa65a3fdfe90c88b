// SPDX-License-Identifier: MIT
#include "engine/consumer_group.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/number_text.h"
#include "engine/queue/managed_group.h"
#include "engine/referenced_front.h"
#include "engine/stream_words.h"

namespace sluice {
namespace {

// So many pending entries go into one record of a dump.
constexpr size_t kDumpedEntriesMax = 64;

}  // namespace

ConsumerGroup::ConsumerGroup(std::string_view name, StreamId last_id, std::optional<uint64_t> entries_read)
    : name_(name), last_id_(last_id), entries_read_(entries_read) {}

ConsumerGroup::~ConsumerGroup() = default;

// --- Consumers

std::vector<ConsumerNumber>::const_iterator ConsumerGroup::lower_bound(std::string_view name) const {
  return std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [this](ConsumerNumber number, std::string_view wanted) { return consumers_[number]->name < wanted; });
}

ConsumerNumber ConsumerGroup::find_consumer(std::string_view name) const {
  const auto it = lower_bound(name);
  return it != by_name_.end() && consumers_[*it]->name == name ? *it : kNoConsumer;
}

ConsumerNumber ConsumerGroup::add_consumer(std::string_view name, UnixMs now) {
  const auto it = lower_bound(name);
  CHECK(it == by_name_.end() || consumers_[*it]->name != name);
  ConsumerNumber number;
  if (free_.empty()) {
    number = static_cast<ConsumerNumber>(consumers_.size());
    CHECK(number != kNoConsumer);
    consumers_.emplace_back();
  } else {
    number = free_.back();
    free_.pop_back();
  }
  consumers_[number] = std::make_unique<Consumer>(Consumer{std::string(name), 0, now, {}});
  by_name_.insert(it, number);
  return number;
}

size_t ConsumerGroup::remove_consumer(ConsumerNumber number) {
  const size_t pending = consumers_[number]->pending;
  if (pending > 0) {
    CHECK(managed_ == nullptr);  // there they are kept (ManagedGroups::drop_consumer)
    const size_t removed = pending_.remove_all_of(number);
    CHECK(removed == pending);
    if (front_ != nullptr) front_->forget();
  }
  by_name_.erase(lower_bound(consumers_[number]->name));
  consumers_[number].reset();
  free_.push_back(number);
  return pending;
}

// --- Pending entries

void ConsumerGroup::put(const Pending& pending) {
  Pending added = pending;
  if (!added.owned() && !added.time && added.release == 0) added.release = ++release_last_;
  if (!added.owned()) release_last_ = std::max(release_last_, added.release);
  if (added.owned()) ++consumers_[added.consumer]->pending;
  const std::optional<Pending> before = pending_.put(added);
  if (before && before->owned()) --consumers_[before->consumer]->pending;
  if (managed_ != nullptr) managed_->changed(before ? &*before : nullptr, &added);
}

void ConsumerGroup::release(StreamId id, uint64_t deliveries) {
  put({.id = id, .deliveries = deliveries});
}

bool ConsumerGroup::acknowledge(StreamId id) {
  const std::optional<Pending> before = pending_.remove(id);
  if (!before) return false;
  if (before->owned()) --consumers_[before->consumer]->pending;
  if (front_ != nullptr) front_->let_go(id);
  if (managed_ != nullptr) managed_->changed(&*before, nullptr);
  return true;
}

// --- With a policy

ManagedGroup& ConsumerGroup::manage(QueueSystem& system, Entry& entry, PolicySlot& slot) {
  CHECK(managed_ == nullptr);
  managed_ = std::make_unique<ManagedGroup>(system, entry, *this, slot);
  return *managed_;
}

void ConsumerGroup::unmanage() {
  if (managed_ == nullptr) return;
  managed_.reset();
  std::vector<Pending> timed;
  pending_.visit_unowned(kPendingTimeMax, [&timed](const Pending& pending) {
    if (pending.time) timed.push_back(pending);
    return true;
  });
  for (const Pending& pending : timed)
    release(pending.id, pending.deliveries);
}

// --- As a whole

size_t ConsumerGroup::bytes() const {
  // What the allocator adds to each of a consumer's two allocations is not counted.
  size_t bytes = sizeof(ConsumerGroup) + name_.capacity() + pending_.bytes() +
                 consumers_.capacity() * sizeof(consumers_[0]) +
                 (by_name_.capacity() + free_.capacity()) * sizeof(ConsumerNumber);
  for (const ConsumerNumber number : by_name_)
    bytes += sizeof(Consumer) + consumers_[number]->name.capacity();
  if (managed_ != nullptr) bytes += managed_->bytes();
  return bytes;
}

void ConsumerGroup::digest(Digest& digest) const {
  digest.add(name_);
  digest.add(last_id_.ms);
  digest.add(last_id_.seq);
  digest.add(entries_read_ ? *entries_read_ + 1 : 0);
  digest.add(by_name_.size());
  for (const ConsumerNumber number : by_name_)
    digest.add(consumers_[number]->name);
  digest.add(pending_.size());
  for (PendingList::Cursor cursor = pending_.first(); !cursor.at_end(); cursor.next()) {
    const Pending pending = cursor.pending();
    digest.add(pending.id.ms);
    digest.add(pending.id.seq);
    digest.add(pending.deliveries);
    digest.add(pending.owned() ? consumers_[pending.consumer]->name : std::string_view());
    digest.add(pending.time ? static_cast<uint64_t>(pending.time->count) + 1 : 0);
  }
  // Of the releases the order counts, not the numbers.
  pending_.visit_unowned(kPendingTimeMax, [&digest](const Pending& pending) {
    digest.add(pending.id.ms);
    digest.add(pending.id.seq);
    return true;
  });
  if (managed_ != nullptr) managed_->digest(digest);
}

// XGROUP CREATE, then the internal command XGROUPRESTORE:
//
//   XGROUPRESTORE key group CONSUMER name seen active          active is -1 if it never got anything
//   XGROUPRESTORE key group HELD consumer (id time deliveries)...
//   XGROUPRESTORE key group UNOWNED (id due deliveries)...     due is -1 if released; in their order
//
// and of a managed group what ManagedGroup::dump() says.
//
// Redis would take XCLAIM, but not for an entry that was deleted meanwhile, and a record for each.
void ConsumerGroup::dump(std::string_view key, RecordSink& sink) const {
  const NumberWord entries_read(entries_read_ ? static_cast<int64_t>(*entries_read_) : -1);
  const IdWord last_id(last_id_);
  sink.record({"XGROUP", "CREATE", key, name_, last_id.view(), "ENTRIESREAD", entries_read.view()});
  for (const ConsumerNumber number : by_name_) {
    const Consumer& consumer = *consumers_[number];
    const NumberWord seen(consumer.seen.count);
    const NumberWord active(consumer.active ? consumer.active->count : -1);
    sink.record({"XGROUPRESTORE", key, name_, "CONSUMER", consumer.name, seen.view(), active.view()});
  }
  dump_pending(key, sink);
  if (managed_ != nullptr) managed_->dump(key, sink);
}

void ConsumerGroup::dump_pending(std::string_view key, RecordSink& sink) const {
  struct Words {
    IdWord id;
    NumberWord time;
    NumberWord deliveries;
  };
  std::vector<Words> entries;
  std::vector<std::string_view> record;
  const auto flush = [&](std::string_view kind, std::optional<std::string_view> consumer) {
    if (entries.empty()) return;
    record.assign({"XGROUPRESTORE", key, name_, kind});
    if (consumer) record.push_back(*consumer);
    for (const Words& words : entries)
      record.insert(record.end(), {words.id.view(), words.time.view(), words.deliveries.view()});
    sink.record(record);
    entries.clear();
  };
  const auto add = [&entries](const Pending& pending) {
    entries.push_back({IdWord(pending.id), NumberWord(pending.time ? pending.time->count : -1),
                       NumberWord(static_cast<int64_t>(pending.deliveries))});
  };
  ConsumerNumber consumer = kNoConsumer;
  for (PendingList::Cursor cursor = pending_.first(); !cursor.at_end(); cursor.next()) {
    const Pending pending = cursor.pending();
    if (!pending.owned()) continue;
    if (pending.consumer != consumer || entries.size() == kDumpedEntriesMax) {
      if (consumer != kNoConsumer) flush("HELD", consumers_[consumer]->name);
      consumer = pending.consumer;
    }
    add(pending);
  }
  if (consumer != kNoConsumer) flush("HELD", consumers_[consumer]->name);
  pending_.visit_unowned(kPendingTimeMax, [&](const Pending& pending) {
    if (entries.size() == kDumpedEntriesMax) flush("UNOWNED", std::nullopt);
    add(pending);
    return true;
  });
  flush("UNOWNED", std::nullopt);
}

void ConsumerGroup::retire() {
  if (managed_ != nullptr) managed_->retire();
}

bool ConsumerGroup::free_some(size_t& parts_max) {
  if (managed_ != nullptr && !managed_->free_some(parts_max)) return false;
  if (!pending_.free_some(parts_max)) return false;
  for (; !consumers_.empty() && parts_max > 0; --parts_max)
    consumers_.pop_back();
  return consumers_.empty();
}

void ConsumerGroup::check_invariants() const {
  pending_.check_invariants();
  std::vector<size_t> pending(consumers_.size());
  for (PendingList::Cursor cursor = pending_.first(); !cursor.at_end(); cursor.next()) {
    const Pending it = cursor.pending();
    if (it.owned()) ++pending.at(it.consumer);
    CHECK(it.owned() || it.time || (it.release > 0 && it.release <= release_last_));
    CHECK(it.owned() || !it.time || managed_ != nullptr);
  }
  size_t consumers = 0;
  for (size_t number = 0; number < consumers_.size(); ++number) {
    CHECK(pending[number] == (consumers_[number] == nullptr ? 0 : consumers_[number]->pending));
    if (consumers_[number] != nullptr) ++consumers;
  }
  CHECK(consumers == by_name_.size());
  CHECK(consumers + free_.size() == consumers_.size());
  for (size_t i = 1; i < by_name_.size(); ++i)
    CHECK(consumers_[by_name_[i - 1]]->name < consumers_[by_name_[i]]->name);
  if (managed_ != nullptr) managed_->check_invariants();
}

// --- Groups

ConsumerGroups::List::const_iterator ConsumerGroups::lower_bound(std::string_view name) const {
  return std::lower_bound(list_.begin(), list_.end(), name,
                          [](const std::unique_ptr<ConsumerGroup>& group, std::string_view wanted) {
                            return group->name() < wanted;
                          });
}

ConsumerGroup* ConsumerGroups::find(std::string_view name) const {
  const auto it = lower_bound(name);
  return it != list_.end() && (*it)->name() == name ? it->get() : nullptr;
}

ConsumerGroup& ConsumerGroups::add(std::string_view name, StreamId last_id,
                                   std::optional<uint64_t> entries_read) {
  CHECK(find(name) == nullptr);
  return **list_.insert(lower_bound(name), std::make_unique<ConsumerGroup>(name, last_id, entries_read));
}

std::unique_ptr<ConsumerGroup> ConsumerGroups::take(const ConsumerGroup& group) {
  const auto it = lower_bound(group.name());
  CHECK(it != list_.end() && it->get() == &group);
  const auto at = list_.begin() + (it - list_.cbegin());
  std::unique_ptr<ConsumerGroup> taken = std::move(*at);
  list_.erase(at);
  return taken;
}

}  // namespace sluice
