// SPDX-License-Identifier: MIT
//
// The keyspace against std::map, and what it promises of scans, expiry and digests.
#include "engine/keyspace.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/list_value.h"
#include "engine/stamp.h"

namespace sluice {
namespace {

constexpr int kDatabasesUsed = 3;

struct ModelValue {
  ValueType type = ValueType::kString;
  std::string text;  // of a string; of a list, its elements joined
  std::optional<int64_t> expires;
};

class KeyspaceAgainstMap {
 public:
  KeyspaceAgainstMap(uint64_t seed, size_t keys) : keys_(keys), random_(seed), keyspace_(seed) {}

  void step() {
    const int db = static_cast<int>(below(kDatabasesUsed));
    const std::string key = name();
    if (below(keys_ * 5) == 0) swap(db);
    if (below(20) == 0) keyspace_.free_some();
    const auto found = model_.find({db, key});
    const bool present = found != model_.end();
    switch (below(10)) {
      case 0:
      case 1:
        return set(db, key);
      case 2:
      case 3:
        return push(db, key);
      case 4:
        if (!present) return stream(db, key);
        return;
      case 5:
        if (present) erase(found);
        return;
      case 6:
        if (present) expire(found);
        return;
      case 7:
        if (present) persist(found);
        return;
      case 8:
        if (present) rename(found);
        return;
      default:
        if (below(keys_ * 20) == 0) flush(db);
    }
  }

  void compare() const {
    keyspace_.check_invariants();
    size_t sizes[kDatabasesUsed] = {};
    size_t expires[kDatabasesUsed] = {};
    for (const auto& [name, value] : model_) {
      ++sizes[name.first];
      if (value.expires) ++expires[name.first];
      const Entry* entry = keyspace_.find(name.first, name.second);
      REQUIRE(entry != nullptr);
      REQUIRE(entry->key() == name.second);
      REQUIRE(keyspace_.db_of(*entry) == name.first);
      REQUIRE(entry->type() == value.type);
      REQUIRE(keyspace_.expires_at(*entry).has_value() == value.expires.has_value());
      if (value.expires) REQUIRE(keyspace_.expires_at(*entry)->count == *value.expires);
      if (value.type == ValueType::kString) REQUIRE(entry->string().view() == value.text);
      if (value.type == ValueType::kList) REQUIRE(joined(entry->list()) == value.text);
    }
    for (int db = 0; db < kDatabasesUsed; ++db) {
      REQUIRE(keyspace_.size(db) == sizes[db]);
      REQUIRE(keyspace_.expires(db) == expires[db]);
    }
  }

 private:
  using Model = std::map<std::pair<int, std::string>, ModelValue>;

  size_t below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }
  std::string name() {
    std::string key = "key:" + std::to_string(below(keys_));
    if (key.back() == '7')
      key.resize(253 + key.size() % 5, 'x');  // around the size that takes four bytes more
    return key;
  }

  static std::string joined(const ListValue& list) {
    std::string text;
    list.for_each(0, list.size(), [&text](std::string_view element) { text += element; });
    return text;
  }

  void set(int db, const std::string& key) {
    const std::string text(below(30), static_cast<char>('a' + below(26)));
    ModelValue& value = model_[{db, key}];
    const bool keep = below(2) == 0;
    if (!keep) value.expires.reset();
    value.type = ValueType::kString;
    value.text = text;
    keyspace_.set_string(db, key, text, keep ? Keyspace::Expiry::kKeep : Keyspace::Expiry::kDrop);
  }

  void push(int db, const std::string& key) {
    Entry* entry = keyspace_.find_for_write(db, key);
    if (entry != nullptr && entry->type() != ValueType::kList) return;
    if (entry == nullptr) entry = &keyspace_.insert_list(db, key);
    const std::string text(below(10), static_cast<char>('a' + below(26)));
    entry->list().push(Side::kRight, text, Stamp{});
    ModelValue& value = model_[{db, key}];
    value.type = ValueType::kList;
    value.text += text;
  }

  void stream(int db, const std::string& key) {
    keyspace_.insert_stream(db, key);
    model_[{db, key}].type = ValueType::kStream;
  }

  const Entry& entry_of(Model::iterator at) {
    const Entry* entry = keyspace_.find(at->first.first, at->first.second);
    REQUIRE(entry != nullptr);
    return *entry;
  }

  void erase(Model::iterator at) {
    keyspace_.erase(entry_of(at));
    model_.erase(at);
  }

