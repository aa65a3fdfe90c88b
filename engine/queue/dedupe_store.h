// SPDX-License-Identifier: MIT
//
// The dedupe tokens of all queues, by (database, key): a token with a window goes on when its queue has run empty.
// What ends a key on request ends its tokens too, so nothing leaks; very many are freed in steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/base/timer_heap.h"
#include "engine/digest.h"
#include "engine/queue/by_key.h"
#include "engine/queue/dedupe.h"
#include "engine/record_sink.h"

namespace sluice {

class DedupeStore {
 public:
  // Before any token is held; should be secret, as that of the keyspace.
  void seed(uint64_t seed) { seed_ = seed; }

  // The message that was added with the token, if that is held.
  std::optional<StreamId> find(int db, std::string_view key, std::string_view token) const;
  // The table of a queue, made if there is none.
  DedupeTokens& of(int db, std::string_view key);
  // The message is done, or started: its token is free, or loose until its window ends. `arming` gives a number if one
  // is needed. Requires: message.token_held.
  template <typename Arming>
  void release(int db, std::string_view key, Message& message, UnixMs now, const Arming& arming);
  // The key ends on request, or all of a database's. True if there were any.
  bool drop(int db, std::string_view key);
  bool drop_all(int db);
  void move(int db, std::string_view key, int to_db, std::string_view to_key);
  void swap(int db, int other);

  // What has ended and is still to be freed.
  bool free_pending() const { return !ended_.empty(); }
  void free_some();

  // --- Windows
  // Those of what has ended may still be in it, so the first one may be early.
  const TimerHeap& windows() const { return windows_; }
  // From now on, until something ends, the first one is not.
  void forget_ended_first();
  // Frees the loose token whose window ends first. Requires: there is one.
  void end_first_window();
  // From a record. False: the token is held.
  [[nodiscard]] bool restore(int db, std::string_view key, std::string_view token, StreamId id, UnixMs until,
                             uint64_t arming);

  size_t size() const;
  size_t loose() const { return windows_.size() - ended_loose_; }
  size_t bytes() const;
  // The loose ones; the others are their messages'.
  void digest(Digest& into) const;
  void dump(RecordSink& sink) const;
  void check_invariants() const;

 private:
  void add_loose(DedupeTokens& table, std::string_view token, StreamId id, UnixMs until, uint64_t arming);
  void release_loose(LooseToken& token);
  void end(std::unique_ptr<DedupeTokens> table);

  ByKey<std::unique_ptr<DedupeTokens>> tables_;
  TimerHeap windows_;
  std::deque<std::unique_ptr<DedupeTokens>> ended_;
  size_t ended_loose_ = 0;    // of those, still armed
  size_t ended_waiting_ = 0;  // tokens of those, as they were when they ended
  uint64_t seed_ = 0;
};

template <typename Arming>
void DedupeStore::release(int db, std::string_view key, Message& message, UnixMs now, const Arming& arming) {
  DedupeTokens& table = of(db, key);
  const MessageTraits traits = message.traits();
  table.release(message);
  message.token_held = false;
  if (traits.token_until > now) {
    add_loose(table, traits.token, message.id(), traits.token_until, arming());
  } else if (table.empty()) {
    tables_.erase(tables_.find(std::pair(db, key)));
  }
}

}  // namespace sluice
