// SPDX-License-Identifier: MIT
//
// The whole server core with a simulated clock, network and disk, driven at random from one seed: clients
// that produce, reserve, ack, give back, wait, vanish; a clock that jumps; a disk that fails for a while;
// power cuts at any turn, with any front part of the unsynced bytes; rewrites in the middle of it all.
//
// What is checked:
//  * After each start, the state is one that the server had at the end of some turn (by digest), and under `always`
//    none before the last turn of which a client has seen a change confirmed (or, the disk being well, anything); after
//    the mere end of the process, under every policy, none before the last reply that left while the disk worked.
//  * No start needs a hand.
//  * An ID that was acked with the answer 1 is never handed out or acked again (`always`); nor is an entry in a group.
//  * The deliveries that clients see of an ID rise by at least one each time (`always`).
//  * The invariants of all structures, after every step.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/core/server.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/resp_decoder.h"
#include "tests/support/server_fixture.h"

namespace sluice::test {

struct SimulationReport {
  uint64_t steps = 0;
  uint64_t requests = 0;
  uint64_t power_cuts = 0;
  uint64_t kills = 0;
  uint64_t faults = 0;
  uint64_t refused = 0;  // MISCONF
  uint64_t acked = 0;
  uint64_t entries_acked = 0;
  uint64_t letters = 0;  // dead letters that came to be
  uint64_t rewrites = 0;
  std::string failure;  // empty: all held
};

class Simulator {
 public:
  Simulator(uint64_t seed, std::string_view appendfsync);
  ~Simulator();

  // Runs so many steps, or until something does not hold.
  SimulationReport run(uint64_t steps);

 private:
  enum class Ask : uint8_t { kNothing, kOther, kReserve, kAck, kRead, kAckEntry };
  struct Client {
    core::Session* session = nullptr;
    Ask asked = Ask::kNothing;
    std::string handle = {};  // of an ack; of an entry or a read, "group id" or the group
    bool changed = false;     // the request logged something
    bool executed = false;    // the request has run, and `sequence` is that of its turn's end
    uint64_t sequence = 0;
    std::string received = {};
    std::vector<std::string> leases = {};   // "key handle"
    std::vector<std::string> entries = {};  // "group id", of the stream
  };

  uint64_t draw() { return chance_.draw(); }
  uint64_t below(uint64_t limit) { return draw() % limit; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  std::string number(uint64_t limit) { return std::to_string(below(limit)); }
  std::string queue_name() { return "q" + number(3); }
  std::string group_name() { return "g" + number(2); }

  void start_server();
  void stop_server();
  void power_cut();
  void kill();
  void step();
  void turn(const std::function<void()>& work);
  void send(Client& client, const std::vector<std::string>& words, Ask asked, std::string handle = {});
  void ask_something(Client& client);
  void ask_of_lease(Client& client);
  void ask_of_entry(Client& client);
  void ask_of_queue(Client& client);
  void ask_of_stream(Client& client);
  void set_policy(Client& client);
  void set_group_policy(Client& client);
  std::vector<std::string> addition(const std::string& key, const std::string& payload);
  std::string entry_id();
  void begin_faults();
  void advance();
  void deliver();
  void take_replies(Client& client);
  void reserved(Client& client, const Reply& reply);
  void acked(const Client& client, const Reply& reply);
  void read(Client& client, const Reply& reply);
  void entry_acked(const Client& client, const Reply& reply);
  void remember_state();
  void fail(const std::string& what);
  bool always() const { return appendfsync_ == "always"; }

  SeededEntropy chance_;
  std::string appendfsync_;
  FakeClock clock_;
  FakeSteadyClock steady_clock_;
  SeededEntropy entropy_;
  MemoryFileSystem disk_;
  FaultyFileSystem files_{disk_};
  FakeWorker worker_;
  FakeWorker rewrite_worker_;
  CollectedNotices notices_;
  std::unique_ptr<core::Server> server_;
  std::vector<Client> clients_;

  uint64_t fault_calls_left_ = 0;
  std::map<uint64_t, std::string> states_;  // digest by the sequence of the turn's end
  uint64_t told_ = 0;                       // greatest sequence of a turn of which a client saw a reply
  uint64_t told_healthy_ = 0;               // likewise, while everything had been handed to the system
  std::set<std::string> acked_;
  int64_t entry_ms_ = 0;  // of the last ID of an entry
  uint64_t entries_added_ = 0;
  std::map<std::string, uint64_t> deliveries_;  // by ID
  SimulationReport report_;
};

}  // namespace sluice::test
