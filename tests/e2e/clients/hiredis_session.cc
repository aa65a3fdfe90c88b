// SPDX-License-Identifier: MIT
//
// A session of hiredis, the C client, as sessions.py plays it: formatted and binary commands, pipelines, waits, and
// subscribers on libuv by its asynchronous half. RESP2: Debian's hiredis knows no other.
//
//     hiredis_session PORT FAMILIES LINES        LINES: the file lines.txt
#include <hiredis/adapters/libuv.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr const char* kHost = "127.0.0.1";
constexpr timeval kPatience{20, 0};
constexpr int kLooksMax = 1'000'000;

int port;

[[noreturn]] void fail(const std::string& what) {
  std::cerr << what << std::endl;
  std::exit(1);
}

// --- What it says

std::string json(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    char escaped[8];
    if (c >= ' ' && c < 127 && c != '"' && c != '\\') {
      text += c;
    } else {
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned char>(c));
      text += escaped;
    }
  }
  return text + '"';
}

std::string json(const redisReply* reply) {
  if (reply == nullptr) return json("no reply");
  switch (reply->type) {
    case REDIS_REPLY_STRING:
      return json(std::string_view(reply->str, reply->len));
    case REDIS_REPLY_STATUS:
      return "{\"status\": " + json(std::string_view(reply->str, reply->len)) + "}";
    case REDIS_REPLY_ERROR:
      return "{\"error\": " + json(std::string_view(reply->str, reply->len)) + "}";
    case REDIS_REPLY_INTEGER:
      return std::to_string(reply->integer);
    case REDIS_REPLY_ARRAY: {
      std::string list;
      for (size_t i = 0; i < reply->elements; ++i)
        list += (i == 0 ? "" : ", ") + json(reply->element[i]);
      return "[" + list + "]";
    }
    default:
      return "null";
  }
}

void say(const std::string& name, const std::string& got) {
  std::cout << "{\"said\": " << json(name) << ", \"got\": " << got << "}" << std::endl;
}

void ask(const std::string& what) {
  std::cout << "{\"ask\": " << json(what) << "}" << std::endl;
  std::string answer;
  if (!std::getline(std::cin, answer) || answer != "done") fail("nobody listens any more");
}

void until(const std::string& what, const std::function<bool()>& condition) {
  for (int looked = 0; !condition();
       ++looked)  // each look is a turn of the server, so there is nothing to sleep for
    if (looked == kLooksMax) fail("never " + what);
}

// --- Synchronous

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

class Connection {
 public:
  Connection() : context_(redisConnectWithTimeout(kHost, port, kPatience)) {
    if (context_ == nullptr || context_->err != 0) fail("cannot connect");
    redisSetTimeout(context_, kPatience);
  }
  ~Connection() { redisFree(context_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // printf-like, as hiredis has it: %s, %d, and %b with a pointer and a length.
  template <typename... Values>
  Reply operator()(const char* format, Values... values) {
    return Reply(static_cast<redisReply*>(redisCommand(context_, format, values...)));
  }
  template <typename... Values>
  void append(const char* format, Values... values) {
    if (redisAppendCommand(context_, format, values...) != REDIS_OK) fail(context_->errstr);
  }
  void flush() {
    for (int done = 0; done == 0;)
      if (redisBufferWrite(context_, &done) != REDIS_OK) fail(context_->errstr);
  }
  Reply next() {
    void* reply = nullptr;
    return Reply(redisGetReply(context_, &reply) == REDIS_OK ? static_cast<redisReply*>(reply) : nullptr);
  }
  Reply argv(const std::vector<std::string>& words) {
    std::vector<const char*> bytes;
    std::vector<size_t> sizes;
    for (const std::string& word : words) {
      bytes.push_back(word.data());
      sizes.push_back(word.size());
    }
    return Reply(static_cast<redisReply*>(
        redisCommandArgv(context_, static_cast<int>(words.size()), bytes.data(), sizes.data())));
  }
  bool reconnect() { return redisReconnect(context_) == REDIS_OK; }
  int error() const { return context_->err; }

 private:
  redisContext* context_;
};

std::string info_field(Connection& c, const std::string& name) {
  const Reply reply = c("INFO");
  const std::string text(reply->str, reply->len);
  const size_t at = text.find("\n" + name + ":");
  if (at == std::string::npos) fail("INFO has no " + name);
  const size_t begin = at + name.size() + 2;
  return text.substr(begin, text.find('\r', begin) - begin);
}

void await_blocked(Connection& c, const std::string& count) {
  until(count + " blocked clients", [&] { return info_field(c, "blocked_clients") == count; });
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;)
    words.push_back(word);
  return words;
}

// --- Families that are commands and their replies, from a file that redis-cli's session reads as well

using Lines = std::map<std::string, std::vector<std::string>>;

Lines read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) fail("there is no " + path);
  Lines lines;
  std::string family;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line.rfind("== ", 0) == 0) {
      family = line.substr(3);
    } else {
      lines[family].push_back(line);
    }
  }
  return lines;
}

