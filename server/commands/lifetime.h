// SPDX-License-Identifier: MIT
//
// The options by which a command says until when a key lasts: EX, PX, EXAT and PXAT, and one more that stands in their
// place, KEEPTTL or PERSIST. One of the same kind again replaces what it said before; two kinds are a syntax error.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "server/core/args.h"
#include "server/core/command_call.h"

namespace sluice::commands {

struct Lifetime {
  enum class Kind : uint8_t { kNone, kSeconds, kMilliseconds, kUnixSeconds, kUnixMilliseconds, kOther };
  Kind kind = Kind::kNone;
  std::string_view amount = {};  // as sent

  // The key is to end at a time.
  bool ends() const { return kind != Kind::kNone && kind != Kind::kOther; }
  // The option in place of a time was given.
  bool other() const { return kind == Kind::kOther; }
};

// Takes the option that comes next in `args` if it is one of a lifetime; `other` is the one in place of a time. A fault
// is kept by `args`. False: it is no such option.
bool accept_lifetime(core::Args& args, std::string_view other, Lifetime& lifetime);

// The time at which the key ends, which may have passed. Requires: lifetime.ends().
Result<UnixMs> end_of(core::CommandCall& call, const Lifetime& lifetime);

}  // namespace sluice::commands
