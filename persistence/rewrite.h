// SPDX-License-Identifier: MIT
//
// Replaces base and increments by one new base, while the log goes on.
//
//   idle ──begin──► writing ──finish_begin──► syncing ──finish_end──► idle
//     ▲                │                         │
//     └────abort───────┴─────────────────────────┘
//
//   step          files named in the manifest            on disk besides
//   (before)      base 1, incr 2                         -
//   begin         base 1, incr 2, incr 3                 temp-base 4            batches go to incr 3 from here on
//   append_base   "                                      temp-base 4 grows
//   finish_end    base 4, incr 3; history: base 1, incr 2
//                 base 4, incr 3                         -
//
// The base holds the state at the cut, the moment of begin(): what incr 3 holds comes on top of it. A crash or an error
// at any call leaves the files before the step or those after it, and both load to the same state.
//
// All batches of a base have the sequence of the cut and no records of their own, so the increment behind it continues
// where the base says. A base ends with an empty batch; one that does not has lost its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/byte_buffer.h"
#include "engine/base/time.h"
#include "persistence/log.h"

namespace sluice {

// append_base writes to the file when so much is waiting.
inline constexpr size_t kBaseBufferBytes = 256u << 10;

class Rewrite {
 public:
  // Both must outlive the Rewrite.
  Rewrite(FileSystem& files, Log& log) : files_(files), log_(log) {}
  ~Rewrite() { abort(); }
  Rewrite(const Rewrite&) = delete;
  Rewrite& operator=(const Rewrite&) = delete;

  bool active() const { return base_ != nullptr; }

  // Cuts: the base will hold all records below log.next_sequence() as it is now, the batches appended to the
  // log from now on go to a new increment. So whatever has changed the state must have been appended before.
  // Requires: not active, no sync of the log in flight. Also what heals a poisoned log.
  Io<void> begin(UnixMs now);

  // Adds a batch of whole commands to the base. Writes a slice now and then (kBaseBufferBytes). After an
  // error: abort().
  // Requires: active, finish_begin() not called. `now` is the time of the cut or later, for the handlers
  // that replay it.
  Io<void> append_base(UnixMs now, std::string_view body);

  // Writes the rest and gives the base for syncing, on any thread; then finish_end with what the sync gave.
  Io<SyncTicket> finish_begin(UnixMs now);
  // Puts the new base in force and deletes the old files. Not active afterwards, whatever the result: on an
  // error the old files are in force (or either are, see Log::manifest_pending), and the temporary file is
  // gone or goes at the next start.
  Io<void> finish_end(const Io<void>& synced);

  // Gives up; the log goes on with the files it has. Requires: no sync of the base in flight. No-op if not active.
  void abort();

  uint64_t base_bytes() const { return base_bytes_ + buffer_.size(); }

 private:
  Io<void> write_buffer();
  std::string temporary_path() const;

  FileSystem& files_;
  Log& log_;
  std::unique_ptr<File> base_;  // the temporary file while active
  uint64_t base_number_ = 0;
  uint64_t cut_sequence_ = 0;
  uint64_t first_kept_ = 0;     // number of the increment that begins at the cut
  uint64_t dropped_bytes_ = 0;  // of the increments before it
  uint64_t base_bytes_ = 0;     // written
  ByteBuffer buffer_;
};

}  // namespace sluice
