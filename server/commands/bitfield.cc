// SPDX-License-Identifier: MIT
//
// BITFIELD: integers of any width at any bit of a string.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/bits.h"
#include "server/commands/bit_offset.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/commands/string_store.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeyEvent;
using core::KeySpec;

// Every value of a field, and a field's value with an operand added to it, fit.
using Wide = __int128;

// --- A field

struct Field {
  bool is_signed = false;
  unsigned width = 0;  // bits: up to 64 signed, up to 63 unsigned
  uint64_t offset = 0;

  uint64_t bits_end() const { return offset + width; }
  Wide min() const { return is_signed ? -(Wide{1} << (width - 1)) : 0; }
  Wide max() const { return (Wide{1} << (is_signed ? width - 1 : width)) - 1; }
  // The number that the field's bits stand for.
  int64_t value_of(uint64_t bits) const {
    const bool negative = is_signed && (bits >> (width - 1) & 1) != 0;
    if (negative && width < 64) bits |= ~uint64_t{0} << width;
    return static_cast<int64_t>(bits);
  }
  int64_t read(std::string_view bytes) const { return value_of(read_bits(bytes, offset, width)); }
};

enum class Overflow : uint8_t { kWrap, kSaturate, kFail };

// `wanted` as the field can hold it; nothing if it cannot and `overflow` says to fail.
std::optional<int64_t> fitted(const Field& field, Wide wanted, Overflow overflow) {
  if (wanted >= field.min() && wanted <= field.max()) return static_cast<int64_t>(wanted);
  switch (overflow) {
    case Overflow::kWrap: {
      const uint64_t mask = field.width == 64 ? ~uint64_t{0} : (uint64_t{1} << field.width) - 1;
      return field.value_of(static_cast<uint64_t>(wanted) & mask);
    }
    case Overflow::kSaturate:
      return static_cast<int64_t>(wanted > field.max() ? field.max() : field.min());
    case Overflow::kFail:
      break;
  }
  return std::nullopt;
}

// --- What is to be done

struct Step {
  enum class Kind : uint8_t { kGet, kSet, kAdd };
  Kind kind = Kind::kGet;
  Field field;
  int64_t operand = 0;
  Overflow overflow = Overflow::kWrap;
};

struct Plan {
  std::vector<Step> steps;
  bool writes = false;
  uint64_t size_needed = 0;  // bytes that hold all fields that are written
};

