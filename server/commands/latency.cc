// SPDX-License-Identifier: MIT
//
// LATENCY: what has kept clients waiting, and how long each command takes.
#include <algorithm>
#include <optional>
#include <vector>

#include "engine/base/ascii.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/commands/latency_report.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::CommandStats;
using core::CommandTable;
using core::LatencyEvent;
using core::LatencyHistogram;

std::optional<LatencyEvent> find_event(std::string_view name) {
  for (size_t i = 0; i < core::kLatencyEvents; ++i) {
    if (equals_folded(core::kLatencyEventNames[i], name)) return static_cast<LatencyEvent>(i);
  }
  return std::nullopt;
}

Result<void> latency_latest(CommandCall& call) {
  const size_t length = call.reply.array_later();
  size_t events = 0;
  for (size_t i = 0; i < core::kLatencyEvents; ++i) {
    const auto& history = call.server.latency.history(static_cast<LatencyEvent>(i));
    if (history.samples.empty()) continue;
    ++events;
    call.reply.array(4);
    call.reply.bulk(core::kLatencyEventNames[i]);
    call.reply.integer(history.samples.back().seconds);
    call.reply.integer(history.samples.back().milliseconds);
    call.reply.integer(history.milliseconds_max);
  }
  call.reply.set_array_length(length, events);
  return {};
}

Result<void> latency_history(CommandCall& call) {
  const auto event = find_event(call.words[2]);
  if (!event) {
    call.reply.array(0);
    return {};
  }
  const auto& samples = call.server.latency.history(*event).samples;
  call.reply.array(samples.size());
  for (const auto& sample : samples) {
    call.reply.array(2);
    call.reply.integer(sample.seconds);
    call.reply.integer(sample.milliseconds);
  }
  return {};
}

Result<void> latency_reset(CommandCall& call) {
  int64_t cleared = 0;
  if (call.words.size() == 2) {
    for (size_t i = 0; i < core::kLatencyEvents; ++i)
      cleared += call.server.latency.clear(static_cast<LatencyEvent>(i));
  }
  for (const std::string_view name : call.words.subspan(2)) {
    const auto event = find_event(name);
    if (event) cleared += call.server.latency.clear(*event);
  }
  call.reply.integer(cleared);
  return {};
}

Result<void> latency_graph_reply(CommandCall& call) {
  const auto event = find_event(call.words[2]);
  if (!event || call.server.latency.history(*event).samples.empty()) {
    return call.fail(std::string("ERR No samples available for event '").append(call.words[2]).append("'"));
  }
  call.reply.verbatim("txt", latency_graph(*event, call.server.latency.history(*event), call.stamp.now));
  return {};
}

Result<void> latency_doctor(CommandCall& call) {
  call.reply.verbatim("txt", latency_advice(call.server));
  return {};
}

// --- LATENCY HISTOGRAM

// Calls of up to so many nanoseconds, from about a microsecond to about a second; each counts those before too.
constexpr unsigned kFirstBit = 10;

void reply_histogram(protocol::ReplyWriter& reply, const std::string& name,
                     const LatencyHistogram& latencies) {
  reply.bulk(name);
  reply.map(2);
  reply.bulk("calls");
  reply.unsigned_integer(latencies.total());
  reply.bulk("histogram_usec");
  const size_t length = reply.map_later();
  size_t steps = 0;
  uint64_t before = 0;
  for (unsigned bit = kFirstBit; bit <= LatencyHistogram::kTopBit + 1; ++bit) {
    const uint64_t calls = latencies.below(uint64_t{1} << bit);
    if (calls == before) continue;
    before = calls;
    ++steps;
    reply.unsigned_integer((uint64_t{1} << bit) / 1000);
    reply.unsigned_integer(calls);
  }
  reply.set_map_length(length, steps);
}

Result<void> latency_histogram(CommandCall& call) {
  CommandTable& commands = call.server.commands;
  const size_t length = call.reply.map_later();
  size_t count = 0;
  const auto reply_if_called = [&](std::string_view container, const CommandSpec& spec) {
    const CommandStats& stats = commands.stats(spec);
    if (stats.latencies == nullptr) return;
    reply_histogram(call.reply, CommandTable::full_name(container, spec), *stats.latencies);
    ++count;
  };
  const auto reply_row = [&](const CommandSpec& row) {
    reply_if_called({}, row);
    for (const CommandSpec& subcommand : row.subcommands)
      reply_if_called(row.name, subcommand);
  };
  if (call.words.size() == 2) {
    for (const CommandSpec& row : commands.rows())
      reply_row(row);
  }
  for (const std::string_view name : call.words.subspan(2)) {
    const size_t bar = name.find('|');
    const CommandSpec* row = commands.find(name.substr(0, bar));
    if (row == nullptr) continue;
    if (bar == std::string_view::npos) {
      reply_row(*row);
    } else if (const CommandSpec* subcommand = CommandTable::find_subcommand(*row, name.substr(bar + 1))) {
      reply_if_called(row->name, *subcommand);
    }
  }
  call.reply.set_map_length(length, count);
  return {};
}

// --- Rows

constexpr core::Group kGroup = core::Group::kServer;
constexpr uint32_t kFlags = core::kAdmin | core::kNoScript | core::kLoading | core::kStale;

constexpr CommandSpec kLatencyRows[] = {
    {.name = "doctor",
     .handler = latency_doctor,
     .arity = Arity::exactly(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Says in words what has kept clients waiting, and what may help."},
    {.name = "graph",
     .syntax = "event",
     .handler = latency_graph_reply,
     .arity = Arity::exactly(3),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Draws the samples of an event as text."},
    {.name = "histogram",
     .syntax = "[command...]",
     .handler = latency_histogram,
     .arity = Arity::at_least(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the number of commands",
     .summary = "Tells how many calls of each command took up to how many microseconds."},
    {.name = "history",
     .syntax = "event",
     .handler = latency_history,
     .arity = Arity::exactly(3),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Tells the samples of an event: when, in seconds since 1970, and how many milliseconds."},
    {.name = "latest",
     .handler = latency_latest,
     .arity = Arity::exactly(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Tells the newest sample of each event, and its worst of all time."},
    {.name = "reset",
     .syntax = "[event...]",
     .handler = latency_reset,
     .arity = Arity::at_least(2),
     .flags = kFlags,
     .group = kGroup,
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Forgets the samples of some events, or of all."},
    help_row(kGroup, "2.8.13"),
};
static_assert(core::well_formed(kLatencyRows));

constexpr CommandSpec kRows[] = {
    {.name = "latency",
     .arity = Arity::at_least(2),
     .group = kGroup,
     .since = "2.8.13",
     .complexity = "Depends on the subcommand",
     .summary = "What has kept clients waiting, and how long commands take.",
     .subcommands = kLatencyRows},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> latency_commands() {
  return kRows;
}

}  // namespace sluice::commands
