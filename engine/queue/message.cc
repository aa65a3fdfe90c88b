// SPDX-License-Identifier: MIT
#include "engine/queue/message.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "engine/base/allocate.h"

namespace sluice {
namespace {

size_t allocation_bytes(size_t payload_bytes) {
  return std::max(sizeof(Message), sizeof(Message) - sizeof(Message::payload_head) + payload_bytes);
}

MessageNotes* create_notes(const MessageNotes& fields, std::string_view reason) {
  auto* notes = new (allocate(sizeof(MessageNotes) + reason.size())) MessageNotes(fields);
  notes->reason_bytes = static_cast<uint32_t>(reason.size());
  if (!reason.empty()) std::memcpy(notes + 1, reason.data(), reason.size());
  return notes;
}

}  // namespace

std::string_view death_cause_name(DeathCause cause) {
  switch (cause) {
    case DeathCause::kMaxAttempts:
      return "maxattempts";
    case DeathCause::kFatal:
      return "fatal";
  }
  CHECK(false);
}

// The head of the payload is left as it is: it is written right after.
Message::Message(StreamId id, std::string_view payload)
    : id_ms(id.ms),
      place(nullptr),
      payload_bytes(static_cast<uint32_t>(payload.size())),
      id_seq(static_cast<uint32_t>(id.seq)) {
  static_assert(sizeof(Message) - sizeof(payload_head) == kPayloadOffset);
}

Message* Message::create(StreamId id, std::string_view payload) {
  CHECK(id.seq <= kMessageIdSeqMax && payload.size() <= UINT32_MAX);
  auto* message = new (allocate(allocation_bytes(payload.size()))) Message(id, payload);
  char* const to = reinterpret_cast<char*>(message) + kPayloadOffset;
  if (!payload.empty()) std::memcpy(to, payload.data(), payload.size());
  return message;
}

void Message::destroy(Message* message) {
  if (message->has_notes) std::free(message->notes);
  std::free(message);
}

UnixMs Message::added() const {
  if (has_notes) return notes->added;
  // An ID is given when a message is added, or later than it was pushed; `since` is when it was pushed, or later than
  // it was added.
  return std::min(since, UnixMs{static_cast<int64_t>(id_ms)});
}

MessageNotes& Message::note(std::optional<std::string_view> reason) {
  if (has_notes && !reason) return *notes;
  const std::string_view kept = reason.value_or(std::string_view()).substr(0, kReasonBytesMax);
  if (has_notes && notes->reason_bytes == kept.size()) {
    if (!kept.empty()) std::memcpy(notes + 1, kept.data(), kept.size());
    return *notes;
  }
  MessageNotes* const replaced = has_notes ? notes : nullptr;
  const MessageNotes fields = has_notes ? *notes : MessageNotes{place, added(), UnixMs{0}, UnixMs{0}, 0, 0};
  notes = create_notes(fields, kept);
  has_notes = true;
  std::free(replaced);
  return *notes;
}

size_t Message::bytes() const {
  const size_t noted = has_notes ? sizeof(MessageNotes) + notes->reason_bytes : 0;
  return allocation_bytes(payload_bytes) + noted;
}

}  // namespace sluice
