// SPDX-License-Identifier: MIT
//
// hiredis for tests: connects, sends words, shows replies as redis-cli would print them in one line.
//
//   simple string OK       OK            bulk "a"        "a"
//   error ERR x            (error) ERR x integer 1       1
//   array of 1 and "a"     [1, "a"]      nothing         (nil)
#pragma once

#include <hiredis/hiredis.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

class HiredisClient {
  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
  };

 public:
  explicit HiredisClient(int port, const char* host = "127.0.0.1") : context_(redisConnect(host, port)) {
    check();
  }
  static bool listens(int port) {
    const std::unique_ptr<redisContext, Free> probe(redisConnect("127.0.0.1", port));
    return probe != nullptr && probe->err == 0;
  }
  explicit HiredisClient(const std::string& socket_path) : context_(redisConnectUnix(socket_path.c_str())) {
    check();
  }

  std::string operator()(const std::vector<std::string>& words) {
    send(words);
    return receive();
  }
  // Into a buffer; receive() sends what is in it.
  void send(const std::vector<std::string>& words) {
    std::vector<const char*> bytes;
    std::vector<size_t> sizes;
    for (const std::string& word : words) {
      bytes.push_back(word.data());
      sizes.push_back(word.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), bytes.data(), sizes.data());
  }
  // Sends what is in the buffer, without waiting for anything.
  void flush() {
    int done = 0;
    while (done == 0)
      REQUIRE(redisBufferWrite(context_.get(), &done) == REDIS_OK);
  }
  std::string receive() {
    void* reply = nullptr;
    if (redisGetReply(context_.get(), &reply) != REDIS_OK) return "(closed)";
    const std::string text = text_of(*static_cast<redisReply*>(reply));
    freeReplyObject(reply);
    return text;
  }
  int descriptor() const { return context_->fd; }

 private:
  void check() {
    REQUIRE(context_ != nullptr);
    INFO(context_->errstr);
    REQUIRE(context_->err == 0);
  }
  static std::string text_of(const redisReply& reply) {
    const std::string text(reply.str == nullptr ? "" : reply.str, reply.str == nullptr ? 0 : reply.len);
    switch (reply.type) {
      case REDIS_REPLY_STRING:
        return '"' + text + '"';
      case REDIS_REPLY_STATUS:
        return text;
      case REDIS_REPLY_ERROR:
        return "(error) " + text;
      case REDIS_REPLY_INTEGER:
        return std::to_string(reply.integer);
      case REDIS_REPLY_ARRAY: {
        std::string list = "[";
        for (size_t i = 0; i < reply.elements; ++i)
          list += (i == 0 ? "" : ", ") + text_of(*reply.element[i]);
        return list + "]";
      }
      default:
        return "(nil)";
    }
  }

  std::unique_ptr<redisContext, Free> context_;
};

}  // namespace sluice::test
