// SPDX-License-Identifier: MIT
//
// Publishing and subscribing. What (un)subscribing replies is a push of its own for each channel, and counts as one:
// it is sent even when CLIENT REPLY is off.
#include <string>

#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/core/command_spec.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;
using core::Session;
using core::SubscriptionKind;

// How many names the count in a reply counts: channels and patterns together, sharded channels alone.
int64_t counted(const Session& session, SubscriptionKind kind) {
  if (session.subscriptions == nullptr) return 0;
  const core::Subscriptions& all = *session.subscriptions;
  if (kind == SubscriptionKind::kShard) return static_cast<int64_t>(all.of(kind).size());
  return static_cast<int64_t>(all.of(SubscriptionKind::kChannel).size() +
                              all.of(SubscriptionKind::kPattern).size());
}

Result<void> subscribe(CommandCall& call, SubscriptionKind kind) {
  Session& session = call.session;
  const size_t have = session.subscriptions == nullptr ? 0 : session.subscriptions->size();
  if (have + call.words.size() - 1 > core::kSubscriptionsMax) return call.fail("ERR too many subscriptions");
  for (const std::string_view name : call.words.subspan(1)) {
    call.server.pubsub.subscribe(session, kind, name);
    call.reply.push(3);
    call.reply.bulk(call.spec.name);
    call.reply.bulk(name);
    call.reply.integer(counted(session, kind));
  }
  return {};
}

void unsubscribe_one(CommandCall& call, SubscriptionKind kind, std::string_view name) {
  call.server.pubsub.unsubscribe(call.session, kind, name);
  call.reply.push(3);
  call.reply.bulk(call.spec.name);
  call.reply.bulk(name);
  call.reply.integer(counted(call.session, kind));
}

Result<void> unsubscribe(CommandCall& call, SubscriptionKind kind) {
  Session& session = call.session;
  for (const std::string_view name : call.words.subspan(1))
    unsubscribe_one(call, kind, name);
  if (call.words.size() > 1) return {};
  if (session.subscriptions == nullptr || session.subscriptions->of(kind).empty()) {
    call.reply.push(3);
    call.reply.bulk(call.spec.name);
    call.reply.null();
    call.reply.integer(counted(session, kind));
    return {};
  }
  while (session.subscriptions != nullptr && !session.subscriptions->of(kind).empty()) {
    const std::string name = session.subscriptions->of(kind).begin()->first;
    unsubscribe_one(call, kind, name);
  }
  return {};
}

Result<void> subscribe(CommandCall& call) {
  return subscribe(call, SubscriptionKind::kChannel);
}
Result<void> psubscribe(CommandCall& call) {
  return subscribe(call, SubscriptionKind::kPattern);
}
Result<void> ssubscribe(CommandCall& call) {
  // One reply for each command of a transaction is expected; SUBSCRIBE is let through all the same, as in Redis.
  if (call.session.in_exec) return call.fail("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
  return subscribe(call, SubscriptionKind::kShard);
}
Result<void> unsubscribe(CommandCall& call) {
  return unsubscribe(call, SubscriptionKind::kChannel);
}
Result<void> punsubscribe(CommandCall& call) {
  return unsubscribe(call, SubscriptionKind::kPattern);
}
Result<void> sunsubscribe(CommandCall& call) {
  return unsubscribe(call, SubscriptionKind::kShard);
}

Result<void> publish(CommandCall& call) {
  call.reply.unsigned_integer(call.server.pubsub.publish(call.words[1], call.words[2]));
  return {};
}
Result<void> spublish(CommandCall& call) {
  call.reply.unsigned_integer(call.server.pubsub.publish_sharded(call.words[1], call.words[2]));
  return {};
}

// --- PUBSUB

Result<void> names(CommandCall& call, SubscriptionKind kind) {
  const std::string_view pattern = call.words.size() == 3 ? call.words[2] : "*";
  if (call.words.size() > 3) {
    return fail_usage(call);
  }
  const auto found = call.server.pubsub.matching(kind, pattern);
  call.reply.array(found.size());
  for (const std::string_view name : found)
    call.reply.bulk(name);
  return {};
}

Result<void> numbers(CommandCall& call, SubscriptionKind kind) {
  const core::Words asked = call.words.subspan(2);
  call.reply.array(2 * asked.size());
  for (const std::string_view name : asked) {
    call.reply.bulk(name);
    call.reply.unsigned_integer(call.server.pubsub.subscribers(kind, name));
  }
  return {};
}

Result<void> pubsub_channels(CommandCall& call) {
  return names(call, SubscriptionKind::kChannel);
}
Result<void> pubsub_shardchannels(CommandCall& call) {
  return names(call, SubscriptionKind::kShard);
}
Result<void> pubsub_numsub(CommandCall& call) {
  return numbers(call, SubscriptionKind::kChannel);
}
Result<void> pubsub_shardnumsub(CommandCall& call) {
  return numbers(call, SubscriptionKind::kShard);
}
Result<void> pubsub_numpat(CommandCall& call) {
  call.reply.unsigned_integer(call.server.pubsub.names(SubscriptionKind::kPattern));
  return {};
}

// --- Rows

constexpr core::Group kGroup = core::Group::kPubSub;
constexpr uint32_t kAsk = core::kPubSub | core::kLoading | core::kStale;
constexpr uint32_t kSubscribe =
    core::kPubSub | core::kNoScript | core::kLoading | core::kStale | core::kReplyIsPush | core::kSentinel;
constexpr uint32_t kPublish =
    core::kPubSub | core::kLoading | core::kStale | core::kFast | core::kMayReplicate | core::kSentinel;

constexpr CommandSpec kPubsubRows[] = {
    {.name = "channels",
     .syntax = "[pattern:pattern]",
     .handler = pubsub_channels,
     .arity = Arity::at_least(2),
     .flags = kAsk,
     .group = kGroup,
     .since = "2.8.0",
     .complexity = "O(N), N the number of channels",
     .summary = "Lists the channels that somebody listens to."},
    {.name = "numsub",
     .syntax = "[channel...]",
     .handler = pubsub_numsub,
     .arity = Arity::at_least(2),
     .flags = kAsk,
     .group = kGroup,
     .since = "2.8.0",
     .complexity = "O(N log M), N the channels asked for, M all of them",
     .summary = "Counts the subscribers of each channel, those by pattern apart."},
    {.name = "numpat",
     .handler = pubsub_numpat,
     .arity = Arity::exactly(2),
     .flags = kAsk,
     .group = kGroup,
     .since = "2.8.0",
     .complexity = "O(1)",
     .summary = "Counts the patterns that somebody listens to."},
    {.name = "shardchannels",
     .syntax = "[pattern:pattern]",
     .handler = pubsub_shardchannels,
     .arity = Arity::at_least(2),
     .flags = kAsk,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the number of sharded channels",
     .summary = "Lists the sharded channels that somebody listens to."},
    {.name = "shardnumsub",
     .syntax = "[shardchannel...]",
     .handler = pubsub_shardnumsub,
     .arity = Arity::at_least(2),
     .flags = kAsk,
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N log M), N the channels asked for, M all of them",
     .summary = "Counts the subscribers of each sharded channel."},
    help_row(kGroup, "6.2.0"),
};
static_assert(core::well_formed(kPubsubRows));

