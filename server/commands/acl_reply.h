// SPDX-License-Identifier: MIT
//
// Users and denials as ACL GETUSER and ACL LOG tell them.
#pragma once

#include "protocol/reply_writer.h"
#include "server/core/acl_log.h"
#include "server/core/acl_user.h"

namespace sluice::commands {

void reply_user(protocol::ReplyWriter& reply, const core::AclUser& user);
void reply_log_entry(protocol::ReplyWriter& reply, const core::AclLogEntry& entry, UnixMs now);

}  // namespace sluice::commands
