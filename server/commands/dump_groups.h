// SPDX-License-Identifier: MIT
//
// The consumer groups of a stream in the payload of DUMP:
//
//   [groups][group...]
//
//   a group     name, last ID, [since 2: entries read], number of pending entries, each: ID (16 bytes, big-endian),
//               time of delivery (u64), deliveries; number of consumers, each a consumer
//   a consumer  name, time when it was seen (u64), [since 3: time when it was active (u64)], number of its pending
//               entries, each: ID (16 bytes)
//
// Redis 7.0 knows no pending entry without a consumer. Those that are nobody's go out as a nameless consumer's, which
// has held them since 1970: so nothing is lost, and whoever claims gets them first.
#pragma once

#include "engine/stream.h"
#include "protocol/rdb.h"

namespace sluice::commands {

void append_stream_groups(const Stream& stream, protocol::RdbWriter& writer);
// False: something does not fit.
bool restore_stream_groups(protocol::RdbReader& reader, int version, Stream& stream);

// An ID as it stands in a payload where it is not a pair of lengths.
void append_id_bytes(protocol::RdbWriter& writer, StreamId id);
StreamId read_id_bytes(std::string_view bytes);
inline constexpr size_t kIdBytes = 16;

}  // namespace sluice::commands
