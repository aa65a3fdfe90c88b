// SPDX-License-Identifier: MIT
//
// One list as a queue: its ready messages in lanes, the delayed and the leased ones in heaps of timers, and an index of
// all that have an ID. It makes the moves between the states (message.h has the table) and keeps the counts; what calls
// for the rest of the server, like dead letters and the end of the key, is done above, in QueueSystem.
//
//            lanes                      index by ID ──► every message that has one
//   [plain][plain][ref][plain][ref]
//                                       due        timers of delayed messages                  ┐
//         groups                        endings    timers of leased messages                   │ the first of all arms
//   front ◄── parked ◄── parked         lifetimes  timers of ready and parked ones with a TTL  │ the queue itself in
//                                       plain      the same for all plain elements together    ┘ QueueSystem's heap
//
// Timers fire by (time, arming number): arming numbers are unique and logged.
//
// A message that leaves may let the next one of its group become ready. List commands walk and erase by position, so
// that waits until they are done: settle().
//
// A queue lives in the ListValue of an entry, and is changed under Keyspace::for_write(entry()) only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/timer_heap.h"
#include "engine/digest.h"
#include "engine/list.h"
#include "engine/queue/message.h"
#include "engine/queue/message_index.h"
#include "engine/queue/ordered_groups.h"
#include "engine/queue/policy.h"
#include "engine/queue/queue_consumers.h"
#include "engine/queue/queue_statistics.h"
#include "engine/queue/ready_lanes.h"
#include "engine/record_sink.h"
#include "engine/stamp.h"

namespace sluice {

class Entry;
class QueueSystem;
class RateWindow;

// How many messages there are in each state.
struct QueueDepth {
  size_t ready = 0;
  size_t delayed = 0;  // the dying among them
  size_t leased = 0;
  size_t parked = 0;
  size_t dying = 0;
  size_t total() const { return ready + delayed + leased + parked; }
};

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
  // The database that the entry is in now.
  int db() const;
  void moved_to(Entry& entry);
  // The queue is not part of the state any more: the system forgets it, its timers do not fire. Then free_some() frees
  // it in steps (Entry::free_some), or its end does in one.
  void retire();
  bool retired() const { return retired_; }
  bool free_some(size_t& parts_max);
  // The one in force for the key. A change of policies is told by policy_changed().
  const Policy& policy() const { return *policy_; }
  void policy_changed();

  size_t ready() const { return lanes_.size(); }
  size_t delayed() const { return due_.size(); }  // the dying among them
  size_t leased() const { return endings_.size(); }
  size_t parked() const { return groups_.parked(); }
  size_t dying() const { return dying_; }
  QueueDepth depth() const { return {ready(), delayed(), leased(), parked(), dying()}; }
  bool empty() const { return depth().total() == 0; }
  // Of equal ones, the first by key and database.
  bool is_deeper_than(const Queue& other) const;
  const ReadyLanes& lanes() const { return lanes_; }
  const OrderedGroups& groups() const { return groups_; }

  // --- For list commands: ready messages by position (ListValue has the contracts)
  void push(Side side, std::string_view bytes, UnixMs now);
  std::string_view peek(Side side) const;
  void pop(Side side);
  void set(size_t index, std::string_view bytes);
  void insert(size_t index, std::string_view bytes, UnixMs now);
  void insert_beside(size_t pivot, Side side, std::string_view bytes, UnixMs now);
  void erase(size_t index, size_t count);
  // Lets those follow whose group has lost its front. True if any became ready.
  bool settle();

  // --- Moves; rows of message.h
  Message* find(StreamId id) const { return index_.find(id); }
  // Rows 1, 2 and G1. Requires: due > now, if given; the token of the traits is not held.
  struct Added {
    std::optional<UnixMs> due = {};
    int lane = 0;
    uint32_t redriven = 0;
    MessageTraits traits = {};
  };
  Message& add(StreamId id, std::string_view payload, const Added& how);
  // How many may be reserved now: that are ready, and that pause, lease and rate limits let through.
  size_t reservable(UnixMs now) const;
  // Whether neither pause nor the limit of leases stands in the way.
  bool open_for_reserve() const {
    return !policy_->paused_out() && (policy_->leased_max == 0 || leased() < policy_->leased_max);
  }
  // Whether nothing but the rate stands in the way; then, until when.
  std::optional<UnixMs> rate_closed_until(UnixMs now) const;
  // Which message is next, and since when it is eligible. Requires: ready() > 0.
  UnixMs next_since(UnixMs now) const;
  // Row 4, of the next message. `consumer` is held by the caller and stays so. Requires: ready() > 0, lease >= 1 ms.
  Message& reserve(Millis lease, uint32_t consumer, bool tied, const Stamp& stamp);
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
  [[nodiscard]] bool lapse(Message& message, std::string_view reason, UnixMs now);
  // Row 11: the message has to die, whatever it has left.
  void condemn(Message& message, std::optional<std::string_view> reason, UnixMs now);
  // Rows 8 and 12: delayed, or at the tail if there is no delay.
  void retry(Message& message, Millis delay, UnixMs now);
  // Row 3. Requires: delayed, not dying.
  void come_due(Message& message);
  // The message is dead, but its dead letter could not be written: try again at that time.
  void keep_dying(Message& message, DeathCause cause, UnixMs again);
  // Row 10, of a message that does not come back because its lifetime is over.
  void close_silently(Message& message, std::optional<std::string_view> reason);
  // Row 14: the message that goes when the queue drops one. It has an ID then. Requires: ready() > 0.
  Message& oldest_of_lowest_lane(const Stamp& stamp);
  // Row 13 of plain elements: the one whose lifetime is over; nullptr if there is none, and the timer is set anew.
  // It has an ID then.
  Message* expired_plain(const Stamp& stamp, UnixMs now);
  // Row 19. Requires: the message is leased. It is tied to nobody then.
  void put_off(Message& message, UnixMs deadline);
  // The message is gone: acked, deleted, dead. Frees it.
  void forget(Message& message);

