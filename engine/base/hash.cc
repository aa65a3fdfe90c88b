// SPDX-License-Identifier: MIT
#include "engine/base/hash.h"

#include <cstddef>
#include <cstring>

namespace sluice {
namespace {

// Odd, with about half of the bits set, and unrelated: the fractions of square roots of primes.
constexpr uint64_t kFirst = 0x6a09e667f3bcc909u;
constexpr uint64_t kSecond = 0xbb67ae8584caa73bu;
constexpr uint64_t kThird = 0x3c6ef372fe94f82bu;

using Product = unsigned __int128;

uint64_t fold(uint64_t a, uint64_t b) {
  const Product product = static_cast<Product>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t word(const char* at) {
  uint64_t value = 0;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

uint64_t half_word(const char* at) {
  uint32_t value = 0;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

}  // namespace

uint64_t hash_bytes(std::string_view bytes, uint64_t seed) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  // The length goes in first: what follows reads the last words with an overlap.
  uint64_t state = fold(seed ^ kFirst, (bytes.size() * kThird) ^ kSecond);
  for (; left > 16; left -= 16, at += 16) {
    state = fold(word(at) ^ seed ^ kSecond, word(at + 8) ^ state);
  }
  uint64_t low = 0;
  uint64_t high = 0;
  if (left >= 8) {
    low = word(at);
    high = word(at + left - 8);
  } else if (left >= 4) {
    low = half_word(at);
    high = half_word(at + left - 4);
  } else if (left > 0) {
    low = static_cast<uint64_t>(static_cast<unsigned char>(at[0])) << 16 |
          static_cast<uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8 |
          static_cast<unsigned char>(at[left - 1]);
  }
  state = fold(low ^ seed ^ kSecond, high ^ state);
  return fold(state ^ kThird, seed ^ kFirst ^ (state << 32 | state >> 32));
}

}  // namespace sluice
