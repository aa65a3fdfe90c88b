// SPDX-License-Identifier: MIT
#include "server/core/acl_user.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "server/core/acl_words.h"
#include "server/core/command_keys.h"
#include "server/core/config_text.h"
#include "server/core/password_hash.h"

namespace sluice::core {

std::string denial_text(AclDenial denial, std::string_view command) {
  if (denial == AclDenial::kCommand)
    return "this user has no permissions to run the '" + std::string(command) + "' command";
  const std::string what = denial == AclDenial::kKey ? "keys" : "channels";
  return "this user has no permissions to access one of the " + what + " used as arguments";
}

AclUser::AclUser(std::string name, const CommandTable& commands, bool all_channels)
    : name_(std::move(name)), commands_(&commands), all_channels_at_first_(all_channels) {
  selectors_.emplace_back(commands, all_channels);
}

void AclUser::assign(const AclUser& other) {
  std::string name = std::move(name_);
  *this = other;
  name_ = std::move(name);
}

// --- Applying rules

AclRefusal AclUser::apply(std::string_view rule) {
  bool known = false;
  AclRefusal refusal = apply_to_user(rule, known);
  if (!known) refusal = selectors_.front().apply(rule);
  unrestricted_ = std::any_of(selectors_.begin(), selectors_.end(),
                              [](const AclSelector& selector) { return selector.allows_everything(); });
  return refusal;
}

AclRefusal AclUser::apply_to_user(std::string_view rule, bool& known) {
  known = true;
  const auto is = [rule](std::string_view word) { return equals_folded(rule, word); };
  if (is("on") || is("off")) {
    enabled_ = is("on");
  } else if (is("nopass") || is("resetpass")) {
    nopass_ = is("nopass");
    passwords_.clear();
  } else if (is("sanitize-payload") || is("skip-sanitize-payload")) {
    sanitize_ = is("sanitize-payload") ? Sanitize::kYes : Sanitize::kSkip;
  } else if (is("clearselectors")) {
    selectors_.erase(selectors_.begin() + 1, selectors_.end());
  } else if (is("reset")) {
    reset();
  } else if (rule.starts_with('(') && rule.ends_with(')')) {
    return add_selector(rule.substr(1, rule.size() - 2));
  } else if (rule.starts_with('>')) {
    return add_password(password_hash(rule.substr(1)));
  } else if (rule.starts_with('<')) {
    return remove_password(password_hash(rule.substr(1)));
  } else if (rule.starts_with('#') || rule.starts_with('!')) {
    const std::string_view hash = rule.substr(1);
    if (!is_password_hash(hash)) return AclFault::kNotAHash;
    return rule[0] == '#' ? add_password(std::string(hash)) : remove_password(hash);
  } else {
    known = false;
  }
  return std::nullopt;
}

AclRefusal AclUser::add_password(std::string hash) {
  nopass_ = false;
  if (std::find(passwords_.begin(), passwords_.end(), hash) == passwords_.end())
    passwords_.push_back(std::move(hash));
  return std::nullopt;
}

AclRefusal AclUser::remove_password(std::string_view hash) {
  if (std::erase(passwords_, hash) == 0) return AclFault::kNoSuchPassword;
  return std::nullopt;
}

AclRefusal AclUser::add_selector(std::string_view rules) {
  const auto words = split_words(rules);
  if (!words) return AclFault::kSyntax;
  AclSelector selector(*commands_, all_channels_at_first_);
  for (const std::string& word : *words) {
    if (AclRefusal refusal = selector.apply(word)) return refusal;
  }
  selectors_.push_back(std::move(selector));
  return std::nullopt;
}

void AclUser::reset() {
  enabled_ = nopass_ = false;
  sanitize_ = Sanitize::kYes;
  passwords_.clear();
  selectors_.assign(1, AclSelector(*commands_, all_channels_at_first_));
}

// --- Asking

bool AclUser::has_password(std::string_view hash) const {
  bool found = false;
  for (const std::string& password : passwords_)
    found |= hashes_equal(password, hash);
  return found;
}

namespace {

AclVerdict check_with(const AclSelector& selector, const CommandSpec& spec, Words words) {
  if (!selector.allows_command(spec, words)) return {AclDenial::kCommand};
  AclVerdict verdict;
  if (!selector.all_keys()) {
    // Words without the keys that they should have are the handler's to refuse.
    (void)for_each_key(spec, words, [&](size_t index, uint16_t flags) {
      if (!verdict.allowed() || (flags & kNotKey) != 0) return;
      if (!selector.allows_key(words[index], key_access(flags))) verdict = {AclDenial::kKey, index};
    });
    if (!verdict.allowed()) return verdict;
  }
  if (!selector.all_channels()) {
    const ChannelRange channels = locate_channels(spec, words);
    for (size_t index = channels.first; index < channels.end; ++index) {
      if (!selector.allows_channel(words[index], channels.patterns)) return {AclDenial::kChannel, index};
    }
  }
  return verdict;
}

}  // namespace

AclVerdict AclUser::check(const CommandSpec& spec, Words words) const {
  if (unrestricted_) return {};
  AclVerdict furthest{AclDenial::kCommand};
  for (const AclSelector& selector : selectors_) {
    const AclVerdict verdict = check_with(selector, spec, words);
    if (verdict.allowed()) return verdict;
    const bool further = verdict.denial > furthest.denial ||
                         (verdict.denial == furthest.denial && verdict.word > furthest.word);
    if (further) furthest = verdict;
  }
  return furthest;
}

bool AclUser::may_access(const CommandSpec& spec, Words words, std::string_view key, uint8_t access) const {
  return unrestricted_ || std::any_of(selectors_.begin(), selectors_.end(), [&](const AclSelector& selector) {
           return selector.allows_command(spec, words) && selector.allows_key(key, access);
         });
}

bool AclUser::may_access_all_keys(const CommandSpec& spec, Words words, uint8_t access) const {
  return unrestricted_ || std::any_of(selectors_.begin(), selectors_.end(), [&](const AclSelector& selector) {
           return selector.allows_all_keys(access) && check_with(selector, spec, words).allowed();
         });
}

bool AclUser::may_use_channel(std::string_view channel, bool is_pattern) const {
  return std::any_of(selectors_.begin(), selectors_.end(), [&](const AclSelector& selector) {
    return selector.allows_channel(channel, is_pattern);
  });
}

// --- Showing

std::vector<std::string_view> AclUser::flags() const {
  std::vector<std::string_view> flags{enabled_ ? "on" : "off"};
  if (nopass_) flags.push_back("nopass");
  if (sanitize_ == Sanitize::kYes) flags.push_back("sanitize-payload");
  if (sanitize_ == Sanitize::kSkip) flags.push_back("skip-sanitize-payload");
  return flags;
}

std::string AclUser::line() const {
  std::string line = "user " + name_;
  for (const std::string_view flag : flags())
    line.append(" ").append(flag);
  for (const std::string& hash : passwords_)
    line.append(" #").append(hash);
  for (const AclSelector& selector : selectors_) {
    const bool own = &selector == &selectors_.front();
    line.append(own ? " " : " (").append(selector.rules()).append(own ? "" : ")");
  }
  return line;
}

}  // namespace sluice::core
