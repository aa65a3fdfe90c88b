// SPDX-License-Identifier: MIT
//
// A snapshot taken while everything changes under it gives the state at its beginning, no more and no less.
#include "engine/snapshot.h"

#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/base/number_text.h"
#include "engine/keyspace.h"
#include "engine/list_value.h"
#include "engine/stamp.h"

namespace sluice {
namespace {

constexpr int kDatabasesUsed = 4;

// Runs the few commands that strings and plain lists are recorded as.
class Interpreter : public RecordSink {
 public:
  using RecordSink::record;
  void record(std::span<const std::string_view> words) override {
    ++records;
    if (words[0] == "SELECT") {
      db_ = static_cast<int>(*parse_i64(words[1]));
      return;
    }
    if (words[0] == "PEXPIREAT") {
      state.expire_at(*state.find(db_, words[1]), UnixMs{*parse_i64(words[2])});
      return;
    }
    if (words[0] == "SET") {
      REQUIRE(state.find(db_, words[1]) == nullptr);  // recorded once
      state.set_string(db_, words[1], words[2]);
      return;
    }
    REQUIRE(words[0] == "RPUSH");
    Entry* entry = state.find_for_write(db_, words[1]);
    if (entry == nullptr) entry = &state.insert_list(db_, words[1]);
    for (const std::string_view element : words.subspan(2)) {
      entry->list().push(Side::kRight, element, Stamp{});
    }
  }

  Keyspace state{99};
  size_t records = 0;

 private:
  int db_ = -1;
};

class RandomWriter {
 public:
  RandomWriter(Keyspace& keyspace, uint64_t seed, size_t keys)
      : keyspace_(keyspace), random_(seed), keys_(keys) {}

  size_t below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }

  void step() {
    const int db = static_cast<int>(below(kDatabasesUsed));
    const std::string key = name();
    const std::string text(1 + below(20), static_cast<char>('a' + below(26)));
    const Entry* found = keyspace_.find(db, key);
    switch (below(8)) {
      case 0:
      case 1:
        keyspace_.set_string(db, key, text);
        return;
      case 2:
      case 3:
        return push(db, key, text);
      case 4:
        return pop(db, key);
      case 5:
        if (found != nullptr) keyspace_.erase(*found);
        return;
      case 6:
        if (found == nullptr || below(3) == 0) return;
        if (below(2) == 0) {
          keyspace_.expire_at(*found, UnixMs{static_cast<int64_t>(below(1'000'000))});
        } else {
          keyspace_.persist(*found);
        }
        return;
      default:
        if (found != nullptr) rename(*found);
    }
  }

 private:
  std::string name() { return "key:" + std::to_string(below(keys_)); }

  void push(int db, const std::string& key, const std::string& text) {
    Entry* entry = keyspace_.find_for_write(db, key);
    if (entry != nullptr && entry->type() != ValueType::kList) return;
    if (entry == nullptr) entry = &keyspace_.insert_list(db, key);
    entry->list().push(Side::kRight, text, Stamp{});
  }

  void pop(int db, const std::string& key) {
    const Entry* found = keyspace_.find(db, key);
    if (found == nullptr || found->type() != ValueType::kList) return;
    Entry& entry = keyspace_.for_write(*found);
    entry.list().pop(Side::kLeft);
    if (entry.list().empty()) keyspace_.erase(entry);
  }

  void rename(const Entry& entry) {
    const int db = static_cast<int>(below(kDatabasesUsed));
    const std::string key = name();
    if (keyspace_.find(db, key) == nullptr) keyspace_.rename(entry, db, key);
  }

  Keyspace& keyspace_;
  std::mt19937_64 random_;
  size_t keys_;
};

std::string digest_of(const Keyspace& keyspace) {
  Digest digest;
  keyspace.digest(digest);
  return digest.text();
}

}  // namespace

TEST_CASE("a snapshot gives the state at its beginning, whatever is written between its steps",
          "[snapshot]") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    Keyspace keyspace(seed);
    RandomWriter writer(keyspace, seed, seed % 3 == 0 ? 2'000 : 40);
    for (int i = 0; i < 3'000; ++i) {
      writer.step();
    }
    // Several in a row: the second meets entries that the first has marked.
    for (int round = 0; round < 3; ++round) {
      const std::string at_the_cut = digest_of(keyspace);
      Interpreter copy;
      Snapshot snapshot(keyspace, copy);
      while (!snapshot.step(1 + writer.below(30))) {
        for (size_t i = writer.below(60); i > 0; --i) {
          writer.step();
        }
      }
      REQUIRE_FALSE(snapshot.aborted());
      REQUIRE(digest_of(copy.state) == at_the_cut);
      keyspace.check_invariants();
    }
  }
}

TEST_CASE("keys that come while a snapshot runs are not part of it", "[snapshot]") {
  Keyspace keyspace(1);
  keyspace.set_string(0, "before", "1");
  Interpreter copy;
  Snapshot snapshot(keyspace, copy);
  for (int i = 0; i < 1'000; ++i) {
    keyspace.set_string(i % kDatabases, "after:" + std::to_string(i), "2");
  }
  while (!snapshot.step(7)) {
  }
  REQUIRE(snapshot.keys() == 1);
  REQUIRE(copy.records == 2);  // SELECT, SET
  REQUIRE(copy.state.find(0, "before") != nullptr);
}

TEST_CASE("a step visits about as many keys as it may", "[snapshot]") {
  Keyspace keyspace(1);
  for (int i = 0; i < 5'000; ++i) {
    keyspace.set_string(0, std::to_string(i), "");
  }
  Interpreter copy;
  Snapshot snapshot(keyspace, copy);
  size_t before = 0;
  while (!snapshot.step(10)) {
    REQUIRE(snapshot.keys() - before <= 10 + 28);
    before = snapshot.keys();
  }
  REQUIRE(snapshot.keys() == 5'000);
}

TEST_CASE("a flush aborts a snapshot, and another can begin", "[snapshot]") {
  Keyspace keyspace(1);
  keyspace.set_string(0, "a", "1");
  keyspace.set_string(1, "b", "2");
  Interpreter copy;
  Snapshot snapshot(keyspace, copy);
  keyspace.flush(5);  // nothing was there
  REQUIRE_FALSE(snapshot.aborted());
  keyspace.flush(1);
  REQUIRE(snapshot.aborted());
  REQUIRE_FALSE(snapshot.step(100));

  Interpreter copy_again;
  Snapshot again(keyspace, copy_again);
  while (!again.step(100)) {
  }
  REQUIRE(digest_of(copy_again.state) == digest_of(keyspace));
}

TEST_CASE("snapshots given up one after another do not make a later one miss a key", "[snapshot]") {
  Keyspace keyspace(1);
  keyspace.set_string(0, "a", "1");
  for (int unfinished = 0; unfinished < 600; ++unfinished) {
    Interpreter copy;
    { Snapshot given_up(keyspace, copy); }
    Snapshot snapshot(keyspace, copy);
    if (unfinished % 300 != 255) continue;  // at first and last given up as well
    while (!snapshot.step(100)) {
    }
    REQUIRE(digest_of(copy.state) == digest_of(keyspace));
  }
}

}  // namespace sluice
