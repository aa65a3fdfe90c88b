// SPDX-License-Identifier: MIT
//
// A script (session_script.h) to a whole server core with a clock, a disk and clients of the test's. Claims:
//  * nothing of it ends the process, whatever is asked and in whatever order;
//  * what comes back is RESP, reply by reply, and a client that is not closed is owed nothing but what it waits for;
//  * the invariants of the keyspace and the queues hold after each turn;
//  * the log, loaded into another server, gives the same state; and so does the log that a rewrite makes of it.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "engine/base/number_text.h"
#include "protocol/request_encoder.h"
#include "server/commands/table.h"
#include "server/core/server.h"
#include "tests/fuzz/session_script.h"
#include "tests/support/resp_decoder.h"
#include "tests/support/server_fixture.h"

using namespace sluice;
using fuzz::Step;

namespace {

// More would measure the memory of the machine, not the server: a SETRANGE can ask for as much as a bulk may have.
constexpr std::string_view kBulkBytesMax = "1mb";
constexpr int64_t kPopulateMax = 500;
constexpr int kRewriteTurnsMax = 100'000;

// What is meant to end the process, or to take long.
bool is_meant_to_hurt(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (equals_folded(word, "proto-max-bulk-len")) return true;
  }
  if (words.size() < 2 || !equals_folded(words[0], "DEBUG")) return false;
  for (const std::string_view name : {"ASSERT", "OOM", "PANIC", "SEGFAULT"}) {
    if (equals_folded(words[1], name)) return true;
  }
  if (!equals_folded(words[1], "POPULATE")) return false;
  if (words.size() > 4) return true;
  return words.size() > 2 && parse_i64(words[2]).value_or(0) > kPopulateMax;
}

struct Client {
  core::Session* session = nullptr;
  std::string received = {};
};

class Run {
 public:
  explicit Run(const std::vector<Step>& steps) : steps_(steps) {}

  void run() {
    size_t at = 0;
    for (; at < steps_.size() && steps_[at].kind == Step::Kind::kDirective; ++at)
      directives_.push_back(steps_[at].words);
    server_ = make_server();
    CHECK(server_->load());
    server_->start();
    while (at < steps_.size() && server_->shutdown_requested() == core::Server::Shutdown::kNo) {
      size_t end = at + 1;
      while (end < steps_.size() && steps_[end].same_turn)
        ++end;
      turn(at, end);
      at = end;
    }
    check_log();
  }

 private:
  std::unique_ptr<core::Server> make_server() {
    core::Config config;
    const std::string_view bulk[] = {kBulkBytesMax};
    CHECK(!config.set("proto-max-bulk-len", bulk));
    const std::string_view debug[] = {"yes"};
    CHECK(!config.set("enable-debug-command", debug));
    for (const std::vector<std::string>& words : directives_) {
      if (is_meant_to_hurt(words) || words.size() < 2 || !is_followed(words[0])) continue;
      const std::vector<std::string_view> views(words.begin() + 1, words.end());
      (void)config.set(words[0], views);
    }
    core::ProcessFacts facts;
    facts.memory_used = [this] { return world_.memory_used; };
    facts.pause = [this](uint64_t microseconds) {
      world_.steady_clock.microseconds += microseconds % 1'000'000;
    };
    return std::make_unique<core::Server>(std::move(config),
                                          core::Seams{.clock = world_.clock,
                                                      .steady_clock = world_.steady_clock,
                                                      .entropy = world_.entropy,
                                                      .files = world_.files,
                                                      .worker = world_.worker,
                                                      .rewrite_worker = world_.rewrite_worker,
                                                      .notices = world_.notices},
                                          std::move(facts), commands::command_table());
  }

  // Those that decide where the log is, and renamed commands that main looks at first, are not for a script.
  static bool is_followed(std::string_view directive) {
    for (const std::string_view name :
         {"dir", "appenddirname", "appendfilename", "rename-command", "aclfile", "user"}) {
      if (equals_folded(directive, name)) return false;
    }
    return true;
  }

