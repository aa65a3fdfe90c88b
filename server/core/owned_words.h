// SPDX-License-Identifier: MIT
//
// The words of a request kept beyond the read buffer that they came in: of a blocked client, of a queued transaction.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::core {

using Words = std::span<const std::string_view>;

class OwnedWords {
 public:
  OwnedWords() = default;
  explicit OwnedWords(Words words);
  OwnedWords(OwnedWords&&) noexcept = default;
  OwnedWords& operator=(OwnedWords&&) noexcept = default;
  OwnedWords(const OwnedWords&) = delete;
  OwnedWords& operator=(const OwnedWords&) = delete;

  Words words() const { return views_; }
  size_t bytes() const { return bytes_.capacity() + views_.capacity() * sizeof(std::string_view); }

 private:
  std::vector<char> bytes_;  // a vector, not a string: moving it must not move the bytes
  std::vector<std::string_view> views_;
};

}  // namespace sluice::core
