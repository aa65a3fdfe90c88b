// SPDX-License-Identifier: MIT
#include "engine/set.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine/base/allocate.h"
#include "engine/base/check.h"
#include "engine/base/number_text.h"
#include "engine/record_batch.h"
#include "engine/segmented_table_members.h"
#include "engine/stamp.h"

namespace sluice {

// In one piece of memory: the size, then the bytes.
class SetMember {
 public:
  static SetMember* create(std::string_view bytes) {
    CHECK(bytes.size() <= UINT32_MAX);
    auto* member = static_cast<SetMember*>(allocate(sizeof(SetMember) + bytes.size()));
    member->size_ = static_cast<uint32_t>(bytes.size());
    auto* behind = reinterpret_cast<char*>(member + 1);
    if (!bytes.empty()) std::memcpy(behind, bytes.data(), bytes.size());
    return member;
  }
  static void destroy(SetMember* member) { std::free(member); }
  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), size_}; }
  size_t bytes() const { return sizeof(SetMember) + size_; }

 private:
  uint32_t size_;
};

template class SegmentedTable<SetMember>;

Set::Set(const CollectionForms& forms) : forms_(forms) {}

Set::~Set() {
  size_t parts_max = SIZE_MAX;
  free_some(parts_max);
}

size_t Set::size() const {
  switch (form_) {
    case Form::kIntegers:
      return integers_.size();
    case Form::kPacked:
      return packed_.count();
    case Form::kTable:
      break;
  }
  return table_ == nullptr ? 0 : table_->size();
}

PackedStrings::Place Set::find_packed(std::string_view member) const {
  auto place = packed_.begin();
  while (place != packed_.end() && packed_.at(place) != member)
    place = packed_.next(place);
  return place;
}

bool Set::contains(std::string_view member) const {
  switch (form_) {
    case Form::kIntegers: {
      const auto number = parse_i64(member);
      return number && std::binary_search(integers_.begin(), integers_.end(), *number);
    }
    case Form::kPacked:
      return find_packed(member) != packed_.end();
    case Form::kTable:
      break;
  }
  return table_->find(member) != nullptr;
}

bool Set::add(std::string_view member) {
  if (form_ == Form::kIntegers) {
    const auto number = parse_i64(member);
    if (number) {
      const auto at = std::lower_bound(integers_.begin(), integers_.end(), *number);
      if (at != integers_.end() && *at == *number) return false;
      if (integers_.size() < forms_.set_integers_max) {
        integers_.insert(at, *number);
        return true;
      }
    }
    // Too many integers are a table at once; with another text among them, a few are a row of texts.
    if (number || integers_.size() >= forms_.set_members_max || member.size() > forms_.set_bytes_max) {
      become_table();
    } else {
      become_packed();
    }
  }
  if (form_ == Form::kPacked) {
    if (find_packed(member) != packed_.end()) return false;
    if (packed_.count() < forms_.set_members_max && member.size() <= forms_.set_bytes_max &&
        packed_.has_room(member.size())) {
      packed_.append(member);
      return true;
    }
    become_table();
  }
  if (table_->find(member) != nullptr) return false;
  add_to_table(member);
  return true;
}

void Set::add_to_table(std::string_view member) {
  SetMember* const item = SetMember::create(member);
  item_bytes_ += item->bytes();
  table_->insert(item);
}

void Set::become_packed() {
  char digits[kI64CharsMax];
  for (const int64_t number : integers_)
    packed_.append({digits, format_i64(digits, number)});
  form_ = Form::kPacked;
  integers_ = {};
}

void Set::become_table() {
  auto members = std::make_unique<Table>();
  members->seed(forms_.hash_seed);
  std::swap(table_, members);
  for_each([this](std::string_view member) { add_to_table(member); });
  form_ = Form::kTable;
  packed_.clear();
  integers_ = {};
}

