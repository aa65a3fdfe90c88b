// SPDX-License-Identifier: MIT
//
// Records a big value as commands with many arguments each, but not too many: `HSET key f v f v ...`.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "engine/record_sink.h"

namespace sluice {

class RecordBatch {
 public:
  static constexpr size_t kWordsMax = 130;

  // The words of `head`, and those added, must stay valid until the next flush(). What has been added and
  // not flushed is not recorded.
  RecordBatch(RecordSink& sink, std::initializer_list<std::string_view> head) : sink_(sink), words_(head) {
    head_words_ = words_.size();
    words_.reserve(kWordsMax);
  }

  void add(std::string_view word) {
    words_.push_back(word);
    if (words_.size() >= kWordsMax) flush();
  }
  void add(std::string_view first, std::string_view second) {
    words_.push_back(first);
    add(second);
  }
  void flush() {
    if (words_.size() > head_words_) sink_.record(words_);
    words_.resize(head_words_);
  }

 private:
  RecordSink& sink_;
  std::vector<std::string_view> words_;
  size_t head_words_;
};

}  // namespace sluice
