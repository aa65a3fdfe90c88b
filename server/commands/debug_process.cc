// SPDX-License-Identifier: MIT
#include "server/commands/debug_process.h"

#include <cmath>
#include <string>

#include "engine/base/number_text.h"
#include "server/commands/config_file.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::CommandCall;
using core::NoticeLevel;

constexpr std::string_view kNotRestarted = "ERR failed to restart the server. Check server logs.";

// Returns only if the program could not be begun anew. Whatever the log still lacks is lost then.
Result<void> start_again(CommandCall& call) {
  const std::string why = call.server.facts.start_again();
  call.server.seams.notices.write(NoticeLevel::kWarning, "Can't start again: " + why);
  return call.fail(kNotRestarted);
}

// The milliseconds to wait before, if the words say so.
Result<uint64_t> delay_of(CommandCall& call) {
  if (call.words.size() < 3) return uint64_t{0};
  const auto delay = parse_i64(call.words[2]);
  if (!delay) return Error::kNotInteger;
  return static_cast<uint64_t>(*delay < 0 ? 0 : *delay);
}

bool can_start_again(CommandCall& call) {
  return call.server.facts.start_again && call.server.facts.pause;
}

Result<void> allocator_value(CommandCall& call, bool is_text) {
  if (!call.server.facts.allocator_value) return call.fail("ERR the allocator tells nothing");
  std::optional<std::string> set;
  if (call.words.size() == 4) set = call.words[3];
  const core::AllocatorAnswer answer =
      call.server.facts.allocator_value(std::string(call.words[2]), is_text, std::move(set));
  if (!answer.error.empty()) return call.fail("ERR " + answer.error);
  if (is_text) {
    call.reply.bulk(answer.text);
  } else {
    call.reply.integer(answer.number);
  }
  return {};
}

}  // namespace

Result<void> debug_sleep(CommandCall& call) {
  const double seconds = parse_double(call.words[2]).value_or(0);
  if (seconds > 0 && std::isfinite(seconds) && call.server.facts.pause)
    call.server.facts.pause(static_cast<uint64_t>(std::llround(seconds * 1'000'000)));
  call.reply.ok();
  return {};
}

Result<void> debug_restart(CommandCall& call) {
  TRY(const uint64_t delay_ms, delay_of(call));
  if (!can_start_again(call)) return call.fail(kNotRestarted);
  const bool has_file = !call.server.facts.config_file.empty();
  if (has_file && rewrite_config(call.server, false)) return call.fail(kNotRestarted);
  if (call.server.commit.log() != nullptr && !call.server.close_log()) return call.fail(kNotRestarted);
  call.server.facts.pause(delay_ms * 1'000);
  return start_again(call);
}

Result<void> debug_crash_and_recover(CommandCall& call) {
  TRY(const uint64_t delay_ms, delay_of(call));
  if (!can_start_again(call)) return call.fail(kNotRestarted);
  call.server.facts.pause(delay_ms * 1'000);
  return start_again(call);
}

Result<void> debug_allocator_number(CommandCall& call) {
  return allocator_value(call, false);
}

Result<void> debug_allocator_text(CommandCall& call) {
  return allocator_value(call, true);
}

}  // namespace sluice::commands
