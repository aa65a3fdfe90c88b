// SPDX-License-Identifier: MIT
#include "server/core/monitors.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <string>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "server/core/server.h"

namespace sluice::core {
namespace {

void append_quoted(std::string& line, std::string_view word) {
  line += '"';
  for (const char c : word) {
    switch (c) {
      case '\\':
      case '"':
        line.append("\\").append(1, c);
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\t':
        line += "\\t";
        break;
      case '\a':
        line += "\\a";
        break;
      case '\b':
        line += "\\b";
        break;
      default:
        if (c >= ' ' && c <= '~') {
          line += c;
        } else {
          char escape[5];
          snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned char>(c));
          line += escape;
        }
    }
  }
  line += '"';
}

// Whether the word is, or belongs to, a password.
bool is_secret(const CommandSpec& spec, Words words, size_t index) {
  if (spec.name == "auth") return index >= 1;
  if (spec.name != "hello" || index < 3) return false;
  return equals_folded(words[index - 1], "auth") || (index > 3 && equals_folded(words[index - 2], "auth"));
}

std::string described(const Server& server, const Session& session, Monitors::From from) {
  const int64_t now = server.sequencer.now().count;
  char time[32];
  snprintf(time, sizeof time, "%" PRId64 ".%06" PRId64, now / 1000, now % 1000 * 1000);
  std::string line = time;
  line.append(" [").append(std::to_string(session.db)).append(" ");
  if (from == Monitors::From::kScript) return line.append("lua]");
  if (session.address.starts_with('/')) line += "unix:";
  return line.append(session.address).append("]");
}

}  // namespace

void Monitors::add(Session& session) {
  if (session.monitors) return;
  session.monitors = true;
  monitors_.push_back(&session);
}

void Monitors::remove(Session& session) {
  if (!session.monitors) return;
  session.monitors = false;
  std::erase(monitors_, &session);
}

void Monitors::show(const Session& session, const CommandSpec& spec, Words words, From from) {
  if (session.internal) return;
  std::string line = described(server_, session, from);
  for (size_t i = 0; i < words.size(); ++i) {
    line += ' ';
    append_quoted(line, is_secret(spec, words, i) ? "(redacted)" : words[i]);
  }
  for (Session* monitor : monitors_) {
    server_.push_writer(*monitor).simple(line);
    server_.pushed(*monitor);
  }
}

}  // namespace sluice::core
