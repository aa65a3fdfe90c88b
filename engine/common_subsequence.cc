// SPDX-License-Identifier: MIT
//
// length(i, j) is the length for the first i bytes of a and the first j of b:
//
//   0                                          if i or j is 0
//   length(i-1, j-1) + 1                       if the bytes a[i-1] and b[j-1] are equal
//   max(length(i-1, j), length(i, j-1))        else
//
// Along a row, from j-1 to j, it grows by one or not at all. A row is kept as these steps, a bit each, and the next row
// is computed 64 of them at a time: let `flat` be the bits where it does not grow, and `equal` those where the row's
// byte of a is found in b; then the next row's are (flat + (flat & equal)) | (flat & ~equal), as one long number.
// (Hyyroe, "Bit-parallel LCS-length computation revisited", 2004.)
//
// The steps are also the way back along the sequence: where two bytes differ, the longer part is length(i-1, j) just
// if the row i grows at j.
#include "engine/common_subsequence.h"

#include <algorithm>
#include <array>
#include <bit>

#include "engine/base/check.h"

namespace sluice {
namespace {

constexpr size_t kWordBits = 64;
using Bits = std::vector<uint64_t>;

// Where in b each byte that occurs in a is found.
class Places {
 public:
  Places(std::string_view a, std::string_view b) : words_((b.size() + kWordBits - 1) / kWordBits) {
    for (const char byte : a)
      of(byte).resize(words_);
    for (size_t j = 0; j < b.size(); ++j) {
      Bits& places = of(b[j]);
      if (!places.empty()) places[j / kWordBits] |= uint64_t{1} << (j % kWordBits);
    }
  }

  size_t words() const { return words_; }
  Bits& of(char byte) { return places_[static_cast<unsigned char>(byte)]; }

 private:
  size_t words_;
  std::array<Bits, 256> places_;
};

// Makes the row of `flat` the next one.
void advance_row(uint64_t* flat, const Bits& equal) {
  bool carry = false;
  for (size_t i = 0; i < equal.size(); ++i) {
    uint64_t sum = 0;
    const bool over = __builtin_add_overflow(flat[i], flat[i] & equal[i], &sum);
    const bool over_again = __builtin_add_overflow(sum, uint64_t{carry}, &sum);
    carry = over || over_again;
    flat[i] = sum | (flat[i] & ~equal[i]);
  }
}

}  // namespace

uint32_t common_subsequence_length(std::string_view a, std::string_view b) {
  CHECK(a.size() < UINT32_MAX && b.size() < UINT32_MAX);
  Places places(a, b);
  Bits flat(places.words(), ~uint64_t{0});
  for (const char byte : a)
    advance_row(flat.data(), places.of(byte));
  // Behind the end of b nothing is equal, and so all is flat.
  uint32_t length = 0;
  for (const uint64_t word : flat)
    length += static_cast<uint32_t>(std::popcount(~word));
  return length;
}

std::vector<CommonRun> longest_common_subsequence(std::string_view a, std::string_view b) {
  CHECK(a.size() < UINT32_MAX && b.size() < UINT32_MAX);
  Places places(a, b);
  const size_t words = places.words();
  Bits flat((a.size() + 1) * words, ~uint64_t{0});  // row 0, row 1 ...
  for (size_t i = 1; i <= a.size(); ++i) {
    const auto before = flat.begin() + static_cast<std::ptrdiff_t>((i - 1) * words);
    std::copy_n(before, words, before + static_cast<std::ptrdiff_t>(words));
    advance_row(flat.data() + i * words, places.of(a[i - 1]));
  }
  const auto grows = [&flat, words](size_t i, size_t j) {
    return (flat[i * words + (j - 1) / kWordBits] >> ((j - 1) % kWordBits) & 1) == 0;
  };

  std::vector<CommonRun> runs;
  bool in_run = false;
  for (size_t i = a.size(), j = b.size(); i > 0 && j > 0;) {
    if (a[i - 1] != b[j - 1]) {
      grows(i, j) ? --i : --j;
      in_run = false;
      continue;
    }
    --i;
    --j;
    if (!in_run) runs.push_back({0, 0, 0});
    in_run = true;
    runs.back() = {static_cast<uint32_t>(i), static_cast<uint32_t>(j), runs.back().size + 1};
  }
  return runs;
}

}  // namespace sluice
