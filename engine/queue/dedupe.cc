// SPDX-License-Identifier: MIT
#include "engine/queue/dedupe.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/hash.h"

namespace sluice {
namespace {

// From the end of the hash that does not choose the bucket.
uint8_t tag_of(uint64_t hash) {
  return static_cast<uint8_t>(hash >> 56);
}

}  // namespace

DedupeTokens::~DedupeTokens() {
  for_each_loose([](LooseToken& loose) { delete &loose; });
  free_buckets();
}

bool DedupeTokens::free_some(size_t& parts_max, TimerHeap& windows) {
  while (!directory_.empty() && parts_max > 0) {
    --parts_max;
    Bucket* const last = directory_.back();
    // From the end, the first place of a bucket is the last one met.
    if (is_first_place(directory_.size() - 1)) {
      for (const Holder& holder : last->holders) {
        LooseToken* const loose = holder.loose();
        if (loose == nullptr) continue;
        windows.disarm(*loose);
        delete loose;
        parts_max -= std::min<size_t>(parts_max, 1);
      }
      delete last;
    }
    directory_.pop_back();
  }
  return directory_.empty();
}

void DedupeTokens::free_buckets() {
  std::vector<Bucket*> buckets;
  for_each_bucket([&buckets](Bucket* bucket) { buckets.push_back(bucket); });
  for (Bucket* bucket : buckets)
    delete bucket;
  directory_ = {};
  depth_ = 0;
  buckets_ = 0;
}

uint64_t DedupeTokens::hash(std::string_view text) const {
  return hash_bytes(text, seed_);
}

std::optional<StreamId> DedupeTokens::find(std::string_view token) const {
  if (size_ == 0) return std::nullopt;
  const uint64_t hashed = hash(token);
  const Bucket& in = bucket(hashed);
  for (size_t i = 0; i < in.holders.size(); ++i) {
    if (in.tags[i] == tag_of(hashed) && in.holders[i].text() == token) return in.holders[i].id();
  }
  return std::nullopt;
}

void DedupeTokens::hold(Message& message) {
  CHECK(message.has_token && !message.token_held);
  message.token_held = true;
  insert(Holder::of(message));
}

void DedupeTokens::release(const Message& message) {
  remove(Holder::of(message), message.traits().token);
}

void DedupeTokens::hold(std::unique_ptr<LooseToken> token) {
  token->table = this;
  ++loose_;
  insert(Holder::of(*token.release()));
}

void DedupeTokens::release(LooseToken& token) {
  CHECK(!token.armed());
  remove(Holder::of(token), token.text);
  --loose_;
  delete &token;
}

void DedupeTokens::insert(Holder holder) {
  const uint64_t hashed = hash(holder.text());
  if (directory_.empty()) {
    directory_.push_back(new Bucket());
    ++buckets_;
  }
  while (bucket(hashed).holders.size() >= kBucketMax && bucket(hashed).depth < kDepthMax)
    split(hashed);
  Bucket& into = bucket(hashed);
  into.holders.push_back(holder);
  into.tags.push_back(tag_of(hashed));
  ++size_;
}

void DedupeTokens::remove(Holder holder, std::string_view text) {
  Bucket& from = bucket(hash(text));
  const auto at = std::find_if(from.holders.begin(), from.holders.end(),
                               [holder](const Holder& each) { return each.raw == holder.raw; });
  CHECK(at != from.holders.end());
  const auto index = static_cast<size_t>(at - from.holders.begin());
  from.holders[index] = from.holders.back();
  from.holders.pop_back();
  from.tags[index] = from.tags.back();
  from.tags.pop_back();
  --size_;
  if (size_ == 0) free_buckets();
}

void DedupeTokens::split(uint64_t hashed) {
  Bucket* const whole = directory_[hashed & (directory_.size() - 1)];
  if (whole->depth == depth_) {
    directory_.resize(directory_.size() * 2);
    std::copy_n(directory_.begin(), directory_.size() / 2,
                directory_.begin() + static_cast<ptrdiff_t>(directory_.size() / 2));
    ++depth_;
  }
  const uint64_t bit = uint64_t{1} << whole->depth;
  auto* const upper = new Bucket();
  ++buckets_;
  upper->depth = ++whole->depth;
  Bucket lower;
  for (size_t i = 0; i < whole->holders.size(); ++i) {
    Bucket& into = (hash(whole->holders[i].text()) & bit) != 0 ? *upper : lower;
    into.holders.push_back(whole->holders[i]);
    into.tags.push_back(whole->tags[i]);
  }
  whole->holders = std::move(lower.holders);
  whole->tags = std::move(lower.tags);
  for (uint64_t at = (hashed & (bit - 1)) | bit; at < directory_.size(); at += bit * 2)
    directory_[at] = upper;
}

size_t DedupeTokens::bytes() const {
  size_t bytes = sizeof(DedupeTokens) + directory_.capacity() * sizeof(directory_[0]);
  bytes += buckets_ * (sizeof(Bucket) + 16);
  for_each_loose([&bytes](const LooseToken& loose) { bytes += sizeof(LooseToken) + loose.text.size(); });
  return bytes + size_ * (sizeof(Holder) + 1) * 4 / 3;
}

void DedupeTokens::check_invariants() const {
  size_t count = 0;
  for_each_holder([&](const Holder& holder) {
    ++count;
    CHECK(find(holder.text()) == holder.id());
    // Asked of the bit itself: of an address that may be null the compiler warns.
    const bool is_message = (holder.raw & 1) == 0;
    if (is_message) CHECK(holder.message()->token_held);
    if (!is_message) CHECK(holder.loose()->table == this && holder.loose()->armed());
  });
  CHECK(count == size_);
  size_t loose = 0;
  for_each_loose([&loose](const LooseToken&) { ++loose; });
  CHECK(loose == loose_);
}

}  // namespace sluice
