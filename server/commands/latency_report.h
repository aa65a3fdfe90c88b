// SPDX-License-Identifier: MIT
//
// What LATENCY GRAPH and LATENCY DOCTOR tell a person, as text.
#pragma once

#include <string>

#include "server/core/latency_monitor.h"
#include "server/core/server.h"

namespace sluice::commands {

// Columns of bars, the newest at the right, with the age of each below. Requires: there are samples.
std::string latency_graph(core::LatencyEvent event, const core::LatencyMonitor::History& history, UnixMs now);

std::string latency_advice(const core::Server& server);

}  // namespace sluice::commands
