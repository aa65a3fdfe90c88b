// SPDX-License-Identifier: MIT
#include "server/core/server.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/number_text.h"
#include "engine/digest.h"
#include "engine/hash.h"
#include "engine/stream.h"
#include "protocol/reply_writer.h"
#include "server/core/command_call.h"
#include "server/core/execution.h"

namespace sluice::core {
namespace {

// A page may have twice the bytes of a node of Redis (stream_page.h); neither limit raises what a page can hold.
StreamPageLimits stream_page_limits(const Settings& settings) {
  StreamPageLimits limits;
  if (settings.stream_node_max_entries > 0) {
    limits.entries_max =
        static_cast<uint32_t>(std::min<int64_t>(settings.stream_node_max_entries, kStreamPageEntriesMax));
  }
  if (settings.stream_node_max_bytes > 0) {
    const uint64_t half = std::min<uint64_t>(settings.stream_node_max_bytes, kStreamPageBytesMax / 2);
    limits.bytes_max = static_cast<uint32_t>(2 * half);
  }
  return limits;
}

// A buffer that has held a big request or reply gives its memory back when it is empty.
constexpr size_t kIdleBufferBytesMax = 64u << 10;

// A session with this many bytes of replies unsent executes nothing more until half of them are gone: a few bytes of
// requests can ask for gigabytes. The network stops reading from it at the same size.
constexpr size_t kReplyBytesHeldMax = 64u << 20;

// As much of what a session has sent ahead is executed in one turn; the others have their turn too.
constexpr size_t kInputBytesShare = 256u << 10;

constexpr size_t kReplicationIdDigits = 40;

}  // namespace

Server::Server(Config config_in, const Seams& seams_in, ProcessFacts facts_in,
               std::span<const CommandSpec> rows)
    : seams(seams_in),
      facts(std::move(facts_in)),
      config(std::move(config_in)),
      hash_seed(seams_in.entropy.draw()),
      keyspace(hash_seed),
      commands(rows),
      acl(commands),
      sequencer(seams_in.clock, seams_in.steady_clock, seams_in.entropy),
      started_at(sequencer.mono_now()),
      blocking(hash_seed),
      watching(hash_seed),
      pubsub(*this),
      tracking(*this),
      monitors(*this),
      functions(seams.notices),
      output_bounds(*this),
      commit(*this),
      dispatcher(*this),
      internal_session_(std::make_unique<Session>()) {
  metrics.restart_rates(started_at);
  queues.seed(seams.entropy.draw());
  const std::vector<std::string>& renames = config.settings().renamed_commands;
  for (size_t i = 0; i + 1 < renames.size(); i += 2)
    CHECK(!commands.rename(renames[i], renames[i + 1]));  // main has looked
  change_replication_id();
  internal_session_->internal = true;
  internal_session_->authenticated = true;
  choose_forms();
  acl.set_new_users_have_channels(config.settings().acl_pubsub_default == PubSubDefault::kAllChannels);
  acl.set_default_password(config.settings().requirepass);
  keyspace.on_arrival = [this](int db, std::string_view key, Keyspace::Arrival arrival) {
    if (!started_) return;
    switch (arrival) {
      case Keyspace::Arrival::kNew:
        return announce(db, key, KeyEvent::kNew);
      case Keyspace::Arrival::kOverwritten:
        return announce(db, key, KeyEvent::kOverwritten);
      case Keyspace::Arrival::kTypeChanged:
        return announce(db, key, KeyEvent::kTypeChanged);
    }
  };
}

void Server::choose_forms() {
  const Settings& settings = config.settings();
  CollectionForms& forms = keyspace.forms;
  forms.hash_fields_max = static_cast<size_t>(settings.hash_max_listpack_entries);
  forms.hash_bytes_max = settings.hash_max_listpack_value;
  forms.set_integers_max = static_cast<size_t>(settings.set_max_intset_entries);
  forms.set_members_max = static_cast<size_t>(settings.set_max_listpack_entries);
  forms.set_bytes_max = settings.set_max_listpack_value;
  forms.sorted_set_members_max = static_cast<size_t>(settings.zset_max_listpack_entries);
  forms.sorted_set_bytes_max = settings.zset_max_listpack_value;
  forms.stream_pages = stream_page_limits(settings);
}

Server::~Server() {
  for (auto& [id, session] : sessions_) {
    if (session->blocked()) blocking.remove(*session);
    watching.unwatch(*session);
  }
}

bool Server::load() {
  return load_users() && commit.load(*internal_session_);
}

void Server::start() {
  CHECK(commit.loaded() && !in_turn_);
  // Not begin_turn(), which may already let a lease run out: workers are not to blame for the outage.
  in_turn_ = started_ = true;
  sequencer.begin_turn();
  run_internal(std::initializer_list<std::string_view>{"QSTART"});
  if (facts.memory_used) memory_at_start_ = facts.memory_used();
  end_turn();
}

std::string Server::digest() const {
  Digest digest;
  keyspace.digest(digest);
  queues.digest(digest);
  functions.digest(digest);
  return digest.text();
}

// --- Turns

void Server::change_replication_id() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  replication_id_.clear();
  while (replication_id_.size() < kReplicationIdDigits) {
    uint64_t drawn = seams.entropy.draw();
    for (int digit = 0; digit < 8; ++digit, drawn >>= 4)
      replication_id_ += kDigits[drawn & 15];
  }
}

