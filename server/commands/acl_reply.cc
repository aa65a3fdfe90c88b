// SPDX-License-Identifier: MIT
#include "server/commands/acl_reply.h"

#include <string>

namespace sluice::commands {
namespace {

using core::AclContext;
using core::AclDenial;
using protocol::ReplyWriter;

void reply_text(ReplyWriter& reply, std::string_view name, std::string_view text) {
  reply.bulk(name);
  reply.bulk(text);
}

void reply_selector(ReplyWriter& reply, const core::AclSelector& selector) {
  reply_text(reply, "commands", selector.command_rules());
  reply_text(reply, "keys", selector.key_rules());
  reply_text(reply, "channels", selector.channel_rules());
}

std::string_view denial_name(AclDenial denial) {
  switch (denial) {
    case AclDenial::kKey:
      return "key";
    case AclDenial::kChannel:
      return "channel";
    case AclDenial::kAuth:
      return "auth";
    case AclDenial::kCommand:
    case AclDenial::kNone:
      break;
  }
  return "command";
}

std::string_view context_name(AclContext context) {
  switch (context) {
    case AclContext::kMulti:
      return "multi";
    case AclContext::kScript:
      return "lua";
    case AclContext::kToplevel:
      break;
  }
  return "toplevel";
}

}  // namespace

void reply_user(ReplyWriter& reply, const core::AclUser& user) {
  reply.map(6);
  reply.bulk("flags");
  const auto flags = user.flags();
  reply.set(flags.size());
  for (const std::string_view flag : flags)
    reply.bulk(flag);
  reply.bulk("passwords");
  reply.array(user.passwords().size());
  for (const std::string& hash : user.passwords())
    reply.bulk(hash);
  const auto selectors = user.selectors();
  reply_selector(reply, selectors.front());
  reply.bulk("selectors");
  reply.array(selectors.size() - 1);
  for (const core::AclSelector& selector : selectors.subspan(1)) {
    reply.map(3);
    reply_selector(reply, selector);
  }
}

void reply_log_entry(ReplyWriter& reply, const core::AclLogEntry& entry, UnixMs now) {
  reply.map(10);
  reply.bulk("count");
  reply.unsigned_integer(entry.count);
  reply_text(reply, "reason", denial_name(entry.denial));
  reply_text(reply, "context", context_name(entry.context));
  reply_text(reply, "object", entry.object);
  reply_text(reply, "username", entry.user);
  reply.bulk("age-seconds");
  reply.number(static_cast<double>((now - entry.updated).count) / 1000);
  reply_text(reply, "client-info", entry.client);
  reply.bulk("entry-id");
  reply.unsigned_integer(entry.id);
  reply.bulk("timestamp-created");
  reply.integer(entry.created.count);
  reply.bulk("timestamp-last-updated");
  reply.integer(entry.updated.count);
}

}  // namespace sluice::commands
