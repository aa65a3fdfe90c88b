// SPDX-License-Identifier: MIT
#include "engine/string_value.h"

#include <cstddef>
#include <random>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

namespace sluice {

TEST_CASE("a string value does what a string does", "[string_value]") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const auto below = [&random](size_t bound) {
      return std::uniform_int_distribution<size_t>(0, bound - 1)(random);
    };
    StringValue value;
    std::string model;
    for (int i = 0; i < 3'000; ++i) {
      const std::string bytes(below(below(2) == 0 ? 10 : 300), static_cast<char>('a' + below(26)));
      switch (below(5)) {
        case 0:
          value.assign(bytes);
          model = bytes;
          break;
        case 1:
          value.append(bytes);
          model += bytes;
          break;
        case 2: {
          const size_t offset = below(model.size() + 20);
          value.write(offset, bytes);
          if (model.size() < offset + bytes.size()) model.resize(offset + bytes.size());
          model.replace(offset, bytes.size(), bytes);
          break;
        }
        case 3: {
          const size_t size = below(model.size() + 20);
          char* const all = value.extend(size);
          if (model.size() < size) model.resize(size);
          if (!model.empty()) model.back() = all[model.size() - 1] = 'e';
          break;
        }
        default: {
          StringValue other(bytes);
          other = std::move(value);
          value = std::move(other);
        }
      }
      REQUIRE(value.view() == model);
      REQUIRE(value.size() == model.size());
    }
  }
}

TEST_CASE("a counter needs no memory of its own", "[string_value]") {
  StringValue value("1234567");
  REQUIRE(value.bytes() == 0);
  value.assign("12345678");
  REQUIRE(value.bytes() > 0);
  REQUIRE(value.view() == "12345678");
}

TEST_CASE("a string that gets much shorter gives its memory back", "[string_value]") {
  StringValue value(std::string(10'000, 'x'));
  value.assign(std::string(100, 'y'));
  REQUIRE(value.bytes() < 200);
  REQUIRE(value.view() == std::string(100, 'y'));
}

TEST_CASE("a string that grows by little steps is seldom copied", "[string_value]") {
  const bool by_write = GENERATE(false, true);
  StringValue value(std::string(100, 'x'));
  size_t moves = 0;
  const char* at = value.view().data();
  for (int i = 0; i < 100'000; ++i) {
    by_write ? value.write(value.size(), "0123456789") : value.append("0123456789");
    if (value.view().data() != at) ++moves;
    at = value.view().data();
  }
  REQUIRE(value.size() == 1'000'100);
  REQUIRE(moves < 30);
  REQUIRE(value.bytes() < 2 * value.size() + 100);
}

}  // namespace sluice
