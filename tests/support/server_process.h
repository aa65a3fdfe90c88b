// SPDX-License-Identifier: MIT
//
// The real binary for a test: on free loopback ports, in a temporary directory of its own, ended by its process id.
// The binary is the one of this build, or what the environment variable SLUICE_SERVER names.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace sluice::test {

class ServerProcess {
 public:
  // `arguments` stand behind --port, --dir, --unixsocket and --bind and win over them, but for a configuration file
  // as the first. Starts it; REQUIREs that it answers.
  explicit ServerProcess(std::vector<std::string> arguments = {});
  // Ends it by force if it runs, and removes the directory.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Again, in the same directory and on the same port. Requires: it does not run.
  void start();
  // SIGKILL; returns when it is gone.
  void kill();
  // SIGTERM; its exit code, or the negated number of the signal that ended it.
  int terminate();
  // Waits until it ends by itself; likewise.
  int wait();

  int port() const { return port_; }
  pid_t process_id() const { return process_id_; }
  const std::string& directory() const { return directory_; }
  std::string socket_path() const { return directory_ + "/socket"; }
  // What it has written to its log for people.
  std::string output() const;

 private:
  bool start_once();
  bool answers();

  std::vector<std::string> arguments_;
  std::string directory_;
  int port_ = 0;
  pid_t process_id_ = 0;  // 0: does not run
};

// Runs the binary with these arguments to its end, without standard input.
struct Ended {
  int exit_code;
  std::string output;  // standard output and error
};
Ended run_server(const std::vector<std::string>& arguments);

// A TCP port of 127.0.0.1 that nobody listens on at the moment.
int free_port();

}  // namespace sluice::test
