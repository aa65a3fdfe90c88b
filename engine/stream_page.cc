// SPDX-License-Identifier: MIT
#include "engine/stream_page.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

namespace sluice {
namespace {

constexpr unsigned kSeqBits = 12;
constexpr unsigned kMsBits = 20;

size_t number_bytes(size_t number) {
  if (number < 0x80) [[likely]]
    return 1;
  return (static_cast<size_t>(std::bit_width(number)) + 6) / 7;
}

size_t text_bytes(std::string_view text) {
  return number_bytes(text.size()) + text.size();
}

char* write_number(char* to, size_t number) {
  while (number >= 0x80) {
    *to++ = static_cast<char>(number | 0x80);
    number >>= 7;
  }
  *to++ = static_cast<char>(number);
  return to;
}

char* write_text(char* to, std::string_view text) {
  to = write_number(to, text.size());
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

// --- Texts of an entry: every `step`-th word from `first` on; see stream_page.h

// The number that a text of several digits is kept as.
std::optional<uint64_t> number_kept(std::string_view text) {
  if (text.size() < 2 || text[0] < '1' || text[0] > '9') return std::nullopt;
  return parse_u64(text);
}

size_t texts_bytes(StreamPage::Words words, size_t first, size_t step) {
  const size_t texts = (words.size() - first + step - 1) / step;
  if (texts == 1) return text_bytes(words[first]);
  size_t bytes = (texts + 1) / 2;
  for (size_t i = first; i < words.size(); i += step) {
    const size_t size = words[i].size();
    if (const std::optional<uint64_t> number = number_kept(words[i])) {
      bytes += number_bytes(*number);
    } else {
      bytes += size;
      if (size > StreamTexts::kSizeHereMax) bytes += number_bytes(size - StreamTexts::kSizeHereMax - 1);
    }
  }
  return bytes;
}

// Writes one of several texts; `code` becomes what its half a byte says.
char* write_one_text(char* to, std::string_view text, size_t& code) {
  if (const std::optional<uint64_t> number = number_kept(text)) {
    code = StreamTexts::kNumber;
    return write_number(to, *number);
  }
  code = text.size();
  if (code > StreamTexts::kSizeHereMax) {
    to = write_number(to, code - StreamTexts::kSizeHereMax - 1);
    code = StreamTexts::kSizeElsewhere;
  }
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

char* write_texts(char* to, StreamPage::Words words, size_t first, size_t step) {
  const size_t texts = (words.size() - first + step - 1) / step;
  if (texts == 1) return write_text(to, words[first]);
  char* const sizes = to;
  to += (texts + 1) / 2;
  size_t text = 0;
  for (size_t i = first; i < words.size(); i += step, ++text) {
    size_t code = 0;
    to = write_one_text(to, words[i], code);
    char& both = sizes[text / 2];
    both = static_cast<char>(text % 2 == 0 ? code : static_cast<uint8_t>(both) | code << 4);
  }
  return to;
}

// The field names, as the master has them.
size_t names_bytes(StreamPage::Words fields_and_values) {
  size_t bytes = number_bytes(fields_and_values.size() / 2);
  for (size_t i = 0; i < fields_and_values.size(); i += 2)
    bytes += text_bytes(fields_and_values[i]);
  return bytes;
}

// What the allocator hands out for `bytes`: multiples of 16, then four sizes for each power of two. The rest
// would be lost to us otherwise.
size_t allocation_bytes(size_t bytes) {
  if (bytes <= 128) return (bytes + 15) & ~size_t{15};
  const size_t step = size_t{1} << (std::bit_width(bytes - 1) - 3);
  return (bytes + step - 1) & ~(step - 1);
}

// The size that the allocator hands out next below.
size_t allocation_below(size_t bytes) {
  if (bytes <= 128) return bytes & ~size_t{15};
  return bytes & ~((size_t{1} << (std::bit_width(bytes) - 3)) - 1);
}

void* allocate(size_t bytes) {
  void* memory = std::malloc(bytes);
  CHECK(memory != nullptr);
  return memory;
}

}  // namespace

StreamFields::StreamFields(const char* entry, const char* master) : master_(master) {
  size_ = StreamTexts::read_number(master_ == nullptr ? entry : master_);
  texts_ = StreamTexts(entry, master_ == nullptr ? 2 * size_ : size_);
}

// The ID relative to `base` in the order of IDs, or none if it takes too many bits. Requires: id >= base.
std::optional<uint32_t> StreamPage::relative(StreamId base, StreamId id) {
  const uint64_t ms = id.ms - base.ms;
  const uint64_t seq = ms == 0 ? id.seq - base.seq : id.seq;
  if (ms >> kMsBits != 0 || seq >> kSeqBits != 0) return std::nullopt;
  return static_cast<uint32_t>(ms << kSeqBits | seq);
}

StreamId StreamPage::id(uint32_t slot) const {
  const uint32_t relative = relative_id(slot);
  const uint64_t ms = relative >> kSeqBits;
  const uint64_t seq = relative & ((1u << kSeqBits) - 1);
  return {base_.ms + ms, ms == 0 ? base_.seq + seq : seq};
}

StreamFields StreamPage::fields(uint32_t slot) const {
  const uint16_t place = this->place(slot);
  return StreamFields(data() + (place & kPlaceMask), (place & kOwnFields) != 0 ? nullptr : data());
}

uint32_t StreamPage::lower_bound(StreamId id) const {
  if (id <= base_) return 0;
  const uint64_t ms = id.ms - base_.ms;
  if (ms >> kMsBits != 0) return slots_;
  const uint64_t seq = std::min(ms == 0 ? id.seq - base_.seq : id.seq, uint64_t{1} << kSeqBits);
  const uint64_t wanted =
      (ms << kSeqBits) + seq;  // a seq with too many bits: the first of the next millisecond
  uint32_t begin = 0;
  uint32_t end = slots_;
  while (begin < end) {
    const uint32_t middle = (begin + end) / 2;
    if (relative_id(middle) < wanted) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

void StreamPage::set_slot(uint32_t slot, uint32_t relative_id, uint16_t place) {
  char* const to = slot_at(slot);
  std::memcpy(to, &relative_id, sizeof(relative_id));
  std::memcpy(to + sizeof(relative_id), &place, sizeof(place));
}

uint32_t StreamPage::entry_end(uint32_t slot) const {
  return slot + 1 == slots_ ? data_size_ : place(slot + 1) & kPlaceMask;
}

size_t StreamPage::entry_bytes_max(Words fields_and_values) {
  constexpr size_t kNumberBytesMax = 6;  // five, and half a byte
  size_t bytes = kNumberBytesMax + kSlotBytes;
  for (const std::string_view word : fields_and_values)
    bytes += kNumberBytesMax + word.size();
  return bytes;
}

StreamPage* StreamPage::create(StreamId id, Words fields_and_values, size_t capacity) {
  const size_t pairs = fields_and_values.size() / 2;
  const size_t master_bytes_wanted = names_bytes(fields_and_values);
  const bool is_master = master_bytes_wanted <= kStreamMasterBytesMax;
  const size_t master_bytes = is_master ? master_bytes_wanted : 1;
  const size_t entry_bytes = is_master ? texts_bytes(fields_and_values, 1, 2)
                                       : number_bytes(pairs) + texts_bytes(fields_and_values, 0, 1);
  capacity = allocation_bytes(
      std::max(capacity, sizeof(StreamPage) + master_bytes + entry_bytes + size_t{kSlotBytes}));
  CHECK(capacity <= UINT32_MAX);

  auto* page = new (allocate(capacity)) StreamPage(id, static_cast<uint32_t>(capacity));
  char* to = page->data();
  if (is_master) {
    to = write_number(to, pairs);
    for (size_t i = 0; i < fields_and_values.size(); i += 2)
      to = write_text(to, fields_and_values[i]);
    write_texts(to, fields_and_values, 1, 2);
  } else {
    to = write_number(to, 0);
    to = write_number(to, pairs);
    write_texts(to, fields_and_values, 0, 1);
  }
  page->data_size_ = static_cast<uint32_t>(master_bytes + entry_bytes);
  page->set_slot(0, 0, static_cast<uint16_t>(master_bytes | (is_master ? 0 : kOwnFields)));
  page->slots_ = page->live_ = 1;
  return page;
}

size_t StreamPage::capacity_after(const StreamPage& page) {
  // A little less than the last one needed, if the rest would have been waste: it then holds an entry or a few less.
  const size_t used = std::min<size_t>(page.bytes_used(), kStreamPageBytesMax);
  const size_t below = allocation_below(used);
  return page.slots() == kStreamPageEntriesMax && used - below <= used / 16 ? below : used;
}

void StreamPage::destroy(StreamPage* page) {
  std::free(page);
}

bool StreamPage::has_master_fields(Words fields_and_values) const {
  const char* name = data();
  if (StreamTexts::read_number(name) != fields_and_values.size() / 2) return false;
  for (size_t i = 0; i < fields_and_values.size(); i += 2) {
    if (StreamTexts::read_text(name) != fields_and_values[i]) return false;
  }
  return true;
}

StreamPage::Append StreamPage::append(StreamId id, Words fields_and_values, const StreamPageLimits& limits) {
  DCHECK(limits.entries_max <= kStreamPageEntriesMax && limits.bytes_max <= kStreamPageBytesMax);
  const std::optional<uint32_t> relative_id = relative(base_, id);
  if (!relative_id || slots_ >= limits.entries_max) return Append::kFull;
  DCHECK(*relative_id > this->relative_id(slots_ - 1u));
  const bool values_only = has_master_fields(fields_and_values);
  const size_t pairs = fields_and_values.size() / 2;
  const size_t entry = values_only ? texts_bytes(fields_and_values, 1, 2)
                                   : number_bytes(pairs) + texts_bytes(fields_and_values, 0, 1);
  const size_t used = bytes_used() + entry + kSlotBytes;
  if (used > limits.bytes_max) return Append::kFull;
  // Not worth a larger allocation any more.
  if (used > capacity_) return slots_ >= kLastEntries ? Append::kFull : Append::kNeedsRoom;

  char* to = data() + data_size_;
  if (values_only) {
    write_texts(to, fields_and_values, 1, 2);
  } else {
    to = write_number(to, pairs);
    write_texts(to, fields_and_values, 0, 1);
  }
  set_slot(slots_, *relative_id, static_cast<uint16_t>(data_size_ | (values_only ? 0 : kOwnFields)));
  data_size_ += static_cast<uint32_t>(entry);
  ++slots_;
  ++live_;
  return Append::kDone;
}

StreamPage* StreamPage::resized(size_t capacity) {
  capacity = allocation_bytes(std::max(capacity, bytes_used()));
  CHECK(capacity <= UINT32_MAX);
  auto* page = new (allocate(capacity)) StreamPage(base_, static_cast<uint32_t>(capacity));
  page->previous = previous;
  page->next = next;
  page->data_size_ = data_size_;
  page->slots_ = slots_;
  page->live_ = live_;
  page->first_live_ = first_live_;
  std::memcpy(page->data(), data(), data_size_);
  std::memcpy(page->slot_at(slots_ - 1u), slot_at(slots_ - 1u), slots_ * kSlotBytes);
  destroy(this);
  return page;
}

void StreamPage::remove(uint32_t slot) {
  CHECK(is_live(slot));
  set_slot(slot, relative_id(slot), place(slot) | kRemoved);
  --live_;
  while (first_live_ < slots_ && !is_live(first_live_))
    ++first_live_;
}

void StreamPage::compact() {
  uint32_t end = place(0) & kPlaceMask;  // where the master ends
  uint32_t kept = 0;
  for (uint32_t slot = first_live_; slot < slots_; ++slot) {
    if (!is_live(slot)) continue;
    const uint16_t place = this->place(slot);
    const uint32_t begin = place & kPlaceMask;
    const uint32_t bytes = entry_end(slot) - begin;
    std::memmove(data() + end, data() + begin, bytes);
    set_slot(kept, relative_id(slot), static_cast<uint16_t>(end | (place & kOwnFields)));
    end += bytes;
    ++kept;
  }
  CHECK(kept == live_);
  data_size_ = end;
  slots_ = live_;
  first_live_ = 0;
}

void StreamPage::check_invariants() const {
  CHECK(slots_ >= 1 && slots_ <= kStreamPageEntriesMax);
  CHECK(bytes_used() <= capacity_);
  CHECK(slots_ == 1 || bytes_used() <= kStreamPageBytesMax);
  uint32_t live = 0;
  for (uint32_t slot = 0; slot < slots_; ++slot) {
    CHECK(slot == 0 || relative_id(slot - 1) < relative_id(slot));
    CHECK(lower_bound(id(slot)) == slot);
    if (is_live(slot)) {
      CHECK(slot >= first_live_);
      ++live;
    }
    StreamFields fields = this->fields(slot);
    CHECK(fields.size() >= 1);
    while (fields.next()) {
    }
    CHECK(fields.position() == data() + entry_end(slot));
  }
  CHECK(live == live_);
  CHECK(live == 0 ? first_live_ == slots_ : is_live(first_live_));
}

}  // namespace sluice
