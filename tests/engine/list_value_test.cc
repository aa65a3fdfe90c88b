// SPDX-License-Identifier: MIT
//
// The value of a list key, plain and as a queue: list commands must not see a difference.
#include "engine/list_value.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "engine/entry.h"
#include "engine/keyspace.h"
#include "engine/queue/queue_system.h"

using namespace sluice;

namespace {

struct Holder {
  QueueSystem queues;
  Keyspace keyspace{1};
  Entry& entry = keyspace.insert_list(0, "key");
  ListValue& list = entry.list();
};

Stamp at(int64_t ms) {
  return {.sequence = 1, .now = UnixMs{ms}, .entropy = 1};
}

std::vector<std::string> elements(const ListValue& list) {
  std::vector<std::string> all;
  list.for_each(0, list.size(), [&all](std::string_view bytes) { all.emplace_back(bytes); });
  return all;
}

class Records : public RecordSink {
 public:
  void record(std::span<const std::string_view> words) override {
    auto& line = lines.emplace_back();
    for (const std::string_view word : words)
      line.append(line.empty() ? "" : " ").append(word);
  }
  std::vector<std::string> lines;
};

std::string digest(const ListValue& list) {
  Digest digest;
  list.digest(digest);
  return digest.text();
}

}  // namespace

TEST_CASE("list commands see the same in a plain list and in a queue", "[list]") {
  const uint64_t seed = GENERATE(1u, 2u, 3u);
  const bool as_queue = GENERATE(false, true);
  INFO("seed " << seed << (as_queue ? ", a queue" : ", a plain list"));
  std::mt19937_64 random(seed);
  Holder holder;
  if (as_queue) holder.list.become_queue(holder.queues, holder.entry, at(1));
  std::deque<std::string> model;
  for (int step = 1; step < 5'000; ++step) {
    const std::string bytes(random() % 3 == 0 ? random() % 40 : 1, static_cast<char>('a' + random() % 26));
    const size_t index = model.empty() ? 0 : random() % model.size();
    const Side side = random() % 2 == 0 ? Side::kLeft : Side::kRight;
    switch (random() % 9) {
      case 0:
      case 1:
      case 2:
        holder.list.push(side, bytes, at(step));
        side == Side::kLeft ? model.push_front(bytes) : model.push_back(bytes);
        break;
      case 3:
      case 4:
        if (model.empty()) break;
        REQUIRE(holder.list.peek(side) == (side == Side::kLeft ? model.front() : model.back()));
        holder.list.pop(side);
        side == Side::kLeft ? model.pop_front() : model.pop_back();
        break;
      case 5:
        holder.list.insert(index, bytes, at(step));
        model.insert(model.begin() + static_cast<ptrdiff_t>(index), bytes);
        break;
      case 6:
        if (model.empty()) break;
        holder.list.set(index, bytes);
        model[index] = bytes;
        break;
      case 7: {
        if (model.empty()) break;
        const std::string like = model[index];
        const size_t count_max = random() % 3;
        size_t found = static_cast<size_t>(std::count(model.begin(), model.end(), like));
        const size_t wanted = std::min(found, count_max);
        size_t skipped = side == Side::kLeft ? 0 : found - wanted;
        size_t left = wanted;
        for (auto it = model.begin(); it != model.end() && left > 0;) {
          if (*it != like || skipped > 0) {
            if (*it == like) --skipped;
            ++it;
            continue;
          }
          it = model.erase(it);
          --left;
        }
        REQUIRE(holder.list.erase_equal(like, side, count_max) == wanted);
        break;
      }
      default: {
        const size_t count = model.empty() ? 0 : random() % std::min<size_t>(4, model.size() - index + 1);
        holder.list.erase(index, count);
        model.erase(model.begin() + static_cast<ptrdiff_t>(index),
                    model.begin() + static_cast<ptrdiff_t>(index + count));
        break;
      }
    }
    REQUIRE(holder.list.size() == model.size());
    REQUIRE(holder.list.empty() == model.empty());
    if (!model.empty()) REQUIRE(holder.list.at(index % model.size()) == model[index % model.size()]);
    if (step % 50 == 0) {
      holder.list.check_invariants();
      REQUIRE(elements(holder.list) == std::vector<std::string>(model.begin(), model.end()));
    }
  }
}

TEST_CASE("a cursor walks to either side and ends behind the last element", "[list]") {
  Holder holder;
  for (const char* bytes : {"a", "b", "c"})
    holder.list.push(Side::kRight, bytes, at(1));
  ListValue::Cursor cursor = holder.list.cursor(1);
  REQUIRE(cursor.bytes() == "b");
  cursor.move(Side::kLeft);
  REQUIRE(cursor.bytes() == "a");
  cursor.move(Side::kLeft);
  REQUIRE(cursor.at_end());
  REQUIRE(holder.list.cursor(3).at_end());
}

TEST_CASE("a plain list is dumped as pushes, a few dozen elements each", "[list]") {
  Holder holder;
  for (int i = 0; i < 65; ++i)
    holder.list.push(Side::kRight, std::to_string(i), at(1));
  Records records;
  holder.list.dump("key", records);
  REQUIRE(records.lines.size() == 2);
  REQUIRE(records.lines[0].rfind("RPUSH key 0 1 2 ", 0) == 0);
  REQUIRE(records.lines[1] == "RPUSH key 64");
}

TEST_CASE("a queue is dumped with the ages of its elements", "[list]") {
  Holder holder;
  holder.list.push(Side::kRight, "a", at(1));
  holder.list.become_queue(holder.queues, holder.entry, at(10));
  holder.list.push(Side::kRight, "b", at(10));
  holder.list.push(Side::kRight, "c", at(20));
  Records records;
  holder.list.dump("key", records);
  REQUIRE(records.lines ==
          std::vector<std::string>{"QRESTORE PUSH key 10 0 a b", "QRESTORE PUSH key 20 0 c"});
}

TEST_CASE("what a list holds, and that it is a queue, show in its digest", "[list]") {
  Holder plain;
  Holder same;
  for (Holder* holder : {&plain, &same})
    holder->list.push(Side::kLeft, "a", at(1));
  REQUIRE(digest(plain.list) == digest(same.list));
  same.list.become_queue(same.queues, same.entry, at(1));
  REQUIRE(digest(plain.list) != digest(same.list));
  plain.list.become_queue(plain.queues, plain.entry, at(2));
  REQUIRE(digest(plain.list) != digest(same.list));
}

TEST_CASE("an empty plain list and an empty queue are empty", "[list]") {
  Holder holder;
  REQUIRE(holder.list.empty());
  holder.list.become_queue(holder.queues, holder.entry, at(1));
  REQUIRE(holder.list.empty());
  REQUIRE(holder.list.size() == 0);
}
