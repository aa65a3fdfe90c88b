// SPDX-License-Identifier: MIT
//
// The section "queues" of INFO: how all queues are doing together, and the deepest of them one by one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/core/server.h"

namespace sluice::commands {

// Names and values, in order.
std::vector<std::pair<std::string, std::string>> queue_lines(core::Server& server);

}  // namespace sluice::commands
