// SPDX-License-Identifier: MIT
//
// All users. They are settings: not in the log, but in the configuration file or a file of their own, whose lines are
// those of ACL LIST:
//
//   user alice on #<sha256> ~jobs:* resetchannels -@all +@read (~log:* +qadd)
//
// There is always a user "default", which is what a connection is before it logs in. requirepass is his password.
// A fault in one line of a file leaves all users as they were.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/core/acl_user.h"

namespace sluice::core {

class Acl {
 public:
  using Users = std::map<std::string, std::unique_ptr<AclUser>, std::less<>>;

  // With a default user who may do everything without a password. The table must outlive it.
  explicit Acl(const CommandTable& commands);

  // Whether new users have all channels (acl-pubsub-default).
  void set_new_users_have_channels(bool all) { new_users_have_channels_ = all; }
  // Empty: without one.
  void set_default_password(std::string_view password);

  AclUser& default_user() const { return *default_user_; }
  AclUser* find(std::string_view name) const;
  const Users& users() const { return users_; }

  // The user as he would be with these rules, made new if there is none of this name; nullptr and the whole error for
  // the client if one is refused. store() then makes it so.
  std::unique_ptr<AclUser> draft(std::string_view name, std::span<const std::string_view> rules,
                                 std::string& error) const;
  void store(std::unique_ptr<AclUser> user);
  // The caller has taken care of his connections. Requires: not the default user.
  bool remove(std::string_view name);

  // The user if he exists, is enabled and this is a password of his. Takes equally long whatever is wrong.
  AclUser* authenticate(std::string_view name, std::string_view password) const;
  // A connection has to log in before it may do anything.
  bool login_required() const { return !default_user_->needs_no_password() || !default_user_->enabled(); }

  // --- Files
  // The users of a file, which `path` names in errors; errors as one line for a person if it has any.
  std::optional<Users> parse_file(std::string_view text, std::string_view path, std::string& errors) const;
  // Takes these users instead of those there are. `gone` is told each that is no more, or is no more the same, while
  // his object still exists; connections of others stay with theirs.
  void replace(Users users, const std::function<void(AclUser&)>& gone);
  // "user ..." lines of the configuration, without the first word. The error for a person, or nothing.
  std::optional<std::string> add_configured(std::span<const std::string_view> name_and_rules);
  // As in a file, by name.
  std::vector<std::string> lines() const;

 private:
  std::unique_ptr<AclUser> new_user(std::string_view name) const;
  std::unique_ptr<AclUser> new_default_user() const;
  void parse_line(std::string_view line, std::string_view where, size_t number, Users& users,
                  std::string& errors) const;

  const CommandTable& commands_;
  bool new_users_have_channels_ = false;
  Users users_;
  AclUser* default_user_ = nullptr;
};

}  // namespace sluice::core
