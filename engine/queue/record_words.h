// SPDX-License-Identifier: MIT
//
// The words of one record of a rewrite, and their reading.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/number_text.h"
#include "engine/base/time.h"
#include "engine/queue/handle.h"
#include "engine/queue/message.h"
#include "engine/record_sink.h"
#include "engine/stream_id.h"

namespace sluice {

// Gathers words, and keeps the texts of numbers.
class RecordWords {
 public:
  static constexpr size_t kWordsMax = 64;
  void word(std::string_view text) {
    CHECK(size_ < kWordsMax);
    words_[size_++] = text;
  }
  template <typename... Texts>
  void words(const Texts&... texts) {
    (word(texts), ...);
  }
  void number(uint64_t number) {
    char* const to = texts_[size_].data();
    word({to, format_u64(to, number)});
  }
  void time(UnixMs time) {
    char* const to = texts_[size_].data();
    word({to, format_i64(to, time.count)});
  }
  void span(Millis span) { time(UnixMs{span.count}); }
  void id(StreamId id) {
    char* const to = texts_[size_].data();
    word({to, format_stream_id(to, id)});
  }
  bool full() const { return size_ + 4 > kWordsMax; }
  std::span<const std::string_view> all() const { return {words_.data(), size_}; }

 private:
  std::array<std::string_view, kWordsMax> words_;
  std::array<std::array<char, kStreamIdCharsMax>, kWordsMax> texts_;
  size_t size_ = 0;
};

// Reads the words of a record. The first that is none of ours is remembered, and later ones read as nothing.
class RecordReader {
 public:
  explicit RecordReader(std::span<const std::string_view> words) : words_(words) {}
  size_t left() const { return words_.size() - at_; }
  bool good() const { return good_; }
  std::string_view word() {
    if (left() == 0) good_ = false;
    return good_ ? words_[at_++] : std::string_view();
  }
  bool accept(std::string_view text) {
    if (left() == 0 || words_[at_] != text) return false;
    ++at_;
    return true;
  }
  uint64_t number(uint64_t max) {
    const auto value = parse_u64(word());
    if (!value || *value > max) good_ = false;
    return good_ ? *value : 0;
  }
  UnixMs time() { return UnixMs{static_cast<int64_t>(number(INT64_MAX))}; }
  StreamId id() {
    const auto value = parse_message_id(word());
    if (!value || value->seq > kMessageIdSeqMax || value->ms > INT64_MAX) good_ = false;
    return good_ ? *value : StreamId();
  }

 private:
  std::span<const std::string_view> words_;
  size_t at_ = 0;
  bool good_ = true;
};

inline void select_database(RecordSink& sink, int db) {
  char text[kI64CharsMax];
  sink.record({"SELECT", {text, format_i64(text, db)}});
}

}  // namespace sluice
