// SPDX-License-Identifier: MIT
#include "server/core/acl_selector.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "engine/base/glob.h"
#include "server/core/acl_words.h"
#include "server/core/command_category.h"

namespace sluice::core {

std::string_view acl_fault_text(AclFault fault) {
  switch (fault) {
    case AclFault::kSyntax:
      return "Syntax error";
    case AclFault::kUnknownCommand:
      return "Unknown command or category name in ACL";
    case AclFault::kKeyAfterAll:
      return "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have "
             "any "
             "effect. Try 'resetkeys' to start with an empty list of patterns";
    case AclFault::kChannelAfterAll:
      return "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not "
             "have any "
             "effect. Try 'resetchannels' to start with an empty list of channels";
    case AclFault::kNoSuchPassword:
      return "The password you are trying to remove from the user does not exist";
    case AclFault::kNotAHash:
      return "The password hash must be exactly 64 characters and contain only lowercase hexadecimal "
             "characters";
    case AclFault::kFirstArgumentOfSubcommand:
      return "Allowing first-arg of a subcommand is not supported";
  }
  CHECK(false);
}

uint8_t key_access(uint16_t key_flags) {
  uint8_t access = 0;
  if ((key_flags & kAccess) != 0) access |= kReadsKey;
  if ((key_flags & (kInsert | kDelete | kUpdate)) != 0) access |= kWritesKey;
  return access;
}

AclSelector::AclSelector(const CommandTable& commands, bool all_channels)
    : commands_(&commands), all_channels_(all_channels), allowed_(commands.size(), false) {}

// --- Applying rules

AclRefusal AclSelector::apply(std::string_view rule) {
  if (equals_folded(rule, "allkeys") || rule == "~*") {
    all_keys_ = true;
    keys_.clear();
  } else if (equals_folded(rule, "resetkeys")) {
    all_keys_ = false;
    keys_.clear();
  } else if (equals_folded(rule, "allchannels") || rule == "&*") {
    all_channels_ = true;
    channels_.clear();
  } else if (equals_folded(rule, "resetchannels")) {
    all_channels_ = false;
    channels_.clear();
  } else if (equals_folded(rule, "allcommands") || equals_folded(rule, "+@all")) {
    set_all_commands(true);
  } else if (equals_folded(rule, "nocommands") || equals_folded(rule, "-@all")) {
    set_all_commands(false);
  } else if (rule.starts_with('~') || rule.starts_with('%')) {
    return apply_key_pattern(rule);
  } else if (rule.starts_with('&')) {
    return apply_channel_pattern(rule.substr(1));
  } else if (rule.starts_with('+') || rule.starts_with('-')) {
    return apply_command(rule.substr(1), rule[0] == '+');
  } else if (!rule.empty()) {
    return AclFault::kSyntax;
  }
  return std::nullopt;
}

AclRefusal AclSelector::apply_key_pattern(std::string_view rule) {
  if (all_keys_) return AclFault::kKeyAfterAll;
  uint8_t access = kAnyKeyAccess;
  size_t at = 1;
  if (rule[0] == '%') {
    access = 0;
    bool good = true;
    for (; at < rule.size() && rule[at] != '~' && good; ++at) {
      const uint8_t more = to_lower(rule[at]) == 'r' ? kReadsKey : to_lower(rule[at]) == 'w' ? kWritesKey : 0;
      good = more != 0 && (access & more) == 0;
      access |= more;
    }
    if (!good || access == 0) return AclFault::kSyntax;
    ++at;
  }
  const std::string_view pattern = rule.substr(std::min(at, rule.size()));
  if (has_space_or_zero(pattern)) return AclFault::kSyntax;
  const auto known = std::find_if(keys_.begin(), keys_.end(),
                                  [pattern](const KeyPattern& each) { return each.pattern == pattern; });
  if (known != keys_.end()) {
    known->access |= access;
  } else {
    keys_.push_back({std::string(pattern), access});
  }
  return std::nullopt;
}

AclRefusal AclSelector::apply_channel_pattern(std::string_view pattern) {
  if (all_channels_) return AclFault::kChannelAfterAll;
  if (has_space_or_zero(pattern)) return AclFault::kSyntax;
  if (std::find(channels_.begin(), channels_.end(), pattern) == channels_.end())
    channels_.emplace_back(pattern);
  return std::nullopt;
}

// "get", or "config|get".
const CommandSpec* AclSelector::find(std::string_view name) const {
  const size_t bar = name.find('|');
  const CommandSpec* spec = commands_->find(name.substr(0, bar));
  if (spec == nullptr || (spec->flags & kInternal) != 0) return nullptr;
  return bar == std::string_view::npos ? spec : CommandTable::find_subcommand(*spec, name.substr(bar + 1));
}

AclRefusal AclSelector::apply_command(std::string_view name, bool allow) {
  if (name.starts_with('@')) {
    if (!set_category(name.substr(1), allow)) return AclFault::kUnknownCommand;
    note(name, allow);
    return std::nullopt;
  }
  if (const CommandSpec* spec = find(name)) {
    set_command(*spec, allow);
    note(name, allow);
    return std::nullopt;
  }
  // What is left is a command that is allowed with one first argument: "+select|0".
  const size_t bar = name.rfind('|');
  if (!allow || bar == std::string_view::npos) return AclFault::kUnknownCommand;
  const std::string_view before = name.substr(0, name.find('|'));
  const CommandSpec* spec = find(before);
  if (spec == nullptr) return AclFault::kUnknownCommand;
  if (bar != before.size()) {
    return find(name.substr(0, bar)) != nullptr ? AclFault::kFirstArgumentOfSubcommand
                                                : AclFault::kUnknownCommand;
  }
  const std::string_view argument = name.substr(bar + 1);
  if (argument.empty()) return AclFault::kSyntax;
  if (!spec->subcommands.empty()) return AclFault::kUnknownCommand;
  std::vector<std::string>& arguments = first_arguments_[commands_->index(*spec)];
  const auto same = [argument](const std::string& each) { return equals_folded(each, argument); };
  if (std::none_of(arguments.begin(), arguments.end(), same)) arguments.emplace_back(argument);
  note(name, allow);
  return std::nullopt;
}

void AclSelector::set_all_commands(bool allow) {
  all_commands_ = base_allows_ = allow;
  allowed_.assign(allowed_.size(), allow);
  first_arguments_.clear();
  noted_.clear();
}

void AclSelector::set_bit(const CommandSpec& spec, bool allow) {
  const size_t index = commands_->index(spec);
  allowed_[index] = allow;
  first_arguments_.erase(index);
  if (!allow) all_commands_ = false;
}

void AclSelector::set_command(const CommandSpec& spec, bool allow) {
  set_bit(spec, allow);
  for (const CommandSpec& subcommand : spec.subcommands)
    set_bit(subcommand, allow);
}

bool AclSelector::set_category(std::string_view category, bool allow) {
  if (!is_category(category)) return false;
  for (const CommandSpec& row : commands_->rows()) {
    if ((row.flags & kInternal) != 0) continue;
    if (in_category(row, category)) set_command(row, allow);
    for (const CommandSpec& subcommand : row.subcommands) {
      if (in_category(subcommand, category)) set_bit(subcommand, allow);
    }
  }
  return true;
}

// The rule goes to the end of those shown; what it makes void is taken out: the same name, and its subcommands.
void AclSelector::note(std::string_view name, bool allow) {
  const std::string rule = to_lower(name);
  std::erase_if(noted_, [&rule](const std::string& noted) {
    const std::string_view old = std::string_view(noted).substr(1);
    return old.starts_with(rule) && (old.size() == rule.size() || old[rule.size()] == '|');
  });
  noted_.push_back((allow ? "+" : "-") + rule);
}

// --- Asking

bool AclSelector::allows_command(const CommandSpec& spec, Words words) const {
  if (all_commands_ || (spec.flags & kNoAuth) != 0) return true;
  const size_t index = commands_->index(spec);
  if (allowed_[index]) return true;
  const auto arguments = first_arguments_.find(index);
  if (arguments == first_arguments_.end() || words.size() < 2) return false;
  return std::any_of(arguments->second.begin(), arguments->second.end(),
                     [words](const std::string& argument) { return equals_folded(argument, words[1]); });
}

bool AclSelector::allows_key(std::string_view key, uint8_t access) const {
  if (all_keys_) return true;
  return std::any_of(keys_.begin(), keys_.end(), [key, access](const KeyPattern& each) {
    return (each.access & access) == access && glob_matches(each.pattern, key);
  });
}

bool AclSelector::allows_all_keys(uint8_t access) const {
  if (all_keys_) return true;
  return std::any_of(keys_.begin(), keys_.end(), [access](const KeyPattern& each) {
    return (each.access & access) == access && each.pattern == "*";
  });
}

bool AclSelector::allows_channel(std::string_view channel, bool is_pattern) const {
  if (all_channels_) return true;
  return std::any_of(channels_.begin(), channels_.end(), [channel, is_pattern](const std::string& allowed) {
    return is_pattern ? allowed == channel : glob_matches(allowed, channel);
  });
}

// --- Showing

std::string AclSelector::command_rules() const {
  std::string text = base_allows_ ? "+@all" : "-@all";
  for (const std::string& rule : noted_)
    text.append(" ").append(rule);
  return text;
}

std::string AclSelector::key_rules() const {
  if (all_keys_) return "~*";
  std::string text;
  for (const KeyPattern& each : keys_) {
    if (!text.empty()) text += ' ';
    // "~*" would be allkeys, behind which no pattern may stand.
    const std::string_view any = each.pattern == "*" ? "%RW~" : "~";
    text += each.access == kAnyKeyAccess ? any : each.access == kReadsKey ? "%R~" : "%W~";
    text += each.pattern;
  }
  return text;
}

std::string AclSelector::channel_rules() const {
  if (all_channels_) return "&*";
  std::string text;
  for (const std::string& channel : channels_) {
    if (!text.empty()) text += ' ';
    text.append("&").append(channel);
  }
  return text;
}

std::string AclSelector::rules() const {
  std::string text = key_rules();
  if (!text.empty()) text += ' ';
  if (!all_channels_) text += "resetchannels ";
  const std::string channels = channel_rules();
  if (!channels.empty()) text.append(channels).append(" ");
  return text + command_rules();
}

}  // namespace sluice::core
