// SPDX-License-Identifier: MIT
//
// The decoder is what other tests trust: here it is tested itself, on bytes written by hand.
#include "tests/support/resp_decoder.h"

#include <catch2/catch.hpp>
#include <string>

using namespace sluice::test;

TEST_CASE("each kind of reply is shown in one line", "[decoder]") {
  REQUIRE(show_all("+OK\r\n") == "+OK");
  REQUIRE(show_all("-ERR no\r\n") == "-ERR no");
  REQUIRE(show_all(":-7\r\n") == ":-7");
  REQUIRE(show_all("$1\r\nq\r\n") == "$1 q");
  REQUIRE(show_all("$0\r\n\r\n") == "$0");
  REQUIRE(show_all("$5\r\n\r\n\\\x01z\r\n") == "$5 \\r\\n\\\\\\x01z");
  REQUIRE(show_all("$-1\r\n") == "$-1");
  REQUIRE(show_all("*-1\r\n") == "*-1");
  REQUIRE(show_all("*0\r\n") == "*0");
  REQUIRE(show_all("*2\r\n$1\r\nq\r\n$1\r\nx\r\n") == "*2 $1 q $1 x");
  REQUIRE(show_all("_\r\n") == "_");
  REQUIRE(show_all(",1.5\r\n") == ",1.5");
  REQUIRE(show_all("#t\r\n#f\r\n") == "#t | #f");
  REQUIRE(show_all("(12345678901234567890\r\n") == "(12345678901234567890");
  REQUIRE(show_all("=7\r\ntxt:a b\r\n") == "=7 txt:a b");
  REQUIRE(show_all("%1\r\n$1\r\na\r\n*1\r\n:1\r\n") == "%1 $1 a *1 :1");
  REQUIRE(show_all("~1\r\n:1\r\n") == "~1 :1");
  REQUIRE(show_all(">2\r\n$1\r\na\r\n_\r\n") == ">2 $1 a _");
}

TEST_CASE("half a reply is none, and leaves the bytes as they are", "[decoder]") {
  const std::string whole = "*2\r\n%1\r\n$1\r\na\r\n=5\r\ntxt:b\r\n#t\r\n";
  for (size_t size = 0; size < whole.size(); ++size) {
    std::string_view bytes = std::string_view(whole).substr(0, size);
    REQUIRE_FALSE(decode(bytes));
    REQUIRE(bytes.size() == size);
  }
  std::string_view bytes = whole;
  REQUIRE(decode(bytes));
  REQUIRE(bytes.empty());
}

TEST_CASE("what is not RESP is not taken for it", "[decoder]") {
  const auto bytes = GENERATE(as<std::string>{}, "OK\r\n", "+a\nb\r\n", "+a\rb\r\n", ":1x\r\n", ":+1\r\n",
                              ":\r\n", "$1\r\nabc\r\n", "$-2\r\n", "$01\r\na\r\n", "*-2\r\n", "_x\r\n",
                              "#x\r\n", "=3\r\ntxt\r\n", "\r\n");
  CAPTURE(bytes);
  std::string_view rest = bytes;
  REQUIRE_FALSE(decode(rest));
  REQUIRE_FALSE(decode_all(bytes));
}

TEST_CASE("nesting without end is refused", "[decoder]") {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i)
    bytes += "*1\r\n";
  std::string_view rest = bytes;
  REQUIRE_FALSE(decode(rest));
}

TEST_CASE("what is left over is shown as such", "[decoder]") {
  REQUIRE(show_all("+OK\r\n*1\r\n") == "+OK | (not RESP: *1\\r\\n)");
}

TEST_CASE("the three kinds of nothing are null", "[decoder]") {
  for (std::string_view bytes : {"$-1\r\n", "*-1\r\n", "_\r\n"})
    REQUIRE(decode(bytes)->is_null());
  std::string_view zero = ":0\r\n";
  REQUIRE_FALSE(decode(zero)->is_null());
}
