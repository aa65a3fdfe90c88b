// SPDX-License-Identifier: MIT
#include "server/commands/config_file.h"

#include <vector>

#include "server/core/config_text.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

// A file of users has words as they are, a configuration file has quotes.
std::string with_quotes_quoted(std::string_view line) {
  std::string text;
  for (const std::string_view word : core::between_blanks(line)) {
    if (!text.empty()) text += ' ';
    const bool has_quotes = word.find_first_of("\"'") != std::string_view::npos;
    text += has_quotes ? core::quoted_if_needed(word) : word;
  }
  return text;
}

// "user" lines for the file: not if they have one of their own, and not for the default user as requirepass alone makes
// him.
std::vector<std::string> users_to_write(const core::Server& server) {
  if (!server.config.settings().aclfile.empty()) return {};
  core::Acl fresh(server.commands);
  fresh.set_default_password(server.config.settings().requirepass);
  std::vector<std::string> lines = server.acl.lines();
  std::erase(lines, fresh.default_user().line());
  for (std::string& line : lines)
    line = with_quotes_quoted(line);
  return lines;
}

}  // namespace

std::optional<std::string> rewrite_config(core::Server& server, bool with_defaults) {
  const core::ProcessFacts& facts = server.facts;
  if (facts.config_file.empty() || !facts.read_config || !facts.replace_config)
    return "ERR The server is running without a config file";
  // A file that is gone is written anew.
  const std::string before = facts.read_config().value_or("");
  const std::string text = server.config.rewritten(before, users_to_write(server), with_defaults);
  if (const auto why = facts.replace_config(text)) {
    server.seams.notices.write(core::NoticeLevel::kWarning, "CONFIG REWRITE failed: " + *why);
    return "ERR Rewriting config file: " + *why;
  }
  server.seams.notices.write(core::NoticeLevel::kNotice, "CONFIG REWRITE executed with success.");
  return std::nullopt;
}

}  // namespace sluice::commands
