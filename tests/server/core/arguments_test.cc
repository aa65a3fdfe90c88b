// SPDX-License-Identifier: MIT
//
// Command lines that start a redis-server, and what they say to us.
#include "server/core/arguments.h"

#include <catch2/catch.hpp>

namespace sluice::core {
namespace {

using Directives = std::vector<std::vector<std::string>>;

Arguments parse(const std::vector<std::string_view>& words) {
  return parse_arguments(words);
}

TEST_CASE("no argument at all runs the server", "[arguments]") {
  REQUIRE(parse({}).action == Arguments::Action::kRun);
  REQUIRE(parse({}).config_file.empty());
}

TEST_CASE("a file and directives are told apart", "[arguments]") {
  const Arguments arguments =
      parse({"/etc/x.conf", "--port", "7000", "--save", "900", "1", "--appendonly", "no"});
  REQUIRE(arguments.error.empty());
  REQUIRE(arguments.config_file == "/etc/x.conf");
  REQUIRE(arguments.directives == Directives{{"port", "7000"}, {"save", "900", "1"}, {"appendonly", "no"}});
}

TEST_CASE("save without a value has an empty one, another directive none", "[arguments]") {
  REQUIRE(parse({"--save", "--port", "1"}).directives == Directives{{"save", ""}, {"port", "1"}});
  REQUIRE(parse({"--port", "1", "--SAVE"}).directives == Directives{{"port", "1"}, {"SAVE", ""}});
  REQUIRE(parse({"--port", "1", "--timeout"}).directives == Directives{{"port", "1"}, {"timeout"}});
}

TEST_CASE("what stands behind a name is a value, also with two hyphens", "[arguments]") {
  REQUIRE(parse({"--requirepass", "--x", "--port", "1"}).directives ==
          Directives{{"requirepass", "--x"}, {"port", "1"}});
  REQUIRE(parse({"--bind", "a", "b", "--port", "1"}).directives ==
          Directives{{"bind", "a", "b"}, {"port", "1"}});
}

TEST_CASE("a directive and its values may come as one word", "[arguments]") {
  REQUIRE(parse({"--timeout 4", "--save 900 1", "--port", "1"}).directives ==
          Directives{{"timeout", "4"}, {"save", "900", "1"}, {"port", "1"}});
  REQUIRE(parse({"--requirepass \"a b\""}).directives == Directives{{"requirepass", "a b"}});
  REQUIRE(parse({"--requirepass \"a"}).directives == Directives{{"requirepass \"a"}});
}

TEST_CASE("two hyphens alone begin nothing", "[arguments]") {
  REQUIRE(parse({"--port", "1", "--"}).directives == Directives{{"port", "1"}});
  REQUIRE(parse({"--", "x"}).directives == Directives{{"x"}});
  REQUIRE(parse({"-p", "1"}).error == "'-p' belongs to no directive");
}

TEST_CASE("a lone minus reads standard input; within a directive it is a value", "[arguments]") {
  REQUIRE(parse({"-"}).config_from_input);
  REQUIRE(parse({"x.conf", "-", "--port", "1"}).config_from_input);
  REQUIRE(parse({"--port", "1", "-"}).config_from_input);
  const Arguments value = parse({"--requirepass", "-", "--port", "1"});
  REQUIRE(!value.config_from_input);
  REQUIRE(value.directives == Directives{{"requirepass", "-"}, {"port", "1"}});
}

TEST_CASE("a second word that is no directive is refused", "[arguments]") {
  REQUIRE(parse({"a.conf", "b.conf"}).error == "'b.conf' belongs to no directive");
}

TEST_CASE("questions end at once", "[arguments]") {
  REQUIRE(parse({"--version"}).action == Arguments::Action::kVersion);
  REQUIRE(parse({"-v"}).action == Arguments::Action::kVersion);
  REQUIRE(parse({"--help"}).action == Arguments::Action::kHelp);
  REQUIRE(parse({"--config-reference"}).action == Arguments::Action::kConfigReference);

  const Arguments check = parse({"--check-aof", "dir/appendonlydir", "--fix"});
  REQUIRE(check.action == Arguments::Action::kCheckAof);
  REQUIRE(check.check_path == "dir/appendonlydir");
  REQUIRE(check.check_fix);
  REQUIRE(!parse({"--check-aof"}).error.empty());
  REQUIRE(!parse({"--check-aof", "a", "b"}).error.empty());
}

}  // namespace
}  // namespace sluice::core
