// SPDX-License-Identifier: MIT
#include "engine/queue/policy_words.h"

#include "engine/base/check.h"

namespace sluice {

std::string_view backoff_word(Backoff::Kind kind) {
  switch (kind) {
    case Backoff::Kind::kNone:
      return "NONE";
    case Backoff::Kind::kFixed:
      return "FIXED";
    case Backoff::Kind::kLinear:
      return "LINEAR";
    case Backoff::Kind::kExponential:
      return "EXP";
  }
  CHECK(false);
}

std::string_view pause_word(Pause pause) {
  switch (pause) {
    case Pause::kNone:
      return "NONE";
    case Pause::kIn:
      return "IN";
    case Pause::kOut:
      return "OUT";
    case Pause::kAll:
      return "ALL";
  }
  CHECK(false);
}

std::string_view overflow_word(Overflow overflow) {
  return overflow == Overflow::kDrop ? "DROP" : "REJECT";
}

std::string_view ack_delete_word(AckDelete ack_delete) {
  switch (ack_delete) {
    case AckDelete::kNone:
      return "NONE";
    case AckDelete::kAcked:
      return "ACKED";
    case AckDelete::kDelref:
      return "DELREF";
  }
  CHECK(false);
}

void policy_words(const Policy& policy, RecordWords& words) {
  const Backoff& backoff = policy.backoff;
  words.word("LEASE");
  words.span(policy.lease);
  words.word("MAXLEASE");
  words.span(policy.lease_max);
  words.word("MAXATTEMPTS");
  words.number(policy.attempts_max);
  words.words("BACKOFF", backoff_word(backoff.kind));
  if (backoff.kind != Backoff::Kind::kNone) words.span(backoff.base);
  if (backoff.kind == Backoff::Kind::kLinear || backoff.kind == Backoff::Kind::kExponential)
    words.span(backoff.cap);
  words.word("JITTER");
  words.number(backoff.jitter_percent);
  if (policy.dead_letter) words.words("DEADLETTER", *policy.dead_letter);
  words.word("DEADMAXLEN");
  words.number(policy.dead_letters_max);
  words.words("HEAD", policy.head == Side::kLeft ? "LEFT" : "RIGHT", "PAUSE", pause_word(policy.pause),
              "MAXLEASED");
  words.number(policy.leased_max);
  words.word("MAXLEN");
  words.number(policy.length_max);
  words.words("OVERFLOW", overflow_word(policy.overflow), "TTL");
  words.span(policy.ttl);
  words.word("AGING");
  words.span(policy.aging);
  words.word("RATE");
  words.number(policy.rate.deliveries);
  words.span(policy.rate.window);
}

}  // namespace sluice
