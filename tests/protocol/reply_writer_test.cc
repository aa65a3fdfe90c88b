// SPDX-License-Identifier: MIT
#include "protocol/reply_writer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <string>

#include "tests/support/resp_decoder.h"

using namespace sluice;
using namespace sluice::protocol;
using sluice::test::show_all;

namespace {

std::string written(int version, const std::function<void(ReplyWriter&)>& write) {
  ByteBuffer out;
  ReplyWriter reply(out, version);
  write(reply);
  return std::string(out.view());
}

struct Both {
  std::string resp2;
  std::string resp3;
  friend bool operator==(const Both&, const Both&) = default;
};

Both both(const std::function<void(ReplyWriter&)>& write) {
  return {written(2, write), written(3, write)};
}

}  // namespace

namespace Catch {
template <>
struct StringMaker<Both> {
  static std::string convert(const Both& it) {
    return "{" + show_all(it.resp2) + " / " + show_all(it.resp3) + "}";
  }
};
}  // namespace Catch

TEST_CASE("simple replies are the same in both versions", "[reply]") {
  REQUIRE(both([](ReplyWriter& r) { r.ok(); }) == Both{"+OK\r\n", "+OK\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.simple("PONG"); }) == Both{"+PONG\r\n", "+PONG\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.error("ERR no"); }) == Both{"-ERR no\r\n", "-ERR no\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.bulk("a\r\nb"); }) == Both{"$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.bulk(""); }) == Both{"$0\r\n\r\n", "$0\r\n\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.bulk_integer(-42); }) == Both{"$3\r\n-42\r\n", "$3\r\n-42\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.array(2); }) == Both{"*2\r\n", "*2\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.raw(":7\r\n"); }) == Both{":7\r\n", ":7\r\n"});
}

TEST_CASE("what only RESP3 can say has its RESP2 stand-in", "[reply]") {
  REQUIRE(both([](ReplyWriter& r) { r.null(); }) == Both{"$-1\r\n", "_\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.null_array(); }) == Both{"*-1\r\n", "_\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.map(3); }) == Both{"*6\r\n", "%3\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.set(3); }) == Both{"*3\r\n", "~3\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.push(3); }) == Both{"*3\r\n", ">3\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.boolean(true); }) == Both{":1\r\n", "#t\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.boolean(false); }) == Both{":0\r\n", "#f\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.number(1.5); }) == Both{"$3\r\n1.5\r\n", ",1.5\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.number(-INFINITY); }) == Both{"$4\r\n-inf\r\n", ",-inf\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.number(10); }) == Both{"$2\r\n10\r\n", ",10\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.number_text("0.1"); }) == Both{"$3\r\n0.1\r\n", ",0.1\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.big_number("123"); }) == Both{"$3\r\n123\r\n", "(123\r\n"});
  REQUIRE(both([](ReplyWriter& r) { r.verbatim("txt", "a\nb"); }) ==
          Both{"$3\r\na\nb\r\n", "=7\r\ntxt:a\nb\r\n"});
}

TEST_CASE("every integer is written in full", "[reply]") {
  for (const int64_t value : {int64_t{0}, int64_t{9}, int64_t{10}, int64_t{99}, int64_t{100}, int64_t{255},
                              int64_t{256}, int64_t{1000}, int64_t{-1}, INT64_MAX, INT64_MIN}) {
    REQUIRE(written(2, [&](ReplyWriter& r) { r.integer(value); }) == ":" + std::to_string(value) + "\r\n");
  }
  for (uint64_t value = 0; value < 1200; ++value) {
    REQUIRE(written(2, [&](ReplyWriter& r) { r.unsigned_integer(value); }) ==
            ":" + std::to_string(value) + "\r\n");
  }
  REQUIRE(written(3, [](ReplyWriter& r) { r.unsigned_integer(UINT64_MAX); }) == ":18446744073709551615\r\n");
}

TEST_CASE("a bulk of any size carries its length", "[reply]") {
  for (const size_t size : {1u, 9u, 10u, 99u, 100u, 255u, 256u, 65536u}) {
    const std::string bytes(size, 'b');
    REQUIRE(written(2, [&](ReplyWriter& r) { r.bulk(bytes); }) ==
            "$" + std::to_string(size) + "\r\n" + bytes + "\r\n");
  }
}

