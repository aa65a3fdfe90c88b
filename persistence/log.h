// SPDX-License-Identifier: MIT
//
// The writer of the log: takes batches, writes them to the current increment, and knows how far the disk has them.
//
//   append_batch        write            sync_begin .. File::sync .. sync_end
//   ───────────► buffer ─────► file (OS) ───────────────────────────────────► disk
//              appended     written                                        synced       (sequences: synced <= written
//                                                                                        <= appended)
//   state of the log    by                            what it means
//   healthy             -                             synced_sequence() follows every good sync
//   write_error() != 0  write() failed                the bytes wait in the buffer; the next write() tries again
//   poisoned()          a sync failed                 nobody knows what is on disk behind synced_sequence(), which
//                                                     stands still until a completed Rewrite has replaced the file
//
// A write that stops halfway goes on from there: the file never holds a byte twice. A file whose sync failed
// is neither synced nor written to again; the next write() leaves it for a fresh one, and notes in the
// manifest from where on it is doubtful. Until that is noted, a process that is killed would forget it: so
// write() at once after a failed sync.
//
// Invariants (check_invariants):
//  * synced_offset() <= written_offset(), and the buffer starts with the rest of a batch cut by a short write, if any.
//  * batches are appended without a gap: the next one's first sequence is next_sequence().
//  * the manifest in memory is the durable one, or nothing is written until it is (manifest_pending_).
//
// Not thread-safe; only File::sync() of a ticket may run on another thread, between sync_begin() and sync_end().
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>

#include "engine/base/byte_buffer.h"
#include "engine/base/time.h"
#include "persistence/batch_format.h"
#include "persistence/file_system.h"
#include "persistence/manifest.h"

namespace sluice {

struct LoadedLog;  // recovery.h

// start_increment refuses to add more files than that; a rewrite that succeeds leaves one.
inline constexpr size_t kIncrementsMax = 4096;
// The buffer keeps so much memory when it is empty.
inline constexpr size_t kLogBufferBytesKept = 4u << 20;

// Stamps of a batch's records: sequences first_sequence, first_sequence + 1, ..., one time, one seed.
struct BatchStart {
  uint64_t first_sequence = 0;
  uint64_t records = 0;
  UnixMs now = {};
  uint64_t seed = 0;
};

// A sync that is to be made: `file->sync()`, on any thread, then Log::sync_end with what it gave.
struct SyncTicket {
  File* file = nullptr;
  uint64_t offset = 0;    // durable if the sync succeeds
  uint64_t sequence = 0;  // likewise: all records up to this one
};

class Log {
 public:
  // Opens the log that load() has read, or makes a new one where load() found none. Syncs the file that it
  // goes on with, because what was read may have come from memory only. `files` must outlive the Log. `now`
  // stamps the first line of a new file.
  static Io<std::unique_ptr<Log>> open(FileSystem& files, LoadedLog loaded, UnixMs now);

  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Puts a batch in the buffer; the body is copied. Never fails: the caller bounds buffered_bytes() by what it accepts.
  // Requires: start.first_sequence == next_sequence(). A body may be empty; then the batch only says what is synced.
  void append_batch(const BatchStart& start, std::string_view body);

  // Tries to write all that is in the buffer; what the disk does not take stays there for the next call. Returns the
  // same as write_error() == 0. While the disk refuses, call it again now and then (no more than some times a second:
  // it may have to replace the manifest first), also when nothing was appended.
  bool write();

  // write() has something to do: batches, a manifest that is not certain, or a failed file to leave.
  bool write_needed() const { return buffered_bytes() > 0 || manifest_pending_ || file_failed_; }

  // errno of the last write(), 0 if it succeeded.
  int write_error() const { return write_error_; }
  // Bytes that write() has still to hand to the file.
  size_t buffered_bytes() const { return buffer_.size() - front_written_; }

  // There is something written that is not synced, and syncing it makes sense.
  bool sync_needed() const;
  bool sync_in_flight() const { return sync_in_flight_; }
  // Requires: no sync in flight, sync_needed().
  SyncTicket sync_begin();
  // What the sync of the ticket gave. A failure poisons the log; then call write().
  void sync_end(const SyncTicket& ticket, const Io<void>& result);
  // All three in one, here and now. True if nothing is left unsynced; false if poisoned.
  bool sync();

