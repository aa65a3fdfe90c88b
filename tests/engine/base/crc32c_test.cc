// SPDX-License-Identifier: MIT
#include "engine/base/crc32c.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace sluice;

TEST_CASE("the checksum is CRC-32C and no other CRC", "[crc32c]") {
  // The check value of the algorithm, and three of the examples in RFC 3720, B.4.
  std::string ascending;
  for (int i = 0; i < 32; ++i)
    ascending += static_cast<char>(i);
  for (const auto crc : {crc32c_by_table, crc32c}) {
    REQUIRE(crc("", 0) == 0);
    REQUIRE(crc("123456789", 0) == 0xe3069283u);
    REQUIRE(crc(std::string(32, '\0'), 0) == 0x8a9136aau);
    REQUIRE(crc(std::string(32, '\xff'), 0) == 0x62a8ab43u);
    REQUIRE(crc(ascending, 0) == 0x46dd794eu);
  }
}

TEST_CASE("instruction and table agree for every length, alignment and cut", "[crc32c]") {
  const uint64_t seed = GENERATE(1u, 2u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  std::string bytes;
  while (bytes.size() < 300)
    bytes += static_cast<char>(random());
  for (size_t begin = 0; begin < 9; ++begin) {
    for (size_t size = 0; size <= 100; ++size) {
      const std::string_view part = std::string_view(bytes).substr(begin, size);
      const size_t cut = size == 0 ? 0 : random() % size;
      REQUIRE(crc32c(part) == crc32c_by_table(part));
      REQUIRE(crc32c(part.substr(cut), crc32c(part.substr(0, cut))) == crc32c(part));
      REQUIRE(crc32c_by_table(part.substr(cut), crc32c_by_table(part.substr(0, cut))) == crc32c(part));
    }
  }
}

TEST_CASE("every flipped bit changes the checksum", "[crc32c]") {
  std::string bytes = "#sluice 1 sequence 42 a line of the log";
  const uint32_t whole = crc32c(bytes);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    REQUIRE(crc32c(bytes) != whole);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  }
}
