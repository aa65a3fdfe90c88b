// SPDX-License-Identifier: MIT
#include "server/commands/latency_report.h"

#include <algorithm>
#include <array>

namespace sluice::commands {
namespace {

using core::LatencyEvent;
using History = core::LatencyMonitor::History;

constexpr size_t kGraphColumns = 80;
constexpr size_t kGraphRows = 4;
// A row is cut into three heights.
constexpr std::string_view kHeights = "_o#";

std::string_view name_of(LatencyEvent event) {
  return core::kLatencyEventNames[static_cast<size_t>(event)];
}

// "15s", "3m", "2h", "4d".
std::string age(int64_t seconds) {
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return std::to_string(seconds / 60) + "m";
  if (seconds < 24 * 3600) return std::to_string(seconds / 3600) + "h";
  return std::to_string(seconds / (24 * 3600)) + "d";
}

struct Range {
  int64_t low = INT64_MAX;
  int64_t high = 0;
};

Range range_of(const History& history) {
  Range range;
  for (const auto& sample : history.samples) {
    range.low = std::min(range.low, sample.milliseconds);
    range.high = std::max(range.high, sample.milliseconds);
  }
  return range;
}

// The character of a bar of `steps` steps in the row that begins at `row` steps.
char cell(size_t steps, size_t row) {
  if (steps <= row) return ' ';
  return kHeights[std::min(steps - row, kHeights.size()) - 1];
}

struct Advice {
  LatencyEvent event;
  std::string_view text;
};

constexpr Advice kAdvice[] = {
    {LatencyEvent::kCommand,
     "Look at SLOWLOG GET for the commands that take long, and at COMMAND DOCS for their complexity."},
    {LatencyEvent::kFastCommand,
     "A command that has little to do took long: the machine may be short of processor time, or swap."},
    {LatencyEvent::kExpireCycle, "Many keys end at the same time; spread their expiry times."},
    {LatencyEvent::kQueueCycle,
     "Many leases or delays end at the same time; give the queue's policy more jitter."},
    {LatencyEvent::kAofWrite, "Writing to the log waits: the disk is busy or slow."},
    {LatencyEvent::kAofFsyncAlways,
     "Syncing the log is slow; appendfsync everysec does not wait for it, if losing a second is acceptable."},
    {LatencyEvent::kAofRewriteStep,
     "A slice of the log's rewrite met a very large value, or the disk is slow."},
};

void append_event(std::string& text, LatencyEvent event, const History& history) {
  int64_t sum = 0;
  for (const auto& sample : history.samples)
    sum += sample.milliseconds;
  const auto count = static_cast<int64_t>(history.samples.size());
  const int64_t mean = sum / count;
  int64_t deviations = 0;
  for (const auto& sample : history.samples)
    deviations += std::abs(sample.milliseconds - mean);
  text.append("\n").append(name_of(event)).append(": ").append(std::to_string(count));
  text.append(count == 1 ? " second" : " seconds").append(" with a spike, on average ");
  text.append(std::to_string(mean)).append(" ms (mean deviation ").append(std::to_string(deviations / count));
  text.append(" ms), the worst of all time ").append(std::to_string(history.milliseconds_max)).append(" ms.");
}

}  // namespace

std::string latency_graph(LatencyEvent event, const History& history, UnixMs now) {
  const Range range = range_of(history);
  std::string text(name_of(event));
  text.append(" - high ")
      .append(std::to_string(range.high))
      .append(" ms, low ")
      .append(std::to_string(range.low));
  text.append(" ms (all time high ").append(std::to_string(history.milliseconds_max)).append(" ms)\n");
  text.append(kGraphColumns, '-').append("\n");

  const size_t shown = std::min(history.samples.size(), kGraphColumns);
  const size_t first = history.samples.size() - shown;
  const size_t steps_max = kGraphRows * kHeights.size();
  for (size_t row = kGraphRows; row-- > 0;) {
    for (size_t i = first; i < history.samples.size(); ++i) {
      const auto height = static_cast<size_t>(history.samples[i].milliseconds - range.low);
      const auto height_max = static_cast<size_t>(std::max<int64_t>(1, range.high - range.low));
      text += cell(1 + height * (steps_max - 1) / height_max, row * kHeights.size());
    }
    text += "\n";
  }
  text += "\n";
  size_t label_rows = 0;
  std::array<std::string, kGraphColumns> labels;
  for (size_t i = 0; i < shown; ++i) {
    labels[i] = age(std::max<int64_t>(0, now.count / 1000 - history.samples[first + i].seconds));
    label_rows = std::max(label_rows, labels[i].size());
  }
  for (size_t row = 0; row < label_rows; ++row) {
    for (size_t i = 0; i < shown; ++i)
      text += row < labels[i].size() ? labels[i][row] : ' ';
    text += "\n";
  }
  return text;
}

std::string latency_advice(const core::Server& server) {
  if (server.config.settings().latency_monitor_threshold == 0) {
    return "Latency is not watched. Say from how many milliseconds on with CONFIG SET "
           "latency-monitor-threshold.\n";
  }
  std::string text;
  std::string advice;
  for (const Advice& row : kAdvice) {
    const History& history = server.latency.history(row.event);
    if (history.samples.empty()) continue;
    append_event(text, row.event, history);
    advice.append("\n- ").append(row.text);
  }
  if (text.empty()) return "Nothing has kept clients waiting for longer than latency-monitor-threshold.\n";
  return "What has kept clients waiting:\n" + text + "\n\nWhat may help:\n" + advice + "\n";
}

}  // namespace sluice::commands
