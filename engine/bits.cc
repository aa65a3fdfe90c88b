// SPDX-License-Identifier: MIT
#include "engine/bits.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "engine/base/check.h"

namespace sluice {
namespace {

uint64_t load_word(const char* from) {
  uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

uint8_t byte_at(std::string_view bytes, size_t index) {
  return static_cast<uint8_t>(bytes[index]);
}

// The set bits of a block of words, without an instruction that not every processor has: in each word first pairs of
// bits are added up, then four, then eight; the bytes of all words together still fit bytes.
uint64_t count_in_block(const std::array<uint64_t, 16>& words) {
  uint64_t bytes = 0;
  for (uint64_t word : words) {
    word -= word >> 1 & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + (word >> 2 & 0x3333333333333333u);
    bytes += (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu;
  }
  const uint64_t pairs = (bytes & 0x00ff00ff00ff00ffu) + (bytes >> 8 & 0x00ff00ff00ff00ffu);
  return pairs * 0x0001000100010001u >> 48;
}

uint64_t count_in_bytes(std::string_view bytes) {
  uint64_t count = 0;
  std::array<uint64_t, 16> block;
  for (; bytes.size() >= sizeof(block); bytes.remove_prefix(sizeof(block))) {
    std::memcpy(block.data(), bytes.data(), sizeof(block));
    count += count_in_block(block);
  }
  for (const char byte : bytes)
    count += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(byte)));
  return count;
}

}  // namespace

bool bit_at(std::string_view bytes, uint64_t index) {
  if (index / 8 >= bytes.size()) return false;
  return (byte_at(bytes, index / 8) >> (7 - index % 8) & 1) != 0;
}

void set_bit(char* bytes, uint64_t index, bool value) {
  const auto mask = static_cast<uint8_t>(0x80u >> (index % 8));
  const auto old = static_cast<uint8_t>(bytes[index / 8]);
  bytes[index / 8] = static_cast<char>(value ? old | mask : old & ~mask);
}

uint64_t count_bits(std::string_view bytes, uint64_t first, uint64_t last) {
  CHECK(first <= last && last / 8 < bytes.size());
  const size_t first_byte = first / 8;
  const size_t last_byte = last / 8;
  const auto head = static_cast<uint8_t>(0xffu >> (first % 8));
  const auto tail = static_cast<uint8_t>(0xffu << (7 - last % 8));
  const auto count_in = [](unsigned byte) { return static_cast<uint64_t>(std::popcount(byte)); };
  if (first_byte == last_byte) return count_in(byte_at(bytes, first_byte) & head & tail);
  return count_in(byte_at(bytes, first_byte) & head) + count_in(byte_at(bytes, last_byte) & tail) +
         count_in_bytes(bytes.substr(first_byte + 1, last_byte - first_byte - 1));
}

std::optional<uint64_t> find_bit(std::string_view bytes, bool wanted, uint64_t first, uint64_t last) {
  CHECK(first <= last && last / 8 < bytes.size());
  const uint64_t word_without = wanted ? 0 : ~uint64_t{0};
  for (uint64_t at = first; at <= last;) {
    const bool word_fits = at % 8 == 0 && last - at >= 63;
    if (word_fits && load_word(bytes.data() + at / 8) == word_without) {
      at += 64;
      continue;
    }
    const uint8_t byte = byte_at(bytes, at / 8);
    const auto candidates = static_cast<uint8_t>((wanted ? byte : ~byte) & (0xffu >> (at % 8)));
    const uint64_t byte_begin = at / 8 * 8;
    if (candidates != 0) {
      const uint64_t found = byte_begin + static_cast<uint64_t>(std::countl_zero(candidates));
      if (found <= last) return found;
      return std::nullopt;
    }
    at = byte_begin + 8;
  }
  return std::nullopt;
}

uint64_t read_bits(std::string_view bytes, uint64_t offset, unsigned width) {
  DCHECK(width <= 64);
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    value = value << 1 | static_cast<uint64_t>(bit_at(bytes, offset + i));
  }
  return value;
}

void write_bits(char* bytes, uint64_t offset, unsigned width, uint64_t value) {
  DCHECK(width <= 64);
  for (unsigned i = 0; i < width; ++i) {
    set_bit(bytes, offset + i, (value >> (width - 1 - i) & 1) != 0);
  }
}

