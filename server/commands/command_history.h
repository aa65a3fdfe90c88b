// SPDX-License-Identifier: MIT
//
// What COMMAND says of a command beyond its row: when it changed, what it gave way to, and tips for those who send it.
// Facts for people and proxies; nothing in the server depends on them.
#pragma once

#include <span>
#include <string_view>

namespace sluice::commands {

struct CommandChange {
  std::string_view since;  // a version of Redis
  std::string_view what;
};

struct CommandHistory {
  std::string_view name;              // with its container's: "client|kill"
  std::string_view deprecated_since;  // empty: it is not
  std::string_view replaced_by;
  std::span<const CommandChange> changes;
};

// By full name, in lower case; null: there is nothing to be told.
const CommandHistory* history_of(std::string_view full_name);

// As the protocol calls them ("nondeterministic_output", "request_policy:all_shards"), separated by blanks.
// https://redis.io/docs/latest/develop/reference/command-tips/
std::string_view tips_of(std::string_view full_name);

// All that are named in either table, for tests.
std::span<const CommandHistory> all_histories();
struct CommandTips {
  std::string_view name;
  std::string_view tips;
};
std::span<const CommandTips> all_tips();

}  // namespace sluice::commands
