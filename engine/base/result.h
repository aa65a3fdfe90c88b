// SPDX-License-Identifier: MIT
//
// A value, or the Error that says why there is none. Cannot be dropped in silence; read a value only after ok().
#pragma once

#include <optional>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/error.h"

namespace sluice {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : value_(std::move(value)) {}       // NOLINT: a value is a result, so `return value;` reads as meant
  Result(Error error) : error_(error) {}  // NOLINT: likewise

  bool ok() const { return value_.has_value(); }
  Error error() const {
    CHECK(!ok());
    return error_;
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
  Error error_ = Error::kReplied;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : failed_(true), error_(error) {}  // NOLINT: as above

  bool ok() const { return !failed_; }
  Error error() const {
    CHECK(failed_);
    return error_;
  }

 private:
  bool failed_ = false;
  Error error_ = Error::kReplied;
};

}  // namespace sluice

#define SLUICE_JOIN_(a, b) a##b
#define SLUICE_JOIN(a, b) SLUICE_JOIN_(a, b)

// TRY(const uint64_t n, count(words)) declares n, or returns the error from the calling function.
#define TRY(declaration, expression)                  \
  auto SLUICE_JOIN(try_, __LINE__) = (expression);    \
  if (!SLUICE_JOIN(try_, __LINE__).ok()) [[unlikely]] \
    return SLUICE_JOIN(try_, __LINE__).error();       \
  declaration = std::move(SLUICE_JOIN(try_, __LINE__)).value()

// The same for an expression without a value.
#define TRY_VOID(expression)                                       \
  if (auto try_void_ = (expression); !try_void_.ok()) [[unlikely]] \
  return try_void_.error()
