// SPDX-License-Identifier: MIT
//
// How libFuzzer changes a script for the session target: by steps and words, most of them words that some command
// knows. Bytes changed at random would nearly always make a step that is skipped, or an unknown command.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "server/commands/table.h"
#include "server/core/command_syntax.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

using namespace sluice;

namespace {

constexpr int kChangesMax = 4;
constexpr size_t kWordsAddedMax = 4;

constexpr std::string_view kPlainWords[] = {"k1",
                                            "k2",
                                            "k3",
                                            "k4",
                                            "q1",
                                            "q2",
                                            "s1",
                                            "g1",
                                            "g2",
                                            "c1",
                                            "c2",
                                            "f1",
                                            "f2",
                                            "a",
                                            "b",
                                            "c",
                                            "v1",
                                            "v2",
                                            "0",
                                            "1",
                                            "2",
                                            "3",
                                            "-1",
                                            "-2",
                                            "10",
                                            "100",
                                            "1000",
                                            "60000",
                                            "1.5",
                                            "0.1",
                                            "-0.5",
                                            "inf",
                                            "-inf",
                                            "nan",
                                            "1e10",
                                            "9223372036854775807",
                                            "-9223372036854775808",
                                            "18446744073709551615",
                                            "4294967296",
                                            "2147483648",
                                            "\"\"",
                                            "\"a b\"",
                                            "\"\\x00\\xff\"",
                                            "*",
                                            "k*",
                                            "[a-c]?",
                                            "$",
                                            ">",
                                            "+",
                                            "-",
                                            "=",
                                            "~",
                                            "0-0",
                                            "0-1",
                                            "5-5",
                                            "1700000000000-0",
                                            "1700000000001",
                                            "(1",
                                            "[a",
                                            "(5-5",
                                            "ch1",
                                            "ch2",
                                            "p*",
                                            "on",
                                            "off",
                                            "nopass",
                                            "~k*",
                                            "&ch*",
                                            "+@all",
                                            "-@all",
                                            ">pass",
                                            "alice",
                                            "bob",
                                            "default",
                                            "@list",
                                            "u8",
                                            "i16",
                                            "#1",
                                            "__keyspace@0__:k1",
                                            "maxmemory",
                                            "notify-keyspace-events",
                                            "KEA",
                                            "appendonly",
                                            "yes",
                                            "no",
                                            "everysec",
                                            "always"};

void add_tokens(const std::vector<core::Argument>& arguments, std::vector<std::string>& words) {
  for (const core::Argument& argument : arguments) {
    if (!argument.token.empty()) words.push_back(argument.token);
    add_tokens(argument.arguments, words);
  }
}

struct Vocabulary {
  std::vector<std::string> commands;  // with the subcommand, if there are some
  std::vector<std::string> words;

  Vocabulary() {
    for (const std::string_view word : kPlainWords)
      words.emplace_back(word);
    for (const core::CommandSpec& row : commands::command_table()) {
      add_tokens(core::arguments_of(row), words);
      if (row.handler != nullptr) commands.emplace_back(row.name);
      for (const core::CommandSpec& part : row.subcommands) {
        commands.push_back(std::string(row.name) + " " + std::string(part.name));
        words.emplace_back(part.name);
        add_tokens(core::arguments_of(part), words);
      }
    }
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
  }
};

class Mutation {
 public:
  Mutation(std::string_view text, unsigned seed) : random_(seed) {
    while (!text.empty()) {
      const size_t end = text.find('\n');
      lines_.emplace_back(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
  }

  std::string made() {
    for (size_t changes = 1 + below(kChangesMax); changes > 0; --changes)
      change();
    std::string text;
    for (const std::string& line : lines_)
      text.append(line).append("\n");
    return text;
  }

 private:
  size_t below(size_t limit) { return random_() % limit; }
  size_t any_line() { return below(lines_.size()); }
  const std::string& any(const std::vector<std::string>& pool) { return pool[below(pool.size())]; }
  // Keys and numbers are wanted more often than the thousand other words.
  std::string word() {
    return below(2) == 0 ? std::string(kPlainWords[below(std::size(kPlainWords))]) : any(vocabulary().words);
  }
  static const Vocabulary& vocabulary() {
    static const Vocabulary made;
    return made;
  }

  static std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> words;
    for (size_t at = 0; at <= line.size();) {
      const size_t end = std::min(line.find(' ', at), line.size());
      words.push_back(line.substr(at, end - at));
      at = end + 1;
    }
    return words;
  }

  static std::string joined(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words)
      line.append(&word == &words.front() ? "" : " ").append(word);
    return line;
  }

  std::string new_step() {
    switch (below(12)) {
      case 0:
        return "+" + std::to_string(below(3) == 0 ? below(100'000'000) : below(2'000));
      case 1:
        return std::string("-") + static_cast<char>('A' + below(4));
      case 2:
        return "*";
      default:
        break;
    }
    std::string line = below(4) == 0 ? " " : "";
    line += static_cast<char>('A' + below(3));
    line.append(" ").append(any(vocabulary().commands));
    for (size_t words = below(kWordsAddedMax + 1); words > 0; --words)
      line.append(" ").append(word());
    return line;
  }

  void change() {
    if (lines_.empty() || below(6) == 0) {
      lines_.insert(lines_.begin() + static_cast<ptrdiff_t>(below(lines_.size() + 1)), new_step());
      return;
    }
    const size_t at = any_line();
    std::vector<std::string> words = split(lines_[at]);
    const auto place = words.begin() + static_cast<ptrdiff_t>(below(words.size()));
    switch (below(8)) {
      case 0:
      case 1:
        *place = word();
        break;
      case 2:
        words.insert(place + 1, word());
        break;
      case 3:
        words.erase(place);
        break;
      case 4:
        if (!words[0].empty()) words[0].back() = static_cast<char>('A' + below(4));
        break;
      case 5:
        words[0] = words[0].empty() || words[0].front() != ' ' ? " " + words[0] : words[0].substr(1);
        break;
      case 6:
        lines_.insert(lines_.begin() + static_cast<ptrdiff_t>(any_line()), joined(words));
        return;
      default:
        lines_.erase(lines_.begin() + static_cast<ptrdiff_t>(at));
        return;
    }
    lines_[at] = joined(words);
  }

  std::mt19937_64 random_;
  std::vector<std::string> lines_;
};

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  if (seed % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::string made = Mutation({reinterpret_cast<const char*>(data), size}, seed).made();
  if (made.size() > max_size) made.resize(max_size);
  std::memcpy(data, made.data(), made.size());
  return made.size();
}
