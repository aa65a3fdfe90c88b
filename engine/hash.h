// SPDX-License-Identifier: MIT
//
// The value of a hash key: fields and their values. A small hash is a row of strings, in the order in which the fields
// came; a bigger one is a table. Each field can have an expiry time of its own: those of a row are a short list beside
// it, in the order of time, with the numbers of their fields; those of a table are a heap.
//
// A field does not end by the clock. The keyspace knows which hash has the field that expires next, and who
// calls it logs an HDEL and erases the field; until then it is the caller who does not show it.
//
// Invariants (check_invariants):
//  * a table never becomes a row again.
//  * every field of a table with an expiry time is armed in the heap, no other is; of a row none is in the heap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/timer_heap.h"
#include "engine/collection_forms.h"
#include "engine/digest.h"
#include "engine/packed_strings.h"
#include "engine/record_sink.h"
#include "engine/segmented_table.h"
#include "engine/string_value.h"
#include "engine/value_timer.h"

namespace sluice {

class Entry;
class HashField;

class Hash {
 public:
  // `forms` must outlive it.
  explicit Hash(const CollectionForms& forms);
  ~Hash();
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;

  size_t size() const;
  bool empty() const { return size() == 0; }
  // Valid until the next change.
  std::optional<std::string_view> find(std::string_view field) const;
  bool contains(std::string_view field) const { return find(field).has_value(); }

  enum class Expiry : uint8_t { kDrop, kKeep };
  // True if the field is new. Neither text may lie in this hash.
  bool set(std::string_view field, std::string_view value, Expiry expiry = Expiry::kDrop);
  // False if there is no such field.
  bool erase(std::string_view field);

  // Requires: the field is there. Of two fields that expire in the same millisecond, the one with the lower
  // `order` comes first.
  void expire_at(std::string_view field, UnixMs when, uint64_t order);
  // False if it had no expiry time, or is not there.
  bool persist(std::string_view field);
  std::optional<UnixMs> expires_at(std::string_view field) const;
  // How many fields have one.
  size_t expires() const;
  // {INT64_MAX} if none has one.
  UnixMs earliest_expiry() const;
  // A field that expires at or before `now`, the earliest first. Valid until the next change.
  std::optional<std::string_view> first_expired(UnixMs now) const;
  // For the keyspace: what it arms. nullptr if no field has had an expiry time since forget_timer().
  ValueTimer* timer() { return expiries_ == nullptr ? nullptr : &expiries_->timer; }
  // Gives back the memory for expiry times. Requires: no field has one, and the timer is not armed.
  void forget_timer();

  using Visit = std::function<void(std::string_view field, std::string_view value)>;
  // Every field once: of a row in order, of a table in none. `visit` must not change the hash.
  void for_each(const Visit& visit) const;
  // As SegmentedTable::scan(); a row is visited whole.
  uint64_t scan(uint64_t cursor, size_t wanted, const Visit& visit) const;
  struct Pair {
    std::string_view field;
    std::string_view value;
  };
  // One field, each with the same chance; which one follows from `entropy`. Requires: not empty.
  Pair sample(uint64_t entropy) const;

  bool is_packed() const { return table_ == nullptr; }
  // As OBJECT ENCODING answers.
  std::string_view encoding() const;
  // Heap memory held, in bytes, without the object itself.
  size_t bytes() const;
  void digest(Digest& into) const;
  // The commands that rebuild it under `key`.
  void dump(std::string_view key, RecordSink& sink) const;
  // Frees fields of one that nobody uses any more, about so many, and lowers `parts_max` by what it did. True when
  // nothing is left; until then it may only be called again, or destroyed. Its timer is disarmed, or its heap gone.
  bool free_some(size_t& parts_max);
  void check_invariants() const;

 private:
  using Table = SegmentedTable<HashField>;
  struct PackedTime {
    int64_t when;
    uint64_t order;
    uint32_t index;  // of the field in the row
  };
  struct Expiries {
    ValueTimer timer;
    std::vector<PackedTime> times;    // of a row, by (when, order)
    std::unique_ptr<TimerHeap> heap;  // of a table
  };
  using PackedTimeAt = std::vector<PackedTime>::const_iterator;

  PackedStrings::Place find_packed(std::string_view field) const;
  PackedStrings::Place place_of(size_t index) const;
  size_t index_of(PackedStrings::Place place) const;
  // Of the field at that place of a row; the end of the list if it has no time.
  PackedTimeAt time_at(PackedStrings::Place place) const;
  bool drop_time(PackedStrings::Place place);
  // The field at that place goes: those behind it get lower numbers.
  void close_gap(PackedStrings::Place place);
  using VisitTime =
      std::function<void(std::string_view field, std::string_view value, std::optional<UnixMs> when)>;
  // Every field once, with its expiry time if it has one.
  void for_each_with_time(const VisitTime& visit) const;
  void become_table();
  void destroy(HashField* field);

  PackedStrings packed_;          // name, value, name, value ...
  std::unique_ptr<Table> table_;  // not null: packed_ is empty
  size_t item_bytes_ = 0;         // of what lies in the table
  std::unique_ptr<Expiries> expiries_;
  const CollectionForms& forms_;
};

}  // namespace sluice