void Server::begin_turn() {
  CHECK(!in_turn_ && started_);
  in_turn_ = true;
  sequencer.begin_turn();
  dispatcher.start_lap();
  metrics.sample_rates(sequencer.mono_now());
  measure_memory();
  output_bounds.begin_turn();
  if (pause.over(sequencer.mono_now())) end_pause();
  if (!pause.active()) {
    watched(LatencyEvent::kExpireCycle, [this] { expire_keys(); });
    end_tied_leases();
    watched(LatencyEvent::kQueueCycle, [this] { tick_queues(); });
    run_waits_again();
  }
  serve_ready();
  serve_log_waiters();
  time_out_waits();
  watched(LatencyEvent::kAofRewriteStep, [this] { commit.step_rewrite(); });
  if (keyspace.free_pending()) metrics.elements_freed += keyspace.free_some();
  if (queues.free_pending()) queues.free_some();
}

void Server::measure_memory() {
  if (!facts.memory_used) return;
  const uint64_t memory_max = config.settings().maxmemory;
  const uint64_t used = facts.memory_used();
  memory_peak_ = std::max(memory_peak_, used);
  over_memory_ = memory_max > 0 && used > memory_max;
}

template <typename Work>
void Server::watched(LatencyEvent event, Work&& work) {
  if (config.settings().latency_monitor_threshold == 0) [[likely]]
    return work();
  const uint64_t began = seams.steady_clock.stopwatch();
  work();
  note_latency(event, began);
}

void Server::note_latency(LatencyEvent event, uint64_t began) {
  const int64_t threshold = config.settings().latency_monitor_threshold;
  const auto milliseconds = static_cast<int64_t>((seams.steady_clock.stopwatch() - began) / 1'000'000);
  if (threshold > 0 && milliseconds >= threshold) latency.add(event, sequencer.now(), milliseconds);
}

void Server::end_turn() {
  CHECK(in_turn_);
  serve_log_waiters();  // a sync beside the loop may have ended
  const bool pause_over = pause.over(sequencer.mono_now());
  if (pause_over || !to_resume_.empty()) dispatcher.start_lap();
  if (pause_over) end_pause();
  resume_unblocked();
  tracking.end_turn();
  commit.end_turn();
  serve_log_waiters();  // or one on the loop
  release_replies();
  in_turn_ = false;
}

