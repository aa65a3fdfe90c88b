// SPDX-License-Identifier: MIT
//
// One rewrite of the log, from the cut to the new base: the engine's snapshot on one side, the base file on the other,
// a slice of work each turn in between.
//
//   begin ──► walking ──► (all keys recorded) ──► syncing ──► done
//               │ └── a flush ended keys: begin again
//               └── the disk failed: given up, the log goes on as it was
#pragma once

#include <memory>
#include <string>

#include "engine/base/byte_buffer.h"
#include "engine/base/time.h"
#include "engine/record_sink.h"
#include "engine/snapshot.h"
#include "persistence/rewrite.h"

namespace sluice::core {

class Server;

// Records are gathered into batches of about this size.
inline constexpr size_t kBaseBatchBytes = 64u << 10;

class LogRewrite : public RecordSink {
 public:
  explicit LogRewrite(Server& server) : server_(server) {}

  // Cuts here. Requires: not active; everything that was logged is in `log`, nobody is syncing it. False: it could not
  // begin, and failed() says why.
  bool begin(Log& log);
  // A slice. Requires: walking.
  void step();

  // Comes to nothing, and the log goes on as it was. Requires: not syncing.
  void abandon() { give_up({}); }

  bool active() const { return rewrite_ != nullptr; }
  bool walking() const { return active() && !syncing_; }
  // The last one came to nothing because keys were flushed under it: another is wanted.
  bool take_restart() { return std::exchange(restart_, false); }

  // --- For INFO
  bool last_failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }
  uint64_t completed() const { return completed_; }
  Millis last_duration() const { return last_duration_; }
  UnixMs completed_at() const { return completed_at_; }  // of the last one; 0 if there was none
  MonoMs started_at() const { return started_at_; }
  // Of the last record that the last one covers; before there was one, of the last that was loaded.
  uint64_t cut_sequence() const { return cut_sequence_; }
  void loaded(uint64_t sequence) { cut_sequence_ = sequence; }

 private:
  using RecordSink::record;
  void record(std::span<const std::string_view> words) override;
  void flush_batch();
  void finish();
  void give_up(const std::string& why);

  Server& server_;
  std::unique_ptr<Rewrite> rewrite_;
  std::unique_ptr<Snapshot> snapshot_;
  ByteBuffer batch_;
  UnixMs cut_at_;
  MonoMs started_at_;
  bool syncing_ = false;
  bool restart_ = false;
  Io<void> write_result_;  // the first failure of a batch
  Io<void> sync_result_;
  std::string failure_;
  uint64_t completed_ = 0;
  Millis last_duration_;
  UnixMs completed_at_;
  uint64_t cut_sequence_ = 0;
  uint64_t cut_sequence_next_ = 0;  // of the one that is active
};

}  // namespace sluice::core
