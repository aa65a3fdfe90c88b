// SPDX-License-Identifier: MIT
//
// Commands on a part of a string, and on what two strings have in common.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/common_subsequence.h"
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

// --- Parts

Result<void> append(CommandCall& call) {
  const std::string_view key = call.words[1];
  const std::string_view more = call.words[2];
  TRY(Entry * entry, find_to_write(call, key, ValueType::kString));
  const size_t size_old = entry == nullptr ? 0 : entry->string().size();
  TRY_VOID(check_string_size(call, size_old + more.size()));
  const bool changes = entry == nullptr || !more.empty();
  if (entry == nullptr) entry = &call.keyspace().insert_string(call.db(), key);
  entry->string().append(more);
  if (changes) call.log();
  call.changed(key, KeyEvent::kAppend);
  call.reply.integer(static_cast<int64_t>(entry->string().size()));
  return {};
}

Result<void> setrange(CommandCall& call) {
  const std::string_view key = call.words[1];
  const std::string_view part = call.words[3];
  const auto offset = parse_i64(call.words[2]);
  if (!offset) return Error::kNotInteger;
  if (*offset < 0) return call.fail("ERR offset is out of range");
  TRY(Entry * entry, find_to_write(call, key, ValueType::kString));
  if (part.empty()) {
    call.reply.integer(entry == nullptr ? 0 : static_cast<int64_t>(entry->string().size()));
    return {};
  }
  TRY_VOID(check_string_size(call, static_cast<uint64_t>(*offset) + part.size()));
  if (entry == nullptr) entry = &call.keyspace().insert_string(call.db(), key);
  entry->string().write(static_cast<size_t>(*offset), part);
  call.log();
  call.changed(key, KeyEvent::kSetRange);
  call.reply.integer(static_cast<int64_t>(entry->string().size()));
  return {};
}

// From `start` to `end`, both included, negative ones counted from the end. An end before the first byte means the
// first byte, unless the start lies behind it from the end.
std::string_view part_of(std::string_view bytes, int64_t start, int64_t end) {
  if (bytes.empty() || (start < 0 && end < 0 && start > end)) return {};
  const auto size = static_cast<int64_t>(bytes.size());
  const int64_t first = std::max<int64_t>(0, start < 0 ? size + start : start);
  const int64_t last = std::min(size - 1, std::max<int64_t>(0, end < 0 ? size + end : end));
  if (first > last) return {};
  return bytes.substr(static_cast<size_t>(first), static_cast<size_t>(last - first + 1));
}

Result<void> getrange(CommandCall& call) {
  Args args(call.words, 2);
  const int64_t start = args.integer();
  const int64_t end = args.integer();
  TRY_VOID(args.good());
  TRY(const Entry* const entry, find_to_read(call, call.words[1], ValueType::kString));
  call.reply.bulk(entry == nullptr ? std::string_view() : part_of(entry->string().view(), start, end));
  return {};
}

// --- What two strings have in common

struct LcsOptions {
  bool length_only = false;
  bool runs = false;
  bool run_lengths = false;
  int64_t run_length_min = 0;
};

Result<LcsOptions> lcs_options(CommandCall& call) {
  LcsOptions options;
  Args args(call.words, 3);
  while (args.more() && !args.failed()) {
    if (args.accept("LEN")) {
      options.length_only = true;
    } else if (args.accept("IDX")) {
      options.runs = true;
    } else if (args.accept("WITHMATCHLEN")) {
      options.run_lengths = true;
    } else if (args.accept("MINMATCHLEN")) {
      options.run_length_min = args.more() ? args.integer() : (args.fail(Error::kSyntax), 0);
    } else {
      return Error::kSyntax;
    }
  }
  TRY_VOID(args.good());
  if (options.length_only && options.runs) {
    return call.fail("ERR If you want both the length and indexes, please just use IDX.");
  }
  return options;
}

