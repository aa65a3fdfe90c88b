// SPDX-License-Identifier: MIT
//
// What a call to the disk gives: a value, or the error number that says why there is none. Apart from Result, because a
// disk's faults are the operating system's to number and never go to a client as they are.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "engine/base/check.h"

namespace sluice {

struct [[nodiscard]] IoError {
  int code = 0;  // as errno; never 0
  // "No space left on device" and the like.
  std::string text() const;
};

// Works with TRY and TRY_VOID of engine/base/result.h.
template <typename T>
class [[nodiscard]] Io {
 public:
  Io(T value) : value_(std::move(value)) {}  // NOLINT: a value is a result, so `return value;` reads as meant
  Io(IoError error) : code_(error.code) {    // NOLINT: likewise
    CHECK(code_ != 0);
  }

  bool ok() const { return value_.has_value(); }
  IoError error() const {
    CHECK(!ok());
    return IoError{code_};
  }
  const T& value() const& {
    CHECK(ok());
    return *value_;
  }
  T& value() & {
    CHECK(ok());
    return *value_;
  }
  T&& value() && {
    CHECK(ok());
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
  int code_ = 0;
};

template <>
class [[nodiscard]] Io<void> {
 public:
  Io() = default;
  Io(IoError error) : code_(error.code) {  // NOLINT: as above
    CHECK(code_ != 0);
  }

  bool ok() const { return code_ == 0; }
  IoError error() const {
    CHECK(!ok());
    return IoError{code_};
  }

 private:
  int code_ = 0;
};

}  // namespace sluice
