// SPDX-License-Identifier: MIT
#include "engine/queue/handle.h"

#include <catch2/catch.hpp>
#include <string>

using namespace sluice;

TEST_CASE("a handle is read as it was written", "[queue]") {
  for (const Handle& handle : {Handle{{0, 0}, 0}, Handle{{1'718'000'000'000, 17}, 1},
                               Handle{{UINT64_MAX, UINT64_MAX}, UINT32_MAX}}) {
    char text[kHandleCharsMax];
    const std::string written(text, format_handle(text, handle));
    REQUIRE(parse_handle(written) == handle);
  }
  char text[kHandleCharsMax];
  REQUIRE(std::string(text, format_handle(text, {{1'718'000'000'000, 0}, 1})) == "1718000000000-0:1");
}

TEST_CASE("what is no handle is told from one", "[queue]") {
  for (const char* text :
       {"", ":", "-", "1", "1:1", "1-", "1-1", "1-1:", ":1", "-1:1", "1-1:x", "1-1:-1", "1-1: 1",
        "1-1:4294967296", "1-1:1:1", "x-1:1", "1-1:1 ", "18446744073709551616-0:1"}) {
    INFO(text);
    REQUIRE_FALSE(parse_handle(text));
  }
  REQUIRE(parse_message_id("1-2") == StreamId{1, 2});
  for (const char* text : {"", "1", "1-", "-1", "1-2:3", "$", "*"}) {
    INFO(text);
    REQUIRE_FALSE(parse_message_id(text));
  }
}
