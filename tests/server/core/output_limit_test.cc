// SPDX-License-Identifier: MIT
#include "server/core/output_limit.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace sluice::core;

namespace {

std::optional<std::string> read(std::vector<std::string_view> words, OutputLimits& limits) {
  return read_output_limits(words, limits);
}

}  // namespace

TEST_CASE("classes that are not named keep their limits", "[output_limit]") {
  OutputLimits limits;
  REQUIRE_FALSE(read({"normal", "1mb", "2", "3", "PUBSUB", "4", "5", "6"}, limits));
  REQUIRE_FALSE(read({"replica", "7", "8", "9"}, limits));
  REQUIRE(format_output_limits(limits) == "normal 1048576 2 3 slave 7 8 9 pubsub 4 5 6");
  REQUIRE_FALSE(read({}, limits));
  REQUIRE(limits.of(ClientClass::kPubSub).soft_seconds == 6);
}

TEST_CASE("what is wrong with limits is said, and nothing changes", "[output_limit]") {
  OutputLimits limits;
  REQUIRE(read({"normal", "1", "2"}, limits) == "Wrong number of arguments in buffer limit configuration.");
  REQUIRE(read({"master", "1", "2", "3"}, limits) ==
          "Invalid client class specified in buffer limit configuration.");
  for (const char* seconds : {"-1", "x", "99999999999"}) {
    REQUIRE(read({"normal", "9", "9", "9", "pubsub", "1", "2", seconds}, limits) ==
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
  }
  REQUIRE(format_output_limits(limits) == "normal 0 0 0 slave 0 0 0 pubsub 0 0 0");
}

TEST_CASE("the smallest limit is that of clients that there are", "[output_limit]") {
  OutputLimits limits;
  REQUIRE(limits.smallest() == SIZE_MAX);
  REQUIRE_FALSE(read({"slave", "1", "1", "1"}, limits));
  REQUIRE(limits.smallest() == SIZE_MAX);
  REQUIRE_FALSE(read({"pubsub", "100", "50", "1", "normal", "70", "0", "0"}, limits));
  REQUIRE(limits.smallest() == 50);
}
