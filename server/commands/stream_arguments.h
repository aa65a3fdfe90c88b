// SPDX-License-Identifier: MIT
//
// Words that the commands of streams have in common, and the groups that they name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/stream.h"
#include "server/core/command_call.h"

namespace sluice::commands {

// "<ms>-<seq>" or "<ms>".
Result<StreamId> id_argument(std::string_view text);
Result<std::vector<StreamId>> id_arguments(core::Words words);

// Both ends belong to it.
struct StreamRange {
  StreamId first;
  StreamId last;
};
// "-", "+", an ID, or an ID behind "(" that is itself left out.
Result<StreamId> range_start_argument(std::string_view text);
Result<StreamRange> range_arguments(std::string_view first, std::string_view last);

// KEEPREF, DELREF or ACKED.
std::optional<References> references_argument(std::string_view word);

// A group, and the stream that it is of.
struct GroupTarget {
  Stream* stream = nullptr;
  ConsumerGroup* group = nullptr;
  bool found() const { return group != nullptr; }
};
// Neither is an error to some commands: found() is false then. Errors: kWrongType.
Result<GroupTarget> find_group_to_write(core::CommandCall& call, std::string_view key,
                                        std::string_view group);
// As reading commands need it.
struct ConstGroupTarget {
  const Stream* stream = nullptr;
  const ConsumerGroup* group = nullptr;
  bool found() const { return group != nullptr; }
};
Result<ConstGroupTarget> find_group_to_read(core::CommandCall& call, std::string_view key,
                                            std::string_view group);

// NOGROUP, with `in` behind it.
Error fail_no_group(core::CommandCall& call, std::string_view key, std::string_view group,
                    std::string_view in = {});

// The consumer of that name, made if it is not there yet, which is an event of `key`.
struct ConsumerTarget {
  ConsumerNumber number = kNoConsumer;
  bool created = false;
};
ConsumerTarget consumer_target(core::CommandCall& call, std::string_view key, ConsumerGroup& group,
                               std::string_view name);

}  // namespace sluice::commands
