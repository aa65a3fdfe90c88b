// SPDX-License-Identifier: MIT
#include "server/core/owned_words.h"

namespace sluice::core {

OwnedWords::OwnedWords(Words words) {
  size_t total = 0;
  for (const std::string_view word : words)
    total += word.size();
  bytes_.reserve(total);
  views_.reserve(words.size());
  for (const std::string_view word : words) {
    views_.emplace_back(bytes_.data() + bytes_.size(), word.size());
    bytes_.insert(bytes_.end(), word.begin(), word.end());
  }
}

}  // namespace sluice::core
