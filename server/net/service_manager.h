// SPDX-License-Identifier: MIT
//
// Tells systemd, over the socket that it names in the environment, when the server is ready and when it ends.
#pragma once

#include <string_view>

#include "server/core/settings.h"

namespace sluice::net {

// Whether a manager waits to be told, and the setting allows it. "systemd" or "no".
std::string_view supervised_by(core::Supervised setting);

// Lines of "NAME=value", as sd_notify(3) documents them. Nobody listening is no error.
void notify_manager(std::string_view lines);

}  // namespace sluice::net
