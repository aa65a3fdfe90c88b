// SPDX-License-Identifier: MIT
//
// Every group of commands gives its rows; table.cc puts them together. A group's file holds its handlers and,
// under them, its rows.
#pragma once

#include <span>

#include "server/core/command_spec.h"

namespace sluice::commands {

std::span<const core::CommandSpec> acl_commands();
std::span<const core::CommandSpec> keys_commands();
std::span<const core::CommandSpec> keys_move_commands();
std::span<const core::CommandSpec> expiry_commands();
std::span<const core::CommandSpec> object_commands();
std::span<const core::CommandSpec> sort_commands();
std::span<const core::CommandSpec> dump_commands();
std::span<const core::CommandSpec> string_commands();
std::span<const core::CommandSpec> string_range_commands();
std::span<const core::CommandSpec> string_many_commands();
std::span<const core::CommandSpec> string_number_commands();
std::span<const core::CommandSpec> string_condition_commands();
std::span<const core::CommandSpec> bitmap_commands();
std::span<const core::CommandSpec> bitfield_commands();
std::span<const core::CommandSpec> list_commands();
std::span<const core::CommandSpec> list_pop_commands();
std::span<const core::CommandSpec> list_move_commands();
std::span<const core::CommandSpec> list_edit_commands();
std::span<const core::CommandSpec> stream_commands();
std::span<const core::CommandSpec> stream_delete_commands();
std::span<const core::CommandSpec> stream_group_commands();
std::span<const core::CommandSpec> stream_pending_commands();
std::span<const core::CommandSpec> stream_claim_commands();
std::span<const core::CommandSpec> stream_info_commands();
std::span<const core::CommandSpec> stream_idempotent_commands();
std::span<const core::CommandSpec> queue_commands();
std::span<const core::CommandSpec> queue_add_commands();
std::span<const core::CommandSpec> queue_reserve_commands();
std::span<const core::CommandSpec> queue_redrive_commands();
std::span<const core::CommandSpec> queue_pending_commands();
std::span<const core::CommandSpec> queue_policy_commands();
std::span<const core::CommandSpec> queue_info_commands();
std::span<const core::CommandSpec> queue_internal_commands();
std::span<const core::CommandSpec> hash_commands();
std::span<const core::CommandSpec> hash_expiry_commands();
std::span<const core::CommandSpec> set_commands();
std::span<const core::CommandSpec> set_operation_commands();
std::span<const core::CommandSpec> sorted_set_commands();
std::span<const core::CommandSpec> sorted_set_operation_commands();
std::span<const core::CommandSpec> sorted_set_pop_commands();
std::span<const core::CommandSpec> sorted_set_range_commands();
std::span<const core::CommandSpec> transaction_commands();
std::span<const core::CommandSpec> scripting_commands();
std::span<const core::CommandSpec> function_commands();
std::span<const core::CommandSpec> replication_commands();
std::span<const core::CommandSpec> cluster_commands();
std::span<const core::CommandSpec> connection_commands();
std::span<const core::CommandSpec> client_commands();
std::span<const core::CommandSpec> pubsub_commands();
std::span<const core::CommandSpec> monitor_commands();
std::span<const core::CommandSpec> command_commands();
std::span<const core::CommandSpec> config_commands();
std::span<const core::CommandSpec> info_commands();
std::span<const core::CommandSpec> debug_commands();
std::span<const core::CommandSpec> slowlog_commands();
std::span<const core::CommandSpec> latency_commands();
std::span<const core::CommandSpec> memory_commands();
std::span<const core::CommandSpec> module_commands();
std::span<const core::CommandSpec> introspection_commands();
std::span<const core::CommandSpec> admin_commands();

}  // namespace sluice::commands
