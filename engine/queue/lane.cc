// SPDX-License-Identifier: MIT
#include "engine/queue/lane.h"

#include <algorithm>

#include "engine/base/check.h"

namespace sluice {
namespace {

void ref_moved(void* ref, List::Place place) {
  static_cast<Message*>(ref)->set_list_place(place);
}

}  // namespace

Lane::Lane(List&& elements, UnixMs since) : list_(std::move(elements)) {
  list_.on_ref_moved(ref_moved);
  if (list_.empty()) return;
  runs_.push_back({list_.size(), since});
  plain_since_.add(since, list_.size());
}

// --- Ends

void Lane::push(Side side, std::string_view bytes, UnixMs since) {
  list_.push(side, bytes);
  plain_since_.add(since);
  if (side == Side::kRight) {
    if (!runs_.empty() && runs_.back().since == since) {
      ++runs_.back().count;
    } else {
      runs_.push_back({1, since});
    }
    return;
  }
  if (!runs_.empty() && runs_.front().since == since) {
    ++runs_.front().count;
  } else {
    runs_.push_front({1, since});
  }
}

void Lane::push(Side side, Message& message) {
  ref_since_.add(message.since);
  ++refs_;
  message.set_list_place(list_.push_ref(side, &message));
}

ReadyElement Lane::peek(Side side) const {
  const ListElement element = list_.peek(side);
  if (Message* const message = message_of(element)) return {message, message->payload(), message->since};
  return {nullptr, element.bytes, (side == Side::kLeft ? runs_.front() : runs_.back()).since};
}

void Lane::pop(Side side) {
  const ReadyElement element = peek(side);
  list_.pop(side);
  if (element.message != nullptr) {
    ref_since_.remove(element.since);
    --refs_;
    element.message->set_list_place(nullptr);
  } else {
    plain_since_.remove(element.since);
    pop_run(side);
  }
}

void Lane::pop_run(Side side) {
  Run& run = side == Side::kLeft ? runs_.front() : runs_.back();
  if (--run.count > 0) return;
  side == Side::kLeft ? runs_.pop_front() : runs_.pop_back();
}

void Lane::remove(Message& message) {
  CHECK(message.list_place() != nullptr);
  list_.erase_ref(message.list_place(), &message);
  message.set_list_place(nullptr);
  ref_since_.remove(message.since);
  --refs_;
}

std::optional<UnixMs> Lane::oldest() const {
  const auto plain = plain_since_.oldest();
  const auto ref = ref_since_.oldest();
  if (!plain || !ref) return plain ? plain : ref;
  return std::min(*plain, *ref);
}

std::string Lane::pop_oldest_plain(Side head) {
  const UnixMs since = *plain_since_.oldest();
  // Plain elements between the head and the wanted one.
  size_t nearer = 0;
  if (head == Side::kLeft) {
    for (auto run = runs_.begin(); run->since != since; ++run)
      nearer += run->count;
  } else {
    for (auto run = runs_.rbegin(); run->since != since; ++run)
      nearer += run->count;
  }
  size_t index = head == Side::kLeft ? nearer : size() - 1 - nearer;
  if (refs_ > 0) {
    index = head == Side::kLeft ? 0 : size() - 1;
    List::Cursor at = list_.cursor(index);
    for (size_t left = nearer;; at.move(opposite(head)), head == Side::kLeft ? ++index : --index) {
      if (at.element().ref == nullptr && left-- == 0) break;
    }
  }
  std::string payload(list_.at(index).bytes);
  std::vector<Message*> removed;
  erase(index, 1, removed);
  return payload;
}

// --- Positions

size_t Lane::plain_before(size_t index) const {
  if (refs_ == 0 || index == 0) return index;
  size_t plain = 0;
  size_t left = index;
  for (List::Cursor at = list_.cursor(0); left > 0; --left, at.move(Side::kRight)) {
    if (at.element().ref == nullptr) ++plain;
  }
  return plain;
}

void Lane::insert(size_t index, std::string_view bytes, UnixMs since) {
  insert_run(plain_before(index), since);
  list_.insert(index, bytes);
  plain_since_.add(since);
}

void Lane::insert_run(size_t plain_index, UnixMs since) {
  auto run = runs_.begin();
  while (run != runs_.end() && plain_index > run->count) {
    plain_index -= run->count;
    ++run;
  }
  if (run == runs_.end()) {
    CHECK(plain_index == 0);
    runs_.push_back({1, since});
    return;
  }
  // The place lies in this run or at its end, which is the begin of the next one.
  if (run->since == since) {
    ++run->count;
    return;
  }
  const auto next = run + 1;
  if (plain_index == run->count && next != runs_.end() && next->since == since) {
    ++next->count;
    return;
  }
  if (plain_index == 0) {
    runs_.insert(run, {1, since});
    return;
  }
  const Run rest{run->count - plain_index, run->since};
  run->count = plain_index;
  auto inserted = runs_.insert(run + 1, {1, since});
  if (rest.count > 0) runs_.insert(inserted + 1, rest);
}

Message* Lane::replace(size_t index, std::string_view bytes) {
  Message* const message = message_of(list_.at(index));
  if (message != nullptr) {
    insert_run(plain_before(index), message->since);
    ref_since_.remove(message->since);
    plain_since_.add(message->since);
    --refs_;
    message->set_list_place(nullptr);
  }
  list_.set(index, bytes);
  return message;
}

void Lane::erase(size_t index, size_t count, std::vector<Message*>& removed) {
  if (count == 0) return;
  const size_t plain_index = plain_before(index);
  size_t plain = count;
  if (refs_ > 0) {
    size_t left = count;
    for (List::Cursor at = list_.cursor(index); left > 0; --left, at.move(Side::kRight)) {
      Message* const message = message_of(at.element());
      if (message == nullptr) continue;
      --plain;
      --refs_;
      ref_since_.remove(message->since);
      message->set_list_place(nullptr);
      removed.push_back(message);
    }
  }
  erase_runs(plain_index, plain);
  list_.erase(index, count);
}

void Lane::erase_runs(size_t plain_index, size_t count) {
  if (count == 0) return;
  size_t first = 0;
  while (plain_index >= runs_[first].count)
    plain_index -= runs_[first++].count;

  // The first run may keep its begin and the last one its end; those between go whole.
  size_t end = first;
  for (; count > 0; ++end) {
    Run& run = runs_[end];
    const uint64_t taken = std::min<uint64_t>(count, run.count - plain_index);
    run.count -= taken;
    plain_since_.remove(run.since, taken);
    count -= taken;
    plain_index = 0;
  }
  if (runs_[first].count > 0) ++first;
  if (end > first && runs_[end - 1].count > 0) --end;
  const auto begin = runs_.begin();
  runs_.erase(begin + static_cast<ptrdiff_t>(first), begin + static_cast<ptrdiff_t>(end));

  const bool meet = first > 0 && first < runs_.size() && runs_[first - 1].since == runs_[first].since;
  if (!meet) return;
  runs_[first - 1].count += runs_[first].count;
  runs_.erase(runs_.begin() + static_cast<ptrdiff_t>(first));
}

void Lane::check_invariants() const {
  list_.check_invariants();
  uint64_t plain = 0;
  for (size_t i = 0; i < runs_.size(); ++i) {
    CHECK(runs_[i].count > 0);
    CHECK(i == 0 || runs_[i - 1].since != runs_[i].since);
    plain += runs_[i].count;
  }
  CHECK(plain + refs_ == list_.size());
  CHECK(plain_since_.total() == plain && ref_since_.total() == refs_);
  size_t refs = 0;
  for (List::Cursor at = list_.cursor(0); !at.at_end(); at.move(Side::kRight)) {
    const Message* const message = message_of(at.element());
    if (message == nullptr) continue;
    ++refs;
    CHECK(message->state == MessageState::kReady && message->list_place() != nullptr);
  }
  CHECK(refs == refs_);
}

}  // namespace sluice