  void turn(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      if (steps_[i].kind == Step::Kind::kPass) world_.advance(Millis{steps_[i].milliseconds});
    }
    begin_turn();
    for (size_t i = begin; i < end; ++i)
      take(steps_[i]);
    end_turn();
    for (size_t i = begin; i < end; ++i) {
      if (steps_[i].kind == Step::Kind::kRestart) restart();
    }
  }

  void begin_turn() {
    server_->begin_turn();
    world_.worker.wait();
    world_.rewrite_worker.wait();
  }

  void end_turn() {
    server_->end_turn();
    deliver();
    server_->keyspace.check_invariants();
    server_->queues.check_invariants();
    for (const Queue* queue : server_->queues.queues())
      queue->check_invariants();
  }

  void take(const Step& step) {
    if (step.kind == Step::Kind::kHangUp) hang_up(client(step.client));
    if (step.kind == Step::Kind::kBytes) send(step.client, step.bytes);
    if (step.kind != Step::Kind::kCommand || is_meant_to_hurt(step.words)) return;
    const std::vector<std::string_view> views(step.words.begin(), step.words.end());
    ByteBuffer request;
    protocol::append_request(request, views);
    send(step.client, request.view());
  }

  Client& client(char name) { return clients_[static_cast<size_t>(name - 'A')]; }

  void send(char name, std::string_view bytes) {
    Client& to = client(name);
    if (to.session == nullptr) to.session = &server_->connect("127.0.0.1:50000", "127.0.0.1:6379", &to);
    server_->receive(*to.session, bytes);
  }

  void hang_up(Client& gone) {
    if (gone.session == nullptr) return;
    server_->disconnect(*gone.session);
    gone = {};
  }

  void deliver() {
    for (core::Session* session : server_->take_sendable()) {
      auto& to = *static_cast<Client*>(session->transport);
      if (!session->kill_now) {
        to.received.append(session->output.view().substr(0, session->sendable));
        server_->sent(*session, session->sendable);
      }
      std::string_view rest = to.received;
      while (test::decode(rest)) {
      }
      CHECK(rest.empty());  // what left is whole
      to.received.clear();
      if (session->closing && (session->kill_now || session->output.empty())) hang_up(to);
    }
  }

  void restart() {
    for (Client& each : clients_)
      hang_up(each);
    if (server_->commit.log() == nullptr) return;  // it would forget all
    CHECK(server_->close_log());
    const std::string before = server_->digest();
    server_ = make_server();
    load(*server_);
    CHECK(server_->digest() == before);
    server_->start();
  }

  void load(core::Server& server) {
    const size_t told = world_.notices.lines.size();
    if (server.load()) return;
    for (size_t i = told; i < world_.notices.lines.size(); ++i)
      std::fprintf(stderr, "%s\n", world_.notices.lines[i].c_str());
    CHECK(!"the log could not be loaded");
  }

  std::string digest_of_log() {
    const auto server = make_server();
    load(*server);
    return server->digest();
  }

  void check_log() {
    begin_turn();
    end_turn();
    if (server_->commit.log() == nullptr) return;
    CHECK(digest_of_log() == server_->digest());
    if (!server_->commit.rewrite().active()) server_->commit.start_rewrite();
    for (int turns = 0; server_->commit.rewrite().active(); ++turns) {
      CHECK(turns < kRewriteTurnsMax);
      begin_turn();
      end_turn();
    }
    CHECK(!server_->commit.rewrite().last_failed());
    CHECK(digest_of_log() == server_->digest());
  }

  const std::vector<Step>& steps_;
  std::vector<std::vector<std::string>> directives_;
  test::FakeWorld world_;
  std::unique_ptr<core::Server> server_;
  std::array<Client, fuzz::kClientLast - 'A' + 1> clients_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<Step> steps = fuzz::read_script({reinterpret_cast<const char*>(data), size});
  if (!steps.empty()) Run(steps).run();
  return 0;
}
