// SPDX-License-Identifier: MIT
#include "tests/support/server_fixture.h"

#include <catch2/catch.hpp>

#include "protocol/request_encoder.h"
#include "server/commands/table.h"
#include "server/core/config_text.h"
#include "tests/support/resp_decoder.h"

namespace sluice::test {
namespace {

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> words;
  size_t at = 0;
  while (at < line.size()) {
    if (line[at] == ' ') {
      ++at;
    } else if (line[at] == '"') {
      const size_t end = line.find('"', at + 1);
      REQUIRE(end != std::string_view::npos);
      words.emplace_back(line.substr(at + 1, end - at - 1));
      at = end + 1;
    } else {
      const size_t end = std::min(line.find(' ', at), line.size());
      words.emplace_back(line.substr(at, end - at));
      at = end;
    }
  }
  return words;
}

}  // namespace

// --- Client

void TestClient::send(std::string_view bytes) {
  REQUIRE_FALSE(closed_);
  fixture_->turn([&] { fixture_->server_->receive(*session_, bytes); });
}

std::string TestClient::reply() {
  std::string_view rest = received_;
  const auto decoded = decode(rest);
  if (!decoded) return "~";
  received_.erase(0, received_.size() - rest.size());
  return show(*decoded);
}

std::string TestClient::operator()(std::string_view line) {
  const std::vector<std::string> words = split(line);
  const std::vector<std::string_view> views(words.begin(), words.end());
  ByteBuffer request;
  protocol::append_request(request, views);
  REQUIRE(received_.empty());
  send(request.view());
  return reply();
}

std::string TestClient::call(std::initializer_list<std::string_view> words) {
  ByteBuffer request;
  protocol::append_request(request, std::span<const std::string_view>(words.begin(), words.size()));
  REQUIRE(received_.empty());
  send(request.view());
  return reply();
}

// --- Fixture

ServerFixture::ServerFixture(Directives directives, const std::function<void(MemoryFileSystem&)>& prepare)
    : world_(std::make_unique<FakeWorld>()) {
  prepare(world_->files);
  for (const auto& [name, value] : directives)
    directives_.emplace_back(name, value);
  server_ = make_server();
  REQUIRE(server_->load());
  server_->start();
}

ServerFixture::~ServerFixture() {
  if (!log_checked_ && std::uncaught_exceptions() == 0) check_log();
}

std::unique_ptr<core::Server> ServerFixture::make_server() {
  core::Config config;
  for (const auto& [name, value] : directives_) {
    auto words = core::split_words(value).value_or(std::vector<std::string>{value});
    if (words.empty()) words.emplace_back();
    const std::vector<std::string_view> views(words.begin(), words.end());
    const auto refused = config.set(name, views);
    INFO(refused.value_or(""));
    REQUIRE_FALSE(refused.has_value());
  }
  FakeWorld& world = *world_;
  core::ProcessFacts facts;
  facts.memory_used = [&world] { return world.memory_used; };
  facts.pause = [&world](uint64_t microseconds) { world.steady_clock.microseconds += microseconds; };
  return std::make_unique<core::Server>(std::move(config),
                                        core::Seams{.clock = world.clock,
                                                    .steady_clock = world.steady_clock,
                                                    .entropy = world.entropy,
                                                    .files = world.files,
                                                    .worker = world.worker,
                                                    .rewrite_worker = world.rewrite_worker,
                                                    .notices = world.notices},
                                        std::move(facts), commands::command_table());
}

TestClient& ServerFixture::connect() {
  TestClient& client = *clients_.emplace_back(std::make_unique<TestClient>());
  client.fixture_ = this;
  client.session_ = &server_->connect("127.0.0.1:50000", "127.0.0.1:6379", &client);
  return client;
}

void ServerFixture::disconnect(TestClient& client) {
  server_->disconnect(*client.session_);
  client.session_ = nullptr;
  client.closed_ = true;
}

TestClient& ServerFixture::client() {
  if (first_ == nullptr) first_ = &connect();
  return *first_;
}

void ServerFixture::turn(const std::function<void()>& work) {
  server_->begin_turn();
  world_->worker.wait();
  world_->rewrite_worker.wait();
  work();
  server_->end_turn();
  deliver();
}

void ServerFixture::deliver() {
  for (core::Session* session : server_->take_sendable()) {
    auto& client = *static_cast<TestClient*>(session->transport);
    if (!session->kill_now) {
      const size_t size = session->sendable;
      client.received_.append(session->output.view().substr(0, size));
      server_->sent(*session, size);
    }
    if (session->closing && (session->kill_now || session->output.empty())) disconnect(client);
  }
}

void ServerFixture::advance(Millis span) {
  world_->advance(span);
  turn();
}

void ServerFixture::finish_rewrite() {
  turn();
  for (int turns = 0; server_->commit.rewrite().active(); ++turns) {
    REQUIRE(turns < 1'000'000);
    turn();
  }
}

void ServerFixture::forget_clients() {
  for (auto& client : clients_) {
    if (!client->closed_) disconnect(*client);
  }
  clients_.clear();
  first_ = nullptr;
}

void ServerFixture::start_again() {
  server_ = nullptr;
  server_ = make_server();
  const bool loaded = server_->load();
  for (const std::string& line : world_->notices.lines)
    UNSCOPED_INFO(line);
  REQUIRE(loaded);
  server_->start();
}

void ServerFixture::restart() {
  forget_clients();
  REQUIRE(server_->close_log());
  start_again();
}

void ServerFixture::crash(const std::function<void(MemoryFileSystem&)>& disk) {
  disk(world_->files);
  forget_clients();
  start_again();
}

std::string ServerFixture::digest_of_log() {
  const auto server = make_server();
  const bool loaded = server->load();
  for (const std::string& line : world_->notices.lines)
    UNSCOPED_INFO(line);
  REQUIRE(loaded);
  return server->digest();
}

void ServerFixture::check_log() {
  log_checked_ = true;
  if (server_->commit.log() == nullptr) return;
  turn();
  const std::string expected = server_->digest();
  REQUIRE(digest_of_log() == expected);
  server_->commit.start_rewrite();
  finish_rewrite();
  REQUIRE_FALSE(server_->commit.rewrite().last_failed());
  const std::string rewritten = server_->digest();  // a tick may have changed something meanwhile
  REQUIRE(digest_of_log() == rewritten);
}

}  // namespace sluice::test
