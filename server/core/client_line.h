// SPDX-License-Identifier: MIT
//
// What CLIENT LIST, CLIENT INFO and ACL LOG tell of a client.
#pragma once

#include <string>

#include "engine/base/time.h"
#include "server/core/session.h"

namespace sluice::core {

// What it is at the moment, a letter for each: "b" waits, "P" listens ...; "N" nothing of that kind.
std::string client_flags(const Session& session);
// One line without its end. Tools take it apart at the blanks and the first '=' of each part.
std::string client_line(const Session& session, MonoMs now);

}  // namespace sluice::core
