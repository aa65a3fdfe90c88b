// SPDX-License-Identifier: MIT
//
// DEBUG RELOAD and DEBUG LOADAOF: the state is written down as a rewrite of the log writes it, forgotten, and read back
// as a start reads it. Clients stay; for those who watch keys it is a flush. A tool for tests: everybody waits for it.
#pragma once

#include <string>

namespace sluice::core {

class Server;

// What went wrong, or nothing. Requires: no rewrite is walking the keys. CHECKs that the state is the same afterwards.
std::string reload(Server& server);

}  // namespace sluice::core
