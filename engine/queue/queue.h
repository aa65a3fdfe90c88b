// SPDX-License-Identifier: MIT
//
// One list as a queue: its ready messages in a lane, the delayed and the leased ones in two heaps of timers, and an
// index of all that have an ID. It makes the moves between the states (message.h has the table) and keeps the counts;
// what calls for the rest of the server, like dead letters and the end of the key, is done above, in QueueSystem.
//
//            lane                       index by ID ──► every message that has one
//   [plain][plain][ref][plain][ref]
//                                       due       timers of delayed messages     ┐ the first of both arms the queue
//                                       endings   timers of leased messages      ┘ itself in QueueSystem's heap
//
// Two levels of heaps, so that one queue's next due time is known, and so that a queue with millions of timers can end
// without taking each out of a heap that others share. Of all timers of the server the order is that of (time, arming
// number): arming numbers are unique and logged.
//
// A queue lives in the ListValue of an entry, and is changed under Keyspace::for_write(entry()) only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "engine/base/time.h"
#include "engine/base/timer_heap.h"
#include "engine/digest.h"
#include "engine/list.h"
#include "engine/queue/lane.h"
#include "engine/queue/message.h"
#include "engine/queue/message_index.h"
#include "engine/queue/policy.h"
#include "engine/queue/queue_statistics.h"
#include "engine/record_sink.h"
#include "engine/stamp.h"

namespace sluice {

class Entry;
class QueueSystem;

class Queue : public Timer {
 public:
  // What an operation on a handle came to, as clients are told.
  enum class Outcome : int8_t { kDone = 1, kRefused = 0, kNoSuchMessage = -1 };

  // `elements` were pushed at the stamp's time. Both references must outlive the queue; the entry until moved_to().
  Queue(QueueSystem& system, Entry& entry, List&& elements, const Stamp& stamp);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  Entry& entry() const { return *entry_; }
  void moved_to(Entry& entry);
  // The one in force for the key. A change of policies is told by policy_changed().
  const Policy& policy() const { return *policy_; }
  void policy_changed();

  size_t ready() const { return lane_.size(); }
  size_t delayed() const { return due_.size(); }  // the dying among them
  size_t leased() const { return endings_.size(); }
  size_t dying() const { return dying_; }
  bool empty() const { return lane_.size() == 0 && due_.empty() && endings_.empty(); }
  const Lane& lane() const { return lane_; }

  // --- For list commands: ready messages by position (ListValue has the contracts)
  void push(Side side, std::string_view bytes, UnixMs now);
  void pop(Side side);
  void set(size_t index, std::string_view bytes);
  void insert(size_t index, std::string_view bytes, UnixMs now);
  void erase(size_t index, size_t count);

  // --- Moves; rows of message.h
  Message* find(StreamId id) const { return index_.find(id); }
  // Rows 1 and 2. Requires: due > now, if given.
  Message& add(StreamId id, std::string_view payload, std::optional<UnixMs> due, UnixMs now);
  // Row 4, of the message nearest the head. `consumer` is held by the caller and stays so. Requires: ready() > 0,
  // lease >= 1 ms.
  Message& reserve(Millis lease, uint32_t consumer, const Stamp& stamp);
  // Rows 5, 6 and 7.
  Outcome ack(const Handle& handle, UnixMs now);
  Outcome extend(const Handle& handle, Millis lease, UnixMs now);
  // The message, if the handle is of its present lease; else what to answer.
  struct Held {
    Message* message;
    Outcome otherwise;
  };
  Held held(const Handle& handle) const;
  // Row 10: back without an attempt. Requires, here and below: the message is leased.
  void give_back(Message& message, std::optional<Millis> delay, std::optional<std::string_view> reason,
                 UnixMs now);
  // A failed attempt, told by its worker (rows 8, 9) or by the end of the lease (row 12). True: it was the last one and
  // the message has to die; until then, and until retry(), it stays where it is.
  [[nodiscard]] bool fail(Message& message, std::optional<std::string_view> reason, UnixMs now);
  [[nodiscard]] bool lapse(Message& message, UnixMs now);
  // Row 11: the message has to die, whatever it has left.
  void condemn(Message& message, std::optional<std::string_view> reason, UnixMs now);
  // Rows 8 and 12: delayed, or at the tail if there is no delay.
  void retry(Message& message, Millis delay, UnixMs now);
  // Row 3. Requires: delayed, not dying.
  void come_due(Message& message);
  // The message is dead, but its dead letter could not be written: try again at that time.
  void keep_dying(Message& message, DeathCause cause, UnixMs again);
  // Row 19. Requires: the message is leased.
  void put_off(Message& message, UnixMs deadline);
  // The message is gone: acked, deleted, dead. Frees it.
  void forget(Message& message);

