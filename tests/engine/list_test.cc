// SPDX-License-Identifier: MIT
//
// The list against std::deque, and what it promises about memory.
#include "engine/list.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/list_chunk.h"

namespace sluice {
namespace {

// Around every bound of the encoding, of a chunk and of what has a chunk of its own.
constexpr size_t kSizes[] = {0,   1,    63,   64,   100,  126,  127,  128,   129,   255,    256,
                             900, 1000, 4085, 4086, 4087, 4096, 8191, 16383, 16384, 1 << 20};
constexpr size_t kSizesSmall = 11;  // the first of them: most elements, so that chunks hold many

struct Message {
  List::Place place = nullptr;
};

// A list, what it should be, and the messages that its refs point to.
class ListAgainstDeque {
 public:
  explicit ListAgainstDeque(uint64_t seed) : random_(seed) {
    list_.on_ref_moved([](void* ref, List::Place place) { static_cast<Message*>(ref)->place = place; });
  }

  void step() {
    // Phases of growth and of decay, so that the list gets long and short again.
    if (below(400) == 0) growing_ = !growing_;
    const size_t choice = below(100);
    if (choice < (growing_ ? 50u : 20u)) return push();
    if (choice < 60) return pop();
    if (choice < 68) return insert();
    if (choice < 76) return set();
    if (choice < 92) return erase_ref();
    if (choice < 96) return erase();
    if (choice == 96) return erase_equal();
    rotate();
  }

  void compare() const {
    list_.check_invariants();
    REQUIRE(list_.size() == model_.size());
    if (model_.empty()) {
      REQUIRE(list_.bytes() == 0);
      REQUIRE(list_.cursor(0).at_end());
      return;
    }
    require_same(list_.peek(Side::kLeft), model_.front());
    require_same(list_.peek(Side::kRight), model_.back());
  }

  void compare_all() {
    List::Cursor rightwards = list_.cursor(0);
    for (const Item& item : model_) {
      require_same(rightwards.element(), item);
      rightwards.move(Side::kRight);
    }
    REQUIRE(rightwards.at_end());
    if (model_.empty()) return;

    const size_t from = below(model_.size());
    List::Cursor leftwards = list_.cursor(from);
    for (size_t i = from + 1; i-- > 0;) {
      require_same(leftwards.element(), model_[i]);
      leftwards.move(Side::kLeft);
    }
    REQUIRE(leftwards.at_end());
    require_same(list_.at(from), model_[from]);
  }

 private:
  struct Item {
    std::string bytes;
    std::unique_ptr<Message> message;  // for a ref
  };

  size_t below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }
  Side side() { return below(2) == 0 ? Side::kLeft : Side::kRight; }

  std::string bytes() {
    const size_t kind = below(100);
    const size_t size = kind < 60   ? below(40)
                        : kind < 97 ? kSizes[below(kSizesSmall)]
                                    : kSizes[below(std::size(kSizes))];
    std::string text(size, static_cast<char>('a' + below(26)));
    for (size_t i = 0; i < std::min<size_t>(size, 8); ++i) {
      text[i] = static_cast<char>(below(256));
    }
    return text;
  }

  void require_same(const ListElement& element, const Item& item) const {
    REQUIRE(element.ref == item.message.get());
    REQUIRE((element.bytes == item.bytes));  // not printed: up to a megabyte
  }

  void push() {
    const Side at = side();
    Item item;
    if (below(4) == 0) {
      item.message = std::make_unique<Message>();
      item.message->place = list_.push_ref(at, item.message.get());
    } else {
      item.bytes = bytes();
      list_.push(at, item.bytes);
    }
    model_.insert(at == Side::kLeft ? model_.begin() : model_.end(), std::move(item));
  }

  void pop() {
    if (model_.empty()) return;
    const Side at = side();
    list_.pop(at);
    if (at == Side::kLeft) {
      model_.pop_front();
    } else {
      model_.pop_back();
    }
  }

  void insert() {
    const size_t index = below(model_.size() + 1);
    Item item{bytes(), nullptr};
    list_.insert(index, item.bytes);
    model_.insert(model_.begin() + static_cast<ptrdiff_t>(index), std::move(item));
  }

  void set() {
    if (model_.empty()) return;
    const size_t index = below(model_.size());
    model_[index] = {bytes(), nullptr};
    list_.set(index, model_[index].bytes);
  }

  void erase_ref() {
    if (model_.empty()) return;
    const auto from = model_.begin() + static_cast<ptrdiff_t>(below(model_.size()));
    const auto at =
        std::find_if(from, model_.end(), [](const Item& item) { return item.message != nullptr; });
    if (at == model_.end()) return;
    list_.erase_ref(at->message->place, at->message.get());
    model_.erase(at);
  }

  void erase() {
    const size_t index = below(model_.size() + 1);
    const size_t most = model_.size() - index;
    const size_t count = below(std::min<size_t>(most, below(10) == 0 ? most : 5) + 1);
    list_.erase(index, count);
    const auto begin = model_.begin() + static_cast<ptrdiff_t>(index);
    model_.erase(begin, begin + static_cast<ptrdiff_t>(count));
  }

  // Elements like one of the list: most of those of one or two bytes are not alone.
  void erase_equal() {
    if (model_.empty()) return;
    const Item& like = model_[below(model_.size())];
    if (like.message != nullptr) return;
    const std::string bytes = like.bytes;
    const size_t skipped = below(3);
    const size_t count_max = below(4) == 0 ? SIZE_MAX : below(4);
    size_t seen = 0;
    size_t erased = 0;
    for (auto at = model_.begin(); at != model_.end();) {
      const bool equal = at->message == nullptr && at->bytes == bytes;
      if (equal && seen++ >= skipped && erased < count_max) {
        at = model_.erase(at);
        ++erased;
      } else {
        ++at;
      }
    }
    REQUIRE(list_.erase_equal(bytes, skipped, count_max) == erased);
  }

