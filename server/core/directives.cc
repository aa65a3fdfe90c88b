// SPDX-License-Identifier: MIT
//
// The rows of what takes effect. Those that are only accepted, or refused, are in directives_unused.cc.
#include "server/core/directives.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/keyspace.h"
#include "server/core/directive_checks.h"
#include "server/core/directives_unused.h"

namespace sluice::core {
namespace {

using enum DirectiveKind;

constexpr bool kRunTime = true;
constexpr int64_t kMegabyte = 1 << 20;

template <auto Settings::*member>
constexpr EnumerationMember enumeration() {
  using Enumeration = std::remove_reference_t<decltype(std::declval<Settings&>().*member)>;
  return {
      [](Settings& settings, size_t enumerator) { settings.*member = static_cast<Enumeration>(enumerator); },
      [](const Settings& settings) { return static_cast<size_t>(settings.*member); }};
}

constexpr Directive kDirectives[] = {
    // --- Network
    {.name = "bind",
     .section = Section::kNetwork,
     .kind = kWords,
     .initial = "127.0.0.1 -::1",
     .at_run_time = kRunTime,
     .member = &Settings::bind,
     .check = check_addresses,
     .doc = "Addresses to listen on; * is all of IPv4, ::* all of IPv6. An address that begins with - may be "
            "missing "
            "on this machine."},
    {.name = "port",
     .section = Section::kNetwork,
     .kind = kInteger,
     .initial = "6379",
     .max = 65535,
     .at_run_time = kRunTime,
     .member = &Settings::port,
     .doc = "TCP port; 0 listens on no TCP address."},
    {.name = "unixsocket",
     .section = Section::kNetwork,
     .kind = kText,
     .member = &Settings::unixsocket,
     .doc = "Path of a Unix socket to listen on as well."},
    {.name = "unixsocketperm",
     .section = Section::kNetwork,
     .kind = kOctal,
     .initial = "0",
     .max = 0777,
     .member = &Settings::unixsocketperm,
     .doc = "Permissions of the Unix socket, in octal; 0 leaves them as the umask makes them."},
    {.name = "protected-mode",
     .section = Section::kNetwork,
     .kind = kBoolean,
     .initial = "yes",
     .at_run_time = kRunTime,
     .member = &Settings::protected_mode,
     .doc = "While there is no password, refuse clients from other machines."},
    {.name = "tcp-backlog",
     .section = Section::kNetwork,
     .kind = kInteger,
     .initial = "511",
     .max = 65535,
     .member = &Settings::tcp_backlog,
     .doc = "Connections that may wait to be accepted; the kernel may allow fewer."},
    {.name = "tcp-keepalive",
     .section = Section::kNetwork,
     .kind = kInteger,
     .initial = "300",
     .max = INT32_MAX,
     .at_run_time = kRunTime,
     .member = &Settings::tcp_keepalive,
     .doc = "Seconds of silence after which the kernel asks whether the other side is still there; 0 never "
            "asks."},

    // --- Clients
    {.name = "maxclients",
     .section = Section::kClients,
     .kind = kInteger,
     .initial = "10000",
     .min = 1,
     .max = UINT32_MAX,
     .at_run_time = kRunTime,
     .member = &Settings::maxclients,
     .doc = "Clients at a time; more are told so and closed."},
    {.name = "timeout",
     .section = Section::kClients,
     .kind = kInteger,
     .initial = "0",
     .max = INT32_MAX,
     .at_run_time = kRunTime,
     .member = &Settings::timeout,
     .doc = "Seconds after which a client that says nothing and waits for nothing is closed; 0 never closes "
            "one."},
    {.name = "requirepass",
     .section = Section::kClients,
     .kind = kText,
     .at_run_time = kRunTime,
     .member = &Settings::requirepass,
     .doc = "Password that clients must give with AUTH or HELLO before anything else."},
    {.name = "proto-max-bulk-len",
     .section = Section::kClients,
     .kind = kMemory,
     .initial = "512mb",
     .min = kMegabyte,
     .at_run_time = kRunTime,
     .member = &Settings::proto_max_bulk_len,
     .doc = "Largest single argument of a command."},
    {.name = "client-query-buffer-limit",
     .section = Section::kClients,
     .kind = kMemory,
     .initial = "1gb",
     .min = kMegabyte,
     .at_run_time = kRunTime,
     .member = &Settings::client_query_buffer_limit,
     .doc = "Bytes that a client may have sent and that are not executed yet; one with more is closed."},
    {.name = "client-output-buffer-limit",
     .section = Section::kClients,
     .kind = kOutputLimits,
     .initial = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
     .at_run_time = kRunTime,
     .member = &Settings::client_output_buffer_limit,
     .doc = "Bytes that a client may leave unread, by class (normal, replica, pubsub): closed at once from "
            "the first "
            "number on, or when it had more than the second for longer than the third, in seconds. 0 sets no "
            "limit, but nobody may have more than a gigabyte."},
    {.name = "tracking-table-max-keys",
     .section = Section::kClients,
     .kind = kInteger,
     .initial = "1000000",
     .at_run_time = kRunTime,
     .member = &Settings::tracking_table_max_keys,
     .doc = "Keys remembered for clients that track what they read; of more, some are given up, and their "
            "readers "
            "told to forget them. 0 sets no bound."},
    {.name = "enable-debug-command",
     .section = Section::kClients,
     .kind = kEnumeration,
     .initial = "no",
     .choices = "no local yes",
     .member = enumeration<&Settings::enable_debug_command>(),
     .doc = "Who may use DEBUG: nobody, clients of this machine, everybody."},

    // --- General
    {.name = "dir",
     .section = Section::kGeneral,
     .kind = kText,
     .initial = ".",
     .guarded = true,
     .member = &Settings::dir,
     .doc = "Working directory; the log lies in it. It is made if it is missing."},
    {.name = "databases",
     .section = Section::kGeneral,
     .kind = kInteger,
     .initial = "16",
     .min = 1,
     .max = kDatabases,
     .member = &Settings::databases,
     .doc = "How many numbered databases SELECT knows, 16 at the most."},
    {.name = "daemonize",
     .section = Section::kGeneral,
     .kind = kBoolean,
     .initial = "no",
     .member = &Settings::daemonize,
     .doc = "Go on in the background, away from the terminal."},
    {.name = "pidfile",
     .section = Section::kGeneral,
     .kind = kText,
     .member = &Settings::pidfile,
     .doc = "File that holds the process id while the server runs."},
    {.name = "loglevel",
     .section = Section::kGeneral,
     .kind = kEnumeration,
     .initial = "notice",
     .choices = "debug verbose notice warning nothing",
     .at_run_time = kRunTime,
     .member = enumeration<&Settings::loglevel>(),
     .doc = "How much the server tells of what it does: debug, verbose, notice, warning or nothing."},
    {.name = "logfile",
     .section = Section::kGeneral,
     .kind = kText,
     .member = &Settings::logfile,
     .doc = "File to tell it to; standard output if there is none."},
    {.name = "user",
     .section = Section::kGeneral,
     .kind = kLines,
     .initial = "default on nopass ~* &* +@all",
     .member = &Settings::users,
     .doc =
         "A user and what he may do: user NAME RULE ..., with the rules of ACL SETUSER; one line for each."},
    {.name = "aclfile",
     .section = Section::kGeneral,
     .kind = kText,
     .member = &Settings::aclfile,
     .doc = "File that holds the users instead, as lines like those; ACL LOAD reads it again, ACL SAVE "
            "writes it."},
    {.name = "acl-pubsub-default",
     .section = Section::kGeneral,
     .kind = kEnumeration,
     .initial = "resetchannels",
     .choices = "allchannels resetchannels",
     .at_run_time = kRunTime,
     .member = enumeration<&Settings::acl_pubsub_default>(),
     .doc = "Whether a new user may use no channel or all of them."},
    {.name = "acllog-max-len",
     .section = Section::kGeneral,
     .kind = kInteger,
     .initial = "128",
     .at_run_time = kRunTime,
     .member = &Settings::acllog_max_len,
     .doc = "How many denials ACL LOG keeps."},
    {.name = "supervised",
     .section = Section::kGeneral,
     .kind = kEnumeration,
     .initial = "no",
     .choices = "no upstart systemd auto",
     .member = enumeration<&Settings::supervised>(),
     .doc = "Tell who started the server when it is ready and when it ends: systemd, by its socket; auto, if "
            "there is "
            "one. upstart is gone and told nothing."},
    {.name = "syslog-enabled",
     .section = Section::kGeneral,
     .kind = kBoolean,
     .initial = "no",
     .member = &Settings::syslog_enabled,
     .doc = "Tell it to the system's log too."},
    {.name = "syslog-ident",
     .section = Section::kGeneral,
     .kind = kText,
     .initial = "sluice",
     .member = &Settings::syslog_ident,
     .doc = "Under which name."},
    {.name = "syslog-facility",
     .section = Section::kGeneral,
     .kind = kEnumeration,
     .initial = "local0",
     .choices = "local0 local1 local2 local3 local4 local5 local6 local7 user",
     .member = enumeration<&Settings::syslog_facility>(),
     .doc = "Under which facility: user, or local0 to local7."},
    {.name = "rename-command",
     .section = Section::kGeneral,
     .kind = kWords,
     .adds_up = true,
     .keeps_empty_words = true,
     .member = &Settings::renamed_commands,
     .check = check_renames,
     .doc = "A command and the name that clients must call it by; \"\" for the name takes it away. The log "
            "has the "
            "command's own name. Several lines rename several."},
    {.name = "notify-keyspace-events",
     .section = Section::kGeneral,
     .kind = kEventClasses,
     .at_run_time = kRunTime,
     .member = &Settings::notify_keyspace_events,
     .doc = "Changes that are published: K and E choose the channels (by key, by event), g $ l s h z x e t d "
            "the kinds of event, A stands for all of these; m (a key was not found), n (a new key), o (a "
            "value was "
            "overwritten), c (by one of another type) are beside it. Empty publishes none."},
    {.name = "slowlog-log-slower-than",
     .section = Section::kGeneral,
     .kind = kInteger,
     .initial = "10000",
     .min = -1,
     .at_run_time = kRunTime,
     .member = &Settings::slowlog_log_slower_than,
     .doc = "Microseconds from which on a command is noted by SLOWLOG; 0 notes all, -1 none."},
    {.name = "slowlog-max-len",
     .section = Section::kGeneral,
     .kind = kInteger,
     .initial = "128",
     .at_run_time = kRunTime,
     .member = &Settings::slowlog_max_len,
     .doc = "How many of them are kept."},
    {.name = "latency-monitor-threshold",
     .section = Section::kGeneral,
     .kind = kInteger,
     .initial = "0",
     .at_run_time = kRunTime,
     .member = &Settings::latency_monitor_threshold,
     .doc = "Milliseconds from which on what keeps clients waiting is noted by LATENCY; 0 notes nothing."},
    {.name = "latency-tracking",
     .section = Section::kGeneral,
     .kind = kBoolean,
     .initial = "yes",
     .at_run_time = kRunTime,
     .member = &Settings::latency_tracking,
     .doc = "Count how long the calls of each command take, for INFO latencystats and LATENCY HISTOGRAM."},
    {.name = "latency-tracking-info-percentiles",
     .section = Section::kGeneral,
     .kind = kWords,
     .initial = "50 99 99.9",
     .at_run_time = kRunTime,
     .member = &Settings::latency_tracking_info_percentiles,
     .check = check_percentiles,
     .doc = "Which percentiles INFO latencystats tells."},
    {.name = "busy-reply-threshold",
     .alias = "lua-time-limit",
     .section = Section::kGeneral,
     .kind = kInteger,
     .initial = "5000",
     .at_run_time = kRunTime,
     .member = &Settings::busy_reply_threshold,
     .doc = "Milliseconds that a script may run before it counts as stuck; 0 lets it run for ever."},

    // --- Memory
    {.name = "maxmemory",
     .section = Section::kMemory,
     .kind = kMemory,
     .initial = "0",
     .max = kAllBits,
     .at_run_time = kRunTime,
     .member = &Settings::maxmemory,
     .doc = "Bytes from which on commands that take memory are refused; 0 sets no limit."},
    {.name = "maxmemory-policy",
     .section = Section::kMemory,
     .kind = kEnumeration,
     .initial = "noeviction",
     .choices = "noeviction",
     .choices_ignored =
         "volatile-lru allkeys-lru volatile-lfu allkeys-lfu volatile-random allkeys-random volatile-ttl",
     .at_run_time = kRunTime,
     .member = enumeration<&Settings::maxmemory_policy>(),
     .doc =
         "What happens when maxmemory is reached. A queue throws no message away, so there is one choice."},

    // --- Log
    {.name = "appendonly",
     .section = Section::kLog,
     .kind = kBoolean,
     .initial = "yes",
     .at_run_time = kRunTime,
     .member = &Settings::appendonly,
     .doc = "Keep a log of all changes, and come back from it. With no, a restart forgets everything."},
    {.name = "appendfsync",
     .section = Section::kLog,
     .kind = kEnumeration,
     .initial = "everysec",
     .choices = "everysec always no",
     .at_run_time = kRunTime,
     .member = enumeration<&Settings::appendfsync>(),
     .doc = "When what was logged is on the disk. always: before the reply leaves, so what a client was told "
            "survives a power cut. everysec: at most a second or two later. no: when the kernel likes. The "
            "end of "
            "the process alone loses nothing under any of them."},
    {.name = "appenddirname",
     .section = Section::kLog,
     .kind = kFileName,
     .initial = "appendonlydir",
     .member = &Settings::appenddirname,
     .doc = "Directory of the log's files, inside dir."},
    {.name = "appendfilename",
     .section = Section::kLog,
     .kind = kFileName,
     .initial = "appendonly.aof",
     .member = &Settings::appendfilename,
     .doc = "What the names of the log's files begin with."},
    {.name = "auto-aof-rewrite-percentage",
     .section = Section::kLog,
     .kind = kInteger,
     .initial = "100",
     .max = INT32_MAX,
     .at_run_time = kRunTime,
     .member = &Settings::auto_aof_rewrite_percentage,
     .doc = "Growth of the log since the last rewrite, in percent, that starts the next; 0 never does."},
    {.name = "auto-aof-rewrite-min-size",
     .section = Section::kLog,
     .kind = kMemory,
     .initial = "64mb",
     .at_run_time = kRunTime,
     .member = &Settings::auto_aof_rewrite_min_size,
     .doc = "A smaller log is not rewritten by itself."},
    {.name = "aof-load-truncated",
     .section = Section::kLog,
     .kind = kBoolean,
     .initial = "yes",
     .at_run_time = kRunTime,
     .member = &Settings::aof_load_truncated,
     .doc = "Start from a log whose end was cut short by a crash, and say how much was cut off; no refuses "
            "to start."},

    // --- Structures
    {.name = "stream-node-max-entries",
     .section = Section::kStructures,
     .kind = kInteger,
     .initial = "100",
     .at_run_time = kRunTime,
     .member = &Settings::stream_node_max_entries,
     .doc = "How coarsely XADD and XTRIM with ~ may trim, in entries; 0 sets no limit."},
    {.name = "stream-node-max-bytes",
     .section = Section::kStructures,
     .kind = kMemory,
     .initial = "4096",
     .at_run_time = kRunTime,
     .member = &Settings::stream_node_max_bytes,
     .doc = "The same in bytes."},
    {.name = "stream-idmp-duration",
     .section = Section::kStructures,
     .kind = kInteger,
     .initial = "100",
     .min = 1,
     .max = 86400,
     .at_run_time = kRunTime,
     .member = &Settings::stream_idmp_duration,
     .doc =
         "For how many seconds a stream remembers what XADD added with IDMP, unless XCFGSET says otherwise."},
    {.name = "stream-idmp-maxsize",
     .section = Section::kStructures,
     .kind = kInteger,
     .initial = "100",
     .min = 1,
     .max = 10000,
     .at_run_time = kRunTime,
     .member = &Settings::stream_idmp_maxsize,
     .doc = "How many of its latest entries of each producer, likewise."},
};

}  // namespace

std::span<const Directive> directives() {
  static const std::vector<Directive> all = [] {
    std::vector<Directive> rows(std::begin(kDirectives), std::end(kDirectives));
    const auto more = unused_directives();
    rows.insert(rows.end(), more.begin(), more.end());
    return rows;
  }();
  return all;
}

std::optional<size_t> find_directive(std::string_view name) {
  const auto rows = directives();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (equals_folded(rows[i].name, name)) return i;
    if (!rows[i].alias.empty() && equals_folded(rows[i].alias, name)) return i;
  }
  return std::nullopt;
}

bool is_secret(std::string_view name) {
  constexpr std::string_view kSecrets[] = {"requirepass", "masterauth", "masteruser", "tls-key-file-pass"};
  return std::any_of(std::begin(kSecrets), std::end(kSecrets),
                     [name](std::string_view secret) { return equals_folded(secret, name); });
}

}  // namespace sluice::core
