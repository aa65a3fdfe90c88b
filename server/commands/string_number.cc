// SPDX-License-Identifier: MIT
//
// Commands that take a string for a number and add to it.
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "server/commands/groups.h"
#include "server/commands/lifetime.h"
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

// A missing string counts as 0.
Result<int64_t> integer_of(const Entry* entry) {
  if (entry == nullptr) return 0;
  const auto value = parse_i64(entry->string().view());
  if (!value) return Error::kNotInteger;
  return *value;
}

Result<long double> float_of(const Entry* entry) {
  if (entry == nullptr) return 0.0L;
  const auto value = parse_long_double(entry->string().view());
  if (!value) return Error::kNotFloat;
  return *value;
}

Error beyond_numbers(CommandCall& call) {
  return call.fail("ERR increment would produce NaN or Infinity");
}

std::string float_text(long double value) {
  char text[kLongDoubleCharsMax];
  return {text, format_long_double(text, value)};
}

// --- Adding

Result<void> add(CommandCall& call, int64_t amount) {
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kString));
  TRY(int64_t value, integer_of(entry));
  if (__builtin_add_overflow(value, amount, &value)) return Error::kOverflow;
  char text[kI64CharsMax];
  const std::string_view digits(text, format_i64(text, value));
  if (entry == nullptr) {
    call.keyspace().insert_string(call.db(), key).string().assign(digits);
  } else {
    entry->string().assign(digits);
  }
  if (entry == nullptr || amount != 0) call.log();
  call.changed(key, KeyEvent::kIncrBy);
  call.reply.integer(value);
  return {};
}

Result<void> incr(CommandCall& call) {
  return add(call, 1);
}
Result<void> decr(CommandCall& call) {
  return add(call, -1);
}

Result<void> incrby(CommandCall& call) {
  const auto amount = parse_i64(call.words[2]);
  if (!amount) return Error::kNotInteger;
  return add(call, *amount);
}

Result<void> decrby(CommandCall& call) {
  const auto amount = parse_i64(call.words[2]);
  if (!amount) return Error::kNotInteger;
  if (*amount == INT64_MIN) return call.fail("ERR decrement would overflow");
  return add(call, -*amount);
}

Result<void> incrbyfloat(CommandCall& call) {
  const std::string_view key = call.words[1];
  TRY(const Entry* const entry, find_to_write(call, key, ValueType::kString));
  TRY(const long double value, float_of(entry));
  const auto amount = parse_long_double(call.words[2]);
  if (!amount) return Error::kNotFloat;
  const long double sum = value + *amount;
  if (!std::isfinite(sum)) return beyond_numbers(call);
  const std::string text = float_text(sum);
  if (entry != nullptr && entry->string().view() == text) {
    call.changed(key, KeyEvent::kIncrByFloat);
  } else {
    // As text, so that a machine with other floats replays the same.
    store_string(call, key, text, {.as_before = true}, KeyEvent::kIncrByFloat);
  }
  call.reply.bulk(text);
  return {};
}

// --- INCREX

struct IncrexOptions {
  std::optional<std::string_view> integer;  // what to add; without either, 1
  std::optional<std::string_view> floating;
  std::optional<std::string_view> lower;
  std::optional<std::string_view> upper;
  bool saturate = false;
  bool keep_lifetime = false;  // ENX: only a key without an expiry time gets one
  Lifetime lifetime;
};

// Takes `word` and what stands behind it, if it comes next; it may come once.
bool accept_once(Args& args, std::string_view word, std::optional<std::string_view>& value) {
  if (!args.accept(word)) return false;
  if (value) args.fail(Error::kSyntax);
  value = args.text();
  return true;
}

Result<IncrexOptions> increx_options(CommandCall& call) {
  IncrexOptions options;
  Args args(call.words, 2);
  while (args.more() && !args.failed()) {
    if (args.accept("SATURATE")) {
      options.saturate = true;
    } else if (args.accept("ENX")) {
      options.keep_lifetime = true;
    } else if (!accept_once(args, "BYINT", options.integer) &&
               !accept_once(args, "BYFLOAT", options.floating) &&
               !accept_once(args, "LBOUND", options.lower) && !accept_once(args, "UBOUND", options.upper) &&
               !accept_lifetime(args, "PERSIST", options.lifetime)) {
      return Error::kSyntax;
    }
  }
  TRY_VOID(args.good());
  if (options.integer && options.floating) return Error::kSyntax;
  if (options.keep_lifetime && options.lifetime.other()) return Error::kSyntax;
  if (options.keep_lifetime && !options.lifetime.ends())
    return call.fail("ERR ENX flag requires an expiration");
  return options;
}

// The two kinds of number that INCREX counts in.
struct Integers {
  using Number = int64_t;
  static constexpr Error kFault = Error::kNotInteger;
  static constexpr KeyEvent kEvent = KeyEvent::kIncrBy;
  static std::optional<Number> parse(std::string_view text) { return parse_i64(text); }
  static Result<Number> of(const Entry* entry) { return integer_of(entry); }
  static bool add(Number a, Number b, Number& sum) { return !__builtin_add_overflow(a, b, &sum); }
  static bool subtract(Number a, Number b, Number& rest) { return !__builtin_sub_overflow(a, b, &rest); }
  static Error beyond(CommandCall&) { return Error::kOverflow; }
  static std::string text(Number value) {
    char digits[kI64CharsMax];
    return {digits, format_i64(digits, value)};
  }
  static void reply(CommandCall& call, Number value) { call.reply.integer(value); }
};

