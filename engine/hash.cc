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

PackedStrings::Place Hash::place_of(size_t index) const {
  PackedStrings::Place place = packed_.begin();
  for (; index > 0; --index)
    place = packed_.next(packed_.next(place));
  return place;
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
        if (expiry == Expiry::kDrop) drop_time(place);
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
    if (expiry == Expiry::kDrop && item->armed()) expiries_->heap->disarm(*item);
  }
  item->value.assign(value);
  item_bytes_ += item->bytes();
  return is_new;
}

bool Hash::erase(std::string_view field) {
  if (is_packed()) {
    const PackedStrings::Place place = find_packed(field);
    if (place == packed_.end()) return false;
    close_gap(place);
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
  if (field->armed()) expiries_->heap->disarm(*field);
  item_bytes_ -= field->bytes();
  HashField::destroy(field);
}

void Hash::become_table() {
  CHECK(is_packed());
  auto table = std::make_unique<Table>();
  table->seed(forms_.hash_seed);
  std::vector<HashField*> in_order;
  for (auto place = packed_.begin(); place != packed_.end(); place = packed_.next(packed_.next(place))) {
    HashField* const item = HashField::create(packed_.at(place));
    item->value.assign(packed_.at(packed_.next(place)));
    item_bytes_ += item->bytes();
    table->insert(item);
    in_order.push_back(item);
  }
  packed_.clear();
  table_ = std::move(table);
  if (expiries_ == nullptr) return;
  expiries_->heap = std::make_unique<TimerHeap>();
  for (const PackedTime& time : expiries_->times)
    expiries_->heap->arm(*in_order[time.index], time.when, time.order);
  expiries_->times = {};
}

// --- Expiry

size_t Hash::expires() const {
  if (expiries_ == nullptr) return 0;
  return is_packed() ? expiries_->times.size() : expiries_->heap->size();
}

UnixMs Hash::earliest_expiry() const {
  if (expiries_ == nullptr) return {INT64_MAX};
  if (!is_packed()) return {expiries_->heap->first_when()};
  return {expiries_->times.empty() ? INT64_MAX : expiries_->times.front().when};
}

void Hash::forget_timer() {
  CHECK(expires() == 0 && (expiries_ == nullptr || !expiries_->timer.armed()));
  expiries_ = nullptr;
}

size_t Hash::index_of(PackedStrings::Place place) const {
  size_t index = 0;
  for (PackedStrings::Place at = packed_.begin(); at != place; at = packed_.next(packed_.next(at)))
    ++index;
  return index;
}

Hash::PackedTimeAt Hash::time_at(PackedStrings::Place place) const {
  const std::vector<PackedTime>& times = expiries_->times;
  return std::find_if(times.begin(), times.end(),
                      [index = index_of(place)](const PackedTime& time) { return time.index == index; });
}

bool Hash::drop_time(PackedStrings::Place place) {
  if (expires() == 0) return false;
  const PackedTimeAt at = time_at(place);
  if (at == expiries_->times.end()) return false;
  expiries_->times.erase(at);
  return true;
}

void Hash::close_gap(PackedStrings::Place place) {
  if (expires() == 0) return;
  drop_time(place);
  const size_t index = index_of(place);
  for (PackedTime& time : expiries_->times) {
    if (time.index > index) --time.index;
  }
}

void Hash::expire_at(std::string_view field, UnixMs when, uint64_t order) {
  if (expiries_ == nullptr) {
    expiries_ = std::make_unique<Expiries>();
    if (!is_packed()) expiries_->heap = std::make_unique<TimerHeap>();
  }
  if (!is_packed()) {
    HashField* const item = table_->find(field);
    CHECK(item != nullptr);
    return expiries_->heap->arm(*item, when.count, order);
  }
  const PackedStrings::Place place = find_packed(field);
  CHECK(place != packed_.end());
  drop_time(place);
  const PackedTime time{when.count, order, static_cast<uint32_t>(index_of(place))};
  std::vector<PackedTime>& times = expiries_->times;
  const auto before = [](const PackedTime& a, const PackedTime& b) {
    return a.when != b.when ? a.when < b.when : a.order < b.order;
  };
  times.insert(std::upper_bound(times.begin(), times.end(), time, before), time);
}

bool Hash::persist(std::string_view field) {
  if (expires() == 0) return false;
  if (is_packed()) {
    const PackedStrings::Place place = find_packed(field);
    return place != packed_.end() && drop_time(place);
  }
  HashField* const item = table_->find(field);
  if (item == nullptr || !item->armed()) return false;
  expiries_->heap->disarm(*item);
  return true;
}

std::optional<UnixMs> Hash::expires_at(std::string_view field) const {
  if (expires() == 0) return std::nullopt;
  if (is_packed()) {
    const PackedStrings::Place place = find_packed(field);
    if (place == packed_.end()) return std::nullopt;
    const PackedTimeAt at = time_at(place);
    return at == expiries_->times.end() ? std::nullopt : std::optional(UnixMs{at->when});
  }
  const HashField* const item = table_->find(field);
  if (item == nullptr || !item->armed()) return std::nullopt;
  return UnixMs{expiries_->heap->when(*item)};
}

std::optional<std::string_view> Hash::first_expired(UnixMs now) const {
  if (earliest_expiry() > now || expires() == 0) return std::nullopt;
  if (is_packed()) return packed_.at(place_of(expiries_->times.front().index));
  return static_cast<const HashField*>(expiries_->heap->first())->key();
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

void Hash::for_each_with_time(const VisitTime& visit) const {
  if (!is_packed()) {
    return table_->for_each([&](HashField* item) {
      std::optional<UnixMs> when;
      if (item->armed()) when = UnixMs{expiries_->heap->when(*item)};
      visit(item->key(), item->value.view(), when);
    });
  }
  std::vector<std::optional<UnixMs>> times(size());
  if (expiries_ != nullptr) {
    for (const PackedTime& time : expiries_->times)
      times[time.index] = UnixMs{time.when};
  }
  size_t index = 0;
  for_each([&](std::string_view field, std::string_view value) { visit(field, value, times[index++]); });
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
  const auto place = place_of(mix(entropy) % size());
  return {packed_.at(place), packed_.at(packed_.next(place))};
}

// --- What it is

std::string_view Hash::encoding() const {
  if (!is_packed()) return "hashtable";
  return expiries_ == nullptr ? "listpack" : "listpackex";
}

size_t Hash::bytes() const {
  size_t sum = packed_.bytes();
  if (table_ != nullptr) sum += sizeof(Table) + table_->bytes() + item_bytes_;
  if (expiries_ == nullptr) return sum;
  sum += sizeof(Expiries) + expiries_->times.capacity() * sizeof(PackedTime);
  if (expiries_->heap != nullptr) sum += sizeof(TimerHeap) + expiries_->heap->bytes();
  return sum;
}

void Hash::digest(Digest& into) const {
  for_each_with_time([&into](std::string_view field, std::string_view value, std::optional<UnixMs> when) {
    Digest part;
    part.add(field);
    part.add(value);
    part.add(static_cast<uint64_t>(when ? when->count : 0));
    into.add_unordered(part);
  });
}

void Hash::dump(std::string_view key, RecordSink& sink) const {
  RecordBatch batch(sink, {"HSET", key});
  for_each([&batch](std::string_view field, std::string_view value) { batch.add(field, value); });
  batch.flush();
  if (expires() == 0) return;
  for_each_with_time([&](std::string_view field, std::string_view, std::optional<UnixMs> when) {
    if (!when) return;
    char digits[kI64CharsMax];
    const std::string_view time(digits, format_i64(digits, when->count));
    sink.record({"HPEXPIREAT", key, time, "FIELDS", "1", field});
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
    CHECK(packed_.count() % 2 == 0 && (expiries_ == nullptr || expiries_->heap == nullptr));
    if (expiries_ == nullptr) return;
    std::vector<bool> timed(size());
    for (const PackedTime& time : expiries_->times) {
      CHECK(time.index < size() && !timed[time.index]);
      timed[time.index] = true;
    }
    CHECK(std::is_sorted(expiries_->times.begin(), expiries_->times.end(),
                         [](const PackedTime& a, const PackedTime& b) { return a.when < b.when; }));
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
  CHECK(sum == item_bytes_ && armed == expires() && (expiries_ == nullptr || expiries_->times.empty()));
}

}  // namespace sluice
