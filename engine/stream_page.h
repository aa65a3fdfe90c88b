// SPDX-License-Identifier: MIT
//
// A page of a stream: up to a hundred entries packed into one allocation.
//
//   ┌────────┬────────┬─────────┬─────────┬──────────────┬────────┬────────┐
//   │ header │ master │ entry 0 │ entry 1 │ ...     free │ slot 1 │ slot 0 │
//   └────────┴────────┴─────────┴─────────┴──────────────┴────────┴────────┘
//                      data grows this way ►          ◄ slots grow this way
//
//   master   number of fields, then each field name as its size and its bytes: those of the entry that opened the
//            page; 0 if it is too large
//   entry    with the master's fields: its values. With others: number of fields, then field and value of each
//   slot     4 bytes ID relative to the page's base, 2 bytes: place of the entry, and the flags below
//
// The texts of an entry follow each other behind their sizes, half a byte each: up to 13; 14 for the digits of a
// number, which stands there as a number; 15 where the rest of the size, beyond 14, stands before the text. The size of
// a single text is a number. Every number is a varint (7 bits a byte, low first). Slots are in the order of IDs, so an
// ID is found by binary search. A removed entry is only marked; its bytes come back when the page goes, or is
// compacted.
//
// The relative ID has 20 bits of milliseconds and 12 of the number within one. An ID that does not fit opens
// another page: a stream that sees an entry in a quarter of an hour can afford one for each.
//
// Redis closes a node at 100 entries or 4096 bytes. At 4096 the last entry that does not fit wastes 2 % of a
// page of 100-byte payloads; hence twice that. Approximate trimming then keeps at most a page more, still
// within 100 entries.
//
// Invariants (StreamPage::check_invariants):
//  * relative IDs rise strictly from slot to slot; live() counts those not marked; no slot before first_live() is live.
//  * data and slots do not overlap, and every entry ends where the next one begins.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/number_text.h"
#include "engine/stream_id.h"

namespace sluice {

inline constexpr uint32_t kStreamPageEntriesMax = 100;
inline constexpr uint32_t kStreamPageBytesMax = 8192;
// How large a page may become, if not as large as it can. An entry that is larger has a page of its own.
struct StreamPageLimits {
  uint32_t entries_max = kStreamPageEntriesMax;
  uint32_t bytes_max = kStreamPageBytesMax;
};
// Names above this are not worth keeping for the next entry; also keeps entry places within 13 bits.
inline constexpr uint32_t kStreamMasterBytesMax = 1024;
// As Redis: a greater entry is refused.
inline constexpr size_t kStreamEntryBytesMax = 1u << 30;

// Reads the texts of one entry, in order.
class StreamTexts {
 public:
  // What the sizes of half a byte say beyond a size.
  static constexpr size_t kNumber = 14;
  static constexpr size_t kSizeElsewhere = 15;
  static constexpr size_t kSizeHereMax = 13;

  StreamTexts() = default;
  StreamTexts(const char* from, size_t texts)
      : sizes_(texts > 1 ? from : nullptr), at_(from + (texts > 1 ? (texts + 1) / 2 : 0)) {}

  static size_t read_number(const char*& from) {
    size_t number = static_cast<uint8_t>(*from++);
    if (number < 0x80) [[likely]]
      return number;
    number &= 0x7f;
    for (unsigned shift = 7;; shift += 7) {
      const size_t part = static_cast<uint8_t>(*from++);
      number |= (part & 0x7f) << shift;
      if (part < 0x80) return number;
    }
  }
  static std::string_view read_text(const char*& from) {
    const size_t size = read_number(from);
    const std::string_view text(from, size);
    from += size;
    return text;
  }

  // The digits of a number are written to `digits`, kU64CharsMax bytes.
  std::string_view next(char* digits) {
    if (sizes_ == nullptr) return read_text(at_);
    const auto sizes = static_cast<uint8_t>(sizes_[read_ / 2]);
    size_t size = read_ % 2 == 0 ? sizes & 15u : sizes >> 4u;
    ++read_;
    if (size > kSizeHereMax) {
      const size_t number = read_number(at_);
      if (size == kNumber) return {digits, format_u64(digits, number)};
      size = kSizeHereMax + 1 + number;
    }
    const std::string_view text(at_, size);
    at_ += size;
    return text;
  }
  // Behind what has been read.
  const char* position() const { return at_; }

 private:
  const char* sizes_ = nullptr;  // nullptr: a single text, whose size stands before it
  const char* at_ = nullptr;
  size_t read_ = 0;
};

// Walks the pairs of one entry. Valid until the next change of the stream; the views of a pair only until the next
// step, or the end of the walk, because the digits of numbers are written here.
class StreamFields {
 public:
  // `master` is nullptr if the entry brings its own fields.
  StreamFields(const char* entry, const char* master);
  // Requires: no step was taken.
  StreamFields(const StreamFields& other) : StreamFields(other.master_, other.texts_, other.size_) {
    DCHECK(other.passed_ == 0);
  }
  StreamFields& operator=(const StreamFields&) = delete;
#ifdef SLUICE_DCHECK
  ~StreamFields() {
    spoil();
  }
#endif

