// SPDX-License-Identifier: MIT
#include "tests/tidy/source_tree.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice::tidy {
namespace {

namespace fs = std::filesystem;

bool is_ours(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.starts_with(".") && !name.starts_with("build") && name != "data" && name != "corpus" &&
         name != "node_modules" && name != "__pycache__";
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

SourceTree read_source_tree(const std::string& root) {
  SourceTree tree;
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator(); ++it) {
    if (!is_ours(it->path())) {
      if (it->is_directory()) it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file()) continue;
    tree.emplace(fs::relative(it->path(), root).string(), read_file(it->path().string()));
  }
  return tree;
}

bool is_source(std::string_view path) {
  return path.ends_with(".h") || path.ends_with(".cc");
}

bool is_within(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

std::string_view folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<Include> includes_of(std::string_view text) {
  constexpr std::string_view kInclude = "#include ";
  std::vector<Include> includes;
  for (std::string_view line : lines_of(text)) {
    if (!line.starts_with(kInclude)) continue;
    line.remove_prefix(kInclude.size());
    if (line.empty() || (line[0] != '"' && line[0] != '<')) continue;
    const bool quoted = line[0] == '"';
    const size_t end = line.find(quoted ? '"' : '>', 1);
    if (end != std::string_view::npos) includes.push_back({line.substr(1, end - 1), quoted});
  }
  return includes;
}

std::string code_of(std::string_view text) {
  std::string code;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (quote != '\0') {
      if (rest[0] == '\\') ++i;
      if (rest[0] == quote || rest[0] == '\n') quote = '\0';
    } else if (rest.starts_with("//")) {
      i = std::min(text.find('\n', i), text.size());
      code += '\n';
    } else if (rest.starts_with("/*")) {
      i = std::min(text.find("*/", i), text.size() - 1) + 1;
      code += ' ';
    } else if (rest[0] == '"') {
      quote = '"';
    } else {
      code += rest[0];
    }
  }
  return code;
}

}  // namespace sluice::tidy
