// SPDX-License-Identifier: MIT
#include "engine/snapshot.h"

#include <string_view>

#include "engine/base/number_text.h"
#include "engine/keyspace.h"

namespace sluice {
namespace {

// An entry that no snapshot has recorded since the epoch had the same number would pass for recorded. So many
// may be given up in a row before all entries are marked anew.
constexpr uint8_t kEpochsUnfinishedMax = 250;
static_assert(kEpochsUnfinishedMax < UINT8_MAX);

}  // namespace

Snapshot::Snapshot(Keyspace& keyspace, RecordSink& sink)
    : keyspace_(keyspace), sink_(sink), names_(keyspace.names()) {
  CHECK(keyspace.snapshot_ == nullptr);
  if (keyspace.epochs_unfinished_ == kEpochsUnfinishedMax) {
    for (int db = 0; db < kDatabases; ++db) {
      keyspace.for_each(
          db, [&keyspace](const Entry& entry) { const_cast<Entry&>(entry).epoch_ = keyspace.epoch_; });
    }
    keyspace.epochs_unfinished_ = 0;
  }
  keyspace.snapshot_ = this;
  ++keyspace.epoch_;
  ++keyspace.epochs_unfinished_;
}

Snapshot::~Snapshot() {
  if (state_ == State::kWalking) finish(State::kAborted);
}

bool Snapshot::step(size_t keys_max) {
  for (size_t visited = 0; state_ == State::kWalking && visited < keys_max;) {
    cursor_ = keyspace_.tables_[table_].scan(cursor_, keys_max - visited, [this, &visited](Entry* entry) {
      ++visited;
      if (entry->epoch_ != keyspace_.epoch_) record(*entry);
    });
    ++visited;  // a call costs something even if all buckets are empty
    if (cursor_ != 0) continue;
    if (++table_ < kDatabases) continue;
    keyspace_.epochs_unfinished_ = 0;
    finish(State::kDone);
  }
  return state_ == State::kDone;
}

void Snapshot::record(Entry& entry) {
  CHECK(state_ == State::kWalking && entry.epoch_ != keyspace_.epoch_);
  entry.epoch_ = keyspace_.epoch_;
  ++keys_;
  char digits[kI64CharsMax];
  const int db = names_[static_cast<size_t>(entry.table())];
  if (db != db_recorded_) {
    sink_.record({"SELECT", {digits, format_i64(digits, db)}});
    db_recorded_ = db;
  }
  entry.dump(sink_);
  if (const auto expires = keyspace_.expires_at(entry)) {
    sink_.record({"PEXPIREAT", entry.key(), {digits, format_i64(digits, expires->count)}});
  }
}

void Snapshot::abort() {
  finish(State::kAborted);
}

void Snapshot::finish(State state) {
  CHECK(keyspace_.snapshot_ == this);
  state_ = state;
  keyspace_.snapshot_ = nullptr;
}

}  // namespace sluice
