// SPDX-License-Identifier: MIT
#include "engine/queue/consumer_names.h"

#include "engine/base/check.h"

namespace sluice {

uint32_t ConsumerNames::hold(std::string_view name) {
  if (name.empty()) return kNone;
  if (const auto found = numbers_.find(name); found != numbers_.end()) {
    hold(found->second);
    return found->second;
  }
  if (free_.empty()) {
    CHECK(names_.size() < UINT32_MAX);
    names_.push_back(nullptr);
    free_.push_back(static_cast<uint32_t>(names_.size()));
  }
  const uint32_t number = free_.back();
  free_.pop_back();
  names_[number - 1] = std::make_unique<Name>(Name{std::string(name), 1});
  numbers_.emplace(names_[number - 1]->text, number);
  return number;
}

void ConsumerNames::release(uint32_t number) {
  if (number == kNone) return;
  Name& name = *names_[number - 1];
  CHECK(name.holders > 0);
  if (--name.holders > 0) return;
  numbers_.erase(name.text);
  names_[number - 1].reset();
  free_.push_back(number);
}

}  // namespace sluice
