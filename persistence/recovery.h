// SPDX-License-Identifier: MIT
//
// Reads a log back at start: every byte is checked, every batch handed over in order. What a crash may have done is cut
// off and told; anything else stops the start, because a log that is not what was written must not be served.
//
//   where the damage is                                                        what it is      what happens
//   last increment, below the greatest `synced` of any valid line              corruption      refuse
//   last increment, a valid batch behind it                                    corruption      refuse
//   last increment, a closing line with one wrong byte                         corruption      refuse
//   last increment, else: a batch cut short, zeros, garbage                    a crash         cut, say how much, go on
//   an increment with unsynced_from, from there on                             a failed sync   go on if the next file
//                                                                                              continues; else the log
//                                                                                              ends here: cut, say so
//   any other place, also: a gap in the sequence, a file missing, a base
//   without its end                                                            corruption      refuse
//
// "Damage" is a batch that does not check: its line has another form, or stands elsewhere than it says, or
// its CRC fails.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "persistence/batch_format.h"
#include "persistence/file_system.h"
#include "persistence/manifest.h"

namespace sluice {

// Takes the batches.
class BatchConsumer {
 public:
  virtual ~BatchConsumer() = default;
  // Empty to go on; else the reason why this batch cannot be, which stops the load. Called for empty batches too.
  // `file` is the name, `base` tells a base (its records take no sequence). The body is valid during the call.
  virtual std::string consume(std::string_view file, bool base, const BatchHeader& header,
                              std::string_view body) = 0;
};

// What is known of the log after loading; Log::open takes it.
struct LoadedLog {
  LogLocation location;
  Manifest manifest;        // without files: there was no log
  uint64_t number_max = 0;  // greatest number of any file of this log in the directory, named or not
  uint64_t next_sequence = 1;
  uint64_t certain_sequence = 0;  // the last record that no failed sync puts in doubt; see unsynced_from
  UnixMs now_max;                 // the latest time of any batch
  uint64_t batches = 0;
  uint64_t records = 0;
  uint64_t bytes = 0;  // good ones, of base and increments
  uint64_t base_bytes = 0;
  uint64_t last_increment_bytes = 0;
  uint64_t last_increment_synced = 0;  // so many of them were on disk by the word of their batches
  uint64_t bytes_cut = 0;
  std::vector<std::string> notices;  // for the operator's log: what was cut off or deleted, and why
};

// Either a log, or the text that says what is wrong, where, and what to do.
struct [[nodiscard]] LoadResult {
  std::optional<LoadedLog> log;
  std::string error;  // empty exactly if there is a log

  bool ok() const { return log.has_value(); }
};

// Loads the log at `location`, cuts the end that a crash has torn, deletes history and temporary files. Nothing at all
// there is a log without files. Memory: one batch.
LoadResult load(FileSystem& files, const LogLocation& location, BatchConsumer& consumer);

}  // namespace sluice
