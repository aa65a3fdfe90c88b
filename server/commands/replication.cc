// SPDX-License-Identifier: MIT
//
// What a client of a Redis with replicas may ask. There are none here: this is a master and stays one, and what waits
// for replicas waits in vain. WAITAOF waits for the log on this disk.
#include <algorithm>
#include <optional>
#include <string>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "server/commands/groups.h"
#include "server/core/args.h"
#include "server/core/config_text.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;

// --- WAIT, WAITAOF

// Milliseconds; 0 is for ever (nullopt).
Result<std::optional<Millis>> wait_argument(Args& args, UnixMs now) {
  const int64_t timeout = args.integer(Error::kTimeoutNotInteger);
  TRY_VOID(args.good());
  if (timeout < 0) return Error::kTimeoutNegative;
  if (timeout > INT64_MAX - now.count) return Error::kTimeoutOutOfRange;
  return timeout == 0 ? std::nullopt : std::optional(Millis{timeout});
}

Result<void> wait(CommandCall& call) {
  Args args(call.words);
  const int64_t replicas = args.integer();
  TRY(const auto timeout, wait_argument(args, call.stamp.now));
  if (replicas > 0 && call.may_block()) {
    call.block(core::WaitKind::kLog, {}, timeout);
  } else {
    call.reply.integer(0);
  }
  return {};
}

