// SPDX-License-Identifier: MIT
//
// Hash, set and sorted set against the standard library's containers, small and big, and what only they can do.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/hash.h"
#include "engine/set.h"
#include "engine/sorted_set.h"

namespace sluice::test {
namespace {

constexpr CollectionForms kForms{.hash_seed = 11};
constexpr CollectionForms kOtherForms{.hash_seed = 12};

using Random = std::mt19937_64;

size_t below(Random& random, size_t end) {
  return random() % end;
}

// Sometimes too long for a row, sometimes empty.
std::string some_text(Random& random, size_t different) {
  const size_t number = below(random, different);
  if (number == 0) return "";
  if (number % 97 == 0) return std::string(100, 'x') + std::to_string(number);
  return "m" + std::to_string(number);
}

std::string digest_of(const auto& value) {
  Digest digest;
  value.digest(digest);
  return digest.text();
}

struct Commands : RecordSink {
  void record(std::span<const std::string_view> words) override {
    lines.emplace_back(words.begin(), words.end());
  }
  std::vector<std::vector<std::string>> lines;
};

}  // namespace

TEST_CASE("a hash does what a map does, whatever its size", "[hash]") {
  for (const size_t different : {5, 60, 3000}) {
    Random random(different);
    Hash hash(kForms);
    std::map<std::string, std::string> model;
    for (int step = 0; step < 6000; ++step) {
      const std::string field = some_text(random, different);
      if (below(random, 3) > 0) {
        const std::string value = std::string(below(random, 5), 'v') + std::to_string(step);
        REQUIRE(hash.set(field, value) == !model.contains(field));
        model[field] = value;
      } else {
        REQUIRE(hash.erase(field) == (model.erase(field) > 0));
      }
      const auto found = model.find(field);
      REQUIRE(hash.find(field).has_value() == (found != model.end()));
      if (found != model.end()) REQUIRE(*hash.find(field) == found->second);
      REQUIRE(hash.size() == model.size());
      if (step % 500 == 0) hash.check_invariants();
    }
    std::map<std::string, std::string> seen;
    hash.for_each([&seen](std::string_view field, std::string_view value) { seen.emplace(field, value); });
    REQUIRE(seen == model);
    hash.check_invariants();
  }
}

TEST_CASE("a small hash keeps the order in which its fields came", "[hash]") {
  Hash hash(kForms);
  for (const char* field : {"b", "a", "c"})
    hash.set(field, "1");
  hash.set("b", "22");
  std::string order;
  hash.for_each(
      [&order](std::string_view field, std::string_view value) { order.append(field).append(value); });
  REQUIRE(order == "b22a1c1");
  REQUIRE(hash.encoding() == "listpack");
  hash.set("d", std::string(65, 'x'));
  REQUIRE(hash.encoding() == "hashtable");
}

TEST_CASE("fields expire in the order of their times, and a new value has none", "[hash]") {
  Hash hash(kForms);
  for (const char* field : {"a", "b", "c"})
    hash.set(field, "1");
  hash.expire_at("a", UnixMs{30}, 1);
  hash.expire_at("b", UnixMs{20}, 2);
  hash.expire_at("c", UnixMs{20}, 3);
  REQUIRE(hash.expires() == 3);
  REQUIRE(hash.earliest_expiry() == UnixMs{20});
  REQUIRE_FALSE(hash.first_expired(UnixMs{19}).has_value());
  REQUIRE(hash.first_expired(UnixMs{20}) == "b");
  hash.set("b", "2", Hash::Expiry::kKeep);
  REQUIRE(hash.expires_at("b") == UnixMs{20});
  hash.set("b", "3");
  REQUIRE_FALSE(hash.expires_at("b").has_value());
  REQUIRE(hash.first_expired(UnixMs{20}) == "c");
  REQUIRE(hash.erase("c"));
  REQUIRE(hash.persist("a"));
  REQUIRE_FALSE(hash.persist("a"));
  REQUIRE(hash.earliest_expiry() == UnixMs{INT64_MAX});
  hash.check_invariants();
}

TEST_CASE("times of fields are what a map holds, in a row, in a table, and on the way from one to the other",
          "[hash]") {
  for (const size_t different : {6, 40, 2000}) {
    Random random(different);
    Hash hash(kForms);
    std::map<std::string, std::pair<int64_t, uint64_t>> times;  // when, order
    std::set<std::string> fields;
    for (int step = 0; step < 4000; ++step) {
      // Numbers that grow: the row becomes a table on the way.
      const std::string field =
          "f" + std::to_string(below(random, 1 + different * (static_cast<size_t>(step) + 1) / 4000));
      const size_t what = below(random, 8);
      if (what < 3) {
        const bool keep = what == 0;
        hash.set(field, std::to_string(step), keep ? Hash::Expiry::kKeep : Hash::Expiry::kDrop);
        fields.insert(field);
        if (!keep) times.erase(field);
      } else if (what < 4) {
        REQUIRE(hash.erase(field) == (fields.erase(field) > 0));
        times.erase(field);
      } else if (what < 7) {
        if (!fields.contains(field)) continue;
        const auto when = static_cast<int64_t>(1 + below(random, 50));
        hash.expire_at(field, UnixMs{when}, static_cast<uint64_t>(step));
        times[field] = {when, static_cast<uint64_t>(step)};
      } else {
        REQUIRE(hash.persist(field) == (times.erase(field) > 0));
      }
      REQUIRE(hash.expires() == times.size());
      const auto found = times.find(field);
      REQUIRE(hash.expires_at(field) ==
              (found == times.end() ? std::nullopt : std::optional(UnixMs{found->second.first})));
      const auto first = std::min_element(times.begin(), times.end(),
                                          [](const auto& a, const auto& b) { return a.second < b.second; });
      const UnixMs earliest{first == times.end() ? INT64_MAX : first->second.first};
      REQUIRE(hash.earliest_expiry() == earliest);
      if (first != times.end()) REQUIRE(hash.first_expired(earliest) == first->first);
      if (step % 100 == 0) hash.check_invariants();
    }
    REQUIRE(hash.is_packed() == (different < 512));
  }
}

TEST_CASE("a small hash is small, with expiry times as well", "[hash]") {
  Hash hash(kForms);
  hash.set("a", "1");
  hash.set("b", "2");
  hash.expire_at("a", UnixMs{30}, 1);
  REQUIRE(hash.is_packed());
  REQUIRE(hash.encoding() == "listpackex");
  REQUIRE(hash.bytes() + sizeof(Hash) <= 300);
  hash.persist("a");
  hash.forget_timer();
  REQUIRE(hash.encoding() == "listpack");
  REQUIRE(hash.bytes() == 64);
  hash.check_invariants();
}

TEST_CASE("a hash is recorded in pieces, with the times of its fields", "[hash]") {
  Hash hash(kForms);
  for (int i = 0; i < 200; ++i)
    hash.set("f" + std::to_string(i), "v");
  hash.expire_at("f7", UnixMs{99}, 1);
  Commands commands;
  hash.dump("k", commands);
  REQUIRE(commands.lines.size() == 5);
  Hash again(kOtherForms);
  for (const auto& line : commands.lines) {
    if (line[0] == "HPEXPIREAT") {
      REQUIRE(line == std::vector<std::string>{"HPEXPIREAT", "k", "99", "FIELDS", "1", "f7"});
      again.expire_at(line[5], UnixMs{99}, 1);
      continue;
    }
    REQUIRE(line[0] == "HSET");
    for (size_t i = 2; i < line.size(); i += 2)
      again.set(line[i], line[i + 1]);
  }
  REQUIRE(digest_of(again) == digest_of(hash));
  again.persist("f7");
  REQUIRE(digest_of(again) != digest_of(hash));
}

TEST_CASE("a set does what a set does, in each of its forms", "[set]") {
  for (const size_t different : {7, 90, 5000}) {
    for (const bool numbers : {false, true}) {
      Random random(different);
      Set set(kForms);
      std::set<std::string> model;
      for (int step = 0; step < 6000; ++step) {
        const std::string member = numbers && below(random, 50) > 0
                                       ? std::to_string(static_cast<int64_t>(below(random, different)) - 30)
                                       : some_text(random, numbers ? 3 : different);
        if (below(random, 3) > 0) {
          REQUIRE(set.add(member) == model.insert(member).second);
        } else {
          REQUIRE(set.erase(member) == (model.erase(member) > 0));
        }
        REQUIRE(set.contains(member) == model.contains(member));
        REQUIRE(set.size() == model.size());
        if (!model.empty() && step % 7 == 0) REQUIRE(model.contains(set.sample(random())));
        if (step % 500 == 0) set.check_invariants();
      }
      std::set<std::string> seen;
      set.for_each([&seen](std::string_view member) { REQUIRE(seen.emplace(member).second); });
      REQUIRE(seen == model);
      set.check_invariants();
    }
  }
}

TEST_CASE("a set tells the form that Redis would tell", "[set]") {
  Set set(kForms);
  set.add("3");
  set.add("-1");
  REQUIRE(set.encoding() == "intset");
  set.add("03");  // no integer as Redis prints it
  REQUIRE(set.encoding() == "listpack");
  for (int i = 0; i < 126; ++i)
    set.add("x" + std::to_string(i));
  REQUIRE(set.encoding() == "hashtable");
  Set numbers(kForms);
  for (int i = 0; i < 512; ++i)
    numbers.add(std::to_string(i));
  REQUIRE(numbers.encoding() == "intset");
  numbers.add("512");
  REQUIRE(numbers.encoding() == "hashtable");
  numbers.check_invariants();
}

TEST_CASE("every member of a big set is drawn about as often as any other", "[set]") {
  Set set(kForms);
  for (int i = 0; i < 1000; ++i)
    set.add("m" + std::to_string(i));
  std::map<std::string, int> drawn;
  Random random(3);
  for (int i = 0; i < 100'000; ++i)
    ++drawn[set.sample(random())];
  REQUIRE(drawn.size() == 1000);
  const auto [least, most] = std::minmax_element(
      drawn.begin(), drawn.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  REQUIRE(least->second > 60);  // 100 expected; four standard deviations are 40
  REQUIRE(most->second < 145);
}

TEST_CASE("a sorted set keeps the order of score and member, whatever its size", "[sorted_set]") {
  for (const size_t different : {6, 100, 4000}) {
    Random random(different);
    SortedSet set(kForms);
    std::map<std::string, double> scores;
    std::set<std::pair<double, std::string>> order;
    for (int step = 0; step < 5000; ++step) {
      const std::string member = some_text(random, different);
      const auto found = scores.find(member);
      if (below(random, 3) > 0) {
        const double score =
            below(random, 10) == 0 ? INFINITY : static_cast<double>(below(random, 40)) / 4 - 5;
        REQUIRE(set.set(member, score) == (found == scores.end()));
        if (found != scores.end()) order.erase({found->second, member});
        scores[member] = score;
        order.emplace(score, member);
      } else {
        REQUIRE(set.erase(member) == (found != scores.end()));
        if (found != scores.end()) {
          order.erase({found->second, member});
          scores.erase(found);
        }
      }
      if (step % 100 != 0) continue;
      REQUIRE(set.size() == order.size());
      const double score = static_cast<double>(below(random, 40)) / 4 - 5;
      const auto low = order.lower_bound({score, ""});
      REQUIRE(set.before(ScoreBound{score, false}) == static_cast<size_t>(std::distance(order.begin(), low)));
      const auto count = [&order](auto&& is_before) {
        return static_cast<size_t>(std::count_if(order.begin(), order.end(), is_before));
      };
      REQUIRE(set.before(ScoreBound{score, true}) ==
              count([&](const auto& one) { return one.first <= score; }));
      REQUIRE(set.until(ScoreBound{score, false}) ==
              count([&](const auto& one) { return one.first <= score; }));
      REQUIRE(set.until(ScoreBound{score, true}) ==
              count([&](const auto& one) { return one.first < score; }));
    }
    set.check_invariants();
    std::vector<std::pair<double, std::string>> up;
    set.for_each([&up](std::string_view member, double score) { up.emplace_back(score, member); });
    REQUIRE(std::equal(up.begin(), up.end(), order.begin(), order.end()));
    if (up.size() < 3) continue;
    std::vector<std::pair<double, std::string>> down;
    set.for_each_reverse(1, up.size() - 2, [&down](std::string_view member, double score) {
      down.emplace_back(score, member);
    });
    REQUIRE(std::equal(down.rbegin(), down.rend(), up.begin() + 1, up.end() - 1));
    set.erase_ranks(1, up.size() - 2);
    set.check_invariants();
    REQUIRE(set.size() == 2);
    REQUIRE(set.rank(up.back().second) == 1);
  }
}

TEST_CASE("bounds by member count what lies before them", "[sorted_set]") {
  SortedSet set(kForms);
  for (const char* member : {"a", "b", "c", "d"})
    set.set(member, 0);
  const auto member = [](std::string_view text, bool exclusive) {
    return LexBound{LexBound::Kind::kMember, text, exclusive};
  };
  REQUIRE(set.before(LexBound{LexBound::Kind::kLowest}) == 0);
  REQUIRE(set.before(member("b", false)) == 1);
  REQUIRE(set.before(member("b", true)) == 2);
  REQUIRE(set.until(member("c", false)) == 3);
  REQUIRE(set.until(member("c", true)) == 2);
  REQUIRE(set.until(member("bb", false)) == 2);
  REQUIRE(set.until(LexBound{LexBound::Kind::kHighest}) == 4);
  REQUIRE(set.until(LexBound{LexBound::Kind::kLowest}) == 0);
  REQUIRE(set.before(LexBound{LexBound::Kind::kHighest}) == 4);
}

TEST_CASE("a big value is freed in steps", "[hash][set][sorted_set]") {
  Hash hash(kForms);
  Set set(kForms);
  SortedSet sorted(kForms);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = "m" + std::to_string(i);
    hash.set(text, text);
    set.add(text);
    sorted.set(text, i);
  }
  const auto steps = [](auto& value) {
    int count = 1;
    size_t parts_max = 0;
    while (!value.free_some(parts_max = 100))
      ++count;
    return count;
  };
  REQUIRE(steps(hash) > 30);
  REQUIRE(steps(set) > 30);
  REQUIRE(steps(sorted) > 30);
}

}  // namespace sluice::test
