// SPDX-License-Identifier: MIT
//
// A whole server core in a test: clock, chance and disk are the test's, clients are objects. When it ends, the log is
// loaded into a second server and the digests are compared, and once more after a rewrite: a test that changes state
// without the log knowing fails, whatever it was about.
#pragma once

#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/core/server.h"
#include "tests/support/memory_file_system.h"

namespace sluice::test {

class FakeClock : public core::Clock {
 public:
  UnixMs now() const override { return time; }
  UnixMs time{1'700'000'000'000};
};

class FakeSteadyClock : public core::SteadyClock {
 public:
  MonoMs now() const override { return time; }
  uint64_t nanoseconds() const override {
    if (on_read) on_read();
    return static_cast<uint64_t>(time.count) * 1'000'000 + microseconds * 1'000;
  }
  MonoMs time{5'000};
  uint64_t microseconds = 0;      // on top of it, for what takes less than a millisecond
  std::function<void()> on_read;  // for what takes longer the more often it looks
};

class SeededEntropy : public core::Entropy {
 public:
  explicit SeededEntropy(uint64_t seed) : state_(seed) {}
  uint64_t draw() override { return mix(++state_); }

 private:
  uint64_t state_;
};

// Works at once; says so when it is asked to.
class FakeWorker : public core::Worker {
 public:
  void start(std::function<void()> work, std::function<void()> done) override {
    work();
    done_.push_back(std::move(done));
  }
  void wait() override {
    while (!done_.empty())
      std::exchange(done_, {}).front()();
  }

 private:
  std::deque<std::function<void()>> done_;
};

class CollectedNotices : public core::Notices {
 public:
  void write(core::NoticeLevel, std::string_view text) override { lines.emplace_back(text); }
  std::vector<std::string> lines;
};

// Everything a server takes from outside. Outlives the servers that use it, so a restart is one more server on it.
struct FakeWorld {
  FakeClock clock;
  FakeSteadyClock steady_clock;
  SeededEntropy entropy{1};
  MemoryFileSystem files;
  FakeWorker worker;
  FakeWorker rewrite_worker;
  CollectedNotices notices;
  uint64_t memory_used = 0;  // what the allocator says

  void advance(Millis span) {
    clock.time = clock.time + span;
    steady_clock.time = steady_clock.time + span;
  }
};

using Directives = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class ServerFixture;

class TestClient {
 public:
  // Words are separated by blanks; "double quotes" hold a word with blanks. Gives the one reply, as show() of
  // resp_decoder.h prints it; "~" if there is none yet. Anything left from before is an error of the test.
  std::string operator()(std::string_view line);
  std::string call(std::initializer_list<std::string_view> words);
  // Bytes as they are, without waiting for a reply.
  void send(std::string_view bytes);
  // The next reply, or "~".
  std::string reply();
  // All that came and has not been taken.
  std::string take_bytes() { return std::exchange(received_, {}); }
  bool closed() const { return closed_; }
  core::Session& session() { return *session_; }

 private:
  friend class ServerFixture;
  ServerFixture* fixture_ = nullptr;
  core::Session* session_ = nullptr;
  std::string received_;
  bool closed_ = false;
};

class ServerFixture {
 public:
  // `prepare` may put files on the disk before the server starts.
  explicit ServerFixture(
      Directives directives = {},
      const std::function<void(MemoryFileSystem&)>& prepare = [](MemoryFileSystem&) {});
  // Checks the log (see above) unless skip_log_check() was called.
  ~ServerFixture();

  TestClient& connect();
  void disconnect(TestClient& client);
  // The first client, made when first asked for.
  TestClient& client();

  // One turn with `work` in the middle.
  void turn(const std::function<void()>& work = [] {});
  // Moves both clocks and runs a turn.
  void advance(Millis span);
  // Turns until a rewrite that was started has ended.
  void finish_rewrite();

  core::Server& server() { return *server_; }
  std::string digest() const { return server_->digest(); }
  FakeWorld& world() { return *world_; }
  // A clean stop and a start on the same disk; clients are gone.
  void restart();
  // The process ends as it is, in the middle of a turn if it is in one, the disk does what `disk` says, and a new one
  // starts.
  void crash(const std::function<void(MemoryFileSystem&)>& disk);
  // The digest that a server has which loads the log as the disk has it now. The log must be written (any turn does).
  std::string digest_of_log();
  void check_log();
  void skip_log_check() { log_checked_ = true; }

 private:
  friend class TestClient;
  std::unique_ptr<core::Server> make_server();
  void deliver();
  void forget_clients();
  void start_again();
  TestClient* client_of(const core::Session& session);

  std::vector<std::pair<std::string, std::string>> directives_;
  std::unique_ptr<FakeWorld> world_;
  std::unique_ptr<core::Server> server_;
  std::vector<std::unique_ptr<TestClient>> clients_;
  TestClient* first_ = nullptr;
  bool log_checked_ = false;
};

}  // namespace sluice::test
