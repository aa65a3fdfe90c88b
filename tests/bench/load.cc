// SPDX-License-Identifier: MIT
//
// A load generator: sends requests over some connections, a pipeline at a time, and waits for all replies before the
// next. What it costs the server is read by the caller from the server's own accounting; this program prints only how
// long the whole took, in seconds.
//
//   load PORT CONNECTIONS PIPELINE REQUESTS [--text] WORD...
//
// In a word "@N" stands for N payload bytes, "#" for a number of ten digits, one higher with each request, and "^T" for
// the milliseconds that are left until T, a unix time in milliseconds. "," as a word ends a request: what follows is
// another one, and they take turns.
//
// "%N" as a word is what the request before it was told: the bulk string number N of its reply, from 0. Then a pipeline
// is one of requests of the first kind, the next one of as many of the second, and so on.
//
// --text: the words go as a line, payload on a line of its own, and a reply is a line, with what it says is behind it:
// the protocol of beanstalkd. "%N" is then word number N of the reply.
//
// One thread, epoll. Ends with an error if a reply is an error, or says that there was nothing to do (nil, 0 or less):
// then the work was not there, and a figure would be of something else.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr size_t kReadBytes = 256u << 10;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::exit(1);
}

constexpr uint64_t kNumberFirst = 1'000'000'000;  // ten digits, and so they stay

int64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// --- Requests

// A part of a word: bytes as they are, or what is put in when it is sent.
struct Part {
  enum class Kind { kBytes, kNumber, kTold, kLeft };
  Kind kind = Kind::kBytes;
  std::string bytes;
  uint64_t number = 0;  // kTold: which one; kLeft: until when
};

struct Word {
  std::vector<Part> parts;
  bool is_payload = false;
};

Word parse_word(std::string_view text) {
  Word word;
  const auto digits = [&text] {
    size_t count = 0;
    while (count < text.size() && std::isdigit(static_cast<unsigned char>(text[count])) != 0)
      ++count;
    if (count == 0) fail("a number is missing in a word");
    const uint64_t number = std::stoull(std::string(text.substr(0, count)));
    text.remove_prefix(count);
    return number;
  };
  while (!text.empty()) {
    const char first = text.front();
    Part part;
    const bool special = first == '#' || (text.size() > 1 && (first == '@' || first == '%' || first == '^'));
    if (special) text.remove_prefix(1);
    if (!special) {
      const size_t size = std::min(text.size(), text.find_first_of("#@", 1));
      part.bytes = text.substr(0, size);
      text.remove_prefix(size);
    } else if (first == '#') {
      part.kind = Part::Kind::kNumber;
    } else if (first == '@') {
      part.bytes = std::string(digits(), 'x');
      word.is_payload = true;
    } else {
      part.kind = first == '%' ? Part::Kind::kTold : Part::Kind::kLeft;
      part.number = digits();
    }
    word.parts.push_back(std::move(part));
  }
  return word;
}

class Request {
 public:
  Request(std::vector<Word> words, bool text) : words_(std::move(words)), text_(text) {}

  // What it puts in of the reply to the one before; -1: nothing.
  int64_t told() const {
    for (const Word& word : words_) {
      for (const Part& part : word.parts) {
        if (part.kind == Part::Kind::kTold) return static_cast<int64_t>(part.number);
      }
    }
    return -1;
  }

  void append(uint64_t number, std::string_view told, std::string& out) const {
    std::string& word_bytes = scratch_;
    if (!text_) out.append("*").append(std::to_string(words_.size())).append("\r\n");
    for (size_t i = 0; i < words_.size(); ++i) {
      word_bytes.clear();
      for (const Part& part : words_[i].parts)
        append_part(part, number, told, word_bytes);
      if (text_) {
        if (i > 0) out.append(words_[i].is_payload ? "\r\n" : " ");
        out.append(word_bytes);
      } else {
        out.append("$")
            .append(std::to_string(word_bytes.size()))
            .append("\r\n")
            .append(word_bytes)
            .append("\r\n");
      }
    }
    if (text_) out.append("\r\n");
  }