Result<void> waitaof(CommandCall& call) {
  Args args(call.words);
  const int64_t local = args.integer();
  if (!args.failed() && (local < 0 || local > 1)) {
    return call.fail("ERR value is out of range, value must between 0 and 1");
  }
  const int64_t replicas = args.integer(Error::kNotPositive);
  if (replicas < 0) args.fail(Error::kNotPositive);
  TRY(const auto timeout, wait_argument(args, call.stamp.now));
  const bool has_log = call.server.commit.log() != nullptr;
  if (local > 0 && !has_log) {
    return call.fail("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  }
  const bool durable = has_log && call.server.commit.durable_sequence() >= call.session.logged_sequence;
  const bool reached = replicas == 0 && (local == 0 || durable);
  if (!reached && call.may_block()) {
    call.block(core::WaitKind::kLog, {}, timeout);
    return {};
  }
  call.reply.array(2);
  call.reply.integer(durable ? 1 : 0);
  call.reply.integer(0);
  return {};
}

// --- Roles

Result<void> role(CommandCall& call) {
  call.reply.array(3);
  call.reply.bulk("master");
  call.reply.integer(0);
  call.reply.array(0);
  return {};
}

Result<void> replicaof(CommandCall& call) {
  Args args(call.words);
  if (args.accept("NO") && args.accept("ONE")) {
    call.reply.ok();  // it is nobody's replica as it is
    return {};
  }
  const auto port = parse_i64(call.words[2]);
  if (!port || *port < 0 || *port > 65535) return call.fail("ERR Invalid master port");
  return call.fail("ERR this server cannot be a replica");
}

constexpr std::string_view kNoReplicas = "ERR this server has no replicas";
constexpr size_t kAddressBytesMax = 255;

// What a replica says of itself before it asks for data is heard and forgotten.
Result<void> replconf(CommandCall& call) {
  if (call.words.size() % 2 == 0) return Error::kSyntax;
  for (size_t i = 1; i < call.words.size(); i += 2) {
    const auto is = [option = call.words[i]](std::string_view name) { return equals_folded(option, name); };
    const std::string_view value = call.words[i + 1];
    if (is("listening-port")) {
      if (!parse_i64(value)) return Error::kNotInteger;
    } else if (is("ip-address")) {
      if (value.size() > kAddressBytesMax)
        return call.fail("ERR REPLCONF ip-address provided by replica instance is too long: " +
                         std::to_string(value.size()) + " bytes");
    } else if (is("rdb-only")) {
      const auto number = parse_i64(value);
      if (!number) return Error::kNotInteger;
      if (*number < 0 || *number > 1)
        return call.fail("ERR value is out of range, value must between 0 and 1");
    } else if (is("rdb-filter-only")) {
      const auto filters = core::split_words(value);
      if (!filters) return call.fail("ERR Missing rdb-filter-only values");
      for (const std::string& filter : *filters) {
        if (!equals_folded(filter, "functions"))
          return call.fail("ERR Unsupported rdb-filter-only option: " + filter);
      }
    } else if (is("ack") || is("getack")) {
      return call.fail(kNoReplicas);  // Redis answers nothing, and a client would wait for it for ever
    } else if (!is("capa")) {
      return call.fail("ERR Unrecognized REPLCONF option: " + std::string(call.words[i]));
    }
  }
  call.reply.ok();
  return {};
}

Result<void> sync(CommandCall& call) {
  return call.fail(kNoReplicas);
}

Result<void> psync(CommandCall& call) {
  if (!parse_i64(call.words[2])) return Error::kNotInteger;
  return call.fail(kNoReplicas);
}

struct FailoverArguments {
  bool aborts = false;
};

Result<FailoverArguments> failover_arguments(CommandCall& call) {
  FailoverArguments arguments;
  Args args(call.words);
  if (args.left() == 1 && args.accept("ABORT")) return FailoverArguments{.aborts = true};
  bool timeout_given = false;
  bool host_given = false;
  bool force_given = false;
  while (args.more()) {
    if (!timeout_given && args.left() >= 2 && args.accept("TIMEOUT")) {
      timeout_given = true;
      const int64_t timeout = args.integer();
      TRY_VOID(args.good());
      if (timeout <= 0) return call.fail("ERR FAILOVER timeout must be greater than 0");
    } else if (!host_given && args.left() >= 3 && args.accept("TO")) {
      host_given = true;
      args.skip(1);
      args.integer();
      TRY_VOID(args.good());
    } else if (!force_given && args.accept("FORCE")) {
      force_given = true;
    } else {
      return Error::kSyntax;
    }
  }
  return arguments;
}

Result<void> failover(CommandCall& call) {
  TRY(const FailoverArguments arguments, failover_arguments(call));
  if (arguments.aborts) return call.fail("ERR No failover in progress.");
  return call.fail("ERR FAILOVER requires connected replicas.");
}

// --- Rows

constexpr uint32_t kReplicaFlags = core::kAdmin | core::kNoScript;

constexpr CommandSpec kRows[] = {
    {.name = "wait",
     .syntax = "numreplicas:integer timeout:integer",
     .handler = wait,
     .arity = Arity::exactly(3),
     .flags = core::kBlocking,
     .group = core::Group::kGeneric,
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Waits for replicas, of which there are none, until the timeout."},
    {.name = "waitaof",
     .syntax = "numlocal:integer numreplicas:integer timeout:integer",
     .handler = waitaof,
     .arity = Arity::exactly(4),
     .flags = core::kBlocking,
     .group = core::Group::kGeneric,
     .since = "7.2.0",
     .complexity = "O(1)",
     .summary = "Waits until what this connection has changed is on disk."},
    {.name = "role",
     .handler = role,
     .arity = Arity::exactly(1),
     .flags = core::kNoScript | core::kLoading | core::kStale | core::kFast | core::kDangerous,
     .group = core::Group::kServer,
     .since = "2.8.12",
     .complexity = "O(1)",
     .summary = "Tells that this server is a master without replicas."},
    {.name = "replicaof",
     .syntax = "arguments:<(host port:integer)|(<NO> <ONE>)>",
     .handler = replicaof,
     .arity = Arity::exactly(3),
     .flags = kReplicaFlags | core::kStale,
     .group = core::Group::kServer,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Accepts NO ONE; this server cannot be a replica."},
    {.name = "slaveof",
     .syntax = "arguments:<(host port:integer)|(<NO> <ONE>)>",
     .handler = replicaof,
     .arity = Arity::exactly(3),
     .flags = kReplicaFlags | core::kStale,
     .group = core::Group::kServer,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "The old name of REPLICAOF."},
    {.name = "replconf",
     .syntax = "[argument...]",
     .handler = replconf,
     .arity = Arity::at_least(1),
     .flags = kReplicaFlags | core::kLoading | core::kStale | core::kAllowBusy,
     .group = core::Group::kServer,
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "What a replica says of itself; it has no effect."},
    {.name = "psync",
     .syntax = "replicationid offset:integer [argument...]",
     .handler = psync,
     .arity = Arity::at_least(3),
     .flags = kReplicaFlags | core::kNoMulti,
     .group = core::Group::kServer,
     .since = "2.8.0",
     .complexity = "O(1)",
     .summary = "What a replica would begin with; refused."},
    {.name = "sync",
     .handler = sync,
     .arity = Arity::exactly(1),
     .flags = kReplicaFlags | core::kNoMulti,
     .group = core::Group::kServer,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "What an old replica would begin with; refused."},
    {.name = "failover",
     .syntax = "[TO target:(host port:integer [FORCE])] [ABORT] [TIMEOUT milliseconds:integer]",
     .handler = failover,
     .arity = Arity::at_least(1),
     .flags = kReplicaFlags | core::kStale,
     .group = core::Group::kServer,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Would make a replica the master; there are no replicas."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> replication_commands() {
  return kRows;
}

}  // namespace sluice::commands
