// SPDX-License-Identifier: MIT
#include "protocol/request_parser.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "protocol/request_encoder.h"

using namespace sluice;
using namespace sluice::protocol;
using namespace std::literals;

namespace {

using Status = RequestParser::Status;
using Words = std::vector<std::string>;

constexpr RequestLimits kStranger{.authenticated = false};

// What came out of some bytes.
struct Outcome {
  std::vector<Words> requests = {};
  Status end = Status::kNeedMore;  // what came behind them
  std::string error = {};
  size_t left = 0;  // bytes that are not part of any request yet
  std::vector<std::string> raw = {};
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Feeds `bytes` in pieces that end at `cuts`, moving the input each time, and drops what is consumed at once.
Outcome parse_in_pieces(std::string_view bytes, const std::vector<size_t>& cuts,
                        const RequestLimits& limits = {}) {
  Outcome outcome;
  RequestParser parser;
  std::string input;
  size_t fed = 0;
  size_t piece = 0;
  while (true) {
    const std::string moved(input);  // freed memory behind the parser's back: a kept pointer would be found
    const Status status = parser.next(moved, limits);
    if (status == Status::kRequest) {
      outcome.requests.emplace_back(parser.words().begin(), parser.words().end());
      outcome.raw.emplace_back(parser.raw());
      input.erase(0, parser.consumed());
      continue;
    }
    outcome.end = status;
    outcome.left = 0;
    outcome.error = parser.error();
    if (status != Status::kNeedMore) return outcome;
    input.erase(0, parser.consumed());
    outcome.left = input.size();
    if (fed == bytes.size()) return outcome;
    const size_t end = piece < cuts.size() ? cuts[piece++] : bytes.size();
    input += bytes.substr(fed, end - fed);
    fed = end;
  }
}

Outcome parse(std::string_view bytes, const RequestLimits& limits = {}) {
  const Outcome whole = parse_in_pieces(bytes, {}, limits);
  // Whatever a test is about, cutting must not matter to it.
  if (bytes.size() <= 1000) {
    std::vector<size_t> every_byte;
    for (size_t i = 1; i < bytes.size(); ++i)
      every_byte.push_back(i);
    REQUIRE(parse_in_pieces(bytes, every_byte, limits) == whole);
    for (size_t cut = 1; cut < bytes.size(); ++cut)
      REQUIRE(parse_in_pieces(bytes, {cut}, limits) == whole);
  }
  return whole;
}

Words parse_one(std::string_view bytes) {
  const Outcome outcome = parse(bytes);
  REQUIRE(outcome.end == Status::kNeedMore);
  REQUIRE(outcome.left == 0);
  REQUIRE(outcome.requests.size() == 1);
  return outcome.requests[0];
}

std::string error_of(std::string_view bytes, const RequestLimits& limits = {}) {
  const Outcome outcome = parse(bytes, limits);
  REQUIRE(outcome.end == Status::kError);
  return outcome.error;
}

std::string encode(const std::vector<std::string_view>& words) {
  ByteBuffer out;
  append_request(out, words);
  return std::string(out.view());
}

}  // namespace

// --- Arrays

TEST_CASE("an array of bulk strings is a request", "[parser]") {
  REQUIRE(parse_one("*3\r\n$5\r\nLPUSH\r\n$1\r\nq\r\n$2\r\nab\r\n") == Words{"LPUSH", "q", "ab"});
}

TEST_CASE("words may be empty, hold line ends and any other byte", "[parser]") {
  REQUIRE(parse_one("*3\r\n$0\r\n\r\n$4\r\n\r\n\r\n\r\n$3\r\n\0\xff$\r\n"sv) ==
          Words{"", "\r\n\r\n", "\0\xff$"s});
}

TEST_CASE("requests behind each other come out one by one", "[parser]") {
  const Outcome outcome =
      parse("*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nPING\r\n$1\r\nx\r\nECHO y\r\n*1\r\n$4\r\nQUIT\r\n*1\r\n");
  REQUIRE(outcome.requests == std::vector<Words>{{"PING"}, {"PING", "x"}, {"ECHO", "y"}, {"QUIT"}});
  REQUIRE(outcome.end == Status::kNeedMore);
  REQUIRE(outcome.left == 4);
}

TEST_CASE("lengths of every number of digits are read", "[parser]") {
  for (const size_t size : {0u, 1u, 9u, 10u, 99u, 100u, 999u, 1000u, 9999u, 10000u, 70000u, 1000000u}) {
    CAPTURE(size);
    const std::string word(size, 'w');
    const Outcome outcome = parse(encode({"SET", "k", word}));
    REQUIRE(outcome.requests.size() == 1);
    REQUIRE(outcome.requests[0][2] == word);
  }
}

TEST_CASE("requests of many words are read", "[parser]") {
  for (const size_t count : {9u, 10u, 15u, 16u, 17u, 99u, 100u, 255u, 256u, 257u, 1000u, 12345u}) {
    CAPTURE(count);
    Words words;
    for (size_t i = 0; i < count; ++i)
      words.push_back(std::to_string(i));
    const std::string bytes = encode({words.begin(), words.end()});
    REQUIRE(parse_in_pieces(bytes, {}).requests == std::vector<Words>{words});
    REQUIRE(parse_in_pieces(bytes, {bytes.size() / 3, bytes.size() / 2}).requests ==
            std::vector<Words>{words});
  }
}

TEST_CASE("empty requests are skipped in silence", "[parser]") {
  const auto empty = GENERATE(as<std::string>{}, "*0\r\n", "*-1\r\n", "*-5\r\n", "*-9223372036854775808\r\n",
                              "\r\n", "\n", "   \t\r\n", "*0\r\n\r\n*-1\r\n");
  CAPTURE(empty);
  const Outcome alone = parse(empty);
  REQUIRE(alone.requests.empty());
  REQUIRE(alone.end == Status::kNeedMore);
  REQUIRE(alone.left == 0);
  REQUIRE(parse_one(empty + "*1\r\n$4\r\nPING\r\n") == Words{"PING"});
  REQUIRE(parse_one(empty + "PING\r\n" + empty) == Words{"PING"});
}

TEST_CASE("what is consumed counts skipped requests in front, and raw does not hold them", "[parser]") {
  RequestParser parser;
  const std::string_view request = "*1\r\n$4\r\nPING\r\n";
  const std::string bytes = "*0\r\n\r\n" + std::string(request) + "rest";
  REQUIRE(parser.next(bytes, {}) == Status::kRequest);
  REQUIRE(parser.consumed() == 6 + request.size());
  REQUIRE(parser.raw() == request);
  REQUIRE(parser.raw().data() == bytes.data() + 6);
}

TEST_CASE("words and raw are views into the input", "[parser]") {
  RequestParser parser;
  const std::string bytes = encode({"GET", "key"});
  REQUIRE(parser.next(bytes, {}) == Status::kRequest);
  REQUIRE(parser.words()[1].data() == bytes.data() + bytes.size() - 5);
  REQUIRE(parser.raw().data() == bytes.data());
}

TEST_CASE("raw is there exactly when the bytes are what the encoder would write", "[parser]") {
  struct Example {
    std::string_view bytes;
    bool canonical;
  };
  const Example example = GENERATE(values<Example>({
      {"*1\r\n$4\r\nPING\r\n", true},
      {"*2\r\n$0\r\n\r\n$10\r\n0123456789\r\n", true},
      {"*1\r\n$4\r\nPINGxy", false},
      {"*1\r\n$4\r\nPING\n\r", false},
      {"*1\rx$4\r\nPING\r\n", false},
      {"*1\r\n$4\rxPING\r\n", false},
      {"*2\r\n$1\r\naxy$1\r\nb\r\n", false},
      {"PING\r\n", false},
  }));
  CAPTURE(example.bytes);
  const Outcome outcome = parse(example.bytes);
  REQUIRE(outcome.requests.size() == 1);
  REQUIRE(outcome.raw[0] == (example.canonical ? example.bytes : ""));
}

TEST_CASE("one odd request does not spoil the raw bytes of the next", "[parser]") {
  const Outcome outcome = parse("*1\r\n$1\r\naxy*1\r\n$1\r\nb\r\n");
  REQUIRE(outcome.raw == std::vector<std::string>{"", "*1\r\n$1\r\nb\r\n"});
}

TEST_CASE("counts and lengths that Redis refuses are refused", "[parser]") {
  REQUIRE(error_of("*x\r\n") == "Protocol error: invalid multibulk length");
  REQUIRE(error_of("*\r\n") == "Protocol error: invalid multibulk length");
  REQUIRE(error_of("*01\r\n") == "Protocol error: invalid multibulk length");
  REQUIRE(error_of("*00\r\n") == "Protocol error: invalid multibulk length");
  REQUIRE(error_of("*+1\r\n") == "Protocol error: invalid multibulk length");
  REQUIRE(error_of("* 1\r\n") == "Protocol error: invalid multibulk length");
  REQUIRE(error_of("*-0\r\n") == "Protocol error: invalid multibulk length");
  REQUIRE(error_of("*2147483648\r\n") == "Protocol error: invalid multibulk length");
  REQUIRE(error_of("*99999999999999999999\r\n") == "Protocol error: invalid multibulk length");
  REQUIRE(error_of("*1\r\n$x\r\n") == "Protocol error: invalid bulk length");
  REQUIRE(error_of("*1\r\n$\r\n") == "Protocol error: invalid bulk length");
  REQUIRE(error_of("*1\r\n$-1\r\n") == "Protocol error: invalid bulk length");
  REQUIRE(error_of("*1\r\n$+1\r\n") == "Protocol error: invalid bulk length");
  REQUIRE(error_of("*1\r\n$04\r\nPING\r\n") == "Protocol error: invalid bulk length");
  REQUIRE(error_of("*1\r\n$9999999999999999\r\n") == "Protocol error: invalid bulk length");
  REQUIRE(error_of("*2\r\n$1\r\na\r\n$536870913\r\n") == "Protocol error: invalid bulk length");
}

TEST_CASE("a bulk may be as long as the limit and no longer", "[parser]") {
  const RequestLimits limits{.bulk_bytes_max = 10};
  REQUIRE(parse("*1\r\n$10\r\n0123456789\r\n", limits).requests.size() == 1);
  REQUIRE(error_of("*1\r\n$11\r\n", limits) == "Protocol error: invalid bulk length");
}

TEST_CASE("the greatest count is taken without taking memory for it", "[parser]") {
  // Two gigawords would be 32 GB.
  const Outcome outcome = parse("*2147483647\r\n$1\r\na\r\n$1\r\n");
  REQUIRE(outcome.end == Status::kNeedMore);
  REQUIRE(outcome.requests.empty());
}

TEST_CASE("anything but a bulk in an array is an error that echoes it safely", "[parser]") {
  REQUIRE(error_of("*1\r\nx\r\n") == "Protocol error: expected '$', got 'x'");
  REQUIRE(error_of("*1\r\n:1\r\n") == "Protocol error: expected '$', got ':'");
  REQUIRE(error_of("*1\r\n\r\n") == "Protocol error: expected '$', got ' '");
  REQUIRE(error_of("*1\r\n\n\r\n") == "Protocol error: expected '$', got ' '");
  REQUIRE(error_of("*1\r\n\x1b[2J\r\n") == "Protocol error: expected '$', got ' '");
  REQUIRE(error_of("*1\r\n\xff\r\n") == "Protocol error: expected '$', got '?'");
  REQUIRE(error_of("*2\r\n$1\r\na\r\n*1\r\n") == "Protocol error: expected '$', got '*'");
}

TEST_CASE("requests in front of an error are still delivered", "[parser]") {
  const Outcome outcome = parse("*1\r\n$4\r\nPING\r\n*1\r\n!\r\n");
  REQUIRE(outcome.requests == std::vector<Words>{{"PING"}});
  REQUIRE(outcome.error == "Protocol error: expected '$', got '!'");
}

TEST_CASE("an error stays until the parser is reset", "[parser]") {
  RequestParser parser;
  REQUIRE(parser.next("*x\r\n", {}) == Status::kError);
  REQUIRE(parser.next("PING\r\n", {}) == Status::kError);
  parser.reset();
  REQUIRE(parser.next("PING\r\n", {}) == Status::kRequest);
}

TEST_CASE("resetting forgets half a request", "[parser]") {
  RequestParser parser;
  REQUIRE(parser.next("*2\r\n$1\r\na\r\n$9\r\n", {}) == Status::kNeedMore);
  parser.reset();
  REQUIRE(parser.next("*1\r\n$1\r\nb\r\n", {}) == Status::kRequest);
  REQUIRE(parser.words().size() == 1);
  REQUIRE(parser.words()[0] == "b");
}

TEST_CASE("a header line that does not end is too big, one byte less is not", "[parser]") {
  const std::string digits(kLineBytesMax - 1, '1');
  REQUIRE(parse_in_pieces("*" + digits, {}).end == Status::kNeedMore);
  REQUIRE(parse_in_pieces("*" + digits + "1", {}).error == "Protocol error: too big mbulk count string");
  REQUIRE(parse_in_pieces("*" + digits + "\r\n", {}).error == "Protocol error: invalid multibulk length");
  REQUIRE(parse_in_pieces("*" + digits + "1\r\n", {}).error == "Protocol error: too big mbulk count string");
  REQUIRE(parse_in_pieces("*1\r\n$" + digits, {}).end == Status::kNeedMore);
  REQUIRE(parse_in_pieces("*1\r\n$" + digits + "1", {}).error == "Protocol error: too big bulk count string");
  REQUIRE(parse_in_pieces("*1\r\n$" + digits + "1\r\n", {}).error ==
          "Protocol error: too big bulk count string");
}

TEST_CASE("a client that has not authenticated may send ten words of 16384 bytes", "[parser]") {
  REQUIRE(parse_in_pieces("*10\r\n", {}, kStranger).end == Status::kNeedMore);
  REQUIRE(error_of("*11\r\n", kStranger) == "Protocol error: unauthenticated multibulk length");
  REQUIRE(error_of("*2147483648\r\n", kStranger) == "Protocol error: invalid multibulk length");
  const std::string word(16384, 'w');
  REQUIRE(parse_in_pieces(encode({"AUTH", word}), {}, kStranger).requests.size() == 1);
  REQUIRE(error_of("*2\r\n$4\r\nAUTH\r\n$16385\r\n", kStranger) ==
          "Protocol error: unauthenticated bulk length");
  REQUIRE(parse("*11\r\n").end == Status::kNeedMore);
}

// --- Pieces

TEST_CASE("a big bulk in pieces is waited for without another look", "[parser]") {
  RequestParser parser;
  const std::string word(100'000, 'w');
  const std::string bytes = encode({"SET", "k", word});
  const size_t header = bytes.size() - word.size() - 2;
  REQUIRE(parser.next(std::string_view(bytes).substr(0, header), {}) == Status::kNeedMore);
  REQUIRE(parser.needed() == bytes.size());
  REQUIRE(parser.next(std::string_view(bytes).substr(0, bytes.size() - 1), {}) == Status::kNeedMore);
  REQUIRE(parser.needed() == bytes.size());
  REQUIRE(parser.next(bytes, {}) == Status::kRequest);
  REQUIRE(parser.words()[2] == word);
  REQUIRE(parser.raw() == bytes);
}

TEST_CASE("words read before the input moved are found in the new place", "[parser]") {
  RequestParser parser;
  const std::string bytes = encode({"a", "bb", "ccc", "dddd"});
  for (const size_t cut : {11u, 19u, 24u}) {
    REQUIRE(parser.next(std::string_view(bytes).substr(0, cut), {}) == Status::kNeedMore);
  }
  const std::string moved = bytes;
  REQUIRE(parser.next(moved, {}) == Status::kRequest);
  for (const std::string_view word : parser.words()) {
    REQUIRE(word.data() > moved.data());
    REQUIRE(word.data() + word.size() < moved.data() + moved.size());
  }
  REQUIRE(Words(parser.words().begin(), parser.words().end()) == Words{"a", "bb", "ccc", "dddd"});
}

TEST_CASE("skipped requests in front of half a request can be dropped at once", "[parser]") {
  RequestParser parser;
  REQUIRE(parser.next("*0\r\n\r\n*2\r\n$1\r\na\r\n", {}) == Status::kNeedMore);
  REQUIRE(parser.consumed() == 6);
  REQUIRE(parser.next("*2\r\n$1\r\na\r\n$1\r\nb\r\n", {}) == Status::kRequest);
  REQUIRE(Words(parser.words().begin(), parser.words().end()) == Words{"a", "b"});
}

TEST_CASE("however bytes are cut, the same requests come out and the same error ends them", "[parser]") {
  const uint64_t seed = GENERATE(1u, 2u, 3u, 4u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const std::vector<std::string> parts = {"*0\r\n",
                                          "*-1\r\n",
                                          "\r\n",
                                          "*1\r\n$4\r\nPING\r\n",
                                          "*2\r\n$3\r\nGET\r\n$10\r\n0123456789\r\n",
                                          "GET \"a b\" 'c\\'d'\r\n",
                                          "*1\r\n$2\r\nabxy",
                                          "*2\r\n$0\r\n\r\n$0\r\n\r\n",
                                          "SET a b\n",
                                          "*3\r\n",
                                          "*x\r\n",
                                          "$1\r\n",
                                          "'\r\n",
                                          "post / http\r\n",
                                          "*1\r\n#\r\n",
                                          "$01\r\n"};
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes;
    for (size_t count = 1 + random() % 6, i = 0; i < count; ++i)
      bytes += parts[random() % parts.size()];
    std::vector<size_t> cuts;
    for (size_t at = 1 + random() % 7; at < bytes.size(); at += 1 + random() % 7)
      cuts.push_back(at);
    CAPTURE(bytes, cuts);
    REQUIRE(parse_in_pieces(bytes, cuts) == parse_in_pieces(bytes, {}));
  }
}

// --- Inline

TEST_CASE("a line is a request, with or without CR", "[parser]") {
  REQUIRE(parse_one("SET key value\r\n") == Words{"SET", "key", "value"});
  REQUIRE(parse_one("SET key value\n") == Words{"SET", "key", "value"});
  REQUIRE(parse_one("  SET\t key   value \r\n") == Words{"SET", "key", "value"});
  REQUIRE(parse_one("a\rb\r\n") == Words{"a", "b"});
}

TEST_CASE("double quotes keep blanks and know escapes", "[parser]") {
  REQUIRE(parse_one(R"(SET k "a b")"
                    "\n") == Words{"SET", "k", "a b"});
  REQUIRE(parse_one(R"("\n\r\t\b\a\\\"\q")"
                    "\n") == Words{"\n\r\t\b\a\\\"q"});
  REQUIRE(parse_one(R"("\x00\xfF\x4a")"
                    "\n") == Words{"\x00\xff\x4a"s});
  REQUIRE(parse_one(R"("\xg1\x1")"
                    "\n") == Words{"xg1x1"});
  REQUIRE(parse_one(R"(a "" b)"
                    "\n") == Words{"a", "", "b"});
  REQUIRE(parse_one(R"(pre"fix ed")"
                    "\n") == Words{"prefix ed"});
  REQUIRE(parse_one(R"("it's")"
                    "\n") == Words{"it's"});
}

TEST_CASE("single quotes keep everything but a quote with a backslash", "[parser]") {
  REQUIRE(parse_one(R"('a "b" \n')"
                    "\n") == Words{R"(a "b" \n)"});
  REQUIRE(parse_one(R"('it\'s')"
                    "\n") == Words{"it's"});
  REQUIRE(parse_one(R"('' x)"
                    "\n") == Words{"", "x"});
}

TEST_CASE("several quoted words of a long line are all whole", "[parser]") {
  std::string line;
  Words words;
  for (int i = 0; i < 500; ++i) {
    words.push_back("word number " + std::to_string(i));
    line += i % 2 == 0 ? '"' + words.back() + "\" " : '\'' + words.back() + "' ";
  }
  REQUIRE(parse_one(line + "\r\n") == words);
}

TEST_CASE("quotes that do not close, or close within a word, are an error", "[parser]") {
  const auto line = GENERATE(as<std::string>{}, "\"", "'", "GET \"a", "GET 'a", "GET \"a\"b", "GET 'a'b",
                             "\"a\\\"", "'a\\'", "\"a\\", "'a'\"b\"", "a\"b\"c");
  CAPTURE(line);
  REQUIRE(error_of(line + "\r\n") == "Protocol error: unbalanced quotes in request");
}

TEST_CASE("a line may be 64 KB long and no longer", "[parser]") {
  const std::string word(kLineBytesMax, 'w');
  REQUIRE(parse_in_pieces(word, {}).end == Status::kNeedMore);
  REQUIRE(parse_in_pieces(word + "\n", {}).requests == std::vector<Words>{{word}});
  REQUIRE(parse_in_pieces(word + "w", {}).error == "Protocol error: too big inline request");
  REQUIRE(parse_in_pieces(word + "w\n", {}).error == "Protocol error: too big inline request");
  REQUIRE(parse_in_pieces(word + "w\n", {kLineBytesMax}).error == "Protocol error: too big inline request");
}

TEST_CASE("HTTP is turned away without a word", "[parser]") {
  const auto line =
      GENERATE(as<std::string>{}, "POST / HTTP/1.1\r\n", "post\n", "Host: localhost:6379\r\n", "HOST: x\r\n");
  CAPTURE(line);
  REQUIRE(parse(line).end == Status::kForeign);
  REQUIRE(parse("PING\r\n" + line).requests == std::vector<Words>{{"PING"}});
  REQUIRE(parse_one("POSTPONE x\r\n") == Words{"POSTPONE", "x"});
  REQUIRE(parse_one("GET Host: POST\r\n") == Words{"GET", "Host:", "POST"});
}

// --- Encoder

TEST_CASE("what the encoder writes is parsed back, and is its own raw form", "[parser][encoder]") {
  const uint64_t seed = GENERATE(1u, 2u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2'000; ++round) {
    Words words(1 + random() % 20);
    for (std::string& word : words) {
      word.resize(random() % (random() % 50 == 0 ? 3000 : 30));
      for (char& byte : word)
        byte = static_cast<char>(random());
    }
    const std::string bytes = encode({words.begin(), words.end()});
    RequestParser parser;
    REQUIRE(parser.next(bytes, {}) == Status::kRequest);
    REQUIRE(Words(parser.words().begin(), parser.words().end()) == words);
    REQUIRE(parser.raw() == bytes);
    REQUIRE(parser.consumed() == bytes.size());
  }
}

TEST_CASE("a request is appended behind what is in the buffer", "[encoder]") {
  ByteBuffer out;
  out.append("#line\n");
  const std::string_view words[] = {"DEL", "", "key"};
  append_request(out, words);
  REQUIRE(out.view() == "#line\n*3\r\n$3\r\nDEL\r\n$0\r\n\r\n$3\r\nkey\r\n");
}
