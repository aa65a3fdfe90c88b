// SPDX-License-Identifier: MIT
#include "tests/sim/simulator.h"

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
    if (!client.changed && (log.write_error() != 0 || log.poisoned())) continue;
    told_ = std::max(told_, client.sequence);
    if (log.write_error() == 0 && log.buffered_bytes() == 0)
      told_healthy_ = std::max(told_healthy_, client.sequence);
    if (asked == Ask::kReserve) reserved(client, *reply);
    if (asked == Ask::kAck) acked(client, *reply);
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

void Simulator::ask_something(Client& client) {
  if (!client.leases.empty() && !one_in(3)) return ask_of_lease(client);
  const std::string key = queue_name();
  const std::string payload = "p" + std::to_string(below(1000));
  switch (below(18)) {
    case 0:
    case 1:
    case 2:
      return send(client, {"QADD", key, payload}, Ask::kOther);
    case 3:
      return send(client, {"QADD", key, "DELAY", std::to_string(below(3000)), payload}, Ask::kOther);
    case 4:
    case 5:
      return send(client, {one_in(2) ? "LPUSH" : "RPUSH", key, payload, payload + "x"}, Ask::kOther);
    case 6:
    case 7:
    case 8:
    case 9:
      return send(
          client,
          {"QRESERVE", "2", key, queue_name(), "COUNT", std::to_string(1 + below(3)), "LEASE", "2000"},
          Ask::kReserve);
    case 10:
      return send(client, {"QRESERVE", "1", key, "BLOCK", "1000", "LEASE", "1500"}, Ask::kReserve);
    case 11:
      return send(
          client,
          {"QPOLICY", key, "MAXATTEMPTS", std::to_string(1 + below(4)), "BACKOFF", "EXP", "100", "2000"},
          Ask::kOther);
    case 12:
      return send(client, {one_in(2) ? "BRPOP" : "BLPOP", key, "1"}, Ask::kOther);
    case 13:
      return send(client,
                  {"SET", "s" + std::to_string(below(5)), payload, "PX", std::to_string(1 + below(3000))},
                  Ask::kOther);
    case 14:
      return send(client, {"LMOVE", key, queue_name(), "LEFT", "RIGHT"}, Ask::kOther);
    case 15:
      return send(client, {"XADD", "stream", "*", "f", payload}, Ask::kOther);
    case 16:
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
