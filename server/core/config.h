// SPDX-License-Identifier: MIT
//
// The settings and how they come about: defaults, then the configuration file, then the command line, then
// CONFIG SET. What exists, and within which bounds, is the table of directives.h; this class only walks it.
//
// A change is all or nothing: a set_many() of several pairs of which one is refused changes none.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/core/settings.h"

namespace sluice::core {

// A file may include a file that includes a file ...
inline constexpr int kConfigIncludesNestedMax = 16;

class Config {
 public:
  Config();  // every directive at its default

  const Settings& settings() const { return settings_; }

  // --- At the start
  // One directive. The reason why it is refused, or nothing.
  std::optional<std::string> set(std::string_view name, std::span<const std::string_view> words);
  // A whole file. `include` reads the file that an "include" names, nullopt if it cannot; `expand` gives the files that
  // a pattern names, the pattern itself if it is none. The text for a person (several lines, without an end), or
  // nothing. Earlier lines stay in force then.
  using Include = std::function<std::optional<std::string>(const std::string& path)>;
  using Expand = std::function<std::vector<std::string>(const std::string& pattern)>;
  std::optional<std::string> parse_file(std::string_view text, const Include& include,
                                        const Expand& expand = {});
  // The directives of a command line, each with its name first. Likewise.
  std::optional<std::string> parse_command_line(const std::vector<std::vector<std::string>>& directives,
                                                const Include& include = {}, const Expand& expand = {});
  // What a person should know of the directives that were accepted: those that do nothing here. Clears the list.
  std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }

  // --- At run time
  // CONFIG SET: name, value, name, value ... The whole error for the client, with its code, or nothing.
  std::optional<std::string> set_many(std::span<const std::string_view> names_and_values);
  // CONFIG GET: every directive that one of the patterns matches, sorted by name, each once.
  std::vector<std::pair<std::string, std::string>> get(std::span<const std::string_view> patterns) const;
  std::vector<std::pair<std::string, std::string>> get(std::string_view pattern) const {
    return get(std::span(&pattern, 1));
  }
  // The value as CONFIG GET shows it; nothing if there is no such directive.
  std::optional<std::string> value(std::string_view name) const;
  // CONFIG REWRITE: the file's text with the values of now. What says the same stays as it is, comments too; what is
  // neither in it nor at its default comes behind. `users` are whole lines, "user NAME ...": they take the places of
  // those that the file has. With `with_defaults`, every directive comes behind that is not in it.
  std::string rewritten(std::string_view text, std::span<const std::string> users = {},
                        bool with_defaults = false) const;

 private:
  struct Reader {
    const Include& include;
    const Expand& expand;
  };
  // `source` is empty for the main file.
  std::optional<std::string> parse_text(std::string_view text, std::string_view source, const Reader& reader,
                                        int nested);
  std::optional<std::string> include_files(const std::string& pattern, const Reader& reader, int nested);
  // Gives the directive of this row a value. The reason why it is refused, or nothing.
  std::optional<std::string> assign_or_add(size_t row, std::span<const std::string_view> words);
  std::optional<std::string> assign(size_t row, std::span<const std::string_view> words);

  Settings settings_{};
  std::vector<std::string> values_;  // by row of the table: what CONFIG GET shows
  std::vector<bool> given_;          // by row: a file or the command line has set it
  std::vector<bool> noticed_;        // by row: there was a notice
  std::vector<std::string> notices_;
};

// conf/sluice.conf: every directive with its meaning and its default.
std::string config_reference();

}  // namespace sluice::core
