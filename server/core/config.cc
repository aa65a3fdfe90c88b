// SPDX-License-Identifier: MIT
//
// Walks the table of directives.h. The texts of refusals are those of Redis, which clients and test harnesses match on.
#include "server/core/config.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "engine/base/glob.h"
#include "engine/base/number_text.h"
#include "server/core/config_text.h"
#include "server/core/directives.h"
#include "server/core/version.h"

namespace sluice::core {
namespace {

using Refusal = std::optional<std::string>;
constexpr std::string_view kBadDirective = "Bad directive or wrong number of arguments";
constexpr std::string_view kWrongNumber = "wrong number of arguments";

// The place of `word` among words with one blank between them.
std::optional<size_t> index_of(std::string_view words, std::string_view word) {
  size_t index = 0;
  while (!words.empty()) {
    const size_t end = words.find(' ');
    if (equals_folded(words.substr(0, end), word)) return index;
    if (end == std::string_view::npos) return std::nullopt;
    words.remove_prefix(end + 1);
    ++index;
  }
  return std::nullopt;
}

std::string_view word_at(std::string_view words, size_t index) {
  for (; index > 0; --index)
    words.remove_prefix(words.find(' ') + 1);
  return words.substr(0, words.find(' '));
}

std::string with_commas(std::string_view words) {
  std::string text;
  for (const char byte : words) {
    if (byte == ' ') text += ',';
    text += byte;
  }
  return text;
}

template <typename Words>
std::string joined(const Words& words) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

std::string octal(int64_t mode) {
  std::string text;
  do {
    text.insert(text.begin(), static_cast<char>('0' + mode % 8));
    mode /= 8;
  } while (mode > 0);
  return text;
}

std::optional<int64_t> parse_octal(std::string_view text) {
  if (text.empty() || text.size() > 6) return std::nullopt;
  int64_t mode = 0;
  for (const char byte : text) {
    if (byte < '0' || byte > '7') return std::nullopt;
    mode = mode * 8 + (byte - '0');
  }
  return mode;
}

template <typename Number>
Refusal out_of_bounds(Number min, Number max) {
  return "argument must be between " + std::to_string(min) + " and " + std::to_string(max) + " inclusive";
}

// What a directive was given, read by its kind.
struct Value {
  std::string text;  // as CONFIG GET shows it
  bool yes = false;
  int64_t number = 0;
  uint64_t bytes = 0;
  size_t enumerator = 0;
  std::vector<std::string> words;
  KeyEventClasses event_classes;
  OutputLimits output_limits;
};

Refusal read_boolean(std::string_view word, Value& value) {
  value.yes = equals_folded(word, "yes");
  if (!value.yes && !equals_folded(word, "no")) return "argument must be 'yes' or 'no'";
  value.text = value.yes ? "yes" : "no";
  return std::nullopt;
}

Refusal read_integer(const Directive& row, std::string_view word, Value& value) {
  const auto number = parse_i64(word);
  if (!number) return "argument couldn't be parsed into an integer";
  if (*number < row.min || *number > row.max) return out_of_bounds(row.min, row.max);
  value.number = *number;
  value.text = std::to_string(*number);
  return std::nullopt;
}

Refusal read_octal(const Directive& row, std::string_view word, Value& value) {
  const auto mode = parse_octal(word);
  if (!mode) return "argument couldn't be parsed as an octal number";
  if (*mode > row.max) return "argument must be between 0 and " + octal(row.max) + " inclusive";
  value.number = *mode;
  value.text = octal(*mode);
  return std::nullopt;
}

Refusal read_memory(const Directive& row, std::string_view word, Value& value) {
  const auto bytes = parse_memory(word);
  if (!bytes) return "argument must be a memory value";
  const auto min = static_cast<uint64_t>(row.min);
  const auto max = static_cast<uint64_t>(row.max);
  if (*bytes < min || *bytes > max) return out_of_bounds(min, max);
  value.bytes = *bytes;
  value.text = std::to_string(*bytes);
  return std::nullopt;
}

Refusal read_memory_share(std::string_view word, Value& value) {
  constexpr std::string_view kNeither = "argument must be a memory or percent value";
  if (!word.ends_with('%')) {
    const auto bytes = parse_memory(word);
    if (!bytes) return std::string(kNeither);
    value.text = std::to_string(*bytes);
    return std::nullopt;
  }
  const auto percent = parse_i64(word.substr(0, word.size() - 1));
  if (!percent || *percent < 0) return std::string(kNeither);
  if (*percent > 100) return "percentage argument must be less or equal to 100";
  value.text = *percent == 0 ? "0" : word;
  return std::nullopt;
}

Refusal read_enumeration(const Directive& row, std::string_view word, Value& value) {
  const auto enumerator = index_of(row.choices, word);
  if (!enumerator) return "argument(s) must be one of the following: " + with_commas(row.choices);
  value.enumerator = *enumerator;
  value.text = word_at(row.choices, *enumerator);
  return std::nullopt;
}

Refusal read_word(const Directive& row, std::string_view word, Value& value) {
  if (row.kind == DirectiveKind::kFileName) {
    const bool is_name =
        !word.empty() && word != "." && word != ".." && word.find('/') == std::string_view::npos;
    if (word.empty()) return std::string(row.name) + " can't be empty";
    const bool is_directory = row.name.ends_with("dirname");
    if (!is_name)
      return std::string(row.name) + " can't be a path, just a " + (is_directory ? "dirname" : "filename");
  }
  // A path or a password with a zero byte would be cut short where the system reads it.
  if (word.find('\0') != std::string_view::npos) return "argument must not contain a zero byte";
  value.text = word;
  return std::nullopt;
}

Refusal read_event_classes(std::string_view word, Value& value) {
  const auto classes = parse_key_event_classes(word);
  if (!classes) return "Invalid event class character. Use 'Ag$lshzxeKEtmdnoc'.";
  value.event_classes = *classes;
  value.text = format_key_event_classes(*classes);
  return std::nullopt;
}

Refusal read_limits(std::span<const std::string_view> words, const OutputLimits& now, Value& value) {
  value.output_limits = now;
  const bool none = words.size() == 1 && words[0].empty();
  if (Refusal refusal = read_output_limits(none ? words.first(0) : words, value.output_limits))
    return refusal;
  value.text = format_output_limits(value.output_limits);
  return std::nullopt;
}

Refusal read_one_word(const Directive& row, std::string_view word, Value& value) {
  switch (row.kind) {
    case DirectiveKind::kBoolean:
      return read_boolean(word, value);
    case DirectiveKind::kInteger:
      return read_integer(row, word, value);
    case DirectiveKind::kOctal:
      return read_octal(row, word, value);
    case DirectiveKind::kMemory:
      return read_memory(row, word, value);
    case DirectiveKind::kMemoryShare:
      return read_memory_share(word, value);
    case DirectiveKind::kEnumeration:
      return read_enumeration(row, word, value);
    case DirectiveKind::kEventClasses:
      return read_event_classes(word, value);
    case DirectiveKind::kText:
    case DirectiveKind::kFileName:
      return read_word(row, word, value);
    case DirectiveKind::kWords:
    case DirectiveKind::kLines:
    case DirectiveKind::kOutputLimits:
      break;
  }
  CHECK(false);
}

Refusal read_words(const Directive& row, std::span<const std::string_view> given, Value& value) {
  std::vector<std::string> words(given.begin(), given.end());
  if (row.check != nullptr) {
    if (Refusal refusal = row.check(words)) return refusal;
  }
  for (std::string& word : words) {
    const bool is_nothing = word.empty() && (words.size() == 1 || !row.keeps_empty_words);
    if (is_nothing) continue;
    if (!value.text.empty()) value.text += ' ';
    value.text += word.empty() ? "\"\"" : word;
    value.words.push_back(std::move(word));
  }
  return std::nullopt;
}

Refusal read_value(const Directive& row, std::span<const std::string_view> words, Value& value) {
  if (row.kind == DirectiveKind::kLines) {
    for (const std::string_view word : words)
      value.words.push_back(quoted_if_needed(word));
    value.text = joined(value.words);
    return std::nullopt;
  }
  if (row.kind == DirectiveKind::kWords) return read_words(row, words, value);
  if (words.size() != 1) return std::string(kWrongNumber);
  if (Refusal refusal = read_one_word(row, words[0], value)) return refusal;
  if (row.check == nullptr) return std::nullopt;
  std::vector<std::string> shown{value.text};
  if (Refusal refusal = row.check(shown)) return refusal;
  value.text = std::move(shown[0]);
  return std::nullopt;
}

void store(const DirectiveMember& member, const Value& value, Settings& settings) {
  if (const auto* boolean = std::get_if<bool Settings::*>(&member)) settings.*(*boolean) = value.yes;
  if (const auto* number = std::get_if<int64_t Settings::*>(&member)) settings.*(*number) = value.number;
  if (const auto* bytes = std::get_if<uint64_t Settings::*>(&member)) settings.*(*bytes) = value.bytes;
  if (const auto* text = std::get_if<std::string Settings::*>(&member)) settings.*(*text) = value.text;
  if (const auto* words = std::get_if<std::vector<std::string> Settings::*>(&member))
    settings.*(*words) = value.words;
  if (const auto* classes = std::get_if<KeyEventClasses Settings::*>(&member))
    settings.*(*classes) = value.event_classes;
  if (const auto* limits = std::get_if<OutputLimits Settings::*>(&member))
    settings.*(*limits) = value.output_limits;
  if (const auto* enumeration = std::get_if<EnumerationMember>(&member))
    enumeration->set(settings, value.enumerator);
}

std::vector<std::string_view> views_of(const std::vector<std::string>& words) {
  return std::vector<std::string_view>(words.begin(), words.end());
}

std::string fatal(std::string_view where, std::string_view line, std::string_view why) {
  std::string text = "\n*** FATAL CONFIG FILE ERROR (Sluice ";
  text.append(kVersion).append(") ***\nReading ").append(where);
  text.append("\n>>> '").append(line).append("'\n").append(why);
  return text;
}

std::string duplicate_user(std::string_view name) {
  return std::string("Error in user declaration '").append(name) +
         "': Duplicate user found. A user can only be defined once in config files";
}

// Redis still takes them, and forgets them.
bool is_forgotten(std::string_view name) {
  constexpr std::string_view kNames[] = {"list-max-ziplist-entries", "list-max-ziplist-value",
                                         "lua-replicate-commands"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [name](std::string_view known) { return equals_folded(known, name); });
}

// The name that was sent, as the table writes it.
std::string_view shown_name(size_t row, std::string_view sent) {
  const Directive& directive = directives()[row];
  return equals_folded(directive.alias, sent) ? directive.alias : directive.name;
}

std::string refused_set(std::string_view name, std::string_view why) {
  std::string text = "ERR CONFIG SET failed (possibly related to argument '";
  return text.append(name).append("') - ").append(why);
}

}  // namespace

Config::Config() : values_(directives().size()), given_(directives().size()), noticed_(directives().size()) {
  const auto rows = directives();
  for (size_t row = 0; row < rows.size(); ++row) {
    if (rows[row].kind == DirectiveKind::kLines) continue;
    const auto words = split_words(rows[row].initial);
    CHECK(words);
    std::vector<std::string_view> views = views_of(*words);
    if (views.empty()) views.emplace_back();
    const Refusal refusal = assign(row, views);
    CHECK(!refusal);
  }
}

Refusal Config::assign(size_t row_index, std::span<const std::string_view> words) {
  const Directive& row = directives()[row_index];
  Value value;
  const Refusal refusal = row.kind == DirectiveKind::kOutputLimits
                              ? read_limits(words, settings_.client_output_buffer_limit, value)
                              : read_value(row, words, value);
  if (refusal) return refusal;
  if (row.role == DirectiveRole::kRefused && value.text != row.initial) return std::string(row.doc);

  if (row.kind == DirectiveKind::kLines) {
    auto& lines = settings_.*std::get<std::vector<std::string> Settings::*>(row.member);
    for (const std::string& line : lines) {
      if (split_words(line)->front() == words[0]) return duplicate_user(words[0]);
    }
    lines.push_back(std::move(value.text));
    return std::nullopt;
  }
  store(row.member, value, settings_);
  values_[row_index] = std::move(value.text);
  return std::nullopt;
}

Refusal Config::set(std::string_view name, std::span<const std::string_view> words) {
  if (is_forgotten(name) && words.size() == 1) {
    notices_.push_back("'" + std::string(name) +
                       "' was accepted and does nothing: it is no directive any more.");
    return std::nullopt;
  }
  const auto row_index = find_directive(name);
  if (!row_index) return std::string(kBadDirective);
  const Directive& row = directives()[*row_index];

  constexpr std::string_view kNothing[] = {""};
  const bool adds_nothing = row.adds_up && !row.keeps_empty_words;  // save alone
  if (words.empty() && adds_nothing) words = kNothing;
  const bool is_other = row.kind == DirectiveKind::kLines || row.keeps_empty_words;
  if (words.empty()) return std::string(is_other ? kBadDirective : kWrongNumber);

  // All of several words may come as one: --save "900 1".
  const bool takes_several = row.kind == DirectiveKind::kOutputLimits ||
                             (row.kind == DirectiveKind::kWords && !row.keeps_empty_words);
  std::vector<std::string_view> split;
  if (takes_several && words.size() == 1) words = split = between_blanks(words[0]);

  if (words.size() == 1 && index_of(row.choices_ignored, words[0])) {
    notices_.push_back("'" + std::string(row.name) + " " + std::string(words[0]) + "' is not followed, '" +
                       values_[*row_index] + "' holds. " + std::string(row.doc));
    return std::nullopt;
  }
  const std::string before = values_[*row_index];
  if (Refusal refusal = assign_or_add(*row_index, words)) return refusal;
  if (row.role == DirectiveRole::kUnused && values_[*row_index] != before && !noticed_[*row_index]) {
    noticed_[*row_index] = true;
    notices_.push_back("'" + std::string(row.name) + "' was accepted and does nothing here. " +
                       std::string(row.doc));
  }
  return std::nullopt;
}

Refusal Config::assign_or_add(size_t row, std::span<const std::string_view> words) {
  const bool adds = directives()[row].adds_up && given_[row] && !(words.size() == 1 && words[0].empty());
  given_[row] = true;
  if (!adds) return assign(row, words);
  const auto earlier = split_words(values_[row]);
  CHECK(earlier);
  std::vector<std::string_view> all = views_of(*earlier);
  all.insert(all.end(), words.begin(), words.end());
  return assign(row, all);
}

Refusal Config::parse_file(std::string_view text, const Include& include, const Expand& expand) {
  return parse_text(text, {}, {include, expand}, 0);
}

Refusal Config::include_files(const std::string& pattern, const Reader& reader, int nested) {
  const auto paths = reader.expand ? reader.expand(pattern) : std::vector<std::string>{pattern};
  for (const std::string& path : paths) {
    const auto included = reader.include ? reader.include(path) : std::nullopt;
    if (!included) return "Fatal error, can't open config file '" + path + "'";
    if (Refusal refusal = parse_text(*included, path, reader, nested + 1)) return refusal;
  }
  return std::nullopt;
}

Refusal Config::parse_text(std::string_view text, std::string_view source, const Reader& reader, int nested) {
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);

    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t first = line.find_first_not_of(" \t\r\v\f");
    if (first == std::string_view::npos || line[first] == '#') continue;
    const auto words = split_words(line);
    std::string where = "the configuration file";
    if (!source.empty()) where.append(" ").append(source);
    where += ", at line " + std::to_string(number);
    if (!words) return fatal(where, line, "Unbalanced quotes in configuration line");
    if (words->empty()) continue;
    if (equals_folded(words->front(), "include")) {
      if (words->size() != 2) return fatal(where, line, kBadDirective);
      if (nested == kConfigIncludesNestedMax)
        return fatal(where, line, "Too many files that include each other");
      if (Refusal refusal = include_files((*words)[1], reader, nested)) {
        // What is wrong inside a file says so with its own line.
        return refusal->starts_with("\n") ? refusal : fatal(where, line, *refusal);
      }
      continue;
    }
    const std::vector<std::string_view> views = views_of(*words);
    if (Refusal refusal = set(views[0], std::span(views).subspan(1))) return fatal(where, line, *refusal);
  }
  return std::nullopt;
}

