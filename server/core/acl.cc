// SPDX-License-Identifier: MIT
#include "server/core/acl.h"

#include <utility>

#include "engine/base/check.h"
#include "server/core/acl_words.h"
#include "server/core/config_text.h"
#include "server/core/password_hash.h"

namespace sluice::core {
namespace {

constexpr std::string_view kDefault = "default";
constexpr std::string_view kNothingChanged =
    "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

Acl::Acl(const CommandTable& commands) : commands_(commands) {
  default_user_ = users_.emplace(kDefault, new_default_user()).first->second.get();
}

std::unique_ptr<AclUser> Acl::new_user(std::string_view name) const {
  return std::make_unique<AclUser>(std::string(name), commands_, new_users_have_channels_);
}

std::unique_ptr<AclUser> Acl::new_default_user() const {
  auto user = new_user(kDefault);
  for (const std::string_view rule : {"on", "nopass", "~*", "&*", "+@all"})
    CHECK(!user->apply(rule));
  return user;
}

void Acl::set_default_password(std::string_view password) {
  CHECK(!default_user_->apply("resetpass"));
  CHECK(!default_user_->apply(password.empty() ? "nopass" : ">" + std::string(password)));
}

AclUser* Acl::find(std::string_view name) const {
  const auto it = users_.find(name);
  return it == users_.end() ? nullptr : it->second.get();
}

std::unique_ptr<AclUser> Acl::draft(std::string_view name, std::span<const std::string_view> rules,
                                    std::string& error) const {
  if (has_space_or_zero(name)) {
    error = "ERR Usernames can't contain spaces or null characters";
    return nullptr;
  }
  size_t open_at = 0;
  const auto merged = merge_parentheses(rules, open_at);
  if (!merged) {
    error = "ERR Unmatched parenthesis in acl selector starting at '" + std::string(rules[open_at]) + "'.";
    return nullptr;
  }
  auto user = new_user(name);
  if (const AclUser* known = find(name)) user->assign(*known);
  for (const std::string& rule : *merged) {
    const AclRefusal refusal = user->apply(rule);
    if (!refusal) continue;
    error = "ERR Error in ACL SETUSER modifier '" + rule + "': ";
    error += acl_fault_text(*refusal);
    return nullptr;
  }
  return user;
}

void Acl::store(std::unique_ptr<AclUser> user) {
  if (AclUser* known = find(user->name())) {
    known->assign(*user);
    return;
  }
  std::string name = user->name();
  users_.emplace(std::move(name), std::move(user));
}

bool Acl::remove(std::string_view name) {
  CHECK(name != kDefault);
  const auto it = users_.find(name);
  if (it == users_.end()) return false;
  users_.erase(it);
  return true;
}

AclUser* Acl::authenticate(std::string_view name, std::string_view password) const {
  AclUser* user = find(name);
  const std::string hash = password_hash(password);
  // Somebody is always compared with, so that nobody can tell by the time who exists.
  const AclUser& compared = user != nullptr ? *user : *default_user_;
  const bool matches = compared.has_password(hash) || compared.needs_no_password();
  return user != nullptr && user->enabled() && matches ? user : nullptr;
}

// --- Files

void Acl::parse_line(std::string_view line, std::string_view where, size_t number, Users& users,
                     std::string& errors) const {
  const auto report = [&](std::string_view text) { errors.append(where).append(text); };
  if (line.empty()) return;
  // Quotes mean nothing here, unlike in the configuration file.
  const std::vector<std::string_view> words = between_blanks(line);
  if (words[0] != "user" || words.size() < 2)
    return report(" should start with user keyword followed by the username. ");
  const std::string name(words[1]);
  if (has_space_or_zero(name)) return report(": username '" + name + "' contains invalid characters. ");
  auto user = new_user(name);
  if (users.contains(name)) {
    errors += "WARNING: Duplicate user '" + name + "' found on line " + std::to_string(number) + ". ";
    return;
  }
  const std::vector<std::string_view> rules(words.begin() + 2, words.end());
  size_t open_at = 0;
  const auto merged = merge_parentheses(rules, open_at);
  if (!merged) return report(": Unmatched parenthesis in selector definition.");
  bool reported = false;
  for (const std::string& word : *merged) {
    const std::string_view rule = trimmed(word);
    const AclRefusal refusal = user->apply(rule);
    if (!refusal) continue;
    const std::string_view fault = acl_fault_text(*refusal);
    if (*refusal == AclFault::kUnknownCommand) {
      report(": Error in applying operation '" + std::string(rule) + "': " + std::string(fault) + ". ");
    } else if (!reported) {
      // Without the rule: it may be a password.
      report(": " + std::string(fault) + ". ");
      reported = true;
    }
  }
  users.emplace(name, std::move(user));
}

std::optional<Acl::Users> Acl::parse_file(std::string_view text, std::string_view path,
                                          std::string& errors) const {
  Users users;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::string where = std::string(path) + ":" + std::to_string(number);
    parse_line(line, where, number, users, errors);
  }
  if (!errors.empty()) {
    errors += kNothingChanged;
    return std::nullopt;
  }
  if (!users.contains(kDefault)) users.emplace(kDefault, new_default_user());
  return users;
}

void Acl::replace(Users users, const std::function<void(AclUser&)>& gone) {
  Users old = std::exchange(users_, {});
  for (auto& [name, user] : users) {
    const auto before = old.find(name);
    // Who stays keeps his object, which connections point to.
    if (before != old.end() && (name == kDefault || before->second->line() == user->line())) {
      before->second->assign(*user);
      user = std::move(before->second);
      old.erase(before);
    }
  }
  for (auto& [name, user] : old)
    gone(*user);
  users_ = std::move(users);
}

std::optional<std::string> Acl::add_configured(std::span<const std::string_view> words) {
  const std::string name(words[0]);
  const std::string where = "Error in user declaration '" + name + "': ";
  if (has_space_or_zero(name)) return where + "Usernames can't contain spaces or null characters";
  size_t open_at = 0;
  const auto merged = merge_parentheses(words.subspan(1), open_at);
  if (!merged) return where + "Unmatched parenthesis in selector definition";
  auto user = new_user(name);
  for (const std::string& rule : *merged) {
    if (const AclRefusal refusal = user->apply(rule)) return where + std::string(acl_fault_text(*refusal));
  }
  store(std::move(user));
  return std::nullopt;
}

std::vector<std::string> Acl::lines() const {
  std::vector<std::string> lines;
  for (const auto& [name, user] : users_)
    lines.push_back(user->line());
  return lines;
}

}  // namespace sluice::core
