// SPDX-License-Identifier: MIT
//
// Prints the table of directives as a configuration file that changes nothing. conf/sluice.conf is this text; a test
// compares.
#include <string>
#include <string_view>

#include "engine/base/ascii.h"
#include "server/core/config.h"
#include "server/core/directives.h"

namespace sluice::core {
namespace {

constexpr size_t kColumnsMax = 100;

std::string_view title(Section section) {
  switch (section) {
    case Section::kNetwork:
      return "Network";
    case Section::kClients:
      return "Clients";
    case Section::kGeneral:
      return "General";
    case Section::kMemory:
      return "Memory";
    case Section::kLog:
      return "The log";
    case Section::kStructures:
      return "Data structures";
    case Section::kUnused:
      return "Accepted, so that an existing redis.conf works, and without effect";
    case Section::kRefused:
      return "Refused, unless they are as here";
  }
  return {};
}

// `prose` in lines that begin with "# ".
void append_comment(std::string& out, std::string_view prose) {
  size_t column = 0;
  while (!prose.empty()) {
    const size_t end = prose.find(' ');
    const std::string_view word = prose.substr(0, end);
    if (column == 0 || column + 1 + word.size() > kColumnsMax) {
      out.append(column == 0 ? "#" : "\n#");
      column = 1;
    }
    out.append(" ").append(word);
    column += 1 + word.size();
    prose.remove_prefix(end == std::string_view::npos ? prose.size() : end + 1);
  }
  out.append("\n");
}

// The reason of a refusal stands behind a colon in an error, and alone here.
std::string sentence(std::string_view text) {
  std::string made(text);
  made.front() = to_upper(made.front());
  if (made.back() != '.') made += '.';
  return made;
}

void append_default(std::string& out, const Directive& directive) {
  out.append("# ").append(directive.name).append(" ");
  out.append(directive.initial.empty() ? std::string_view("\"\"") : directive.initial).append("\n");
}

void append_used(std::string& out, const Directive& directive) {
  out.append("\n");
  append_comment(out, directive.doc);
  if (!directive.alias.empty()) append_comment(out, "Also called " + std::string(directive.alias) + ".");
  if (directive.at_run_time) append_comment(out, "CONFIG SET can change it.");
  append_default(out, directive);
}

}  // namespace

std::string config_reference() {
  std::string out =
      "# The configuration of Sluice: every directive, commented out, with its default.\n"
      "#\n"
      "#   build/sluice-server conf/sluice.conf [--directive value ...]\n"
      "#\n"
      "# This text is printed by `sluice-server --config-reference`; a test compares. Amounts of memory\n"
      "# take units in any case: 1k is 1000, 1kb is 1024, and so m, mb, g, gb. Words with blanks go in\n"
      "# quotes. `include /path/to/other.conf` reads another file in between.\n";
  const Directive* previous = nullptr;
  for (const Directive& directive : directives()) {
    const bool is_new_section = previous == nullptr || previous->section != directive.section;
    if (is_new_section) out.append("\n\n# --- ").append(title(directive.section)).append("\n");
    if (directive.role == DirectiveRole::kUsed) {
      append_used(out, directive);
    } else {
      if (is_new_section || previous->doc != directive.doc) {
        out.append("\n");
        append_comment(out, sentence(directive.doc));
      }
      append_default(out, directive);
    }
    previous = &directive;
  }
  return out;
}

}  // namespace sluice::core
