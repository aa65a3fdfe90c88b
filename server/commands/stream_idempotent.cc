// SPDX-License-Identifier: MIT
//
// What a stream remembers of its producers: XCFGSET sets how much, XIDMPRECORD adds to it. XADD does the rest.
#include "server/commands/stream_idempotent.h"

#include <xxhash.h>

#include <cstring>
#include <optional>

#include "engine/stream_words.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/commands/stream_arguments.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"

namespace sluice::commands {

ProducerLimits producer_limits(core::CommandCall& call, const Stream& stream) {
  if (stream.producers() != nullptr) return stream.producers()->limits();
  const auto& settings = call.server.config.settings();
  return {settings.stream_idmp_duration, settings.stream_idmp_maxsize};
}

void log_producer_limits(core::CommandCall& call, std::string_view key, const ProducerLimits& limits) {
  const NumberWord span(limits.span_seconds);
  const NumberWord size_max(limits.size_max);
  call.log_as({"XCFGSET", key, "IDMP-DURATION", span.view(), "IDMP-MAXSIZE", size_max.view()});
}

void log_producer_counts(core::CommandCall& call, std::string_view key, const StreamProducers& producers) {
  const NumberWord added(static_cast<int64_t>(producers.added()));
  const NumberWord duplicates(static_cast<int64_t>(producers.duplicates()));
  call.log_as({"XIDMPRESTORE", key, "COUNTS", added.view(), duplicates.view()});
}

std::string_view PairsFingerprint::of(core::Words fields_and_values) {
  // A sum, so that the order of pairs does not matter; a pair's number depends on which is the field.
  uint64_t low = 0;
  uint64_t high = 0;
  for (size_t i = 0; i + 1 < fields_and_values.size(); i += 2) {
    const std::string_view field = fields_and_values[i];
    const std::string_view value = fields_and_values[i + 1];
    const XXH64_hash_t seed = XXH3_64bits(field.data(), field.size());
    const XXH128_hash_t pair = XXH3_128bits_withSeed(value.data(), value.size(), seed);
    low += pair.low64;
    high += pair.high64;
  }
  std::memcpy(bytes_.data(), &low, sizeof(low));
  std::memcpy(bytes_.data() + sizeof(low), &high, sizeof(high));
  return {bytes_.data(), bytes_.size()};
}

namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;

struct LimitOptions {
  std::optional<int64_t> span_seconds;
  std::optional<int64_t> size_max;
};

Result<LimitOptions> limit_options(CommandCall& call) {
  LimitOptions options;
  Args args(call.words, 2);
  while (args.more()) {
    if (args.left() > 1 && args.accept("IDMP-DURATION")) {
      if (options.span_seconds) return call.fail("ERR IDMP-DURATION specified multiple times");
      options.span_seconds = args.integer();
      TRY_VOID(args.good());
      if (*options.span_seconds < 1 || *options.span_seconds > kProducerSpanSecondsMax) {
        return call.fail("ERR IDMP-DURATION must be between 1 and 86400 seconds");
      }
    } else if (args.left() > 1 && args.accept("IDMP-MAXSIZE")) {
      if (options.size_max) return call.fail("ERR IDMP-MAXSIZE specified multiple times");
      options.size_max = args.integer();
      TRY_VOID(args.good());
      if (*options.size_max < 1 || *options.size_max > kProducerSizeMax) {
        return call.fail("ERR IDMP-MAXSIZE must be between 1 and 10000 entries");
      }
    } else {
      return Error::kSyntax;
    }
  }
  if (!options.span_seconds && !options.size_max) {
    return call.fail("ERR At least one parameter must be specified");
  }
  return options;
}

Result<void> xcfgset(CommandCall& call) {
  TRY(const LimitOptions options, limit_options(call));
  const std::string_view key = call.words[1];
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kStream));
  if (entry == nullptr) return Error::kNoSuchKey;
  Stream& stream = entry->stream();
  ProducerLimits limits = producer_limits(call, stream);
  if (options.span_seconds) limits.span_seconds = *options.span_seconds;
  if (options.size_max) limits.size_max = *options.size_max;
  if (stream.producers() == nullptr || limits != stream.producers()->limits()) {
    stream.set_producer_limits(limits);
    call.keyspace().producers_changed(*entry);
    log_producer_limits(call, key, limits);
  }
  call.reply.ok();
  return {};
}