void play_lines(Connection& c, const std::vector<std::string>& lines) {
  for (const std::string& line : lines)
    say(line, json(c.argv(words_of(line)).get()));
}

// --- Families that are more than that

void connection(Connection& c) {
  const std::string binary("\0\r\n\xff", 4);
  say("formatted", json(c("SET %s %d", "key", 42).get()));
  say("binary", json(c("SET %b %b", binary.data(), binary.size(), binary.data(), binary.size()).get()));
  say("it is there", json(c("GET %b", binary.data(), binary.size()).get()));
  say("empty", json(c("ECHO %s", "").get()));
  say("unknown", json(c("NOSUCH a b").get()));
  say("select", json(c("SELECT 5").get()) == json(c("SELECT 0").get()) ? "1" : "0");
  constexpr int kCommands = 10'000;
  for (int i = 0; i < kCommands; ++i)
    c.append("INCRBY counter %d", 1);
  long long sum = 0;
  for (int i = 0; i < kCommands; ++i)
    sum += c.next()->integer;
  say("a pipeline", std::to_string(sum));
  const std::string large(3'000'000, 'x');
  say("large", json(c("SET large %b", large.data(), large.size()).get()));
  say("it comes back", std::to_string(c("GET large")->len));
  say("quit", json(c("QUIT").get()));
  say("after that", json(c("PING").get()));
  // The end of the stream or a reset: it depends on whether the server had closed before it was written to.
  say("the error", c.error() == REDIS_ERR_EOF || c.error() == REDIS_ERR_IO ? "1" : "0");
  say("connected again", c.reconnect() ? json(c("PING").get()) : "0");
}

void blocking(Connection& c) {
  Connection one, two;
  c("RPUSH l a");
  say("at once", json(one("BLPOP l 0").get()));
  for (const char* line :
       {"BLPOP l m 0.01", "BRPOP l 0.01", "BLMOVE l m LEFT LEFT 0.01", "BRPOPLPUSH l m 0.01",
        "BLMPOP 0.01 1 l LEFT", "BLPOP l -1", "BLPOP l x", "XREAD BLOCK 10 STREAMS x $"})
    say(line, json(one.argv(words_of(line)).get()));
  one.append("BLPOP l m 0");
  one.append("GET nothing");  // behind the wait
  one.flush();
  await_blocked(c, "1");
  two.append("BRPOP m 0");
  two.flush();
  await_blocked(c, "2");
  say("pushed", json(c("RPUSH m 1 2 3").get()));
  for (Connection* each : {&one, &one, &two})
    say("woken", json(each->next().get()));
  const long long number = one("CLIENT ID")->integer;
  one.append("BLMOVE m to LEFT LEFT 0");
  say("a move", json(one.next().get()));
  one.append("BLMOVE none to LEFT LEFT 0");
  one.flush();
  await_blocked(c, "1");
  say("unblocked", json(c("CLIENT UNBLOCK %lld ERROR", number).get()));
  say("with an error", json(one.next().get()));
}

void transactions(Connection& c) {
  for (const char* line :
       {"MULTI", "SET a 1", "INCR a", "LPUSH a x", "GET none", "EXEC", "EXEC", "DISCARD", "MULTI", "MULTI",
        "NOSUCH", "EXEC", "WATCH a", "MULTI", "WATCH a", "DISCARD", "UNWATCH"})
    say(line, json(c.argv(words_of(line)).get()));
  Connection other;
  c("WATCH a");
  other("SET a changed");
  c("MULTI");
  c("GET a");
  say("watched", json(c("EXEC").get()));
}

