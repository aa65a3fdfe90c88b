// SPDX-License-Identifier: MIT
#include "engine/queue/message_index.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <utility>

using namespace sluice;

namespace {

using Model = std::map<std::pair<uint64_t, uint64_t>, Message*>;

void require_equal(const MessageIndex& index, const Model& model) {
  index.check_invariants();
  REQUIRE(index.size() == model.size());
  auto expected = model.begin();
  index.for_each([&expected](const Message& message) { REQUIRE(&message == (expected++)->second); });
}

}  // namespace

TEST_CASE("the index finds what a sorted map finds, wherever messages come and go", "[queue]") {
  const uint64_t seed = GENERATE(1u, 2u, 3u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  MessageIndex index;
  Model model;
  for (int step = 0; step < 30'000; ++step) {
    // Long phases of growth and of decline, so that chunks fill, split, run empty and are joined.
    const bool grows = step / 3'000 % 2 == 0;
    const bool adds = random() % 10 < (grows ? 8 : 2);
    if (adds) {
      const bool last = random() % 2 == 0;
      const StreamId id{last ? 1'000'000 + static_cast<uint64_t>(step) : random() % 1'000'000, random() % 3};
      const bool known = model.count({id.ms, id.seq}) > 0;
      REQUIRE((index.find(id) != nullptr) == known);
      if (known) continue;
      Message* message = Message::create(id, "x");
      index.insert(*message);
      model[{id.ms, id.seq}] = message;
    } else if (!model.empty()) {
      const bool oldest = random() % 2 == 0;
      const auto gone = oldest ? model.begin() : model.lower_bound({random() % 1'030'000, 0});
      if (gone == model.end()) continue;
      REQUIRE(index.find(gone->second->id()) == gone->second);
      index.remove(*gone->second);
      Message::destroy(gone->second);
      model.erase(gone);
    }
    if (step % 500 == 0) require_equal(index, model);
  }
  for (auto& [id, message] : model) {
    index.remove(*message);
    Message::destroy(message);
  }
  model.clear();
  require_equal(index, model);
  REQUIRE(index.find({1, 1}) == nullptr);
}

TEST_CASE("an index that goes empty with each message keeps its one chunk", "[queue]") {
  MessageIndex index;
  for (uint64_t i = 1; i < 200; ++i) {
    Message* message = Message::create({i, 0}, "x");
    index.insert(*message);
    const size_t bytes = index.bytes();
    REQUIRE(index.find({i, 0}) == message);
    REQUIRE(index.find({i, 1}) == nullptr);
    index.remove(*message);
    REQUIRE(index.bytes() == bytes);
    index.check_invariants();
    Message::destroy(message);
  }
}
