// SPDX-License-Identifier: MIT
//
// A key and its value. One piece of memory holds the header and the key behind it:
//
//   offset  size  field
//        0     5  Timer: its place among the expiry times, and nothing else of it
//        5     1  type
//        6     1  number of the table that it lies in
//        7     1  snapshot epoch: whether the snapshot in progress has recorded the key
//        8     8  value: a short string itself, or who owns the list, the stream, the longer string
//       16   1/5  size of the key: one byte, or 255 and four
//        *     *  the key
//
// The address stays the same while the key exists, whatever happens to its value. RENAME makes another entry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/timer_heap.h"
#include "engine/digest.h"
#include "engine/record_sink.h"
#include "engine/string_value.h"

namespace sluice {

class Hash;
class ListValue;
class Set;
class SortedSet;
class Stream;

enum class ValueType : uint8_t { kString, kList, kStream, kHash, kSet, kSortedSet };

// As TYPE answers.
std::string_view type_name(ValueType type);

class Entry : public Timer {
 public:
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  std::string_view key() const {
    const auto* at = reinterpret_cast<const unsigned char*>(this + 1);
    if (at[0] != kLongKey) return {reinterpret_cast<const char*>(at) + 1, at[0]};
    return long_key();
  }
  // The number of its table; Keyspace::db_of() tells which database that is now.
  int table() const { return table_; }
  ValueType type() const { return type_; }

  // Requires: the type is that one.
  const StringValue& string() const { return CHECK(type_ == ValueType::kString), value_.string; }
  StringValue& string() { return CHECK(type_ == ValueType::kString), value_.string; }
  const ListValue& list() const { return CHECK(type_ == ValueType::kList), *value_.list; }
  ListValue& list() { return CHECK(type_ == ValueType::kList), *value_.list; }
  const Stream& stream() const { return CHECK(type_ == ValueType::kStream), *value_.stream; }
  Stream& stream() { return CHECK(type_ == ValueType::kStream), *value_.stream; }
  const Hash& hash() const { return CHECK(type_ == ValueType::kHash), *value_.hash; }
  Hash& hash() { return CHECK(type_ == ValueType::kHash), *value_.hash; }
  const Set& set() const { return CHECK(type_ == ValueType::kSet), *value_.set; }
  Set& set() { return CHECK(type_ == ValueType::kSet), *value_.set; }
  const SortedSet& sorted_set() const { return CHECK(type_ == ValueType::kSortedSet), *value_.sorted_set; }
  SortedSet& sorted_set() { return CHECK(type_ == ValueType::kSortedSet), *value_.sorted_set; }

  // Heap memory held by key and value, in bytes.
  size_t bytes() const;
  // Elements of the value: about how much work it is to free it. O(1); of a stream, O(groups).
  size_t weight() const;

 private:
  friend class Graveyard;
  friend class Keyspace;
  friend class Snapshot;
  static constexpr unsigned char kLongKey = 255;

  // Which member lives, Entry::type_ says.
  union Value {
    Value() : string() {}
    ~Value() {}
    StringValue string;
    std::unique_ptr<ListValue> list;
    std::unique_ptr<Stream> stream;
    std::unique_ptr<Hash> hash;
    std::unique_ptr<Set> set;
    std::unique_ptr<SortedSet> sorted_set;
  };

  // With an empty string as its value.
  static Entry* create(int table, std::string_view key, uint8_t epoch);
  // Frees the value too. Requires: not armed, unless the heap of timers has gone.
  static void destroy(Entry* entry);

  Entry(int table, uint8_t epoch) : table_(static_cast<uint8_t>(table)), epoch_(epoch) {}
  ~Entry() { hold_string(); }
  std::string_view long_key() const;

  // Each frees the value that was there.
  void hold_string();
  void hold(std::unique_ptr<ListValue> list);
  void hold(std::unique_ptr<Stream> stream);
  void hold(std::unique_ptr<Hash> hash);
  void hold(std::unique_ptr<Set> set);
  void hold(std::unique_ptr<SortedSet> set);
  void take_value(Entry& from);

  // The value is not part of the state any more: no timer of it fires. What is left to do is to free it.
  void retire();
  // Frees parts of a retired value, at most so many; lowers `parts_max` by what it did. True when nothing that takes
  // time is left.
  bool free_some(size_t& parts_max);

  void digest(Digest& into) const;
  void digest_value(Digest& into) const;
  void dump(RecordSink& sink) const;

  ValueType type_ = ValueType::kString;
  uint8_t table_;
  uint8_t epoch_;
  Value value_;
};
static_assert(sizeof(Entry) == 16, "the members after Timer fill the padding behind it");

}  // namespace sluice
