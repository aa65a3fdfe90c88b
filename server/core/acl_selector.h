// SPDX-License-Identifier: MIT
//
// One set of permissions: which commands, on which keys, with which channels. A user has one of his own and perhaps
// further ones in parentheses; a request is allowed if one of them allows all of it.
//
//   +get -@admin +config|get +select|0      commands, categories, subcommands, commands by their first argument
//   ~jobs:* %R~log:* allkeys resetkeys      keys: any access, only reading, only writing
//   &news.* allchannels resetchannels       channels
//
// Rules are applied in the order in which they are given, and shown so that applying what is shown gives the same.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/core/command_spec.h"
#include "server/core/command_table.h"
#include "server/core/owned_words.h"

namespace sluice::core {

// Why a rule is refused.
enum class AclFault : uint8_t {
  kSyntax,
  kUnknownCommand,
  kKeyAfterAll,
  kChannelAfterAll,
  kNoSuchPassword,
  kNotAHash,
  kFirstArgumentOfSubcommand,
};
std::string_view acl_fault_text(AclFault fault);
using AclRefusal = std::optional<AclFault>;

// What a command may do to a key.
enum KeyAccess : uint8_t {
  kReadsKey = 1u << 0,
  kWritesKey = 1u << 1,
  kAnyKeyAccess = kReadsKey | kWritesKey,
};
// From a key specification's flags. A command that only asks whether a key exists neither reads nor writes it: a
// pattern of either kind is enough.
uint8_t key_access(uint16_t key_flags);

class AclSelector {
 public:
  // Allows nothing, but all channels if asked to. The table must outlive it.
  AclSelector(const CommandTable& commands, bool all_channels);

  AclRefusal apply(std::string_view rule);

  bool all_commands() const { return all_commands_; }
  bool all_keys() const { return all_keys_; }
  bool all_channels() const { return all_channels_; }
  bool allows_everything() const { return all_commands_ && all_keys_ && all_channels_; }
  // The words count where a command is only allowed with certain first arguments.
  bool allows_command(const CommandSpec& spec, Words words) const;
  bool allows_key(std::string_view key, uint8_t access) const;
  bool allows_all_keys(uint8_t access) const;
  // A pattern to subscribe to must be allowed in these very words.
  bool allows_channel(std::string_view channel, bool is_pattern) const;
  const std::vector<std::string>& channels() const { return channels_; }

  // As rules: "+@all -get", "~a %R~b", "&ch".
  std::string command_rules() const;
  std::string key_rules() const;
  std::string channel_rules() const;
  // All of them, in such an order that they can be applied to a new selector.
  std::string rules() const;

 private:
  struct KeyPattern {
    std::string pattern;
    uint8_t access;
  };
  const CommandSpec* find(std::string_view name) const;
  void set_all_commands(bool allow);
  void set_bit(const CommandSpec& spec, bool allow);
  void set_command(const CommandSpec& spec, bool allow);
  bool set_category(std::string_view category, bool allow);
  AclRefusal apply_command(std::string_view name, bool allow);
  AclRefusal apply_key_pattern(std::string_view rule);
  AclRefusal apply_channel_pattern(std::string_view pattern);
  void note(std::string_view name, bool allow);

  const CommandTable* commands_;
  bool all_commands_ = false;
  bool all_keys_ = false;
  bool all_channels_;
  bool base_allows_ = false;   // what is shown begins with +@all, not with -@all
  std::vector<bool> allowed_;  // by CommandTable::index()
  std::map<size_t, std::vector<std::string>> first_arguments_;  // likewise; of commands that are not allowed
  std::vector<std::string> noted_;                              // "+get" ..., behind the base
  std::vector<KeyPattern> keys_;
  std::vector<std::string> channels_;
};

}  // namespace sluice::core
