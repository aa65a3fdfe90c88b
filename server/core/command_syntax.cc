// SPDX-License-Identifier: MIT
#include "server/core/command_syntax.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/ascii.h"
#include "engine/base/check.h"

namespace sluice::core {
namespace {

// In the order of ArgumentType.
constexpr std::array<std::string_view, 9> kTypeNames = {
    "string", "integer", "double", "key", "pattern", "unix-time", "pure-token", "oneof", "block",
};

// Types that a word can be given; the others show in the brackets.
constexpr size_t kWordTypes = 6;

std::optional<ArgumentType> word_type(std::string_view name) {
  const auto end = kTypeNames.begin() + kWordTypes;
  const auto it = std::find(kTypeNames.begin(), end, name);
  if (it == end) return std::nullopt;
  return static_cast<ArgumentType>(it - kTypeNames.begin());
}

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_symbol(char c) {
  return std::string_view("*$~=+-").find(c) != std::string_view::npos;
}
bool is_name(char c) {
  return is_lower(c) || is_digit(c) || std::string_view("-_/:").find(c) != std::string_view::npos;
}

std::string joined_names(const std::vector<Argument>& arguments) {
  std::string name;
  for (const Argument& argument : arguments) {
    if (!name.empty()) name += '_';
    name += argument.name;
  }
  return name;
}

Argument group(ArgumentType type, std::string_view name, std::vector<Argument> arguments) {
  Argument group;
  group.name = name.empty() ? joined_names(arguments) : std::string(name);
  group.type = type;
  group.arguments = std::move(arguments);
  return group;
}

// Reads one syntax from left to right. After a mistake failed() stays true and what is returned means nothing.
class SyntaxParser {
 public:
  explicit SyntaxParser(std::string_view text) : text_(text) {}

  std::optional<std::vector<Argument>> parse() {
    std::vector<Argument> arguments = items();
    if (failed_ || at_ != text_.size()) return std::nullopt;
    return arguments;
  }

 private:
  std::vector<Argument> items() {
    std::vector<Argument> arguments;
    for (skip_blanks(); !failed_ && at_ < text_.size() && !ends_items(peek()); skip_blanks()) {
      arguments.push_back(item());
    }
    return arguments;
  }

  Argument item() {
    const bool bracketed = peek() == '[' || peek() == '<';
    Argument argument = atom();
    if (text_.substr(at_, 3) != "...") return argument;
    at_ += 3;
    if (argument.multiple) fail();
    argument.multiple = true;
    argument.multiple_token = bracketed && !argument.token.empty();
    return argument;
  }

  Argument atom() {
    if (is_upper(peek()) || is_symbol(peek())) return token_atom();
    if (is_lower(peek())) return word_atom();
    return group_atom({});
  }

  Argument token_atom() {
    const std::string_view token = read_token();
    skip_blanks();
    if (!binds_token()) return pure_token(to_lower(token), token);
    Argument argument = atom();
    if (!argument.token.empty()) fail();
    argument.token = token;
    return argument;
  }

  // A word, or a name in front of a token or a bracket.
  Argument word_atom() {
    std::string_view name = read_name();
    if (name.back() == ':') {
      name.remove_suffix(1);
      if (is_upper(peek()) || is_symbol(peek())) return pure_token(std::string(name), read_token());
      return group_atom(name);
    }
    Argument argument;
    const size_t colon = name.rfind(':');
    if (name == "key") argument.type = ArgumentType::kKey;
    if (colon != std::string_view::npos) {
      const auto type = word_type(name.substr(colon + 1));
      if (!type) fail();
      argument.type = type.value_or(ArgumentType::kString);
    }
    argument.name = name.substr(0, colon);
    return argument;
  }

