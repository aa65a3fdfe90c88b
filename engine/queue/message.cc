// SPDX-License-Identifier: MIT
#include "engine/queue/message.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "engine/base/allocate.h"

namespace sluice {
namespace {

// Behind the payload, each part only if it is there, in host byte order and unaligned:
//
//   size  field
//      8  when the lifetime ends
//      4  group
//      8  when the token's window ends
//      2  size of the token; the top bit: until start
//      *  the token
constexpr uint16_t kUntilStart = 1u << 15;
static_assert(kDedupeBytesMax < kUntilStart);

template <typename T>
char* put(char* to, T value) {
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

template <typename T>
T take(const char*& from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  from += sizeof value;
  return value;
}

size_t bytes_of(const MessageTraits& traits) {
  size_t bytes = 0;
  if (traits.expires) bytes += sizeof(int64_t);
  if (traits.group) bytes += sizeof(uint32_t);
  if (!traits.token.empty()) bytes += sizeof(int64_t) + sizeof(uint16_t) + traits.token.size();
  return bytes;
}

size_t allocation_bytes(size_t payload_bytes, size_t traits_bytes) {
  return std::max(sizeof(Message),
                  sizeof(Message) - sizeof(Message::payload_head) + payload_bytes + traits_bytes);
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
    case DeathCause::kExpired:
      return "expired";
    case DeathCause::kOverflow:
      return "overflow";
  }
  CHECK(false);
}

std::optional<DeathCause> parse_death_cause(std::string_view text) {
  for (const DeathCause cause :
       {DeathCause::kMaxAttempts, DeathCause::kFatal, DeathCause::kExpired, DeathCause::kOverflow}) {
    if (text == death_cause_name(cause)) return cause;
  }
  return std::nullopt;
}

// The head of the payload is left as it is: it is written right after.
Message::Message(StreamId id, std::string_view payload)
    : id_ms(id.ms),
      place(nullptr),
      payload_bytes(static_cast<uint32_t>(payload.size())),
      id_seq(static_cast<uint32_t>(id.seq)) {
  static_assert(sizeof(Message) - sizeof(payload_head) == kPayloadOffset);
}

Message* Message::create(StreamId id, std::string_view payload, const MessageTraits& traits) {
  CHECK(id.seq <= kMessageIdSeqMax && payload.size() <= UINT32_MAX && traits.token.size() <= kDedupeBytesMax);
  auto* message = new (allocate(allocation_bytes(payload.size(), bytes_of(traits)))) Message(id, payload);
  char* to = reinterpret_cast<char*>(message) + kPayloadOffset;
  if (!payload.empty()) std::memcpy(to, payload.data(), payload.size());
  to += payload.size();
  message->has_expiry = traits.expires.has_value();
  message->has_group = traits.group.has_value();
  message->has_token = !traits.token.empty();
  if (traits.expires) to = put(to, traits.expires->count);
  if (traits.group) to = put(to, *traits.group);
  if (traits.token.empty()) return message;
  to = put(to, traits.token_until.count);
  const auto size = static_cast<uint16_t>(traits.token.size());
  to = put(to, traits.token_until_start ? static_cast<uint16_t>(size | kUntilStart) : size);
  std::memcpy(to, traits.token.data(), traits.token.size());
  return message;
}

MessageTraits Message::traits() const {
  MessageTraits traits;
  const char* from = traits_begin();
  if (has_expiry) traits.expires = UnixMs{take<int64_t>(from)};
  if (has_group) traits.group = take<uint32_t>(from);
  if (!has_token) return traits;
  traits.token_until = UnixMs{take<int64_t>(from)};
  const auto size = take<uint16_t>(from);
  traits.token_until_start = (size & kUntilStart) != 0;
  traits.token = {from, static_cast<size_t>(size & ~kUntilStart)};
  return traits;
}

size_t Message::traits_bytes() const {
  return has_expiry || has_group || has_token ? bytes_of(traits()) : 0;
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
  return allocation_bytes(payload_bytes, traits_bytes()) + noted;
}

}  // namespace sluice
