// SPDX-License-Identifier: MIT
#include "persistence/batch_reader.h"

#include <algorithm>

#include "engine/base/crc32c.h"
#include "engine/base/result.h"

namespace sluice {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr unsigned kByteValues = 256;
constexpr size_t kZerosToTell = 16;

bool fits(uint64_t offset, const BatchLine& line, uint64_t file_bytes) {
  return line.header.body_bytes <= file_bytes - offset - line.line_bytes;
}

bool is_empty_batch(std::string_view bytes, uint64_t offset) {
  const auto line = decode_batch_line(bytes);
  return line && line->line_bytes == bytes.size() && line->header.body_bytes == 0 &&
         line->header.offset == offset && line->header.crc == batch_crc(bytes, *line, {});
}

}  // namespace

ReadStep BatchReader::next() {
  if (offset_ == file_bytes_) return ReadStep::kEnd;
  auto bytes = bytes_at(offset_, kBatchLineBytesMax);
  if (!bytes.ok()) return failed(bytes.error());
  const auto line = decode_batch_line(bytes.value());
  if (!line || line->header.offset != offset_ || !fits(offset_, *line, file_bytes_)) return ReadStep::kDamage;

  const size_t batch_bytes = line->line_bytes + line->header.body_bytes;
  bytes = bytes_at(offset_, batch_bytes);
  if (!bytes.ok()) return failed(bytes.error());
  const std::string_view batch = bytes.value().substr(0, batch_bytes);
  body_ = batch.substr(line->line_bytes);
  if (batch_crc(batch, *line, body_) != line->header.crc) return ReadStep::kDamage;

  header_ = line->header;
  offset_ += batch_bytes;
  synced_max_ = std::max(synced_max_, header_.synced);
  return ReadStep::kBatch;
}

ReadStep BatchReader::failed(IoError error) {
  error_code_ = error.code;
  return ReadStep::kFailed;
}

Io<std::string_view> BatchReader::bytes_at(uint64_t offset, size_t size) {
  size = static_cast<size_t>(std::min<uint64_t>(size, file_bytes_ - offset));
  if (offset < window_offset_ || offset > window_offset_ + window_.size()) {
    window_.clear();
    window_offset_ = offset;
  }
  const uint64_t end = window_offset_ + window_.size();
  if (end >= offset + size) return window_.view().substr(offset - window_offset_);

  window_.consume(offset - window_offset_);
  window_offset_ = offset;
  window_.shrink(2 * kReadBytes);  // after a batch that was much larger than most
  const size_t missing = static_cast<size_t>(offset + size - end);
  const size_t wanted =
      static_cast<size_t>(std::min<uint64_t>(std::max(missing, kReadBytes), file_bytes_ - end));
  TRY_VOID(read_exactly(file_, end, window_.reserve(wanted), wanted));
  window_.commit(wanted);
  return window_.view();
}

void BatchReader::skip_to(uint64_t offset) {
  offset_ = offset;
}

Io<std::string> BatchReader::describe_damage() {
  TRY(const std::string_view bytes, bytes_at(offset_, kBatchLineBytesMax));
  if (const auto line = decode_batch_line(bytes)) {
    if (line->header.offset != offset_) {
      return "a batch that belongs at offset " + std::to_string(line->header.offset);
    }
    if (!fits(offset_, *line, file_bytes_)) return std::string("a batch cut short");
    return std::string("a batch that fails its checksum");
  }
  const std::string_view front = bytes.substr(0, kZerosToTell);
  if (std::all_of(front.begin(), front.end(), [](char c) { return c == '\0'; })) return std::string("zeros");
  const std::string_view shown = bytes.substr(0, kBatchLineBytesMax);
  const size_t line_end = shown.find(kLineEnd);
  if (shown.starts_with(kBatchMagic.substr(0, shown.size())) && line_end == std::string_view::npos) {
    return std::string("a line cut short");
  }
  return std::string("no valid batch");
}

Io<std::optional<BatchHeader>> BatchReader::find_valid_batch_behind() {
  for (uint64_t at = offset_ + 1; at < file_bytes_;) {
    TRY(const std::string_view bytes, bytes_at(at, kReadBytes));
    const size_t found = bytes.find(kBatchMagic);
    if (found == std::string_view::npos) {
      // The magic may begin in the last bytes seen.
      const size_t keep = kBatchMagic.size() - 1;
      if (bytes.size() <= keep) break;
      at += bytes.size() - keep;
      continue;
    }
    at += found;
    TRY(const std::string_view line, bytes_at(at, kBatchLineBytesMax));
    const auto decoded = decode_batch_line(line);
    if (decoded && decoded->header.offset == at && fits(at, *decoded, file_bytes_)) {
      TRY(const bool valid, checks(at, std::string(line.substr(0, decoded->line_bytes)), *decoded));
      if (valid) return std::optional<BatchHeader>(decoded->header);
    }
    ++at;
  }
  return std::optional<BatchHeader>();
}

Io<bool> BatchReader::checks(uint64_t offset, std::string_view line, const BatchLine& decoded) {
  uint32_t crc = batch_crc(line, decoded, {});
  uint64_t at = offset + decoded.line_bytes;
  uint64_t left = decoded.header.body_bytes;
  while (left > 0) {
    TRY(std::string_view bytes, bytes_at(at, kReadBytes));
    bytes = bytes.substr(0, left);
    crc = crc32c(bytes, crc);
    at += bytes.size();
    left -= bytes.size();
  }
  return crc == decoded.header.crc;
}

Io<bool> BatchReader::is_altered_empty_batch() {
  if (file_bytes_ - offset_ > kBatchLineBytesMax) return false;
  TRY(const std::string_view rest, bytes_at(offset_, kBatchLineBytesMax));
  std::string tail(rest);
  // Only one byte may be wrong: if the start or the end is, the rest is not looked at.
  const size_t start =
      tail.ends_with(kLineEnd) || tail.size() < kLineEnd.size() ? 0 : tail.size() - kLineEnd.size();
  const size_t end = tail.starts_with(kBatchMagic) ? tail.size() : std::min(tail.size(), kBatchMagic.size());
  for (size_t i = start; i < end; ++i) {
    const char is = tail[i];
    if (is == '\0' && i + 1 == tail.size()) continue;
    for (unsigned was = 0; was < kByteValues; ++was) {
      tail[i] = static_cast<char>(was);
      if (tail[i] != is && is_empty_batch(tail, offset_)) return true;
    }
    tail[i] = is;
  }
  return false;
}

}  // namespace sluice
