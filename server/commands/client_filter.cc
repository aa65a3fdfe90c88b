// SPDX-License-Identifier: MIT
#include "server/commands/client_filter.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "server/core/acl_user.h"
#include "server/core/client_line.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::CommandCall;
using core::Session;

// Replicas and masters are types too, but there are none.
enum ClientType : int64_t { kNormal, kPubSub, kNone };

Result<int64_t> parse_type(CommandCall& call, std::string_view text) {
  if (equals_folded(text, "normal")) return int64_t{kNormal};
  if (equals_folded(text, "pubsub")) return int64_t{kPubSub};
  for (const char* other : {"master", "slave", "replica", "primary"}) {
    if (equals_folded(text, other)) return int64_t{kNone};
  }
  return call.fail(std::string("ERR Unknown client type '").append(text).append("'"));
}

int64_t type_of(const Session& session) {
  return session.subscriptions != nullptr ? kPubSub : kNormal;
}

std::string_view ip_of(std::string_view address) {
  std::string_view ip = address.substr(0, address.rfind(':'));
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  return ip;
}

bool has_flags(const Session& session, std::string_view wanted) {
  const std::string flags = core::client_flags(session);
  return std::all_of(wanted.begin(), wanted.end(),
                     [&flags](char flag) { return flags.find(flag) != std::string::npos; });
}

Result<int64_t> positive_seconds(CommandCall& call, std::string_view text, std::string_view name) {
  const auto seconds = parse_i64(text);
  if (!seconds)
    return call.fail(std::string("ERR ").append(name).append(" is not an integer or out of range"));
  if (*seconds <= 0) return call.fail(std::string("ERR ").append(name).append(" should be greater than 0"));
  return *seconds;
}

}  // namespace

void ClientFilter::add(Condition condition) {
  std::erase_if(conditions_, [&condition](const Condition& other) {
    return other.kind == condition.kind && other.negated == condition.negated;
  });
  conditions_.push_back(std::move(condition));
}

void ClientFilter::only_address(std::string_view address) {
  add({.kind = Kind::kAddress, .text = address});
}

const std::vector<uint64_t>* ClientFilter::only_ids() const {
  const bool only = conditions_.size() == 1 && conditions_[0].kind == Kind::kId && !conditions_[0].negated;
  return only ? &conditions_[0].ids : nullptr;
}

// --- Reading

std::optional<ClientFilter::Condition> ClientFilter::named(std::string_view name) {
  constexpr std::pair<std::string_view, Kind> kNames[] = {
      {"ID", Kind::kId},
      {"TYPE", Kind::kType},
      {"USER", Kind::kUser},
      {"ADDR", Kind::kAddress},
      {"LADDR", Kind::kLocalAddress},
      {"IP", Kind::kIp},
      {"NAME", Kind::kName},
      {"LIB-NAME", Kind::kLibraryName},
      {"LIB-VER", Kind::kLibraryVersion},
      {"DB", Kind::kDb},
      {"FLAGS", Kind::kFlags},
      {"MAXAGE", Kind::kAge},
      {"IDLE", Kind::kIdle},
  };
  const bool negated = name.size() > 4 && equals_folded(name.substr(0, 4), "NOT-");
  if (negated) name.remove_prefix(4);
  for (const auto& [known, kind] : kNames) {
    if (!equals_folded(name, known)) continue;
    if (negated && (kind == Kind::kAge || kind == Kind::kIdle)) return std::nullopt;
    return Condition{.kind = kind, .negated = negated};
  }
  return std::nullopt;
}

Result<void> ClientFilter::read(CommandCall& call, Args& args) {
  std::optional<Condition> condition = named(args.peek());
  if (args.left() < 2 || !condition) return Error::kSyntax;
  args.skip(1);
  TRY_VOID(read_value(call, args, *condition));
  add(std::move(*condition));
  return {};
}

Result<void> ClientFilter::read_ids(CommandCall& call, Args& args, Condition& condition) {
  const bool lists = call.spec.name == "list";
  while (args.more()) {
    const auto id = parse_i64(args.peek());
    const bool is_next_filter = !id && !condition.ids.empty() &&
                                (!lists || named(args.peek()) || equals_folded(args.peek(), "SKIPME"));
    if (is_next_filter) return {};
    if (!id || (!lists && *id <= 0)) {
      return call.fail(lists ? "ERR Invalid client ID" : "ERR client-id should be greater than 0");
    }
    condition.ids.push_back(static_cast<uint64_t>(*id));
    args.skip(1);
  }
  return {};
}

Result<void> ClientFilter::read_value(CommandCall& call, Args& args, Condition& condition) {
  if (condition.kind == Kind::kId) return read_ids(call, args, condition);
  condition.text = args.text();
  switch (condition.kind) {
    case Kind::kType: {
      TRY(condition.number, parse_type(call, condition.text));
      break;
    }
    case Kind::kUser:
      if (call.server.acl.find(condition.text) == nullptr) {
        return call.fail(std::string("ERR No such user '").append(condition.text).append("'"));
      }
      break;
    case Kind::kDb: {
      const auto db = parse_i64(condition.text);
      if (!db || *db < 0 || *db >= call.server.config.settings().databases) return Error::kDbIndexOutOfRange;
      condition.number = *db;
      break;
    }
    case Kind::kAge: {
      TRY(condition.number, positive_seconds(call, condition.text, "maxage"));
      break;
    }
    case Kind::kIdle: {
      TRY(condition.number, positive_seconds(call, condition.text, "idle"));
      break;
    }
    case Kind::kId:
    case Kind::kAddress:
    case Kind::kLocalAddress:
    case Kind::kIp:
    case Kind::kName:
    case Kind::kLibraryName:
    case Kind::kLibraryVersion:
    case Kind::kFlags:
      break;
  }
  return {};
}

// --- Matching

bool ClientFilter::holds(const Condition& condition, const Session& session, MonoMs now) {
  switch (condition.kind) {
    case Kind::kId:
      return std::find(condition.ids.begin(), condition.ids.end(), session.id) != condition.ids.end();
    case Kind::kType:
      return type_of(session) == condition.number;
    case Kind::kUser:
      return session.user->name() == condition.text;
    case Kind::kAddress:
      return session.address == condition.text;
    case Kind::kLocalAddress:
      return session.local_address == condition.text;
    case Kind::kIp:
      return ip_of(session.address) == condition.text;
    case Kind::kName:
      return session.name == condition.text;
    case Kind::kLibraryName:
      return session.library_name == condition.text;
    case Kind::kLibraryVersion:
      return session.library_version == condition.text;
    case Kind::kDb:
      return session.db == condition.number;
    case Kind::kFlags:
      return has_flags(session, condition.text);
    case Kind::kAge:
      return (now - session.connected_at).count / 1000 >= condition.number;
    case Kind::kIdle:
      return (now - session.last_command_at).count / 1000 >= condition.number;
  }
  return false;
}

bool ClientFilter::matches(const Session& session, MonoMs now) const {
  return std::all_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
    return holds(condition, session, now) != condition.negated;
  });
}

}  // namespace sluice::commands
