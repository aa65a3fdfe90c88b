// SPDX-License-Identifier: MIT
#include "tests/tidy/rules.h"

#include <algorithm>
#include <initializer_list>
#include <regex>
#include <set>
#include <string_view>

namespace sluice::tidy {
namespace {

struct Arrow {
  std::string_view from;
  std::initializer_list<std::string_view> to;  // besides itself
};

// The innermost folder that holds a file decides. Tests and main.cc may include everything.
const Arrow kArrows[] = {
    {"server/net", {"server/core", "engine/base"}},
    {"server/commands", {"server/core", "engine", "protocol"}},
    {"server/core", {"server/scripting", "engine", "protocol", "persistence"}},
    {"server/scripting", {"engine/base", "protocol"}},
    {"engine/base", {}},
    {"engine", {}},
    {"protocol", {"engine/base"}},
    {"persistence", {"engine/base"}},
};

const Arrow* arrow_of(std::string_view path) {
  const auto it = std::find_if(std::begin(kArrows), std::end(kArrows),
                               [path](const Arrow& arrow) { return is_within(path, arrow.from); });
  return it == std::end(kArrows) ? nullptr : it;
}

bool may_include(const Arrow& arrow, std::string_view path) {
  if (is_within(path, arrow.from)) return true;
  return std::any_of(arrow.to.begin(), arrow.to.end(),
                     [path](std::string_view to) { return is_within(path, to); });
}

bool in_tests(std::string_view path) {
  return is_within(path, "tests");
}
bool at_the_edge(std::string_view path) {
  return is_within(path, "server/net") || path == "server/main.cc";
}

bool is_posix_header(std::string_view header) {
  static const std::set<std::string_view> headers = {
      "dirent.h", "fcntl.h",    "netdb.h",  "poll.h",  "pthread.h", "signal.h", "thread",  "mutex",
      "fstream",  "filesystem", "unistd.h", "csignal", "future",    "atomic",   "iostream"};
  return headers.contains(header) || header.starts_with("sys/") || header.starts_with("netinet/") ||
         header.starts_with("arpa/") || header.starts_with("linux/");
}

// One file that is not at the edge of the server talks to the operating system: the one behind the disk's seam.
constexpr std::string_view kDisk = "persistence/posix_file_system.cc";

void add(Violations& violations, std::string_view path, const std::string& what) {
  violations.push_back(std::string(path) + ": " + what);
}

size_t characters(std::string_view line) {
  return static_cast<size_t>(
      std::count_if(line.begin(), line.end(), [](char byte) { return (byte & 0xc0) != 0x80; }));
}

}  // namespace

Violations includes_against_the_arrows(const SourceTree& tree) {
  Violations violations;
  for (const auto& [path, text] : tree) {
    if (!is_source(path)) continue;
    const Arrow* arrow = arrow_of(path);
    for (const Include& include : includes_of(text)) {
      if (!include.quoted) continue;
      const std::string included(include.path);
      if (!tree.contains(included)) {
        add(violations, path, "includes " + included + ", which is no path from the root");
      } else if (arrow != nullptr && !may_include(*arrow, included)) {
        add(violations, path, "includes " + included);
      }
    }
  }
  return violations;
}

Violations outside_world_in_the_wrong_place(const SourceTree& tree) {
  Violations violations;
  std::string allocator_user;
  for (const auto& [path, text] : tree) {
    if (!is_source(path) || in_tests(path)) continue;
    for (const Include& include : includes_of(text)) {
      const std::string header(include.path);
      if (header == "uv.h" && !at_the_edge(path)) add(violations, path, "includes <uv.h>");
      if (is_posix_header(header) && !at_the_edge(path) && path != kDisk) {
        add(violations, path, "includes <" + header + ">");
      }
      if (header.starts_with("lua5.1/") && !is_within(path, "server/scripting"))
        add(violations, path, "includes <" + header + ">");
      if (!header.starts_with("jemalloc/")) continue;
      if (!allocator_user.empty()) add(violations, path, "uses jemalloc, as " + allocator_user + " does");
      allocator_user = path;
    }
    static const std::regex file_call(R"(\b(fopen|freopen|fsync|fdatasync|ftruncate|getenv|setenv)\s*\()");
    std::smatch match;
    const std::string code = code_of(text);
    if (!at_the_edge(path) && path != kDisk && std::regex_search(code, match, file_call)) {
      add(violations, path, "calls " + match[1].str());
    }
  }
  return violations;
}

Violations time_or_chance_in_the_wrong_place(const SourceTree& tree) {
  static const std::set<std::string_view> headers = {"chrono", "random", "ctime", "time.h", "sys/time.h"};
  static const std::regex call(
      R"(\b(rand|srand|random|drand48|getrandom|gettimeofday|clock_gettime|localtime|gmtime|strftime)\s*\()"
      R"(|\btime\s*\(\s*(nullptr|NULL|0)\s*\)|\brandom_device\b)");
  Violations violations;
  for (const auto& [path, text] : tree) {
    if (!is_source(path) || in_tests(path) || at_the_edge(path)) continue;
    for (const Include& include : includes_of(text)) {
      if (headers.contains(include.path))
        add(violations, path, "includes <" + std::string(include.path) + ">");
    }
    const std::string code = code_of(text);
    std::smatch match;
    if (std::regex_search(code, match, call)) add(violations, path, "calls " + match.str());
  }
  return violations;
}

Violations folders_without_readme(const SourceTree& tree) {
  // Tests that mirror a folder are what that folder's README says; those of another kind explain themselves.
  const auto mirrors = [](std::string_view folder) {
    for (const char* top : {"tests/engine", "tests/protocol", "tests/persistence", "tests/server"}) {
      if (folder == top || is_within(folder, top)) return true;
    }
    return false;
  };
  std::set<std::string> folders;
  for (const auto& [path, text] : tree)
    folders.emplace(folder_of(path));
  Violations violations;
  for (const std::string& folder : folders) {
    const std::string readme = folder.empty() ? "README.md" : folder + "/README.md";
    if (!mirrors(folder) && !tree.contains(readme)) violations.push_back(readme + ": is missing");
  }
  return violations;
}

Violations files_without_licence(const SourceTree& tree) {
  Violations violations;
  for (const auto& [path, text] : tree) {
    if (is_source(path) && !text.starts_with("// SPDX-License-Identifier: MIT\n")) {
      add(violations, path, "does not begin with the licence line");
    }
  }
  return violations;
}

Violations lines_too_long(const SourceTree& tree) {
  constexpr size_t kColumns = 120;
  Violations violations;
  for (const auto& [path, text] : tree) {
    if (!is_source(path)) continue;
    const std::vector<std::string_view> lines = lines_of(text);
    for (size_t i = 0; i < lines.size(); ++i) {
      const size_t columns = characters(lines[i]);
      if (columns > kColumns)
        add(violations, path, std::to_string(i + 1) + ": " + std::to_string(columns) + " columns");
    }
  }
  return violations;
}

Violations files_not_built(const SourceTree& tree, const std::string& compile_commands) {
  std::set<std::string> included;
  for (const auto& [path, text] : tree) {
    for (const Include& include : includes_of(text))
      included.emplace(include.path);
  }
  Violations violations;
  for (const auto& [path, text] : tree) {
    if (path.ends_with(".h") && !included.contains(path)) add(violations, path, "nobody includes it");
    if (path.ends_with(".cc") && compile_commands.find("/" + path + "\"") == std::string::npos) {
      add(violations, path, "is in no target");
    }
  }
  return violations;
}

}  // namespace sluice::tidy
