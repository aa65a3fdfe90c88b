// SPDX-License-Identifier: MIT
#include "server/commands/lifetime.h"

#include <string>

#include "engine/base/check.h"
#include "engine/base/number_text.h"

namespace sluice::commands {
namespace {

struct Option {
  std::string_view word;
  Lifetime::Kind kind;
};

constexpr Option kOptions[] = {
    {"EX", Lifetime::Kind::kSeconds},
    {"PX", Lifetime::Kind::kMilliseconds},
    {"EXAT", Lifetime::Kind::kUnixSeconds},
    {"PXAT", Lifetime::Kind::kUnixMilliseconds},
};

bool may_follow(Lifetime::Kind before, Lifetime::Kind kind) {
  return before == Lifetime::Kind::kNone || before == kind;
}

}  // namespace

bool accept_lifetime(core::Args& args, std::string_view other, Lifetime& lifetime) {
  if (args.accept(other)) {
    if (!may_follow(lifetime.kind, Lifetime::Kind::kOther)) args.fail(Error::kSyntax);
    lifetime.kind = Lifetime::Kind::kOther;
    return true;
  }
  for (const Option& option : kOptions) {
    if (!args.accept(option.word)) continue;
    if (!may_follow(lifetime.kind, option.kind)) args.fail(Error::kSyntax);
    lifetime = {option.kind, args.text()};
    return true;
  }
  return false;
}

Result<UnixMs> end_of(core::CommandCall& call, const Lifetime& lifetime) {
  DCHECK(lifetime.ends());
  const auto amount = parse_i64(lifetime.amount);
  if (!amount) return Error::kNotInteger;
  using Kind = Lifetime::Kind;
  const bool in_seconds = lifetime.kind == Kind::kSeconds || lifetime.kind == Kind::kUnixSeconds;
  const bool from_now = lifetime.kind == Kind::kSeconds || lifetime.kind == Kind::kMilliseconds;
  int64_t when = 0;
  if (*amount <= 0 || __builtin_mul_overflow(*amount, in_seconds ? 1000 : 1, &when) ||
      __builtin_add_overflow(when, from_now ? call.stamp.now.count : 0, &when)) {
    return call.fail(std::string("ERR invalid expire time in '").append(call.spec.name).append("' command"));
  }
  return UnixMs{when};
}

}  // namespace sluice::commands
