// SPDX-License-Identifier: MIT
//
// The names that clients give themselves. CLIENT LIST separates its fields with blanks and its clients with
// line ends, so a name can have neither.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "server/core/command_call.h"

namespace sluice::commands {

inline bool is_client_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

// `what`: "Client names", "lib-name" ...
inline Error fail_client_name(core::CommandCall& call, std::string_view what) {
  return call.fail(
      std::string("ERR ").append(what).append(" cannot contain spaces, newlines or special characters."));
}

}  // namespace sluice::commands