MonoMs Server::next_deadline() const {
  if (!to_resume_.empty() || commit.rewrite_wants_turn() || keyspace.free_pending() || queues.free_pending())
    return sequencer.mono_now();
  MonoMs deadline = std::min(commit.next_deadline(), output_bounds.next_deadline());
  if (pause.active()) return std::min({deadline, blocking.next_timeout(), pause.until()});
  if (!lost_sessions_.empty()) return sequencer.mono_now();
  deadline = std::min(deadline, blocking.next_deadline());
  // Logged times are on the sequencer's clock, which runs with the steady one.
  const int64_t expiry = active_expire_ ? keyspace.next_expiry().count : INT64_MAX;
  const int64_t due = std::min({expiry, queues.next_due(), queues.next_opening()});
  if (due != INT64_MAX) {
    const int64_t wait = std::max<int64_t>(0, due - sequencer.now().count);
    deadline = std::min(deadline, sequencer.mono_now() + Millis{wait});
  }
  return deadline;
}

void Server::expire_keys() {
  if (!active_expire_) return;
  if (keyspace.next_expiry() > sequencer.now()) return;
  const uint64_t began = seams.steady_clock.stopwatch();
  for (size_t expired = 0; expired < kExpiredKeysMax; ++expired) {
    const Entry* entry = keyspace.first_expired(sequencer.now());
    if (entry == nullptr) break;
    expire(*entry);
  }
  for (size_t expired = 0; expired < kExpiredKeysMax;) {
    const Entry* entry = keyspace.first_with_expired_part(sequencer.now());
    if (entry == nullptr) break;
    const size_t parts_max = kExpiredKeysMax - expired;
    expired += entry->type() == ValueType::kHash ? expire_fields(*entry, parts_max)
                                                 : forget_idempotence_ids(*entry, parts_max);
  }
  metrics.expiry_nanoseconds += seams.steady_clock.stopwatch() - began;
}

void Server::expire_if_due(const Entry& entry) {
  const UnixMs now = sequencer.now();
  if (keyspace.expired(entry, now)) return expire(entry);
  if (entry.type() == ValueType::kHash && entry.hash().earliest_expiry() <= now)
    expire_fields(entry, SIZE_MAX);
}

size_t Server::forget_idempotence_ids(const Entry& found, size_t ids_max) {
  Entry& entry = keyspace.for_write(found);
  const size_t forgotten = entry.stream().producers()->forget_old(sequencer.now(), ids_max);
  keyspace.producers_changed(entry);
  if (forgotten == 0) return 1;  // it was early
  char digits[kI64CharsMax];
  const std::string_view forgotten_text(digits, format_u64(digits, forgotten));
  const std::string key(entry.key());
  const std::string_view words[] = {"XIDMPRESTORE", key, "FORGET", forgotten_text};
  commit.append(keyspace.db_of(entry), words, {});
  return forgotten;
}

size_t Server::expire_fields(const Entry& found, size_t fields_max) {
  Entry& entry = keyspace.for_write(found);
  const std::string key(entry.key());
  const int db = keyspace.db_of(entry);
  std::string_view words[] = {"HDEL", key, {}};
  size_t expired = 0;
  for (; expired < fields_max; ++expired) {
    const auto field = entry.hash().first_expired(sequencer.now());
    if (!field) break;
    const std::string name(*field);
    words[2] = name;
    commit.append(db, words, {});
    entry.hash().erase(name);
  }
  metrics.fields_expired += expired;
  const bool ended = entry.hash().empty();
  if (ended) {
    keyspace.erase(entry);
  } else {
    keyspace.field_expiry_changed(entry);
  }
  if (expired > 0) key_changed(*internal_session_, db, key, KeyEvent::kHexpired);
  if (ended) key_changed(*internal_session_, db, key, KeyEvent::kDel);
  return expired;
}