bool Set::erase(std::string_view member) {
  switch (form_) {
    case Form::kIntegers: {
      const auto number = parse_i64(member);
      if (!number) return false;
      const auto at = std::lower_bound(integers_.begin(), integers_.end(), *number);
      if (at == integers_.end() || *at != *number) return false;
      integers_.erase(at);
      return true;
    }
    case Form::kPacked: {
      const auto place = find_packed(member);
      if (place == packed_.end()) return false;
      packed_.erase(place);
      return true;
    }
    case Form::kTable:
      break;
  }
  SetMember* const item = table_->find(member);
  if (item == nullptr) return false;
  table_->erase(item);
  item_bytes_ -= item->bytes();
  SetMember::destroy(item);
  return true;
}

// --- Walking

void Set::for_each(const Visit& visit) const {
  switch (form_) {
    case Form::kIntegers: {
      char digits[kI64CharsMax];
      for (const int64_t number : integers_)
        visit({digits, format_i64(digits, number)});
      return;
    }
    case Form::kPacked:
      for (auto place = packed_.begin(); place != packed_.end(); place = packed_.next(place))
        visit(packed_.at(place));
      return;
    case Form::kTable:
      break;
  }
  table_->for_each([&visit](SetMember* item) { visit(item->key()); });
}

uint64_t Set::scan(uint64_t cursor, size_t wanted, const Visit& visit) const {
  if (form_ == Form::kTable) {
    return table_->scan(cursor, wanted, [&visit](SetMember* item) { visit(item->key()); });
  }
  for_each(visit);
  return 0;
}

std::string Set::sample(uint64_t entropy) const {
  CHECK(!empty());
  if (form_ == Form::kTable) return std::string(table_->choose(entropy)->key());
  const size_t index = mix(entropy) % size();
  if (form_ == Form::kIntegers) {
    char digits[kI64CharsMax];
    return {digits, format_i64(digits, integers_[index])};
  }
  auto place = packed_.begin();
  for (size_t i = 0; i < index; ++i)
    place = packed_.next(place);
  return std::string(packed_.at(place));
}

// --- What it is

std::string_view Set::encoding() const {
  switch (form_) {
    case Form::kIntegers:
      return "intset";
    case Form::kPacked:
      return "listpack";
    case Form::kTable:
      break;
  }
  return "hashtable";
}

size_t Set::bytes() const {
  size_t sum = integers_.capacity() * sizeof(int64_t) + packed_.bytes();
  if (table_ != nullptr) sum += sizeof(Table) + table_->bytes() + item_bytes_;
  return sum;
}

void Set::digest(Digest& into) const {
  for_each([&into](std::string_view member) {
    Digest part;
    part.add(member);
    into.add_unordered(part);
  });
}

void Set::dump(std::string_view key, RecordSink& sink) const {
  // Numbers are texts only while they are visited.
  if (form_ == Form::kIntegers) {
    std::vector<std::string> texts;
    for_each([&texts](std::string_view member) { texts.emplace_back(member); });
    RecordBatch batch(sink, {"SADD", key});
    for (const std::string& text : texts)
      batch.add(text);
    batch.flush();
    return;
  }
  RecordBatch batch(sink, {"SADD", key});
  for_each([&batch](std::string_view member) { batch.add(member); });
  batch.flush();
}

bool Set::free_some(size_t& parts_max) {
  packed_.clear();
  integers_ = {};
  while (table_ != nullptr && parts_max > 0) {
    const bool done = table_->free_segment([&parts_max](SetMember* item) {
      SetMember::destroy(item);
      parts_max -= std::min<size_t>(parts_max, 1);
    });
    if (done) table_ = nullptr;
  }
  return table_ == nullptr;
}

void Set::check_invariants() const {
  packed_.check_invariants();
  CHECK(form_ == Form::kIntegers || integers_.empty());
  CHECK(form_ == Form::kPacked || packed_.empty());
  CHECK((form_ == Form::kTable) == (table_ != nullptr));
  CHECK(std::adjacent_find(integers_.begin(), integers_.end(), std::greater_equal<>()) == integers_.end());
  if (table_ == nullptr) return;
  table_->check_invariants();
  size_t sum = 0;
  table_->for_each([&sum](SetMember* item) { sum += item->bytes(); });
  CHECK(sum == item_bytes_);
}

}  // namespace sluice
