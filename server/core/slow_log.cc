// SPDX-License-Identifier: MIT
#include "server/core/slow_log.h"

namespace sluice::core {
namespace {

std::string shortened(std::string_view word) {
  if (word.size() <= kSlowLogWordBytesMax) return std::string(word);
  const size_t rest = word.size() - kSlowLogWordBytesMax;
  return std::string(word.substr(0, kSlowLogWordBytesMax)) + "... (" + std::to_string(rest) + " more bytes)";
}

std::vector<std::string> shortened(Words words) {
  std::vector<std::string> kept;
  const bool all = words.size() <= kSlowLogWordsMax;
  const size_t whole = all ? words.size() : kSlowLogWordsMax - 1;
  for (const std::string_view word : words.first(whole))
    kept.push_back(shortened(word));
  if (!all) kept.push_back("... (" + std::to_string(words.size() - whole) + " more arguments)");
  return kept;
}

}  // namespace

void SlowLog::add(SlowCommand command, Words words, size_t commands_max) {
  command.id = next_id_++;
  command.words = shortened(words);
  command.words_all = words.size();
  for (const size_t word : hidden_) {
    if (word < words.size() && (word + 1 < command.words.size() || words.size() <= kSlowLogWordsMax))
      command.words[word] = "(redacted)";
  }
  commands_.push_front(std::move(command));
  while (commands_.size() > commands_max)
    commands_.pop_back();
}

}  // namespace sluice::core
