// SPDX-License-Identifier: MIT
//
// What a client asks a cluster. A server that is alone refuses all of it, in the words by which clients know that.
#include "server/commands/groups.h"
#include "server/core/command_call.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Arity;
using core::CommandCall;
using core::CommandSpec;

Result<void> refuse(CommandCall& call) {
  return call.fail("ERR This instance has cluster support disabled");
}

constexpr CommandSpec subcommand(std::string_view name, std::string_view syntax, Arity arity, uint32_t flags,
                                 std::string_view since) {
  return {.name = name,
          .syntax = syntax,
          .handler = refuse,
          .arity = arity,
          .flags = flags,
          .group = core::Group::kCluster,
          .since = since,
          .complexity = "O(1)",
          .summary = "Refused: there is no cluster."};
}

constexpr uint32_t kAsk = core::kStale;
constexpr uint32_t kChange = core::kAdmin | core::kStale;

constexpr CommandSpec kSubcommands[] = {
    subcommand("addslots", "slot:integer...", Arity::at_least(3), kChange, "3.0.0"),
    subcommand("addslotsrange", "(start-slot:integer end-slot:integer)...", Arity::at_least(4), kChange,
               "7.0.0"),
    subcommand("bumpepoch", "", Arity::exactly(2), kChange, "3.0.0"),
    subcommand("count-failure-reports", "node-id", Arity::exactly(3), kChange, "3.0.0"),
    subcommand("countkeysinslot", "slot:integer", Arity::exactly(3), kAsk, "3.0.0"),
    subcommand("delslots", "slot:integer...", Arity::at_least(3), kChange, "3.0.0"),
    subcommand("delslotsrange", "(start-slot:integer end-slot:integer)...", Arity::at_least(4), kChange,
               "7.0.0"),
    subcommand("failover", "options:[FORCE|TAKEOVER]", Arity::at_least(2), kChange, "3.0.0"),
    subcommand("flushslots", "", Arity::exactly(2), kChange, "3.0.0"),
    subcommand("forget", "node-id", Arity::exactly(3), kChange, "3.0.0"),
    subcommand("getkeysinslot", "slot:integer count:integer", Arity::exactly(4), kAsk, "3.0.0"),
    subcommand("help", "", Arity::exactly(2), core::kLoading | core::kStale, "5.0.0"),
    subcommand("info", "", Arity::exactly(2), kAsk, "3.0.0"),
    subcommand("keyslot", "key:string", Arity::exactly(3), kAsk, "3.0.0"),
    subcommand("links", "", Arity::exactly(2), kAsk, "7.0.0"),
    subcommand("meet", "ip port:integer [cluster-bus-port:integer]", Arity::at_least(4), kChange, "3.0.0"),
    subcommand("myid", "", Arity::exactly(2), kAsk, "3.0.0"),
    subcommand("myshardid", "", Arity::exactly(2), kAsk, "7.2.0"),
    subcommand("nodes", "", Arity::exactly(2), kAsk, "3.0.0"),
    subcommand("replicas", "node-id", Arity::exactly(3), kChange, "5.0.0"),
    subcommand("replicate", "node-id", Arity::exactly(3), kChange, "3.0.0"),
    subcommand("reset", "[HARD|SOFT]", Arity::at_least(2), kChange | core::kNoScript, "3.0.0"),
    subcommand("saveconfig", "", Arity::exactly(2), kChange, "3.0.0"),
    subcommand("set-config-epoch", "config-epoch:integer", Arity::exactly(3), kChange, "3.0.0"),
    subcommand("setslot", "slot:integer subcommand:<IMPORTING node-id|MIGRATING node-id|NODE node-id|STABLE>",
               Arity::at_least(4), kChange, "3.0.0"),
    subcommand("shards", "", Arity::exactly(2), kAsk, "7.0.0"),
    subcommand("slaves", "node-id", Arity::exactly(3), kChange, "3.0.0"),
    subcommand("slots", "", Arity::exactly(2), kAsk, "3.0.0"),
};
static_assert(core::well_formed(kSubcommands));

constexpr CommandSpec kRows[] = {
    {.name = "cluster",
     .arity = Arity::at_least(2),
     .group = core::Group::kCluster,
     .since = "3.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "What concerns a cluster, of which this server is none.",
     .subcommands = kSubcommands},
    {.name = "readonly",
     .handler = refuse,
     .arity = Arity::exactly(1),
     .flags = core::kLoading | core::kStale | core::kFast,
     .group = core::Group::kCluster,
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Refused: there is no cluster."},
    {.name = "readwrite",
     .handler = refuse,
     .arity = Arity::exactly(1),
     .flags = core::kLoading | core::kStale | core::kFast,
     .group = core::Group::kCluster,
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Refused: there is no cluster."},
    {.name = "asking",
     .handler = refuse,
     .arity = Arity::exactly(1),
     .flags = core::kFast,
     .group = core::Group::kCluster,
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Refused: there is no cluster."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> cluster_commands() {
  return kRows;
}

}  // namespace sluice::commands
