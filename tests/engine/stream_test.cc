// SPDX-License-Identifier: MIT
//
// Streams, one promise at a time. What random use does to them is in stream_model_test.cc.
#include "engine/stream.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace sluice;

namespace {

using Words = std::vector<std::string_view>;

StreamId add(Stream& stream, StreamId id, const Words& words = {"data", "x"}) {
  const Result<StreamId> added = stream.add(id, words);
  REQUIRE(added.ok());
  return added.value();
}

// IDs base-0 .. base-(count-1).
void fill(Stream& stream, uint64_t ms, uint64_t count, const Words& words = {"data", "x"}) {
  for (uint64_t seq = 0; seq < count; ++seq)
    add(stream, {ms, seq}, words);
}

std::vector<std::string> fields_at(const Stream::Cursor& cursor) {
  std::vector<std::string> texts;
  StreamFields fields = cursor.fields();
  while (fields.next()) {
    texts.emplace_back(fields.field());
    texts.emplace_back(fields.value());
  }
  REQUIRE(texts.size() == fields.size() * 2);
  return texts;
}

std::string digest_of(const Stream& stream) {
  Digest digest;
  stream.digest(digest);
  return digest.text();
}

struct Records : RecordSink {
  std::vector<std::vector<std::string>> all;
  void record(std::span<const std::string_view> words) override {
    all.emplace_back(words.begin(), words.end());
  }
};

}  // namespace

TEST_CASE("a new stream is empty and has never had an entry", "[stream]") {
  const Stream stream;
  REQUIRE(stream.length() == 0);
  REQUIRE(stream.first_id() == StreamId{});
  REQUIRE(stream.newest_id() == StreamId{});
  REQUIRE(stream.last_id() == StreamId{});
  REQUIRE(stream.first().at_end());
  REQUIRE(stream.last().at_end());
  REQUIRE(stream.first_from(kStreamIdMin).at_end());
  REQUIRE(stream.last_until(kStreamIdMax).at_end());
  stream.check_invariants();
}

TEST_CASE("an entry keeps its fields in order, repeated and empty ones too", "[stream]") {
  Stream stream;
  const Words words = {"b", "1", "a", "", "", "2", "b", std::string_view("x\0y", 3)};
  add(stream, {1, 1}, words);
  add(stream, {1, 2}, words);
  add(stream, {1, 3}, {"other", "3"});
  const std::vector<std::string> expected(words.begin(), words.end());
  REQUIRE(fields_at(stream.find({1, 1})) == expected);
  REQUIRE(fields_at(stream.find({1, 2})) == expected);
  REQUIRE(fields_at(stream.find({1, 3})) == std::vector<std::string>{"other", "3"});
}

TEST_CASE("a text that looks like a number comes back as it was", "[stream]") {
  const Words texts = {"0",
                       "7",
                       "10",
                       "99",
                       "007",
                       "-5",
                       "+5",
                       "1e9",
                       "1.0",
                       "127",
                       "128",
                       "16383",
                       "16384",
                       "4294967296",
                       "1700000000123",
                       "9223372036854775808",
                       "18446744073709551615",
                       "18446744073709551616",
                       "99999999999999999999",
                       "123456789012345678901234567890",
                       "12 ",
                       " 12",
                       "thirteen char",
                       "fourteen chars",
                       "fifteen letters",
                       ""};
  Stream stream;
  add(stream, {1, 0}, texts);  // as the master's fields, and as values of them
  Words others = texts;
  std::reverse(others.begin(), others.end());
  add(stream, {2, 0}, others);  // as fields of its own
  for (size_t i = 0; i + 1 < texts.size(); ++i)
    add(stream, {3, i}, Words{texts[i], texts[i + 1]});  // alone
  stream.check_invariants();
  REQUIRE(fields_at(stream.find({1, 0})) == std::vector<std::string>(texts.begin(), texts.end()));
  REQUIRE(fields_at(stream.find({2, 0})) == std::vector<std::string>(others.begin(), others.end()));
  for (size_t i = 0; i + 1 < texts.size(); ++i)
    REQUIRE(fields_at(stream.find({3, i})) ==
            std::vector<std::string>{std::string(texts[i]), std::string(texts[i + 1])});
}

