// SPDX-License-Identifier: MIT
#include "engine/entry.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "engine/base/allocate.h"
#include "engine/hash.h"
#include "engine/list_value.h"
#include "engine/set.h"
#include "engine/sorted_set.h"
#include "engine/stream.h"

namespace sluice {

std::string_view type_name(ValueType type) {
  switch (type) {
    case ValueType::kString:
      return "string";
    case ValueType::kList:
      return "list";
    case ValueType::kStream:
      return "stream";
    case ValueType::kHash:
      return "hash";
    case ValueType::kSet:
      return "set";
    case ValueType::kSortedSet:
      return "zset";
  }
  return {};
}

Entry* Entry::create(int table, std::string_view key, uint8_t epoch) {
  const bool is_long = key.size() >= kLongKey;
  const size_t size_bytes = is_long ? 1 + sizeof(uint32_t) : 1;
  auto* memory = static_cast<char*>(allocate(sizeof(Entry) + size_bytes + key.size()));
  auto* entry = new (memory) Entry(table, epoch);
  char* to = memory + sizeof(Entry);
  *to = static_cast<char>(is_long ? kLongKey : key.size());
  if (is_long) {
    CHECK(key.size() <= UINT32_MAX);
    const auto size = static_cast<uint32_t>(key.size());
    std::memcpy(to + 1, &size, sizeof(size));
  }
  if (!key.empty()) std::memcpy(to + size_bytes, key.data(), key.size());
  return entry;
}

void Entry::destroy(Entry* entry) {
  entry->~Entry();
  std::free(entry);
}

std::string_view Entry::long_key() const {
  const char* at = reinterpret_cast<const char*>(this + 1) + 1;
  uint32_t size = 0;
  std::memcpy(&size, at, sizeof(size));
  return {at + sizeof(size), size};
}

size_t Entry::bytes() const {
  const size_t header = sizeof(Entry) + (key().size() >= kLongKey ? 1 + sizeof(uint32_t) : 1) + key().size();
  switch (type_) {
    case ValueType::kString:
      return header + value_.string.bytes();
    case ValueType::kList:
      return header + sizeof(ListValue) + value_.list->bytes();
    case ValueType::kStream:
      return header + sizeof(Stream) + value_.stream->bytes();
    case ValueType::kHash:
      return header + sizeof(Hash) + value_.hash->bytes();
    case ValueType::kSet:
      return header + sizeof(Set) + value_.set->bytes();
    case ValueType::kSortedSet:
      return header + sizeof(SortedSet) + value_.sorted_set->bytes();
  }
  return header;
}

void Entry::hold_string() {
  switch (type_) {
    case ValueType::kString:
      value_.string.~StringValue();
      break;
    case ValueType::kList:
      value_.list.~unique_ptr();
      break;
    case ValueType::kStream:
      value_.stream.~unique_ptr();
      break;
    case ValueType::kHash:
      value_.hash.~unique_ptr();
      break;
    case ValueType::kSet:
      value_.set.~unique_ptr();
      break;
    case ValueType::kSortedSet:
      value_.sorted_set.~unique_ptr();
      break;
  }
  type_ = ValueType::kString;
  new (&value_.string) StringValue();
}

void Entry::hold(std::unique_ptr<ListValue> list) {
  hold_string();
  value_.string.~StringValue();
  new (&value_.list) std::unique_ptr<ListValue>(std::move(list));
  type_ = ValueType::kList;
}

void Entry::hold(std::unique_ptr<Stream> stream) {
  hold_string();
  value_.string.~StringValue();
  new (&value_.stream) std::unique_ptr<Stream>(std::move(stream));
  type_ = ValueType::kStream;
}

void Entry::hold(std::unique_ptr<Hash> hash) {
  hold_string();
  value_.string.~StringValue();
  new (&value_.hash) std::unique_ptr<Hash>(std::move(hash));
  type_ = ValueType::kHash;
}

void Entry::hold(std::unique_ptr<Set> set) {
  hold_string();
  value_.string.~StringValue();
  new (&value_.set) std::unique_ptr<Set>(std::move(set));
  type_ = ValueType::kSet;
}

void Entry::hold(std::unique_ptr<SortedSet> set) {
  hold_string();
  value_.string.~StringValue();
  new (&value_.sorted_set) std::unique_ptr<SortedSet>(std::move(set));
  type_ = ValueType::kSortedSet;
}

// Leaves an empty string in `from`.
void Entry::take_value(Entry& from) {
  switch (from.type_) {
    case ValueType::kString:
      hold_string();
      value_.string = std::move(from.value_.string);
      break;
    case ValueType::kList:
      hold(std::move(from.value_.list));
      value_.list->moved_to(*this);
      break;
    case ValueType::kStream:
      hold(std::move(from.value_.stream));
      value_.stream->moved_to(*this);
      break;
    case ValueType::kHash:
      hold(std::move(from.value_.hash));
      break;
    case ValueType::kSet:
      hold(std::move(from.value_.set));
      break;
    case ValueType::kSortedSet:
      hold(std::move(from.value_.sorted_set));
      break;
  }
  from.hold_string();
}

size_t Entry::weight() const {
  switch (type_) {
    case ValueType::kString:
      return 1;
    case ValueType::kList:
      return value_.list->weight();
    case ValueType::kStream:
      return value_.stream->weight();
    case ValueType::kHash:
      return value_.hash->size();
    case ValueType::kSet:
      return value_.set->size();
    case ValueType::kSortedSet:
      return value_.sorted_set->size();
  }
  return 1;
}

void Entry::retire() {
  switch (type_) {
    case ValueType::kString:
    case ValueType::kHash:  // its timer is the keyspace's
    case ValueType::kSet:
    case ValueType::kSortedSet:
      return;
    case ValueType::kList:
      return value_.list->retire();
    case ValueType::kStream:
      return value_.stream->retire();
  }
}

bool Entry::free_some(size_t& parts_max) {
  switch (type_) {
    case ValueType::kString:
      return true;
    case ValueType::kList:
      return value_.list->free_some(parts_max);
    case ValueType::kStream:
      return value_.stream->free_some(parts_max);
    case ValueType::kHash:
      return value_.hash->free_some(parts_max);
    case ValueType::kSet:
      return value_.set->free_some(parts_max);
    case ValueType::kSortedSet:
      return value_.sorted_set->free_some(parts_max);
  }
  return true;
}

void Entry::digest(Digest& into) const {
  into.add(key());
  digest_value(into);
}

void Entry::digest_value(Digest& into) const {
  into.add(type_name(type_));
  switch (type_) {
    case ValueType::kString:
      return into.add(value_.string.view());
    case ValueType::kList:
      return value_.list->digest(into);
    case ValueType::kStream:
      return value_.stream->digest(into);
    case ValueType::kHash:
      return value_.hash->digest(into);
    case ValueType::kSet:
      return value_.set->digest(into);
    case ValueType::kSortedSet:
      return value_.sorted_set->digest(into);
  }
}

void Entry::dump(RecordSink& sink) const {
  switch (type_) {
    case ValueType::kString:
      return sink.record({"SET", key(), value_.string.view()});
    case ValueType::kList:
      return value_.list->dump(key(), sink);
    case ValueType::kStream:
      return value_.stream->dump(key(), sink);
    case ValueType::kHash:
      return value_.hash->dump(key(), sink);
    case ValueType::kSet:
      return value_.set->dump(key(), sink);
    case ValueType::kSortedSet:
      return value_.sorted_set->dump(key(), sink);
  }
}

}  // namespace sluice
