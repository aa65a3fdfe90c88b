// SPDX-License-Identifier: MIT
#include "server/commands/stream_reply.h"

#include <algorithm>

namespace sluice::commands {
namespace {

constexpr uint64_t kLineEndBytes = 2;
constexpr uint64_t kNullBytes = 5;  // "*-1\r\n"

// "*12\r\n", ":12\r\n", and what stands before the bytes of a bulk.
uint64_t header_bytes(uint64_t number) {
  uint64_t bytes = 1 + 1 + kLineEndBytes;
  for (; number >= 10; number /= 10)
    ++bytes;
  return bytes;
}

uint64_t integer_bytes(int64_t number) {
  return number < 0 ? 1 + header_bytes(0 - static_cast<uint64_t>(number))
                    : header_bytes(static_cast<uint64_t>(number));
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

namespace {

void reply_parts(protocol::ReplyWriter& reply, const Stream::Cursor& cursor) {
  reply_id(reply, cursor.id());
  StreamFields fields = cursor.fields();
  reply.array(fields.size() * 2);
  while (fields.next()) {
    reply.bulk(fields.field());
    reply.bulk(fields.value());
  }
}

}  // namespace

void reply_entry(protocol::ReplyWriter& reply, const Stream::Cursor& cursor) {
  reply.array(2);
  reply_parts(reply, cursor);
}

void reply_deleted_entry(protocol::ReplyWriter& reply, StreamId id) {
  reply.array(2);
  reply_id(reply, id);
  reply.null_array();
}

void reply_claimed_entry(protocol::ReplyWriter& reply, const Stream::Cursor& cursor, int64_t idle,
                         uint64_t deliveries) {
  reply.array(4);
  reply_parts(reply, cursor);
  reply.integer(idle);
  reply.unsigned_integer(deliveries);
}

bool ReadBudget::take(const Stream::Cursor& cursor, std::optional<std::string_view> key) {
  return take_bytes(bytes_max_ == 0 ? 0 : entry_bytes(cursor), key);
}

bool ReadBudget::take_claimed(const Stream::Cursor& cursor, int64_t idle, uint64_t deliveries,
                              std::optional<std::string_view> key) {
  if (bytes_max_ == 0) return take_bytes(0, key);
  return take_bytes(entry_bytes(cursor) + integer_bytes(idle) + header_bytes(deliveries), key);
}

bool ReadBudget::take_deleted(StreamId id, std::optional<std::string_view> key) {
  char text[kStreamIdCharsMax];
  return take_bytes(header_bytes(2) + bulk_bytes(format_stream_id(text, id)) + kNullBytes, key);
}

bool ReadBudget::take_bytes(uint64_t bytes, std::optional<std::string_view> key) {
  if (key && bytes_max_ != 0) bytes += header_bytes(2) + bulk_bytes(key->size()) + header_bytes(1);
  const bool too_many = entries_max_ != 0 && entries_ == entries_max_;
  const bool too_large = bytes_max_ != 0 && entries_ > 0 && bytes > bytes_max_ - std::min(bytes_, bytes_max_);
  spent_ = spent_ || too_many || too_large;
  if (spent_) return false;
  bytes_ += bytes;
  ++entries_;
  return true;
}

bool ReadBudget::spent() const {
  return spent_ || (entries_max_ != 0 && entries_ == entries_max_) ||
         (bytes_max_ != 0 && bytes_ >= bytes_max_);
}

}  // namespace sluice::commands
