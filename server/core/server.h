// SPDX-License-Identifier: MIT
//
// The whole server without sockets: sessions in, sessions out. server/net feeds it from a loop; tests and the simulator
// call it directly. It owns every part of the core and wires them by hand.
//
// One turn:
//
//   begin_turn()   clocks are read once; keys expire, messages come due, waits time out, a rewrite does a slice
//   receive() ...  bytes of sessions are parsed and executed; ready keys are served after each command
//   end_turn()     clients that were woken go on with what they had sent; the turn's batch is written to the log
//                  and made durable by policy; what replies may now leave is listed in take_sendable()
//
// Everything a session is owed was produced at some sequence, and leaves only when the log is durable up to there
// (appendfsync always) or written (the other policies).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/byte_buffer.h"
#include "engine/keyspace.h"
#include "engine/queue/queue_system.h"
#include "persistence/file_system.h"
#include "protocol/reply_writer.h"
#include "server/core/acl.h"
#include "server/core/acl_log.h"
#include "server/core/blocking.h"
#include "server/core/command_table.h"
#include "server/core/commit.h"
#include "server/core/config.h"
#include "server/core/dispatcher.h"
#include "server/core/function_libraries.h"
#include "server/core/latency_monitor.h"
#include "server/core/metrics.h"
#include "server/core/monitors.h"
#include "server/core/output_bounds.h"
#include "server/core/pause.h"
#include "server/core/pubsub.h"
#include "server/core/script_run.h"
#include "server/core/scripts.h"
#include "server/core/seams.h"
#include "server/core/sequencer.h"
#include "server/core/session.h"
#include "server/core/slow_log.h"
#include "server/core/tracking.h"
#include "server/core/watching.h"

