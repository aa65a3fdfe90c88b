// SPDX-License-Identifier: MIT
//
// Random use of a stream beside a std::map that does the same.
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/stamp.h"
#include "engine/stream.h"

using namespace sluice;

namespace {

struct Random {
  uint64_t state;
  uint64_t draw() { return state = mix(state); }
  uint64_t below(uint64_t limit) { return draw() % limit; }
};

using Texts = std::vector<std::string>;

// What a stream promises, without pages.
struct Model {
  std::map<StreamId, Texts> entries;
  StreamId last_id;
  StreamId max_deleted_id;
  uint64_t entries_added = 0;
};

class StreamAndModel {
 public:
  explicit StreamAndModel(uint64_t seed) : random_{seed} {}

  void step() {
    const uint64_t kind = random_.below(100);
    if (kind < 60) return add_burst();
    if (kind < 75) return remove_some();
    if (kind < 80) return trim_exactly();
    if (kind < 85) return trim_by_pages();
    if (kind < 87) return set_id();
    if (kind < 98) return compare_range();
    compare_all();
  }

  void compare_all() {
    stream_.check_invariants();
    REQUIRE(stream_.length() == model_.entries.size());
    REQUIRE(stream_.last_id() == model_.last_id);
    REQUIRE(stream_.entries_added() == model_.entries_added);
    REQUIRE(stream_.max_deleted_id() == model_.max_deleted_id);
    const bool empty = model_.entries.empty();
    REQUIRE(stream_.first_id() == (empty ? StreamId{} : model_.entries.begin()->first));
    REQUIRE(stream_.newest_id() == (empty ? StreamId{} : model_.entries.rbegin()->first));
    Stream::Cursor cursor = stream_.first();
    for (const auto& [id, texts] : model_.entries) {
      compare_entry(cursor, id, texts);
      cursor.next();
    }
    REQUIRE(cursor.at_end());
  }

 private:
  static void compare_entry(const Stream::Cursor& cursor, StreamId id, const Texts& texts) {
    REQUIRE_FALSE(cursor.at_end());
    REQUIRE(cursor.id() == id);
    StreamFields fields = cursor.fields();
    REQUIRE(fields.size() * 2 == texts.size());
    for (size_t i = 0; fields.next(); i += 2) {
      // Compared by hand: an assertion for each of millions takes minutes.
      if (fields.field() != texts[i] || fields.value() != texts[i + 1]) FAIL("another field or value");
    }
  }

  // Digits as numbers have them, and as they have not: with zeros in front, or too many.
  std::string random_digits() {
    const uint64_t zeros = random_.below(10) == 0 ? 1 + random_.below(3) : 0;
    std::string digits(zeros, '0');
    const uint64_t size = random_.below(23);
    for (uint64_t i = 0; i < size; ++i)
      digits += static_cast<char>('0' + random_.below(10));
    return digits;
  }

