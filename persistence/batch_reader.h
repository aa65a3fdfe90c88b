// SPDX-License-Identifier: MIT
//
// Reads one log file batch by batch, every byte checked, and says what it is when a batch does not check.
// What to do about it is for recovery and the check tool to decide.
//
//   next() = kBatch, kBatch, ... then kEnd, or kDamage at offset(), after which only the examining calls make sense.
//
// Memory: one batch, or kReadBytes. A length that damage has made up costs nothing: a body is only read if the file is
// long enough to hold it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/byte_buffer.h"
#include "persistence/batch_format.h"
#include "persistence/file_system.h"

namespace sluice {

inline constexpr size_t kReadBytes = 1u << 20;

enum class ReadStep : uint8_t { kBatch, kEnd, kDamage, kFailed };

class BatchReader {
 public:
  // `file` must outlive the reader. It holds `file_bytes` bytes and does not change meanwhile.
  BatchReader(File& file, uint64_t file_bytes) : file_(file), file_bytes_(file_bytes) {}

  ReadStep next();

  // After kBatch; the body until the next call.
  const BatchHeader& header() const { return header_; }
  std::string_view body() const { return body_; }

  // End of the last good batch: where the next one starts, the damage stands, or the file ends.
  uint64_t offset() const { return offset_; }
  uint64_t file_bytes() const { return file_bytes_; }
  // The greatest `synced` of any valid line so far.
  uint64_t synced_max() const { return synced_max_; }
  // After kFailed: the disk's error.
  IoError error() const { return IoError{error_code_}; }

  // After kDamage: how the bytes there look, for people.
  Io<std::string> describe_damage();
  // After kDamage: the first valid batch behind it, if any.
  Io<std::optional<BatchHeader>> find_valid_batch_behind();
  // After kDamage: whether all that is left is an empty batch with exactly one wrong byte. A crash does not do that: it
  // leaves a front part, or zeros, or what was on the disk before. (One zero as the very last byte can be a crash: the
  // file had grown, the byte had not arrived.)
  Io<bool> is_altered_empty_batch();
  // Goes on reading at `offset`, where find_valid_batch_behind() found something.
  void skip_to(uint64_t offset);

 private:
  // Makes the bytes at `offset` available in window_, as many of `size` as the file has.
  Io<std::string_view> bytes_at(uint64_t offset, size_t size);
  // Whether the batch whose line stands at `offset` checks, without holding its body.
  Io<bool> checks(uint64_t offset, std::string_view line, const BatchLine& decoded);
  ReadStep failed(IoError error);

  File& file_;
  uint64_t file_bytes_;
  uint64_t offset_ = 0;
  uint64_t synced_max_ = 0;
  int error_code_ = 0;
  BatchHeader header_;
  std::string_view body_;

  ByteBuffer window_;  // bytes of the file from window_offset_ on
  uint64_t window_offset_ = 0;
};

}  // namespace sluice
