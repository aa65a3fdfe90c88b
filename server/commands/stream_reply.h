// SPDX-License-Identifier: MIT
//
// Stream entries as replies, and how much of them one reply may hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/stream.h"
#include "protocol/reply_writer.h"

namespace sluice::commands {

void reply_id(protocol::ReplyWriter& reply, StreamId id);
// [id, [field, value, ...]].
void reply_entry(protocol::ReplyWriter& reply, const Stream::Cursor& cursor);
// [id, null]: an entry that was deleted.
void reply_deleted_entry(protocol::ReplyWriter& reply, StreamId id);
// [id, [field, value, ...], idle, deliveries].
void reply_claimed_entry(protocol::ReplyWriter& reply, const Stream::Cursor& cursor, int64_t idle,
                         uint64_t deliveries);

// MAXCOUNT and MAXSIZE: what a read may give over all its streams. Bytes are counted as RESP2, whatever the
// client speaks, so that the same command gives the same entries to everyone, and again from the log.
class ReadBudget {
 public:
  // 0 is no limit.
  ReadBudget(uint64_t entries_max, uint64_t bytes_max) : entries_max_(entries_max), bytes_max_(bytes_max) {}

  // Whether the entry may be part of the reply; it is counted then. The first one always may: a reader must get on.
  // After one that may not, none may: a smaller one behind it does not overtake it. `key` is given with the first entry
  // of each stream, and counts with it.
  bool take(const Stream::Cursor& cursor, std::optional<std::string_view> key = {});
  // The same for an entry that is replied with its idle time and deliveries.
  bool take_claimed(const Stream::Cursor& cursor, int64_t idle, uint64_t deliveries,
                    std::optional<std::string_view> key = {});
  // The same for an entry that was deleted.
  bool take_deleted(StreamId id, std::optional<std::string_view> key = {});
  // Whether not even a small entry may follow. A stream without entries is named only before.
  bool spent() const;

 private:
  bool take_bytes(uint64_t bytes, std::optional<std::string_view> key);

  uint64_t entries_max_;
  uint64_t bytes_max_;
  uint64_t entries_ = 0;
  uint64_t bytes_ = 0;
  bool spent_ = false;
};

}  // namespace sluice::commands
