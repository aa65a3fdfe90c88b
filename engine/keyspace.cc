// SPDX-License-Identifier: MIT
#include "engine/keyspace.h"

#include <cmath>
#include <utility>

#include "engine/hash.h"
#include "engine/list_value.h"
#include "engine/segmented_table_members.h"
#include "engine/set.h"
#include "engine/snapshot.h"
#include "engine/sorted_set.h"
#include "engine/stream.h"

namespace sluice {

template class SegmentedTable<Entry>;

namespace {

constexpr int kEndLowBits = 20;
constexpr uint64_t kEndLowMask = (1u << kEndLowBits) - 1;

}  // namespace

Keyspace::Keyspace(uint64_t hash_seed) {
  forms.hash_seed = hash_seed;
  for (SegmentedTable<Entry>& table : tables_) {
    table.seed(hash_seed);
  }
}

Keyspace::~Keyspace() {
  CHECK(snapshot_ == nullptr);
  for (SegmentedTable<Entry>& table : tables_) {
    table.for_each([](Entry* entry) { Entry::destroy(entry); });
    table.clear();
  }
}

const Entry* Keyspace::find(int db, std::string_view key) const {
  return table(db).find(key);
}

Entry* Keyspace::find_for_write(int db, std::string_view key) {
  Entry* const entry = table(db).find(key);
  if (entry != nullptr) before_change(*entry);
  return entry;
}

Entry& Keyspace::for_write(const Entry& entry) {
  Entry& writable = const_cast<Entry&>(entry);
  before_change(writable);
  return writable;
}

void Keyspace::before_change(Entry& entry) {
  if (snapshot_ != nullptr && entry.epoch_ != epoch_) [[unlikely]]
    snapshot_->record(entry);
}

Entry& Keyspace::insert(int db, std::string_view key) {
  Entry* const entry = Entry::create(static_cast<int>(table_of(db)), key, epoch_);
  table(db).insert(entry);
  if (on_arrival) on_arrival(db, key, Arrival::kNew);
  return *entry;
}

Entry& Keyspace::insert_string(int db, std::string_view key) {
  return insert(db, key);
}

Entry& Keyspace::insert_list(int db, std::string_view key) {
  Entry& entry = insert(db, key);
  entry.hold(std::make_unique<ListValue>());
  return entry;
}

Entry& Keyspace::insert_stream(int db, std::string_view key) {
  Entry& entry = insert(db, key);
  entry.hold(std::make_unique<Stream>());
  return entry;
}

Entry& Keyspace::insert_list(int db, std::string_view key, std::unique_ptr<ListValue> list) {
  Entry& entry = insert(db, key);
  entry.hold(std::move(list));
  return entry;
}

Entry& Keyspace::insert_stream(int db, std::string_view key, std::unique_ptr<Stream> stream) {
  Entry& entry = insert(db, key);
  entry.hold(std::move(stream));
  return entry;
}

Entry& Keyspace::insert_hash(int db, std::string_view key) {
  Entry& entry = insert(db, key);
  entry.hold(std::make_unique<Hash>(forms));
  return entry;
}

Entry& Keyspace::insert_set(int db, std::string_view key) {
  Entry& entry = insert(db, key);
  entry.hold(std::make_unique<Set>(forms));
  return entry;
}

Entry& Keyspace::insert_sorted_set(int db, std::string_view key) {
  Entry& entry = insert(db, key);
  entry.hold(std::make_unique<SortedSet>(forms));
  return entry;
}

Entry& Keyspace::overwrite(int db, std::string_view key, ValueType type, Expiry expiry) {
  Entry* const entry = find_for_write(db, key);
  if (entry == nullptr) return insert(db, key);
  if (expiry == Expiry::kDrop) persist(*entry);
  if (on_arrival) {
    on_arrival(db, key, Arrival::kOverwritten);
    if (entry->type() != type) on_arrival(db, key, Arrival::kTypeChanged);
  }
  disarm_parts(*entry);
  if (entry->type() != ValueType::kString) end_value(*entry);
  return *entry;
}

Entry& Keyspace::insert_hash(int db, std::string_view key, std::unique_ptr<Hash> hash) {
  Entry& entry = insert(db, key);
  entry.hold(std::move(hash));
  return entry;
}

Entry& Keyspace::insert_set(int db, std::string_view key, std::unique_ptr<Set> set) {
  Entry& entry = insert(db, key);
  entry.hold(std::move(set));
  return entry;
}

Entry& Keyspace::insert_sorted_set(int db, std::string_view key, std::unique_ptr<SortedSet> set) {
  Entry& entry = insert(db, key);
  entry.hold(std::move(set));
  return entry;
}

Entry& Keyspace::set_string(int db, std::string_view key, std::string_view value, Expiry expiry) {
  Entry& entry = overwrite(db, key, ValueType::kString, expiry);
  entry.string().assign(value);
  return entry;
}

Entry& Keyspace::set_list(int db, std::string_view key) {
  Entry& entry = overwrite(db, key, ValueType::kList, Expiry::kDrop);
  entry.hold(std::make_unique<ListValue>());
  return entry;
}

Entry& Keyspace::set_set(int db, std::string_view key) {
  Entry& entry = overwrite(db, key, ValueType::kSet, Expiry::kDrop);
  entry.hold(std::make_unique<Set>(forms));
  return entry;
}

Entry& Keyspace::set_sorted_set(int db, std::string_view key) {
  Entry& entry = overwrite(db, key, ValueType::kSortedSet, Expiry::kDrop);
  entry.hold(std::make_unique<SortedSet>(forms));
  return entry;
}

Entry& Keyspace::rename(const Entry& entry, int db, std::string_view key) {
  Entry& from = for_write(entry);
  const std::optional<UnixMs> expires = expires_at(from);
  Entry& to = insert(db, key);
  disarm_parts(from);
  to.take_value(from);
  if (to.type() == ValueType::kHash) field_expiry_changed(to);
  if (to.type() == ValueType::kStream) producers_changed(to);
  if (expires) expire_at(to, *expires);
  erase(from);
  return to;
}

void Keyspace::erase(const Entry& entry) {
  Entry& ended = for_write(entry);
  persist(ended);
  disarm_parts(ended);
  tables_[static_cast<size_t>(ended.table())].erase(&ended);
  end(ended);
}

void Keyspace::end(Entry& entry) {
  if (entry.weight() <= kFreedAtOnceMax) [[likely]]
    return Entry::destroy(&entry);
  entry.retire();
  graveyard_.bury(&entry);
}

void Keyspace::end(std::unique_ptr<ConsumerGroup> group) {
  if (group->weight() <= kFreedAtOnceMax) return;
  group->retire();
  graveyard_.bury(std::move(group));
}

void Keyspace::end_value(Entry& entry) {
  if (entry.weight() <= kFreedAtOnceMax) return entry.hold_string();
  entry.retire();
  Entry* const ended = Entry::create(entry.table(), {}, epoch_);
  ended->take_value(entry);
  graveyard_.bury(ended);
}

void Keyspace::swap(int one, int other) {
  if (one == other) return;
  std::swap(tables_of_[static_cast<size_t>(one)], tables_of_[static_cast<size_t>(other)]);
  std::swap(names_[table_of(one)], names_[table_of(other)]);
}

// --- Expiry

void Keyspace::expire_at(const Entry& entry, UnixMs when) {
  Entry& timed = for_write(entry);
  const size_t table = table_of(timed);
  if (timed.armed()) ends_[table].remove(expiries_.when(table, timed));
  ends_[table].add(when.count);
  expiries_.arm(table, timed, when.count, expiry_order_++);
}

bool Keyspace::persist(const Entry& entry) {
  if (!entry.armed()) return false;
  Entry& timed = for_write(entry);
  const size_t table = table_of(timed);
  ends_[table].remove(expiries_.when(table, timed));
  expiries_.disarm(table, timed);
  return true;
}

void Keyspace::Ends::add(int64_t when) {
  const auto time = static_cast<uint64_t>(when);
  ++count;
  sum_high += time >> kEndLowBits;
  sum_low += time & kEndLowMask;
}

void Keyspace::Ends::remove(int64_t when) {
  const auto time = static_cast<uint64_t>(when);
  --count;
  sum_high -= time >> kEndLowBits;
  sum_low -= time & kEndLowMask;
}

Millis Keyspace::Ends::mean_left(UnixMs now) const {
  if (count == 0) return Millis{0};
  const auto now_high = static_cast<double>(now.count >> kEndLowBits);
  const auto now_low = static_cast<double>(static_cast<uint64_t>(now.count) & kEndLowMask);
  // The great parts are subtracted first, so that the milliseconds are not rounded away.
  const double high = static_cast<double>(sum_high) / static_cast<double>(count) - now_high;
  const double low = static_cast<double>(sum_low) / static_cast<double>(count) - now_low;
  const double left = high * static_cast<double>(kEndLowMask + 1) + low;
  return Millis{left < 0 ? 0 : std::llround(left)};
}

std::optional<UnixMs> Keyspace::expires_at(const Entry& entry) const {
  if (!entry.armed()) return std::nullopt;
  return UnixMs{expiries_.when(table_of(entry), entry)};
}

const Entry* Keyspace::first_expired(UnixMs now) const {
  if (expiries_.first_when() > now.count) return nullptr;
  return static_cast<const Entry*>(expiries_.first());
}

void Keyspace::expire_field(Entry& entry, std::string_view field, UnixMs when) {
  entry.hash().expire_at(field, when, expiry_order_++);
}

void Keyspace::field_expiry_changed(Entry& entry) {
  ValueTimer* const timer = entry.hash().timer();
  if (timer == nullptr) [[likely]]
    return;
  arm_part(entry, *timer, entry.hash().earliest_expiry());
  if (entry.hash().expires() == 0) entry.hash().forget_timer();
}

void Keyspace::producers_changed(Entry& entry) {
  StreamProducers* const producers = entry.stream().producers();
  if (producers != nullptr) arm_part(entry, producers->timer(), producers->earliest_expiry());
}

void Keyspace::arm_part(Entry& entry, ValueTimer& timer, UnixMs when) {
  timer.entry = &entry;
  const size_t table = table_of(entry);
  if (when.count == INT64_MAX) {
    part_expiries_.disarm(table, timer);
  } else if (!timer.armed() || part_expiries_.when(table, timer) != when.count) {
    part_expiries_.arm(table, timer, when.count, expiry_order_++);
  }
}

void Keyspace::disarm_parts(Entry& entry) {
  ValueTimer* timer = nullptr;
  if (entry.type() == ValueType::kHash) {
    timer = entry.hash().timer();
  } else if (entry.type() == ValueType::kStream && entry.stream().producers() != nullptr) {
    timer = &entry.stream().producers()->timer();
  }
  if (timer != nullptr) part_expiries_.disarm(table_of(entry), *timer);
}

const Entry* Keyspace::first_with_expired_part(UnixMs now) const {
  if (part_expiries_.first_when() > now.count) return nullptr;
  return static_cast<const ValueTimer*>(part_expiries_.first())->entry;
}

uint64_t Keyspace::scan(int db, uint64_t cursor, size_t wanted, const Visit& visit) const {
  return table(db).scan(cursor, wanted, [&visit](Entry* entry) { visit(*entry); });
}

void Keyspace::for_each(int db, const Visit& visit) const {
  table(db).for_each([&visit](Entry* entry) { visit(*entry); });
}

void Keyspace::flush(int db) {
  SegmentedTable<Entry>& ended = table(db);
  if (ended.size() == 0) return;
  if (snapshot_ != nullptr) snapshot_->abort();
  const size_t number = table_of(db);
  graveyard_.bury(ended, expiries_.take(number), part_expiries_.take(number));
  ends_[number] = {};
}

void Keyspace::flush_all() {
  for (int db = 0; db < kDatabases; ++db) {
    flush(db);
  }
}

void Keyspace::digest(Digest& into) const {
  for (int db = 0; db < kDatabases; ++db) {
    for_each(db, [this, &into](const Entry& entry) {
      Digest part;
      part.add(static_cast<uint64_t>(db_of(entry)));
      entry.digest(part);
      const std::optional<UnixMs> expires = expires_at(entry);
      part.add(static_cast<uint64_t>(expires ? 1 : 0));
      part.add(static_cast<uint64_t>(expires ? expires->count : 0));
      into.add_unordered(part);
    });
  }
}

std::string Keyspace::digest_value(const Entry& entry) const {
  Digest digest;
  entry.digest_value(digest);
  return digest.text();
}

void Keyspace::check_invariants() const {
  expiries_.check_invariants();
  part_expiries_.check_invariants();
  for (int db = 0; db < kDatabases; ++db) {
    table(db).check_invariants();
    CHECK(names_[table_of(db)] == db);
    size_t armed = 0;
    for_each(db, [this, db, &armed](const Entry& entry) {
      CHECK(db_of(entry) == db);
      if (entry.armed()) ++armed;
      if (entry.type() == ValueType::kHash) entry.hash().check_invariants();
      if (entry.type() == ValueType::kStream) entry.stream().check_invariants();
      if (entry.type() == ValueType::kSet) entry.set().check_invariants();
      if (entry.type() == ValueType::kSortedSet) entry.sorted_set().check_invariants();
    });
    CHECK(armed == expires(db) && armed == expiries_.heap(table_of(db)).size());
  }
}

}  // namespace sluice
