// SPDX-License-Identifier: MIT
#include "engine/queue/policy.h"

namespace sluice {
namespace {

bool is_span(Millis span) {
  return span >= Millis{0} && span <= kQueueSpanMax;
}

}  // namespace

Result<void> validate(const Policy& policy, std::string_view key) {
  const Backoff& backoff = policy.backoff;
  if (!is_span(policy.lease) || policy.lease < Millis{1} || !is_span(policy.lease_max))
    return Error::kNotInteger;
  if (!is_span(policy.ttl) || !is_span(policy.aging) || !is_span(policy.rate.window))
    return Error::kNotInteger;
  if (policy.rate.deliveries > kRateDeliveriesMax) return Error::kNotInteger;
  if ((policy.rate.deliveries == 0) != (policy.rate.window == Millis{0})) return Error::kNotInteger;
  if (!is_span(backoff.base) || !is_span(backoff.cap)) return Error::kNotInteger;
  if (policy.backoff.jitter_percent > 100) return Error::kNotInteger;
  const bool capped = backoff.kind == Backoff::Kind::kLinear || backoff.kind == Backoff::Kind::kExponential;
  if (capped && backoff.base > backoff.cap) return Error::kQueueBackoffCap;
  if (policy.dead_letter && *policy.dead_letter == key) return Error::kQueueDeadLetterSelf;
  return {};
}

std::string dead_letter_key(const Policy& policy, std::string_view key) {
  if (policy.dead_letter) return *policy.dead_letter;
  return std::string(key).append(":dead");
}

std::string dead_letter_key(const Policy& policy, std::string_view key, std::string_view group) {
  if (policy.dead_letter) return *policy.dead_letter;
  return std::string(key).append(":").append(group).append(":dead");
}

}  // namespace sluice
