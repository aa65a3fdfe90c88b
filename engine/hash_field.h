// SPDX-License-Identifier: MIT
//
// One field of a big hash, in one piece of memory: header, then its name.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

#include "engine/base/allocate.h"
#include "engine/base/timer_heap.h"
#include "engine/string_value.h"

namespace sluice {

class HashField : public Timer {
 public:
  static HashField* create(std::string_view name) {
    CHECK(name.size() <= UINT32_MAX);
    void* memory = allocate(sizeof(HashField) + name.size());
    auto* field = new (memory) HashField(static_cast<uint32_t>(name.size()));
    auto* behind = reinterpret_cast<char*>(field + 1);
    if (!name.empty()) std::memcpy(behind, name.data(), name.size());
    return field;
  }
  // Requires: not armed, unless the heap of timers has gone.
  static void destroy(HashField* field) {
    field->~HashField();
    std::free(field);
  }

  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), name_size_}; }
  size_t bytes() const { return sizeof(HashField) + name_size_ + value.bytes(); }

  StringValue value;

 private:
  explicit HashField(uint32_t name_size) : name_size_(name_size) {}
  ~HashField() = default;
  const uint32_t name_size_;
};

}  // namespace sluice
