// SPDX-License-Identifier: MIT
//
// The README's command table is made from the command table, and this holds them together.
#include <algorithm>
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

TEST_CASE("each line of the README's comparison names a test that there is", "[readme]") {
  const std::string readme = tidy::read_file(kReadme);
  const size_t begin = readme.find("## Beside other queues\n");
  REQUIRE(begin != std::string::npos);
  const std::string section = readme.substr(begin, readme.find("\n## ", begin) - begin);
  const tidy::SourceTree tree = tidy::read_source_tree(SLUICE_SOURCE_DIR);
  const auto is_a_test = [&tree](const std::string& quoted) {
    return std::any_of(tree.begin(), tree.end(), [&quoted](const auto& file) {
      return tidy::is_within(file.first, "tests") &&
             file.second.find("TEST_CASE(" + quoted) != std::string::npos;
    });
  };
  size_t rows = 0;
  for (const std::string_view line : tidy::lines_of(section)) {
    if (!line.starts_with("| ") || line.starts_with("| need") || line.starts_with("| ---")) continue;
    const size_t quote = line.rfind('"', line.rfind('"') - 1);
    const std::string name(line.substr(quote, line.rfind('"') + 1 - quote));
    INFO(line);
    REQUIRE(is_a_test(name));
    ++rows;
  }
  REQUIRE(rows > 15);
}

TEST_CASE("writes the README's command table anew", "[.update-readme]") {
  std::string readme = tidy::read_file(kReadme);
  const auto [begin, end] = table_place(readme);
  readme.replace(begin, end - begin, commands::command_reference());
  std::ofstream(kReadme, std::ios::binary) << readme;
  SUCCEED();
}
