// SPDX-License-Identifier: MIT
//
// The usual request is an array in canonical form that lies in the input as a whole. read_usual() takes it in
// one go, in registers: lengths are read digit by digit, and the words need no search. Whatever it does not
// expect it leaves to the functions behind it, which read the same grammar slowly, can stop anywhere, and
// know every error.
//
// A search for line ends with wide registers was the alternative; it costs twice as much, since the lines to
// be found are four bytes long.
#include "protocol/request_parser.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "engine/base/escape.h"
#include "engine/base/number_text.h"

namespace sluice::protocol {
namespace {

// Digits that the short way reads: enough for every length that is allowed, too few to overflow.
constexpr ptrdiff_t kShortDigitsMax = 12;

// Reads a number and the line end behind it. Returns where the next byte is, or nullptr if there is anything
// else, or not enough.
inline const char* read_short_header(const char* at, const char* end, int64_t& number) {
  const char* const limit = end - at > kShortDigitsMax ? at + kShortDigitsMax : end;
  const char* const first = at;
  int64_t value = 0;
  while (at < limit) {
    const auto digit = static_cast<uint8_t>(*at - '0');
    if (digit > 9) break;
    value = value * 10 + digit;
    ++at;
  }
  if (end - at < 2 || at[0] != '\r' || at[1] != '\n' || at == first) return nullptr;
  if (*first == '0' && at - first > 1) return nullptr;
  number = value;
  return at + 2;
}

constexpr uint16_t kLineEnd = std::bit_cast<uint16_t>(std::array<char, 2>{'\r', '\n'});

inline uint16_t load_two(const char* at) {
  uint16_t two;
  std::memcpy(&two, at, sizeof(two));
  return two;
}

// Likewise for a header with its type in front. The usual lengths, up to three digits, are read without a
// loop. Requires: 6 bytes.
template <char kType>
inline const char* read_usual_header(const char* at, const char* end, int64_t& number) {
  if (*at != kType) return nullptr;
  const uint32_t first = static_cast<uint8_t>(at[1] - '0');
  if (first > 9) return nullptr;
  if (load_two(at + 2) == kLineEnd) {
    number = first;
    return at + 4;
  }
  const uint32_t second = static_cast<uint8_t>(at[2] - '0');
  if (first == 0 || second > 9) return nullptr;
  if (load_two(at + 3) == kLineEnd) {
    number = first * 10 + second;
    return at + 5;
  }
  const uint32_t third = static_cast<uint8_t>(at[3] - '0');
  if (third > 9) return nullptr;
  if (load_two(at + 4) == kLineEnd) {
    number = first * 100 + second * 10 + third;
    return at + 6;
  }
  return read_short_header(at + 1, end, number);
}

// The shortest that there is: "$0\r\n\r\n".
constexpr ptrdiff_t kBulkBytesMin = 6;

constexpr bool is_blank(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}
// What ends a word that is not quoted. Fewer bytes than is_blank(): Redis makes the difference, and so do we.
constexpr bool ends_word(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\r';
}
constexpr bool is_quote(char byte) {
  return byte == '"' || byte == '\'';
}

// A byte of the client's that is safe within a line of ours.
constexpr char printable(char byte) {
  if (static_cast<uint8_t>(byte) >= 0x7f) return '?';
  return byte < ' ' ? ' ' : byte;
}

}  // namespace

bool begins_http(std::string_view word) {
  return equals_folded(word, "post") || equals_folded(word, "host:");
}

void RequestParser::reset() {
  *this = RequestParser();
}

void RequestParser::begin_request() {
  needed_ = kNothingRead;
  position_ = 0;
  searched_ = 0;
  words_missing_ = 0;
  bulk_size_ = kNoBulk;
  canonical_ = true;
}

// Not when a request ends, since its words are still to be used, but when the next one is asked for.
void RequestParser::release_surplus() {
  if (words_.size() > kWordsKeptMax) std::vector<std::string_view>().swap(words_);
  if (unquoted_.capacity() > kUnquotedKeptMax) std::string().swap(unquoted_);
}

RequestParser::Step RequestParser::need(size_t bytes) {
  needed_ = bytes;
  return Step::kNeedMore;
}

RequestParser::Step RequestParser::fail(std::string_view text) {
  error_ = "Protocol error: ";
  error_ += text;
  failed_ = true;
  return Step::kError;
}

RequestParser::Status RequestParser::next(std::string_view input, const RequestLimits& limits) {
  if (failed_) return Status::kError;
  if (words_.size() > kWordsKeptMax || unquoted_.capacity() > kUnquotedKeptMax) [[unlikely]]
    release_surplus();
  count_ = 0;
  if (needed_ == kNothingRead && read_usual(input, limits)) [[likely]]
    return Status::kRequest;

  consumed_ = 0;
  raw_ = {};

  std::string_view request = input;
  Step step = Step::kNeedMore;
  while (request.size() >= needed_) {
    step = read_request(request, limits);
    if (step != Step::kEmpty) break;
    consumed_ += position_;
    request.remove_prefix(position_);
    begin_request();
    step = Step::kNeedMore;
  }

  switch (step) {
    case Step::kDone:
      if (!ranges_.empty()) [[unlikely]]
        restore_words(request.data());
      consumed_ += position_;
      if (canonical_) raw_ = request.substr(0, position_);
      begin_request();
      return Status::kRequest;
    case Step::kEmpty:
    case Step::kNeedMore:
      if (count_ > 0) keep_ranges(request.data());
      return Status::kNeedMore;
    case Step::kError:
      return Status::kError;
    case Step::kForeign:
      return Status::kForeign;
  }
  CHECK(false);
}

inline bool RequestParser::read_usual(std::string_view input, const RequestLimits& limits) {
  const char* const begin = input.data();
  const char* const end = begin + input.size();
  if (end - begin < kBulkBytesMin) return false;  // too short for a header and a bulk
  int64_t missing = 0;
  const char* at = read_usual_header<'*'>(begin, end, missing);
  const int64_t words_max = limits.authenticated ? kRequestWordsMax : kUnauthenticatedWordsMax;
  if (at == nullptr || missing == 0 || missing > words_max) return false;
  const auto size_max = limits.authenticated
                            ? static_cast<int64_t>(limits.bulk_bytes_max)
                            : std::min<int64_t>(limits.bulk_bytes_max, kUnauthenticatedBulkBytesMax);

  std::string_view* to = words_.data();
  std::string_view* to_end = to + words_.size();
  uint16_t line_ends_differ = 0;
  do {
    if (end - at < kBulkBytesMin) break;
    int64_t size = 0;
    const char* const bytes = read_usual_header<'$'>(at, end, size);
    if (bytes == nullptr || size > size_max || end - bytes < size + 2) break;
    if (to == to_end) [[unlikely]] {
      const size_t used = words_.size();
      grow_words();
      to = words_.data() + used;
      to_end = words_.data() + words_.size();
    }
    *to++ = {bytes, static_cast<size_t>(size)};
    line_ends_differ |= load_two(bytes + size) ^ kLineEnd;
    at = bytes + size + 2;
  } while (--missing > 0);

  count_ = static_cast<size_t>(to - words_.data());
  const auto read = static_cast<size_t>(at - begin);
  if (missing > 0) [[unlikely]] {
    position_ = read;
    words_missing_ = missing;
    canonical_ = line_ends_differ == 0;
    return false;
  }
  consumed_ = read;
  raw_ = {begin, line_ends_differ == 0 ? read : 0};
  return true;
}

inline void RequestParser::add_word(std::string_view word) {
  if (count_ == words_.size()) grow_words();
  words_[count_++] = word;
}

RequestParser::Step RequestParser::read_request(std::string_view request, const RequestLimits& limits) {
  return request[0] == '*' ? read_array(request, limits) : read_inline(request);
}

RequestParser::Step RequestParser::read_array(std::string_view request, const RequestLimits& limits) {
  const char* const begin = request.data();
  const char* const end = begin + request.size();
  const char* at = begin + position_;
  int64_t number = 0;

  if (words_missing_ == 0) {
    if (const char* behind = read_short_header(at + 1, end, number)) [[likely]] {
      at = behind;
      searched_ = 0;
    } else {
      const Step step = read_header(request, Header::kCount, number);
      if (step != Step::kDone) return step;
      at = begin + position_;
    }
    position_ = static_cast<size_t>(at - begin);
    if (number <= 0) return Step::kEmpty;
    if (check_number(Header::kCount, number, limits) != Step::kDone) return Step::kError;
    words_missing_ = number;
  }

  while (words_missing_ > 0) {
    if (bulk_size_ == kNoBulk) {
      if (at == end) return need(position_ + 1);
      const char* behind = *at == '$' ? read_short_header(at + 1, end, number) : nullptr;
      if (behind != nullptr) [[likely]] {
        at = behind;
        position_ = static_cast<size_t>(at - begin);
        searched_ = 0;
      } else {
        const Step step = read_header(request, Header::kBulkSize, number);
        if (step != Step::kDone) return step;
        at = begin + position_;
      }
      if (check_number(Header::kBulkSize, number, limits) != Step::kDone) return Step::kError;
      bulk_size_ = number;
    }
    const auto size = static_cast<size_t>(bulk_size_);
    if (static_cast<size_t>(end - at) < size + 2) return need(position_ + size + 2);
    if (at[size] != '\r' || at[size + 1] != '\n') canonical_ = false;
    add_word({at, size});
    at += size + 2;
    position_ = static_cast<size_t>(at - begin);
    bulk_size_ = kNoBulk;
    --words_missing_;
  }
  return Step::kDone;
}

RequestParser::Step RequestParser::read_header(std::string_view request, Header kind, int64_t& number) {
  const std::string_view rest = request.substr(position_);
  const size_t cr = rest.substr(0, kLineBytesMax + 1).find('\r', searched_);
  if (cr == std::string_view::npos) {
    if (rest.size() > kLineBytesMax) {
      return fail(kind == Header::kCount ? "too big mbulk count string" : "too big bulk count string");
    }
    searched_ = rest.size();
    return need(request.size() + 1);
  }
  searched_ = cr;
  if (rest.size() < cr + 2) return need(position_ + cr + 2);

  if (kind == Header::kBulkSize && rest[0] != '$') {
    return fail(std::string("expected '$', got '") + printable(rest[0]) + "'");
  }
  const auto value = parse_i64(rest.substr(1, cr - 1));
  if (!value) return fail(kind == Header::kCount ? "invalid multibulk length" : "invalid bulk length");
  if (rest[cr + 1] != '\n') canonical_ = false;
  number = *value;
  position_ += cr + 2;
  searched_ = 0;
  return Step::kDone;
}

inline RequestParser::Step RequestParser::check_number(Header kind, int64_t number,
                                                       const RequestLimits& limits) {
  if (kind == Header::kCount) {
    if (number > kRequestWordsMax) return fail("invalid multibulk length");
    if (number > kUnauthenticatedWordsMax && !limits.authenticated)
      return fail("unauthenticated multibulk length");
    return Step::kDone;
  }
  if (number < 0 || static_cast<uint64_t>(number) > limits.bulk_bytes_max) return fail("invalid bulk length");
  if (number > kUnauthenticatedBulkBytesMax && !limits.authenticated)
    return fail("unauthenticated bulk length");
  return Step::kDone;
}

RequestParser::Step RequestParser::read_inline(std::string_view request) {
  const size_t line_end = request.substr(0, kLineBytesMax + 1).find('\n', searched_);
  if (line_end == std::string_view::npos) {
    if (request.size() > kLineBytesMax) return fail("too big inline request");
    searched_ = request.size();
    return need(request.size() + 1);
  }
  position_ = line_end + 1;
  canonical_ = false;
  std::string_view line = request.substr(0, line_end);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return split_line(line);
}

RequestParser::Step RequestParser::split_line(std::string_view line) {
  unquoted_.clear();
  size_t at = 0;
  while (true) {
    while (at < line.size() && is_blank(line[at]))
      ++at;
    if (at == line.size()) break;
    const size_t begin = at;
    while (at < line.size() && !ends_word(line[at]) && !is_quote(line[at]))
      ++at;
    if (at == line.size() || !is_quote(line[at])) {
      add_word(line.substr(begin, at - begin));
      continue;
    }
    // No word is longer than it was in quotes, so that room for the line is room for all, and views into it stay valid.
    unquoted_.reserve(line.size());
    at = begin;
    if (!read_quoted_word(line, at)) return fail("unbalanced quotes in request");
  }
  if (count_ == 0) return Step::kEmpty;
  if (begins_http(words_[0])) return Step::kForeign;
  return Step::kDone;
}

// Adds the word that begins at `at`, which has a quoted part; the quote that closes it ends the word. False
// if none does, or if something follows it at once.
bool RequestParser::read_quoted_word(std::string_view line, size_t& at) {
  const size_t begin = unquoted_.size();
  while (!is_quote(line[at]))
    unquoted_ += line[at++];
  if (!(line[at] == '"' ? read_double_quoted(line, at) : read_single_quoted(line, at))) return false;
  if (at < line.size() && !is_blank(line[at])) return false;
  add_word(std::string_view(unquoted_).substr(begin));
  return true;
}

// `at` is at the opening quote, and then behind the closing one. False if there is none.
bool RequestParser::read_double_quoted(std::string_view line, size_t& at) {
  for (++at; at < line.size(); ++at) {
    if (line[at] == '"') {
      ++at;
      return true;
    }
    if (line[at] != '\\' || at + 1 == line.size()) {
      unquoted_ += line[at];
    } else {
      unquoted_ += read_escape(line, at);
    }
  }
  return false;
}

bool RequestParser::read_single_quoted(std::string_view line, size_t& at) {
  for (++at; at < line.size(); ++at) {
    if (line[at] == '\'') {
      ++at;
      return true;
    }
    if (line[at] == '\\' && at + 1 < line.size() && line[at + 1] == '\'') ++at;
    unquoted_ += line[at];
  }
  return false;
}

// The input may move before the rest of the request is there: what has been read is kept as offsets.
void RequestParser::keep_ranges(const char* request) {
  for (size_t i = 0; i < count_; ++i) {
    ranges_.push_back({static_cast<size_t>(words_[i].data() - request), words_[i].size()});
  }
  count_ = 0;
}

void RequestParser::restore_words(const char* request) {
  const size_t kept = ranges_.size();
  if (words_.size() < kept + count_) words_.resize(kept + count_);
  std::copy_backward(words_.begin(), words_.begin() + static_cast<ptrdiff_t>(count_),
                     words_.begin() + static_cast<ptrdiff_t>(kept + count_));
  for (size_t i = 0; i < kept; ++i)
    words_[i] = {request + ranges_[i].offset, ranges_[i].size};
  count_ += kept;
  ranges_.clear();
  if (ranges_.capacity() > kWordsKeptMax) std::vector<Range>().swap(ranges_);
}

}  // namespace sluice::protocol
