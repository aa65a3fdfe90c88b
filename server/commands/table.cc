// SPDX-License-Identifier: MIT
#include "server/commands/table.h"

#include <vector>

#include "server/commands/groups.h"

namespace sluice::commands {
namespace {

using Group = std::span<const core::CommandSpec> (*)();

// One a line, so that two branches can each add some.
// clang-format off
constexpr Group kGroups[] = {
    acl_commands,
    keys_commands,
    keys_move_commands,
    expiry_commands,
    object_commands,
    sort_commands,
    dump_commands,
    string_commands,
    string_range_commands,
    string_many_commands,
    string_number_commands,
    string_condition_commands,
    bitmap_commands,
    bitfield_commands,
    list_commands,
    list_pop_commands,
    list_move_commands,
    list_edit_commands,
    stream_commands,
    stream_delete_commands,
    stream_group_commands,
    stream_pending_commands,
    stream_claim_commands,
    stream_info_commands,
    stream_idempotent_commands,
    queue_commands,
    queue_add_commands,
    queue_reserve_commands,
    queue_redrive_commands,
    queue_pending_commands,
    queue_policy_commands,
    queue_info_commands,
    queue_internal_commands,
    hash_commands,
    hash_expiry_commands,
    set_commands,
    set_operation_commands,
    sorted_set_commands,
    sorted_set_operation_commands,
    sorted_set_pop_commands,
    sorted_set_range_commands,
    transaction_commands,
    scripting_commands,
    function_commands,
    replication_commands,
    cluster_commands,
    connection_commands,
    client_commands,
    pubsub_commands,
    monitor_commands,
    command_commands,
    config_commands,
    info_commands,
    debug_commands,
    slowlog_commands,
    latency_commands,
    memory_commands,
    module_commands,
    introspection_commands,
    admin_commands,
};
// clang-format on

std::vector<core::CommandSpec> all_rows() {
  std::vector<core::CommandSpec> rows;
  for (const Group group : kGroups) {
    const auto more = group();
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

}  // namespace

std::span<const core::CommandSpec> command_table() {
  static const std::vector<core::CommandSpec> rows = all_rows();
  return rows;
}

}  // namespace sluice::commands