constexpr CommandSpec kRows[] = {
    {.name = "subscribe",
     .syntax = "channel...",
     .handler = subscribe,
     .arity = Arity::at_least(2),
     .flags = kSubscribe,
     .group = kGroup,
     .since = "2.0.0",
     .complexity = "O(N log M), N the channels, M all of them",
     .summary = "Listens to channels."},
    {.name = "unsubscribe",
     .syntax = "[channel...]",
     .handler = unsubscribe,
     .arity = Arity::at_least(1),
     .flags = kSubscribe,
     .group = kGroup,
     .since = "2.0.0",
     .complexity = "O(N log M), N the channels, M all of them",
     .summary = "Stops listening to channels, or to all of them."},
    {.name = "psubscribe",
     .syntax = "pattern:pattern...",
     .handler = psubscribe,
     .arity = Arity::at_least(2),
     .flags = kSubscribe,
     .group = kGroup,
     .since = "2.0.0",
     .complexity = "O(N log M), N the patterns, M all of them",
     .summary = "Listens to all channels that match patterns."},
    {.name = "punsubscribe",
     .syntax = "[pattern:pattern...]",
     .handler = punsubscribe,
     .arity = Arity::at_least(1),
     .flags = kSubscribe,
     .group = kGroup,
     .since = "2.0.0",
     .complexity = "O(N log M), N the patterns, M all of them",
     .summary = "Stops listening by patterns, or by all of them."},
    {.name = "ssubscribe",
     .syntax = "shardchannel...",
     .handler = ssubscribe,
     .arity = Arity::at_least(2),
     .flags = kSubscribe & ~core::kSentinel,
     .keys = {KeySpec::range(1, -1, 1, core::kNotKey)},
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N log M), N the channels, M all of them",
     .summary = "Listens to sharded channels, which SPUBLISH publishes to."},
    {.name = "sunsubscribe",
     .syntax = "[shardchannel...]",
     .handler = sunsubscribe,
     .arity = Arity::at_least(1),
     .flags = kSubscribe & ~core::kSentinel,
     .keys = {KeySpec::range(1, -1, 1, core::kNotKey)},
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N log M), N the channels, M all of them",
     .summary = "Stops listening to sharded channels, or to all of them."},
    {.name = "publish",
     .syntax = "channel message",
     .handler = publish,
     .arity = Arity::exactly(3),
     .flags = kPublish,
     .group = kGroup,
     .since = "2.0.0",
     .complexity = "O(N+M), N the subscribers of the channel, M all patterns",
     .summary = "Sends a message to all who listen to a channel now, and counts them."},
    {.name = "spublish",
     .syntax = "shardchannel message",
     .handler = spublish,
     .arity = Arity::exactly(3),
     .flags = kPublish & ~core::kSentinel,
     .keys = {KeySpec::one(core::kNotKey)},
     .group = kGroup,
     .since = "7.0.0",
     .complexity = "O(N), N the subscribers of the channel",
     .summary = "Sends a message to all who listen to a sharded channel now, and counts them."},
    {.name = "pubsub",
     .arity = Arity::at_least(2),
     .group = kGroup,
     .since = "2.8.0",
     .complexity = "Depends on the subcommand",
     .summary = "Tells who listens to what.",
     .subcommands = kPubsubRows},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> pubsub_commands() {
  return kRows;
}

}  // namespace sluice::commands
