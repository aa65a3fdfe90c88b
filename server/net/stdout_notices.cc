// SPDX-License-Identifier: MIT
//
// See stdout_notices.h. A line is handed to the system at once: it must be there if the process dies next.
#include "server/net/stdout_notices.h"

#include <syslog.h>

#include <cstdio>
#include <ctime>

#include "server/net/files.h"

namespace sluice::net {
namespace {

constexpr std::string_view kMarks = ".-*#";

std::string date(UnixMs now) {
  const time_t seconds = now.count / 1'000;
  tm local{};
  localtime_r(&seconds, &local);
  char text[64];
  const size_t size = strftime(text, sizeof(text), "%d %b %Y %H:%M:%S", &local);
  char fraction[8];
  snprintf(fraction, sizeof(fraction), ".%03d", static_cast<int>(now.count % 1'000));
  return std::string(text, size) + fraction;
}

}  // namespace

StdoutNotices::~StdoutNotices() {
  if (file_ != 1) close_file(file_);
}

std::optional<std::string> StdoutNotices::open(const std::string& path) {
  const int file = open_to_append(path);
  if (file < 0) return "Can't open the log file " + path + ": " + uv_strerror(file);
  file_ = file;
  return std::nullopt;
}

void StdoutNotices::open_syslog(const std::string& name, core::SyslogFacility facility) {
  constexpr int kFacilities[] = {LOG_USER,   LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3,
                                 LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7};
  syslog_name_ = name.empty() ? "sluice" : name;
  openlog(syslog_name_.c_str(), LOG_PID | LOG_NDELAY | LOG_NOWAIT,
          kFacilities[static_cast<size_t>(facility)]);
}

void StdoutNotices::write(core::NoticeLevel level, std::string_view text) {
  if (static_cast<uint8_t>(level) < static_cast<uint8_t>(level_)) return;
  std::string line = std::to_string(uv_os_getpid()) + ":M " + date(clock_.now()) + ' ';
  line += kMarks[static_cast<size_t>(level)];
  line += ' ';
  for (const char byte : text)  // one line, whatever a client put into it
    line += byte == '\n' || byte == '\r' ? ' ' : byte;
  line += '\n';
  if (!syslog_name_.empty()) {
    constexpr int kPriorities[] = {LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING};
    syslog(kPriorities[static_cast<size_t>(level)], "%.*s", static_cast<int>(text.size()), text.data());
  }
  write_all(file_, line);  // nobody is left to tell if this fails
}

}  // namespace sluice::net
