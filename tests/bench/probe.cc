// SPDX-License-Identifier: MIT
//
// Asks a server PING, a thousand times a second and one at a time, until its standard input ends; then prints how many
// answers there were, how long the slowest took and how long one in a thousand took at least, in milliseconds. What a
// loop does in one piece, and does not answer meanwhile, shows as its length.
//
//   probe PORT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kInterval{1};
constexpr std::string_view kPing = "PING\r\n";
constexpr std::string_view kPong = "+PONG\r\n";
constexpr int kAnswerMsMax = 60'000;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "probe: %s\n", what);
  std::exit(1);
}

int connect_to(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    fail("cannot connect");
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return descriptor;
}

// Milliseconds that one answer took.
double ask(int descriptor) {
  const auto asked = Clock::now();
  if (send(descriptor, kPing.data(), kPing.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kPing.size()))
    fail("cannot send");
  char buffer[64];
  for (size_t size = 0; size < kPong.size();) {
    pollfd waiting{descriptor, POLLIN, 0};
    if (poll(&waiting, 1, kAnswerMsMax) != 1) fail("no answer");
    const ssize_t more = recv(descriptor, buffer + size, sizeof(buffer) - size, 0);
    if (more <= 0) fail("the server closed the connection");
    size += static_cast<size_t>(more);
    if (std::string_view(buffer, size) != kPong.substr(0, size)) fail("that is no PONG");
  }
  return std::chrono::duration<double, std::milli>(Clock::now() - asked).count();
}

// Whether standard input has ended; waits for that until `until`.
bool ended(Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(until - Clock::now());
    if (left.count() <= 0) return false;
    const timespec time{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    pollfd input{STDIN_FILENO, POLLIN, 0};
    char byte;
    if (ppoll(&input, 1, &time, nullptr) == 1 && read(STDIN_FILENO, &byte, 1) == 0) return true;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) fail("usage: probe PORT");
  const int descriptor = connect_to(std::atoi(argv[1]));
  std::vector<double> answers;
  auto next = Clock::now();
  do {
    answers.push_back(ask(descriptor));
    next = std::max(next + kInterval, Clock::now());
  } while (!ended(next));
  std::sort(answers.begin(), answers.end());
  const double one_in_thousand = answers[answers.size() - 1 - answers.size() / 1000];
  std::printf("%zu %.3f %.3f\n", answers.size(), answers.back(), one_in_thousand);
  return 0;
}
