// SPDX-License-Identifier: MIT
//
// IDs and numbers as words of the commands that rebuild a stream.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/base/number_text.h"
#include "engine/stream_id.h"

namespace sluice {

class IdWord {
 public:
  explicit IdWord(StreamId id) : size_(format_stream_id(chars_.data(), id)) {}
  std::string_view view() const { return {chars_.data(), size_}; }

 private:
  std::array<char, kStreamIdCharsMax> chars_;
  size_t size_;
};

class NumberWord {
 public:
  explicit NumberWord(int64_t number) : size_(format_i64(chars_.data(), number)) {}
  std::string_view view() const { return {chars_.data(), size_}; }

 private:
  std::array<char, kI64CharsMax> chars_;
  size_t size_;
};

}  // namespace sluice
