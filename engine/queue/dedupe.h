// SPDX-License-Identifier: MIT
//
// The tokens of DEDUPE of one queue: while one is held, nobody adds a second message with it.
//
//   held by its message, until that is started or done ──► held by its window, until that ends ──► gone
//
// The text lies in the message; only a token that outlives its message has a place of its own (LooseToken). So a token
// costs its text, ten bytes behind the payload and about fifteen in the table.
//
// The table is an extendible hash: a directory chosen by the low bits of the hash, and buckets that split alone, so
// that there is no moment at which all of it moves. Its order is chance and never logged.
//
// Invariants (check_invariants): every token is found under its text, once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/timer_heap.h"
#include "engine/queue/message.h"

namespace sluice {

class DedupeTokens;

// A token whose message is gone or started, and whose window has not ended. Armed with the end of the window.
struct LooseToken : Timer {
  DedupeTokens* table = nullptr;
  StreamId id;  // of the message that it came with
  std::string text;
};

class DedupeTokens {
 public:
  DedupeTokens(int db, std::string_view key, uint64_t seed) : db_(db), key_(key), seed_(seed) {}
  ~DedupeTokens();
  DedupeTokens(const DedupeTokens&) = delete;
  DedupeTokens& operator=(const DedupeTokens&) = delete;

  int db() const { return db_; }
  const std::string& key() const { return key_; }
  void renamed(int db, std::string_view key) {
    db_ = db;
    key_ = key;
  }
  size_t size() const { return size_; }
  // Those without a message.
  size_t loose() const { return loose_; }
  // Its key has ended: it may only be asked for ended(), size() and to free_some().
  void end() { ended_ = true; }
  bool ended() const { return ended_; }
  bool empty() const { return size_ == 0; }

  // The message that was added with it, or nothing.
  std::optional<StreamId> find(std::string_view token) const;
  // Requires: the message has a token, which is not held.
  void hold(Message& message);
  void release(const Message& message);
  // Likewise for one without a message, which is the table's from now on. release() frees it; it must be disarmed.
  void hold(std::unique_ptr<LooseToken> token);
  void release(LooseToken& token);

  // Calls visit(LooseToken&) for each of them, in no order.
  template <typename Visit>
  void for_each_loose(const Visit& visit) const {
    for_each_holder([&visit](const Holder& holder) {
      if (LooseToken* const loose = holder.loose()) visit(*loose);
    });
  }
  // The tokens of a key that has ended, whose messages may be gone: takes out of `windows` what is loose and frees it,
  // about so many, and lowers `parts_max` by what it did. True when nothing is left; until then it may only be called
  // again, or destroyed with `windows`.
  bool free_some(size_t& parts_max, TimerHeap& windows);
  // Heap memory held, in bytes; of the loose ones without their texts' own.
  size_t bytes() const;
  void check_invariants() const;

 private:
  // A message, or a loose token: the lowest bit of the address says which.
  struct Holder {
    uintptr_t raw = 0;
    static Holder of(const Message& message) { return {reinterpret_cast<uintptr_t>(&message)}; }
    static Holder of(const LooseToken& loose) { return {reinterpret_cast<uintptr_t>(&loose) | 1}; }
    LooseToken* loose() const {
      return (raw & 1) != 0 ? reinterpret_cast<LooseToken*>(raw & ~uintptr_t{1}) : nullptr;
    }
    const Message* message() const { return reinterpret_cast<const Message*>(raw); }
    std::string_view text() const { return (raw & 1) != 0 ? loose()->text : message()->traits().token; }
    StreamId id() const { return (raw & 1) != 0 ? loose()->id : message()->id(); }
  };
  // Small and unordered: searched from end to end, by a byte of the hash first.
  struct Bucket {
    unsigned depth = 0;  // bits of the hash that its tokens share
    std::vector<Holder> holders;
    std::vector<uint8_t> tags;
  };
  static constexpr size_t kBucketMax = 128;
  static constexpr unsigned kDepthMax = 28;

  uint64_t hash(std::string_view text) const;
  Bucket& bucket(uint64_t hash) const { return *directory_[hash & (directory_.size() - 1)]; }
  void insert(Holder holder);
  void remove(Holder holder, std::string_view text);
  void split(uint64_t hash);
  void free_buckets();
  template <typename Visit>
  void for_each_bucket(const Visit& visit) const {
    for (size_t i = 0; i < directory_.size(); ++i) {
      if (is_first_place(i)) visit(directory_[i]);
    }
  }
  bool is_first_place(size_t i) const { return (i & ((size_t{1} << directory_[i]->depth) - 1)) == i; }
  template <typename Visit>
  void for_each_holder(const Visit& visit) const {
    for_each_bucket([&visit](const Bucket* bucket) {
      for (const Holder& holder : bucket->holders)
        visit(holder);
    });
  }

  int db_;
  std::string key_;
  const uint64_t seed_;
  // Owned by the table; several places may name one, the first of which counts where each is to be met once.
  std::vector<Bucket*> directory_;
  unsigned depth_ = 0;  // log2 of the directory's size
  size_t size_ = 0;
  size_t loose_ = 0;
  bool ended_ = false;
  size_t buckets_ = 0;
};

}  // namespace sluice
