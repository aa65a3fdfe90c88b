// SPDX-License-Identifier: MIT
//
// Every row of the command table holds what its readers rely on, and says the same thing in each of its columns.
#include "server/commands/table.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "server/core/command_keys.h"
#include "server/core/command_syntax.h"
#include "server/core/command_table.h"

using namespace sluice;
using namespace sluice::core;

namespace {

// Calls visit(row, container's name) for every row and every subcommand's row.
template <typename Visit>
void for_each_row(Visit visit) {
  for (const CommandSpec& row : commands::command_table()) {
    visit(row, std::string_view());
    for (const CommandSpec& subcommand : row.subcommands)
      visit(subcommand, row.name);
  }
}

bool counts_keys(const CommandSpec& spec) {
  for (const KeySpec& keys : spec.keys) {
    if (keys.kind == KeySpec::Kind::kCounted) return true;
  }
  return false;
}

bool is_pure_container(const CommandSpec& spec) {
  return spec.handler == nullptr;
}

// A shortest request for these arguments: "k1", "k2" for keys, "1" for numbers, "w" for other words.
void shortest(const std::vector<Argument>& arguments, std::vector<std::string>& words, int& keys) {
  for (const Argument& argument : arguments) {
    if (argument.optional) continue;
    if (!argument.token.empty()) words.push_back(argument.token);
    switch (argument.type) {
      case ArgumentType::kPureToken:
        break;
      case ArgumentType::kKey:
        words.push_back("k" + std::to_string(++keys));
        break;
      case ArgumentType::kInteger:
      case ArgumentType::kDouble:
      case ArgumentType::kUnixTime:
        words.emplace_back("1");
        break;
      case ArgumentType::kString:
      case ArgumentType::kPattern:
        words.emplace_back("w");
        break;
      case ArgumentType::kBlock:
        shortest(argument.arguments, words, keys);
        break;
      case ArgumentType::kOneOf: {
        const auto fewest = std::min_element(
            argument.arguments.begin(), argument.arguments.end(),
            [](const Argument& a, const Argument& b) { return word_count({a}).min < word_count({b}).min; });
        shortest({*fewest}, words, keys);
        break;
      }
    }
  }
}

}  // namespace

TEST_CASE("every row is well formed and documented", "[table]") {
  for_each_row([](const CommandSpec& row, std::string_view container) {
    INFO(CommandTable::full_name(container, row));
    REQUIRE(well_formed({&row, 1}));
    REQUIRE((row.handler != nullptr || !row.subcommands.empty()));
    REQUIRE_FALSE(row.complexity.empty());
    REQUIRE_FALSE(row.summary.empty());
    REQUIRE(row.summary.back() == '.');
    REQUIRE_FALSE(row.since.empty());
    REQUIRE(row.name.size() <= 32);
  });
}

TEST_CASE("names are not used twice", "[table]") {
  std::set<std::string> names;
  for_each_row([&names](const CommandSpec& row, std::string_view container) {
    INFO(CommandTable::full_name(container, row));
    REQUIRE(names.insert(CommandTable::full_name(container, row)).second);
  });
}

TEST_CASE("every row's syntax parses and agrees with its arity", "[table]") {
  for_each_row([](const CommandSpec& row, std::string_view container) {
    INFO(CommandTable::full_name(container, row) << ": " << row.syntax);
    const auto arguments = parse_syntax(row.syntax);
    REQUIRE(arguments);
    if (is_pure_container(row)) {
      REQUIRE(row.arity.words == -2);
      REQUIRE(arguments->empty());
      return;
    }
    const size_t names = container.empty() ? 1 : 2;
    const WordCount count = word_count(*arguments);
    const auto words_min = static_cast<int>(count.min + names);
    if (row.arity.words > 0) {
      REQUIRE(row.arity.words == words_min);
      REQUIRE(count.max == count.min);
    } else {
      REQUIRE(row.arity.words == -words_min);
    }
  });
}

TEST_CASE("every row's keys are where its syntax has them", "[table]") {
  for_each_row([](const CommandSpec& row, std::string_view container) {
    INFO(CommandTable::full_name(container, row) << ": " << row.syntax);
    if (is_pure_container(row) || (row.flags & kInternal) != 0) return;
    std::vector<std::string> words = {std::string(row.name)};
    if (!container.empty()) words.insert(words.begin(), std::string(container));
    int keys = 0;
    shortest(arguments_of(row), words, keys);
    if ((row.flags & kNoMandatoryKeys) != 0) words[2] = "0";  // so many keys
    const std::vector<std::string_view> views(words.begin(), words.end());

    std::vector<std::string_view> found;
    REQUIRE(for_each_key(row, views, [&](size_t index, uint16_t flags) {
      if ((flags & kNotKey) == 0) found.push_back(views.at(index));
    }));
    std::vector<std::string> wanted;
    for (int i = 1; i <= keys; ++i)
      wanted.push_back("k" + std::to_string(i));
    REQUIRE(std::vector<std::string>(found.begin(), found.end()) == wanted);
    const bool looks_only = row.name == "watch";  // at when the key changes, not at what it holds
    if (keys > 0 && !looks_only) REQUIRE((row.flags & (kWrite | kReadOnly)) != 0);
    if (counts_keys(row)) REQUIRE(row.syntax.find("numkeys:integer") != std::string_view::npos);
  });
}

TEST_CASE("a twin is a command that does not wait, or the same one told not to", "[table]") {
  const CommandTable table(commands::command_table());
  for_each_row([&table](const CommandSpec& row, std::string_view) {
    if (row.twin.empty()) return;
    INFO(row.name);
    REQUIRE((row.flags & kBlocking) != 0);
    const CommandSpec* twin = table.find(row.twin);
    REQUIRE(twin != nullptr);
    REQUIRE((twin == &row || (twin->flags & kBlocking) == 0));
    REQUIRE((twin->flags & kWrite) != 0);
  });
}
