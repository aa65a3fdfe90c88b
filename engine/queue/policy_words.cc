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

namespace {

void backoff_words(const Backoff& backoff, RecordWords& words) {
  words.words("BACKOFF", backoff_word(backoff.kind));
  if (backoff.kind != Backoff::Kind::kNone) words.span(backoff.base);
  if (backoff.kind == Backoff::Kind::kLinear || backoff.kind == Backoff::Kind::kExponential)
    words.span(backoff.cap);
  words.word("JITTER");
  words.number(backoff.jitter_percent);
}

void dead_letter_words(const Policy& policy, RecordWords& words) {
  if (policy.dead_letter) words.words("DEADLETTER", *policy.dead_letter);
  words.word("DEADMAXLEN");
  words.number(policy.dead_letters_max);
}

void rate_words(const RateLimit& rate, RecordWords& words) {
  words.word("RATE");
  words.number(rate.deliveries);
  words.span(rate.window);
}

}  // namespace

void policy_words(const Policy& policy, RecordWords& words) {
  words.word("LEASE");
  words.span(policy.lease);
  words.word("MAXLEASE");
  words.span(policy.lease_max);
  words.word("MAXATTEMPTS");
  words.number(policy.attempts_max);
  backoff_words(policy.backoff, words);
  dead_letter_words(policy, words);
  words.words("HEAD", policy.head == Side::kLeft ? "LEFT" : "RIGHT", "PAUSE", pause_word(policy.pause),
              "MAXLEASED");
  words.number(policy.leased_max);
  words.word("MAXLEN");
  words.number(policy.length_max);
  words.words("OVERFLOW", overflow_word(policy.overflow), "TTL");
  words.span(policy.ttl);
  words.word("AGING");
  words.span(policy.aging);
  rate_words(policy.rate, words);
}

void group_policy_words(const Policy& policy, RecordWords& words) {
  words.word("LEASE");
  words.span(policy.lease);
  words.word("MAXATTEMPTS");
  words.number(policy.attempts_max);
  backoff_words(policy.backoff, words);
  dead_letter_words(policy, words);
  words.words("PAUSE", pause_word(policy.pause), "MAXLEASED");
  words.number(policy.leased_max);
  rate_words(policy.rate, words);
  words.words("ACKDEL", ack_delete_word(policy.ack_delete));
}

}  // namespace sluice
