// SPDX-License-Identifier: MIT
//
// A load generator: sends one request, encoded beforehand, over some connections, a pipeline at a time, and waits for
// all its replies before the next. What it costs the server is read by the caller from the server's own accounting;
// this program prints only how long the whole took, in seconds.
//
//   load PORT CONNECTIONS PIPELINE REQUESTS WORD...
//
// "@N" as a word stands for N payload bytes; "#" in a word for a number of ten digits, one higher with each request;
// "," as a word ends a request: what follows is another one, and they take turns.
// One thread, epoll. Ends with an error if a reply is an error, or says that there was nothing to do (nil or 0): then
// the work was not there, and a figure would be of something else.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr size_t kReadBytes = 256u << 10;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::exit(1);
}

constexpr size_t kNumberDigits = 10;
constexpr uint64_t kNumberFirst = 1'000'000'000;

struct Request {
  std::string bytes;
  std::vector<size_t> numbers;  // where they stand
};

Request encode(const std::vector<std::string>& words) {
  Request request;
  request.bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (std::string word : words) {
    if (word.size() > 1 && word[0] == '@') word = std::string(std::stoul(word.substr(1)), 'x');
    const size_t number = word.find('#');
    if (number != std::string::npos) word.replace(number, 1, std::string(kNumberDigits, '0'));
    request.bytes += "$" + std::to_string(word.size()) + "\r\n";
    if (number != std::string::npos) request.numbers.push_back(request.bytes.size() + number);
    request.bytes += word + "\r\n";
  }
  return request;
}

std::vector<Request> requests_of(int count, char** words) {
  std::vector<Request> requests;
  std::vector<std::string> request;
  for (int i = 0; i <= count; ++i) {
    if (i < count && std::strcmp(words[i], ",") != 0) {
      request.emplace_back(words[i]);
      continue;
    }
    requests.push_back(encode(request));
    request.clear();
  }
  return requests;
}

// Requests of all kinds in turn, each kind with its own running number. They are laid out once, from each kind on for
// a whole batch, so that a batch can begin with any of them.
class Pipeline {
 public:
  Pipeline(std::vector<Request> requests, size_t most) : requests_(std::move(requests)) {
    next_.assign(requests_.size(), kNumberFirst);
    for (size_t i = 0; i < most + requests_.size() - 1; ++i) {
      starts_.push_back(bytes_.size());
      bytes_ += requests_[i % requests_.size()].bytes;
    }
    starts_.push_back(bytes_.size());
  }
  // The next `count` requests, with new numbers; good until the next call.
  std::string_view take(size_t count) {
    const size_t first = turn_;
    for (size_t i = first; i < first + count; ++i) {
      const size_t kind = i % requests_.size();
      for (const size_t at : requests_[kind].numbers)
        bytes_.replace(starts_[i] + at, kNumberDigits, std::to_string(next_[kind]));
      ++next_[kind];
    }
    turn_ = (first + count) % requests_.size();
    return {bytes_.data() + starts_[first], starts_[first + count] - starts_[first]};
  }

 private:
  std::vector<Request> requests_;
  std::vector<uint64_t> next_;
  size_t turn_ = 0;  // the kind that comes next
  std::string bytes_;
  std::vector<size_t> starts_;
};

// Counts whole replies in a stream of bytes that comes in pieces.
class ReplyCounter {
 public:
  // Returns how many replies ended within `bytes`.
  size_t feed(std::string_view bytes) {
    size_t ended = 0;
    size_t at = 0;
    while (at < bytes.size()) {
      if (skip_ > 0) {
        const size_t step = std::min(skip_, bytes.size() - at);
        skip_ -= step;
        at += step;
        if (skip_ == 0) ended += end_item();
        continue;
      }
      const size_t end = bytes.find('\n', at);
      if (end == std::string_view::npos) {
        line_.append(bytes.substr(at));
        break;
      }
      line_.append(bytes.substr(at, end - at));
      at = end + 1;
      ended += take_line();
      line_.clear();
    }
    return ended;
  }

 private:
  size_t take_line() {
    const int64_t number = std::strtoll(line_.c_str() + 1, nullptr, 10);
    const bool nothing = line_[0] == ':' ? number == 0 : (line_[0] == '$' || line_[0] == '*') && number < 0;
    if (open_.empty() && nothing) fail("there was nothing to do: the server answered " + line_);
    switch (line_[0]) {
      case '-':
        fail("the server answered " + line_);
      case '$':
        if (number >= 0) {
          skip_ = static_cast<size_t>(number) + 2;
          return 0;
        }
        return end_item();
      case '*':
        if (number > 0) {
          open_.push_back(number);
          return 0;
        }
        return end_item();
      default:
        return end_item();
    }
  }
  size_t end_item() {
    while (!open_.empty()) {
      if (--open_.back() > 0) return 0;
      open_.pop_back();
    }
    return 1;
  }

  std::string line_;
  size_t skip_ = 0;
  std::vector<int64_t> open_;
};

struct Connection {
  int descriptor = -1;
  ReplyCounter replies;
  size_t outstanding = 0;
};

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

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) fail("usage: load PORT CONNECTIONS PIPELINE REQUESTS WORD...");
  const int port = std::atoi(argv[1]);
  const size_t connections = std::stoul(argv[2]);
  const size_t pipeline = std::stoul(argv[3]);
  size_t to_send = std::stoul(argv[4]);
  size_t to_receive = to_send;
  Pipeline requests(requests_of(argc - 5, argv + 5), pipeline);

  const int poll = epoll_create1(0);
  std::vector<Connection> all(connections);
  for (size_t i = 0; i < connections; ++i) {
    all[i].descriptor = connect_to(port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(poll, EPOLL_CTL_ADD, all[i].descriptor, &event);
  }

  const auto send_all = [](const Connection& connection, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(connection.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) fail("cannot send");
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  };
  const auto start_batch = [&](Connection& connection) {
    const size_t count = std::min(pipeline, to_send);
    if (count == 0) return;
    to_send -= count;
    connection.outstanding = count;
    send_all(connection, requests.take(count));
  };

  const auto started = std::chrono::steady_clock::now();
  for (Connection& connection : all)
    start_batch(connection);
  std::vector<char> buffer(kReadBytes);
  std::vector<epoll_event> events(connections);
  while (to_receive > 0) {
    const int ready = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 30'000);
    if (ready <= 0) fail("no reply within 30 seconds");
    for (int i = 0; i < ready; ++i) {
      Connection& connection = all[events[static_cast<size_t>(i)].data.u64];
      const ssize_t size = recv(connection.descriptor, buffer.data(), buffer.size(), 0);
      if (size <= 0) fail("the server closed the connection");
      const size_t replies = connection.replies.feed({buffer.data(), static_cast<size_t>(size)});
      connection.outstanding -= replies;
      to_receive -= replies;
      if (connection.outstanding == 0) start_batch(connection);
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  for (Connection& connection : all)
    close(connection.descriptor);
  std::printf("%.6f\n", took.count());
  return 0;
}
