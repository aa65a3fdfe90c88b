// SPDX-License-Identifier: MIT
//
// What a table needs from a hash: no collisions among keys as people write them, and every bit as good as another.
#include "engine/base/hash.h"

#include <bit>
#include <cstddef>
#include <string>
#include <unordered_set>

#include <catch2/catch.hpp>

namespace sluice {

TEST_CASE("numbered keys and keys of one letter each have a hash of their own", "[hash]") {
  std::unordered_set<uint64_t> hashes;
  size_t keys = 0;
  for (int i = 0; i < 200'000; ++i) {
    hashes.insert(hash_bytes("queue:" + std::to_string(i), 1));
    ++keys;
  }
  for (size_t size = 0; size < 200; ++size) {
    hashes.insert(hash_bytes(std::string(size, '\0'), 1));
    hashes.insert(hash_bytes(std::string(size + 1, 'x'), 1));
    keys += 2;
  }
  REQUIRE(hashes.size() == keys);
}

TEST_CASE("a changed bit of the key, or of the seed, changes each bit of the hash half the time", "[hash]") {
  for (const size_t size : {1, 3, 4, 7, 8, 12, 16, 17, 24, 40}) {
    INFO("size " << size);
    size_t changed[64] = {};
    size_t trials = 0;
    for (uint64_t seed = 0; seed < 200; ++seed) {
      std::string key(size, static_cast<char>(seed));
      const uint64_t before = hash_bytes(key, seed);
      for (size_t bit = 0; bit < size * 8 + 64; ++bit) {
        uint64_t other_seed = seed;
        if (bit < 64) {
          other_seed ^= uint64_t{1} << bit;
        } else {
          key[(bit - 64) / 8] = static_cast<char>(key[(bit - 64) / 8] ^ 1 << bit % 8);
        }
        const uint64_t difference = before ^ hash_bytes(key, other_seed);
        if (bit >= 64) key[(bit - 64) / 8] = static_cast<char>(key[(bit - 64) / 8] ^ 1 << bit % 8);
        for (size_t i = 0; i < 64; ++i) {
          changed[i] += difference >> i & 1;
        }
        ++trials;
      }
    }
    for (const size_t count : changed) {
      REQUIRE(count > trials * 47 / 100);
      REQUIRE(count < trials * 53 / 100);
    }
  }
}

}  // namespace sluice
