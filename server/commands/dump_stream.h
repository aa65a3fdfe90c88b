// SPDX-License-Identifier: MIT
//
// A stream as the payload of DUMP:
//
//   [nodes][node...][length][last ID][since 2: first ID, greatest deleted ID, entries added][groups][group...]
//
//   a node      a text of 16 bytes, the ID of its first entry, big-endian; a text that is a listpack:
//                 master    entries, deleted ones, number of fields, fields, 0
//                 entry     flags, ms and seq relative to the node's, [number of fields], fields and values,
//                           number of elements of the entry
//               with the master's fields (flag 2) it has only values; a deleted one (flag 1) is stepped over
//   IDs, counts: lengths; groups: dump_groups.h
//
// What idempotent producers have sent is not in it: Redis 7.0 has no place for that.
#pragma once

#include <optional>

#include "engine/base/byte_buffer.h"
#include "engine/stream.h"
#include "protocol/rdb.h"
#include "server/commands/dump_payload.h"

namespace sluice::commands {

void append_stream(const Stream& stream, ByteBuffer& out);
// `version` is that of the payload's type: 1 to 3.
std::optional<RestoredValue> restored_stream(protocol::RdbReader& reader, int version);

}  // namespace sluice::commands
