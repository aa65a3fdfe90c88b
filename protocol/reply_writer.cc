// SPDX-License-Identifier: MIT
#include "protocol/reply_writer.h"

#include "engine/base/check.h"
#include "engine/base/number_text.h"
#include "protocol/length_text.h"

namespace sluice::protocol {
namespace {

// One digit: right for what turns out to have fewer than ten elements.
constexpr size_t kPlaceholderBytes = 4;

constexpr bool is_control(char byte) {
  return static_cast<uint8_t>(byte) < ' ' || byte == 0x7f;
}

}  // namespace

void ReplyWriter::header(char type, uint64_t number) {
  char* const begin = out_.reserve(kHeaderRoom);
  out_.commit(static_cast<size_t>(put_header(begin, type, number) - begin));
}

void ReplyWriter::line(char type, std::string_view text) {
  char* const begin = out_.reserve(text.size() + 3);
  char* to = begin;
  *to++ = type;
  for (const char byte : text)
    *to++ = is_control(byte) ? ' ' : byte;
  *to++ = '\r';
  *to++ = '\n';
  out_.commit(static_cast<size_t>(to - begin));
}

void ReplyWriter::integer(int64_t value) {
  if (value >= 0) return header(':', static_cast<uint64_t>(value));
  char* const begin = out_.reserve(kHeaderRoom);
  char* to = begin;
  *to++ = ':';
  to += format_i64(to, value);
  *to++ = '\r';
  *to++ = '\n';
  out_.commit(static_cast<size_t>(to - begin));
}

void ReplyWriter::bulk(std::string_view bytes) {
  char* const begin = out_.reserve(kHeaderRoom + bytes.size() + 2);
  out_.commit(static_cast<size_t>(put_bulk(begin, bytes.data(), bytes.size()) - begin));
}

void ReplyWriter::bulk_integer(int64_t value) {
  char text[kI64CharsMax];
  bulk({text, format_i64(text, value)});
}

void ReplyWriter::number(double value) {
  char text[kDoubleCharsMax];
  const std::string_view digits(text, format_double(text, value));
  version_ == 3 ? line(',', digits) : bulk(digits);
}

void ReplyWriter::number_text(std::string_view text) {
  version_ == 3 ? line(',', text) : bulk(text);
}

void ReplyWriter::boolean(bool value) {
  if (version_ == 3) return raw(value ? "#t\r\n" : "#f\r\n");
  integer(value ? 1 : 0);
}

void ReplyWriter::big_number(std::string_view text) {
  version_ == 3 ? line('(', text) : bulk(text);
}

void ReplyWriter::verbatim(std::string_view format, std::string_view text) {
  CHECK(format.size() == 3);
  if (version_ != 3) return bulk(text);
  char* const begin = out_.reserve(kHeaderRoom);
  out_.commit(static_cast<size_t>(put_header(begin, '=', format.size() + 1 + text.size()) - begin));
  out_.append(format);
  out_.append(':');
  out_.append(text);
  out_.append("\r\n");
}

size_t ReplyWriter::header_later(char type) {
  const size_t mark = out_.size();
  header(type, 0);
  return mark;
}

void ReplyWriter::set_length(size_t mark, uint64_t number) {
  CHECK(mark + kPlaceholderBytes <= out_.size());
  const char type = out_.data()[mark];
  CHECK(out_.data()[mark + 1] == '0');  // or it was told already

  char text[kHeaderRoom];
  const auto size = static_cast<size_t>(put_header(text, type, number) - text);
  const size_t growth = size - kPlaceholderBytes;
  if (growth > 0) {
    out_.reserve(growth);
    char* const behind = out_.data() + mark + kPlaceholderBytes;
    std::memmove(behind + growth, behind, out_.size() - mark - kPlaceholderBytes);
    out_.commit(growth);
  }
  std::memcpy(out_.data() + mark, text, size);
}

}  // namespace sluice::protocol
