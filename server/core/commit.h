// SPDX-License-Identifier: MIT
//
// Between the commands and the log: gathers what a turn logs into one batch, hands it over at the turn's end, makes it
// durable by policy, and says which replies may leave.
//
//   policy     a reply leaves when                    sync
//   always     all batches up to it are durable       each turn: here while the disk is fast, else beside the loop
//   everysec   its batch has been handed to the OS    once a second, beside the loop
//   no         likewise                               when the OS likes
//
// What the disk refuses: producers are told MISCONF before anything is applied; acks, pops and deletes go on while the
// bytes not yet written stay below kLogBytesUnwrittenMax, reads always. Under `always`, replies that a failed write or
// sync was to cover become errors: the change is in memory and may or may not be on disk.
//
// Invariant: between turns the batch is empty, and log.next_sequence() == sequencer.sequence() + 1.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/byte_buffer.h"
#include "engine/base/time.h"
#include "persistence/log.h"
#include "server/core/log_rewrite.h"
#include "server/core/owned_words.h"
#include "server/core/session.h"

namespace sluice::core {

class Server;

inline constexpr size_t kLogBytesUnwrittenMax = 64u << 20;
// A disk that refused is asked again this often; a rewrite that failed, likewise.
inline constexpr Millis kWriteRetryInterval{100};
inline constexpr Millis kRewriteRetryInterval{10'000};
inline constexpr Millis kSyncInterval{1'000};
// `always`: a disk slower than this on average is synced beside the loop, one faster than half of it on the loop again.
inline constexpr uint64_t kSlowSyncNanoseconds = 500'000;

class Commit {
 public:
  explicit Commit(Server& server);
  ~Commit();

  // Loads the log through `session` and opens it for writing; at once if there is none to be kept. False: the server
  // must not start; the notices say why.
  [[nodiscard]] bool load(Session& session);
  bool loaded() const { return loaded_; }

  // --- While commands run
  // A record under the next sequence. `raw` is its encoding, if the caller has it.
  void append(int db, Words words, std::string_view raw);
  // What is appended in between becomes one transaction of the log, if it is more than one record.
  void begin_group();
  void end_group();
  // Why a command that writes is refused at the moment; empty if it is not.
  std::string refusal(const CommandSpec& spec) const;

  // --- At the end of a turn
  void end_turn();
  // Replies up to this sequence may leave.
  uint64_t releasable_sequence() const;
  // Replies above releasable_sequence() up to here are to be answered with failure_text(); then failure_answered().
  uint64_t failed_sequence() const { return failed_sequence_; }
  std::string failure_text() const;
  void failure_answered() { failed_answered_ = failed_sequence_; }

  // When a turn is needed for the log's sake.
  MonoMs next_deadline() const;

  // --- Rewrite
  enum class RewriteStart : uint8_t { kStarted, kRunning, kNoLog };
  RewriteStart start_rewrite();
  void step_rewrite();
  // A turn should follow at once.
  bool rewrite_wants_turn() const { return rewrite_.walking(); }

  // Writes and syncs all there is and ends the log cleanly. False: the disk did not take it.
  [[nodiscard]] bool close();

  // --- CONFIG SET appendonly
  // What is wrong, or nothing. Requires: no group; there is no log, there is one.
  std::optional<std::string> begin_log();
  std::optional<std::string> end_log();
  bool in_group() const { return in_group_; }

  // --- For INFO
  const Log* log() const { return log_.get(); }  // null: nothing is logged
  const LogRewrite& rewrite() const { return rewrite_; }
  bool rewrite_scheduled() const { return rewrite_wanted_; }
  // The log is on disk up to this sequence; what WAITAOF asks. 0 without a log.
  uint64_t durable_sequence() const { return log_ == nullptr ? 0 : log_->synced_sequence(); }
  Millis load_time() const { return load_time_; }

 private:
  void seal_batch();
  void write();
  void sync();
  void sync_inline();
  void sync_beside();
  void note_failure();
  void begin_rewrite_if_due();
  bool healthy() const;
  void sync_took(uint64_t nanoseconds);

  Server& server_;
  std::unique_ptr<Log> log_;
  LogRewrite rewrite_;
  bool loaded_ = false;
  Millis load_time_;

  // --- The batch of this turn
  ByteBuffer batch_;
  uint64_t batch_records_ = 0;
  // A batch can be moved to another file, so it says by itself which database it is for, unless that is 0; and readers
  // that take the file as one (redis-check-aof) are told when a batch returns to 0.
  int batch_db_ = 0;  // of the last record of this batch
  int file_db_ = -1;  // of the last record of the file; -1: none yet
  bool in_group_ = false;
  size_t group_start_ = 0;
  uint64_t group_records_ = 0;

  // --- Durability
  SyncTicket ticket_;
  Io<void> ticket_result_;
  uint64_t ticket_nanoseconds_ = 0;
  uint64_t sync_nanoseconds_ = 0;  // moving average
  bool sync_beside_ = false;
  MonoMs last_sync_;
  MonoMs last_write_attempt_;
  uint64_t failed_sequence_ = 0;
  uint64_t failed_answered_ = 0;
  int failure_told_ = 0;  // errno that the notices have been told of

  // --- Rewrite
  bool rewrite_wanted_ = false;
  MonoMs rewrite_not_before_;
};

}  // namespace sluice::core
