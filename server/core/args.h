// SPDX-License-Identifier: MIT
//
// Reads a request's words from left to right. The first mistake is kept, and later reads give harmless values, so that
// a handler reads everything straight down and asks once. The arity check has already seen the number of words.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "engine/base/result.h"

namespace sluice::core {

class Args {
 public:
  // Begins behind the command's name; `at` skips more (a subcommand's).
  explicit Args(std::span<const std::string_view> words, size_t at = 1) : words_(words), at_(at) {}

  bool more() const { return at_ < words_.size(); }
  size_t left() const { return words_.size() - at_; }
  size_t position() const { return at_; }
  std::span<const std::string_view> rest() const { return words_.subspan(at_); }
  std::string_view peek() const { return more() ? words_[at_] : std::string_view(); }

  // The next word as it is; a missing one is a syntax error.
  std::string_view text() {
    if (more()) return words_[at_++];
    fail(Error::kSyntax);
    return {};
  }
  // Takes the next word if it is `word`, in any case.
  bool accept(std::string_view word) {
    if (!more() || !equals_folded(words_[at_], word)) return false;
    ++at_;
    return true;
  }
  int64_t integer(Error otherwise = Error::kNotInteger) {
    const auto value = parse_i64(text());
    if (!value) fail(otherwise);
    return value.value_or(0);
  }
  // Within [min, max], both included; min after a mistake, so that it can be calculated with all the same.
  int64_t integer_in(int64_t min, int64_t max, Error otherwise = Error::kNotInteger) {
    const int64_t value = integer(otherwise);
    if (value >= min && value <= max) return value;
    fail(otherwise);
    return min;
  }
  void skip(size_t count) { at_ += count; }

  // Keeps the first mistake only.
  void fail(Error error) {
    if (!failed_) error_ = error;
    failed_ = true;
  }
  bool failed() const { return failed_; }
  // The first mistake, if there was one; then a syntax error if words are left over.
  Result<void> done() const {
    if (failed_) return error_;
    if (more()) return Error::kSyntax;
    return {};
  }
  // The first mistake, whatever is left.
  Result<void> good() const {
    if (failed_) return error_;
    return {};
  }

 private:
  std::span<const std::string_view> words_;
  size_t at_;
  bool failed_ = false;
  Error error_ = Error::kSyntax;
};

}  // namespace sluice::core