void pubsub(Connection& c) {
  Connection subscriber;
  for (const char* line : {"SUBSCRIBE news", "PSUBSCRIBE n*", "SSUBSCRIBE shard", "PING", "GET k"})
    say(line, json(subscriber.argv(words_of(line)).get()));
  for (const char* line : {"PUBLISH news one", "SPUBLISH shard two", "PUBSUB CHANNELS",
                           "PUBSUB NUMSUB news none", "PUBSUB NUMPAT", "PUBSUB SHARDNUMSUB shard"})
    say(line, json(c.argv(words_of(line)).get()));
  for (int i = 0; i < 3; ++i)
    say("message", json(subscriber.next().get()));
  for (const char* line : {"UNSUBSCRIBE", "PUNSUBSCRIBE n*", "SUNSUBSCRIBE shard", "GET k"})
    say(line, json(subscriber.argv(words_of(line)).get()));
}

void notifications(Connection& c) {
  Connection subscriber;
  c("CONFIG SET notify-keyspace-events KEA");
  subscriber("PSUBSCRIBE __key*__:*");
  c("RPUSH l 1");
  c("LPOP l");
  for (int i = 0; i < 6; ++i)
    say("event", json(subscriber.next().get()));
  say("off", json(c("CONFIG SET notify-keyspace-events %s", "").get()));
}

void tracking(Connection& c) {
  Connection listener, reader;
  const long long number = listener("CLIENT ID")->integer;
  listener("SUBSCRIBE __redis__:invalidate");
  say("on", json(reader("CLIENT TRACKING ON REDIRECT %lld NOLOOP", number).get()));
  reader("MGET a b");
  c("SET a 1");
  say("told", json(listener.next().get()));
  reader("GET a");
  reader("SET a 2");
  c("SET b 1");
  say("of the other's only", json(listener.next().get()));
  c("FLUSHALL");
  say("off", json(reader("CLIENT TRACKING OFF").get()));
}

// --- Asynchronous, on libuv