TEST_CASE("no text can break a reply of one line", "[reply]") {
  using namespace std::string_view_literals;
  REQUIRE(written(2, [](ReplyWriter& r) { r.error("ERR 'a\r\n+OK\r\n\0\x7f' \xc3\xa4"sv); }) ==
          "-ERR 'a  +OK    ' \xc3\xa4\r\n");
  REQUIRE(written(3, [](ReplyWriter& r) { r.simple("a\nb"); }) == "+a b\r\n");
  REQUIRE(written(3, [](ReplyWriter& r) { r.big_number("1\r\n"); }) == "(1  \r\n");
}

TEST_CASE("a length told later stands where it belongs", "[reply]") {
  for (const size_t count : {0u, 1u, 9u, 10u, 99u, 100u, 255u, 256u, 12345u}) {
    CAPTURE(count);
    const auto late = both([&](ReplyWriter& r) {
      r.ok();
      const size_t mark = r.array_later();
      for (size_t i = 0; i < count; ++i)
        r.integer(static_cast<int64_t>(i));
      r.set_array_length(mark, count);
      r.ok();
    });
    const auto early = both([&](ReplyWriter& r) {
      r.ok();
      r.array(count);
      for (size_t i = 0; i < count; ++i)
        r.integer(static_cast<int64_t>(i));
      r.ok();
    });
    REQUIRE(late == early);
  }
}

TEST_CASE("a map told later counts pairs in RESP3 and twice that in RESP2", "[reply]") {
  const auto write = [](ReplyWriter& r) {
    const size_t mark = r.map_later();
    for (int i = 0; i < 5; ++i) {
      r.bulk("k");
      r.integer(i);
    }
    r.set_map_length(mark, 5);
  };
  REQUIRE(show_all(written(2, write)) == "*10 $1 k :0 $1 k :1 $1 k :2 $1 k :3 $1 k :4");
  REQUIRE(show_all(written(3, write)) == "%5 $1 k :0 $1 k :1 $1 k :2 $1 k :3 $1 k :4");
}

TEST_CASE("lengths told later nest, told from the inside out", "[reply]") {
  const auto write = [](ReplyWriter& r) {
    const size_t outer = r.map_later();
    for (int i = 0; i < 11; ++i) {
      r.integer(i);
      const size_t inner = r.array_later();
      for (int k = 0; k < i; ++k)
        r.integer(k);
      r.set_array_length(inner, static_cast<size_t>(i));
    }
    r.set_map_length(outer, 11);
  };
  const auto replies = test::decode_all(written(3, write));
  REQUIRE(replies);
  REQUIRE(replies->size() == 1);
  REQUIRE((*replies)[0].elements.size() == 22);
  for (size_t i = 0; i < 11; ++i)
    REQUIRE((*replies)[0].elements[2 * i + 1].elements.size() == i);
}

TEST_CASE("whatever is written is read back by a client", "[reply]") {
  const uint64_t seed = GENERATE(1u, 2u, 3u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const std::function<void(ReplyWriter&, int)> write = [&](ReplyWriter& r, int depth) {
    const size_t size = random() % 12;
    switch (random() % (depth > 3 ? 9 : 13)) {
      case 0:
        return r.ok();
      case 1:
        return r.error("ERR " + std::string(size, static_cast<char>(random())));
      case 2:
        return r.integer(static_cast<int64_t>(random()));
      case 3:
        return r.bulk(std::string(random() % 400, static_cast<char>(random())));
      case 4:
        return r.number(static_cast<double>(random()) / 7);
      case 5:
        return r.boolean(size > 5);
      case 6:
        return r.verbatim("txt", std::string(size, 'v'));
      case 7:
        return r.null();
      case 8:
        return r.null_array();
      case 9:
        r.array(size);
        break;
      case 10:
        r.set(size);
        break;
      case 11:
        r.map(size);
        for (size_t i = 0; i < size; ++i)
          write(r, depth + 1);
        break;
      case 12: {
        const size_t mark = r.array_later();
        for (size_t i = 0; i < size; ++i)
          write(r, depth + 1);
        return r.set_array_length(mark, size);
      }
    }
    for (size_t i = 0; i < size; ++i)
      write(r, depth + 1);
  };
  for (int round = 0; round < 300; ++round) {
    const auto bytes = written(2 + round % 2, [&](ReplyWriter& r) { write(r, 0); });
    const auto replies = test::decode_all(bytes);
    REQUIRE(replies);
    REQUIRE(replies->size() == 1);
  }
}