void Server::expire(const Entry& entry) {
  ++metrics.keys_expired;
  const std::string key(entry.key());
  const int db = keyspace.db_of(entry);
  const std::string_view words[] = {"DEL", key};
  commit.append(db, words, {});
  keyspace.erase(entry);
  key_changed(*internal_session_, db, key, KeyEvent::kExpired);
}

void Server::flush(int db, bool all) {
  for (int each = 0; each < kDatabases; ++each) {
    if (!all && each != db) continue;
    blocking.signal_all(each);
    watching.touch_where(each, [&](std::string_view key) { return keyspace.find(each, key) != nullptr; });
    queues.drop_tokens(each);
    queues.flushing(each);
  }
  all ? keyspace.flush_all() : keyspace.flush(db);
  tracking.invalidate_all();
}

void Server::swap(int one, int other, const Stamp& stamp) {
  if (one == other) return;
  keyspace.swap(one, other);
  queues.swapped(keyspace, one, other, stamp);
  const auto exists = [&](std::string_view key) {
    return keyspace.find(one, key) != nullptr || keyspace.find(other, key) != nullptr;
  };
  watching.touch_where(one, exists);
  watching.touch_where(other, exists);
  blocking.signal_all(one);
  blocking.signal_all(other);
}

void Server::end_transaction(Session& session) {
  session.leave_multi();
  watching.unwatch(session);
}

void Server::run_internal(Words words, int db) {
  const CommandSpec* spec = commands.find(words[0]);
  if (spec == nullptr) return;  // a table without the queue commands
  Session& session = *internal_session_;
  session.output.clear();
  session.db = db;
  dispatcher.start_lap();
  dispatcher.run(session, *spec, words, {}, CommandCall::Mode::kExec);
  session.output.clear();
}

void Server::tell_of_blocked_letters() {
  const std::string whose = queues.take_dead_blocked();
  if (whose.empty() || sequencer.mono_now() < blocked_letters_told_ + kBlockedLettersInterval) return;
  blocked_letters_told_ = sequencer.mono_now();
  seams.notices.write(NoticeLevel::kWarning,
                      "The dead-letter key of " + whose +
                          " holds something else than a stream, or is full: its dead messages wait");
}

void Server::end_tied_leases() {
  for (const uint64_t session : std::exchange(lost_sessions_, {})) {
    // Those of one queue in one command.
    std::map<Queue*, std::vector<std::string>> handles;
    for (const LeaseTies::Tied& tied : queues.ties().of(session)) {
      if (tied.queue->retired()) continue;  // it ended before the client did
      char text[kHandleCharsMax];
      const Message* const message = tied.queue->find(tied.id);
      handles[tied.queue].emplace_back(text, format_handle(text, message->handle()));
    }
    std::vector<std::pair<Queue*, std::vector<std::string>>> in_order(handles.begin(), handles.end());
    // Not in the order of addresses.
    std::sort(in_order.begin(), in_order.end(),
              [](const auto& a, const auto& b) { return a.second.front() < b.second.front(); });
    for (const auto& [queue, texts] : in_order) {
      const std::string key(queue->entry().key());
      std::vector<std::string_view> words = {"QLOST", key};
      words.insert(words.end(), texts.begin(), texts.end());
      run_internal(words, queue->db());
    }
  }
}

void Server::tick_queues() {
  queues.step_ranking();
  tell_of_blocked_letters();
  const int64_t due = queues.next_due();
  if (due > sequencer.now().count) return;
  metrics.queue_timer_lag_ms = sequencer.now().count - due;
  char now[kI64CharsMax];
  char transitions[kI64CharsMax];
  const std::string_view now_text(now, format_i64(now, sequencer.now().count));
  const std::string_view transitions_text(transitions, format_u64(transitions, kTickTransitionsMax));
  run_internal(std::initializer_list<std::string_view>{"TICK", now_text, transitions_text});
}

// --- Blocked clients

