// SPDX-License-Identifier: MIT
//
// A fingerprint of logged state. Two engines with the same digest hold the same state, whatever their memory layout,
// hash seeds and page boundaries. Made for tests and DEBUG DIGEST: strong against accidents, not against attackers.
//
// add() depends on order; add_unordered() does not, for what lies in hash order: each part is digested on its own and
// the parts are summed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

class Digest {
 public:
  void add(std::string_view bytes);  // the length is part of it: ("a","bc") differs from ("ab","c")
  void add(uint64_t number);
  void add_unordered(const Digest& part);

  // 40 hexadecimal digits; all zeros if nothing was added.
  std::string text() const;
  friend bool operator==(const Digest&, const Digest&) = default;

 private:
  void absorb(uint64_t word);

  std::array<uint64_t, 3> ordered_{};
  std::array<uint64_t, 3> unordered_{};
};

}  // namespace sluice
