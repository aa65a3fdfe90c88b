// SPDX-License-Identifier: MIT
//
// ACL: who may do what. The rules are those of core/acl_user.h and core/acl_selector.h; what is denied is decided by
// the dispatcher.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "server/commands/acl_reply.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/core/args.h"
#include "server/core/command_category.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::CommandTable;

constexpr int64_t kPasswordBits = 256;
constexpr int64_t kPasswordBitsMax = 4096;

// --- Users

// Subscribers that may no longer listen to what they listen to are cut off, before the change is made.
Result<void> acl_setuser(CommandCall& call) {
  std::string error;
  auto user = call.server.acl.draft(call.words[2], call.words.subspan(3), error);
  if (user == nullptr) return call.fail(error);
  call.server.change_user(std::move(user), call.session);
  call.reply.ok();
  return {};
}

Result<void> acl_deluser(CommandCall& call) {
  const core::Words names = call.words.subspan(2);
  if (std::find(names.begin(), names.end(), "default") != names.end())
    return call.fail("ERR The 'default' user cannot be removed");
  int64_t removed = 0;
  for (const std::string_view name : names) {
    core::AclUser* user = call.server.acl.find(name);
    if (user == nullptr) continue;
    call.server.drop_connections_of(*user, &call.session);
    removed += call.server.acl.remove(name);
  }
  call.reply.integer(removed);
  return {};
}

Result<void> acl_getuser(CommandCall& call) {
  const core::AclUser* user = call.server.acl.find(call.words[2]);
  if (user == nullptr) {
    call.reply.null();
  } else {
    reply_user(call.reply, *user);
  }
  return {};
}

Result<void> acl_list(CommandCall& call) {
  const std::vector<std::string> lines = call.server.acl.lines();
  call.reply.array(lines.size());
  for (const std::string& line : lines)
    call.reply.bulk(line);
  return {};
}

Result<void> acl_users(CommandCall& call) {
  call.reply.array(call.server.acl.users().size());
  for (const auto& [name, user] : call.server.acl.users())
    call.reply.bulk(name);
  return {};
}

Result<void> acl_whoami(CommandCall& call) {
  call.reply.bulk(call.session.user->name());
  return {};
}

// --- Files

Error fail_without_file(CommandCall& call) {
  return call.fail(
      "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the "
      "ACL "
      "SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in "
      "order "
      "to store users in the Redis configuration.");
}

Result<void> acl_load(CommandCall& call) {
  if (call.server.config.settings().aclfile.empty()) return fail_without_file(call);
  std::string error;
  if (!call.server.reload_users(error, &call.session)) return call.fail("ERR " + error);
  call.reply.ok();
  return {};
}

Result<void> acl_save(CommandCall& call) {
  if (call.server.config.settings().aclfile.empty()) return fail_without_file(call);
  std::string error;
  if (!call.server.save_users(error)) {
    call.server.seams.notices.write(core::NoticeLevel::kWarning, "Can't write the file of users: " + error);
    return call.fail(
        "ERR There was an error trying to save the ACLs. Please check the server logs for more information");
  }
  call.reply.ok();
  return {};
}

// --- What there is, and what would be

Result<void> acl_cat(CommandCall& call) {
  if (call.words.size() > 3) return fail_usage(call);
  if (call.words.size() == 2) {
    call.reply.array(core::all_categories().size());
    for (const std::string_view category : core::all_categories())
      call.reply.bulk(category);
    return {};
  }
  const std::string_view category = call.words[2];
  if (!core::is_category(category))
    return call.fail(std::string("ERR Unknown category '").append(category).append("'"));
  const size_t length = call.reply.array_later();
  size_t count = 0;
  const auto list = [&](std::string_view container, const CommandSpec& spec) {
    if ((spec.flags & core::kInternal) != 0 || !core::in_category(spec, category)) return;
    call.reply.bulk(CommandTable::full_name(container, spec));
    ++count;
  };
  for (const CommandSpec& row : call.server.commands.rows()) {
    list({}, row);
    for (const CommandSpec& subcommand : row.subcommands)
      list(row.name, subcommand);
  }
  call.reply.set_array_length(length, count);
  return {};
}

Result<void> acl_genpass(CommandCall& call) {
  if (call.words.size() > 3) return fail_usage(call);
  int64_t bits = kPasswordBits;
  if (call.words.size() == 3) {
    const auto number = parse_i64(call.words[2]);
    if (!number) return Error::kNotInteger;
    if (*number <= 0 || *number > kPasswordBitsMax) {
      return call.fail(
          "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up "
          "to " +
          std::to_string(kPasswordBitsMax));
    }
    bits = *number;
  }
  const auto digits = static_cast<size_t>((bits + 3) / 4);
  std::string password;
  while (password.size() < digits) {
    char more[17];
    std::snprintf(more, sizeof more, "%016llx",
                  static_cast<unsigned long long>(call.server.seams.entropy.draw()));
    password += more;
  }
  password.resize(digits);
  call.reply.bulk(password);
  return {};
}

