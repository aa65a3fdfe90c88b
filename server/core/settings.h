// SPDX-License-Identifier: MIT
//
// What an operator can choose, typed. Nothing here has a value of its own: the table in directives.cc says
// each member's name in the configuration file, its default and its bounds, and Config fills it in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/core/key_event_classes.h"
#include "server/core/output_limit.h"

namespace sluice::core {

// Enumerators stand in the order in which directives.cc names them.
enum class FsyncPolicy : uint8_t { kEverySecond, kAlways, kNo };
enum class MemoryPolicy : uint8_t { kNoEviction };
enum class PubSubDefault : uint8_t { kAllChannels, kResetChannels };
enum class DebugCommand : uint8_t { kNo, kLocal, kYes };
enum class Supervised : uint8_t { kUpstart, kSystemd, kAuto, kNo };
enum class SyslogFacility : uint8_t {
  kUser,
  kLocal0,
  kLocal1,
  kLocal2,
  kLocal3,
  kLocal4,
  kLocal5,
  kLocal6,
  kLocal7,
};
enum class LogLevel : uint8_t { kDebug, kVerbose, kNotice, kWarning, kNothing };

struct Settings {
  // --- Network
  std::vector<std::string> bind;  // addresses; one that begins with '-' may fail
  int64_t port;                   // 0: no TCP
  std::string unixsocket;         // empty: none
  int64_t unixsocketperm;         // mode bits; 0: as the umask has it
  int64_t tcp_backlog;
  int64_t tcp_keepalive;  // seconds; 0: off
  int64_t timeout;        // seconds after which an idle client is closed; 0: never
  bool protected_mode;
  int64_t maxclients;
  uint64_t proto_max_bulk_len;
  uint64_t client_query_buffer_limit;
  OutputLimits client_output_buffer_limit;
  int64_t tracking_table_max_keys;  // 0: no bound

  // --- General
  bool daemonize;
  std::string pidfile;
  LogLevel loglevel;
  std::string logfile;  // empty: standard output
  Supervised supervised;
  bool syslog_enabled;
  std::string syslog_ident;
  SyslogFacility syslog_facility;
  std::vector<std::string> renamed_commands;  // name, new name, name, new name ...
  int64_t databases;
  std::string dir;
  DebugCommand enable_debug_command;
  std::string requirepass;
  std::vector<std::string> users;  // "alice on >secret ~*": a line each
  std::string aclfile;             // empty: none
  PubSubDefault acl_pubsub_default;
  int64_t acllog_max_len;
  KeyEventClasses notify_keyspace_events;
  int64_t slowlog_log_slower_than;  // microseconds; negative: off
  int64_t slowlog_max_len;
  int64_t latency_monitor_threshold;  // milliseconds; 0: off
  bool latency_tracking;
  std::vector<std::string> latency_tracking_info_percentiles;
  int64_t busy_reply_threshold;  // milliseconds a script may run before others are told BUSY; 0: for ever

  // --- Memory
  uint64_t maxmemory;  // 0: no limit
  MemoryPolicy maxmemory_policy;

  // --- Log
  bool appendonly;
  FsyncPolicy appendfsync;
  std::string appenddirname;
  std::string appendfilename;
  int64_t auto_aof_rewrite_percentage;  // 0: never by itself
  uint64_t auto_aof_rewrite_min_size;
  bool aof_load_truncated;

  // --- Data structures
  int64_t hash_max_listpack_entries;
  uint64_t hash_max_listpack_value;
  int64_t set_max_intset_entries;
  int64_t set_max_listpack_entries;
  uint64_t set_max_listpack_value;
  int64_t zset_max_listpack_entries;
  uint64_t zset_max_listpack_value;
  int64_t stream_node_max_entries;
  uint64_t stream_node_max_bytes;
  int64_t stream_idmp_duration;  // seconds
  int64_t stream_idmp_maxsize;
  int64_t queue_policies_max;
};

}  // namespace sluice::core