void Server::serve_ready() {
  do {
    while (has_opened()) {
      const auto opened = queues.take_opened(sequencer.now());
      blocking.signal(opened->first, opened->second);
    }
    while (KeyWaiters* key = blocking.take_ready())
      serve(*key);
  } while (has_opened());
}

void Server::serve(KeyWaiters& key) {
  // `key` goes away with its last waiter; the database and name are needed to the end.
  const int db = key.db;
  const std::string name = key.key;
  for (WaitNode* node = key.first; node != nullptr;) {
    const Entry* entry = keyspace.find(db, name);
    if (!key.worth_trying(entry)) return;
    Wait& wait = *node->wait;
    WaitNode* const next = node->next;
    if (worth_trying(wait.wanted, entry)) {
      const bool last_waiter = key.waiters == 1;
      Session& session = *wait.session;
      if (run_again(session, CommandCall::Mode::kWoken) && last_waiter) return;
    }
    node = next;
  }
}

void Server::run_waits_again() {
  // It ends: whoever waits on asks for a later time.
  while (Session* session = blocking.take_to_run_again(sequencer.mono_now()))
    run_again(*session, CommandCall::Mode::kWoken);
}

void Server::serve_log_waiters() {
  const uint64_t durable = commit.durable_sequence();
  if (durable == log_waiters_served_) return;
  log_waiters_served_ = durable;
  for (WaitNode* node = blocking.log_waiters(); node != nullptr;) {
    Session& session = *node->wait->session;
    node = node->next;
    run_again(session, CommandCall::Mode::kWoken);
  }
}

bool Server::run_again(Session& session, CommandCall::Mode mode) {
  if (session.kill_now) return false;  // its socket is as good as gone
  const Execution execution(*this, session);
  const Wait& wait = *session.wait;
  // What he was allowed when he began to wait may be forbidden by now.
  if (mode == CommandCall::Mode::kWoken && !dispatcher.permit(session, *wait.spec, wait.words.words())) {
    unblock(session);
    return true;
  }
  if (!dispatcher.run(session, *wait.spec, wait.words.words(), {}, mode)) return false;
  ++session.replies_unmarked;
  unblock(session);
  return true;
}

void Server::unblock(Session& session) {
  if (session.blocked()) blocking.remove(session);
  queue_output(session);
  if (session.resume_queued) return;
  session.resume_queued = true;
  to_resume_.push_back(session.id);
}

void Server::time_out_waits() {
  while (Session* session = blocking.first_overdue(sequencer.mono_now()))
    time_out(*session);
}

void Server::time_out(Session& session) {
  CHECK(session.blocked());
  if (session.kill_now) {
    blocking.remove(session);
    return;
  }
  const Execution execution(*this, session);
  if (session.wait->wanted.kind == WaitKind::kLog) {
    CHECK(run_again(session, CommandCall::Mode::kTimedOut));
    return;
  }
  protocol::ReplyWriter(session.output, session.protocol).null_array();
  ++session.replies_unmarked;
  dispatcher.count_timed_out(session);
  unblock(session);
}

void Server::fail_wait(Session& session, std::string_view error) {
  CHECK(session.blocked());
  const Execution execution(*this, session);
  metrics.count_error(error);
  protocol::ReplyWriter(session.output, session.protocol).error(error);
  ++session.replies_unmarked;
  unblock(session);
}

void Server::resume_unblocked() {
  // What they send may block and wake others; those woken now join the list and are done in this turn too. It ends:
  // each step either uses up input or leaves the list shorter. Who has had his share goes on in the next turn.
  std::vector<uint64_t> next_turn;
  for (size_t i = 0; i < to_resume_.size(); ++i) {
    Session* session = find_session(to_resume_[i]);
    if (session == nullptr) continue;
    session->resume_queued = false;
    execute_input(*session, {});
    queue_output(*session);
    if (session->resume_queued) next_turn.push_back(session->id);
  }
  to_resume_ = std::move(next_turn);
}