class Loop {
 public:
  Loop() {
    uv_loop_init(&loop_);
    uv_timer_init(&loop_, &patience_);
    uv_timer_start(
        &patience_, [](uv_timer_t*) { fail("nothing happens on the loop"); }, kPatience.tv_sec * 1000, 0);
    uv_unref(reinterpret_cast<uv_handle_t*>(&patience_));
  }
  // Requires: what was attached to it has been let go.
  ~Loop() {
    uv_close(reinterpret_cast<uv_handle_t*>(&patience_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  // Turns until the condition holds; something happens in every turn.
  void run_until(const std::function<bool()>& condition) {
    while (!condition())
      if (uv_run(&loop_, UV_RUN_ONCE) == 0 && !condition()) fail("the loop has run out of things to do");
  }
  uv_loop_t* get() { return &loop_; }

 private:
  uv_loop_t loop_;
  uv_timer_t patience_;
};

// One asynchronous connection; what it is given is kept in order.
class Async {
 public:
  explicit Async(Loop& loop) : context_(redisAsyncConnect(kHost, port)) {
    if (context_ == nullptr || context_->err != 0) fail("cannot connect");
    context_->data = this;
    redisLibuvAttach(context_, loop.get());
    redisAsyncSetConnectCallback(context_, [](const redisAsyncContext* context, int status) {
      static_cast<Async*>(context->data)->connected = status == REDIS_OK;
    });
    redisAsyncSetDisconnectCallback(context_, [](const redisAsyncContext* context, int status) {
      Async* self = static_cast<Async*>(context->data);
      self->ended = status == REDIS_OK ? "by us" : "by it";
    });
  }
  // The library has freed what has ended; the rest it frees at once, telling all that wait.
  ~Async() {
    if (ended.empty()) redisAsyncFree(context_);
  }
  Async(const Async&) = delete;
  Async& operator=(const Async&) = delete;
  template <typename... Values>
  void send(const char* format, Values... values) {
    redisAsyncCommand(
        context_,
        [](redisAsyncContext* context, void* reply, void*) {
          static_cast<Async*>(context->data)->got.push_back(json(static_cast<redisReply*>(reply)));
        },
        nullptr, format, values...);
  }
  void disconnect() { redisAsyncDisconnect(context_); }

  bool connected = false;
  std::string ended;
  std::vector<std::string> got;

 private:
  redisAsyncContext* context_;
};

void say_all(const std::string& name, Loop& loop, Async& async, size_t count) {
  loop.run_until([&] { return async.got.size() >= count; });
  for (const std::string& each : async.got)
    say(name, each);
  async.got.clear();
}

void asynchronous(Connection& c) {
  Loop loop;
  Async commands(loop), subscriber(loop);
  for (int i = 0; i < 1000; ++i)
    commands.send("INCR %s", "n");
  loop.run_until([&] { return commands.got.size() == 1000; });
  say("a thousand, in order", commands.got.back());
  commands.got.clear();
  subscriber.send("SUBSCRIBE news");
  subscriber.send("PSUBSCRIBE n*");
  say_all("subscribed", loop, subscriber, 2);
  c("PUBLISH news one");
  c("PUBLISH news two");
  say_all("message", loop, subscriber, 4);
  subscriber.send("UNSUBSCRIBE");
  subscriber.send("PUNSUBSCRIBE");
  say_all("unsubscribed", loop, subscriber, 2);
  commands.send("BLPOP q 0");
  commands.send("GET n");
  until("a wait", [&] {
    uv_run(loop.get(), UV_RUN_NOWAIT);
    return info_field(c, "blocked_clients") == "1";
  });
  c("RPUSH q x");
  say_all("waited", loop, commands, 2);
  commands.send("QUIT");
  say_all("quit", loop, commands, 1);
  loop.run_until([&] { return !commands.ended.empty(); });
  say("ended", json(commands.ended));
}

void reconnect(Connection& c) {
  asynchronous(c);
  Connection waiting;
  c("SET kept yes");
  waiting.append("BLPOP q 0");
  waiting.flush();
  await_blocked(c, "1");
  {
    Loop loop;
    Async subscriber(loop);
    subscriber.send("SUBSCRIBE news");
    say_all("subscribed", loop, subscriber, 1);
    ask("kill");
    loop.run_until([&] { return !subscriber.ended.empty(); });
    say("the subscriber is told", json(subscriber.ended));
  }
  say("the waiter is told", json(waiting.next().get()));
  say("by an error", waiting.error() == REDIS_ERR_EOF || waiting.error() == REDIS_ERR_IO ? "1" : "0");
  say("nobody there", c.reconnect() ? "1" : "0");
  ask("start");
  say("with it", c.reconnect() ? json(c("GET kept").get()) : "0");
  say("the waiter", waiting.reconnect() ? "1" : "0");
  waiting.append("BLPOP q 0");
  waiting.flush();
  await_blocked(c, "1");
  say("pushed", json(c("RPUSH q after").get()));
  say("woken", json(waiting.next().get()));
  say("killed", json(c("CLIENT KILL ID %lld", waiting("CLIENT ID")->integer).get()));
  say("the waiter is told again", json(waiting("PING").get()));
  say("and comes back", waiting.reconnect() ? json(waiting("PING").get()) : "0");
  Loop loop;
  Async subscriber(loop);
  subscriber.send("SUBSCRIBE news");
  say_all("subscribed again", loop, subscriber, 1);
  say("to one", json(c("PUBLISH news again").get()));
  say_all("message", loop, subscriber, 1);
}

const std::map<std::string, void (*)(Connection&)> kPlays{
    {"connection", connection}, {"blocking", blocking}, {"transactions", transactions},
    {"pubsub", pubsub},         {"tracking", tracking}, {"notifications", notifications},
    {"reconnect", reconnect},
};

}  // namespace

int main(int count, char** words) {
  if (count != 4) fail("hiredis_session PORT FAMILIES LINES");
  port = std::atoi(words[1]);
  const Lines lines_of = read_lines(words[3]);
  std::istringstream families(words[2]);
  for (std::string family; std::getline(families, family, ',');) {
    std::cout << "{\"family\": " << json(family) << "}" << std::endl;
    Connection c;
    c("FLUSHALL");
    if (const auto lines = lines_of.find(family); lines != lines_of.end()) {
      play_lines(c, lines->second);
    } else if (const auto play = kPlays.find(family); play != kPlays.end()) {
      play->second(c);
    } else {
      fail("nothing to say about " + family);
    }
  }
  return 0;
}
