// SPDX-License-Identifier: MIT
#include "server/commands/hash_field_words.h"

#include <string>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::CommandCall;
using core::Words;

// The largest time that a field may have, as in Redis: 46 bits of milliseconds, some two thousand years.
constexpr int64_t kFieldTimeMax = (int64_t{1} << 46) - 1;

Error unknown_argument(CommandCall& call, std::string_view word) {
  return call.fail(std::string("ERR unknown argument: ").append(word));
}

Result<UnixMs> field_time(CommandCall& call, std::string_view word, int64_t unit, UnixMs from) {
  const auto amount = parse_i64(word);
  if (!amount) return Error::kNotInteger;
  if (*amount < 0) return call.fail("ERR invalid expire time, must be >= 0");
  int64_t when = 0;
  if (__builtin_mul_overflow(*amount, unit, &when) || when > kFieldTimeMax - from.count)
    return call.fail(std::string("ERR invalid expire time in '").append(call.spec.name).append("' command"));
  return UnixMs{when + from.count};
}

// Where each command has a text of its own for the same mistake.
struct Texts {
  std::string_view bad_count;
  std::string_view nothing_behind;  // FIELDS stands at the end
};

// Reads behind FIELDS: a number, and so many fields of `words_each` words. What is left may be options.
Result<void> take_fields(CommandCall& call, Args& args, size_t words_each, const Texts& texts,
                         Words& fields) {
  if (!fields.empty()) return call.fail("ERR FIELDS keyword specified multiple times");
  if (!args.more()) return call.fail(texts.nothing_behind);
  const auto count = parse_i64(args.text());
  if (!count || *count < 1 || *count > INT32_MAX) return call.fail(texts.bad_count);
  const size_t words = static_cast<size_t>(*count) * words_each;
  if (words > args.left()) return call.fail("ERR wrong number of arguments");
  fields = args.rest().first(words);
  args.skip(words);
  return {};
}

bool accept_condition(Args& args, FieldCondition& condition) {
  if (args.accept("NX")) return condition.not_yet = true;
  if (args.accept("XX")) return condition.already = true;
  if (args.accept("GT")) return condition.later = true;
  if (args.accept("LT")) return condition.sooner = true;
  return false;
}

// --- HGETEX and HSETEX

struct Unit {
  std::string_view option;
  int64_t milliseconds;
  bool from_now;
};

constexpr Unit kUnits[] = {{"EX", 1000, true}, {"PX", 1, true}, {"EXAT", 1000, false}, {"PXAT", 1, false}};

// Takes the option that comes next if it is one of a time, or `other`. False: it is no such option.
Result<bool> accept_time(CommandCall& call, Args& args, std::string_view other, FieldOptions& options) {
  const auto refuse_second = [&call, other] {
    return call.fail(std::string("ERR Only one of EX, PX, EXAT, PXAT or ")
                         .append(other)
                         .append(" arguments can be specified"));
  };
  const bool second = options.until || options.other;
  if (args.accept(other)) {
    if (second) return refuse_second();
    options.other = true;
    return true;
  }
  for (const Unit& unit : kUnits) {
    if (!args.accept(unit.option)) continue;
    if (second) return refuse_second();
    if (!args.more()) return call.fail("ERR missing expire time");
    const UnixMs from = unit.from_now ? call.stamp.now : UnixMs{0};
    TRY(const UnixMs until, field_time(call, args.text(), unit.milliseconds, from));
    options.until = until;
    return true;
  }
  return false;
}

Result<bool> accept_presence(CommandCall& call, Args& args, FieldOptions& options) {
  const bool absent = args.accept("FNX");
  const bool present = !absent && args.accept("FXX");
  if (!absent && !present) return false;
  if (options.if_absent || options.if_present)
    return call.fail("ERR Only one of FXX or FNX arguments can be specified");
  options.if_absent = absent;
  options.if_present = present;
  return true;
}

Result<FieldOptions> options_of(CommandCall& call, bool sets) {
  const std::string arity =
      std::string("ERR wrong number of arguments for '").append(call.spec.name).append("' command");
  const Texts texts{.bad_count = "ERR invalid number of fields", .nothing_behind = arity};
  FieldOptions options;
  Args args(call.words, 2);
  while (args.more()) {
    if (args.accept("FIELDS")) {
      TRY_VOID(take_fields(call, args, sets ? 2 : 1, texts, options.fields));
      continue;
    }
    TRY(bool known, accept_time(call, args, sets ? "KEEPTTL" : "PERSIST", options));
    if (!known && sets) {
      TRY(known, accept_presence(call, args, options));
    }
    if (!known) return unknown_argument(call, args.text());
  }
  if (options.fields.empty()) return call.fail("ERR missing FIELDS argument");
  return options;
}

}  // namespace

Result<FieldExpiry> field_expiry(CommandCall& call, int64_t unit, UnixMs from) {
  constexpr std::string_view kTooShort = "ERR FIELDS requires at least numfields and one field argument";
  constexpr Texts kTexts{.bad_count = "ERR Parameter `numFields` should be greater than 0",
                         .nothing_behind = kTooShort};
  FieldExpiry expiry;
  TRY(expiry.when, field_time(call, call.words[2], unit, from));
  Args args(call.words, 3);
  FieldCondition& condition = expiry.condition;
  while (args.more()) {
    if (accept_condition(args, condition)) continue;
    if (args.accept("FIELDS")) {
      if (expiry.fields.empty() && args.left() == 1) return call.fail(kTooShort);
      TRY_VOID(take_fields(call, args, 1, kTexts, expiry.fields));
    } else {
      return unknown_argument(call, args.text());
    }
  }
  if (expiry.fields.empty()) return call.fail("ERR missing FIELDS argument");
  if (condition.not_yet + condition.already + condition.later + condition.sooner > 1)
    return call.fail("ERR Multiple condition flags specified");
  return expiry;
}

Result<Words> only_fields(CommandCall& call) {
  Args args(call.words, 2);
  if (!args.accept("FIELDS"))
    return call.fail("ERR Mandatory argument FIELDS is missing or not at the right position");
  const auto count = parse_i64(args.text());
  if (!count || *count < 1) return call.fail("ERR Number of fields must be a positive integer");
  if (args.left() != static_cast<uint64_t>(*count))
    return call.fail("ERR The `numfields` parameter must match the number of arguments");
  return args.rest();
}

Result<FieldOptions> hgetex_options(CommandCall& call) {
  return options_of(call, false);
}

Result<FieldOptions> hsetex_options(CommandCall& call) {
  return options_of(call, true);
}

}  // namespace sluice::commands