// --- Sessions

Session& Server::connect(std::string address, std::string local_address, void* transport) {
  auto session = std::make_unique<Session>();
  session->id = ++session_id_last_;
  session->address = std::move(address);
  session->local_address = std::move(local_address);
  session->transport = transport;
  begin_as_default(*session);
  session->connected_at = session->last_command_at = seams.steady_clock.now();
  ++metrics.connections_received;
  return *sessions_.emplace(session->id, std::move(session)).first->second;
}

Session* Server::find_session(uint64_t id) {
  const auto it = sessions_.find(id);
  return it == sessions_.end() ? nullptr : it->second.get();
}

void Server::disconnect(Session& session) {
  if (session.blocked()) blocking.remove(session);
  watching.unwatch(session);
  if (!queues.ties().of(session.id).empty()) lost_sessions_.push_back(session.id);
  pubsub.unsubscribe_all(session);
  tracking.disable(session);
  monitors.remove(session);
  if (session.output_queued) std::erase(with_output_, &session);
  sessions_.erase(session.id);
}

void Server::turn_away_http(Session& session) {
  seams.notices.write(NoticeLevel::kWarning,
                      "Possible cross-protocol attack from " + session.address + ": connection closed");
  session.closing = true;
}

void Server::kill(Session& session) {
  if (session.blocked()) blocking.remove(session);
  session.closing = true;
  session.kill_now = true;
  queue_output(session);
}

void Server::queue_output(Session& session) {
  if (session.output_queued) return;
  session.output_queued = true;
  with_output_.push_back(&session);
}

void Server::receive_at_once(Session& session, std::string_view bytes) {
  CHECK(script != nullptr && !runs_script_of(session));
  const bool owed = session.output.size() > session.sendable;
  receive(session, bytes);
  if (owed) return;  // and that may tell of what is not in the log yet
  session.sendable = session.output.size();
  session.replies_unmarked = 0;
}

void Server::receive(Session& session, std::string_view bytes) {
  CHECK(in_turn_);
  dispatcher.start_lap();
  metrics.bytes_in += bytes.size();
  ++metrics.reads;
  session.bytes_in += bytes.size();
  if (session.closing) return;
  if (session.waits() || session.resume_queued || session.output.size() > kReplyBytesHeldMax) {
    session.input.append(bytes);
  } else {
    execute_input(session, bytes);
    if (session.resume_queued) to_resume_.push_back(session.id);
  }
  const size_t watch_bytes = session.watches == nullptr ? 0 : session.watches->bytes;
  const size_t input_max = std::min<uint64_t>(config.settings().client_query_buffer_limit, kInputBytesMax);
  if (session.input.size() > input_max ||
      session.input.size() + session.queued_bytes + watch_bytes > kInputBytesMax) {
    ++metrics.query_limit_disconnections;
    seams.notices.write(NoticeLevel::kWarning,
                        "Client " + std::to_string(session.id) + " at " + session.address +
                            " sent more than its query buffer may hold: connection closed");
    kill(session);
  }
  queue_output(session);
}

