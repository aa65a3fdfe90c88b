// SPDX-License-Identifier: MIT
#include "persistence/batch_format.h"

#include <charconv>
#include <cinttypes>
#include <cstdio>

#include "engine/base/check.h"
#include "engine/base/crc32c.h"

namespace sluice {
namespace {

constexpr size_t kCrcDigits = 8;
constexpr size_t kSeedDigits = 16;
constexpr std::string_view kLineEnd = "\r\n";

// Takes a line apart from the front. The first part that does not fit makes all that follow fail.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text), size_(text.size()) {}

  bool good() const { return good_; }
  size_t used() const { return size_ - rest_.size(); }

  void literal(std::string_view expected) {
    good_ = good_ && rest_.starts_with(expected);
    if (good_) rest_.remove_prefix(expected.size());
  }

  // Decimal, in the one form that the writer gives it.
  template <typename Number>
  void decimal(Number& value) {
    if (!good_) return;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    const size_t length = static_cast<size_t>(end - rest_.data());
    const size_t sign = length > 0 && rest_[0] == '-' ? 1 : 0;
    const bool zero_first = length > sign && rest_[sign] == '0';
    good_ = error == std::errc() && !(zero_first && (length > sign + 1 || sign > 0));
    if (good_) rest_.remove_prefix(length);
  }

  template <typename Number>
  void hexadecimal(Number& value, size_t digits) {
    good_ = good_ && rest_.size() >= digits;
    if (!good_) return;
    value = 0;
    for (const char digit : rest_.substr(0, digits)) {
      const bool number = digit >= '0' && digit <= '9';
      good_ = good_ && (number || (digit >= 'a' && digit <= 'f'));
      value = value << 4 | static_cast<Number>(number ? digit - '0' : digit - 'a' + 10);
    }
    rest_.remove_prefix(digits);
  }

 private:
  std::string_view rest_;
  size_t size_;
  bool good_ = true;
};

}  // namespace

size_t encode_batch(const BatchHeader& header, std::string_view body, ByteBuffer& out) {
  CHECK(header.synced <= header.offset);
  char* const line = out.reserve(kBatchLineBytesMax + body.size());
  const int size = std::snprintf(line, kBatchLineBytesMax,
                                 "#sluice v=1 seq=%" PRIu64 " n=%" PRIu64 " now=%" PRId64 " seed=%016" PRIx64
                                 " at=%" PRIu64 " synced=%" PRIu64 " len=%zu crc=",
                                 header.sequence, header.records, header.now.count, header.seed,
                                 header.offset, header.synced, body.size());
  CHECK(size > 0 && static_cast<size_t>(size) + kCrcDigits + kLineEnd.size() < kBatchLineBytesMax);
  const size_t checked = static_cast<size_t>(size);
  const uint32_t crc = crc32c(body, crc32c({line, checked}));
  std::snprintf(line + checked, kBatchLineBytesMax - checked, "%08" PRIx32 "\r\n", crc);
  const size_t line_bytes = checked + kCrcDigits + kLineEnd.size();
  out.commit(line_bytes);
  out.append(body);
  return line_bytes + body.size();
}

std::optional<BatchLine> decode_batch_line(std::string_view bytes) {
  BatchLine line;
  BatchHeader& header = line.header;
  Scanner scanner(bytes.substr(0, kBatchLineBytesMax));
  scanner.literal("#sluice v=1 seq=");
  scanner.decimal(header.sequence);
  scanner.literal(" n=");
  scanner.decimal(header.records);
  scanner.literal(" now=");
  scanner.decimal(header.now.count);
  scanner.literal(" seed=");
  scanner.hexadecimal(header.seed, kSeedDigits);
  scanner.literal(" at=");
  scanner.decimal(header.offset);
  scanner.literal(" synced=");
  scanner.decimal(header.synced);
  scanner.literal(" len=");
  scanner.decimal(header.body_bytes);
  scanner.literal(" crc=");
  scanner.hexadecimal(header.crc, kCrcDigits);
  scanner.literal(kLineEnd);
  if (!scanner.good() || header.synced > header.offset) return std::nullopt;
  line.line_bytes = scanner.used();
  return line;
}

uint32_t batch_crc(std::string_view line, const BatchLine& decoded, std::string_view body) {
  const size_t checked = decoded.line_bytes - kLineEnd.size() - kCrcDigits;
  return crc32c(body, crc32c(line.substr(0, checked)));
}

}  // namespace sluice
