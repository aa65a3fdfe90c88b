// SPDX-License-Identifier: MIT
#include "engine/hash.h"

#include <algorithm>

#include "engine/base/number_text.h"
#include "engine/hash_field.h"
#include "engine/record_batch.h"
#include "engine/segmented_table_members.h"
#include "engine/stamp.h"

namespace sluice {

template class SegmentedTable<HashField>;

Hash::Hash(const CollectionForms& forms) : forms_(forms) {}

Hash::~Hash() {
  size_t parts_max = SIZE_MAX;
  free_some(parts_max);
}

size_t Hash::size() const {
  return is_packed() ? packed_.count() / 2 : table_->size();
}

PackedStrings::Place Hash::find_packed(std::string_view field) const {
  PackedStrings::Place place = packed_.begin();
  for (; place != packed_.end(); place = packed_.next(packed_.next(place))) {
    if (packed_.at(place) == field) break;
  }
  return place;
}

HashField* Hash::find_item(std::string_view field) const {
  return is_packed() ? nullptr : table_->find(field);
}

std::optional<std::string_view> Hash::find(std::string_view field) const {
  if (is_packed()) {
    const PackedStrings::Place place = find_packed(field);
    if (place == packed_.end()) return std::nullopt;
    return packed_.at(packed_.next(place));
  }
  const HashField* const item = table_->find(field);
  if (item == nullptr) return std::nullopt;
  return item->value.view();
}

bool Hash::set(std::string_view field, std::string_view value, Expiry expiry) {
  if (is_packed()) {
    const PackedStrings::Place place = find_packed(field);
    const bool is_new = place == packed_.end();
    const bool is_short = std::max(field.size(), value.size()) <= forms_.hash_bytes_max &&
                          packed_.has_room(field.size() + value.size());
    if (is_short && (!is_new || size() < forms_.hash_fields_max)) {
      if (is_new) {
        packed_.append(field);
        packed_.append(value);
      } else {
        packed_.replace(packed_.next(place), value);
      }
      return is_new;
    }
    become_table();
  }
  HashField* item = table_->find(field);
  const bool is_new = item == nullptr;
  if (is_new) {
    item = HashField::create(field);
    table_->insert(item);
  } else {
    item_bytes_ -= item->bytes();
    if (expiry == Expiry::kDrop && item->armed()) expiries_->heap.disarm(*item);
  }
  item->value.assign(value);
  item_bytes_ += item->bytes();
  return is_new;
}

bool Hash::erase(std::string_view field) {
  if (is_packed()) {
    const PackedStrings::Place place = find_packed(field);
    if (place == packed_.end()) return false;
    packed_.erase(place, 2);
    return true;
  }
  HashField* const item = table_->find(field);
  if (item == nullptr) return false;
  table_->erase(item);
  destroy(item);
  return true;
}

void Hash::destroy(HashField* field) {
  if (field->armed()) expiries_->heap.disarm(*field);
  item_bytes_ -= field->bytes();
  HashField::destroy(field);
}

void Hash::become_table() {
  CHECK(is_packed());
  auto table = std::make_unique<Table>();
  table->seed(forms_.hash_seed);
  for (auto place = packed_.begin(); place != packed_.end(); place = packed_.next(packed_.next(place))) {
    HashField* const item = HashField::create(packed_.at(place));
    item->value.assign(packed_.at(packed_.next(place)));
    item_bytes_ += item->bytes();
    table->insert(item);
  }
  packed_.clear();
  table_ = std::move(table);
}

// --- Expiry

void Hash::expire_at(std::string_view field, UnixMs when, uint64_t order) {
  if (is_packed()) become_table();
  HashField* const item = table_->find(field);
  CHECK(item != nullptr);
  if (expiries_ == nullptr) expiries_ = std::make_unique<Expiries>();
  expiries_->heap.arm(*item, when.count, order);
}

bool Hash::persist(std::string_view field) {
  HashField* const item = find_item(field);
  if (item == nullptr || !item->armed()) return false;
  expiries_->heap.disarm(*item);
  return true;
}

std::optional<UnixMs> Hash::expires_at(std::string_view field) const {
  const HashField* const item = find_item(field);
  if (item == nullptr || !item->armed()) return std::nullopt;
  return UnixMs{expiries_->heap.when(*item)};
}

std::optional<std::string_view> Hash::first_expired(UnixMs now) const {
  if (earliest_expiry() > now) return std::nullopt;
  return static_cast<const HashField*>(expiries_->heap.first())->key();
}

// --- Walking

void Hash::for_each(const Visit& visit) const {
  if (!is_packed())
    return table_->for_each([&visit](HashField* item) { visit(item->key(), item->value.view()); });
  for (auto place = packed_.begin(); place != packed_.end();) {
    const auto value = packed_.next(place);
    visit(packed_.at(place), packed_.at(value));
    place = packed_.next(value);
  }
}

uint64_t Hash::scan(uint64_t cursor, size_t wanted, const Visit& visit) const {
  if (!is_packed()) {
    return table_->scan(cursor, wanted,
                        [&visit](HashField* item) { visit(item->key(), item->value.view()); });
  }
  for_each(visit);
  return 0;
}

Hash::Pair Hash::sample(uint64_t entropy) const {
  CHECK(!empty());
  if (!is_packed()) {
    const HashField* const item = table_->choose(entropy);
    return {item->key(), item->value.view()};
  }
  auto place = packed_.begin();
  for (size_t i = mix(entropy) % size(); i > 0; --i)
    place = packed_.next(packed_.next(place));
  return {packed_.at(place), packed_.at(packed_.next(place))};
}

// --- What it is

std::string_view Hash::encoding() const {
  if (is_packed()) return "listpack";
  return expiries_ != nullptr && size() <= forms_.hash_fields_max ? "listpackex" : "hashtable";
}

size_t Hash::bytes() const {
  size_t sum = packed_.bytes();
  if (table_ != nullptr) sum += sizeof(Table) + table_->bytes() + item_bytes_;
  if (expiries_ != nullptr) sum += sizeof(Expiries) + expiries_->heap.bytes();
  return sum;
}

void Hash::digest(Digest& into) const {
  for_each([this, &into](std::string_view field, std::string_view value) {
    Digest part;
    part.add(field);
    part.add(value);
    const std::optional<UnixMs> expires = expires_at(field);
    part.add(static_cast<uint64_t>(expires ? expires->count : 0));
    into.add_unordered(part);
  });
}

void Hash::dump(std::string_view key, RecordSink& sink) const {
  RecordBatch batch(sink, {"HSET", key});
  for_each([&batch](std::string_view field, std::string_view value) { batch.add(field, value); });
  batch.flush();
  if (expires() == 0) return;
  const TimerHeap& heap = expiries_->heap;
  table_->for_each([&](HashField* item) {
    if (!item->armed()) return;
    char digits[kI64CharsMax];
    const std::string_view when(digits, format_i64(digits, heap.when(*item)));
    sink.record({"HPEXPIREAT", key, when, "FIELDS", "1", item->key()});
  });
}

bool Hash::free_some(size_t& parts_max) {
  packed_.clear();
  // The heap ends with the hash: no field needs to be taken out of it.
  expiries_ = nullptr;
  while (table_ != nullptr && parts_max > 0) {
    const bool done = table_->free_segment([&parts_max](HashField* item) {
      HashField::destroy(item);
      parts_max -= std::min<size_t>(parts_max, 1);
    });
    if (done) table_ = nullptr;
  }
  return table_ == nullptr;
}

void Hash::check_invariants() const {
  packed_.check_invariants();
  if (is_packed()) {
    CHECK(packed_.count() % 2 == 0 && expires() == 0);
    return;
  }
  CHECK(packed_.empty());
  table_->check_invariants();
  size_t armed = 0;
  size_t sum = 0;
  table_->for_each([&](HashField* item) {
    sum += item->bytes();
    if (item->armed()) ++armed;
  });
  CHECK(sum == item_bytes_ && armed == expires());
}

}  // namespace sluice