Result<void> xidmprecord(CommandCall& call) {
  const std::string_view key = call.words[1];
  const std::string_view producer = call.words[2];
  const std::string_view idempotence_id = call.words[3];
  TRY(const StreamId id, id_argument(call.words[4]));
  if (producer.empty()) return call.fail("ERR XIDMPRECORD requires a non-empty producer ID");
  if (idempotence_id.empty()) return call.fail("ERR XIDMPRECORD requires a non-empty idempotent ID");
  TRY(Entry* const entry, find_to_write(call, key, ValueType::kStream));
  if (entry == nullptr) return Error::kNoSuchKey;
  Stream& stream = entry->stream();
  // What the log says is so: the entry may have been deleted, and what the ID stood for before, forgotten.
  if (call.mode != CommandCall::Mode::kReplay) {
    if (!stream.contains(id)) return call.fail("ERR No such message in stream");
    const std::optional<StreamId> before =
        stream.producers() == nullptr ? std::nullopt
                                      : stream.producers()->find(producer, idempotence_id, call.stamp.now);
    if (before && *before != id) {
      return call.fail("ERR IID already exists for this producer with a different stream ID");
    }
    if (before) {
      call.reply.ok();
      return {};
    }
  }
  if (stream.producers() == nullptr) {
    const ProducerLimits limits = producer_limits(call, stream);
    stream.set_producer_limits(limits);
    log_producer_limits(call, key, limits);
  }
  stream.producers()->record(producer, idempotence_id, id);
  call.keyspace().producers_changed(*entry);
  call.log();
  call.reply.ok();
  return {};
}

// XIDMPRESTORE key FORGET records      the oldest ones are over
// XIDMPRESTORE key COUNTS added duplicates
Result<void> xidmprestore(CommandCall& call) {
  TRY(Entry* const entry, find_to_write(call, call.words[1], ValueType::kStream));
  if (entry == nullptr || entry->stream().producers() == nullptr) return Error::kNoSuchKey;
  StreamProducers& producers = *entry->stream().producers();
  Args args(call.words, 2);
  if (args.accept("FORGET")) {
    const int64_t records = args.integer_in(0, INT64_MAX);
    TRY_VOID(args.done());
    producers.forget_oldest(static_cast<size_t>(records));
    call.keyspace().producers_changed(*entry);
  } else if (args.accept("COUNTS")) {
    const int64_t added = args.integer_in(0, INT64_MAX);
    const int64_t duplicates = args.integer_in(0, INT64_MAX);
    TRY_VOID(args.done());
    producers.set_counts(static_cast<uint64_t>(added), static_cast<uint64_t>(duplicates));
  } else {
    return Error::kSyntax;
  }
  call.log();
  call.reply.ok();
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "xcfgset",
     .syntax = "key [IDMP-DURATION duration:integer] [IDMP-MAXSIZE maxsize:integer]",
     .handler = xcfgset,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .group = core::Group::kStream,
     .since = "8.6.0",
     .complexity = "O(1); O(N) if it changes something, N the idempotence IDs remembered",
     .summary = "Sets for how long, and how many, idempotence IDs a stream remembers."},
    {.name = "xidmprecord",
     .syntax = "key producer idempotent-id id",
     .handler = xidmprecord,
     .arity = Arity::exactly(5),
     .flags = core::kWrite | core::kDenyOom | core::kFast,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .group = core::Group::kStream,
     .since = "8.6.0",
     .complexity = "O(1)",
     .summary = "Makes a stream remember an entry by an idempotence ID; for rebuilding a stream."},
    {.name = "xidmprestore",
     .syntax = "key kind number...",
     .handler = xidmprestore,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kInternal,
     .keys = {KeySpec::one(core::kRw | core::kUpdate)},
     .group = core::Group::kStream,
     .since = "0.1.0",
     .complexity = "O(N), N the number of idempotence IDs that are over",
     .summary =
         "Sets what a stream counts of idempotence IDs, or forgets the oldest of them, as a log says."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> stream_idempotent_commands() {
  return kRows;
}

}  // namespace sluice::commands
