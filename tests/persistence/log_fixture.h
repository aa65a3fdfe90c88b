// SPDX-License-Identifier: MIT
//
// A small writer and reader of logs for the tests of this folder. A record is a command with one word, its
// number; the state of a log is the text of all its records in order, so a base is that text again.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "persistence/log.h"
#include "persistence/recovery.h"
#include "persistence/rewrite.h"
#include "tests/support/memory_file_system.h"

namespace sluice {

inline const LogLocation kLocation{"log", "appendonly.aof"};
inline constexpr UnixMs kNow{1'700'000'000'000};

inline std::string record_text(uint64_t sequence) {
  const std::string word = std::to_string(sequence);
  return "*1\r\n$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
}

// The records `first` .. `last`.
inline std::string records_text(uint64_t first, uint64_t last) {
  std::string text;
  for (uint64_t i = first; i <= last; ++i)
    text += record_text(i);
  return text;
}

// Keeps what it is given; refuses the batch that begins with record `refused`.
class Recorder final : public BatchConsumer {
 public:
  struct Batch {
    std::string file;
    bool base;
    BatchHeader header;
    std::string body;
  };
  std::vector<Batch> batches;
  std::string state;
  uint64_t refused = 0;

  std::string consume(std::string_view file, bool base, const BatchHeader& header,
                      std::string_view body) override {
    if (refused != 0 && header.sequence == refused && header.records > 0) return "unknown command";
    batches.push_back({std::string(file), base, header, std::string(body)});
    state += body;
    return {};
  }
};

struct Loaded {
  Recorder recorder;
  LoadResult result;

  explicit Loaded(FileSystem& files, const LogLocation& location = kLocation)
      : result(load(files, location, recorder)) {}
  bool ok() const { return result.ok(); }
  const std::string& state() const { return recorder.state; }
  std::string notices() const {
    std::string text;
    if (result.log) {
      for (const std::string& notice : result.log->notices)
        text += notice + "\n";
    }
    return text;
  }
};

// Opens the log that is there, or a new one; null if the disk does not let it.
inline std::unique_ptr<Log> open_log(FileSystem& files) {
  Loaded loaded(files);
  INFO(loaded.result.error);
  if (!loaded.ok()) return nullptr;
  auto log = Log::open(files, std::move(*loaded.result.log), kNow);
  if (!log.ok()) return nullptr;
  return std::move(log).value();
}

// Appends a batch of `records` records; does not write it.
inline void append(Log& log, uint64_t records = 1) {
  const uint64_t first = log.next_sequence();
  log.append_batch(
      {.first_sequence = first, .records = records, .now = kNow, .seed = first * 0x9e3779b97f4a7c15u},
      records_text(first, first + records - 1));
}

// A rewrite from begin to end, the base in several batches. False as soon as the disk refuses.
inline bool rewrite(FileSystem& files, Log& log) {
  Rewrite rewrite(files, log);
  const uint64_t last = log.next_sequence() - 1;
  if (!rewrite.begin(kNow).ok()) return false;
  for (uint64_t first = 1; first <= last; first += 2) {
    if (!rewrite.append_base(kNow, records_text(first, std::min(first + 1, last))).ok()) return false;
  }
  const auto ticket = rewrite.finish_begin(kNow);
  if (!ticket.ok()) return false;
  return rewrite.finish_end(ticket.value().file->sync()).ok();
}

inline Choose choose_by(std::mt19937_64& random) {
  return [&random](uint64_t max) { return max == UINT64_MAX ? random() : random() % (max + 1); };
}

}  // namespace sluice
