// SPDX-License-Identifier: MIT
#include "server/commands/command_reply.h"

#include <algorithm>
#include <string>
#include <vector>

#include "server/commands/command_history.h"
#include "server/core/command_category.h"
#include "server/core/command_syntax.h"
#include "server/core/command_table.h"

namespace sluice::commands {
namespace {

using core::Argument;
using core::CommandSpec;
using core::KeySpec;
using protocol::ReplyWriter;

template <typename Flags>
struct FlagName {
  Flags flag;
  std::string_view name;
};

// In the order in which Redis lists them.
constexpr FlagName<uint32_t> kCommandFlagNames[] = {
    {core::kWrite, "write"},
    {core::kReadOnly, "readonly"},
    {core::kDenyOom, "denyoom"},
    {core::kAdmin, "admin"},
    {core::kPubSub, "pubsub"},
    {core::kNoScript, "noscript"},
    {core::kBlocking, "blocking"},
    {core::kLoading, "loading"},
    {core::kStale, "stale"},
    {core::kSkipMonitor, "skip_monitor"},
    {core::kNoMandatoryKeys, "no_mandatory_keys"},
    {core::kSkipSlowlog, "skip_slowlog"},
    {core::kFast, "fast"},
    {core::kNoAuth, "no_auth"},
    {core::kNoMulti, "no_multi"},
    {core::kMovableKeys, "movablekeys"},
    {core::kAllowBusy, "allow_busy"},
    {core::kMayReplicate, "may_replicate"},
};

constexpr FlagName<uint16_t> kKeyFlagNames[] = {
    {core::kRo, "RO"},
    {core::kRw, "RW"},
    {core::kOw, "OW"},
    {core::kRm, "RM"},
    {core::kAccess, "access"},
    {core::kUpdate, "update"},
    {core::kInsert, "insert"},
    {core::kDelete, "delete"},
    {core::kNotKey, "not_key"},
    {core::kIncomplete, "incomplete"},
    {core::kVariable, "variable_flags"},
};

template <typename Flags, size_t n>
void reply_flags(ReplyWriter& reply, const FlagName<Flags> (&names)[n], Flags flags) {
  const auto is_set = [flags](const FlagName<Flags>& row) { return (flags & row.flag) != 0; };
  reply.set(static_cast<size_t>(std::count_if(std::begin(names), std::end(names), is_set)));
  for (const FlagName<Flags>& row : names) {
    if (is_set(row)) reply.simple(row.name);
  }
}

std::span<const KeySpec> key_specs(const CommandSpec& spec) {
  const auto end = std::find_if(spec.keys.begin(), spec.keys.end(),
                                [](const KeySpec& keys) { return keys.kind == KeySpec::Kind::kNone; });
  return {spec.keys.begin(), end};
}

// Where the keys are as clients older than key specifications understand it: one range, or nothing where only the
// words of a request tell.
struct PlainRange {
  int first = 0;
  int last = 0;
  int step = 0;
};

PlainRange plain_range(const CommandSpec& spec) {
  PlainRange range;
  for (const KeySpec& keys : key_specs(spec)) {
    if (keys.kind != KeySpec::Kind::kRange) continue;
    if (range.first == 0) {
      range = {keys.first, keys.last, keys.step};
    } else if (keys.first == range.last + range.step) {
      range.last = keys.last;
    }
  }
  return range;
}

// Whether only the words of a request tell where some of its keys are.
bool has_movable_keys(const CommandSpec& spec) {
  const auto keys = key_specs(spec);
  return std::any_of(keys.begin(), keys.end(),
                     [](const KeySpec& keys) { return keys.kind != KeySpec::Kind::kRange; });
}

// "index": 1, and the like.
void reply_search(ReplyWriter& reply, std::string_view type, size_t parts) {
  reply.map(2);
  reply.bulk("type");
  reply.bulk(type);
  reply.bulk("spec");
  reply.map(parts);
}

void reply_part(ReplyWriter& reply, std::string_view name, int64_t value) {
  reply.bulk(name);
  reply.integer(value);
}

void reply_key_spec(ReplyWriter& reply, const KeySpec& keys) {
  reply.map(3);
  reply.bulk("flags");
  reply_key_flags(reply, keys.flags);

  reply.bulk("begin_search");
  if (keys.kind == KeySpec::Kind::kConditions || !keys.told) {
    reply_search(reply, "unknown", 0);
    reply.bulk("find_keys");
    reply_search(reply, "unknown", 0);
    return;
  }
  const bool option = keys.kind == KeySpec::Kind::kOption;
  if (keys.kind == KeySpec::Kind::kAfterWord || option) {
    reply_search(reply, "keyword", 2);
    reply.bulk("keyword");
    reply.bulk(keys.word);
    reply_part(reply, "startfrom", keys.first);
  } else {
    reply_search(reply, "index", 1);
    reply_part(reply, "index", keys.first);
  }

  reply.bulk("find_keys");
  if (keys.kind == KeySpec::Kind::kCounted) {
    reply_search(reply, "keynum", 3);
    reply_part(reply, "keynumidx", 0);
    reply_part(reply, "firstkey", 1);
    reply_part(reply, "keystep", keys.step);
    return;
  }
  const bool after_word = keys.kind == KeySpec::Kind::kAfterWord;
  reply_search(reply, "range", 3);
  // From the first key on, unless it counts from the end.
  const int last = after_word ? -1 : option ? 0 : keys.last < 0 ? keys.last : keys.last - keys.first;
  reply_part(reply, "lastkey", last);
  reply_part(reply, "keystep", keys.step);
  // The first half only: as many keys as something else follows behind them.
  reply_part(reply, "limit", after_word ? 2 : 0);
}

void reply_text(ReplyWriter& reply, std::string_view name, std::string_view text) {
  reply.bulk(name);
  reply.bulk(text);
}

void reply_argument(ReplyWriter& reply, const Argument& argument) {
  const bool has_flags = argument.optional || argument.multiple;
  reply.map(2 + (argument.key_spec >= 0) + !argument.token.empty() + has_flags + !argument.arguments.empty());
  reply_text(reply, "name", argument.name);
  reply_text(reply, "type", core::argument_type_name(argument.type));
  if (argument.key_spec >= 0) reply_part(reply, "key_spec_index", argument.key_spec);
  if (!argument.token.empty()) reply_text(reply, "token", argument.token);
  if (has_flags) {
    reply.bulk("flags");
    reply.set(static_cast<size_t>(argument.optional + argument.multiple + argument.multiple_token));
    if (argument.optional) reply.simple("optional");
    if (argument.multiple) reply.simple("multiple");
    if (argument.multiple_token) reply.simple("multiple_token");
  }
  if (argument.arguments.empty()) return;
  reply.bulk("arguments");
  reply.array(argument.arguments.size());
  for (const Argument& part : argument.arguments)
    reply_argument(reply, part);
}

void reply_tips(ReplyWriter& reply, std::string_view tips) {
  const auto words = tips.empty() ? 0 : static_cast<size_t>(std::count(tips.begin(), tips.end(), ' ')) + 1;
  reply.set(words);
  for (size_t left = words; left > 0; --left) {
    reply.bulk(tips.substr(0, tips.find(' ')));
    tips.remove_prefix(std::min(tips.size(), tips.find(' ') + 1));
  }
}

void reply_history(ReplyWriter& reply, const CommandHistory& history) {
  if (!history.deprecated_since.empty()) {
    reply.bulk("doc_flags");
    reply.set(1);
    reply.simple("deprecated");
    reply_text(reply, "deprecated_since", history.deprecated_since);
    reply_text(reply, "replaced_by", history.replaced_by);
  }
  if (history.changes.empty()) return;
  reply.bulk("history");
  reply.set(history.changes.size());
  for (const CommandChange& change : history.changes) {
    reply.array(2);
    reply.bulk(change.since);
    reply.bulk(change.what);
  }
}

}  // namespace

void reply_key_flags(ReplyWriter& reply, uint16_t flags) {
  reply_flags(reply, kKeyFlagNames, flags);
}

void reply_info(ReplyWriter& reply, const CommandSpec& spec, std::string_view container) {
  const PlainRange range = plain_range(spec);
  uint32_t flags = spec.flags;
  if (has_movable_keys(spec)) flags |= core::kMovableKeys;
  const std::string name = core::CommandTable::full_name(container, spec);
  reply.array(10);
  reply.bulk(name);
  reply.integer(spec.arity.words);
  reply_flags(reply, kCommandFlagNames, flags);
  reply.integer(range.first);
  reply.integer(range.last);
  reply.integer(range.step);

  const std::vector<std::string_view> categories = core::categories_of(spec);
  reply.set(categories.size());
  for (const std::string_view category : categories)
    reply.simple(std::string("@").append(category));

  reply_tips(reply, tips_of(name));

  const auto keys = key_specs(spec);
  reply.set(keys.size());
  for (const KeySpec& key_spec : keys)
    reply_key_spec(reply, key_spec);

  // A set while there are none, and an array otherwise: so Redis has it.
  if (spec.subcommands.empty()) {
    reply.set(0);
    return;
  }
  reply.array(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands)
    reply_info(reply, subcommand, spec.name);
}

void reply_docs(ReplyWriter& reply, const CommandSpec& spec, std::string_view container) {
  const std::vector<Argument> arguments = core::arguments_of(spec);
  const std::string name = core::CommandTable::full_name(container, spec);
  const CommandHistory* const history = history_of(name);
  const size_t of_history =
      history == nullptr ? 0 : (history->deprecated_since.empty() ? 0 : 3) + !history->changes.empty();
  reply.bulk(name);
  reply.map(4 + of_history + !arguments.empty() + !spec.subcommands.empty());
  reply_text(reply, "summary", spec.summary);
  reply_text(reply, "since", spec.since);
  reply_text(reply, "group", core::group_name(spec.group));
  reply_text(reply, "complexity", spec.complexity);
  if (history != nullptr) reply_history(reply, *history);
  if (!arguments.empty()) {
    reply.bulk("arguments");
    reply.array(arguments.size());
    for (const Argument& argument : arguments)
      reply_argument(reply, argument);
  }
  if (spec.subcommands.empty()) return;
  reply.bulk("subcommands");
  reply.map(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands)
    reply_docs(reply, subcommand, spec.name);
}

}  // namespace sluice::commands
