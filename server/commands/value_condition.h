// SPDX-License-Identifier: MIT
//
// Conditions on what a string holds now, as SET and DELEX take them: equal to a value or not, by the value itself or by
// its digest, which is sixteen hexadecimal digits of XXH3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "server/core/args.h"
#include "server/core/command_call.h"

namespace sluice::commands {

struct ValueCondition {
  enum class Kind : uint8_t { kNone, kEqual, kUnlike, kDigestEqual, kDigestUnlike };
  Kind kind = Kind::kNone;
  std::string_view operand = {};

  bool given() const { return kind != Kind::kNone; }
  // Whether a key that does not exist is as wanted.
  bool holds_without_key() const { return kind != Kind::kEqual && kind != Kind::kDigestEqual; }
  bool holds(std::string_view value) const;
};

// Takes IFEQ, IFNE, IFDEQ or IFDNE and its operand if that comes next in `args`, which keeps a fault: there may be one
// such condition only. False: something else comes next.
bool accept_value_condition(core::Args& args, ValueCondition& condition);
// An error if the operand can be no digest, but has to be one.
Result<void> check_digest(core::CommandCall& call, const ValueCondition& condition);

// Sixteen hexadecimal digits, in lower case.
std::string value_digest(std::string_view value);

}  // namespace sluice::commands
