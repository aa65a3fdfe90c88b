// SPDX-License-Identifier: MIT
#include "engine/queue/dead_letter.h"

#include <array>

#include "engine/base/number_text.h"
#include "engine/stream.h"

namespace sluice {
namespace {

// A number, and the memory of its text.
class NumberText {
 public:
  explicit NumberText(int64_t number) : size_(format_i64(text_, number)) {}
  std::string_view view() const { return {text_, size_}; }

 private:
  char text_[kI64CharsMax];
  size_t size_;
};

Result<void> add_letter(Stream& stream, const DeadLetter& letter, UnixMs now) {
  const Message& message = letter.message;
  char id_text[kStreamIdCharsMax];
  const std::string_view id(id_text, format_stream_id(id_text, message.id()));
  const NumberText attempts(message.attempts);
  const NumberText deliveries(message.deliveries);
  const NumberText added(message.added().count);
  const NumberText first(message.has_notes ? message.notes->failed_first.count : 0);
  const NumberText last(message.has_notes ? message.notes->failed_last.count : 0);
  const NumberText redriven(message.has_notes ? message.notes->redriven : 0);
  const std::array<std::string_view, 26> fields = {
      "dlq.source",     letter.source,
      "dlq.group",      "",
      "dlq.id",         id,
      "dlq.reason",     death_cause_name(letter.cause),
      "dlq.error",      message.reason(),
      "dlq.attempts",   attempts.view(),
      "dlq.deliveries", deliveries.view(),
      "dlq.added",      added.view(),
      "dlq.first",      first.view(),
      "dlq.last",       last.view(),
      "dlq.consumer",   letter.consumer,
      "dlq.redriven",   redriven.view(),
      "payload",        message.payload(),
  };
  TRY(const StreamId entry_id, stream.next_id(now));
  TRY_VOID(stream.add(entry_id, fields));
  return {};
}

}  // namespace

bool write_dead_letter(Keyspace& keyspace, int db, std::string_view key, const DeadLetter& letter,
                       uint64_t length_max, UnixMs now) {
  Entry* entry = keyspace.find_for_write(db, key);
  if (entry != nullptr && entry->type() != ValueType::kStream) return false;
  const bool is_new = entry == nullptr;
  if (is_new) entry = &keyspace.insert_stream(db, key);
  if (!add_letter(entry->stream(), letter, now).ok()) {
    if (is_new) keyspace.erase(*entry);
    return false;
  }
  if (length_max > 0) entry->stream().trim({.kind = StreamTrim::Kind::kLength, .length_max = length_max});
  return true;
}

}  // namespace sluice
