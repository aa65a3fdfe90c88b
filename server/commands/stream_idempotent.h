// SPDX-License-Identifier: MIT
//
// What XADD and the commands about idempotence have in common.
#pragma once

#include <array>
#include <string_view>

#include "engine/stream.h"
#include "server/core/command_call.h"

namespace sluice::commands {

// The limits of the stream; the settings', if it has none yet.
ProducerLimits producer_limits(core::CommandCall& call, const Stream& stream);
// Logs the counts as they are now.
void log_producer_counts(core::CommandCall& call, std::string_view key, const StreamProducers& producers);
// As XCFGSET.
void log_producer_limits(core::CommandCall& call, std::string_view key, const ProducerLimits& limits);

// Sixteen bytes that stand for pairs of a field and a value, whatever their order.
class PairsFingerprint {
 public:
  // Valid as long as this object. Requires: an even number of words.
  std::string_view of(core::Words fields_and_values);

 private:
  std::array<char, 16> bytes_;
};

}  // namespace sluice::commands
