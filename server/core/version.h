// SPDX-License-Identifier: MIT
//
// Who the server says it is. Clients gate features on the Redis version, so it names the release whose commands and
// replies are ours.
#pragma once

#include <string_view>

namespace sluice::core {

inline constexpr std::string_view kServerName = "sluice";
inline constexpr std::string_view kVersion = "0.1.0";
inline constexpr std::string_view kRedisVersion = "7.4.0";

}  // namespace sluice::core