  // Of all pairs, however many were passed.
  size_t size() const {
    return size_;
  }
  // Steps to the next pair, at first to the first one. False if there is none.
  bool next() {
    spoil();
    if (passed_ == size_) return false;
    ++passed_;
    field_ = master_ == nullptr ? texts_.next(field_digits_.data()) : StreamTexts::read_text(master_);
    value_ = texts_.next(value_digits_.data());
    return true;
  }
  std::string_view field() const {
    return field_;
  }
  std::string_view value() const {
    return value_;
  }
  // Behind the last pair that was passed.
  const char* position() const {
    return texts_.position();
  }

 private:
  using Digits = std::array<char, kU64CharsMax>;

  StreamFields(const char* master, const StreamTexts& texts, size_t size)
      : master_(master), texts_(texts), size_(size) {}
  // Who keeps a view for too long finds that out in tests.
  void spoil() {
#ifdef SLUICE_DCHECK
    field_digits_.fill('?');
    value_digits_.fill('?');
#endif
  }

  const char* master_;
  StreamTexts texts_;
  size_t size_;
  size_t passed_ = 0;
  std::string_view field_;
  std::string_view value_;
  Digits field_digits_;
  Digits value_digits_;
};

class StreamPage {
 public:
  using Words = std::span<const std::string_view>;

  StreamPage(const StreamPage&) = delete;
  StreamPage& operator=(const StreamPage&) = delete;

  // A page with its first entry, at least `capacity` bytes large. Give it back with destroy().
  static StreamPage* create(StreamId id, Words fields_and_values, size_t capacity);
  static void destroy(StreamPage* page);
  // How large the page behind `page` should be at first, if its entries are like those.
  static size_t capacity_after(const StreamPage& page);
  // What an entry takes at most, slot included.
  static size_t entry_bytes_max(Words fields_and_values);

  enum class Append : uint8_t { kDone, kNeedsRoom, kFull };
  // Adds an entry. kNeedsRoom: a larger copy of the page would take it. kFull: it belongs on the next page.
  Append append(StreamId id, Words fields_and_values, const StreamPageLimits& limits = {});
  // A copy with at least `capacity` bytes, or as much as is in use; this page is destroyed.
  StreamPage* resized(size_t capacity);
  // Marks an entry as removed. Requires: is_live(slot).
  void remove(uint32_t slot);
  // Drops what is marked; slots get new numbers.
  void compact();
  bool worth_compacting() const { return live_ * 4u < slots_ && slots_ >= kCompactSlotsMin; }

  StreamId base() const { return base_; }
  size_t capacity() const { return capacity_; }
  size_t bytes_used() const { return sizeof(StreamPage) + data_size_ + slots_ * kSlotBytes; }
  uint32_t slots() const { return slots_; }
  uint32_t live() const { return live_; }
  // slots() if none is.
  uint32_t first_live() const { return first_live_; }
  bool is_live(uint32_t slot) const { return (place(slot) & kRemoved) == 0; }
  StreamId id(uint32_t slot) const;
  StreamFields fields(uint32_t slot) const;
  // The first slot, live or not, with an ID not below `id`; slots() if none.
  uint32_t lower_bound(StreamId id) const;

  void check_invariants() const;

  // Kept by the stream.
  StreamPage* previous = nullptr;
  StreamPage* next = nullptr;

 private:
  static constexpr uint32_t kSlotBytes = 6;
  static constexpr uint32_t kLastEntries = 90;  // of a hundred: from here on a page does not grow
  static constexpr uint16_t kRemoved = 0x8000;
  static constexpr uint16_t kOwnFields = 0x4000;
  static constexpr uint16_t kPlaceMask = 0x3fff;
  static constexpr uint32_t kCompactSlotsMin = 8;
  static_assert(kStreamPageBytesMax <= kPlaceMask);

  StreamPage(StreamId base, uint32_t capacity) : base_(base), capacity_(capacity) {}

  static std::optional<uint32_t> relative(StreamId base, StreamId id);
  char* data() { return reinterpret_cast<char*>(this) + sizeof(StreamPage); }
  const char* data() const { return reinterpret_cast<const char*>(this) + sizeof(StreamPage); }
  char* slot_at(uint32_t slot) { return reinterpret_cast<char*>(this) + capacity_ - (slot + 1) * kSlotBytes; }
  const char* slot_at(uint32_t slot) const { return const_cast<StreamPage*>(this)->slot_at(slot); }
  uint32_t relative_id(uint32_t slot) const {
    uint32_t relative_id;
    std::memcpy(&relative_id, slot_at(slot), sizeof(relative_id));
    return relative_id;
  }
  uint16_t place(uint32_t slot) const {
    uint16_t place;
    std::memcpy(&place, slot_at(slot) + sizeof(uint32_t), sizeof(place));
    return place;
  }
  void set_slot(uint32_t slot, uint32_t relative_id, uint16_t place);
  uint32_t entry_end(uint32_t slot) const;
  bool has_master_fields(Words fields_and_values) const;

  StreamId base_;
  uint32_t capacity_;       // of the allocation, this header included
  uint32_t data_size_ = 0;  // master and entries
  uint16_t slots_ = 0;
  uint16_t live_ = 0;
  uint16_t first_live_ = 0;
};

}  // namespace sluice
