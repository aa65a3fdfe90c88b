// SPDX-License-Identifier: MIT
#include "engine/digest.h"

#include <cstdio>
#include <cstring>

#include "engine/stamp.h"

namespace sluice {

void Digest::absorb(uint64_t word) {
  for (size_t i = 0; i < ordered_.size(); ++i) {
    ordered_[i] = mix(ordered_[i] ^ mix(word + i)) + i + 1;
  }
}

void Digest::add(uint64_t number) {
  absorb(number);
}

void Digest::add(std::string_view bytes) {
  absorb(bytes.size());
  for (size_t at = 0; at < bytes.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(sizeof(word), bytes.size() - at));
    absorb(word);
  }
}

void Digest::add_unordered(const Digest& part) {
  for (size_t i = 0; i < unordered_.size(); ++i) {
    unordered_[i] += mix(part.ordered_[i] ^ mix(part.unordered_[i] + i));
  }
}

std::string Digest::text() const {
  std::array<uint64_t, 3> sum = ordered_;
  for (size_t i = 0; i < sum.size(); ++i) {
    if (unordered_[i] != 0) sum[i] = mix(sum[i] ^ mix(unordered_[i]));
  }
  char digits[49];
  std::snprintf(digits, sizeof(digits), "%016llx%016llx%016llx", static_cast<unsigned long long>(sum[0]),
                static_cast<unsigned long long>(sum[1]), static_cast<unsigned long long>(sum[2]));
  return std::string(digits, 40);
}

}  // namespace sluice
