// SPDX-License-Identifier: MIT
//
// Which forms hashes, sets and sorted sets take: until when a small one is packed, and what the tables of big ones
// hash with; and how large pages of streams are. It decides how much memory they need, what OBJECT ENCODING says, the
// order in which they are walked, and how coarsely streams are trimmed; nothing that is logged. A change touches no
// collection before it grows again.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/stream_page.h"

namespace sluice {

struct CollectionForms {
  uint64_t hash_seed = 0;

  size_t hash_fields_max = 512;  // of a packed hash
  size_t hash_bytes_max = 64;    // of a name or a value in it
  size_t set_integers_max = 512;
  size_t set_members_max = 128;
  size_t set_bytes_max = 64;
  size_t sorted_set_members_max = 128;
  size_t sorted_set_bytes_max = 64;

  StreamPageLimits stream_pages = {};
};

}  // namespace sluice
