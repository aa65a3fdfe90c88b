// SPDX-License-Identifier: MIT
//
// The configuration file as CONFIG REWRITE leaves it.
#pragma once

#include <optional>
#include <string>

namespace sluice::core {
class Server;
}

namespace sluice::commands {

// Writes the settings of now into the file; `with_defaults`, also those that nobody has set. The error for a client, or
// nothing.
std::optional<std::string> rewrite_config(core::Server& server, bool with_defaults);

}  // namespace sluice::commands