  // As LMOVE does within one list: what is pushed lies in the list.
  void rotate() {
    if (model_.empty() || model_.back().message != nullptr) return;
    list_.push(Side::kLeft, list_.peek(Side::kRight).bytes);
    list_.pop(Side::kRight);
    Item item = std::move(model_.back());
    model_.pop_back();
    model_.push_front(std::move(item));
  }

  std::mt19937_64 random_;
  bool growing_ = true;
  List list_;
  std::deque<Item> model_;
};

size_t chunks(const List& list) {
  // Every chunk costs its header; the rest of a large list's memory is its entries.
  return list.bytes() / kChunkBytesMax;
}

}  // namespace

TEST_CASE("a list does what a deque does, and knows where its refs are", "[list]") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    ListAgainstDeque both(seed);
    for (int i = 0; i < 2'000; ++i) {
      both.step();
      both.compare();
      if (i % 50 == 0) both.compare_all();
    }
    both.compare_all();
  }
}

TEST_CASE("elements that are alike go from all chunks, also those that have one to themselves", "[list]") {
  List list;
  const std::string large(kPackedBytesMax + 1, 'l');
  for (int i = 0; i < 30'000; ++i) {
    list.push(Side::kRight, i % 3 == 0 ? "gone" : "kept");
    if (i % 1'000 == 0) list.push(Side::kRight, large);
  }
  const size_t bytes_before = list.bytes();
  REQUIRE(list.erase_equal("gone", 100, 9'800) == 9'800);
  REQUIRE(list.erase_equal(large, 1, 28) == 28);
  list.check_invariants();
  REQUIRE(list.size() == 20'000 + 200 + 2);
  REQUIRE(list.bytes() < bytes_before / 4 * 3);
  REQUIRE(list.erase_equal("kept", 0, SIZE_MAX) == 20'000);
  REQUIRE(list.erase_equal("gone", 0, SIZE_MAX) == 200);
  REQUIRE(list.erase_equal(large, 0, SIZE_MAX) == 2);
  REQUIRE(list.empty());
  list.check_invariants();
}

TEST_CASE("an element of any size comes back from both ends and from the middle", "[list]") {
  for (const size_t size : kSizes) {
    INFO("size " << size);
    std::string bytes(size, 'x');
    for (size_t i = 0; i < size; i += 97) {
      bytes[i] = static_cast<char>(i);
    }
    List list;
    list.push(Side::kLeft, "left");
    list.push(Side::kRight, "right");
    list.insert(1, bytes);
    list.push(Side::kLeft, bytes);
    list.push(Side::kRight, bytes);
    list.check_invariants();
    REQUIRE((list.peek(Side::kLeft).bytes == bytes));
    REQUIRE((list.at(2).bytes == bytes));
    REQUIRE((list.peek(Side::kRight).bytes == bytes));
    list.set(2, "");
    REQUIRE(list.at(2).bytes.empty());
    list.set(1, bytes);
    REQUIRE((list.at(1).bytes == bytes));
    REQUIRE(list.at(3).bytes == "right");
    list.check_invariants();
  }
}

TEST_CASE("a list moves to another owner and leaves nothing behind", "[list]") {
  List from;
  from.push(Side::kRight, "a");
  List to = std::move(from);
  REQUIRE(to.size() == 1);
  REQUIRE(to.at(0).bytes == "a");
  List third;
  third.push(Side::kLeft, "b");
  third = std::move(to);
  third.check_invariants();
  REQUIRE(third.peek(Side::kRight).bytes == "a");
}

TEST_CASE("memory per element is its bytes and little more", "[list]") {
  struct Row {
    size_t size;
    double bytes_max;
  };
  for (const Row& row : {Row{16, 18.4}, Row{100, 104.3}, Row{1000, 1030}}) {
    INFO("size " << row.size);
    List list;
    const std::string bytes(row.size, 'x');
    for (int i = 0; i < 100'000; ++i) {
      list.push(Side::kLeft, bytes);
    }
    REQUIRE(static_cast<double>(list.bytes()) / 100'000 <= row.bytes_max);
  }
  List one;
  one.push(Side::kRight, std::string(100, 'x'));
  REQUIRE(one.bytes() == kChunkBytes[0]);
}

TEST_CASE("a short list through which elements flow stays small", "[list]") {
  List list;
  const std::string bytes(16, 'x');
  for (int i = 0; i < 3; ++i) {
    list.push(Side::kLeft, bytes);
  }
  for (int i = 0; i < 10'000; ++i) {
    list.push(Side::kLeft, bytes);
    list.pop(Side::kRight);
    REQUIRE(list.bytes() <= kChunkBytes[0] + kChunkBytes[1]);
  }
}

TEST_CASE("removing here and there leaves no nearly empty chunks", "[list]") {
  List list;
  list.on_ref_moved([](void* ref, List::Place place) { static_cast<Message*>(ref)->place = place; });
  std::vector<Message> messages(100'000);
  for (Message& message : messages) {
    message.place = list.push_ref(Side::kRight, &message);
  }
  const size_t chunks_full = chunks(list);
  for (size_t i = 0; i < messages.size(); ++i) {
    if (i % 100 != 0) list.erase_ref(messages[i].place, &messages[i]);
  }
  list.check_invariants();
  REQUIRE(list.size() == messages.size() / 100);
  REQUIRE(chunks(list) <= chunks_full / 10);
  for (size_t i = 0; i < messages.size(); i += 100) {
    list.erase_ref(messages[i].place, &messages[i]);
  }
  REQUIRE(list.empty());
}

}  // namespace sluice