Refusal Config::parse_command_line(const std::vector<std::vector<std::string>>& directives,
                                   const Include& include, const Expand& expand) {
  for (const auto& directive : directives) {
    const std::vector<std::string_view> views = views_of(directive);
    Refusal refusal;
    if (equals_folded(views[0], "include")) {
      refusal =
          views.size() == 2 ? include_files(directive[1], {include, expand}, 0) : std::string(kBadDirective);
    } else {
      refusal = set(views[0], std::span(views).subspan(1));
    }
    if (refusal)
      return refusal->starts_with("\n") ? refusal : fatal("the command line", joined(directive), *refusal);
  }
  return std::nullopt;
}

Refusal Config::set_many(std::span<const std::string_view> pairs) {
  std::vector<size_t> rows;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const auto row = find_directive(pairs[i]);
    if (!row || directives()[*row].kind == DirectiveKind::kLines || i + 1 == pairs.size()) {
      return "ERR Unknown option or number of arguments for CONFIG SET - '" + std::string(pairs[i]) + "'";
    }
    const Directive& directive = directives()[*row];
    if (directive.guarded) return refused_set(pairs[i], "can't set protected config");
    if (!directive.at_run_time) return refused_set(pairs[i], "can't set immutable config");
    if (std::find(rows.begin(), rows.end(), *row) != rows.end()) {
      return refused_set(pairs[i], "duplicate parameter");
    }
    rows.push_back(*row);
  }

  const Settings settings_before = settings_;
  const std::vector<std::string> values_before = values_;
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string_view text = pairs[2 * i + 1];
    const DirectiveKind kind = directives()[rows[i]].kind;
    const bool has_words = kind == DirectiveKind::kWords || kind == DirectiveKind::kOutputLimits;
    // Quotes mean nothing here, unlike in a file.
    const auto words = has_words ? between_blanks(text) : std::vector<std::string_view>{text};
    if (Refusal refusal = assign(rows[i], words)) {
      settings_ = settings_before;
      values_ = values_before;
      return refused_set(shown_name(rows[i], pairs[2 * i]), *refusal);
    }
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> Config::get(
    std::span<const std::string_view> patterns) const {
  std::vector<std::pair<std::string, std::string>> found;
  const auto add_if_matched = [&found, patterns](std::string_view name, const std::string& value) {
    for (const std::string_view pattern : patterns) {
      if (!glob_matches(pattern, name, LetterCase::kFolded)) continue;
      // A name that is no pattern comes back as it was sent.
      const bool is_name = pattern.find_first_of("*?[") == std::string_view::npos;
      found.emplace_back(is_name && equals_folded(pattern, name) ? pattern : name, value);
      return;
    }
  };
  const auto rows = directives();
  for (size_t row = 0; row < rows.size(); ++row) {
    if (rows[row].kind == DirectiveKind::kLines) continue;
    add_if_matched(rows[row].name, values_[row]);
    if (!rows[row].alias.empty()) add_if_matched(rows[row].alias, values_[row]);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<std::string> Config::value(std::string_view name) const {
  const auto row = find_directive(name);
  if (!row) return std::nullopt;
  return values_[*row];
}

}  // namespace sluice::core
