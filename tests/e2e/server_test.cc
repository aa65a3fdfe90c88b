// SPDX-License-Identifier: MIT
//
// The real binary: sockets, signals, restarts, command line. What commands do is tested elsewhere, without sockets.
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/hiredis_client.h"
#include "tests/support/server_process.h"

namespace sluice::test {
namespace {

// Bytes as they come, for what hiredis would not send.
class RawClient {
 public:
  explicit RawClient(int port) : client_(port) {
    const timeval patience{20, 0};
    setsockopt(client_.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  void send(std::string_view bytes) {
    REQUIRE(::send(client_.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == ssize_t(bytes.size()));
  }
  void end_sending() { shutdown(client_.descriptor(), SHUT_WR); }
  // Up to `size` bytes; fewer if the server closes.
  std::string receive(size_t size) {
    std::string bytes;
    char part[64 << 10];
    while (bytes.size() < size) {
      const ssize_t got = recv(client_.descriptor(), part, std::min(sizeof(part), size - bytes.size()), 0);
      if (got <= 0) break;
      bytes.append(part, size_t(got));
    }
    return bytes;
  }
  std::string receive_all() { return receive(SIZE_MAX); }

 private:
  HiredisClient client_;
};

std::string info_field(HiredisClient& client, const std::string& name) {
  const std::string info = client({"INFO"});
  const size_t at = info.find("\n" + name + ":");
  REQUIRE(at != std::string::npos);
  const size_t begin = at + name.size() + 2;
  return info.substr(begin, info.find('\r', begin) - begin);
}

// Asks until so many clients are blocked: each question is a turn of the server, so there is nothing to sleep for.
void await_blocked(HiredisClient& client, const std::string& count) {
  for (int asked = 0; asked < 100'000; ++asked) {
    if (info_field(client, "blocked_clients") == count) return;
  }
  FAIL("there are never " + count + " blocked clients");
}

bool machine_has_ipv6() {
  const int probe = socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool has = probe >= 0 && bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  if (probe >= 0) close(probe);
  return has;
}

TEST_CASE("the server answers on IPv4, on IPv6 and on a Unix socket", "[e2e]") {
  ServerProcess server;
  REQUIRE(HiredisClient(server.port())({"PING"}) == "PONG");
  REQUIRE(HiredisClient(server.socket_path())({"PING"}) == "PONG");
  if (machine_has_ipv6()) REQUIRE(HiredisClient(server.port(), "::1")({"PING"}) == "PONG");
}

TEST_CASE("a pipeline of 100,000 commands is answered in order", "[e2e]") {
  ServerProcess server;
  HiredisClient client(server.port());
  constexpr int kCommands = 100'000;
  for (int i = 0; i < kCommands; ++i)
    client.send({"RPUSH", "list", "element"});
  for (int i = 1; i <= kCommands; ++i) {
    if (client.receive() != std::to_string(i)) FAIL("reply " << i);
  }
  REQUIRE(client({"LLEN", "list"}) == std::to_string(kCommands));
}

TEST_CASE("requests may be typed as lines", "[e2e]") {
  ServerProcess server;
  RawClient client(server.port());
  client.send("PING\r\n\r\nECHO \"two words\"\nPING\r\n");
  const std::string expected = "+PONG\r\n$9\r\ntwo words\r\n+PONG\r\n";
  REQUIRE(client.receive(expected.size()) == expected);
}

TEST_CASE("a client that ends its half of the connection still gets its replies", "[e2e]") {
  ServerProcess server{{"--appendfsync", "always"}};
  RawClient client(server.port());
  client.send("RPUSH list a\r\nRPUSH list b\r\n");
  client.end_sending();
  REQUIRE(client.receive_all() == ":1\r\n:2\r\n");
}

TEST_CASE("a broken request is answered after the good ones, and the connection closed", "[e2e]") {
  ServerProcess server;
  RawClient client(server.port());
  client.send("PING\r\n*1\r\n$abc\r\nPING\r\n");
  REQUIRE(client.receive_all() == "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
  REQUIRE(HiredisClient(server.port())({"PING"}) == "PONG");
}

TEST_CASE("ten megabytes go in and come out, in one piece or in bytes", "[e2e]") {
  ServerProcess server;
  std::string payload(10 << 20, 'x');
  for (size_t i = 0; i < payload.size(); i += 4096)
    payload[i] = static_cast<char>(i >> 12);
  HiredisClient client(server.port());
  REQUIRE(client({"SET", "key", payload}) == "OK");
  REQUIRE(client({"GET", "key"}) == '"' + payload + '"');
  REQUIRE(client({"RPUSH", "list", payload, payload}) == "2");
  REQUIRE(client({"LPOP", "list"}) == '"' + payload + '"');
}

TEST_CASE("a client that reads nothing for a while loses nothing, and holds up nobody", "[e2e]") {
  ServerProcess server;
  HiredisClient setter(server.port());
  const std::string payload(4 << 20, 'x');
  REQUIRE(setter({"SET", "key", payload}) == "OK");

  // More than the server lets pile up before it stops reading from such a client.
  constexpr size_t kRequests = 30;
  RawClient slow(server.port());
  for (size_t i = 0; i < kRequests; ++i)
    slow.send("GET key\r\n");
  REQUIRE(setter({"PING"}) == "PONG");

  const std::string reply = "$" + std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
  for (size_t i = 0; i < kRequests; ++i)
    REQUIRE(slow.receive(reply.size()) == reply);
  slow.send("PING\r\n");
  REQUIRE(slow.receive(7) == "+PONG\r\n");
}

TEST_CASE("a blocked client is woken by a push", "[e2e]") {
  ServerProcess server;
  HiredisClient waiting(server.port());
  HiredisClient pushing(server.port());
  waiting.send({"BLPOP", "list", "0"});
  waiting.send({"PING"});
  waiting.flush();
  await_blocked(pushing, "1");
  REQUIRE(pushing({"RPUSH", "list", "element"}) == "1");
  REQUIRE(waiting.receive() == R"(["list", "element"])");
  REQUIRE(waiting.receive() == "PONG");
}

TEST_CASE("a blocked client that goes away takes nothing with it", "[e2e]") {
  ServerProcess server;
  HiredisClient pushing(server.port());
  {
    HiredisClient waiting(server.port());
    waiting.send({"BLPOP", "list", "0"});
    waiting.flush();
    await_blocked(pushing, "1");
  }
  await_blocked(pushing, "0");
  REQUIRE(pushing({"RPUSH", "list", "element"}) == "1");
  REQUIRE(pushing({"LRANGE", "list", "0", "-1"}) == R"(["element"])");
}

TEST_CASE("a wait ends when its time is over", "[e2e]") {
  ServerProcess server;
  HiredisClient client(server.port());
  REQUIRE(client({"BLPOP", "list", "0.05"}) == "(nil)");
}

TEST_CASE("SIGTERM ends the server cleanly and keeps everything", "[e2e]") {
  const std::string policy = GENERATE("always", "everysec", "no");
  ServerProcess server{{"--appendfsync", policy, "--pidfile", "server.pid"}};
  const std::string pidfile = server.directory() + "/server.pid";
  REQUIRE(std::filesystem::exists(pidfile));
  {
    HiredisClient client(server.port());
    for (int i = 1; i <= 1000; ++i)
      client.send({"RPUSH", "list", std::to_string(i)});
    for (int i = 1; i <= 1000; ++i)
      REQUIRE(client.receive() == std::to_string(i));
  }
  REQUIRE(server.terminate() == 0);
  REQUIRE(!std::filesystem::exists(pidfile));
  REQUIRE(!std::filesystem::exists(server.socket_path()));

  server.start();
  HiredisClient client(server.port());
  REQUIRE(client({"LLEN", "list"}) == "1000");
  REQUIRE(client({"LINDEX", "list", "-1"}) == "\"1000\"");
}

TEST_CASE("SIGINT ends the server cleanly too, and SIGHUP does nothing", "[e2e]") {
  ServerProcess server;
  HiredisClient client(server.port());
  kill(server.process_id(), SIGHUP);
  REQUIRE(client({"PING"}) == "PONG");
  kill(server.process_id(), SIGINT);
  REQUIRE(server.wait() == 0);
}

TEST_CASE("SHUTDOWN ends the server cleanly", "[e2e]") {
  ServerProcess server;
  HiredisClient client(server.port());
  REQUIRE(client({"RPUSH", "list", "element"}) == "1");
  REQUIRE(client({"SHUTDOWN"}) == "(closed)");
  REQUIRE(server.wait() == 0);
  server.start();
  REQUIRE(HiredisClient(server.port())({"LLEN", "list"}) == "1");
}

TEST_CASE("what was acknowledged survives SIGKILL", "[e2e]") {
  const std::string policy = GENERATE("always", "everysec", "no");
  ServerProcess server{{"--appendfsync", policy}};
  int acknowledged = 0;
  for (int round = 1; round <= 3; ++round) {
    HiredisClient client(server.port());
    for (int i = 0; i < 2000; ++i)
      client.send({"RPUSH", "list", std::to_string(acknowledged + i)});
    // In the middle of the replies, so that it is at work.
    for (int i = 0; i < 600 * round; ++i)
      acknowledged = std::stoi(client.receive());
    server.kill();
    server.start();

    HiredisClient reader(server.port());
    const int kept = std::stoi(reader({"LLEN", "list"}));
    INFO(policy << " round " << round);
    REQUIRE(kept >= acknowledged);
    acknowledged = kept;
  }
}

TEST_CASE("hundreds of clients connect at once and each gets its answer", "[e2e]") {
  ServerProcess server;
  std::vector<std::unique_ptr<HiredisClient>> clients;
  for (int i = 0; i < 600; ++i) {
    clients.push_back(std::make_unique<HiredisClient>(server.port()));
    clients.back()->send({"INCR", "counter"});
    clients.back()->flush();
  }
  for (size_t i = 0; i < clients.size(); ++i)
    REQUIRE(clients[i]->receive() != "(closed)");
  REQUIRE((*clients[0])({"GET", "counter"}) == "\"600\"");
}

TEST_CASE("one client more than maxclients is told so", "[e2e]") {
  ServerProcess server{{"--maxclients", "2"}};
  HiredisClient first(server.port());
  REQUIRE(first({"PING"}) == "PONG");
  auto second = std::make_unique<HiredisClient>(server.port());
  REQUIRE((*second)({"PING"}) == "PONG");
  REQUIRE(RawClient(server.port()).receive_all() == "-ERR max number of clients reached\r\n");

  second.reset();
  std::string answer;
  for (int tried = 0; tried < 1'000 && answer != "PONG";
       ++tried)  // until the server has seen the second one go
    answer = HiredisClient(server.port())({"PING"});
  REQUIRE(answer == "PONG");
}

TEST_CASE("a client that says nothing for longer than the timeout is closed, a blocked one is not", "[e2e]") {
  ServerProcess server{{"--timeout", "1"}};
  HiredisClient blocked(server.port());
  blocked.send({"BLPOP", "list", "0"});
  blocked.flush();
  RawClient idle(server.port());
  idle.send("PING\r\n");
  REQUIRE(idle.receive_all() == "+PONG\r\n");

  HiredisClient pushing(server.port());
  REQUIRE(pushing({"RPUSH", "list", "element"}) == "1");
  REQUIRE(blocked.receive() == R"(["list", "element"])");
}

TEST_CASE("the server starts with its own configuration file, and the command line wins", "[e2e]") {
  ServerProcess server{{SLUICE_SOURCE_DIR "/conf/sluice.conf", "--maxclients", "77"}};
  HiredisClient client(server.port());
  REQUIRE(client({"CONFIG", "GET", "dir"}) == "[\"dir\", \"" + server.directory() + "\"]");
  REQUIRE(client({"CONFIG", "GET", "maxclients"}) == "[\"maxclients\", \"77\"]");
  REQUIRE(info_field(client, "config_file") == SLUICE_SOURCE_DIR "/conf/sluice.conf");
}

TEST_CASE("a directive that does not exist ends the start with a reason", "[e2e]") {
  const Ended refused = run_server({"--nosuch", "1"});
  REQUIRE(refused.exit_code == 1);
  REQUIRE(refused.output.find("*** FATAL CONFIG FILE ERROR") != std::string::npos);
  REQUIRE(refused.output.find(">>> 'nosuch 1'\nBad directive or wrong number of arguments") !=
          std::string::npos);
}

TEST_CASE("a port that is taken, a missing file and a bad address end the start with a reason", "[e2e]") {
  ServerProcess server;
  const std::string port = std::to_string(server.port());
  const Ended taken =
      run_server({"--port", port, "--bind", "127.0.0.1", "--dir", server.directory() + "/other"});
  REQUIRE(taken.exit_code == 1);
  REQUIRE(taken.output.find("cannot listen on 127.0.0.1:" + port + ": address already in use") !=
          std::string::npos);

  const Ended no_file = run_server({server.directory() + "/missing.conf"});
  REQUIRE(no_file.exit_code == 1);
  REQUIRE(no_file.output.find("missing.conf") != std::string::npos);

  const Ended bad =
      run_server({"--port", port, "--bind", "192.0.2.1", "--dir", server.directory() + "/other"});
  REQUIRE(bad.exit_code == 1);
  REQUIRE(bad.output.find("cannot listen on 192.0.2.1") != std::string::npos);
}

TEST_CASE("two servers do not share a log, but a directory", "[e2e]") {
  ServerProcess server;
  const std::vector<std::string> arguments = {"--port", std::to_string(free_port()), "--dir",
                                              server.directory()};
  const Ended second = run_server(arguments);
  REQUIRE(second.exit_code == 1);
  REQUIRE(second.output.find("another server uses it") != std::string::npos);
  REQUIRE(HiredisClient(server.port())({"PING"}) == "PONG");

  ServerProcess other{{"--dir", server.directory(), "--appenddirname", "other"}};
  REQUIRE(HiredisClient(other.port())({"PING"}) == "PONG");
}

TEST_CASE("a server in the background leaves the terminal, its pid file says where it is", "[e2e]") {
  ServerProcess owner;  // for its directory
  const std::string port = std::to_string(free_port());
  const std::string pidfile = owner.directory() + "/background.pid";
  const Ended started =
      run_server({"--port", port, "--dir", owner.directory() + "/background", "--daemonize", "yes",
                  "--pidfile", pidfile, "--logfile", owner.directory() + "/background.log"});
  REQUIRE(started.exit_code == 0);

  // The parent is gone before the child listens.
  std::string answer;
  for (int tried = 0; tried < 5'000 && answer != "PONG"; ++tried) {
    poll(nullptr, 0, 2);
    if (HiredisClient::listens(std::stoi(port))) answer = HiredisClient(std::stoi(port))({"PING"});
  }
  REQUIRE(answer == "PONG");
  HiredisClient client(std::stoi(port));
  REQUIRE(client({"SHUTDOWN"}) == "(closed)");
  for (int tried = 0; tried < 5'000 && std::filesystem::exists(pidfile); ++tried)
    poll(nullptr, 0, 2);
  REQUIRE(!std::filesystem::exists(pidfile));
}

TEST_CASE("questions on the command line are answered", "[e2e]") {
  REQUIRE(run_server({"--version"}).output.find("Sluice server v=") == 0);
  REQUIRE(run_server({"--help"}).output.find("Usage: sluice-server") == 0);
  REQUIRE(run_server({"--config-reference"}).output.find("# appendfsync everysec\n") != std::string::npos);
  REQUIRE(run_server({"--check-aof"}).exit_code == 1);
}

TEST_CASE("a log is checked, and what a crash left is cut off on request", "[e2e]") {
  ServerProcess server;
  REQUIRE(HiredisClient(server.port())({"RPUSH", "list", "element"}) == "1");
  REQUIRE(server.terminate() == 0);
  const std::string log = server.directory() + "/appendonlydir";
  REQUIRE(run_server({"--check-aof", log}).exit_code == 0);

  for (const auto& entry : std::filesystem::directory_iterator(log)) {
    if (entry.path().string().find(".incr.") == std::string::npos) continue;
    std::ofstream(entry.path(), std::ios::app) << "*3\r\n$5\r\nRPU";
  }
  REQUIRE(run_server({"--check-aof", log}).exit_code == 1);
  REQUIRE(run_server({"--check-aof", log, "--fix"}).exit_code == 0);
  server.start();
  REQUIRE(HiredisClient(server.port())({"LLEN", "list"}) == "1");
}

}  // namespace
}  // namespace sluice::test
