// SPDX-License-Identifier: MIT
#include "engine/queue/dead_letter.h"

#include "engine/base/number_text.h"
#include "engine/stream.h"
#include "engine/stream_words.h"

namespace sluice {
namespace {

Result<void> add_letter(Stream& stream, const DeadLetter& letter, UnixMs now) {
  const IdWord id(letter.id);
  const NumberWord attempts(static_cast<int64_t>(letter.attempts));
  const NumberWord deliveries(static_cast<int64_t>(letter.deliveries));
  const NumberWord added(letter.added.count);
  const NumberWord first(letter.failed_first.count);
  const NumberWord last(letter.failed_last.count);
  const NumberWord redriven(letter.redriven);
  std::vector<std::string_view> fields = {
      "dlq.source",     letter.source,     "dlq.group",    letter.group,
      "dlq.id",         id.view(),         "dlq.reason",   death_cause_name(letter.cause),
      "dlq.error",      letter.error,      "dlq.attempts", attempts.view(),
      "dlq.deliveries", deliveries.view(), "dlq.added",    added.view(),
      "dlq.first",      first.view(),      "dlq.last",     last.view(),
      "dlq.consumer",   letter.consumer,   "dlq.redriven", redriven.view(),
  };
  fields.insert(fields.end(), letter.fields.begin(), letter.fields.end());
  TRY(const StreamId entry_id, stream.next_id(now));
  TRY_VOID(stream.add(entry_id, fields));
  return {};
}

}  // namespace

DeadLetter DeadLetter::of(const Message& message, std::string_view source, DeathCause cause,
                          std::string_view consumer) {
  DeadLetter letter{.source = source,
                    .id = message.id(),
                    .cause = cause,
                    .error = message.reason(),
                    .attempts = message.attempts,
                    .deliveries = message.deliveries,
                    .added = message.added(),
                    .consumer = consumer,
                    .fields = {"payload", message.payload()}};
  if (!message.has_notes) return letter;
  letter.failed_first = message.notes->failed_first;
  letter.failed_last = message.notes->failed_last;
  letter.redriven = message.notes->redriven;
  return letter;
}

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
