// SPDX-License-Identifier: MIT
//
// Commands that take a string for a row of bits.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/bits.h"
#include "server/commands/bit_offset.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/commands/string_store.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"

namespace sluice::commands {

Result<uint64_t> bit_offset(core::CommandCall& call, std::string_view text, unsigned width) {
  const bool in_fields = width > 0 && text.starts_with('#');
  const auto number = parse_i64(text.substr(in_fields ? 1 : 0));
  int64_t offset = 0;
  if (!number || *number < 0 || __builtin_mul_overflow(*number, in_fields ? int64_t{width} : 1, &offset)) {
    return bad_bit_offset(call);
  }
  const auto index = static_cast<uint64_t>(offset);
  if (!check_string_size(call, index / 8 + 1).ok()) return bad_bit_offset(call);
  return index;
}

namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeyEvent;
using core::KeySpec;

// --- One bit

Result<void> getbit(CommandCall& call) {
  TRY(const uint64_t offset, bit_offset(call, call.words[2]));
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kString));
  call.reply.integer(entry != nullptr && bit_at(entry->string().view(), offset) ? 1 : 0);
  return {};
}

Result<void> setbit(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(const uint64_t offset, bit_offset(call, call.words[2]));
  const auto bit = parse_i64(call.words[3]);
  if (!bit || (*bit != 0 && *bit != 1)) return call.fail("ERR bit is not an integer or out of range");
  TRY(Entry * entry, find_to_write(call, key, ValueType::kString));
  const size_t size_needed = offset / 8 + 1;
  const bool grows = entry == nullptr || entry->string().size() < size_needed;
  const bool old = entry != nullptr && bit_at(entry->string().view(), offset);
  if (grows || old != (*bit == 1)) {
    if (entry == nullptr) entry = &call.keyspace().insert_string(call.db(), key);
    set_bit(entry->string().extend(size_needed), offset, *bit == 1);
    call.log();
    call.changed(key, KeyEvent::kSetBit);
  }
  call.reply.integer(old ? 1 : 0);
  return {};
}

// --- Ranges of bits

enum class Unit : uint8_t { kByte, kBit };

Result<Unit> unit_argument(Args& args) {
  if (args.accept("BIT")) return Unit::kBit;
  if (args.accept("BYTE")) return Unit::kByte;
  return Error::kSyntax;
}

// Bits from `first` to `last`, both included.
struct BitRange {
  bool empty = true;
  uint64_t first = 0;
  uint64_t last = 0;
};

// `start` and `end` count in `unit`, negative ones from the end.
BitRange bit_range(std::string_view bytes, int64_t start, int64_t end, Unit unit) {
  const auto bits = static_cast<int64_t>(bytes.size() * 8);
  const int64_t unit_bits = unit == Unit::kBit ? 1 : 8;
  const int64_t size = bits / unit_bits;
  const int64_t from = std::max<int64_t>(0, start < 0 ? size + start : start);
  const int64_t to = std::min(size - 1, std::max<int64_t>(0, end < 0 ? size + end : end));
  if (from > to) return {};
  return {.empty = false,
          .first = static_cast<uint64_t>(from * unit_bits),
          .last = static_cast<uint64_t>(to * unit_bits + unit_bits - 1)};
}

Result<void> bitcount(CommandCall& call) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kString));
  const std::string_view bytes = entry == nullptr ? std::string_view() : entry->string().view();
  int64_t start = 0;
  int64_t end = -1;
  Unit unit = Unit::kByte;
  bool backwards = false;
  // Redis does not look at the range of a missing key.
  if (entry != nullptr && call.words.size() > 2) {
    Args args(call.words, 2);
    if (args.left() != 2 && args.left() != 3) return Error::kSyntax;
    start = args.integer();
    end = args.integer();
    TRY_VOID(args.good());
    backwards = start < 0 && end < 0 && start > end;
    if (args.more() && !backwards) {
      TRY(unit, unit_argument(args));
    }
  }
  const BitRange range = bit_range(bytes, start, end, unit);
  const uint64_t count = range.empty || backwards ? 0 : count_bits(bytes, range.first, range.last);
  call.reply.integer(static_cast<int64_t>(count));
  return {};
}

