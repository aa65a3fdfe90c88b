// SPDX-License-Identifier: MIT
//
// Rows share a sentence by group. Bounds, choices and whether CONFIG SET may change them are Redis's: tools that set
// them see the same replies.
#include "server/core/directives_unused.h"

#include "server/core/directive_checks.h"

namespace sluice::core {
namespace {

using enum DirectiveKind;

constexpr Directive unused(std::string_view name, DirectiveKind kind, std::string_view initial,
                           std::string_view doc, std::string_view alias = {}) {
  return {.name = name,
          .alias = alias,
          .section = Section::kUnused,
          .role = DirectiveRole::kUnused,
          .kind = kind,
          .initial = initial,
          .at_run_time = true,
          .doc = doc};
}

constexpr Directive refused(std::string_view name, DirectiveKind kind, std::string_view initial,
                            std::string_view doc, std::string_view alias = {}) {
  return {.name = name,
          .alias = alias,
          .section = Section::kRefused,
          .role = DirectiveRole::kRefused,
          .kind = kind,
          .initial = initial,
          .doc = doc};
}

constexpr std::string_view kSnapshots = "There are no snapshot files; the log is all there is.";
constexpr std::string_view kReplication = "There are no replicas.";
constexpr std::string_view kTls = "There is no TLS; put a proxy in front.";
constexpr std::string_view kCluster = "There is no cluster mode.";
constexpr std::string_view kEviction = "Nothing is ever evicted.";
constexpr std::string_view kFreeing = "Large values are always freed in steps.";
constexpr std::string_view kThreads = "One thread does the work; another one waits for the disk.";
constexpr std::string_view kEncodings = "Values have one encoding each.";
constexpr std::string_view kProcess = "The process leaves this to whoever starts it.";
constexpr std::string_view kDefragmentation = "Left to the allocator.";

// --- What else is asked of a row

constexpr Directive within(int64_t min, int64_t max, Directive row) {
  row.min = min;
  row.max = max;
  return row;
}

constexpr Directive one_of(std::string_view choices, Directive row) {
  row.choices = choices;
  return row;
}

constexpr Directive at_run_time(Directive row) {
  row.at_run_time = true;
  return row;
}

constexpr Directive fixed(Directive row) {
  row.at_run_time = false;
  return row;
}

constexpr Directive guarded(Directive row) {
  row.guarded = true;
  return row;
}

constexpr Directive checked(std::optional<std::string> (*check)(DirectiveWords& words), Directive row) {
  row.check = check;
  return row;
}

constexpr Directive kUnusedDirectives[] = {
    // --- Accepted for the sake of an existing redis.conf
    {.name = "save",
     .section = Section::kUnused,
     .role = DirectiveRole::kUnused,
     .kind = kWords,
     .at_run_time = true,
     .adds_up = true,
     .check = check_save_points,
     .doc = kSnapshots},
    checked(check_dump_name, guarded(unused("dbfilename", kText, "dump.rdb", kSnapshots))),
    unused("rdbcompression", kBoolean, "yes", kSnapshots),
    fixed(unused("rdbchecksum", kBoolean, "yes", kSnapshots)),
    unused("rdb-del-sync-files", kBoolean, "no", kSnapshots),
    unused("rdb-save-incremental-fsync", kBoolean, "yes", kSnapshots),
    unused("stop-writes-on-bgsave-error", kBoolean, "yes", kSnapshots),
    one_of("no yes clients", unused("sanitize-dump-payload", kEnumeration, "no", kSnapshots)),
    unused("aof-disable-auto-gc", kBoolean, "no", "Files that a rewrite has replaced are always deleted."),
    unused("aof-use-rdb-preamble", kBoolean, "yes", "The base of the log is always a log."),
    unused("aof-timestamp-enabled", kBoolean, "no", "Every batch of the log carries its time."),
    unused("aof-rewrite-incremental-fsync", kBoolean, "yes", "A rewrite always works in steps."),
    unused("no-appendfsync-on-rewrite", kBoolean, "no", "A rewrite delays no sync."),
    unused("aof-load-corrupt-tail-max-size", kMemory, "0", "The log's checksums tell a tear from damage."),

    unused("replica-read-only", kBoolean, "yes", kReplication, "slave-read-only"),
    unused("replica-serve-stale-data", kBoolean, "yes", kReplication, "slave-serve-stale-data"),
    within(0, INT32_MAX, unused("replica-priority", kInteger, "100", kReplication, "slave-priority")),
    unused("replica-lazy-flush", kBoolean, "no", kReplication, "slave-lazy-flush"),
    unused("replica-ignore-maxmemory", kBoolean, "yes", kReplication, "slave-ignore-maxmemory"),
    unused("replica-ignore-disk-write-errors", kBoolean, "no", kReplication),
    unused("replica-announced", kBoolean, "yes", kReplication),
    unused("replica-announce-ip", kText, "", kReplication, "slave-announce-ip"),
    within(0, 65535, unused("replica-announce-port", kInteger, "0", kReplication, "slave-announce-port")),
    unused("masterauth", kText, "", kReplication),
    unused("masteruser", kText, "", kReplication),
    checked(check_backlog, within(1, INT64_MAX, unused("repl-backlog-size", kMemory, "1mb", kReplication))),
    within(0, INT64_MAX, unused("repl-backlog-ttl", kInteger, "3600", kReplication)),
    unused("repl-disable-tcp-nodelay", kBoolean, "no", kReplication),
    one_of("disabled on-empty-db swapdb",
           unused("repl-diskless-load", kEnumeration, "disabled", kReplication)),
    unused("repl-diskless-sync", kBoolean, "yes", kReplication),
    within(0, INT32_MAX, unused("repl-diskless-sync-delay", kInteger, "5", kReplication)),
    within(0, INT32_MAX, unused("repl-diskless-sync-max-replicas", kInteger, "0", kReplication)),
    within(1, INT32_MAX,
           unused("repl-ping-replica-period", kInteger, "10", kReplication, "repl-ping-slave-period")),
    within(1, INT32_MAX, unused("repl-timeout", kInteger, "60", kReplication)),
    within(0, INT32_MAX, unused("min-replicas-max-lag", kInteger, "10", kReplication, "min-slaves-max-lag")),
    one_of("ignore panic panic-on-replicas",
           unused("propagation-error-behavior", kEnumeration, "ignore", kReplication)),

    within(1, INT32_MAX, unused("maxmemory-samples", kInteger, "5", kEviction)),
    within(0, 100, unused("maxmemory-eviction-tenacity", kInteger, "10", kEviction)),
    unused("maxmemory-clients", kMemoryShare, "0", "Each client has bounds of its own."),
    within(0, INT32_MAX, unused("lfu-log-factor", kInteger, "10", kEviction)),
    within(0, INT32_MAX, unused("lfu-decay-time", kInteger, "1", kEviction)),
    unused("lazyfree-lazy-eviction", kBoolean, "no", kFreeing),
    unused("lazyfree-lazy-expire", kBoolean, "no", kFreeing),
    unused("lazyfree-lazy-server-del", kBoolean, "no", kFreeing),
    unused("lazyfree-lazy-user-del", kBoolean, "no", kFreeing),
    unused("lazyfree-lazy-user-flush", kBoolean, "no", kFreeing),
    unused("activedefrag", kBoolean, "no", kDefragmentation),
    within(1, INT64_MAX, unused("active-defrag-ignore-bytes", kMemory, "100mb", kDefragmentation)),
    within(0, 1000, unused("active-defrag-threshold-lower", kInteger, "10", kDefragmentation)),
    within(0, 1000, unused("active-defrag-threshold-upper", kInteger, "100", kDefragmentation)),
    within(1, 99, unused("active-defrag-cycle-min", kInteger, "1", kDefragmentation)),
    within(1, 99, unused("active-defrag-cycle-max", kInteger, "25", kDefragmentation)),
    within(1, INT64_MAX, unused("active-defrag-max-scan-fields", kInteger, "1000", kDefragmentation)),
    unused("jemalloc-bg-thread", kBoolean, "yes", kDefragmentation),

    fixed(within(1, 128, unused("io-threads", kInteger, "1", kThreads))),
    fixed(unused("io-threads-do-reads", kBoolean, "no", kThreads)),
    fixed(unused("server_cpulist", kText, "", kThreads)),
    fixed(unused("bio_cpulist", kText, "", kThreads)),
    fixed(unused("aof_rewrite_cpulist", kText, "", kThreads)),
    fixed(unused("bgsave_cpulist", kText, "", kThreads)),
    checked(check_hz, within(0, INT32_MAX,
                             unused("hz", kInteger, "10", "Time is kept by timers, to the millisecond."))),
    unused("dynamic-hz", kBoolean, "yes", "Time is kept by timers, to the millisecond."),
    within(1, 10, unused("active-expire-effort", kInteger, "1", "Every key goes when its time has come.")),
    unused("activerehashing", kBoolean, "yes", "Hash tables always grow in steps."),

    within(INT32_MIN, INT32_MAX,
           unused("list-max-listpack-size", kInteger, "-2", kEncodings, "list-max-ziplist-size")),
    within(0, INT32_MAX, unused("list-compress-depth", kInteger, "0", kEncodings)),
    unused("hll-sparse-max-bytes", kMemory, "3000", kEncodings),

    fixed(unused("always-show-logo", kBoolean, "no", kProcess)),
    fixed(unused("set-proc-title", kBoolean, "yes", kProcess)),
    checked(check_title_template,
            unused("proc-title-template", kText, "\"{title} {listen-addr} {server-mode}\"", kProcess)),
    unused("locale-collate", kText, "", kProcess),
    checked(check_oom_score_adj,
            one_of("no yes relative absolute", unused("oom-score-adj", kEnumeration, "no", kProcess))),
    checked(check_oom_score_adj_values, unused("oom-score-adj-values", kWords, "0 200 800", kProcess)),
    fixed(unused("disable-thp", kBoolean, "yes", kProcess)),
    unused("crash-log-enabled", kBoolean, "yes", kProcess),
    unused("crash-memcheck-enabled", kBoolean, "yes", kProcess),
    unused("ignore-warnings", kText, "", kProcess),
    within(0, INT32_MAX, unused("shutdown-timeout", kInteger, "10", kReplication)),
    checked(check_shutdown_words, unused("shutdown-on-sigint", kWords, "default",
                                         "SIGINT and SIGTERM end the server with its log synced.")),
    checked(check_shutdown_words, unused("shutdown-on-sigterm", kWords, "default",
                                         "SIGINT and SIGTERM end the server with its log synced.")),
    fixed(unused("socket-mark-id", kInteger, "0", kProcess)),
    unused("bind-source-addr", kText, "", kReplication),
    within(1, 1000,
           unused("max-new-connections-per-cycle", kInteger, "10",
                  "A turn accepts a fixed number of connections.")),
    unused("hide-user-data-from-log", kBoolean, "no", "What clients send is never told in it."),
    fixed(one_of("no local yes", unused("enable-protected-configs", kEnumeration, "no",
                                        "What is protected elsewhere cannot be changed here at all."))),
    fixed(
        one_of("no local yes", unused("enable-module-command", kEnumeration, "no", "There are no modules."))),

    fixed(unused("cluster-config-file", kText, "nodes.conf", kCluster)),
    within(0, INT64_MAX, unused("cluster-node-timeout", kInteger, "15000", kCluster)),
    fixed(within(0, 65535, unused("cluster-port", kInteger, "0", kCluster))),
    within(0, INT32_MAX, unused("cluster-migration-barrier", kInteger, "1", kCluster)),
    unused("cluster-require-full-coverage", kBoolean, "yes", kCluster),
    unused("cluster-allow-reads-when-down", kBoolean, "no", kCluster),
    unused("cluster-announce-ip", kText, "", kCluster),
    within(0, 65535, unused("cluster-announce-port", kInteger, "0", kCluster)),
    within(0, 65535, unused("cluster-announce-bus-port", kInteger, "0", kCluster)),
    within(0, 65535, unused("cluster-announce-tls-port", kInteger, "0", kCluster)),
    checked(check_host_name, unused("cluster-announce-hostname", kText, "", kCluster)),
    unused("cluster-allow-pubsubshard-when-down", kBoolean, "yes", kCluster),
    unused("cluster-allow-replica-migration", kBoolean, "yes", kCluster),
    within(0, kAllBits, unused("cluster-link-sendbuf-limit", kMemory, "0", kCluster)),
    one_of("ip hostname unknown-endpoint",
           unused("cluster-preferred-endpoint-type", kEnumeration, "ip", kCluster)),
    unused("cluster-replica-no-failover", kBoolean, "no", kCluster, "cluster-slave-no-failover"),
    within(0, INT32_MAX,
           unused("cluster-replica-validity-factor", kInteger, "10", kCluster,
                  "cluster-slave-validity-factor")),
    unused("tls-replication", kBoolean, "no", kTls),
    unused("tls-cluster", kBoolean, "no", kTls),
    one_of("no yes optional", unused("tls-auth-clients", kEnumeration, "yes", kTls)),
    unused("tls-protocols", kText, "", kTls),
    unused("tls-cert-file", kText, "", kTls),
    unused("tls-key-file", kText, "", kTls),
    unused("tls-ca-cert-file", kText, "", kTls),
    unused("tls-ca-cert-dir", kText, "", kTls),
    unused("tls-key-file-pass", kText, "", kTls),
    unused("tls-client-cert-file", kText, "", kTls),
    unused("tls-client-key-file", kText, "", kTls),
    unused("tls-client-key-file-pass", kText, "", kTls),
    unused("tls-dh-params-file", kText, "", kTls),
    unused("tls-ciphers", kText, "", kTls),
    unused("tls-ciphersuites", kText, "", kTls),
    unused("tls-prefer-server-ciphers", kBoolean, "no", kTls),
    unused("tls-session-caching", kBoolean, "yes", kTls),
    within(0, INT32_MAX, unused("tls-session-cache-size", kInteger, "20480", kTls)),
    within(0, INT32_MAX, unused("tls-session-cache-timeout", kInteger, "300", kTls)),

    // --- Refused, because the operator would believe in something that is not there
    checked(check_master,
            refused("replicaof", kWords, "",
                    "there are no replicas, so this server would take writes on its own", "slaveof")),
    at_run_time(within(0, INT32_MAX,
                       refused("min-replicas-to-write", kInteger, "0", "there are no replicas to count",
                               "min-slaves-to-write"))),
    refused("cluster-enabled", kBoolean, "no", "there is no cluster mode"),
    at_run_time(
        within(0, 65535, refused("tls-port", kInteger, "0", "there is no TLS; put a proxy in front"))),
    refused("loadmodule", kWords, "", "there are no modules"),
};

}  // namespace

std::span<const Directive> unused_directives() {
  return kUnusedDirectives;
}

}  // namespace sluice::core