  // --- Timers
  // The timer that is first: of a message, or of the plain elements.
  struct NextTimer {
    int64_t when = INT64_MAX;  // there is none
    uint64_t order = 0;
    Message* message = nullptr;  // none: plain elements
  };
  NextTimer first_timer() const;
  // Requires: message.armed().
  UnixMs timer_when(const Message& message) const { return UnixMs{heap_of(message).when(message)}; }
  uint64_t timer_order(const Message& message) const { return heap_of(message).order(message); }

  // --- Statistics
  QueueTotals totals;
  QueueRates rates;
  // Counts for the queue and for the server.
  void count(uint64_t QueueTotals::*what, uint64_t amount = 1);
  UnixMs began() const { return began_; }
  std::optional<UnixMs> oldest_ready() const { return lanes_.oldest(); }
  std::optional<UnixMs> oldest_leased() const { return leased_since_.oldest(); }
  std::optional<UnixMs> next_due() const;
  QueueConsumers consumers;
  std::string_view consumer_name(const Message& message) const;
  std::string_view group_name(const Message& message) const;
  void forget_statistics(UnixMs now);

  size_t bytes() const;
  void digest(Digest& into) const;
  void dump(std::string_view key, RecordSink& sink) const;
  // Calls visit(const Message&) for each that has an ID, by ID.
  template <typename Visit>
  void for_each_message(const Visit& visit) const {
    index_.for_each(visit);
  }
  // The same from `first` on, until visit() says false.
  template <typename Visit>
  void for_each_message_from(StreamId first, const Visit& visit) const {
    index_.for_each_from(first, visit);
  }
  void check_invariants() const;

  // --- Rebuilding from restore records (queue_record.h)
  // At the right end of the lane.
  void restore_plain(int lane, std::string_view bytes, UnixMs since);
  void restore_plain_timer(int64_t when, uint64_t order);
  // Takes over a message whose fields are set, state among them; a ready one comes to the right end of its lane.
  // False: it would be a second front of its group; the caller keeps it. Requires: its ID is not here.
  [[nodiscard]] bool restore(Message& message, UnixMs when, uint64_t arming, bool token_held);

 private:
  friend class QueueSystem;
  enum class End : uint8_t { kHead, kTail };

  Side side_of(End end) const { return end == End::kHead ? policy_->head : opposite(policy_->head); }
  const TimerHeap& heap_of(const Message& message) const;
  TimerHeap& heap_of(const Message& message) {
    return const_cast<TimerHeap&>(std::as_const(*this).heap_of(message));
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
  void put_parked(Message& message);
  void arm_lifetime(Message& message);
  void enter_lease(const Message& message);
  void leave_lease(Message& message);
  void set_consumer(Message& message, uint32_t consumer);
  void refresh_timer();
  void refresh_plain_timer();
  int serving_lane(UnixMs now) const;
  // Gives an ID to what was a plain element of that lane; it is nowhere then.
  Message& identify(int lane, std::string_view payload, UnixMs since, const Stamp& stamp);
  void leave_group(const Message& message);
  void destroy(Message& message);
  // Without a word to anything of the queue, which ends.
  void free_message(Message& message);
  // The depth has changed: tells the server's sums.
  void sum();

  QueueSystem& system_;
  Entry* entry_;
  const Policy* policy_;
  RateWindow* deliveries_ = nullptr;  // of the policy that is set, if any
  size_t slot_ = 0;                   // in QueueSystem's list of queues
  bool retired_ = false;

  ReadyLanes lanes_;
  MessageIndex index_;
  TimerHeap due_;
  TimerHeap endings_;
  TimerHeap lifetimes_;
  int64_t plain_when_ = INT64_MAX;  // not armed
  uint64_t plain_order_ = 0;
  OrderedGroups groups_;
  std::vector<uint32_t> loose_groups_;  // have lost their front; names are held
  size_t dying_ = 0;
  size_t message_bytes_ = 0;
  TimeCounts leased_since_;
  QueueDepth summed_;  // what the server's sums count

  UnixMs began_;
};

}  // namespace sluice
