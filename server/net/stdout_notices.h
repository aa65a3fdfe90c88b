// SPDX-License-Identifier: MIT
//
// The server's log for people: one line each, in the form in which tools read Redis's.
//
//   4711:M 05 Nov 2025 10:11:12.345 * text        . debug   - verbose   * notice   # warning
#pragma once

#include <uv.h>

#include <optional>
#include <string>
#include <string_view>

#include "server/core/seams.h"
#include "server/core/settings.h"

namespace sluice::net {

class StdoutNotices final : public core::Notices {
 public:
  // The clock must outlive the notices. Begins on standard output.
  explicit StdoutNotices(const core::Clock& clock) : clock_(clock) {}
  ~StdoutNotices() override;
  StdoutNotices(const StdoutNotices&) = delete;
  StdoutNotices& operator=(const StdoutNotices&) = delete;

  // Adds to this file from now on. What is wrong with it, or nothing.
  std::optional<std::string> open(const std::string& path);
  // Tells everything to the system's log as well.
  void open_syslog(const std::string& name, core::SyslogFacility facility);
  void set_level(core::LogLevel level) { level_ = level; }

  void write(core::NoticeLevel level, std::string_view text) override;

 private:
  const core::Clock& clock_;
  core::LogLevel level_ = core::LogLevel::kNotice;
  uv_file file_ = 1;
  std::string syslog_name_;  // empty: it is not told; the system keeps the pointer
};

}  // namespace sluice::net
