// SPDX-License-Identifier: MIT
//
// A message that has an ID, and the four states in which a queue can hold it. It is in exactly one.
//
//                       reserve                ack
//        ┌──► ready ───────────────► leased ─────────► (gone)
//    due │      ▲                      │
//        │      │ back to the head,    │ failed, or the lease ran out
//        │      │ or no delay          ▼
//        └── delayed ◄─────────────────┴──────► dead letter, or discarded
//
//   #   from           to        by             effect
//   1   (new)          ready     push, add      at the tail
//   2   (new)          delayed   add            due = when it becomes ready
//   3   delayed        ready     tick           at the tail; since = due
//   4   ready          leased    reserve        deliveries + 1; open; deadline = when the lease ends
//   5   any            (gone)    ack            if the handle is current and the delivery open
//   7   any            leased    extend         likewise; a new deadline, no new delivery
//   8   leased         delayed   fail           attempts + 1, closed; ready at once if there is no delay
//   9   leased         dead      fail           attempts + 1 reaches the policy's limit
//  10   leased         ready     silent         closed; at the head, since as it was; delayed if asked
//  11   leased         dead      fatal
//  12   leased         as 8, 9   tick           the deadline is reached; the delivery stays open. The same at once if
//                                               the lease was tied to a connection that has ended
//  13   ready, delayed dead      tick           its lifetime is over; leased ones are asked when they come back
//  14   ready          dead      push           the queue is full and drops the oldest of the lowest lane
//  15   any            (gone)    delete
//  16   ready          (gone)    pop, ...       taken by a list command
//  18   any            (gone)    the key ends
//  19   leased         leased    restart        the deadline is put off
//
//   #   from           to        by             effect
//  G1   (new)          parked    add            its group has a message before it that is not finished
//  G2   parked         ready     the one before at the tail; delayed if its time has not come
//                                is finished
//
// The numbers are those of queue-extension.md section 7. A dead message whose dead-letter stream cannot take it is
// *dying*: delayed, closed, tried again each minute, never handed out. The elements that LPUSH and RPUSH add have no
// message until they are first reserved (row 4): they lie in the lane as plain bytes.
//
// Invariants (Queue::check_invariants):
//  * ready: in its lane.  delayed: armed among the due.  leased: armed among the endings.  parked: in its group.
//  * ready or parked with a lifetime: armed among the lifetimes.
//  * leased implies open and deliveries >= 1; dying implies delayed and not open.
//  * deliveries and ID never change downwards; attempts <= deliveries, but for what was lapsed and taken back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/time.h"
#include "engine/base/timer_heap.h"
#include "engine/list.h"
#include "engine/queue/handle.h"

namespace sluice {

enum class MessageState : uint8_t { kReady, kDelayed, kLeased, kParked };

// Why a message is dead. The order is part of restore records.
enum class DeathCause : uint8_t { kMaxAttempts, kFatal, kExpired, kOverflow };
// As dlq.reason says it.
std::string_view death_cause_name(DeathCause cause);
// The other way round, of records; nothing if it is no such name.
std::optional<DeathCause> parse_death_cause(std::string_view text);

// Of REASON; the rest is cut.
inline constexpr size_t kReasonBytesMax = 1024;
// What `reason` becomes when a lease runs out.
inline constexpr std::string_view kLeaseExpired = "lease-expired";
// Likewise when the connection ends that a lease was tied to.
inline constexpr std::string_view kConnectionClosed = "connection-closed";
// Priorities: 0 is the lowest and the usual one.
inline constexpr int kLanes = 10;
// Of DEDUPE, and of GROUP.
inline constexpr size_t kDedupeBytesMax = 512;
inline constexpr size_t kGroupBytesMax = 512;

// What only a message with a history has, kept apart so that the others need not pay for it.
struct MessageNotes {
  List::Place place;  // the message's, while it is ready
  UnixMs added;       // push or add
  UnixMs failed_first;
  UnixMs failed_last;  // 0: never failed
  uint32_t redriven;
  uint32_t reason_bytes;

  std::string_view reason() const { return {reinterpret_cast<const char*>(this + 1), reason_bytes}; }
};

// What only some messages have, given when they are added and never changed. It lies behind the payload.
struct MessageTraits {
  std::optional<UnixMs> expires;  // its lifetime while it waits ends then
  std::optional<uint32_t> group;  // in ConsumerNames
  std::string_view token;         // of DEDUPE; empty: none
  UnixMs token_until;             // the token's WINDOW ends
  bool token_until_start = false;
};

// Changed by its Queue only. The timer's time is when the message is due, its lease ends or its lifetime is over.
struct Message : Timer {
  MessageState state = MessageState::kReady;  // lies in the padding of Timer, as the next ones
  bool open : 1 = false;                      // the last delivery may still be acked
  bool dying : 1 = false;
  bool has_notes : 1 = false;
  DeathCause cause : 2 = DeathCause::kMaxAttempts;  // while dying
  bool has_expiry : 1 = false;
  bool has_group : 1 = false;
  bool has_token : 1 = false;
  uint8_t lane : 4 = 0;         // its priority
  bool token_held : 1 = false;  // nobody else may add a message with its token
  bool tied : 1 = false;        // its lease ends with a connection
  uint64_t id_ms;
  UnixMs since;        // ready: eligible since; parked: not before; else what it was when last ready
  UnixMs reserved_at;  // the last delivery's
  union {
    List::Place place;    // in the lane, while ready
    MessageNotes* notes;  // if has_notes, which then keeps the place
  };
  uint32_t payload_bytes;
  uint32_t id_seq;
  uint32_t deliveries = 0;  // hand-outs; the fencing token
  uint32_t attempts = 0;    // failed ones
  uint32_t consumer = 0;    // the last holder, in ConsumerNames
  char payload_head[4];     // the payload begins here and goes on behind the record

  // Payload and traits are copied. Given back with destroy().
  static Message* create(StreamId id, std::string_view payload, const MessageTraits& traits = {});
  // Requires: not armed, or its heap ends too.
  static void destroy(Message* message);

  StreamId id() const { return {id_ms, id_seq}; }
  Handle handle() const { return {id(), deliveries}; }
  std::string_view payload() const {
    return {reinterpret_cast<const char*>(this) + kPayloadOffset, payload_bytes};
  }
  // Time of push or add.
  UnixMs added() const;
  std::string_view reason() const { return has_notes ? notes->reason() : std::string_view(); }
  MessageTraits traits() const;
  // Its lifetime is over.
  bool expired(UnixMs now) const { return has_expiry && *traits().expires <= now; }

  List::Place list_place() const { return has_notes ? notes->place : place; }
  void set_list_place(List::Place where) { (has_notes ? notes->place : place) = where; }
  // Makes sure that there are notes, with `reason` if it is given.
  MessageNotes& note(std::optional<std::string_view> reason = std::nullopt);

  // Heap memory held, in bytes.
  size_t bytes() const;

 private:
  // A hundred bytes of payload then fit into an allocation of 160.
  static constexpr size_t kPayloadOffset = 60;

  Message(StreamId id, std::string_view payload);
  const char* traits_begin() const { return payload().data() + payload_bytes; }
  size_t traits_bytes() const;
};
static_assert(sizeof(Message) == 64);

// The ID's number within its millisecond has 32 bits: past that, the next millisecond is taken (QueueSystem::next_id).
inline constexpr uint64_t kMessageIdSeqMax = UINT32_MAX;

}  // namespace sluice
