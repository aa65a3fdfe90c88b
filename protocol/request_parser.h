// SPDX-License-Identifier: MIT
//
// Bytes in, words out: RESP arrays of bulk strings, and inline requests (a line, as typed into telnet). Pure,
// in place and incremental: words are views into the caller's buffer, and a request that arrives in pieces is
// read once.
//
//   caller's buffer   [ *0\r\n | *2\r\n$3\r\nGET\r\n$1\r\nk\r\n | *1\r\n... ]
//                       skipped  '------- raw(), words() ------'  the next request
//                     '---------------- consumed() ------------'
//
// A caller's loop: next(input); drop consumed() bytes from the front of the input, whatever the status was
// (after kRequest once the words are no longer needed); on kNeedMore come back with the same bytes and more
// behind them. They may have moved.
//
// Invariants:
//  * However the bytes are cut into pieces, the same requests come out and the same error ends them.
//  * No memory is taken because of a number that the client announced, only for words that have arrived.
//  * A byte is looked at once; a piece of a big bulk costs O(1).
//
// What is refused and what is let through is Redis's choice: the byte after a header line's CR and the two
// after a bulk are not looked at, for instance. Such a request is executed, but raw() is empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::protocol {

// A line longer than this, inline or a header, is a protocol error.
inline constexpr size_t kLineBytesMax = 64u << 10;
// Words in one request.
inline constexpr int64_t kRequestWordsMax = INT32_MAX;
// What a client that has not authenticated may send.
inline constexpr int64_t kUnauthenticatedWordsMax = 10;
inline constexpr int64_t kUnauthenticatedBulkBytesMax = 16384;

struct RequestLimits {
  size_t bulk_bytes_max = 512u << 20;
  bool authenticated = true;
};

// Whether a request that begins with this word is HTTP, sent here by a browser that was made to.
bool begins_http(std::string_view word);

class RequestParser {
 public:
  enum class Status : uint8_t {
    kRequest,   // words() is a request, of at least one word
    kNeedMore,  // the input ends within a request, or holds none
    kError,     // error() is to be told to the client and the connection closed; stays until reset()
    kForeign,  // the client speaks HTTP: close without a word, so that no browser is made to send us commands
  };

  // `input`: all bytes received and not dropped yet.
  Status next(std::string_view input, const RequestLimits& limits);

  // After kRequest: views into that input, or into the parser for words that were quoted. Valid until the next call.
  std::span<const std::string_view> words() const { return {words_.data(), count_}; }
  // After kRequest: the bytes of the input that the request took, with skipped empty ones in front of it.
  // After kNeedMore: skipped empty requests; the parser takes it that the next input begins behind them.
  size_t consumed() const { return consumed_; }
  // After kRequest: its bytes, if they are exactly what append_request() writes for these words; else empty.
  std::string_view raw() const { return raw_; }
  // After kError: "Protocol error: ...", printable, without the "ERR " in front.
  std::string_view error() const { return error_; }
  // After kNeedMore: how many bytes, from the first byte that is not consumed, the input must have before
  // next() can get any further. A hint for whoever makes room; the client chooses it.
  size_t needed() const { return needed_; }

  // Back to how it began.
  void reset();

 private:
  // Where a word lies, from the first byte of its request. Survives a move of the input.
  struct Range {
    size_t offset;
    size_t size;
  };
  static constexpr int64_t kNoBulk = -1;
  // needed_ of a request of which nothing has been looked at; a request in pieces always needs more.
  static constexpr size_t kNothingRead = 1;
  static constexpr size_t kWordsMin = 16;
  // More room than this is given back after the request that took it.
  static constexpr size_t kWordsKeptMax = 256;
  static constexpr size_t kUnquotedKeptMax = 512;

  enum class Step : uint8_t { kDone, kEmpty, kNeedMore, kError, kForeign };
  enum class Header : uint8_t { kCount, kBulkSize };

  // The whole of the usual request at once. If it is not that, false, with what was read up to there noted
  // down: the functions below go on from it.
  bool read_usual(std::string_view input, const RequestLimits& limits);
  // Each reads on from position_ in `request`, which begins with the request's first byte. kDone and kEmpty
  // leave position_ behind the request.
  Step read_request(std::string_view request, const RequestLimits& limits);
  Step read_array(std::string_view request, const RequestLimits& limits);
  Step read_inline(std::string_view request);
  // For header lines that are not of the usual form, or not all there. kDone leaves position_ behind the line.
  Step read_header(std::string_view request, Header kind, int64_t& number);
  Step check_number(Header kind, int64_t number, const RequestLimits& limits);

  Step split_line(std::string_view line);
  bool read_quoted_word(std::string_view line, size_t& at);
  bool read_double_quoted(std::string_view line, size_t& at);
  bool read_single_quoted(std::string_view line, size_t& at);

  Step need(size_t bytes);
  Step fail(std::string_view text);
  void begin_request();
  void release_surplus();
  void grow_words() { words_.resize(words_.empty() ? kWordsMin : 2 * words_.size()); }
  void add_word(std::string_view word);
  void keep_ranges(const char* request);
  void restore_words(const char* request);

  std::vector<std::string_view> words_;  // the first count_ are the words read in this call
  size_t count_ = 0;
  std::vector<Range> ranges_;  // the words read in earlier calls
  std::string unquoted_;       // what stood in quotes, word after word
  std::string_view raw_;
  std::string error_;
  size_t consumed_ = 0;

  // Where reading stands within a request that is not complete.
  size_t needed_ = kNothingRead;  // bytes of the request that must be there before anything is tried
  size_t position_ = 0;           // read up to here
  size_t searched_ = 0;           // and no line end between there and here
  int64_t words_missing_ = 0;     // of an array, after its header; 0 at the beginning of a request
  int64_t bulk_size_ = kNoBulk;
  bool canonical_ = true;
  bool failed_ = false;
};

}  // namespace sluice::protocol