  // --- Timers
  // The message whose timer is first, nullptr if there is none, and when it fires.
  Message* first_timer() const;
  UnixMs first_when() const;
  UnixMs timer_when(const Message& message) const { return UnixMs{heap_of(message).when(message)}; }
  uint64_t timer_order(const Message& message) const { return heap_of(message).order(message); }

  // --- Statistics
  QueueTotals totals;
  QueueRates rates;
  // Counts for the queue and for the server.
  void count(uint64_t QueueTotals::*what, uint64_t amount = 1);
  UnixMs began() const { return began_; }
  std::optional<UnixMs> oldest_ready() const { return lane_.oldest(); }
  std::optional<UnixMs> oldest_leased() const { return leased_since_.oldest(); }
  std::optional<UnixMs> next_due() const;
  // Names that hold leases.
  size_t consumers() const { return consumers_; }
  std::string_view consumer_name(const Message& message) const;
  void forget_statistics(UnixMs now);

  size_t bytes() const;
  void digest(Digest& into) const;
  void dump(std::string_view key, RecordSink& sink) const;
  // Calls visit(const Message&) for each that has an ID, by ID.
  template <typename Visit>
  void for_each_message(const Visit& visit) const {
    index_.for_each(visit);
  }
  void check_invariants() const;

  // --- Rebuilding from restore records (queue_record.h)
  // At the right end of the lane.
  void restore_plain(std::string_view bytes, UnixMs since) { lane_.push(Side::kRight, bytes, since); }
  // Takes over a message whose fields are set, state among them; a ready one comes to the right end. Requires: its ID
  // is not here.
  void restore(Message& message, UnixMs when, uint64_t arming);

 private:
  friend class QueueSystem;
  enum class End : uint8_t { kHead, kTail };

  Side side_of(End end) const { return end == End::kHead ? policy_->head : opposite(policy_->head); }
  const TimerHeap& heap_of(const Message& message) const {
    return message.state == MessageState::kLeased ? endings_ : due_;
  }
  TimerHeap& heap_of(const Message& message) {
    return message.state == MessageState::kLeased ? endings_ : due_;
  }
  void note_reason(Message& message, std::optional<std::string_view> reason);
  void note_failure(Message& message, std::optional<std::string_view> reason, UnixMs now);
  // Delayed, or ready at the tail.
  void move_on(Message& message, Millis delay, UnixMs now);
  void count_attempt(Message& message, std::optional<std::string_view> reason, UnixMs now);
  // Out of the lane or the heap; what follows puts it elsewhere.
  void take_out(Message& message);
  void put_ready(Message& message, End end, UnixMs since);
  void put_delayed(Message& message, UnixMs due);
  void put_leased(Message& message, UnixMs deadline);
  void enter_lease(const Message& message);
  void leave_lease(const Message& message);
  void set_consumer(Message& message, uint32_t consumer);
  void refresh_timer();
  Message& identify(Side side, const Stamp& stamp);
  void destroy(Message& message);

  QueueSystem& system_;
  Entry* entry_;
  const Policy* policy_;
  size_t slot_ = 0;  // in QueueSystem's list of queues

  Lane lane_;
  MessageIndex index_;
  TimerHeap due_;
  TimerHeap endings_;
  size_t dying_ = 0;
  size_t message_bytes_ = 0;
  TimeCounts leased_since_;

  UnixMs began_;
  std::unordered_map<uint32_t, uint64_t> leases_by_consumer_;  // never walked: its order is chance
  size_t consumers_ = 0;
};

}  // namespace sluice