  std::string random_text() {
    if (random_.below(3) == 0) return random_digits();
    const uint64_t kind = random_.below(1000);
    const uint64_t size = kind < 900   ? random_.below(30)
                          : kind < 990 ? random_.below(300)
                                       : random_.below(20'000);
    return std::string(size, static_cast<char>('a' + random_.below(26)));
  }

  Texts random_entry() {
    Texts texts;
    if (random_.below(10) < 8) {  // one of three usual sets of fields
      const uint64_t set = random_.below(100) < 90 ? 0 : random_.below(3);
      for (uint64_t i = 0; i <= set; ++i) {
        texts.push_back("field" + std::to_string(set) + std::to_string(i));
        texts.push_back(random_text());
      }
      return texts;
    }
    const uint64_t pairs = 1 + random_.below(5);
    for (uint64_t i = 0; i < 2 * pairs; ++i)
      texts.push_back(random_text());
    return texts;
  }

  StreamId next_id() {
    StreamId id = model_.last_id;
    switch (random_.below(20)) {
      case 0:
        return {id.ms + 1 + random_.below(100), random_.below(3)};
      case 1:
        return {id.ms + 1 + random_.below(3'000'000), 0};
      case 2:
        return {id.ms, id.seq + 1 + random_.below(10'000)};
      case 3:
        return {id.ms + 1, random_.below(10'000)};
      default:
        return {id.ms, id.seq + 1};
    }
  }

  void add_burst() {
    for (uint64_t left = 1 + random_.below(20); left > 0; --left) {
      const StreamId id = next_id();
      Texts texts = random_entry();
      const std::vector<std::string_view> words(texts.begin(), texts.end());
      REQUIRE(stream_.add(id, words).ok());
      model_.entries.emplace(id, std::move(texts));
      model_.last_id = id;
      ++model_.entries_added;
    }
  }

  // An ID that is there, or near one, or anything below the last.
  StreamId some_id() {
    if (model_.entries.empty() || random_.below(20) == 0) return {random_.below(model_.last_id.ms + 2), 0};
    const StreamId first = model_.entries.begin()->first;
    auto it = model_.entries.lower_bound({first.ms + random_.below(model_.last_id.ms - first.ms + 1), 0});
    for (uint64_t steps = random_.below(30); it != model_.entries.end() && steps > 0; --steps)
      ++it;
    if (it == model_.entries.end()) --it;
    StreamId id = it->first;
    if (random_.below(4) == 0) id.seq += random_.below(3);
    if (random_.below(20) == 0 && id.seq > 0) --id.seq;
    return id;
  }

  void remove_one(StreamId id) {
    const bool there = model_.entries.erase(id) == 1;
    REQUIRE(stream_.remove(id) == there);
    if (there) model_.max_deleted_id = std::max(model_.max_deleted_id, id);
  }

  void remove_some() {
    if (random_.below(4) != 0) {
      for (uint64_t left = 1 + random_.below(5); left > 0; --left)
        remove_one(some_id());
      return;
    }
    // A run of neighbours, so that pages fall below a quarter and go altogether.
    auto it = model_.entries.lower_bound(some_id());
    for (uint64_t left = random_.below(150); left > 0 && it != model_.entries.end(); --left) {
      const StreamId id = it->first;
      ++it;
      if (random_.below(10) != 0) remove_one(id);
    }
  }

  void trim_exactly() {
    StreamTrim trim;
    std::map<StreamId, Texts>& entries = model_.entries;
    auto kept = entries.begin();
    if (random_.below(2) == 0) {
      trim.kind = StreamTrim::Kind::kMinId;
      trim.min_id = random_.below(3) == 0 ? some_id() : stream_.first_id();
      kept = entries.lower_bound(trim.min_id);
    } else {
      const uint64_t excess = random_.below(50) == 0 ? entries.size() : random_.below(40);
      trim.length_max = entries.size() > excess ? entries.size() - excess : 0;
      std::advance(kept, entries.size() - trim.length_max);
    }
    const uint64_t expected = static_cast<uint64_t>(std::distance(entries.begin(), kept));
    entries.erase(entries.begin(), kept);
    REQUIRE(stream_.trim(trim) == expected);
  }

  // Which entries go is the stream's business, within what it promises.
  void trim_by_pages() {
    StreamTrim trim;
    trim.approximate = true;
    trim.removed_max = random_.below(3) == 0 ? random_.below(300) : 0;
    std::map<StreamId, Texts>& entries = model_.entries;
    if (random_.below(2) == 0) {
      trim.kind = StreamTrim::Kind::kMinId;
      trim.min_id = some_id();
    } else {
      trim.length_max = entries.size() - std::min<uint64_t>(entries.size(), random_.below(300));
    }
    const uint64_t removed = stream_.trim(trim);
    REQUIRE(removed <= entries.size());
    if (trim.removed_max != 0) REQUIRE(removed <= trim.removed_max);
    for (uint64_t i = 0; i < removed; ++i) {
      if (trim.kind == StreamTrim::Kind::kMinId) REQUIRE(entries.begin()->first < trim.min_id);
      entries.erase(entries.begin());
    }
    if (trim.kind == StreamTrim::Kind::kLength)
      REQUIRE(entries.size() >= std::min(entries.size(), trim.length_max));
  }

  void set_id() {
    const StreamId id = {model_.last_id.ms + random_.below(2), model_.last_id.seq};
    const uint64_t added = model_.entries.size() + random_.below(10);
    REQUIRE(stream_.set_id(id, added, {}).ok());
    model_.last_id = id;
    model_.entries_added = added;
  }

  void compare_range() {
    const StreamId id = some_id();
    auto it = model_.entries.lower_bound(id);
    Stream::Cursor forward = stream_.first_from(id);
    for (int left = 150; left > 0 && it != model_.entries.end(); --left, ++it) {
      compare_entry(forward, it->first, it->second);
      forward.next();
    }
    REQUIRE(forward.at_end() == (it == model_.entries.end()));

    it = model_.entries.upper_bound(id);
    Stream::Cursor backward = stream_.last_until(id);
    for (int left = 150; left > 0 && it != model_.entries.begin(); --left) {
      --it;
      compare_entry(backward, it->first, it->second);
      backward.previous();
    }
    REQUIRE(backward.at_end() == (it == model_.entries.begin()));
    follow();
  }

  // A reader that follows the stream, as a consumer group does.
  void follow() {
    Stream::Cursor cursor = stream_.first_after(read_, place_);
    auto it = model_.entries.upper_bound(read_);
    for (uint64_t left = random_.below(50); left > 0 && it != model_.entries.end(); --left, ++it) {
      REQUIRE_FALSE(cursor.at_end());
      REQUIRE(cursor.id() == it->first);
      read_ = it->first;
      place_ = stream_.place(cursor);
      cursor.next();
    }
    REQUIRE(cursor.at_end() == (it == model_.entries.end()));
    if (random_.below(20) == 0) {
      read_ = some_id();
      place_ = {};
    }
  }

  Random random_;
  Stream stream_;
  Model model_;
  StreamId read_;
  StreamPlace place_;
};

}  // namespace

TEST_CASE("a stream does what a map of entries does", "[stream][model]") {
  for (const uint64_t seed : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u}) {
    INFO("seed " << seed);
    StreamAndModel both(seed);
    for (int step = 0; step < 1500; ++step) {
      INFO("step " << step);
      both.step();
    }
    both.compare_all();
  }
}