// Redis keeps four bytes for each pair of bytes and has proto-max-bulk-len bound them. We need far less, but take the
// same bound: it is the one on the time that the command takes.
Result<void> check_lcs_size(CommandCall& call, size_t a, size_t b) {
  constexpr size_t kPairBytes = 4;
  uint64_t bytes = 0;
  if (__builtin_mul_overflow((a + 1) * kPairBytes, b + 1, &bytes) || !check_string_size(call, bytes).ok()) {
    return call.fail("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  return {};
}

void reply_run(CommandCall& call, const CommonRun& run, bool with_length) {
  call.reply.array(with_length ? 3 : 2);
  for (const uint32_t start : {run.in_a, run.in_b}) {
    call.reply.array(2);
    call.reply.integer(start);
    call.reply.integer(start + run.size - 1);
  }
  if (with_length) call.reply.integer(run.size);
}

void reply_runs(CommandCall& call, const LcsOptions& options, const std::vector<CommonRun>& runs) {
  int64_t length = 0;
  call.reply.map(2);
  call.reply.bulk("matches");
  const size_t mark = call.reply.array_later();
  size_t listed = 0;
  for (const CommonRun& run : runs) {
    length += run.size;
    if (run.size < options.run_length_min) continue;
    reply_run(call, run, options.run_lengths);
    ++listed;
  }
  call.reply.set_array_length(mark, listed);
  call.reply.bulk("len");
  call.reply.integer(length);
}

Result<std::string_view> lcs_string(CommandCall& call, std::string_view key) {
  const auto entry = find_to_read(call, key, ValueType::kString);
  if (!entry.ok()) return call.fail("ERR The specified keys must contain string values");
  return entry.value() == nullptr ? std::string_view() : entry.value()->string().view();
}

Result<void> lcs(CommandCall& call) {
  const Result<std::string_view> first = lcs_string(call, call.words[1]);
  if (!first.ok()) {  // the second is looked for all the same, as in Redis
    call.looked_up(call.words[2], call.keyspace().find(call.db(), call.words[2]) != nullptr);
    return first.error();
  }
  const std::string_view a = first.value();
  TRY(const std::string_view b, lcs_string(call, call.words[2]));
  TRY(const LcsOptions options, lcs_options(call));
  TRY_VOID(check_lcs_size(call, a.size(), b.size()));
  if (options.length_only) {
    call.reply.integer(common_subsequence_length(a, b));
    return {};
  }
  const std::vector<CommonRun> runs = longest_common_subsequence(a, b);
  if (options.runs) {
    reply_runs(call, options, runs);
    return {};
  }
  std::string common;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run)
    common.append(a.substr(run->in_a, run->size));
  call.reply.bulk(common);
  return {};
}

// --- Rows

constexpr CommandSpec kRows[] = {
    {.name = "append",
     .syntax = "key value",
     .handler = append,
     .arity = Arity::exactly(3),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kInsert)},
     .group = core::Group::kString,
     .since = "2.0.0",
     .complexity = "O(N), N the number of bytes that are appended",
     .summary = "Puts bytes behind the end of a string; a missing one counts as empty."},
    {.name = "setrange",
     .syntax = "key offset:integer value",
     .handler = setrange,
     .arity = Arity::exactly(4),
     .flags = core::kWrite | core::kDenyOom,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .group = core::Group::kString,
     .since = "2.2.0",
     .complexity = "O(N), N the number of bytes that are written, those of a gap before them among them",
     .summary = "Writes bytes over a part of a string, which gets longer if need be."},
    {.name = "getrange",
     .syntax = "key start:integer end:integer",
     .handler = getrange,
     .arity = Arity::exactly(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kString,
     .since = "2.4.0",
     .complexity = "O(N), N the number of bytes in the reply",
     .summary = "Replies a part of a string; negative indexes count from its end."},
    {.name = "substr",
     .syntax = "key start:integer end:integer",
     .handler = getrange,
     .arity = Arity::exactly(4),
     .flags = core::kReadOnly,
     .keys = {KeySpec::one(core::kRo | core::kAccess)},
     .group = core::Group::kString,
     .since = "1.0.0",
     .complexity = "O(N), N the number of bytes in the reply",
     .summary = "Replies a part of a string, as GETRANGE does."},
    {.name = "lcs",
     .syntax = "key1:key key2:key [LEN] [IDX] [MINMATCHLEN min-match-len:integer] [WITHMATCHLEN]",
     .handler = lcs,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly,
     .keys = {KeySpec::range(1, 2, 1, core::kRo | core::kAccess)},
     .group = core::Group::kString,
     .since = "7.0.0",
     .complexity = "O(N*M), N and M the lengths of the strings",
     .summary = "Finds the longest sequence of bytes that two strings have in common."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> string_range_commands() {
  return kRows;
}

}  // namespace sluice::commands