TEST_CASE("an ID must be above the last one, also if that one is gone", "[stream]") {
  Stream stream;
  REQUIRE(stream.add({0, 0}, Words{"f", "v"}).error() == Error::kStreamIdZero);
  add(stream, {5, 5});
  REQUIRE(stream.add({5, 5}, Words{"f", "v"}).error() == Error::kStreamIdTooSmall);
  REQUIRE(stream.add({4, 9}, Words{"f", "v"}).error() == Error::kStreamIdTooSmall);
  REQUIRE(stream.remove({5, 5}));
  REQUIRE(stream.add({5, 5}, Words{"f", "v"}).error() == Error::kStreamIdTooSmall);
  REQUIRE(stream.length() == 0);
  REQUIRE(stream.entries_added() == 1);
  add(stream, kStreamIdMax);
  REQUIRE(stream.add(kStreamIdMax, Words{"f", "v"}).error() == Error::kStreamExhausted);
}

TEST_CASE("an automatic ID is the time, or follows the last one when the clock is behind", "[stream]") {
  Stream stream;
  REQUIRE(stream.next_id(UnixMs{0}).value() == StreamId{0, 1});
  REQUIRE(stream.next_id(UnixMs{1000}).value() == StreamId{1000, 0});
  add(stream, {1000, 0});
  REQUIRE(stream.next_id(UnixMs{1000}).value() == StreamId{1000, 1});
  REQUIRE(stream.next_id(UnixMs{999}).value() == StreamId{1000, 1});
  REQUIRE(stream.next_id(UnixMs{1001}).value() == StreamId{1001, 0});
  add(stream, {2000, UINT64_MAX});
  REQUIRE(stream.next_id(UnixMs{2000}).value() == StreamId{2001, 0});
  add(stream, kStreamIdMax);
  REQUIRE(stream.next_id(UnixMs{3000}).error() == Error::kStreamExhausted);
}

TEST_CASE("an ID within a given millisecond never leaves it", "[stream]") {
  Stream stream;
  REQUIRE(stream.next_id_within(0).value() == StreamId{0, 1});
  REQUIRE(stream.next_id_within(7).value() == StreamId{7, 0});
  add(stream, {7, 3});
  REQUIRE(stream.next_id_within(7).value() == StreamId{7, 4});
  REQUIRE(stream.next_id_within(6).error() == Error::kStreamIdTooSmall);
  add(stream, {7, UINT64_MAX});
  REQUIRE(stream.next_id_within(7).error() == Error::kStreamIdTooSmall);
  add(stream, kStreamIdMax);
  REQUIRE(stream.next_id_within(UINT64_MAX).error() == Error::kStreamExhausted);
}

TEST_CASE("a removed entry is gone once, and the greatest one removed is remembered", "[stream]") {
  Stream stream;
  fill(stream, 1, 10);
  REQUIRE(stream.remove({1, 4}));
  REQUIRE_FALSE(stream.remove({1, 4}));
  REQUIRE(stream.remove({1, 2}));
  REQUIRE_FALSE(stream.remove({2, 0}));
  REQUIRE_FALSE(stream.remove({0, 5}));
  REQUIRE(stream.length() == 8);
  REQUIRE(stream.max_deleted_id() == StreamId{1, 4});
  REQUIRE(stream.find({1, 4}).at_end());
  REQUIRE(stream.first_from({1, 4}).id() == StreamId{1, 5});
  REQUIRE(stream.last_until({1, 4}).id() == StreamId{1, 3});
  REQUIRE(stream.remove({1, 0}));
  REQUIRE(stream.remove({1, 9}));
  REQUIRE(stream.first_id() == StreamId{1, 1});
  REQUIRE(stream.newest_id() == StreamId{1, 8});
  REQUIRE(stream.last_id() == StreamId{1, 9});
  stream.check_invariants();
}

TEST_CASE("an ID is sought right whatever its number within the millisecond", "[stream]") {
  Stream stream;
  for (const StreamId id : {StreamId{10, 7}, {10, 4000}, {11, 0}, {11, 4095}, {12, 5}})
    add(stream, id);
  REQUIRE(stream.first_from({10, 5000}).id() == StreamId{11, 0});
  REQUIRE(stream.last_until({10, 5000}).id() == StreamId{10, 4000});
  REQUIRE(stream.first_from({11, 4096 + 2}).id() == StreamId{12, 5});
  REQUIRE(stream.first_from({11, UINT64_MAX}).id() == StreamId{12, 5});
  REQUIRE(stream.first_from({10, 4096 + 8}).id() == StreamId{11, 0});
  REQUIRE(stream.first_from({9, UINT64_MAX}).id() == StreamId{10, 7});
  REQUIRE(stream.last_until({10, 6}).at_end());
  REQUIRE(stream.last_until({12, 4}).id() == StreamId{11, 4095});
  REQUIRE(stream.first_from({12, 6}).at_end());
}

