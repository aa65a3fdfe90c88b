// SPDX-License-Identifier: MIT
//
// The README's command table is made from the command table, and this holds them together.
#include <catch2/catch.hpp>
#include <fstream>

#include "server/commands/command_reference.h"
#include "tests/tidy/source_tree.h"

using namespace sluice;

namespace {

constexpr std::string_view kBegin = "<!-- commands:begin -->\n";
constexpr std::string_view kEnd = "<!-- commands:end -->\n";
const std::string kReadme = SLUICE_SOURCE_DIR "/README.md";

// Where in the README the table stands: [begin, end).
std::pair<size_t, size_t> table_place(const std::string& readme) {
  const size_t begin = readme.find(kBegin);
  const size_t end = readme.find(kEnd);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  return {begin + kBegin.size(), end};
}

}  // namespace

TEST_CASE("the README's command table is that of the server", "[readme]") {
  const std::string readme = tidy::read_file(kReadme);
  const auto [begin, end] = table_place(readme);
  INFO("run: test_tidy \"[.update-readme]\"");
  REQUIRE(readme.substr(begin, end - begin) == commands::command_reference());
}

TEST_CASE("writes the README's command table anew", "[.update-readme]") {
  std::string readme = tidy::read_file(kReadme);
  const auto [begin, end] = table_place(readme);
  readme.replace(begin, end - begin, commands::command_reference());
  std::ofstream(kReadme, std::ios::binary) << readme;
  SUCCEED();
}
