// SPDX-License-Identifier: MIT
//
// The state at one moment, written down as commands while the server goes on: what a rewrite of the log
// starts from, without a second process.
//
// The moment is the constructor. From then on step() walks the keys, some at a time, and records each that it
// has not recorded; and whoever is about to change or end such a key has it recorded before
// (Keyspace::before_change). A key that is made later is not part of the state, and marked so from its birth.
// Thus every key of that moment is recorded once, as it was then, and the order is chance: each record is
// preceded by SELECT when its database is not that of the one before.
//
// The bound: a step, and a change, may record one key more than asked, however big; a key is recorded in one piece.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/entry.h"
#include "engine/keyspace.h"
#include "engine/record_sink.h"

namespace sluice {

class Snapshot {
 public:
  // Both must outlive it. Requires: no other snapshot of the keyspace is in progress.
  Snapshot(Keyspace& keyspace, RecordSink& sink);
  // Giving up before the end is allowed.
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // Visits about `keys_max` keys. True when all are recorded; then, and when aborted(), it does nothing any more.
  bool step(size_t keys_max);
  // A flush has ended keys that were not recorded. What was recorded is worthless: begin again.
  bool aborted() const { return state_ == State::kAborted; }
  // Keys recorded so far.
  size_t keys() const { return keys_; }

 private:
  friend class Keyspace;
  enum class State : uint8_t { kWalking, kDone, kAborted };

  void record(Entry& entry);
  void abort();
  void finish(State state);

  Keyspace& keyspace_;
  RecordSink& sink_;
  State state_ = State::kWalking;
  const Keyspace::Names names_;  // of the moment: databases may be swapped since
  size_t table_ = 0;             // where the walk is
  uint64_t cursor_ = 0;          // and how far it got there
  int db_recorded_ = -1;         // the database that records go to
  size_t keys_ = 0;
};

}  // namespace sluice