  Argument group_atom(std::string_view name) {
    const char open = peek();
    if (open == '(') {
      ++at_;
      std::vector<Argument> parts = items();
      close(')');
      if (parts.empty()) fail();
      return group(ArgumentType::kBlock, name, std::move(parts));
    }
    if (open != '[' && open != '<') {
      fail();
      return {};
    }
    ++at_;
    std::vector<std::vector<Argument>> either = alternatives();
    close(open == '[' ? ']' : '>');
    if (failed_) return {};
    if (open == '[') return optional(name, std::move(either));
    if (either.size() > 1) return one_of(name, std::move(either));
    if (either.front().size() != 1 || !name.empty()) fail();
    return std::move(either.front().front());
  }

  std::vector<std::vector<Argument>> alternatives() {
    std::vector<std::vector<Argument>> either;
    do {
      either.push_back(items());
      if (either.back().empty()) fail();
    } while (!failed_ && accept('|'));
    return either;
  }

  Argument optional(std::string_view name, std::vector<std::vector<Argument>> either) {
    Argument argument;
    if (either.size() > 1) {
      argument = one_of(name, std::move(either));
    } else if (either.front().size() > 1) {
      argument = group(ArgumentType::kBlock, name, std::move(either.front()));
    } else {
      argument = std::move(either.front().front());
      if (argument.optional || !name.empty()) fail();
    }
    argument.optional = true;
    return argument;
  }

  static Argument one_of(std::string_view name, std::vector<std::vector<Argument>> either) {
    std::vector<Argument> arguments;
    for (std::vector<Argument>& items : either) {
      arguments.push_back(items.size() == 1 ? std::move(items.front())
                                            : group(ArgumentType::kBlock, {}, std::move(items)));
    }
    return group(ArgumentType::kOneOf, name, std::move(arguments));
  }

  static Argument pure_token(std::string name, std::string_view token) {
    Argument argument;
    argument.name = std::move(name);
    argument.type = ArgumentType::kPureToken;
    argument.token = token;
    return argument;
  }

  // Whether what follows a token is the argument that it belongs to.
  bool binds_token() const {
    if (peek() == '<' || peek() == '(') return true;
    if (!is_lower(peek())) return false;
    size_t end = at_;
    while (end < text_.size() && is_name(text_[end]))
      ++end;
    if (text_[end - 1] != ':') return true;
    return end < text_.size() && (text_[end] == '<' || text_[end] == '(');
  }

  std::string_view read_token() {
    const size_t begin = at_;
    if (is_symbol(peek())) {
      ++at_;
    } else {
      while (is_upper(peek()) || is_digit(peek()) || peek() == '-' || peek() == '_')
        ++at_;
    }
    end_word();
    return text_.substr(begin, at_ - begin);
  }

  // With a ':' at its end if it names what follows.
  std::string_view read_name() {
    const size_t begin = at_;
    while (is_name(peek()))
      ++at_;
    if (text_[at_ - 1] != ':') end_word();
    return text_.substr(begin, at_ - begin);
  }

  void end_word() {
    if (at_ < text_.size() && peek() != ' ' && !ends_items(peek()) && text_.substr(at_, 3) != "...") fail();
  }

  static bool ends_items(char c) { return c == ']' || c == '>' || c == ')' || c == '|'; }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (peek() == ' ')
      ++at_;
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void close(char c) {
    if (!accept(c)) fail();
  }
  void fail() { failed_ = true; }