TEST_CASE("memory comes back when entries of the middle are removed", "[stream]") {
  Stream stream;
  fill(stream, 1, 10'000, {"data", std::string_view("0123456789abcdef")});
  const size_t bytes_full = stream.bytes();
  for (uint64_t seq = 0; seq < 10'000; ++seq) {
    if (seq % 100 != 50) stream.remove({1, seq});
  }
  stream.check_invariants();
  REQUIRE(stream.length() == 100);
  REQUIRE(stream.bytes() < bytes_full / 8);
}

TEST_CASE("an exact trim leaves exactly what was asked for", "[stream]") {
  Stream stream;
  fill(stream, 1, 1000);
  REQUIRE(stream.trim({.length_max = 1000}) == 0);
  REQUIRE(stream.trim({.length_max = 333}) == 667);
  REQUIRE(stream.length() == 333);
  REQUIRE(stream.first_id() == StreamId{1, 667});
  REQUIRE(stream.trim({.kind = StreamTrim::Kind::kMinId, .min_id = {1, 900}}) == 233);
  REQUIRE(stream.first_id() == StreamId{1, 900});
  stream.check_invariants();
  REQUIRE(stream.max_deleted_id() == StreamId{});
  REQUIRE(stream.trim({.length_max = 0}) == 100);
  REQUIRE(stream.first().at_end());
  REQUIRE(stream.last_id() == StreamId{1, 999});
  stream.check_invariants();
}

TEST_CASE("an approximate trim takes whole pages of at most a hundred entries", "[stream]") {
  Stream stream;
  fill(stream, 1, 1000);
  REQUIRE(stream.trim({.length_max = 333, .approximate = true}) == 600);
  REQUIRE(stream.length() == 400);
  REQUIRE(stream.trim({.length_max = 333, .approximate = true}) == 0);
  REQUIRE(stream.trim({.kind = StreamTrim::Kind::kMinId, .min_id = {1, 750}, .approximate = true}) == 100);
  REQUIRE(stream.first_id() == StreamId{1, 700});
  REQUIRE(stream.trim({.length_max = 0, .approximate = true, .removed_max = 99}) == 0);
  REQUIRE(stream.trim({.length_max = 0, .approximate = true, .removed_max = 250}) == 200);
  REQUIRE(stream.length() == 100);
  stream.check_invariants();
}

TEST_CASE("a reader goes on from its place, whatever became of the pages meanwhile", "[stream]") {
  Stream stream;
  fill(stream, 1, 150);
  const StreamPlace place = stream.place(stream.find({1, 120}));
  REQUIRE(stream.first_after({1, 120}, place).id() == StreamId{1, 121});
  add(stream, {1, 150});  // an entry more on the same page
  REQUIRE(stream.first_after({1, 150}, stream.place(stream.find({1, 150}))).at_end());
  stream.trim({.length_max = 20});  // the place is of a page that is still there, but others are gone
  REQUIRE(stream.first_after({1, 120}, place).id() == StreamId{1, 131});
  stream.trim({.length_max = 0});
  REQUIRE(stream.first_after({1, 120}, place).at_end());
  add(stream, {2, 0});
  REQUIRE(stream.first_after({1, 120}, place).id() == StreamId{2, 0});
  REQUIRE(stream.first_after({1, 120}, {}).id() == StreamId{2, 0});
  REQUIRE(stream.first_after(kStreamIdMax, {}).at_end());
}

TEST_CASE("XSETID refuses what would contradict the entries, and then changes nothing", "[stream]") {
  Stream stream;
  fill(stream, 5, 4);
  stream.remove({5, 3});
  REQUIRE(stream.set_id({5, 1}, {}, {}).error() == Error::kStreamSetIdTop);
  REQUIRE(stream.set_id({5, 2}, {}, {}).error() == Error::kStreamSetIdDeleted);
  REQUIRE(stream.set_id({9, 0}, {}, StreamId{9, 1}).error() == Error::kStreamSetIdProvided);
  REQUIRE(stream.set_id({9, 0}, 2, {}).error() == Error::kStreamSetIdLength);
  REQUIRE(stream.last_id() == StreamId{5, 3});

  REQUIRE(stream.set_id({9, 0}, 77, StreamId{8, 0}).ok());
  REQUIRE(stream.last_id() == StreamId{9, 0});
  REQUIRE(stream.entries_added() == 77);
  REQUIRE(stream.max_deleted_id() == StreamId{8, 0});
  REQUIRE(stream.set_id({9, 0}, {}, StreamId{}).ok());  // 0-0 says nothing
  REQUIRE(stream.max_deleted_id() == StreamId{8, 0});
}

TEST_CASE("after XSETID has gone back, entries fit in where removed ones had been", "[stream]") {
  Stream stream;
  fill(stream, 5, 9);
  for (uint64_t seq = 4; seq < 9; ++seq)
    stream.remove({5, seq});
  REQUIRE(stream.set_id({5, 8}, {}, StreamId{5, 3}).ok());
  REQUIRE(stream.set_id({5, 3}, {}, {}).ok());
  add(stream, {5, 4});
  stream.check_invariants();
  REQUIRE(stream.newest_id() == StreamId{5, 4});
}

TEST_CASE("an entry beyond a gibibyte is refused", "[stream]") {
  Stream stream;
  // Never read: the size alone decides.
  const std::string_view huge("x", kStreamEntryBytesMax);
  REQUIRE(stream.add({1, 1}, Words{"f", huge}).error() == Error::kStreamEntryTooLarge);
  REQUIRE(stream.last_id() == StreamId{});
}

TEST_CASE("the digest sees entries, IDs and counters, not pages", "[stream]") {
  Stream one;
  fill(one, 1, 300);
  for (uint64_t seq = 0; seq < 299; ++seq)
    one.remove({1, seq});
  Stream other;
  add(other, {1, 299});
  REQUIRE(digest_of(one) != digest_of(other));
  REQUIRE(other.set_id({1, 299}, 300, StreamId{1, 298}).ok());
  REQUIRE(digest_of(one) == digest_of(other));
  add(one, {2, 0}, {"f", "v"});
  add(other, {2, 0}, {"f", "w"});
  REQUIRE(digest_of(one) != digest_of(other));
}

TEST_CASE("a dump is an XADD for each entry and an XSETID", "[stream]") {
  Stream stream;
  add(stream, {1, 1}, {"a", "1"});
  add(stream, {1, 2}, {"b", "2", "c", "3"});
  add(stream, {1, 3});
  stream.remove({1, 3});
  Records records;
  stream.dump("k", records);
  REQUIRE(records.all == std::vector<std::vector<std::string>>{
                             {"XADD", "k", "1-1", "a", "1"},
                             {"XADD", "k", "1-2", "b", "2", "c", "3"},
                             {"XSETID", "k", "1-3", "ENTRIESADDED", "3", "MAXDELETEDID", "1-3"},
                         });
}

TEST_CASE("the dump of an empty stream makes an empty stream", "[stream]") {
  Stream stream;
  Records records;
  stream.dump("k", records);
  add(stream, {7, 1});
  stream.trim({.length_max = 0});
  stream.dump("k", records);
  REQUIRE(records.all == std::vector<std::vector<std::string>>{
                             {"XADD", "k", "MAXLEN", "0", "0-1", "x", "y"},
                             {"XSETID", "k", "0-0", "ENTRIESADDED", "0", "MAXDELETEDID", "0-0"},
                             {"XADD", "k", "MAXLEN", "0", "7-1", "x", "y"},
                             {"XSETID", "k", "7-1", "ENTRIESADDED", "1", "MAXDELETEDID", "0-0"},
                         });
}

TEST_CASE("a stream can be freed in steps", "[stream]") {
  Stream stream;
  fill(stream, 1, 1000);
  size_t pages_max = 0;
  for (int step = 0; step < 9; ++step)
    REQUIRE_FALSE(stream.free_some(pages_max = 1));
  REQUIRE(stream.free_some(pages_max = 1));
}

TEST_CASE("an entry of a stream takes no more than 0.95 of Redis's bytes", "[stream]") {
  // Redis 7.0.15: 31.5 bytes for a value of 16, 115 for one of 100.
  constexpr uint64_t kEntries = 100'000;
  const std::string value(100, 'x');
  const auto bytes_per_entry = [&](size_t value_bytes) {
    Stream stream;
    for (uint64_t i = 0; i < kEntries; ++i) {
      add(stream, {1'700'000'000'000 + i / 10, i % 10},
          {"data", std::string_view(value).substr(0, value_bytes)});
    }
    return static_cast<double>(stream.bytes()) / kEntries;
  };
  REQUIRE(bytes_per_entry(16) <= 0.95 * 31.5);
  REQUIRE(bytes_per_entry(100) <= 0.95 * 115);
}

TEST_CASE("an entry of five short fields takes no more than 0.85 of Redis's bytes", "[stream]") {
  // Redis 7.0.15, which keeps numbers as such too: 41.6 bytes.
  constexpr uint64_t kEntries = 100'000;
  Stream stream;
  for (uint64_t i = 0; i < kEntries; ++i) {
    const std::string id = std::to_string(1'000'000'000 + i);
    add(stream, {1'700'000'000'000 + i / 10, i % 10},
        {"id", id, "type", "click", "user", "u1234", "page", "/home", "ms", "42"});
  }
  REQUIRE(static_cast<double>(stream.bytes()) / kEntries <= 0.85 * 41.6);
}

namespace {

constexpr uint64_t kManyPending = 20'000;

// Entries 1-0, 2-0, ..., all delivered to one consumer of a group.
ConsumerGroup& deliver_many(Stream& stream) {
  ConsumerGroup& group = stream.add_group("g", {}, 0);
  const ConsumerNumber consumer = group.add_consumer("slow", UnixMs{1});
  for (uint64_t ms = 1; ms <= kManyPending; ++ms) {
    add(stream, {ms, 0});
    group.hold({ms, 0}, consumer, UnixMs{1}, 1);
  }
  group.set_position({kManyPending, 0}, std::nullopt);
  return group;
}
constexpr StreamTrim kTrimAcknowledged{.length_max = 1'000, .references = References::kAcknowledged};

}  // namespace

TEST_CASE("a trim that leaves what is pending looks at each entry once", "[stream][group]") {
  Stream stream;
  ConsumerGroup& group = deliver_many(stream);
  REQUIRE(stream.trim(kTrimAcknowledged) == 0);
  const uint64_t first_cost = stream.referenced()->looked_at();
  REQUIRE(first_cost == kManyPending);
  // One more entry each time, of which every second one is delivered; the other can go as soon as the group is past it.
  uint64_t removed = 0;
  for (uint64_t ms = kManyPending + 1; ms <= kManyPending + 100; ++ms) {
    removed += stream.trim(kTrimAcknowledged);
    add(stream, {ms, 0});
    if (ms % 2 == 0) continue;
    group.hold({ms, 0}, 0, UnixMs{1}, 1);
    group.set_position({ms, 0}, std::nullopt);
  }
  REQUIRE(removed == 49);
  REQUIRE(stream.referenced()->looked_at() - first_cost <= 200);
  stream.check_invariants();
}

TEST_CASE("each acknowledgement costs the next trim one look", "[stream][group]") {
  Stream stream;
  ConsumerGroup& group = deliver_many(stream);
  stream.trim(kTrimAcknowledged);
  const uint64_t first_cost = stream.referenced()->looked_at();
  const bool oldest_first = GENERATE(true, false);
  for (uint64_t i = 1; i <= 500; ++i) {
    const StreamId id{oldest_first ? i : 1 + (i * 7'919) % kManyPending, 0};
    REQUIRE(group.acknowledge(id));
    REQUIRE(stream.trim(kTrimAcknowledged) == 1);
    REQUIRE(!stream.contains(id));
  }
  REQUIRE(stream.referenced()->looked_at() - first_cost <= 1'000);
  stream.check_invariants();
}

TEST_CASE("any number of acknowledgements between two trims is remembered in a bounded space",
          "[stream][group]") {
  Stream stream;
  ConsumerGroup& group = deliver_many(stream);
  stream.trim(kTrimAcknowledged);
  const bool in_order = GENERATE(true, false);
  std::vector<StreamId> acknowledged;
  for (uint64_t i = 1; i <= kManyPending * 3 / 4; ++i) {
    const StreamId id{in_order ? i : 1 + (i * 7'919) % kManyPending, 0};
    REQUIRE(group.acknowledge(id));
    acknowledged.push_back(id);
    REQUIRE(stream.referenced()->ranges() <= ReferencedFront::kRangesMax);
  }
  stream.check_invariants();
  std::sort(acknowledged.begin(), acknowledged.end());
  StreamTrim trim = kTrimAcknowledged;
  trim.length_max = kManyPending - 5'000;
  REQUIRE(stream.trim(trim) == 5'000);  // the oldest
  for (size_t i = 0; i < acknowledged.size(); ++i)
    REQUIRE(stream.contains(acknowledged[i]) == (i >= 5'000));
  stream.check_invariants();
  trim.length_max = 0;
  REQUIRE(stream.trim(trim) == acknowledged.size() - 5'000);
  stream.check_invariants();
}

TEST_CASE("whoever lets go of entries in other ways lets them be trimmed too", "[stream][group]") {
  Stream stream;
  ConsumerGroup& group = deliver_many(stream);
  REQUIRE(stream.trim(kTrimAcknowledged) == 0);
  SECTION("a consumer ends") {
    REQUIRE(group.remove_consumer(0) == kManyPending);
  }
  SECTION("the group ends") {
    stream.take_group(group);
  }
  SECTION("another group came later, and has read nothing") {
    stream.add_group("h", {}, 0);
    group.remove_consumer(0);
    REQUIRE(stream.trim(kTrimAcknowledged) == 0);
    stream.find_group("h")->set_position({kManyPending, 0}, std::nullopt);
  }
  REQUIRE(stream.trim(kTrimAcknowledged) == kManyPending - 1'000);
  stream.check_invariants();
}

TEST_CASE("an approximate trim of acknowledged entries goes on where the last one gave up",
          "[stream][group]") {
  Stream stream;
  ConsumerGroup& group = deliver_many(stream);
  group.acknowledge({250, 0});
  StreamTrim trim = kTrimAcknowledged;
  trim.approximate = true;
  REQUIRE(stream.trim(trim) == 0);
  REQUIRE(stream.referenced()->looked_at() == kSteppedOverMax);
  REQUIRE(stream.trim(trim) == 0);
  REQUIRE(stream.trim(trim) == 1);
  REQUIRE(stream.max_deleted_id() == StreamId{250, 0});
  stream.check_invariants();
}

TEST_CASE("an ID that returns ends what was known of the one before", "[stream][group]") {
  Stream stream;
  ConsumerGroup& group = stream.add_group("g", {}, 0);
  const ConsumerNumber consumer = group.add_consumer("c", UnixMs{1});
  fill(stream, 5, 10);
  for (uint64_t seq = 1; seq < 10; ++seq)
    group.hold({5, seq}, consumer, UnixMs{1}, 1);
  stream.trim({.length_max = 0});
  REQUIRE(group.pending().find({5, 4})->orphaned);
  stream.check_invariants();
  REQUIRE(stream.set_id({5, 3}, std::nullopt, std::nullopt).ok());
  add(stream, {5, 4});
  REQUIRE(!group.pending().find({5, 4})->orphaned);
  REQUIRE(group.pending().find({5, 5})->orphaned);
  stream.check_invariants();
  stream.remove({5, 4});
  REQUIRE(group.pending().find({5, 4})->orphaned);
  stream.check_invariants();
}

TEST_CASE("pages are as small as they are told to be", "[stream]") {
  Stream stream;
  const Words words{"data", "0123456789"};
  const auto fill_with = [&](uint64_t ms, const StreamPageLimits& limits) {
    const size_t before = stream.pages();
    for (uint64_t seq = 0; seq < 100; ++seq)
      REQUIRE(stream.add({ms, seq}, words, limits).ok());
    stream.check_invariants();
    return stream.pages() - before;
  };
  REQUIRE(fill_with(1, {}) == 1);
  REQUIRE(fill_with(2, {.entries_max = 10}) == 10);
  REQUIRE(fill_with(3, {.entries_max = 1}) == 100);
  REQUIRE(fill_with(4, {.bytes_max = 512}) >= 3);
  REQUIRE(fill_with(5, {.bytes_max = 16}) == 100);  // each is larger than that
  StreamTrim trim{.length_max = 395, .approximate = true};
  REQUIRE(stream.trim(trim) == 100);
  trim.length_max = 385;
  REQUIRE(stream.trim(trim) == 10);
}
