// SPDX-License-Identifier: MIT
//
// HELP of a command with subcommands, made from the rows, so that it cannot say anything else than they do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/core/command_call.h"
#include "server/core/command_spec.h"

namespace sluice::commands {

Result<void> help(core::CommandCall& call);

// Its reply, for a command whose subcommands are no rows.
class HelpLines {
 public:
  void add(std::string_view usage, std::string_view summary);
  void reply(core::CommandCall& call, std::string_view container) const;

 private:
  std::vector<std::string> lines_;
};

// The error of a subcommand for words that do not go together, or that are too many where its arity does not tell.
Error fail_usage(core::CommandCall& call);

// The row for it; each container has one among its subcommands.
constexpr core::CommandSpec help_row(core::Group group, std::string_view since) {
  return {.name = "help",
          .handler = help,
          .arity = core::Arity::exactly(2),
          .flags = core::kLoading | core::kStale,
          .group = group,
          .since = since,
          .complexity = "O(1)",
          .summary = "Tells what the subcommands are for."};
}

}  // namespace sluice::commands