struct Floats {
  using Number = long double;
  static constexpr Error kFault = Error::kNotFloat;
  static constexpr KeyEvent kEvent = KeyEvent::kIncrByFloat;
  static std::optional<Number> parse(std::string_view text) {
    const auto value = parse_long_double(text);
    return value && std::isfinite(*value) ? value : std::nullopt;
  }
  static Result<Number> of(const Entry* entry) {
    TRY(const Number value, float_of(entry));
    if (!std::isfinite(value)) return Error::kNotFloat;
    return value;
  }
  static bool add(Number a, Number b, Number& sum) { return std::isfinite(sum = a + b); }
  static bool subtract(Number a, Number b, Number& rest) { return std::isfinite(rest = a - b); }
  static Error beyond(CommandCall& call) { return beyond_numbers(call); }
  static std::string text(Number value) { return float_text(value); }
  static void reply(CommandCall& call, Number value) { call.reply.number_text(text(value)); }
};

template <typename Kind>
Result<typename Kind::Number> number_or(const std::optional<std::string_view>& text,
                                        typename Kind::Number otherwise) {
  if (!text) return otherwise;
  const auto value = Kind::parse(*text);
  if (!value) return Kind::kFault;
  return *value;
}

// Stores the new value with the lifetime that is asked for, unless all of it is as before.
void store_count(CommandCall& call, const Entry* entry, std::string_view text, const IncrexOptions& options,
                 std::optional<UnixMs> end, KeyEvent event) {
  const std::string_view key = call.words[1];
  const bool had_end = entry != nullptr && call.keyspace().expires_at(*entry).has_value();
  const bool persists = options.lifetime.other() && had_end;
  if (options.keep_lifetime && had_end) end.reset();
  const bool same = entry != nullptr && !end && !persists && entry->string().view() == text;
  if (same) {
    call.changed(key, event);
    return;
  }
  store_string(call, key, text, {.end = end, .as_before = !end && !persists}, event);
  if (persists) call.changed(key, KeyEvent::kPersist);
}

template <typename Kind>
void reply_count(CommandCall& call, typename Kind::Number value, typename Kind::Number applied) {
  call.reply.array(2);
  Kind::reply(call, value);
  Kind::reply(call, applied);
}

template <typename Kind>
Result<void> increx_as(CommandCall& call, const IncrexOptions& options,
                       const std::optional<std::string_view>& amount_text) {
  using Number = typename Kind::Number;
  TRY(const Number amount, number_or<Kind>(amount_text, 1));
  TRY(const Number lower, number_or<Kind>(options.lower, std::numeric_limits<Number>::lowest()));
  TRY(const Number upper, number_or<Kind>(options.upper, std::numeric_limits<Number>::max()));
  if (lower > upper) return call.fail("ERR LBOUND can't be greater than UBOUND");
  std::optional<UnixMs> end;
  if (options.lifetime.ends()) {
    TRY(end, end_of(call, options.lifetime));
  }
  TRY(const Entry* const entry, find_to_write(call, call.words[1], ValueType::kString));
  TRY(const Number value, Kind::of(entry));
  Number sum = 0;
  const bool fits = Kind::add(value, amount, sum);
  const bool within = fits && lower <= sum && sum <= upper;
  if (!within && !options.saturate) {
    reply_count<Kind>(call, value, 0);
    return {};
  }
  // What does not even fit the type lies beyond the bound in whose direction it went.
  if (!within) sum = (fits ? sum > upper : amount > 0) ? upper : lower;
  Number applied = 0;
  if (!Kind::subtract(sum, value, applied)) return Kind::beyond(call);
  store_count(call, entry, Kind::text(sum), options, end, Kind::kEvent);
  reply_count<Kind>(call, sum, applied);
  return {};
}

Result<void> increx(CommandCall& call) {
  TRY(const IncrexOptions options, increx_options(call));
  return options.floating ? increx_as<Floats>(call, options, options.floating)
                          : increx_as<Integers>(call, options, options.integer);
}

// --- Rows

constexpr uint16_t kUpdateKeys = core::kRw | core::kAccess | core::kUpdate;

constexpr CommandSpec kRows[] = {
    {.name = "incr",
     .syntax = "key",
     .handler = incr,
     .arity = Arity::exactly(2),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Adds one to the integer that a string holds; a missing one counts as 0."},
    {.name = "decr",
     .syntax = "key",
     .handler = decr,
     .arity = Arity::exactly(2),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Takes one from the integer that a string holds; a missing one counts as 0."},
    {.name = "incrby",
     .syntax = "key increment:integer",
     .handler = incrby,
     .arity = Arity::exactly(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Adds to the integer that a string holds; a missing one counts as 0."},
    {.name = "decrby",
     .syntax = "key decrement:integer",
     .handler = decrby,
     .arity = Arity::exactly(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Takes from the integer that a string holds; a missing one counts as 0."},
    {.name = "incrbyfloat",
     .syntax = "key increment:double",
     .handler = incrbyfloat,
     .arity = Arity::exactly(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kString,
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Adds to the number that a string holds; a missing one counts as 0."},
    {.name = "increx",
     .syntax =
         "key increment:[BYFLOAT float:double|BYINT integer:integer] [LBOUND lowerbound] [UBOUND upperbound] "
         "[SATURATE] expiration:[EX seconds:integer|PX milliseconds:integer|EXAT unix-time-seconds:unix-time|"
         "PXAT unix-time-milliseconds:unix-time|PERSIST] [ENX]",
     .handler = increx,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(kUpdateKeys)},
     .group = core::Group::kString,
     .since = "8.8.0",
     .complexity = "O(1)",
     .summary = "Adds to the number that a string holds within bounds, and sets its expiry time."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> string_number_commands() {
  return kRows;
}

}  // namespace sluice::commands
