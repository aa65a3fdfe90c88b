// SPDX-License-Identifier: MIT
#include "server/commands/command_history.h"

#include <algorithm>

namespace sluice::commands {
namespace {

constexpr CommandChange kAclGetuser[] = {{"6.2.0", "Patterns of channels."},
                                         {"7.0.0", "Selectors, and patterns as the rules that make them."}};
constexpr CommandChange kAclSetuser[] = {{"6.2.0", "Patterns of channels."},
                                         {"7.0.0", "Selectors, and keys by kind of access."}};
constexpr CommandChange kAuth[] = {{"6.0.0", "A user's name may come before the password."}};
constexpr CommandChange kBgsave[] = {{"3.2.2", "SCHEDULE."}};
constexpr CommandChange kBitcount[] = {{"7.0.0", "BYTE and BIT."}};
constexpr CommandChange kBitpos[] = {{"7.0.0", "BYTE and BIT."}};
constexpr CommandChange kBlpop[] = {{"6.0.0", "The timeout may have a fraction."}};
constexpr CommandChange kBrpop[] = {{"6.0.0", "The timeout may have a fraction."}};
constexpr CommandChange kBrpoplpush[] = {{"6.0.0", "The timeout may have a fraction."}};
constexpr CommandChange kBzpopmax[] = {{"6.0.0", "The timeout may have a fraction."}};
constexpr CommandChange kBzpopmin[] = {{"6.0.0", "The timeout may have a fraction."}};
constexpr CommandChange kClientKill[] = {{"2.8.12", "Filters instead of an address."},
                                         {"2.8.12", "ID."},
                                         {"3.2.0", "TYPE master."},
                                         {"5.0.0", "TYPE replica, which slave still stands for."},
                                         {"6.2.0", "LADDR."}};
constexpr CommandChange kClientList[] = {{"2.8.12", "id."},
                                         {"5.0.0", "TYPE."},
                                         {"6.0.0", "user."},
                                         {"6.2.0", "argv-mem, tot-mem, laddr and redir, and the filter ID."},
                                         {"7.0.0", "resp, multi-mem, rbs and rbp."},
                                         {"7.0.3", "ssub."}};
constexpr CommandChange kClientPause[] = {{"6.2.0", "WRITE and ALL."}};
constexpr CommandChange kClusterMeet[] = {{"4.0.0", "A port for the bus may follow."}};
constexpr CommandChange kClusterSlots[] = {{"4.0.0", "Tells IDs of nodes."},
                                           {"7.0.0", "Tells more of their network."}};
constexpr CommandChange kCommandInfo[] = {{"7.0.0", "Without a name it tells of all commands."}};
constexpr CommandChange kConfigGet[] = {{"7.0.0", "Takes several patterns."}};
constexpr CommandChange kConfigSet[] = {{"7.0.0", "Sets several directives at once."}};
constexpr CommandChange kExists[] = {{"3.0.3", "Takes several keys."}};
constexpr CommandChange kExpire[] = {{"7.0.0", "NX, XX, GT and LT."}};
constexpr CommandChange kExpireat[] = {{"7.0.0", "NX, XX, GT and LT."}};
constexpr CommandChange kFlushall[] = {{"4.0.0", "ASYNC."}, {"6.2.0", "SYNC."}};
constexpr CommandChange kFlushdb[] = {{"4.0.0", "ASYNC."}, {"6.2.0", "SYNC."}};
constexpr CommandChange kHdel[] = {{"2.4.0", "Takes several fields."}};
constexpr CommandChange kHello[] = {
    {"6.2.0", "The version may be left out, which asks without changing it."}};
constexpr CommandChange kHset[] = {{"4.0.0", "Takes several pairs."}};
constexpr CommandChange kInfo[] = {{"7.0.0", "Takes several sections."}};
constexpr CommandChange kLpop[] = {{"6.2.0", "A count may follow."}};
constexpr CommandChange kLpush[] = {{"2.4.0", "Takes several elements."}};
constexpr CommandChange kLpushx[] = {{"4.0.0", "Takes several elements."}};
constexpr CommandChange kPexpire[] = {{"7.0.0", "NX, XX, GT and LT."}};
constexpr CommandChange kPexpireat[] = {{"7.0.0", "NX, XX, GT and LT."}};
constexpr CommandChange kPttl[] = {{"2.8.0", "Replies -2 where there is no key."}};
constexpr CommandChange kRenamenx[] = {{"3.2.0", "Source and destination may be the same key."}};
constexpr CommandChange kRestore[] = {
    {"3.0.0", "REPLACE."}, {"5.0.0", "ABSTTL."}, {"5.0.0", "IDLETIME and FREQ."}};
constexpr CommandChange kRpop[] = {{"6.2.0", "A count may follow."}};
constexpr CommandChange kRpush[] = {{"2.4.0", "Takes several elements."}};
constexpr CommandChange kRpushx[] = {{"4.0.0", "Takes several elements."}};
constexpr CommandChange kSadd[] = {{"2.4.0", "Takes several members."}};
constexpr CommandChange kScan[] = {{"6.0.0", "TYPE."}};
constexpr CommandChange kScriptFlush[] = {{"6.2.0", "ASYNC and SYNC."}};
constexpr CommandChange kSet[] = {{"2.6.12", "EX, PX, NX and XX."},
                                  {"6.0.0", "KEEPTTL."},
                                  {"6.2.0", "GET, EXAT and PXAT."},
                                  {"7.0.0", "NX and GET go together."}};
constexpr CommandChange kShutdown[] = {{"7.0.0", "NOW, FORCE and ABORT."}};
constexpr CommandChange kSlowlogGet[] = {{"4.0.0", "Tells the client's address and name."}};
constexpr CommandChange kSpop[] = {{"3.2.0", "A count may follow."}};
constexpr CommandChange kSrandmember[] = {{"2.6.0", "A count may follow."}};
constexpr CommandChange kSrem[] = {{"2.4.0", "Takes several members."}};
constexpr CommandChange kTtl[] = {{"2.8.0", "Replies -2 where there is no key."}};
constexpr CommandChange kXadd[] = {{"6.2.0", "NOMKSTREAM, MINID and LIMIT."},
                                   {"7.0.0", "IDs of the form ms-*."}};
constexpr CommandChange kXautoclaim[] = {
    {"7.0.0", "Tells which IDs were dropped because their entries are gone."}};
constexpr CommandChange kXgroupCreate[] = {{"7.0.0", "ENTRIESREAD."}};
constexpr CommandChange kXgroupSetid[] = {{"7.0.0", "ENTRIESREAD."}};
constexpr CommandChange kXinfoConsumers[] = {{"7.2.0", "inactive."}};
constexpr CommandChange kXinfoGroups[] = {{"7.0.0", "entries-read and lag."}};
constexpr CommandChange kXinfoStream[] = {
    {"6.0.0", "FULL."},
    {"7.0.0", "max-deleted-entry-id, entries-added, recorded-first-entry-id, entries-read and lag."}};
constexpr CommandChange kXpending[] = {{"6.2.0", "IDLE, and bounds can be exclusive."}};
constexpr CommandChange kXrange[] = {{"6.2.0", "Bounds can be exclusive."}};
constexpr CommandChange kXrevrange[] = {{"6.2.0", "Bounds can be exclusive."}};
constexpr CommandChange kXsetid[] = {{"7.0.0", "ENTRIESADDED and MAXDELETEDID."}};
constexpr CommandChange kXtrim[] = {{"6.2.0", "MINID and LIMIT."}};
constexpr CommandChange kZadd[] = {
    {"2.4.0", "Takes several members."}, {"3.0.2", "XX, NX, CH and INCR."}, {"6.2.0", "GT and LT."}};
constexpr CommandChange kZrange[] = {{"6.2.0", "REV, BYSCORE, BYLEX and LIMIT."}};
constexpr CommandChange kZrangebyscore[] = {{"2.0.0", "WITHSCORES."}};
constexpr CommandChange kZrem[] = {{"2.4.0", "Takes several members."}};
constexpr CommandChange kZrevrangebyscore[] = {{"2.1.6", "Bounds can be exclusive."}};

// By name, for the search.
constexpr CommandHistory kHistories[] = {
    {"acl|getuser", "", "", kAclGetuser},
    {"acl|setuser", "", "", kAclSetuser},
    {"auth", "", "", kAuth},
    {"bgsave", "", "", kBgsave},
    {"bitcount", "", "", kBitcount},
    {"bitpos", "", "", kBitpos},
    {"blpop", "", "", kBlpop},
    {"brpop", "", "", kBrpop},
    {"brpoplpush", "6.2.0", "`BLMOVE` with `RIGHT` and `LEFT`", kBrpoplpush},
    {"bzpopmax", "", "", kBzpopmax},
    {"bzpopmin", "", "", kBzpopmin},
    {"client|kill", "", "", kClientKill},
    {"client|list", "", "", kClientList},
    {"client|pause", "", "", kClientPause},
    {"cluster|meet", "", "", kClusterMeet},
    {"cluster|slaves", "5.0.0", "`CLUSTER REPLICAS`", {}},
    {"cluster|slots", "7.0.0", "`CLUSTER SHARDS`", kClusterSlots},
    {"command|info", "", "", kCommandInfo},
    {"config|get", "", "", kConfigGet},
    {"config|set", "", "", kConfigSet},
    {"exists", "", "", kExists},
    {"expire", "", "", kExpire},
    {"expireat", "", "", kExpireat},
    {"flushall", "", "", kFlushall},
    {"flushdb", "", "", kFlushdb},
    {"getset", "6.2.0", "`SET` with `GET`", {}},
    {"hdel", "", "", kHdel},
    {"hello", "", "", kHello},
    {"hmset", "4.0.0", "`HSET` with several pairs", {}},
    {"hset", "", "", kHset},
    {"info", "", "", kInfo},
    {"lpop", "", "", kLpop},
    {"lpush", "", "", kLpush},
    {"lpushx", "", "", kLpushx},
    {"pexpire", "", "", kPexpire},
    {"pexpireat", "", "", kPexpireat},
    {"pttl", "", "", kPttl},
    {"quit", "7.2.0", "closing the connection", {}},
    {"renamenx", "", "", kRenamenx},
    {"restore", "", "", kRestore},
    {"rpop", "", "", kRpop},
    {"rpoplpush", "6.2.0", "`LMOVE` with `RIGHT` and `LEFT`", {}},
    {"rpush", "", "", kRpush},
    {"rpushx", "", "", kRpushx},
    {"sadd", "", "", kSadd},
    {"scan", "", "", kScan},
    {"script|flush", "", "", kScriptFlush},
    {"set", "", "", kSet},
    {"shutdown", "", "", kShutdown},
    {"slaveof", "5.0.0", "`REPLICAOF`", {}},
    {"slowlog|get", "", "", kSlowlogGet},
    {"spop", "", "", kSpop},
    {"srandmember", "", "", kSrandmember},
    {"srem", "", "", kSrem},
    {"substr", "2.0.0", "`GETRANGE`", {}},
    {"ttl", "", "", kTtl},
    {"xadd", "", "", kXadd},
    {"xautoclaim", "", "", kXautoclaim},
    {"xgroup|create", "", "", kXgroupCreate},
    {"xgroup|setid", "", "", kXgroupSetid},
    {"xinfo|consumers", "", "", kXinfoConsumers},
    {"xinfo|groups", "", "", kXinfoGroups},
    {"xinfo|stream", "", "", kXinfoStream},
    {"xpending", "", "", kXpending},
    {"xrange", "", "", kXrange},
    {"xrevrange", "", "", kXrevrange},
    {"xsetid", "", "", kXsetid},
    {"xtrim", "", "", kXtrim},
    {"zadd", "", "", kZadd},
    {"zrange", "", "", kZrange},
    {"zrangebylex", "6.2.0", "`ZRANGE` with `BYLEX`", {}},
    {"zrangebyscore", "6.2.0", "`ZRANGE` with `BYSCORE`", kZrangebyscore},
    {"zrem", "", "", kZrem},
    {"zrevrange", "6.2.0", "`ZRANGE` with `REV`", {}},
    {"zrevrangebylex", "6.2.0", "`ZRANGE` with `REV` and `BYLEX`", {}},
    {"zrevrangebyscore", "6.2.0", "`ZRANGE` with `REV` and `BYSCORE`", kZrevrangebyscore},
};

constexpr CommandTips kTips[] = {
    {"client|info", "nondeterministic_output"},
    {"client|list", "nondeterministic_output"},
    {"cluster|bumpepoch", "nondeterministic_output"},
    {"cluster|count-failure-reports", "nondeterministic_output"},
    {"cluster|getkeysinslot", "nondeterministic_output"},
    {"cluster|info", "nondeterministic_output"},
    {"cluster|links", "nondeterministic_output"},
    {"cluster|nodes", "nondeterministic_output"},
    {"cluster|replicas", "nondeterministic_output"},
    {"cluster|shards", "nondeterministic_output"},
    {"cluster|slaves", "nondeterministic_output"},
    {"cluster|slots", "nondeterministic_output"},
    {"command", "nondeterministic_output_order"},
    {"command|docs", "nondeterministic_output_order"},
    {"command|info", "nondeterministic_output_order"},
    {"command|list", "nondeterministic_output_order"},
    {"config|set", "request_policy:all_nodes response_policy:all_succeeded"},
    {"dbsize", "request_policy:all_shards response_policy:agg_sum"},
    {"del", "request_policy:multi_shard response_policy:agg_sum"},
    {"dump", "nondeterministic_output"},
    {"exists", "request_policy:multi_shard response_policy:agg_sum"},
    {"flushall", "request_policy:all_shards response_policy:all_succeeded"},
    {"flushdb", "request_policy:all_shards response_policy:all_succeeded"},
    {"function|delete", "request_policy:all_shards response_policy:all_succeeded"},
    {"function|flush", "request_policy:all_shards response_policy:all_succeeded"},
    {"function|kill", "request_policy:all_shards response_policy:one_succeeded"},
    {"function|list", "nondeterministic_output_order"},
    {"function|load", "request_policy:all_shards response_policy:all_succeeded"},
    {"function|restore", "request_policy:all_shards response_policy:all_succeeded"},
    {"function|stats", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"hgetall", "nondeterministic_output_order"},
    {"hkeys", "nondeterministic_output_order"},
    {"hrandfield", "nondeterministic_output"},
    {"hscan", "nondeterministic_output"},
    {"hvals", "nondeterministic_output_order"},
    {"info", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"keys", "request_policy:all_shards nondeterministic_output_order"},
    {"lastsave", "nondeterministic_output"},
    {"latency|doctor", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"latency|graph", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"latency|histogram", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"latency|history", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"latency|latest", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"latency|reset", "request_policy:all_nodes response_policy:all_succeeded"},
    {"memory|doctor", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"memory|malloc-stats", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"memory|purge", "request_policy:all_shards response_policy:all_succeeded"},
    {"memory|stats", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"mget", "request_policy:multi_shard"},
    {"module|list", "nondeterministic_output_order"},
    {"mset", "request_policy:multi_shard response_policy:all_succeeded"},
    {"msetnx", "request_policy:multi_shard response_policy:agg_min"},
    {"object|encoding", "nondeterministic_output"},
    {"object|freq", "nondeterministic_output"},
    {"object|idletime", "nondeterministic_output"},
    {"object|refcount", "nondeterministic_output"},
    {"ping", "request_policy:all_shards response_policy:all_succeeded"},
    {"pttl", "nondeterministic_output"},
    {"randomkey", "request_policy:all_shards nondeterministic_output"},
    {"scan", "nondeterministic_output request_policy:special"},
    {"script|exists", "request_policy:all_shards response_policy:agg_logical_and"},
    {"script|flush", "request_policy:all_nodes response_policy:all_succeeded"},
    {"script|kill", "request_policy:all_shards response_policy:one_succeeded"},
    {"script|load", "request_policy:all_nodes response_policy:all_succeeded"},
    {"sdiff", "nondeterministic_output_order"},
    {"sinter", "nondeterministic_output_order"},
    {"slowlog|get", "request_policy:all_nodes nondeterministic_output"},
    {"slowlog|len", "request_policy:all_nodes response_policy:agg_sum nondeterministic_output"},
    {"slowlog|reset", "request_policy:all_nodes response_policy:all_succeeded"},
    {"smembers", "nondeterministic_output_order"},
    {"spop", "nondeterministic_output"},
    {"srandmember", "nondeterministic_output"},
    {"sscan", "nondeterministic_output"},
    {"sunion", "nondeterministic_output_order"},
    {"time", "nondeterministic_output"},
    {"touch", "request_policy:multi_shard response_policy:agg_sum"},
    {"ttl", "nondeterministic_output"},
    {"unlink", "request_policy:multi_shard response_policy:agg_sum"},
    {"wait", "request_policy:all_shards response_policy:agg_min"},
    {"xadd", "nondeterministic_output"},
    {"xautoclaim", "nondeterministic_output"},
    {"xclaim", "nondeterministic_output"},
    {"xinfo|consumers", "nondeterministic_output"},
    {"xpending", "nondeterministic_output"},
    {"xtrim", "nondeterministic_output"},
    {"zrandmember", "nondeterministic_output"},
    {"zscan", "nondeterministic_output"},
};

template <typename Row>
const Row* find_row(std::span<const Row> rows, std::string_view name) {
  const auto row = std::lower_bound(rows.begin(), rows.end(), name,
                                    [](const Row& row, std::string_view name) { return row.name < name; });
  return row == rows.end() || row->name != name ? nullptr : &*row;
}

template <typename Row>
constexpr bool in_order(std::span<const Row> rows) {
  return std::is_sorted(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.name < b.name; });
}
static_assert(in_order(std::span<const CommandHistory>(kHistories)) &&
              in_order(std::span<const CommandTips>(kTips)));

}  // namespace

const CommandHistory* history_of(std::string_view full_name) {
  return find_row(all_histories(), full_name);
}

std::string_view tips_of(std::string_view full_name) {
  const CommandTips* const row = find_row(all_tips(), full_name);
  return row == nullptr ? std::string_view() : row->tips;
}

std::span<const CommandHistory> all_histories() {
  return kHistories;
}

std::span<const CommandTips> all_tips() {
  return kTips;
}

}  // namespace sluice::commands
