// SPDX-License-Identifier: MIT
#include "server/commands/value_condition.h"

#include <xxhash.h>

#include <algorithm>

#include "engine/base/ascii.h"

namespace sluice::commands {
namespace {

constexpr size_t kDigestDigits = 16;

struct Option {
  std::string_view word;
  ValueCondition::Kind kind;
};

constexpr Option kOptions[] = {
    {"IFEQ", ValueCondition::Kind::kEqual},
    {"IFNE", ValueCondition::Kind::kUnlike},
    {"IFDEQ", ValueCondition::Kind::kDigestEqual},
    {"IFDNE", ValueCondition::Kind::kDigestUnlike},
};

bool is_hexadecimal(char byte) {
  return (byte >= '0' && byte <= '9') || (to_lower(byte) >= 'a' && to_lower(byte) <= 'f');
}

}  // namespace

bool ValueCondition::holds(std::string_view value) const {
  switch (kind) {
    case Kind::kNone:
      return true;
    case Kind::kEqual:
      return value == operand;
    case Kind::kUnlike:
      return value != operand;
    case Kind::kDigestEqual:
      return equals_folded(value_digest(value), operand);
    case Kind::kDigestUnlike:
      return !equals_folded(value_digest(value), operand);
  }
  return false;
}

bool accept_value_condition(core::Args& args, ValueCondition& condition) {
  for (const Option& option : kOptions) {
    if (!args.accept(option.word)) continue;
    if (condition.given()) args.fail(Error::kSyntax);
    condition = {option.kind, args.text()};
    return true;
  }
  return false;
}

Result<void> check_digest(core::CommandCall& call, const ValueCondition& condition) {
  const bool by_digest = condition.kind == ValueCondition::Kind::kDigestEqual ||
                         condition.kind == ValueCondition::Kind::kDigestUnlike;
  if (!by_digest) return {};
  const std::string_view text = condition.operand;
  if (text.size() == kDigestDigits && std::all_of(text.begin(), text.end(), is_hexadecimal)) return {};
  return call.fail("ERR must be exactly 16 hexadecimal characters");
}

std::string value_digest(std::string_view value) {
  constexpr char kDigits[] = "0123456789abcdef";
  uint64_t hash = XXH3_64bits(value.data(), value.size());
  std::string text(kDigestDigits, '0');
  for (size_t i = kDigestDigits; i > 0; --i) {
    text[i - 1] = kDigits[hash & 15];
    hash >>= 4;
  }
  return text;
}

}  // namespace sluice::commands
