// SPDX-License-Identifier: MIT
#include "server/commands/stream_reply.h"

#include <algorithm>

namespace sluice::commands {
namespace {

constexpr uint64_t kLineEndBytes = 2;

// "*12\r\n", ":12\r\n", and what stands before the bytes of a bulk.
uint64_t header_bytes(uint64_t number) {
  uint64_t bytes = 1 + 1 + kLineEndBytes;
  for (; number >= 10; number /= 10)
    ++bytes;
  return bytes;
}

uint64_t bulk_bytes(uint64_t size) {
  return header_bytes(size) + size + kLineEndBytes;
}

uint64_t entry_bytes(const Stream::Cursor& cursor) {
  char id[kStreamIdCharsMax];
  StreamFields fields = cursor.fields();
  uint64_t bytes =
      header_bytes(2) + bulk_bytes(format_stream_id(id, cursor.id())) + header_bytes(fields.size() * 2);
  while (fields.next())
    bytes += bulk_bytes(fields.field().size()) + bulk_bytes(fields.value().size());
  return bytes;
}

}  // namespace

void reply_id(protocol::ReplyWriter& reply, StreamId id) {
  char text[kStreamIdCharsMax];
  reply.bulk({text, format_stream_id(text, id)});
}

void reply_entry(protocol::ReplyWriter& reply, const Stream::Cursor& cursor) {
  reply.array(2);
  reply_id(reply, cursor.id());
  StreamFields fields = cursor.fields();
  reply.array(fields.size() * 2);
  while (fields.next()) {
    reply.bulk(fields.field());
    reply.bulk(fields.value());
  }
}

bool ReadBudget::take(const Stream::Cursor& cursor, std::string_view key) {
  if (entries_max_ != 0 && entries_ == entries_max_) return false;
  if (bytes_max_ != 0) {
    uint64_t bytes = entry_bytes(cursor);
    if (!key.empty()) bytes += header_bytes(2) + bulk_bytes(key.size()) + header_bytes(1);
    if (entries_ > 0 && bytes > bytes_max_ - std::min(bytes_, bytes_max_)) return false;
    bytes_ += bytes;
  }
  ++entries_;
  return true;
}

}  // namespace sluice::commands