  // A sync failed, and no rewrite has been completed since. Replies that wait for a sequence above synced_sequence()
  // become errors, producers are refused; a Rewrite heals it.
  bool poisoned() const;
  // errno of the sync that failed; 0 if not poisoned.
  int sync_error() const { return poisoned() ? sync_error_ : 0; }

  // Writes and syncs an empty batch behind the last, so that the next start can tell every flipped bit from a
  // crash. Call last; false if the disk did not take it.
  bool close(UnixMs now);

  // Goes on in a new file, durably named in the manifest. What could not be written to the old one moves there. On an
  // error the old one stays in use, or (manifest_pending()) nothing is written until the manifest has been replaced,
  // which write() retries. Requires: no sync in flight. Syncs the old file here and now if it is healthy: keep little
  // unsynced when calling.
  Io<void> start_increment(UnixMs now);
  bool manifest_pending() const { return manifest_pending_; }

  // Offsets are in the current increment, at the end of a whole batch: half of one is as good as none.
  uint64_t written_offset() const { return whole_bytes(); }
  uint64_t synced_offset() const { return synced_offset_; }
  // The sequence that the next batch must start with.
  uint64_t next_sequence() const { return next_sequence_; }
  // The last record that has been handed to the operating system whole, and the last that survives a power cut.
  uint64_t written_sequence() const { return written_sequence_; }
  uint64_t synced_sequence() const;

  // For INFO: bytes of base and increments, buffered ones included; bytes of the base.
  uint64_t current_bytes() const;
  uint64_t base_bytes() const { return base_bytes_; }
  const Manifest& manifest() const { return manifest_; }
  const LogLocation& location() const { return location_; }

  void check_invariants() const;

 private:
  friend class Rewrite;  // cuts, and puts its base in the manifest
  // A batch in the buffer.
  struct Pending {
    size_t bytes = 0;
    uint64_t first_sequence = 0;
    uint64_t next_sequence = 0;  // after it
  };

  Log(FileSystem& files, LogLocation location) : files_(files), location_(std::move(location)) {}

  // `certain_offset`: what is in front of it in the last increment is on disk.
  Io<void> open_current(UnixMs now, uint64_t certain_offset);
  void append_encoded(const BatchStart& start, std::string_view body);
  bool write_to_file();
  bool file_as_long_as_known();
  void on_written(size_t bytes);
  void poison(int code);
  Io<std::unique_ptr<File>> make_increment(const std::string& name, std::string_view first_batch);
  Manifest manifest_leaving_file() const;
  void move_pending();
  // Makes `manifest` the one in force. kUncertain: it is in memory, and pending.
  ManifestReplaced replace(Manifest manifest);
  bool retry_manifest();
  void on_manifest_durable();
  void delete_history();
  // By Rewrite: `base` and the increments from number `first_kept` on are the log now.
  ManifestReplaced adopt_base(ManifestFile base, uint64_t base_bytes, uint64_t first_kept,
                              uint64_t dropped_bytes);
  // Never given before, not even to a file that was not made in the end.
  uint64_t next_number() { return ++number_max_; }
  // In the file, of whole batches only.
  uint64_t whole_bytes() const { return file_bytes_ - front_written_; }

  FileSystem& files_;
  LogLocation location_;
  Manifest manifest_;
  bool manifest_pending_ = false;

  std::unique_ptr<File> file_;  // the last of manifest_.increments
  uint64_t file_bytes_ = 0;     // in it
  uint64_t file_first_sequence_ = 0;
  uint64_t synced_offset_ = 0;
  bool file_failed_ = false;      // a sync of it failed
  bool length_doubtful_ = false;  // an append failed: some of its bytes may be in the file nevertheless
  bool sync_in_flight_ = false;
  int sync_error_ = 0;
  int write_error_ = 0;

  ByteBuffer buffer_;            // batches, the first one from its start even if some of it is written
  size_t front_written_ = 0;     // of the first batch in the buffer
  std::deque<Pending> pending_;  // the batches in the buffer

  UnixMs last_now_;  // of the last batch
  uint64_t next_sequence_ = 1;
  uint64_t written_sequence_ = 0;
  uint64_t synced_sequence_ = 0;         // as far as the current file tells
  uint64_t synced_sequence_frozen_ = 0;  // what is told while poisoned
  uint64_t failed_number_ = 0;  // of the last increment left after a failed sync; 0: none in the manifest
  uint64_t number_max_ = 0;     // of any file ever named
  uint64_t base_bytes_ = 0;
  uint64_t older_bytes_ = 0;  // of the increments before the current one
};

}  // namespace sluice