  std::string_view text_;
  size_t at_ = 0;
  bool failed_ = false;
};

void number_keys(std::vector<Argument>& arguments, int specs, int& seen) {
  for (Argument& argument : arguments) {
    // A specification may cover several arguments; the last one covers all that are left.
    if (argument.type == ArgumentType::kKey) argument.key_spec = std::min(seen++, specs - 1);
    number_keys(argument.arguments, specs, seen);
  }
}

WordCount word_count_once(const Argument& argument) {
  const size_t token = argument.token.empty() ? 0 : 1;
  if (argument.type == ArgumentType::kPureToken) return {1, 1};
  if (argument.type == ArgumentType::kBlock) {
    const WordCount parts = word_count(argument.arguments);
    if (!parts.max) return {parts.min + token, std::nullopt};
    return {parts.min + token, *parts.max + token};
  }
  if (argument.type != ArgumentType::kOneOf) return {1 + token, 1 + token};
  WordCount count = word_count({argument.arguments.front()});
  for (const Argument& alternative : argument.arguments) {
    const WordCount other = word_count({alternative});
    count.min = std::min(count.min, other.min);
    count.max = count.max && other.max ? std::optional(std::max(*count.max, *other.max)) : std::nullopt;
  }
  count.min += token;
  if (count.max) *count.max += token;
  return count;
}

// How arguments are written: for a table, or as HELP does.
struct Style {
  std::string_view between;  // alternatives
  std::string_view open;     // around alternatives
  std::string_view close;
  std::string_view name_open;  // around what stands for a value
  std::string_view name_close;
};
constexpr Style kTableStyle{" | ", "<", ">", "", ""};
constexpr Style kUsageStyle{"|", "(", ")", "<", ">"};

std::string format(const std::vector<Argument>& arguments, const Style& style);

std::string format(const Argument& argument, const Style& style) {
  std::string once;
  if (argument.type == ArgumentType::kPureToken) {
    once = argument.token;
  } else if (argument.type == ArgumentType::kBlock) {
    once = format(argument.arguments, style);
  } else if (argument.type == ArgumentType::kOneOf) {
    for (const Argument& alternative : argument.arguments) {
      if (!once.empty()) once += style.between;
      once += format(alternative, style);
    }
    // The brackets of an optional one do for both, if nothing stands between them.
    if (!argument.optional || argument.multiple || !argument.token.empty())
      once = std::string(style.open).append(once).append(style.close);
  } else {
    once = std::string(style.name_open).append(argument.name).append(style.name_close);
  }

  const bool has_token = !argument.token.empty() && argument.type != ArgumentType::kPureToken;
  const std::string first = has_token ? argument.token + " " + once : once;
  std::string text = first;
  if (argument.multiple) text += " [" + (argument.multiple_token ? first : once) + " ...]";
  return argument.optional ? "[" + text + "]" : text;
}

std::string format(const std::vector<Argument>& arguments, const Style& style) {
  std::string text;
  for (const Argument& argument : arguments) {
    if (!text.empty()) text += ' ';
    text += format(argument, style);
  }
  return text;
}

}  // namespace

std::string_view argument_type_name(ArgumentType type) {
  return kTypeNames[static_cast<size_t>(type)];
}

std::optional<std::vector<Argument>> parse_syntax(std::string_view text) {
  return SyntaxParser(text).parse();
}

std::vector<Argument> arguments_of(const CommandSpec& spec) {
  auto arguments = parse_syntax(spec.syntax);
  CHECK(arguments.has_value());
  const auto last = std::find_if(spec.keys.begin(), spec.keys.end(),
                                 [](const KeySpec& keys) { return keys.kind == KeySpec::Kind::kNone; });
  int seen = 0;
  number_keys(*arguments, static_cast<int>(last - spec.keys.begin()), seen);
  return std::move(*arguments);
}

WordCount word_count(const std::vector<Argument>& arguments) {
  WordCount total;
  for (const Argument& argument : arguments) {
    WordCount count = word_count_once(argument);
    if (argument.optional) count.min = 0;
    if (argument.multiple) count.max = std::nullopt;
    total.min += count.min;
    total.max = total.max && count.max ? std::optional(*total.max + *count.max) : std::nullopt;
  }
  return total;
}

std::string format_arguments(const std::vector<Argument>& arguments) {
  return format(arguments, kTableStyle);
}

std::string format_usage(const CommandSpec& spec) {
  const std::string arguments = format(arguments_of(spec), kUsageStyle);
  return arguments.empty() ? to_upper(spec.name) : to_upper(spec.name) + ' ' + arguments;
}

std::string format_syntax(const CommandSpec& spec, std::string_view container) {
  std::string text = to_upper(container);
  if (!text.empty()) text += ' ';
  text += to_upper(spec.name);
  const std::string arguments = format_arguments(arguments_of(spec));
  if (!arguments.empty()) text += ' ' + arguments;
  return text;
}

}  // namespace sluice::core
