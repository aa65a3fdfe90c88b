// SPDX-License-Identifier: MIT
//
// The text of a stream ID, and its neighbours.
#include "engine/stream_id.h"

#include <catch2/catch.hpp>
#include <string>

using namespace sluice;

namespace {

std::string text_of(StreamId id) {
  char chars[kStreamIdCharsMax];
  return std::string(chars, format_stream_id(chars, id));
}

}  // namespace

TEST_CASE("an ID is two decimal numbers with a dash between", "[stream_id]") {
  REQUIRE(parse_stream_id("5-7", 0) == StreamId{5, 7});
  REQUIRE(parse_stream_id("0-0", 9) == StreamId{0, 0});
  REQUIRE(parse_stream_id("18446744073709551615-18446744073709551615", 0) == kStreamIdMax);
  REQUIRE(text_of({5, 7}) == "5-7");
  REQUIRE(text_of(kStreamIdMax) == "18446744073709551615-18446744073709551615");
  REQUIRE(text_of(kStreamIdMax).size() == kStreamIdCharsMax);
}

TEST_CASE("an ID without its second half takes the one that the caller means", "[stream_id]") {
  REQUIRE(parse_stream_id("5", 0) == StreamId{5, 0});
  REQUIRE(parse_stream_id("5", UINT64_MAX) == StreamId{5, UINT64_MAX});
}

TEST_CASE("leading zeros are nothing special in an ID", "[stream_id]") {
  REQUIRE(parse_stream_id("007-010", 0) == StreamId{7, 10});
}

TEST_CASE("whatever else is no ID", "[stream_id]") {
  for (const char* text :
       {"", "-", "+", "-5", "5-", "5-7-9", "5 -7", " 5-7", "+5-7", "a", "5-a", "5-*", "0x5-1",
        "18446744073709551616-0", "0-18446744073709551616", "99999999999999999999999"}) {
    INFO(text);
    REQUIRE_FALSE(parse_stream_id(text, 0));
  }
}

TEST_CASE("the neighbours of an ID cross the millisecond, and end at the ends", "[stream_id]") {
  REQUIRE(successor({5, 7}) == StreamId{5, 8});
  REQUIRE(successor({5, UINT64_MAX}) == StreamId{6, 0});
  REQUIRE_FALSE(successor(kStreamIdMax));
  REQUIRE(predecessor({5, 7}) == StreamId{5, 6});
  REQUIRE(predecessor({5, 0}) == StreamId{4, UINT64_MAX});
  REQUIRE_FALSE(predecessor(kStreamIdMin));
}