namespace sluice::core {

struct Seams {
  const Clock& clock;
  const SteadyClock& steady_clock;
  Entropy& entropy;
  FileSystem& files;
  Worker& worker;          // for the log's syncs
  Worker& rewrite_worker;  // for those of a new base, which take longer
  Notices& notices;
};

// Microseconds that the processor has worked for the process.
struct CpuTime {
  uint64_t system_us = 0;
  uint64_t user_us = 0;
  uint64_t main_thread_system_us = 0;
  uint64_t main_thread_user_us = 0;
};

// Bytes as the allocator counts them.
struct AllocatorBytes {
  uint64_t allocated = 0;  // by the program
  uint64_t active = 0;     // of the pages that hold them
  uint64_t resident = 0;   // of all pages that it keeps
};

// What the allocator says to one of its own names (DEBUG MALLCTL).
struct AllocatorAnswer {
  std::string error = {};  // empty: one of these was read
  int64_t number = 0;
  std::string text = {};
};

// What the process tells of itself; the core cannot know.
struct ProcessFacts {
  std::string executable;
  std::string config_file;
  int process_id = 0;
  std::string run_id;  // 40 hexadecimal digits
  // Bytes that the allocator has handed out, and that the process holds; read when asked.
  std::function<uint64_t()> memory_used;
  std::function<uint64_t()> memory_resident;
  std::function<CpuTime()> cpu_time = {};
  std::string supervised = "no";  // by whom: "systemd"
  std::string multiplexing = {};  // "epoll"
  std::string os = {};            // "Linux 6.1.0 x86_64"
  std::string allocator = {};     // "jemalloc-5.3.0"
  std::function<AllocatorBytes()> allocator_bytes = {};
  uint64_t system_memory = 0;                             // of the whole machine, in bytes; 0: not known
  std::function<std::string()> allocator_report = {};     // for people
  std::function<void()> purge_memory = {};                // gives what is free back to the system
  std::function<void(uint64_t microseconds)> pause = {};  // the whole process sleeps
  // The process ends here and now.
  std::function<void()> end_at_once = {};
  // A number or a text of the allocator's by its name, set first if there is a new one.
  std::function<AllocatorAnswer(const std::string& name, bool is_text, std::optional<std::string> set)>
      allocator_value = {};
  // Begins the program anew in this process, with the words that it was started with. Returns only what is wrong.
  std::function<std::string()> start_again = {};
  // Makes sure that nobody else uses the log's directory. What is wrong, or nothing.
  std::function<std::optional<std::string>(const std::string& directory)> take_directory = {};
  // Listens as the settings say now. What is wrong, or nothing; then it has to be called again with those of before.
  std::function<std::optional<std::string>(const Settings& settings)> listen = {};
  // As many clients as the system has room for, at most so many.
  std::function<int64_t(int64_t clients)> room_for_clients = {};
  // The configuration file: nullopt, or what is wrong, if the disk does not give or take it.
  std::function<std::optional<std::string>()> read_config = {};
  std::function<std::optional<std::string>(std::string_view text)> replace_config = {};
};

// Budgets of one turn, so that no work makes clients wait: about a millisecond each.
inline constexpr size_t kTickTransitionsMax = 1'000;
inline constexpr size_t kExpiredKeysMax = 1'000;
inline constexpr size_t kSnapshotKeysMax = 200;

// A client may have this much unsent before it is cut off, and this much received and not executed, with the keys that
// it watches.
inline constexpr size_t kReplyBytesUnsentMax = size_t{1} << 30;
inline constexpr size_t kInputBytesMax = size_t{1} << 30;

// Dead letters that cannot be written are told of this often.
inline constexpr Millis kBlockedLettersInterval{60'000};

class Server {
 public:
  // All seams, and the rows of the table, must outlive the server.
  Server(Config config, const Seams& seams, ProcessFacts facts, std::span<const CommandSpec> commands);
  ~Server();

  // Loads the log. False: it must not start; why has been written to the notices.
  [[nodiscard]] bool load();
  // Begins to serve: leases that ran out while the server was away get a little more time. Call once, after load().
  void start();

  // --- Turns
  void begin_turn();
  void end_turn();
  bool in_turn() const { return in_turn_; }
  // When begin_turn() has to be called at the latest, on the steady clock.
  MonoMs next_deadline() const;

  // --- Sessions
  Session& connect(std::string address, std::string local_address, void* transport);
  // Executes every whole request among the bytes. Requires: in a turn.
  void receive(Session& session, std::string_view bytes);
  // The same in the middle of a command that another client's script keeps from ending, which only a few commands do
  // not have to wait for: what those reply may be sent at once.
  void receive_at_once(Session& session, std::string_view bytes);
  bool runs_script_of(const Session& session) const {
    return script != nullptr && &script->caller().session == &session;
  }
  // The client is gone. The session must not be used any more.
  void disconnect(Session& session);
  // Sessions that have something to send or are to be closed, each once; clears the list.
  std::vector<Session*> take_sendable();
  // The first `size` sendable bytes have been sent.
  void sent(Session& session, size_t size);
  const std::unordered_map<uint64_t, std::unique_ptr<Session>>& sessions() const { return sessions_; }
  Session* find_session(uint64_t id);
  // Ends a session as CLIENT KILL does: replies already owed are dropped.
  void kill(Session& session);
  // Ends one that speaks HTTP, without a word to it.
  void turn_away_http(Session& session);
  // The user that a connection has before it logs in; it counts as logged in if he needs no password.
  void begin_as_default(Session& session);
  // Lists the session for take_sendable().
  void queue_output(Session& session);

  // --- For handlers
  enum class Shutdown : uint8_t { kNo, kSave, kNow };
  void request_shutdown(Shutdown how) { shutdown_ = how; }
  Shutdown shutdown_requested() const { return shutdown_; }
  // Writes and syncs what is left and closes the log cleanly. False: the disk did not take it.
  [[nodiscard]] bool close_log();
  std::string digest() const;
  // Notes an event that has begun at this reading of the stopwatch.
  void note_latency(LatencyEvent event, uint64_t began);
  // Replies that blocked clients are owed now; called after each command and transaction.
  void serve_ready();
  // Somebody may have to be served although nothing has changed: time, or room, has opened a queue.
  bool has_opened() const { return queues.next_opening() <= sequencer.now().count && !pause.active(); }
  void unblock(Session& session);  // ends the wait; the session goes on at the end of the turn
  // Ends a wait early: as if its time were over, or with an error. Requires: the session is blocked.
  void time_out(Session& session);
  void fail_wait(Session& session, std::string_view error);
  // What MULTI has gathered and what WATCH watches is forgotten.
  void end_transaction(Session& session);
  // Begins to tell a session something that is no reply; pushed() ends it. It follows the reply of the command that
  // the session is running, if it is running one.
  protocol::ReplyWriter push_writer(Session& session);
  void pushed(Session& session);
  // Makes a session as it was when it began, but for who it is.
  void forget_state(Session& session);
  // A key was changed: wakes its waiters, touches it for those who watch it, and tells those who want to know. `by` is
  // the session whose command did it.
  void key_changed(const Session& by, int db, std::string_view key, KeyEvent event);
  // The same for what is no change: a key that was looked for in vain, say.
  void announce(int db, std::string_view key, KeyEvent event);
  // What was held is run. The pause must have begun.
  void end_pause();
  // Removes a key whose time is over, and logs that.
  void expire(const Entry& entry);
  // The same for fields of a hash whose time is over, at most so many. The key goes with its last field.
  // Returns how many there were.
  size_t expire_fields(const Entry& entry, size_t fields_max);
  // Whichever of the two is due, for a key that is about to be looked at: it may be gone then.
  void expire_if_due(const Entry& entry);
  // The same for idempotence IDs of a stream, but the key stays; at least 1.
  size_t forget_idempotence_ids(const Entry& entry, size_t ids_max);
  // Off: keys whose time is over go when a command names them, and not by themselves.
  void set_active_expire(bool on) { active_expire_ = on; }
  // 40 hexadecimal digits, drawn at the start.
  const std::string& replication_id() const { return replication_id_; }
  void change_replication_id();
  // Ends all keys of the database, or of all of them.
  void flush(int db, bool all);
  // Two databases change their contents.
  void swap(int one, int other, const Stamp& stamp);
  // Whether more memory is used than maxmemory allows; as measured at the start of the turn.
  bool over_memory() const { return over_memory_; }
  // The most bytes that were in use at the start of a turn; those in use when the log was loaded.
  uint64_t memory_peak() const { return memory_peak_; }
  uint64_t memory_at_start() const { return memory_at_start_; }

  // What hangs on a setting beyond its value, when CONFIG SET has changed it.
  void setting_changed(std::string_view directive);

  // --- Users
  // Takes over what the configuration says of them. False: it must not start; why has been written to the notices.
  [[nodiscard]] bool load_users();
  // Reads aclfile again, or replaces it. False: nothing has changed, and why for a person. Requires: there is one.
  [[nodiscard]] bool reload_users(std::string& error, const Session* self);
  [[nodiscard]] bool save_users(std::string& error);
  // Notes a denial for ACL LOG. `object`: the command, key or channel; of a refused login, the command that tried.
  void log_denial(const Session& session, AclDenial denial, AclContext context, std::string_view object,
                  std::string_view user);
  // Takes over a draft of Acl's. Subscribers that may no longer listen to what they listen to are cut off.
  void change_user(std::unique_ptr<AclUser> user, const Session& self);
  // The user is about to go: his connections end. `self`, if his, still gets its reply.
  void drop_connections_of(const AclUser& user, const Session* self);
  // Ends those who listen to channels that they may not use any more; `self` when it has been answered.
  void drop_forbidden_listeners(const Session* self);

  ByteBuffer scratch;           // for the handler that runs; holds nothing between commands
  ScriptRun* script = nullptr;  // the one that runs
  // Takes in and answers what other clients send, while a script keeps the loop: called in the middle of a command.
  std::function<void()> serve_others;
  ByteBuffer
      script_replies;  // for ScriptRun: of a script's commands, and of the script; nothing between commands
  ByteBuffer script_reply;

  const Seams seams;
  const ProcessFacts facts;
  Config config;
  QueueSystem queues;        // before the keyspace, whose lists may be queues: it has to outlive them
  const uint64_t hash_seed;  // of tables in memory; decides nothing that is logged
  Keyspace keyspace;
  CommandTable commands;
  Acl acl;
  AclLog acl_log;
  Sequencer sequencer;
  const MonoMs started_at;
  Metrics metrics;
  SlowLog slow_log;
  LatencyMonitor latency;
  Blocking blocking;
  Watching watching;
  PubSub pubsub;
  Tracking tracking;
  Monitors monitors;
  Scripts scripts;
  FunctionLibraries functions;
  Pause pause;
  OutputBounds output_bounds;
  Commit commit;
  Dispatcher dispatcher;

 private:
  friend class Execution;
  // Tells the keyspace until when hashes, sets and sorted sets are packed.
  void choose_forms();
  void execute_input(Session& session, std::string_view bytes);
  void expire_keys();
  void run_internal(Words words, int db = 0);
  void end_tied_leases();
  void tell_of_blocked_letters();
  void tick_queues();
  void time_out_waits();
  void measure_memory();
  // Does the work, and notes it if it took longer than latency-monitor-threshold.
  template <typename Work>
  void watched(LatencyEvent event, Work&& work);
  void serve(KeyWaiters& key);
  void run_waits_again();
  void serve_log_waiters();
  // Runs the command of a blocked session again. True: it has replied, and the wait has ended.
  bool run_again(Session& session, CommandCall::Mode mode);
  void resume_unblocked();
  void release_replies();
  void answer_with_failure(Session& session, uint64_t failed);

  std::unordered_map<uint64_t, std::unique_ptr<Session>> sessions_;
  std::vector<Session*> with_output_;
  std::vector<uint64_t> lost_sessions_;  // gone, with leases tied to them
  MonoMs blocked_letters_told_{INT64_MIN / 2};
  std::vector<uint64_t> to_resume_;  // by id: a client may be gone before its turn comes
  std::unique_ptr<Session> internal_session_;
  Session* executing_ = nullptr;  // whose command runs
  uint64_t session_id_last_ = 0;
  uint64_t log_waiters_served_ = 0;  // up to this sequence
  bool in_turn_ = false;
  bool started_ = false;
  bool over_memory_ = false;
  bool active_expire_ = true;
  std::string replication_id_;
  uint64_t memory_peak_ = 0;
  uint64_t memory_at_start_ = 0;
  Shutdown shutdown_ = Shutdown::kNo;
};

}  // namespace sluice::core
