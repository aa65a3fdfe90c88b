// SPDX-License-Identifier: MIT
//
// The command table finds what is in it, whatever the case of the letters, and nothing else.
#include "server/core/command_table.h"

#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/base/ascii.h"

using namespace sluice;
using namespace sluice::core;

namespace {

constexpr CommandSpec row(std::string_view name) {
  return {.name = name, .arity = Arity::exactly(1)};
}

constexpr CommandSpec kConfigRows[] = {row("get"), row("set")};

CommandSpec container(std::string_view name) {
  CommandSpec spec = row(name);
  spec.subcommands = kConfigRows;
  return spec;
}

}  // namespace

TEST_CASE("a command is found by its name in any case", "[command_table]") {
  const std::vector<CommandSpec> rows = {row("get"),      row("set"),
                                         row("lpush"),    row("x"),
                                         row("getrange"), row("zremrangebyscore"),
                                         row("no-evict"), row("a_command-name.of:24chars")};
  const CommandTable table(rows);
  for (const CommandSpec& spec : rows) {
    INFO(spec.name);
    REQUIRE(table.find(spec.name) == &spec);
    REQUIRE(table.find(to_upper(spec.name)) == &spec);
    std::string mixed(spec.name);
    mixed[0] = to_upper(mixed[0]);
    REQUIRE(table.find(mixed) == &spec);
  }
}

TEST_CASE("a name that differs in any byte is not found", "[command_table]") {
  const std::vector<CommandSpec> rows = {row("x"),        row("get"),      row("lpush"),
                                         row("getrange"), row("no-evict"), row("a_command-name.of:24chars")};
  const CommandTable table(rows);
  REQUIRE(table.find("") == nullptr);
  REQUIRE(table.find(std::string(1000, 'x')) == nullptr);
  for (const CommandSpec& spec : rows) {
    REQUIRE(table.find(std::string(spec.name) + "x") == nullptr);
    REQUIRE(table.find(spec.name.substr(1)) == nullptr);
    for (size_t i = 0; i < spec.name.size(); ++i) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string name(spec.name);
        name[i] = static_cast<char>(byte);
        if (equals_folded(name, spec.name)) continue;
        INFO(spec.name << " with byte " << byte << " at " << i);
        REQUIRE(table.find(name) == nullptr);
      }
    }
  }
}

TEST_CASE("a large table finds every one of its random names", "[command_table]") {
  const uint64_t seed = GENERATE(1u, 2u, 3u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  std::set<std::string> names;
  while (names.size() < 1'000) {
    std::string name(1 + random() % 24, ' ');
    for (char& byte : name)
      byte = static_cast<char>('a' + random() % 26);
    names.insert(name);
  }
  std::vector<CommandSpec> rows;
  for (const std::string& name : names)
    rows.push_back(row(name));
  const CommandTable table(rows);
  for (const CommandSpec& spec : rows)
    REQUIRE(table.find(spec.name) == &spec);
}

TEST_CASE("a subcommand is found in its container", "[command_table]") {
  const CommandSpec config = container("config");
  REQUIRE(CommandTable::find_subcommand(config, "GET") == &kConfigRows[0]);
  REQUIRE(CommandTable::find_subcommand(config, "rewrite") == nullptr);
  REQUIRE(CommandTable::full_name("config", kConfigRows[0]) == "config|get");
  REQUIRE(CommandTable::full_name({}, kConfigRows[0]) == "get");
}

TEST_CASE("each row and each subcommand's row has statistics of its own", "[command_table]") {
  const std::vector<CommandSpec> rows = {row("get"), container("config"), row("set")};
  CommandTable table(rows);
  table.stats(rows[0]).calls = 1;
  table.stats(rows[1]).calls = 2;
  table.stats(rows[2]).calls = 3;
  table.stats(kConfigRows[0]).calls = 4;
  table.stats(kConfigRows[1]).calls = 5;
  REQUIRE(table.stats(rows[0]).calls == 1);
  REQUIRE(table.stats(rows[1]).calls == 2);
  REQUIRE(table.stats(rows[2]).calls == 3);
  REQUIRE(table.stats(kConfigRows[0]).calls == 4);
  REQUIRE(table.stats(kConfigRows[1]).calls == 5);
}