 private:
  static void append_part(const Part& part, uint64_t number, std::string_view told, std::string& out) {
    switch (part.kind) {
      case Part::Kind::kBytes:
        out.append(part.bytes);
        break;
      case Part::Kind::kNumber:
        out.append(std::to_string(number));
        break;
      case Part::Kind::kTold:
        out.append(told);
        break;
      case Part::Kind::kLeft:
        out.append(std::to_string(std::max<int64_t>(1, static_cast<int64_t>(part.number) - unix_ms())));
        break;
    }
  }

  std::vector<Word> words_;
  bool text_;
  mutable std::string scratch_;
};

std::vector<Request> requests_of(int count, char** words, bool text) {
  std::vector<Request> requests;
  std::vector<Word> request;
  for (int i = 0; i <= count; ++i) {
    if (i < count && std::strcmp(words[i], ",") != 0) {
      request.push_back(parse_word(words[i]));
      continue;
    }
    requests.emplace_back(std::move(request), text);
    request.clear();
  }
  return requests;
}

// --- Replies

// Counts whole replies in a stream of bytes that comes in pieces, and keeps one bulk string, or word, of each.
class Replies {
 public:
  explicit Replies(bool text) : text_(text) {}

  // Of the replies to come: which part is to be kept, -1 none; whether each number in them has to be above 0.
  void expect(int64_t kept, bool all_positive) {
    kept_ = kept;
    all_positive_ = all_positive;
  }
  std::deque<std::string>& told() { return told_; }

  // Returns how many replies ended within `bytes`.
  size_t feed(std::string_view bytes) {
    size_t ended = 0;
    size_t at = 0;
    while (at < bytes.size()) {
      if (skip_ > 0) {
        const size_t step = std::min(skip_, bytes.size() - at);
        if (keeping_) part_.append(bytes.substr(at, step));
        skip_ -= step;
        at += step;
        if (skip_ == 0) ended += end_bulk();
        continue;
      }
      const size_t end = bytes.find('\n', at);
      if (end == std::string_view::npos) {
        line_.append(bytes.substr(at));
        break;
      }
      line_.append(bytes.substr(at, end - at));
      at = end + 1;
      ended += text_ ? take_text() : take_line();
      line_.clear();
    }
    return ended;
  }

