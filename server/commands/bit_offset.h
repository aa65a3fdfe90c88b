// SPDX-License-Identifier: MIT
//
// How commands on bits name one.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/result.h"
#include "server/core/command_call.h"

namespace sluice::commands {

inline Error bad_bit_offset(core::CommandCall& call) {
  return call.fail("ERR bit offset is not an integer or out of range");
}

// The index of a bit that a string may have. With a `width`, "#n" means the n-th field of that many bits.
Result<uint64_t> bit_offset(core::CommandCall& call, std::string_view text, unsigned width = 0);

}  // namespace sluice::commands
