// SPDX-License-Identifier: MIT
//
// QINFO of a consumer group, and what XINFO adds for groups with a policy.
#pragma once

#include <optional>
#include <string_view>

#include "engine/consumer_group.h"
#include "engine/queue/managed_group.h"
#include "engine/queue/queue_statistics.h"
#include "engine/stream.h"
#include "server/core/command_call.h"

namespace sluice::commands {

// QINFO key GROUP group [CONSUMERS | ID id]. `stream` is null if there is no such key.
void reply_group_info(core::CommandCall& call, std::string_view key, const Stream* stream,
                      std::string_view group);
void reply_group_consumers(core::CommandCall& call, const ConsumerGroup* group);
void reply_group_entry(core::CommandCall& call, const Stream* stream, const ConsumerGroup* group,
                       StreamId id);

// Fields behind those that Redis has, in groups with a policy.
inline constexpr size_t kManagedGroupFields = 5;
void reply_managed_group(core::CommandCall& call, std::string_view key, const ManagedGroup& group);

// The time since then in milliseconds, 0 if there is none.
int64_t milliseconds_since(const core::CommandCall& call, const std::optional<UnixMs>& then);
// Two digits behind the point: a queue that takes a message in ten seconds is not idle, and nobody reads more.
void reply_rate(core::CommandCall& call, std::string_view name, double rate);
// What the last minute was like: 9 fields.
inline constexpr size_t kRateFields = 9;
void reply_rates(core::CommandCall& call, const QueueRates::Summary& rates);
// The letters in a dead-letter stream.
int64_t count_letters(core::CommandCall& call, const std::string& dead_letter_key);

}  // namespace sluice::commands