 private:
  size_t take_line() {
    const int64_t number = std::strtoll(line_.c_str() + 1, nullptr, 10);
    const bool nothing = line_[0] == ':' ? number <= 0 : (line_[0] == '$' || line_[0] == '*') && number < 0;
    if (nothing && (open_.empty() || all_positive_))
      fail("there was nothing to do: the server answered " + line_);
    switch (line_[0]) {
      case '-':
        fail("the server answered " + line_);
      case '$':
        if (number >= 0) {
          skip_ = static_cast<size_t>(number) + 2;
          keeping_ = bulks_++ == kept_;
          return 0;
        }
        ++bulks_;
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
  size_t take_text() {
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    std::vector<std::string> words;
    for (size_t at = 0; at < line_.size();) {
      const size_t end = std::min(line_.size(), line_.find(' ', at));
      words.push_back(line_.substr(at, end - at));
      at = end + 1;
    }
    const std::string& first = words.empty() ? line_ : words[0];
    if (first != "INSERTED" && first != "RESERVED" && first != "DELETED" && first != "RELEASED")
      fail("the server answered " + line_);
    if (kept_ >= 0) part_ = words.at(static_cast<size_t>(kept_));
    if (first != "RESERVED") return end_item();
    skip_ = std::stoul(words.at(2)) + 2;
    return 0;
  }
  size_t end_bulk() {
    if (keeping_) part_.resize(part_.size() - 2);
    keeping_ = false;
    return end_item();
  }
  size_t end_item() {
    while (!open_.empty()) {
      if (--open_.back() > 0) return 0;
      open_.pop_back();
    }
    if (kept_ >= 0) told_.push_back(std::move(part_));
    part_.clear();
    bulks_ = 0;
    return 1;
  }

  bool text_;
  int64_t kept_ = -1;
  bool all_positive_ = false;
  std::string line_;
  size_t skip_ = 0;
  int64_t bulks_ = 0;  // of the reply that is being read
  bool keeping_ = false;
  std::string part_;
  std::deque<std::string> told_;
  std::vector<int64_t> open_;
};

// --- Connections

struct Connection {
  int descriptor = -1;
  Replies replies;
  size_t outstanding = 0;
  size_t kind = 0;   // of the next request, or of its next pipeline
  size_t batch = 0;  // requests of each kind, if each pipeline has one kind
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

void send_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail("cannot send");
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

// Says what is sent next, until all has been.
class Load {
 public:
  Load(std::vector<Request> requests, size_t pipeline, size_t to_send)
      : requests_(std::move(requests)), pipeline_(pipeline), to_send_(to_send) {
    next_.assign(requests_.size(), kNumberFirst);
    for (const Request& request : requests_)
      by_kind_ |= request.told() >= 0;
  }

  void start_batch(Connection& connection) {
    bytes_.clear();
    connection.outstanding = by_kind_ ? add_one_kind(connection) : add_in_turn();
    if (!bytes_.empty()) send_all(connection.descriptor, bytes_);
  }

 private:
  size_t add_in_turn() {
    const size_t count = std::min(pipeline_, to_send_);
    for (size_t i = 0; i < count; ++i, turn_ = (turn_ + 1) % requests_.size())
      requests_[turn_].append(next_[turn_]++, {}, bytes_);
    to_send_ -= count;
    return count;
  }
  size_t add_one_kind(Connection& connection) {
    const size_t kind = connection.kind;
    if (kind == 0) {
      connection.batch = std::min(pipeline_, to_send_ / requests_.size());
      to_send_ -= connection.batch * requests_.size();
    }
    const Request& request = requests_[kind];
    std::deque<std::string>& told = connection.replies.told();
    for (size_t i = 0; i < connection.batch; ++i) {
      const bool uses_told = request.told() >= 0;
      if (uses_told && told.empty()) fail("a reply told too little");
      request.append(next_[kind]++, uses_told ? std::string_view(told.front()) : std::string_view(), bytes_);
      if (uses_told) told.pop_front();
    }
    connection.kind = (kind + 1) % requests_.size();
    connection.replies.expect(connection.kind == 0 ? -1 : requests_[connection.kind].told(),
                              request.told() >= 0);
    return connection.batch;
  }

  std::vector<Request> requests_;
  size_t pipeline_;
  size_t to_send_;
  bool by_kind_ = false;
  std::vector<uint64_t> next_;  // each kind's running number
  size_t turn_ = 0;             // the kind that comes next
  std::string bytes_;
};

}  // namespace

int main(int argc, char** argv) {
  const bool text = argc > 5 && std::strcmp(argv[5], "--text") == 0;
  const int first = text ? 6 : 5;
  if (argc <= first) fail("usage: load PORT CONNECTIONS PIPELINE REQUESTS [--text] WORD...");
  const int port = std::atoi(argv[1]);
  const size_t connections = std::stoul(argv[2]);
  size_t to_receive = std::stoul(argv[4]);
  std::vector<Request> requests = requests_of(argc - first, argv + first, text);
  if (to_receive % requests.size() != 0) fail("as many requests of each kind, please");
  Load load(std::move(requests), std::stoul(argv[3]), to_receive);

  const int poll = epoll_create1(0);
  std::vector<Connection> all;
  for (size_t i = 0; i < connections; ++i) {
    all.push_back({.descriptor = connect_to(port), .replies = Replies(text)});
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(poll, EPOLL_CTL_ADD, all[i].descriptor, &event);
  }

  const auto started = std::chrono::steady_clock::now();
  for (Connection& connection : all)
    load.start_batch(connection);
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
      if (connection.outstanding == 0 && to_receive > 0) load.start_batch(connection);
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  for (Connection& connection : all)
    close(connection.descriptor);
  std::printf("%.6f\n", took.count());
  return 0;
}