Result<void> bitpos(CommandCall& call) {
  const auto wanted = parse_i64(call.words[2]);
  if (!wanted) return Error::kNotInteger;
  if (*wanted != 0 && *wanted != 1) return call.fail("ERR The bit argument must be 1 or 0.");
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kString));
  // A missing key is a row of zeros without end, whatever the range.
  if (entry == nullptr) {
    call.reply.integer(*wanted == 1 ? -1 : 0);
    return {};
  }
  const std::string_view bytes = entry->string().view();
  int64_t start = 0;
  int64_t end = -1;
  Unit unit = Unit::kByte;
  Args args(call.words, 3);
  if (args.left() > 3) return Error::kSyntax;
  const bool end_given = args.left() >= 2;
  if (args.more()) {
    start = args.integer();
    TRY_VOID(args.good());
    if (args.left() == 2) {
      Args unit_word(call.words, 5);
      TRY(unit, unit_argument(unit_word));
    }
    if (args.more()) end = args.integer();
    TRY_VOID(args.good());
  }
  const BitRange range = bit_range(bytes, start, end, unit);
  std::optional<uint64_t> found;
  if (!range.empty) {
    found = find_bit(bytes, *wanted == 1, range.first, range.last);
    // Behind the end of a string that is all ones come the zeros, unless the range ends before them.
    if (!found && *wanted == 0 && !end_given) found = bytes.size() * 8;
  }
  call.reply.integer(found ? static_cast<int64_t>(*found) : -1);
  return {};
}

// --- BITOP

struct NamedOperation {
  std::string_view name;
  BitOperation operation;
  size_t sources_min;
};

constexpr NamedOperation kOperations[] = {
    {"AND", BitOperation::kAnd, 1},     {"OR", BitOperation::kOr, 1},     {"XOR", BitOperation::kXor, 1},
    {"NOT", BitOperation::kNot, 1},     {"DIFF", BitOperation::kDiff, 2}, {"DIFF1", BitOperation::kDiff1, 2},
    {"ANDOR", BitOperation::kAndOr, 2}, {"ONE", BitOperation::kOne, 1},
};

Result<BitOperation> operation_argument(CommandCall& call, size_t sources) {
  for (const NamedOperation& row : kOperations) {
    if (!equals_folded(call.words[1], row.name)) continue;
    if (row.operation == BitOperation::kNot && sources != 1) {
      return call.fail("ERR BITOP NOT must be called with a single source key.");
    }
    if (sources < row.sources_min) {
      return call.fail(std::string("ERR BITOP ")
                           .append(row.name)
                           .append(" must be called with at least two source keys."));
    }
    return row.operation;
  }
  return Error::kSyntax;
}

Result<void> bitop(CommandCall& call) {
  const std::string_view target = call.words[2];
  const auto source_keys = call.words.subspan(3);
  TRY(const BitOperation operation, operation_argument(call, source_keys.size()));
  std::vector<std::string_view> sources;
  size_t size = 0;
  for (const std::string_view key : source_keys) {
    TRY(const Entry* const entry, find_to_read(call, key, ValueType::kString));
    sources.push_back(entry == nullptr ? std::string_view() : entry->string().view());
    size = std::max(size, sources.back().size());
  }
  if (size == 0) {
    delete_key(call, target);
  } else {
    // The target may be a source as well: it is replaced when all is done.
    StringValue result;
    combine_bits(operation, sources, result.extend(size), size);
    call.keyspace().set_string(call.db(), target, {}).string() = std::move(result);
    call.log();
    call.changed(target, KeyEvent::kSet);
  }
  call.reply.integer(static_cast<int64_t>(size));
  return {};
}

// --- Rows

constexpr CommandSpec kRows[] = {
    {.name = "getbit",
     .syntax = "key offset:integer",
     .handler = getbit,
     .arity = Arity::exactly(3),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kBitmap,
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Replies one bit of a string."},
    {.name = "setbit",
     .syntax = "key offset:integer value:integer",
     .handler = setbit,
     .arity = Arity::exactly(4),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kUpdate)},
     .group = core::Group::kBitmap,
     .since = "2.2.0",
     .complexity = "O(1), and O(N) where the string gets longer by N bytes",
     .summary = "Sets or clears one bit of a string and replies what it was."},
    {.name = "bitcount",
     .syntax = "key range:[start:integer end:integer unit:[BYTE|BIT]]",
     .handler = bitcount,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kBitmap,
     .since = "2.6.0",
     .complexity = "O(N), N the number of bytes in the range",
     .summary = "Counts the bits of a string that are set."},
    {.name = "bitpos",
     .syntax = "key bit:integer range:[start:integer end-unit-block:[end:integer unit:[BYTE|BIT]]]",
     .handler = bitpos,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kBitmap,
     .since = "2.8.7",
     .complexity = "O(N), N the number of bytes in the range",
     .summary = "Finds the first bit of a string that is set, or clear."},
    {.name = "bitop",
     .syntax = "operation:<AND|OR|XOR|NOT|DIFF|DIFF1|ANDOR|ONE> destkey:key key...",
     .handler = bitop,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(core::kOw | core::kUpdate, 2),
              KeySpec::range(3, -1, 1, core::kRo | core::kAccess)},
     .group = core::Group::kBitmap,
     .since = "2.6.0",
     .complexity = "O(N), N the number of bytes in all strings",
     .summary = "Combines strings bit by bit and stores the result."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> bitmap_commands() {
  return kRows;
}

}  // namespace sluice::commands