  void expire(Model::iterator at) {
    at->second.expires = static_cast<int64_t>(below(1'000));
    keyspace_.expire_at(entry_of(at), UnixMs{*at->second.expires});
  }

  void persist(Model::iterator at) {
    REQUIRE(keyspace_.persist(entry_of(at)) == at->second.expires.has_value());
    at->second.expires.reset();
  }

  void rename(Model::iterator at) {
    const int db = static_cast<int>(below(kDatabasesUsed));
    const std::string key = name();
    if (model_.contains({db, key})) return;
    const Entry& renamed = keyspace_.rename(entry_of(at), db, key);
    REQUIRE(renamed.key() == key);
    model_[{db, key}] = std::move(at->second);
    model_.erase(at);
  }

  void swap(int db) {
    const int other = static_cast<int>(below(kDatabasesUsed));
    keyspace_.swap(db, other);
    Model swapped;
    for (auto& [name, value] : model_) {
      const int to = name.first == db ? other : name.first == other ? db : name.first;
      swapped[{to, name.second}] = std::move(value);
    }
    model_ = std::move(swapped);
  }

  void flush(int db) {
    keyspace_.flush(db);
    std::erase_if(model_, [db](const auto& item) { return item.first.first == db; });
  }

  size_t keys_;
  std::mt19937_64 random_;
  Keyspace keyspace_;
  Model model_;
};

std::string digest_of(const Keyspace& keyspace) {
  Digest digest;
  keyspace.digest(digest);
  return digest.text();
}

}  // namespace

TEST_CASE("a keyspace does what a map does", "[keyspace]") {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    INFO("seed " << seed);
    const size_t keys = seed % 2 == 0 ? 10 : 3'000;
    KeyspaceAgainstMap both(seed, keys);
    for (int i = 0; i < 20'000; ++i) {
      both.step();
      if (i % 1'000 == 0) both.compare();
    }
    both.compare();
  }
}

TEST_CASE("the address of an entry stays while its key exists, whatever it holds", "[keyspace]") {
  Keyspace keyspace(1);
  const Entry* entry = &keyspace.insert_list(0, "a");
  for (int i = 0; i < 10'000; ++i) {
    keyspace.insert_string(0, std::to_string(i));
  }
  REQUIRE(keyspace.find(0, "a") == entry);
  REQUIRE(&keyspace.set_string(0, "a", "text") == entry);
  REQUIRE(entry->string().view() == "text");
}

TEST_CASE("a scan returns every key that is there all the time, whatever else comes and goes", "[keyspace]") {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    Keyspace keyspace(seed);
    std::set<std::string> staying;
    const size_t staying_count = std::uniform_int_distribution<size_t>(1, 2'000)(random);
    for (size_t i = 0; i < staying_count; ++i) {
      staying.insert("stays:" + std::to_string(i));
      keyspace.insert_string(0, "stays:" + std::to_string(i));
    }
    // Grows by half of the seeds, shrinks by the others.
    std::vector<std::string> others;
    if (seed % 2 == 0) {
      for (size_t i = 0; i < 20'000; ++i) {
        others.push_back("goes:" + std::to_string(i));
        keyspace.insert_string(0, others.back());
      }
    }
    std::set<std::string> seen;
    uint64_t cursor = 0;
    size_t calls = 0;
    do {
      cursor = keyspace.scan(0, cursor, 10,
                             [&seen](const Entry& entry) { seen.insert(std::string(entry.key())); });
      REQUIRE(cursor < (uint64_t{1} << 48));
      ++calls;
      for (size_t i = 0; i < 100; ++i) {
        if (seed % 2 != 0 && others.size() < 50'000) {
          others.push_back("comes:" + std::to_string(others.size()));
          keyspace.insert_string(0, others.back());
        } else if (seed % 2 == 0 && !others.empty()) {
          keyspace.erase(*keyspace.find(0, others.back()));
          others.pop_back();
        }
      }
    } while (cursor != 0);
    REQUIRE(std::includes(seen.begin(), seen.end(), staying.begin(), staying.end()));
    REQUIRE(calls < 20'000);
    keyspace.check_invariants();
  }
}

TEST_CASE("a scan of keys that stay the same returns each once, about as many a call as wanted",
          "[keyspace]") {
  for (const size_t count : {0, 1, 5, 300, 20'000}) {
    INFO("keys " << count);
    Keyspace keyspace(7);
    for (size_t i = 0; i < count; ++i) {
      keyspace.insert_string(3, std::to_string(i));
    }
    std::multiset<std::string> seen;
    uint64_t cursor = 0;
    do {
      size_t here = 0;
      cursor = keyspace.scan(3, cursor, 10, [&](const Entry& entry) {
        seen.insert(std::string(entry.key()));
        ++here;
      });
      REQUIRE(here <= 10 + 28);
    } while (cursor != 0);
    REQUIRE(seen.size() == count);
    REQUIRE(std::set<std::string>(seen.begin(), seen.end()).size() == count);
  }
}

TEST_CASE("the table costs nothing while empty, little per key, and gives memory back", "[keyspace]") {
  Keyspace keyspace(5);
  REQUIRE(keyspace.table_bytes(0) == 0);
  constexpr size_t kKeys = 200'000;
  for (size_t i = 0; i < kKeys; ++i) {
    keyspace.insert_string(0, std::to_string(i));
    if (i > 1'000 && i % 10'000 == 0) REQUIRE(keyspace.table_bytes(0) <= i * 24);
  }
  const size_t full = keyspace.table_bytes(0);
  for (size_t i = 0; i < kKeys; ++i) {
    if (i % 100 != 0) keyspace.erase(*keyspace.find(0, std::to_string(i)));
  }
  keyspace.check_invariants();
  REQUIRE(keyspace.table_bytes(0) <= full / 4);
  for (size_t i = 0; i < kKeys; i += 100) {
    keyspace.erase(*keyspace.find(0, std::to_string(i)));
  }
  REQUIRE(keyspace.table_bytes(0) == 0);
}

TEST_CASE("a cursor that no scan gave ends the scan", "[keyspace]") {
  Keyspace keyspace(1);
  keyspace.insert_string(0, "a");
  REQUIRE(keyspace.scan(0, UINT64_MAX, 10, [](const Entry&) {}) == 0);
  REQUIRE(keyspace.scan(0, uint64_t{1} << 48, 10, [](const Entry&) {}) == 0);
}

TEST_CASE("keys expire in the order of their times, and those of one time in the order they were told",
          "[keyspace]") {
  Keyspace keyspace(1);
  REQUIRE(keyspace.earliest_expiry() == kUnixMsNever);
  keyspace.expire_at(keyspace.insert_string(2, "later"), UnixMs{200});
  keyspace.expire_at(keyspace.insert_string(0, "b"), UnixMs{100});
  keyspace.expire_at(keyspace.insert_list(1, "a"), UnixMs{100});
  keyspace.expire_at(keyspace.insert_string(0, "moved"), UnixMs{50});
  keyspace.expire_at(*keyspace.find(0, "moved"), UnixMs{300});
  keyspace.insert_string(0, "stays");

  REQUIRE(keyspace.earliest_expiry() == UnixMs{100});
  REQUIRE(keyspace.first_expired(UnixMs{99}) == nullptr);
  REQUIRE_FALSE(keyspace.expired(*keyspace.find(0, "b"), UnixMs{99}));
  REQUIRE(keyspace.expired(*keyspace.find(0, "b"), UnixMs{100}));

  std::vector<std::string> order;
  while (const Entry* entry = keyspace.first_expired(UnixMs{300})) {
    order.emplace_back(entry->key());
    keyspace.erase(*entry);
  }
  REQUIRE(order == std::vector<std::string>{"b", "a", "later", "moved"});
  REQUIRE(keyspace.size(0) == 1);
  REQUIRE(keyspace.expires(0) == 0);
}

TEST_CASE("a digest depends on what is held and not on how it came to be", "[keyspace]") {
  Keyspace one(1);
  Keyspace other(2);
  for (int i = 0; i < 1'000; ++i) {
    one.set_string(i % 2, std::to_string(i), "value");
    other.set_string((999 - i) % 2, std::to_string(999 - i), "something else");
    other.set_string((999 - i) % 2, std::to_string(999 - i), "value");
  }
  REQUIRE(digest_of(one) == digest_of(other));

  const std::string before = digest_of(one);
  one.expire_at(*one.find(0, "8"), UnixMs{5});
  REQUIRE(digest_of(one) != before);
  REQUIRE(one.persist(*one.find(0, "8")));
  REQUIRE(digest_of(one) == before);
  one.rename(*one.find(0, "8"), 1, "8");
  REQUIRE(digest_of(one) != before);
  one.rename(*one.find(1, "8"), 0, "8");
  REQUIRE(digest_of(one) == before);
  one.set_string(0, "8", "other");
  REQUIRE(digest_of(one) != before);
  one.flush_all();
  REQUIRE(digest_of(one) == digest_of(Keyspace(3)));
}

}  // namespace sluice