Result<void> acl_dryrun(CommandCall& call) {
  const std::string_view name = call.words[2];
  const core::AclUser* user = call.server.acl.find(name);
  if (user == nullptr) return call.fail(std::string("ERR User '").append(name).append("' not found"));
  const core::Words request = call.words.subspan(3);
  const CommandSpec* spec = call.server.commands.find(request[0]);
  if (spec != nullptr && (spec->flags & core::kInternal) != 0) spec = nullptr;
  if (spec != nullptr && !spec->subcommands.empty() && request.size() > 1)
    spec = CommandTable::find_subcommand(*spec, request[1]);
  if (spec == nullptr) {
    return call.fail(std::string("ERR Command '").append(request[0]).append("' not found"));
  }
  const std::string full_name = call.server.commands.full_name(*spec);
  if (!spec->arity.allows(request.size()))
    return call.fail("ERR wrong number of arguments for '" + full_name + "' command");

  const core::AclVerdict verdict = user->check(*spec, request);
  if (verdict.allowed()) {
    call.reply.ok();
    return {};
  }
  std::string text = "This user has no permissions to ";
  if (verdict.denial == core::AclDenial::kCommand) {
    text += "run the '" + full_name + "' command";
  } else {
    text.append("access the '").append(request[verdict.word]).append("' ");
    text += verdict.denial == core::AclDenial::kKey ? "key" : "channel";
  }
  call.reply.bulk(text);
  return {};
}

Result<void> acl_log(CommandCall& call) {
  if (call.words.size() > 3) return fail_usage(call);
  size_t count = 10;
  if (call.words.size() == 3) {
    if (equals_folded(call.words[2], "RESET")) {
      call.server.acl_log.clear();
      call.reply.ok();
      return {};
    }
    const auto number = parse_i64(call.words[2]);
    if (!number) return Error::kNotInteger;
    count = static_cast<size_t>(std::max<int64_t>(*number, 0));
  }
  const auto& entries = call.server.acl_log.entries();
  count = std::min(count, entries.size());
  call.reply.array(count);
  for (auto entry = entries.begin(); count > 0; ++entry, --count)
    reply_log_entry(call.reply, *entry, call.server.sequencer.now());
  return {};
}

// --- Rows

constexpr core::Group kGroup = core::Group::kServer;
constexpr uint32_t kAnybody = core::kNoScript | core::kLoading | core::kStale;
constexpr uint32_t kAdministrator = kAnybody | core::kAdmin;

constexpr CommandSpec kAclRows[] = {
    {.name = "cat",
     .syntax = "[category]",
     .handler = acl_cat,
     .arity = Arity::at_least(2),
     .flags = kAnybody,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(N), N the number of commands",
     .summary = "Lists the categories, or the commands of one."},
    {.name = "deluser",
     .syntax = "(username)...",
     .handler = acl_deluser,
     .arity = Arity::at_least(3),
     .flags = kAdministrator,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(N), N the number of connections, for each user",
     .summary = "Deletes users and ends their connections."},
    {.name = "dryrun",
     .syntax = "username command [arg...]",
     .handler = acl_dryrun,
     .arity = Arity::at_least(4),
     .flags = kAdministrator,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the number of the user's rules",
     .summary = "Tells whether a user may run a command, and does not run it."},
    {.name = "genpass",
     .syntax = "[bits:integer]",
     .handler = acl_genpass,
     .arity = Arity::at_least(2),
     .flags = kAnybody,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Makes a password that nobody can guess, of 256 bits or as many as asked for."},
    {.name = "getuser",
     .syntax = "username",
     .handler = acl_getuser,
     .arity = Arity::exactly(3),
     .flags = kAdministrator,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(N), N the number of the user's rules",
     .summary = "Tells a user's passwords, as hashes, and what he may do."},
    {.name = "list",
     .handler = acl_list,
     .arity = Arity::exactly(2),
     .flags = kAdministrator,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(N), N the number of users",
     .summary = "Lists all users as lines of a configuration file."},
    {.name = "load",
     .handler = acl_load,
     .arity = Arity::exactly(2),
     .flags = kAdministrator,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(N), N the number of users",
     .summary = "Reads the users from their file again, all of them or none."},
    {.name = "log",
     .syntax = "operation:[count:integer|RESET]",
     .handler = acl_log,
     .arity = Arity::at_least(2),
     .flags = kAdministrator,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(N), N the number of entries told",
     .summary = "Tells who was denied what lately, or forgets it."},
    {.name = "save",
     .handler = acl_save,
     .arity = Arity::exactly(2),
     .flags = kAdministrator,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(N), N the number of users",
     .summary = "Writes the users to their file."},
    {.name = "setuser",
     .syntax = "username [rule...]",
     .handler = acl_setuser,
     .arity = Arity::at_least(3),
     .flags = kAdministrator,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(N), N the number of rules",
     .summary = "Makes a user, or changes what he may do; all rules apply or none."},
    {.name = "users",
     .handler = acl_users,
     .arity = Arity::exactly(2),
     .flags = kAdministrator,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(N), N the number of users",
     .summary = "Lists the names of all users."},
    {.name = "whoami",
     .handler = acl_whoami,
     .arity = Arity::exactly(2),
     .flags = kAnybody,
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Tells the user of this connection."},
    help_row(kGroup, "6.0.0"),
};
static_assert(core::well_formed(kAclRows));

constexpr CommandSpec kRows[] = {
    {.name = "acl",
     .arity = Arity::at_least(2),
     .group = kGroup,
     .since = "6.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "Users, and what they may do.",
     .subcommands = kAclRows},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> acl_commands() {
  return kRows;
}

}  // namespace sluice::commands