// "i16", "u8".
Result<void> read_type(CommandCall& call, std::string_view text, Field& field) {
  field.is_signed = text.starts_with('i');
  const auto width = parse_i64(text.substr(text.empty() ? 0 : 1));
  const bool known = field.is_signed || text.starts_with('u');
  if (!known || !width || *width < 1 || *width > (field.is_signed ? 64 : 63)) {
    return call.fail(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
  }
  field.width = static_cast<unsigned>(*width);
  return {};
}

Result<Overflow> overflow_argument(CommandCall& call, Args& args) {
  if (args.accept("WRAP")) return Overflow::kWrap;
  if (args.accept("SAT")) return Overflow::kSaturate;
  if (args.accept("FAIL")) return Overflow::kFail;
  return call.fail("ERR Invalid OVERFLOW type specified");
}

std::optional<Step::Kind> accept_kind(Args& args) {
  if (args.left() >= 3 && args.accept("GET")) return Step::Kind::kGet;
  if (args.left() >= 4 && args.accept("SET")) return Step::Kind::kSet;
  if (args.left() >= 4 && args.accept("INCRBY")) return Step::Kind::kAdd;
  return std::nullopt;
}

Result<Plan> read_plan(CommandCall& call) {
  Plan plan;
  Overflow overflow = Overflow::kWrap;
  Args args(call.words, 2);
  while (args.more()) {
    if (args.left() >= 2 && args.accept("OVERFLOW")) {
      TRY(overflow, overflow_argument(call, args));
      continue;
    }
    const auto kind = accept_kind(args);
    if (!kind) return Error::kSyntax;
    Step step{.kind = *kind, .field = {}, .overflow = overflow};
    TRY_VOID(read_type(call, args.text(), step.field));
    TRY(step.field.offset, bit_offset(call, args.text(), step.field.width));
    if (step.kind != Step::Kind::kGet) {
      const uint64_t size_needed = (step.field.bits_end() + 7) / 8;
      if (!check_string_size(call, size_needed).ok()) return bad_bit_offset(call);
      step.operand = args.integer();
      TRY_VOID(args.good());
      plan.writes = true;
      plan.size_needed = std::max(plan.size_needed, size_needed);
    }
    plan.steps.push_back(step);
  }
  return plan;
}

// --- Doing it

// Replies the step's number. True: it has changed the bytes.
bool write_step(CommandCall& call, const Step& step, std::string_view bytes, char* writable) {
  const int64_t old = step.field.read(bytes);
  // An unsigned field takes the operand of SET for unsigned as well, so that a negative one is too large.
  const Wide operand = step.field.is_signed ? Wide{step.operand} : Wide{static_cast<uint64_t>(step.operand)};
  const Wide wanted = step.kind == Step::Kind::kAdd ? Wide{old} + step.operand : operand;
  const auto value = fitted(step.field, wanted, step.overflow);
  if (!value) {
    call.reply.null();
    return false;
  }
  call.reply.integer(step.kind == Step::Kind::kAdd ? *value : old);
  if (*value == old) return false;
  write_bits(writable, step.field.offset, step.field.width, static_cast<uint64_t>(*value));
  return true;
}

Result<void> read_fields(CommandCall& call, const Plan& plan) {
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kString));
  const std::string_view bytes = entry == nullptr ? std::string_view() : entry->string().view();
  call.reply.array(plan.steps.size());
  for (const Step& step : plan.steps)
    call.reply.integer(step.field.read(bytes));
  return {};
}

Result<void> write_fields(CommandCall& call, const Plan& plan) {
  const std::string_view key = call.words[1];
  TRY(Entry * entry, find_to_write(call, key, ValueType::kString));
  bool changes = entry == nullptr || entry->string().size() < plan.size_needed;
  if (entry == nullptr) entry = &call.keyspace().insert_string(call.db(), key);
  char* const writable = entry->string().extend(plan.size_needed);
  const std::string_view bytes = entry->string().view();
  call.reply.array(plan.steps.size());
  for (const Step& step : plan.steps) {
    if (step.kind == Step::Kind::kGet) {
      call.reply.integer(step.field.read(bytes));
    } else {
      changes |= write_step(call, step, bytes, writable);
    }
  }
  if (!changes) return {};
  call.log();
  call.changed(key, KeyEvent::kSetBit);
  return {};
}

Result<void> bitfield(CommandCall& call) {
  TRY(const Plan plan, read_plan(call));
  return plan.writes ? write_fields(call, plan) : read_fields(call, plan);
}

Result<void> bitfield_ro(CommandCall& call) {
  TRY(const Plan plan, read_plan(call));
  if (plan.writes) return call.fail("ERR BITFIELD_RO only supports the GET subcommand");
  return read_fields(call, plan);
}

// --- Rows

constexpr CommandSpec kRows[] = {
    {.name = "bitfield",
     .syntax = "key operation:[GET get:(encoding offset:integer)|write:([OVERFLOW overflow:<WRAP|SAT|FAIL>] "
               "write-operation:<SET set:(encoding offset:integer value:integer)|"
               "INCRBY incrby:(encoding offset:integer increment:integer)>)]...",
     .handler = bitfield,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(core::kRw | core::kAccess | core::kUpdate | core::kVariable)},
     .group = core::Group::kBitmap,
     .since = "3.2.0",
     .complexity = "O(1) for each field",
     .summary = "Reads and writes integers of any width in a string."},
    {.name = "bitfield_ro",
     .syntax = "key [GET get:(encoding offset:integer)]...",
     .handler = bitfield_ro,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly | core::kFast,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kBitmap,
     .since = "6.0.0",
     .complexity = "O(1) for each field",
     .summary = "Reads integers of any width in a string."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> bitfield_commands() {
  return kRows;
}

}  // namespace sluice::commands
