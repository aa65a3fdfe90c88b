// SPDX-License-Identifier: MIT
#include "engine/bits.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

namespace sluice {
namespace {

using Model = std::vector<bool>;

Model bits_of(std::string_view bytes) {
  Model bits;
  for (const char byte : bytes) {
    for (int i = 7; i >= 0; --i)
      bits.push_back((static_cast<unsigned char>(byte) >> i & 1) != 0);
  }
  return bits;
}

// Random bytes, or long stretches of the same ones, where a search has to go far.
std::string some_bytes(std::mt19937_64& random, size_t size_max) {
  std::string bytes(random() % (size_max + 1), random() % 2 == 0 ? '\0' : '\xff');
  const size_t changes = random() % 3 == 0 ? bytes.size() : random() % 3;
  for (size_t i = 0; i < changes && !bytes.empty(); ++i)
    bytes[random() % bytes.size()] = static_cast<char>(random());
  return bytes;
}

bool combined(BitOperation operation, const std::vector<bool>& bits) {
  const auto count = std::count(bits.begin(), bits.end(), true);
  const bool others = count - (bits[0] ? 1 : 0) > 0;
  switch (operation) {
    case BitOperation::kAnd:
      return count == static_cast<std::ptrdiff_t>(bits.size());
    case BitOperation::kOr:
      return count > 0;
    case BitOperation::kXor:
      return count % 2 == 1;
    case BitOperation::kNot:
      return !bits[0];
    case BitOperation::kDiff:
      return bits[0] && !others;
    case BitOperation::kDiff1:
      return !bits[0] && others;
    case BitOperation::kAndOr:
      return bits[0] && others;
    case BitOperation::kOne:
      return count == 1;
  }
  return false;
}

}  // namespace

TEST_CASE("bits are counted and found one by one", "[bits]") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    for (int i = 0; i < 500; ++i) {
      const std::string bytes = some_bytes(random, 200) + "x";
      const Model model = bits_of(bytes);
      const uint64_t first = random() % model.size();
      const uint64_t last = first + random() % (model.size() - first);
      const auto begin = model.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end = model.begin() + static_cast<std::ptrdiff_t>(last) + 1;
      REQUIRE(count_bits(bytes, first, last) == static_cast<uint64_t>(std::count(begin, end, true)));
      for (const bool wanted : {false, true}) {
        const auto found = std::find(begin, end, wanted);
        const auto got = find_bit(bytes, wanted, first, last);
        REQUIRE(got.has_value() == (found != end));
        if (got) REQUIRE(*got == static_cast<uint64_t>(found - model.begin()));
      }
      REQUIRE(bit_at(bytes, first) == model[first]);
    }
  }
}

TEST_CASE("bits behind the end are zeros", "[bits]") {
  REQUIRE_FALSE(bit_at("", 0));
  REQUIRE_FALSE(bit_at("\xff", 8));
  REQUIRE(read_bits("\xff", 4, 16) == 0xf000);
  REQUIRE(read_bits("", 1'000, 64) == 0);
}

TEST_CASE("a number that is written is read again, and its neighbours stay", "[bits]") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 5'000; ++i) {
    std::string bytes = some_bytes(random, 20) + std::string(10, '\x5a');
    const unsigned width = 1 + static_cast<unsigned>(random() % 64);
    const uint64_t offset = random() % (bytes.size() * 8 - width + 1);
    const uint64_t value = random();
    Model model = bits_of(bytes);
    write_bits(bytes.data(), offset, width, value);
    for (unsigned bit = 0; bit < width; ++bit)
      model[offset + bit] = (value >> (width - 1 - bit) & 1) != 0;
    REQUIRE(bits_of(bytes) == model);
    REQUIRE(read_bits(bytes, offset, width) == (width == 64 ? value : value & ((uint64_t{1} << width) - 1)));
  }
}

TEST_CASE("strings of any length are combined bit by bit", "[bits]") {
  const auto operation =
      GENERATE(BitOperation::kAnd, BitOperation::kOr, BitOperation::kXor, BitOperation::kNot,
               BitOperation::kDiff, BitOperation::kDiff1, BitOperation::kAndOr, BitOperation::kOne);
  CAPTURE(static_cast<int>(operation));
  std::mt19937_64 random(static_cast<uint64_t>(operation) + 3);
  for (int i = 0; i < 60; ++i) {
    std::vector<std::string> sources(operation == BitOperation::kNot ? 1 : 1 + random() % 4);
    size_t size = 0;
    for (std::string& source : sources) {
      source = some_bytes(random, i % 10 == 0 ? 9'000 : 40);
      size = std::max(size, source.size());
    }
    std::string result(size + 1, '#');
    combine_bits(operation, std::vector<std::string_view>(sources.begin(), sources.end()), result.data(),
                 size);
    REQUIRE(result.back() == '#');
    for (size_t bit = 0; bit < size * 8; ++bit) {
      std::vector<bool> bits;
      for (const std::string& source : sources)
        bits.push_back(bit_at(source, bit));
      if (bit_at(result, bit) != combined(operation, bits)) FAIL("bit " << bit << " of " << size * 8);
    }
  }
}

}  // namespace sluice
