// SPDX-License-Identifier: MIT
//
// A fast keyed hash for tables in memory: 64 bits of which all are good. Never logged and never part of a
// digest, so it may change at any time. Not made to keep a secret, but whoever does not know the seed cannot
// aim for collisions.
//
// The bytes are taken sixteen at a time; two words, each mixed with a secret, are multiplied to 128 bits, and
// the halves folded together.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

uint64_t hash_bytes(std::string_view bytes, uint64_t seed);

}  // namespace sluice