// --- Combining

namespace {

// Sources are combined a block at a time, so that each is read from memory once, and the result stays in the cache.
constexpr size_t kBlockWords = 512;
using Block = std::array<uint64_t, kBlockWords>;

// The block of `source` that begins at byte `at`, zeros behind its end.
void load_block(std::string_view source, size_t at, Block& to) {
  const size_t size = at < source.size() ? std::min(sizeof(Block), source.size() - at) : 0;
  auto* const bytes = reinterpret_cast<char*>(to.data());
  if (size > 0) std::memcpy(bytes, source.data() + at, size);
  std::memset(bytes + size, 0, sizeof(Block) - size);
}

template <typename Combine>
void combine_into(Block& to, const Block& with, Combine combine) {
  for (size_t i = 0; i < kBlockWords; ++i) {
    to[i] = combine(to[i], with[i]);
  }
}

struct Blocks {
  Block result;    // of the sources so far
  Block next;      // the source that is taken in
  Block repeated;  // kOne: set in more than one source
};

constexpr auto kBoth = [](uint64_t a, uint64_t b) { return a & b; };
constexpr auto kEither = [](uint64_t a, uint64_t b) { return a | b; };
constexpr auto kUnlike = [](uint64_t a, uint64_t b) { return a ^ b; };
constexpr auto kOnlyInFirst = [](uint64_t a, uint64_t b) { return a & ~b; };

// Takes `blocks.next` in, a source behind the first that is combined.
void take_in(BitOperation operation, Blocks& blocks) {
  switch (operation) {
    case BitOperation::kAnd:
      return combine_into(blocks.result, blocks.next, kBoth);
    case BitOperation::kXor:
      return combine_into(blocks.result, blocks.next, kUnlike);
    case BitOperation::kOne:
      for (size_t i = 0; i < kBlockWords; ++i) {
        blocks.repeated[i] |= blocks.result[i] & blocks.next[i];
        blocks.result[i] |= blocks.next[i];
      }
      return;
    case BitOperation::kOr:
    case BitOperation::kNot:
    case BitOperation::kDiff:
    case BitOperation::kDiff1:
    case BitOperation::kAndOr:
      return combine_into(blocks.result, blocks.next, kEither);
  }
}

// The first source of those that are held against all others: it is kept apart, and the others are united first.
bool first_stands_apart(BitOperation operation) {
  return operation == BitOperation::kDiff || operation == BitOperation::kDiff1 ||
         operation == BitOperation::kAndOr;
}

void combine_block(BitOperation operation, std::span<const std::string_view> sources, size_t at,
                   Blocks& blocks) {
  const size_t begin = first_stands_apart(operation) ? 1 : 0;
  blocks.result.fill(0);
  blocks.repeated.fill(0);
  if (begin < sources.size()) load_block(sources[begin], at, blocks.result);
  for (const std::string_view source : sources.subspan(std::min(begin + 1, sources.size()))) {
    load_block(source, at, blocks.next);
    take_in(operation, blocks);
  }
  if (begin == 1) load_block(sources[0], at, blocks.next);
  switch (operation) {
    case BitOperation::kNot:
      for (uint64_t& word : blocks.result)
        word = ~word;
      return;
    case BitOperation::kOne:
      return combine_into(blocks.result, blocks.repeated, kOnlyInFirst);
    case BitOperation::kDiff1:
      return combine_into(blocks.result, blocks.next, kOnlyInFirst);
    case BitOperation::kDiff:
      return combine_into(blocks.result, blocks.next,
                          [](uint64_t others, uint64_t first) { return first & ~others; });
    case BitOperation::kAndOr:
      return combine_into(blocks.result, blocks.next, kBoth);
    case BitOperation::kAnd:
    case BitOperation::kOr:
    case BitOperation::kXor:
      return;
  }
}

}  // namespace

void combine_bits(BitOperation operation, std::span<const std::string_view> sources, char* to, size_t size) {
  CHECK(!sources.empty());
  Blocks blocks;
  for (size_t at = 0; at < size; at += sizeof(Block)) {
    combine_block(operation, sources, at, blocks);
    std::memcpy(to + at, blocks.result.data(), std::min(sizeof(Block), size - at));
  }
}

}  // namespace sluice
