// SPDX-License-Identifier: MIT
//
// All keys of all databases: who holds what, and until when.
//
// Two rules for whoever uses it:
//  * A value is changed only through an Entry from find_for_write(), for_write() or an insert: the compiler keeps the
//    one from find() const. So a snapshot in progress sees every key before it changes.
//  * Nothing here ends by the clock. A key that has expired stays until the caller, who logs it as DEL, erases it:
//    `while (const Entry* entry = keyspace.first_expired(now)) ...`. Until then it is the caller who does not show it.
//
// Invariants (check_invariants):
//  * an entry is in the table of its database, once, and found under its key.
//  * the armed entries of a table are those in its heap of expiry times.
//  * no queue in the graveyard is known to the queue system.
//
// A database is a name for a table: SWAPDB changes two names and moves nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/base/timer_heap.h"
#include "engine/collection_forms.h"
#include "engine/digest.h"
#include "engine/entry.h"
#include "engine/graveyard.h"
#include "engine/segmented_table.h"
#include "engine/table_timers.h"

namespace sluice {

class Snapshot;
struct ValueTimer;

inline constexpr int kDatabases = 16;

class Keyspace {
 public:
  using Visit = std::function<void(const Entry&)>;
  enum class Expiry : uint8_t { kDrop, kKeep };

  // By the number of the table: what database it is.
  using Names = std::array<uint8_t, kDatabases>;
  static constexpr Names kNamesFirst = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

  // `hash_seed` should be secret, or a client can choose keys that collide. It decides the order of scan()
  // and for_each(), and nothing that is logged.
  explicit Keyspace(uint64_t hash_seed);
  ~Keyspace();
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  // nullptr if there is none. An expired key is found like any other. Requires, here and below: 0 <= db < kDatabases.
  const Entry* find(int db, std::string_view key) const;
  // The same, for changing its value in place.
  Entry* find_for_write(int db, std::string_view key);
  // For an entry that find() gave, without a second search.
  Entry& for_write(const Entry& entry);

  // A new key with an empty value. Requires: the key is absent.
  Entry& insert_string(int db, std::string_view key);
  Entry& insert_list(int db, std::string_view key);
  Entry& insert_stream(int db, std::string_view key);
  Entry& insert_hash(int db, std::string_view key);
  Entry& insert_set(int db, std::string_view key);
  Entry& insert_sorted_set(int db, std::string_view key);
  // With a value that was made elsewhere.
  Entry& insert_list(int db, std::string_view key, std::unique_ptr<ListValue> list);
  Entry& insert_stream(int db, std::string_view key, std::unique_ptr<Stream> stream);
  Entry& insert_hash(int db, std::string_view key, std::unique_ptr<Hash> hash);
  Entry& insert_set(int db, std::string_view key, std::unique_ptr<Set> set);
  Entry& insert_sorted_set(int db, std::string_view key, std::unique_ptr<SortedSet> set);
  // Makes the key hold `value`, whatever it held before.
  Entry& set_string(int db, std::string_view key, std::string_view value, Expiry expiry = Expiry::kDrop);
  // The same with an empty value of that type, for ever.
  Entry& set_list(int db, std::string_view key);
  Entry& set_set(int db, std::string_view key);
  Entry& set_sorted_set(int db, std::string_view key);
  // Value and expiry time go on under another name; `entry` ends. Requires: the new key is absent.
  Entry& rename(const Entry& entry, int db, std::string_view key);
  // `entry` and its value end.
  void erase(const Entry& entry);
  // A group that is in no stream any more ends.
  void end(std::unique_ptr<ConsumerGroup> group);
  // The two databases change their contents. Queues have to be told (QueueSystem::swapped).
  void swap(int one, int other);
  int db_of(const Entry& entry) const { return names_[table_of(entry)]; }
  const Names& names() const { return names_; }

  void expire_at(const Entry& entry, UnixMs when);
  // False if it had no expiry time.
  bool persist(const Entry& entry);
  std::optional<UnixMs> expires_at(const Entry& entry) const;
  bool expired(const Entry& entry, UnixMs now) const {
    return entry.armed() && expiries_.when(table_of(entry), entry) <= now.count;
  }
  // The next key to expire; kUnixMsNever if none does.
  UnixMs earliest_expiry() const { return {expiries_.first_when()}; }
  // A key that expires at or before `now`, the earliest first; nullptr if there is none.
  const Entry* first_expired(UnixMs now) const;

  // The same for a field of a hash. Requires: `entry` is for writing and has the field. Call field_expiry_changed()
  // then, as after each change of a hash.
  void expire_field(Entry& entry, std::string_view field, UnixMs when);
  void field_expiry_changed(Entry& entry);
  // The same for the idempotence IDs of a stream, after each change of them.
  void producers_changed(Entry& entry);
  UnixMs earliest_part_expiry() const { return {part_expiries_.first_when()}; }
  // Whichever of the two is earlier.
  UnixMs next_expiry() const { return std::min(earliest_expiry(), earliest_part_expiry()); }
  // A hash or a stream of which a part expires at or before `now`, the earliest first; nullptr if there is none.
  const Entry* first_with_expired_part(UnixMs now) const;

