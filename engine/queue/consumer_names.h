// SPDX-License-Identifier: MIT
//
// Names of those who reserve, each kept once while a message or a queue names it: a message holds four bytes instead of
// the text. The numbers are not state: they are never logged, and differ after a restart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice {

// Longer ones are refused where they come in.
inline constexpr size_t kConsumerBytesMax = 1024;

class ConsumerNames {
 public:
  // The empty name, which needs no keeping.
  static constexpr uint32_t kNone = 0;

  // The number of `name`, held once more; give it back with release().
  uint32_t hold(std::string_view name);
  void hold(uint32_t number) {
    if (number != kNone) ++names_[number - 1]->holders;
  }
  void release(uint32_t number);
  std::string_view text(uint32_t number) const {
    return number == kNone ? std::string_view() : std::string_view(names_[number - 1]->text);
  }
  // Distinct names held.
  size_t size() const { return numbers_.size(); }

 private:
  struct Name {
    std::string text;
    uint64_t holders;
  };

  std::vector<std::unique_ptr<Name>> names_;  // number n at n - 1
  std::vector<uint32_t> free_;
  std::unordered_map<std::string_view, uint32_t> numbers_;  // keys lie in names_
};

}  // namespace sluice
