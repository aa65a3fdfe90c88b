// SPDX-License-Identifier: MIT
//
// A policy as the options of QPOLICY that set it: for records, and for whoever shows it.
#pragma once

#include <string_view>

#include "engine/queue/policy.h"
#include "engine/queue/record_words.h"

namespace sluice {

std::string_view backoff_word(Backoff::Kind kind);
std::string_view pause_word(Pause pause);
std::string_view overflow_word(Overflow overflow);
std::string_view ack_delete_word(AckDelete ack_delete);

// All options of a list's policy that can be said; DEADLETTER only if it is set. The policy must outlive the words.
void policy_words(const Policy& policy, RecordWords& words);
// Likewise of a consumer group's.
void group_policy_words(const Policy& policy, RecordWords& words);

}  // namespace sluice