  size_t size(int db) const { return table(db).size(); }
  // Heap memory of the table that finds them, in bytes; not of the entries. O(segments).
  size_t table_bytes(int db) const { return table(db).bytes(); }
  // How many of them have an expiry time.
  size_t expires(int db) const { return ends_[table_of(db)].count; }
  // How much longer they live on average; 0 if there are none. O(1).
  Millis mean_lifetime_left(int db, UnixMs now) const { return ends_[table_of(db)].mean_left(now); }

  // Visits some keys and returns where to go on; 0 is the start and the end. A key that is there from the
  // first call to the last is visited at least once, whatever is added and erased in between. `wanted` is a
  // hint. `visit` must not change the keyspace. The cursor stays below 2^48.
  uint64_t scan(int db, uint64_t cursor, size_t wanted, const Visit& visit) const;
  // A key chosen by `random`, each about as likely as another; nullptr if the database is empty.
  const Entry* choose(int db, uint64_t random) const { return table(db).choose(random); }
  // Every key, in no order.
  void for_each(int db, const Visit& visit) const;

  // Ends every key; queues have to be told before (QueueSystem::flushing). What takes long to free goes to the
  // graveyard. A snapshot in progress is aborted: what it has not recorded is gone.
  void flush(int db);
  void flush_all();
  // Frees some of what has ended. Until free_pending() is false it should be called again soon.
  bool free_pending() const { return !graveyard_.empty(); }
  // Returns how many elements it freed.
  uint64_t free_some() { return graveyard_.step(); }
  const Graveyard& graveyard() const { return graveyard_; }

  // Keys, types, values and expiry times of all databases.
  void digest(Digest& into) const;

  // Of the type and value of one key alone, as text.
  std::string digest_value(const Entry& entry) const;
  // Told of every key that comes to be, before it holds anything, and of every value that another one replaces as a
  // whole; after that, if it was of another type. For whoever announces it; must not change the keyspace. May be empty.
  enum class Arrival : uint8_t { kNew, kOverwritten, kTypeChanged };
  std::function<void(int db, std::string_view key, Arrival arrival)> on_arrival;

  // Of the hashes, sets, sorted sets and streams here, and of those that are made elsewhere to be inserted. All but the
  // seed may be changed.
  CollectionForms forms;

  void check_invariants() const;

 private:
  friend class Snapshot;

  size_t table_of(int db) const {
    CHECK(db >= 0 && db < kDatabases);
    return tables_of_[static_cast<size_t>(db)];
  }
  static size_t table_of(const Entry& entry) { return static_cast<size_t>(entry.table()); }
  SegmentedTable<Entry>& table(int db) { return tables_[table_of(db)]; }
  const SegmentedTable<Entry>& table(int db) const { return tables_[table_of(db)]; }
  // Frees an entry that is in no table, at once or in steps.
  void end(Entry& entry);
  // Makes the entry hold an empty string.
  void end_value(Entry& entry);
  Entry& insert(int db, std::string_view key);
  // The entry of that key, new or not, with any string in it; it is about to hold a value of that type.
  Entry& overwrite(int db, std::string_view key, ValueType type, Expiry expiry);
  void arm_part(Entry& entry, ValueTimer& timer, UnixMs when);
  // The value of the entry is to go, or to another entry: its parts wake nobody any more.
  void disarm_parts(Entry& entry);
  // Before a change of `entry`: a snapshot that has not recorded it does so now.
  void before_change(Entry& entry);

  Graveyard graveyard_;
  std::array<SegmentedTable<Entry>, kDatabases> tables_;
  Names names_ = kNamesFirst;      // by table
  Names tables_of_ = kNamesFirst;  // by database
  // Keys that have an expiry time, and the sum of these in two parts, because one would not hold that of ten million.
  struct Ends {
    size_t count = 0;
    uint64_t sum_high = 0;
    uint64_t sum_low = 0;
    void add(int64_t when);
    void remove(int64_t when);
    Millis mean_left(UnixMs now) const;
  };
  std::array<Ends, kDatabases> ends_{};  // of each table
  TableTimers<kDatabases> expiries_;
  TableTimers<kDatabases> part_expiries_;  // of hashes and streams
  uint64_t expiry_order_ = 0;  // keys that expire in the same millisecond go in the order they were told to

  Snapshot* snapshot_ = nullptr;  // the one in progress
  uint8_t epoch_ = 0;             // entries with another one have not been recorded by it
  uint8_t epochs_unfinished_ =
      0;  // snapshots begun since one was finished: bounds how old an entry's epoch can be
};

}  // namespace sluice
