// SPDX-License-Identifier: MIT
//
// A row of the command table as COMMAND INFO and COMMAND DOCS reply it.
#pragma once

#include <string_view>

#include "protocol/reply_writer.h"
#include "server/core/command_spec.h"

namespace sluice::commands {

// With its subcommands. `container` is the name of the one that the row is a subcommand of, or empty.
void reply_info(protocol::ReplyWriter& reply, const core::CommandSpec& spec, std::string_view container = {});

// The row's name and then its documentation: one pair of the map that COMMAND DOCS is.
void reply_docs(protocol::ReplyWriter& reply, const core::CommandSpec& spec, std::string_view container = {});

// A key's flags: RO, access ...
void reply_key_flags(protocol::ReplyWriter& reply, uint16_t flags);

}  // namespace sluice::commands
