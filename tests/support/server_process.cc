// SPDX-License-Identifier: MIT
//
// See server_process.h.
#include "tests/support/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace sluice::test {
namespace {

constexpr int kStartMs = 30'000;
constexpr int kLookMs = 2;
constexpr int kPortsTriedMax = 5;

std::string server_path() {
  const char* path = std::getenv("SLUICE_SERVER");
  return path != nullptr ? path : SLUICE_SERVER_PATH;
}

std::string make_directory() {
  std::string path = std::filesystem::temp_directory_path() / "sluice-test-XXXXXX";
  REQUIRE(mkdtemp(path.data()) != nullptr);
  return path;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// The child of a fork: becomes the server, writing to `output`.
[[noreturn]] void become_server(const std::vector<std::string>& arguments, int output) {
  const std::string path = server_path();
  std::vector<char*> words{const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execv(path.c_str(), words.data());
  _exit(127);
}

int code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int wait_for(pid_t process) {
  int status = 0;
  REQUIRE(waitpid(process, &status, 0) == process);
  return code_of(status);
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  REQUIRE(bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(probe);
  return ntohs(address.sin_port);
}

ServerProcess::ServerProcess(std::vector<std::string> arguments)
    : arguments_(std::move(arguments)), directory_(make_directory()) {
  // Another process may take a port between its choice and its use: then another one.
  for (int i = 0; i < kPortsTriedMax; ++i) {
    port_ = free_port();
    if (start_once()) return;
  }
  FAIL("the server does not start: " + output());
}

ServerProcess::~ServerProcess() {
  if (process_id_ != 0) {
    ::kill(process_id_, SIGKILL);
    waitpid(process_id_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void ServerProcess::start() {
  REQUIRE(process_id_ == 0);
  const bool started = start_once();
  INFO(output());
  REQUIRE(started);
}

bool ServerProcess::start_once() {
  std::vector<std::string> words = {
      "--port",   std::to_string(port_), "--bind",     "127.0.0.1", "-::1", "--dir",
      directory_, "--unixsocket",        socket_path()};
  const bool has_file = !arguments_.empty() && !arguments_[0].starts_with("--");
  if (has_file) words.insert(words.begin(), arguments_[0]);
  words.insert(words.end(), arguments_.begin() + (has_file ? 1 : 0), arguments_.end());
  const int output = open((directory_ + "/output").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  REQUIRE(output >= 0);
  process_id_ = fork();
  REQUIRE(process_id_ >= 0);
  if (process_id_ == 0) become_server(words, output);
  close(output);

  for (int waited = 0; waited < kStartMs; waited += kLookMs) {
    if (answers()) return true;
    if (waitpid(process_id_, nullptr, WNOHANG) == process_id_) break;
    poll(nullptr, 0, kLookMs);  // there is nothing to wait on before it listens
  }
  if (waitpid(process_id_, nullptr, WNOHANG) == 0) kill();
  process_id_ = 0;
  return false;
}

bool ServerProcess::answers() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port_);
  const timeval patience{kStartMs / 1000, 0};
  setsockopt(probe, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  char answer = 0;
  // It listens before it has loaded its log, and answers after that: +PONG, or -NOAUTH.
  const bool answered = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
                        send(probe, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && recv(probe, &answer, 1, 0) == 1;
  close(probe);
  return answered;
}

void ServerProcess::kill() {
  REQUIRE(process_id_ != 0);
  ::kill(process_id_, SIGKILL);
  wait();
}

int ServerProcess::terminate() {
  REQUIRE(process_id_ != 0);
  ::kill(process_id_, SIGTERM);
  return wait();
}

int ServerProcess::wait() {
  const int code = wait_for(process_id_);
  process_id_ = 0;
  return code;
}

std::string ServerProcess::output() const {
  return text_of(directory_ + "/output");
}

Ended run_server(const std::vector<std::string>& arguments) {
  const std::string directory = make_directory();
  const std::string path = directory + "/output";
  const int output = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(output >= 0);
  const pid_t process = fork();
  REQUIRE(process >= 0);
  if (process == 0) become_server(arguments, output);
  close(output);
  const int code = wait_for(process);
  const Ended ended{code, text_of(path)};
  std::filesystem::remove_all(directory);
  return ended;
}

}  // namespace sluice::test
