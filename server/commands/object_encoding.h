// SPDX-License-Identifier: MIT
//
// How values are kept, in Redis's words, because tools know them; that a list is a queue is ours to say.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/entry.h"

namespace sluice::commands {

// "embstr", "listpack", "skiplist" ...
std::string_view encoding_of(const Entry& entry);
// How many keys share the value: as Redis, small integers are said to be shared.
int64_t references_to(const Entry& entry);

}  // namespace sluice::commands
