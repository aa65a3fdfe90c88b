// SPDX-License-Identifier: MIT
//
// One user: whether he may log in, with which passwords, and what he may then do.
//
// A connection points to its user for as long as it lives. Who is deleted loses his connections first; who is changed
// stays where he is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/core/acl_selector.h"

namespace sluice::core {

enum class AclDenial : uint8_t { kNone, kCommand, kKey, kAuth, kChannel };

// What a client is told, behind NOPERM. `command`: its full name.
std::string denial_text(AclDenial denial, std::string_view command);

struct AclVerdict {
  AclDenial denial = AclDenial::kNone;
  size_t word = 0;  // of the request: the key or channel that is denied
  bool allowed() const { return denial == AclDenial::kNone; }
};

class AclUser {
 public:
  // Disabled, without a password, may do nothing; all channels only if asked to.
  AclUser(std::string name, const CommandTable& commands, bool all_channels);

  const std::string& name() const { return name_; }
  // One word of ACL SETUSER; all in parentheses is one word. Not applied if refused.
  AclRefusal apply(std::string_view rule);
  // Takes over everything but the name.
  void assign(const AclUser& other);

  bool enabled() const { return enabled_; }
  bool needs_no_password() const { return nopass_; }
  // Takes equally long whatever is wrong.
  bool has_password(std::string_view hash) const;

  // No permission is lacking: nothing has to be checked.
  bool unrestricted() const { return unrestricted_; }
  // The first selector that allows all of it decides; if none does, the denial that came furthest.
  AclVerdict check(const CommandSpec& spec, Words words) const;
  // For handlers that come upon keys which their words do not name: whether one selector allows the command and the
  // key, or the command and every key.
  bool may_access(const CommandSpec& spec, Words words, std::string_view key, uint8_t access) const;
  bool may_access_all_keys(const CommandSpec& spec, Words words, uint8_t access) const;
  bool may_use_channel(std::string_view channel, bool is_pattern) const;

  std::vector<std::string_view> flags() const;
  const std::vector<std::string>& passwords() const { return passwords_; }
  // The user's own selector first.
  std::span<const AclSelector> selectors() const { return selectors_; }
  // "user alice on #5e88... ~a* resetchannels -@all +get"
  std::string line() const;

 private:
  enum class Sanitize : uint8_t { kUnsaid, kYes, kSkip };
  AclRefusal add_password(std::string hash);
  AclRefusal remove_password(std::string_view hash);
  AclRefusal add_selector(std::string_view rules);
  AclRefusal apply_to_user(std::string_view rule, bool& known);
  void reset();

  std::string name_;
  const CommandTable* commands_;
  bool all_channels_at_first_;
  bool enabled_ = false;
  bool nopass_ = false;
  Sanitize sanitize_ = Sanitize::kUnsaid;
  bool unrestricted_ = false;
  std::vector<std::string> passwords_;  // hashes
  std::vector<AclSelector> selectors_;
};

}  // namespace sluice::core
