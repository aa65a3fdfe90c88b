// SPDX-License-Identifier: MIT
#include "tests/sim/simulator.h"

#include <algorithm>
#include <cerrno>

#include "engine/queue/queue.h"
#include "protocol/request_encoder.h"
#include "server/commands/table.h"

namespace sluice::test {
namespace {

constexpr size_t kClients = 5;

}  // namespace

Simulator::Simulator(uint64_t seed, std::string_view appendfsync)
    : chance_(mix(seed)), appendfsync_(appendfsync), entropy_(mix(seed + 1)) {
  clients_.resize(kClients);
  start_server();
}

Simulator::~Simulator() {
  stop_server();
}

void Simulator::fail(const std::string& what) {
  if (report_.failure.empty()) report_.failure = "step " + std::to_string(report_.steps) + ": " + what;
}

// --- Starts and ends

void Simulator::start_server() {
  core::Config config;
  const std::string_view value = appendfsync_;
  if (config.set("appendfsync", std::span(&value, 1)).has_value()) return fail("no such policy");
  const std::string_view growth = "50";
  const std::string_view small = "20000";
  if (config.set("auto-aof-rewrite-percentage", std::span(&growth, 1)).has_value() ||
      config.set("auto-aof-rewrite-min-size", std::span(&small, 1)).has_value()) {
    return fail("rewrite directives refused");
  }
  server_ = std::make_unique<core::Server>(std::move(config),
                                           core::Seams{.clock = clock_,
                                                       .steady_clock = steady_clock_,
                                                       .entropy = entropy_,
                                                       .files = files_,
                                                       .worker = worker_,
                                                       .rewrite_worker = rewrite_worker_,
                                                       .notices = notices_},
                                           core::ProcessFacts{}, commands::command_table());
  notices_.lines.clear();
  if (!server_->load()) {
    return fail("it does not start: " + (notices_.lines.empty() ? std::string() : notices_.lines.back()));
  }
  const uint64_t sequence = server_->sequencer.sequence();
  if (!states_.empty()) {
    const auto state = states_.find(sequence);
    if (state == states_.end()) {
      fail("it came back at sequence " + std::to_string(sequence) + ", where no turn ended");
    } else if (state->second != server_->digest()) {
      fail("it came back with another state than it had at sequence " + std::to_string(sequence));
    }
  }
  states_.erase(states_.upper_bound(sequence), states_.end());
  server_->start();
  remember_state();
  for (Client& client : clients_)
    client = Client{.session = &server_->connect("sim", "sim", &client)};
}

void Simulator::stop_server() {
  if (server_ == nullptr) return;
  for (Client& client : clients_) {
    if (client.session != nullptr) server_->disconnect(*client.session);
    client = Client{};
  }
  server_ = nullptr;
}

void Simulator::power_cut() {
  ++report_.power_cuts;
  const auto tail = static_cast<MemoryFileSystem::Tail>(below(3));
  disk_.crash([this](uint64_t max) { return max == UINT64_MAX ? draw() : below(max + 1); }, tail);
  stop_server();
  fault_calls_left_ = 0;
  files_.heal();
  const uint64_t told = told_;
  start_server();
  if (always() && server_->sequencer.sequence() < told) {
    fail("a client was told of sequence " + std::to_string(told) + ", the disk has " +
         std::to_string(server_->sequencer.sequence()));
  }
  if (!always()) told_ = std::min(told_, server_->sequencer.sequence());
  told_healthy_ = std::min(told_healthy_, server_->sequencer.sequence());
}

void Simulator::kill() {
  ++report_.kills;
  disk_.kill();
  stop_server();
  fault_calls_left_ = 0;
  files_.heal();
  const uint64_t told = always() ? told_ : told_healthy_;
  start_server();
  if (server_->sequencer.sequence() < told) {
    fail("the process ended after a reply of sequence " + std::to_string(told) + ", the file has " +
         std::to_string(server_->sequencer.sequence()));
  }
  told_ = std::min(told_, server_->sequencer.sequence());
  told_healthy_ = std::min(told_healthy_, server_->sequencer.sequence());
}

// --- Turns

void Simulator::turn(const std::function<void()>& work) {
  server_->begin_turn();
  if (!one_in(4)) worker_.wait();
  if (!one_in(4)) rewrite_worker_.wait();
  work();
  server_->end_turn();
  for (Client& client : clients_) {
    if (client.asked == Ask::kNothing || client.executed || client.session->blocked()) continue;
    client.executed = true;
    client.sequence = server_->sequencer.sequence();
  }
  remember_state();
  deliver();
  if (fault_calls_left_ == 0) files_.heal();
}

void Simulator::remember_state() {
  server_->keyspace.check_invariants();
  server_->queues.check_invariants();
  for (const Queue* queue : server_->queues.queues())
    queue->check_invariants();
  const std::string digest = server_->digest();
  report_.letters = std::max(report_.letters, server_->queues.totals().died);
  const auto [state, added] = states_.emplace(server_->sequencer.sequence(), digest);
  if (!added && state->second != digest) fail("the state changed and nothing was logged");
}

void Simulator::deliver() {
  for (core::Session* session : server_->take_sendable()) {
    auto& client = *static_cast<Client*>(session->transport);
    const size_t size = session->sendable;
    client.received.append(session->output.view().substr(0, size));
    server_->sent(*session, size);
    take_replies(client);
  }
}

void Simulator::take_replies(Client& client) {
  std::string_view rest = client.received;
  while (const auto reply = decode(rest)) {
    if (client.asked == Ask::kNothing || !client.executed) return fail("a reply that nobody asked for");
    const Ask asked = std::exchange(client.asked, Ask::kNothing);
    if (reply->is_error() && reply->text.starts_with("MISCONF")) {
      ++report_.refused;
      continue;
    }
    // While the disk refuses, reads go on, also of what was answered with an error.
    const Log& log = *server_->commit.log();
    // A wait that ends with nothing confirms nothing, although it may have made a consumer when it began.
    const bool confirms = client.changed && !reply->is_null();
    if (!confirms && (log.write_error() != 0 || log.poisoned())) continue;
    told_ = std::max(told_, client.sequence);
    if (log.write_error() == 0 && log.buffered_bytes() == 0)
      told_healthy_ = std::max(told_healthy_, client.sequence);
    if (asked == Ask::kReserve) reserved(client, *reply);
    if (asked == Ask::kAck) acked(client, *reply);
    if (asked == Ask::kRead) read(client, *reply);
    if (asked == Ask::kAckEntry) entry_acked(client, *reply);
  }
  client.received.erase(0, client.received.size() - rest.size());
}

void Simulator::reserved(Client& client, const Reply& reply) {
  if (reply.is_null() || reply.is_error()) return;
  for (const Reply& entry : reply.elements) {
    const std::string& handle = entry.elements.at(1).text;
    const std::string id = handle.substr(0, handle.find(':'));
    const uint64_t deliveries = std::stoull(handle.substr(handle.find(':') + 1));
    client.leases.push_back(entry.elements.at(0).text + " " + handle);
    if (!always()) continue;
    if (acked_.contains(id)) fail("message " + id + " was acked and came back");
    uint64_t& last = deliveries_[id];
    if (deliveries <= last) fail("deliveries of " + id + " fell to " + std::to_string(deliveries));
    last = deliveries;
  }
}

void Simulator::acked(const Client& client, const Reply& reply) {
  if (reply.is_error() || reply.elements.at(0).integer != 1) return;
  ++report_.acked;
  const std::string id = client.handle.substr(0, client.handle.find(':'));
  if (always() && !acked_.insert(id).second) fail("message " + id + " was acked twice");
}

void Simulator::read(Client& client, const Reply& reply) {
  if (reply.is_null() || reply.is_error()) return;
  for (const Reply& entry : reply.elements.at(0).elements.at(1).elements) {
    const std::string name = client.handle + " " + entry.elements.at(0).text;
    client.entries.push_back(name);
    if (always() && acked_.contains(name)) fail("entry " + name + " was acked and came back");
  }
}

void Simulator::entry_acked(const Client& client, const Reply& reply) {
  if (reply.is_error() || reply.integer != 1) return;
  ++report_.entries_acked;
  if (always() && !acked_.insert(client.handle).second) fail("entry " + client.handle + " was acked twice");
}

// --- What happens

void Simulator::send(Client& client, const std::vector<std::string>& words, Ask asked, std::string handle) {
  ++report_.requests;
  ByteBuffer request;
  const std::vector<std::string_view> views(words.begin(), words.end());
  protocol::append_request(request, views);
  client.asked = asked;
  client.executed = false;
  client.handle = std::move(handle);
  // In one piece or in two: a request cut anywhere is the same request.
  const uint64_t sequence = server_->sequencer.sequence();
  const std::string_view bytes = request.view();
  const size_t cut = below(bytes.size() + 1);
  server_->receive(*client.session, bytes.substr(0, cut));
  server_->receive(*client.session, bytes.substr(cut));
  client.changed = server_->sequencer.sequence() > sequence;
}

void Simulator::ask_of_lease(Client& client) {
  const size_t chosen = below(client.leases.size());
  const std::string lease = client.leases[chosen];
  const std::string key = lease.substr(0, lease.find(' '));
  const std::string handle = lease.substr(lease.find(' ') + 1);
  if (!one_in(5))
    client.leases.erase(client.leases.begin() + static_cast<ptrdiff_t>(chosen));  // else asked twice
  switch (below(8)) {
    case 0:
      return send(client, {"QNACK", key, "FAIL", "IDS", "1", handle, "REASON", "r"}, Ask::kOther);
    case 1:
      return send(client, {"QNACK", key, "SILENT", "IDS", "1", handle}, Ask::kOther);
    case 2:
      return send(client, {"QNACK", key, "FATAL", "IDS", "1", handle}, Ask::kOther);
    case 3:
      return send(client, {"QEXTEND", key, "5000", handle}, Ask::kOther);
    case 4:
      return send(client, {"QDEL", key, handle.substr(0, handle.find(':'))}, Ask::kOther);
    default:
      return send(client, {"QACK", key, handle}, Ask::kAck, handle);
  }
}

// What QADD can ask for, at random.
std::vector<std::string> Simulator::addition(const std::string& key, const std::string& payload) {
  std::vector<std::string> words = {"QADD", key};
  const auto add = [&words](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
  if (one_in(3)) add({"DELAY", number(2000)});
  if (one_in(3)) add({"PRIORITY", number(10)});
  if (one_in(4)) add({"TTL", std::to_string(2001 + below(4000))});
  if (one_in(3)) {
    add({"DEDUPE", "t" + number(6)});
    if (one_in(2)) add({"UNTIL", one_in(2) ? "START" : "DONE"});
    if (one_in(2)) add({"WINDOW", number(3000)});
  }
  if (one_in(3)) add({"GROUP", "g" + number(3)});
  add({payload});
  return words;
}

void Simulator::set_policy(Client& client) {
  std::vector<std::string> words = {"QPOLICY", queue_name()};
  const auto add = [&words](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
  if (one_in(3)) add({"RESET"});
  add({"MAXATTEMPTS", std::to_string(1 + below(4)), "BACKOFF", "EXP", "100", "2000"});
  if (one_in(3)) add({"HEAD", one_in(2) ? "LEFT" : "RIGHT"});
  if (one_in(3)) add({"MAXLEN", std::to_string(5 + below(40)), "OVERFLOW", one_in(2) ? "DROP" : "REJECT"});
  if (one_in(4)) add({"TTL", std::to_string(2500 + below(5000))});
  if (one_in(4)) add({"AGING", number(500)});
  if (one_in(4)) add({"RATE", std::to_string(1 + below(5)), std::to_string(1 + below(500))});
  if (one_in(5)) add({"MAXLEASED", number(6)});
  if (one_in(6)) add({"PAUSE", one_in(2) ? "IN" : "OUT"});
  if (one_in(4)) add({"DEADLETTER", one_in(3) ? "s0" : "graves"});
  if (one_in(4)) add({"DEADMAXLEN", number(5)});
  send(client, words, Ask::kOther);
}

void Simulator::set_group_policy(Client& client) {
  std::vector<std::string> words = {"QPOLICY", "stream", "GROUP", group_name()};
  if (one_in(8)) {
    words.emplace_back("RESET");
    return send(client, words, Ask::kOther);
  }
  const auto add = [&words](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
  if (one_in(3)) add({"RESET"});
  add({"LEASE", std::to_string(300 + below(2000)), "MAXATTEMPTS", std::to_string(1 + below(4))});
  add({"BACKOFF", "EXP", "100", "2000"});
  if (one_in(4)) add({"RATE", std::to_string(1 + below(5)), std::to_string(1 + below(500))});
  if (one_in(5)) add({"MAXLEASED", number(6)});
  if (one_in(6)) add({"PAUSE", one_in(2) ? "NONE" : "OUT"});
  // A text lies at s0 now and then, and the letters wait.
  if (one_in(4)) add({"DEADLETTER", one_in(3) ? "s0" : "graves"});
  if (one_in(3)) add({"ACKDEL", one_in(2) ? "ACKED" : "DELREF"});
  send(client, words, Ask::kOther);
}

void Simulator::ask_of_entry(Client& client) {
  const size_t chosen = below(client.entries.size());
  const std::string name = client.entries[chosen];
  const std::string group = name.substr(0, name.find(' '));
  const std::string id = name.substr(name.find(' ') + 1);
  if (!one_in(5)) client.entries.erase(client.entries.begin() + static_cast<ptrdiff_t>(chosen));
  switch (below(8)) {
    case 0:
      return send(client, {"XNACK", "stream", group, "FAIL", "IDS", "1", id}, Ask::kOther);
    case 1:
      return send(client,
                  {"XNACK", "stream", group, "FAIL", "IDS", "1", id, "DELAY", number(900), "REASON", "r"},
                  Ask::kOther);
    case 2:
      return send(client, {"XNACK", "stream", group, one_in(2) ? "SILENT" : "FATAL", "IDS", "1", id},
                  Ask::kOther);
    case 3:
      return send(client, {"XCLAIM", "stream", group, "c" + number(3), one_in(2) ? "0" : "500", id, "JUSTID"},
                  Ask::kOther);
    case 4:
      return send(client, {"XACKDEL", "stream", group, "CONSUMER", "c" + number(3), "ACKED", "IDS", "1", id},
                  Ask::kOther);
    default:
      return send(client, {"XACK", "stream", group, id}, Ask::kAckEntry, name);
  }
}

// There is a stream in each of two databases, and who acknowledges an entry knows only its ID: one of its own.
std::string Simulator::entry_id() {
  constexpr uint64_t kIdsApart = 1'000;  // a stream may choose those behind it
  entry_ms_ = std::max(entry_ms_, clock_.time.count);
  return std::to_string(entry_ms_) + "-" + std::to_string(++entries_added_ * kIdsApart);
}

void Simulator::ask_of_stream(Client& client) {
  const std::string group = group_name();
  std::vector<std::string> words = {"XREADGROUP",    "GROUP", group,
                                    "c" + number(3), "COUNT", std::to_string(1 + below(3))};
  switch (below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return send(client, {"XADD", "stream", entry_id(), "f", number(1000)}, Ask::kOther);
    case 4:
      return send(client, {"XGROUP", "CREATE", "stream", group, "0", "MKSTREAM"}, Ask::kOther);
    case 5:
      return set_group_policy(client);
    case 6:
      return send(client,
                  {"XTRIM", "stream", "MAXLEN", one_in(2) ? "=" : "~", std::to_string(20 + below(20))},
                  Ask::kOther);
    case 7:
      return send(client,
                  {"XAUTOCLAIM", "stream", group, "c" + number(3), "700", "-", "COUNT", "2", "JUSTID"},
                  Ask::kOther);
    case 8:
      return send(client, {"XGROUP", "DELCONSUMER", "stream", group, "c" + number(3)}, Ask::kOther);
    case 9:
      return send(client,
                  {"QREDRIVE", one_in(2) ? "graves" : "stream:" + group + ":dead", "SPREAD", number(900)},
                  Ask::kOther);
    case 10:
      return send(client, {"QINFO", "stream", "GROUP", group}, Ask::kOther);
    default:
      if (one_in(3)) words.insert(words.end(), {"BLOCK", "1000"});
      if (one_in(4)) words.insert(words.end(), {"CLAIM", number(900)});
      words.insert(words.end(), {"STREAMS", "stream", ">"});
      return send(client, words, Ask::kRead, group);
  }
}

void Simulator::ask_something(Client& client) {
  if (!client.leases.empty() && !one_in(3)) return ask_of_lease(client);
  if (!client.entries.empty() && !one_in(3)) return ask_of_entry(client);
  one_in(3) ? ask_of_stream(client) : ask_of_queue(client);
}

void Simulator::ask_of_queue(Client& client) {
  const std::string key = queue_name();
  const std::string payload = "p" + number(1000);
  std::vector<std::string> reserve = {"QRESERVE",   "2",     key,
                                      queue_name(), "COUNT", std::to_string(1 + below(3))};
  switch (below(18)) {
    case 0:
      return send(client, {"QADD", key, payload}, Ask::kOther);
    case 1:
    case 2:
    case 3:
      return send(client, addition(key, payload), Ask::kOther);
    case 4:
    case 5:
      return send(client, {one_in(2) ? "LPUSH" : "RPUSH", key, payload, payload + "x"}, Ask::kOther);
    case 6:
    case 7:
    case 8:
    case 9:
      reserve.insert(reserve.end(), {"LEASE", "2000"});
      if (one_in(3)) reserve.emplace_back("FAIR");
      if (one_in(3)) reserve.emplace_back("TIED");
      return send(client, reserve, Ask::kReserve);
    case 10:
      return send(client, {"QRESERVE", "1", key, "BLOCK", "1000", "LEASE", "1500"}, Ask::kReserve);
    case 11:
      return set_policy(client);
    case 12:
      return send(client, {one_in(2) ? "BRPOP" : "BLPOP", key, "1"}, Ask::kOther);
    case 13:
      return send(client, {"SET", "s" + number(5), payload, "PX", std::to_string(1 + below(3000))},
                  Ask::kOther);
    case 14:
      return send(client, {"LMOVE", key, queue_name(), "LEFT", "RIGHT"}, Ask::kOther);
    case 15:
      return send(client,
                  {"QREDRIVE", one_in(2) ? "graves" : key + ":dead", "COUNT", "3", "SPREAD", number(500)},
                  Ask::kOther);
    case 16:
      if (one_in(4)) return send(client, {"SWAPDB", "0", "1"}, Ask::kOther);
      return send(client, {one_in(3) ? "BGREWRITEAOF" : "QINFO", key}, Ask::kOther);
    default:
      return send(client, {one_in(4) ? "DEL" : "LLEN", key}, Ask::kOther);
  }
}

void Simulator::begin_faults() {
  ++report_.faults;
  fault_calls_left_ = 1 + below(12);
  const uint64_t kind = below(3);
  files_.code = one_in(2) ? ENOSPC : EIO;
  files_.decide = [this, kind](const FaultyFileSystem::Call& call) {
    if (fault_calls_left_ == 0) return Fault::kNone;
    --fault_calls_left_;
    if (kind == 0) return call.kind == FaultyFileSystem::Kind::kAppend ? Fault::kShort : Fault::kNone;
    if (kind == 1) return call.kind == FaultyFileSystem::Kind::kSync ? Fault::kError : Fault::kNone;
    return one_in(2) ? Fault::kError : Fault::kNone;
  };
}

void Simulator::advance() {
  const Millis span{static_cast<int64_t>(one_in(10) ? below(15'000) : below(500))};
  steady_clock_.time = steady_clock_.time + span;
  clock_.time = clock_.time + span;
  // The wall clock is set, now and then, either way.
  if (one_in(20)) clock_.time = clock_.time + Millis{static_cast<int64_t>(below(20'000)) - 10'000};
}

void Simulator::step() {
  if (one_in(60)) return power_cut();
  if (one_in(80)) return kill();
  if (one_in(30)) begin_faults();
  if (one_in(3)) advance();
  turn([this] {
    for (Client& client : clients_) {
      if (client.asked == Ask::kNothing && one_in(2)) ask_something(client);
    }
  });
  Client& client = clients_[below(kClients)];
  if (one_in(40)) {
    server_->disconnect(*client.session);
    client = Client{.session = &server_->connect("sim", "sim", &client)};
  }
}

SimulationReport Simulator::run(uint64_t steps) {
  for (uint64_t i = 0; i < steps && report_.failure.empty(); ++i) {
    ++report_.steps;
    step();
    report_.rewrites = std::max(report_.rewrites, server_->commit.rewrite().completed());
  }
  if (report_.failure.empty()) power_cut();
  return report_;
}

}  // namespace sluice::test
