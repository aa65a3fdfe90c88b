// SPDX-License-Identifier: MIT
#include "engine/queue/message_index.h"

#include <algorithm>

#include "engine/base/check.h"

namespace sluice {

size_t MessageIndex::chunk_for(StreamId id) const {
  // Workers mostly name what was handed out lately or what is oldest; neither end is worth a case of its own.
  const auto above = std::partition_point(chunks_.begin(), chunks_.end(),
                                          [id](const auto& chunk) { return chunk->lowest() <= id; });
  return above == chunks_.begin() ? 0 : static_cast<size_t>(above - chunks_.begin()) - 1;
}

uint32_t MessageIndex::position_for(const Chunk& chunk, StreamId id) {
  Message* const* const first = chunk.messages.data();
  Message* const* const at = std::partition_point(
      first + chunk.begin, first + chunk.end, [id](const Message* message) { return message->id() < id; });
  return static_cast<uint32_t>(at - first);
}

Message* MessageIndex::find(StreamId id) const {
  if (size_ == 0) return nullptr;
  const Chunk& chunk = *chunks_[chunk_for(id)];
  const uint32_t position = position_for(chunk, id);
  if (position == chunk.end || chunk.messages[position]->id() != id) return nullptr;
  return chunk.messages[position];
}

void MessageIndex::insert(Message& message) {
  const bool last = size_ == 0 || chunks_.back()->messages[chunks_.back()->end - 1]->id() < message.id();
  ++size_;
  if (last && (chunks_.empty() || chunks_.back()->end == kChunkMessages)) {
    chunks_.push_back(std::make_unique<Chunk>());
  }
  if (last) {
    Chunk& chunk = *chunks_.back();
    chunk.messages[chunk.end++] = &message;
    return;
  }
  const size_t at = chunk_for(message.id());
  insert_in(at, position_for(*chunks_[at], message.id()), message);
}

void MessageIndex::insert_in(size_t at, uint32_t position, Message& message) {
  Chunk& chunk = *chunks_[at];
  Message** const first = chunk.messages.data();
  CHECK(position == chunk.end || first[position]->id() != message.id());
  if (chunk.end < kChunkMessages) {
    std::copy_backward(first + position, first + chunk.end, first + chunk.end + 1);
    first[position] = &message;
    ++chunk.end;
    return;
  }
  if (chunk.begin > 0) {
    std::copy(first + chunk.begin, first + position, first + chunk.begin - 1);
    first[position - 1] = &message;
    --chunk.begin;
    return;
  }
  // Full: the upper half moves to a chunk of its own.
  constexpr uint32_t kHalf = kChunkMessages / 2;
  auto upper = std::make_unique<Chunk>();
  std::copy(first + kHalf, first + kChunkMessages, upper->messages.data());
  upper->end = kChunkMessages - kHalf;
  chunk.end = kHalf;
  chunks_.insert(chunks_.begin() + static_cast<ptrdiff_t>(at) + 1, std::move(upper));
  const bool in_upper = position > kHalf;
  insert_in(in_upper ? at + 1 : at, in_upper ? position - kHalf : position, message);
}

void MessageIndex::remove(const Message& message) {
  CHECK(size_ > 0);
  const size_t at = chunk_for(message.id());
  Chunk& chunk = *chunks_[at];
  const uint32_t position = position_for(chunk, message.id());
  CHECK(position < chunk.end && chunk.messages[position] == &message);

  Message** const first = chunk.messages.data();
  if (position - chunk.begin < chunk.end - position) {
    std::copy_backward(first + chunk.begin, first + position, first + position + 1);
    ++chunk.begin;
  } else {
    std::copy(first + position + 1, first + chunk.end, first + position);
    --chunk.end;
  }
  --size_;
  if (chunk.size() == 0) {
    // The only one stays, to be filled again: a queue may go empty with each message.
    if (chunks_.size() == 1) {
      chunk.begin = chunk.end = 0;
    } else {
      chunks_.erase(chunks_.begin() + static_cast<ptrdiff_t>(at));
    }
    return;
  }
  if (chunk.size() <= kChunkMessages / 4) merge(at);
}

void MessageIndex::merge(size_t at) {
  // With the neighbour on either side, if both fit into half a chunk: the next insertion should not split them again.
  const auto fits = [this](size_t left) {
    return left + 1 < chunks_.size() &&
           chunks_[left]->size() + chunks_[left + 1]->size() <= kChunkMessages / 2;
  };
  if (at > 0 && fits(at - 1)) {
    --at;
  } else if (!fits(at)) {
    return;
  }
  Chunk& left = *chunks_[at];
  const Chunk& right = *chunks_[at + 1];
  Message** const first = left.messages.data();
  if (left.begin > 0) std::copy(first + left.begin, first + left.end, first);
  left.end = left.size();
  left.begin = 0;
  std::copy(right.messages.data() + right.begin, right.messages.data() + right.end, first + left.end);
  left.end += right.size();
  chunks_.erase(chunks_.begin() + static_cast<ptrdiff_t>(at) + 1);
}

void MessageIndex::check_invariants() const {
  size_t count = 0;
  const Message* previous = nullptr;
  for (const auto& chunk : chunks_) {
    CHECK(chunk->begin < chunk->end || (size_ == 0 && chunks_.size() == 1));
    CHECK(chunk->end <= kChunkMessages);
    count += chunk->size();
  }
  CHECK(count == size_);
  for_each([&previous](const Message& message) {
    CHECK(previous == nullptr || previous->id() < message.id());
    previous = &message;
  });
}

}  // namespace sluice