void Server::execute_input(Session& session, std::string_view bytes) {
  // Straight from the read buffer, unless something was left over from before.
  const bool gathered = !session.input.empty();
  if (gathered) session.input.append(bytes);
  std::string_view rest = gathered ? session.input.view() : bytes;
  const size_t rest_min = rest.size() > kInputBytesShare ? rest.size() - kInputBytesShare : 0;
  while (!session.closing && !session.waits() && !rest.empty()) {
    if (session.output.size() > kReplyBytesHeldMax) break;  // sent() lets it go on
    if (rest.size() < rest_min) {
      session.resume_queued = true;  // the caller lists it
      break;
    }
    const protocol::RequestLimits limits{
        .bulk_bytes_max = static_cast<size_t>(config.settings().proto_max_bulk_len),
        .authenticated = session.authenticated || !acl.login_required()};
    const auto status = session.parser.next(rest, limits);
    if (status == protocol::RequestParser::Status::kRequest) {
      const size_t consumed = session.parser.consumed();
      dispatcher.execute(session, session.parser.words(), session.parser.raw());
      rest.remove_prefix(consumed);
      output_bounds.check(session);
      continue;
    }
    if (status == protocol::RequestParser::Status::kNeedMore) {
      rest.remove_prefix(session.parser.consumed());
      break;
    }
    if (status == protocol::RequestParser::Status::kError) {
      protocol::ReplyWriter(session.output, session.protocol)
          .error("ERR " + std::string(session.parser.error()));
      ++session.replies_unmarked;
      session.closing = true;
    } else {
      turn_away_http(session);
    }
  }
  if (session.closing) rest = {};
  if (gathered) {
    session.input.consume(session.input.size() - rest.size());
    session.input.shrink(kIdleBufferBytesMax);
  } else {
    session.input.append(rest);
  }
}

// --- Replies

void Server::release_replies() {
  const uint64_t durable = commit.releasable_sequence();
  const uint64_t failed = commit.failed_sequence();
  for (size_t i = 0; i < with_output_.size(); ++i) {
    Session& session = *with_output_[i];
    session.note_output_peak(sequencer.mono_now());
    if (session.output.size() > session.marked_end()) {
      session.marks.push_back({sequencer.sequence(), session.output.size(), session.replies_unmarked});
      session.replies_unmarked = 0;
    }
    while (!session.marks.empty() && session.marks.front().sequence <= durable) {
      session.sendable = session.marks.front().end;
      session.marks.pop_front();
    }
    if (!session.marks.empty() && session.marks.front().sequence <= failed)
      answer_with_failure(session, failed);
  }
  commit.failure_answered();
}

void Server::answer_with_failure(Session& session, uint64_t failed) {
  // The disk did not take what these replies were to confirm. How many there were is known, what they said is void.
  ByteBuffer kept;
  kept.append(session.output.view().substr(0, session.sendable));
  uint32_t replies = 0;
  while (!session.marks.empty() && session.marks.front().sequence <= failed) {
    replies += session.marks.front().replies;
    session.marks.pop_front();
  }
  CHECK(session.marks.empty());  // what failed is all that was written
  protocol::ReplyWriter writer(kept, session.protocol);
  for (uint32_t i = 0; i < replies; ++i)
    writer.error(commit.failure_text());
  session.output = std::move(kept);
  session.sendable = session.output.size();
  if (!session.input.empty() && !session.waits()) unblock(session);  // it may have waited for room
}

std::vector<Session*> Server::take_sendable() {
  std::vector<Session*> sendable;
  std::vector<Session*> held;
  for (Session* session : with_output_) {
    // Those whose replies wait for the disk stay in the list.
    const bool waits = !session->marks.empty() && !session->kill_now;
    (waits ? held : sendable).push_back(session);
    session->output_queued = waits;
    if (waits && session->sendable > 0) sendable.push_back(session);
  }
  with_output_ = std::move(held);
  return sendable;
}

void Server::sent(Session& session, size_t size) {
  CHECK(size <= session.sendable);
  metrics.bytes_out += size;
  ++metrics.writes;
  session.bytes_out += size;
  const bool was_full = session.output.size() > kReplyBytesHeldMax / 2;
  session.output.consume(size);
  session.sendable -= size;
  if (session.over_soft_since) [[unlikely]]
    output_bounds.caught_up(session);
  for (Session::Mark& mark : session.marks)
    mark.end -= size;
  session.output.shrink(kIdleBufferBytesMax);
  const bool has_room = session.output.size() <= kReplyBytesHeldMax / 2;
  if (was_full && has_room && !session.input.empty() && !session.waits()) unblock(session);
}

bool Server::close_log() {
  return commit.close();
}

}  // namespace sluice::core
