// SPDX-License-Identifier: MIT
//
// What DEBUG tells of values and of how they are held.
#pragma once

#include "server/core/command_call.h"

namespace sluice::commands {

Result<void> debug_digest_value(core::CommandCall& call);
Result<void> debug_object(core::CommandCall& call);
Result<void> debug_string_length(core::CommandCall& call);
Result<void> debug_listpack(core::CommandCall& call);
Result<void> debug_quicklist(core::CommandCall& call);
// HTSTATS of a database, HTSTATS-KEY of a value that is a table.
Result<void> debug_table(core::CommandCall& call);
Result<void> debug_table_of_key(core::CommandCall& call);
Result<void> debug_sizes(core::CommandCall& call);

}  // namespace sluice::commands
