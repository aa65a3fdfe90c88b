// SPDX-License-Identifier: MIT
#include "persistence/manifest.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>

#include "engine/base/check.h"
#include "engine/base/result.h"

namespace sluice {
namespace {

constexpr size_t kTokensMin = 6;  // file, seq and type, each with a value
constexpr char kHexDigits[] = "0123456789abcdef";

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}
bool is_plain(char c) {
  return c > ' ' && c < 0x7f && c != '"' && c != '\'' && c != '\\' && c != '#';
}

std::string quoted_if_special(const std::string& name) {
  if (std::all_of(name.begin(), name.end(), is_plain)) return name;
  std::string text = "\"";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += {'\\', c};
    } else if (byte < ' ' || byte >= 0x7f) {
      text += {'\\', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    } else {
      text += c;
    }
  }
  return text + '"';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads what follows a backslash in "..." and moves `at` behind it.
bool unescape(std::string_view line, size_t& at, std::string& to) {
  if (at >= line.size()) return false;
  const char kind = line[at++];
  if (kind != 'x') {
    constexpr std::string_view kNames = "nrtba", kMeanings = "\n\r\t\b\a";
    const size_t name = kNames.find(kind);
    to += name == std::string_view::npos ? kind : kMeanings[name];
    return true;
  }
  if (at + 2 > line.size()) return false;
  const int high = hex_value(line[at]), low = hex_value(line[at + 1]);
  if (high < 0 || low < 0) return false;
  to += static_cast<char>(high << 4 | low);
  at += 2;
  return true;
}

// One token in double quotes, `at` standing behind the opening one.
bool read_quoted(std::string_view line, size_t& at, std::string& token) {
  while (at < line.size()) {
    const char c = line[at++];
    if (c == '"') return at == line.size() || is_space(line[at]);
    if (c != '\\') {
      token += c;
    } else if (!unescape(line, at, token)) {
      return false;
    }
  }
  return false;
}

// Nothing if a quote is not closed, or something follows a closing one at once.
std::optional<std::vector<std::string>> split(std::string_view line) {
  std::vector<std::string> tokens;
  size_t at = 0;
  while (true) {
    while (at < line.size() && is_space(line[at]))
      ++at;
    if (at == line.size()) return tokens;
    std::string token;
    if (line[at] == '"') {
      if (!read_quoted(line, ++at, token)) return std::nullopt;
    } else {
      while (at < line.size() && !is_space(line[at]))
        token += line[at++];
    }
    tokens.push_back(std::move(token));
  }
}

std::optional<uint64_t> number(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What is wrong with the line, or nothing, and then `file` is filled.
std::string_view parse_line(std::string_view line, ManifestFile& file) {
  const auto tokens = split(line);
  if (!tokens) return "quotes do not match";
  if (tokens->size() < kTokensMin || tokens->size() % 2 != 0)
    return "not a list of file, seq and type with values";
  bool has_kind = false;
  for (size_t i = 0; i < tokens->size(); i += 2) {
    const std::string& key = (*tokens)[i];
    const std::string& value = (*tokens)[i + 1];
    if (key == "file") {
      file.name = value;
      if (value.find('/') != std::string::npos || value.find('\0') != std::string::npos || value == "." ||
          value == "..") {
        return "a file is named by more than a plain name";
      }
    } else if (key == "seq") {
      file.number = number(value).value_or(0);
      if (file.number == 0) return "seq is not a number from 1 on";
    } else if (key == "type") {
      if (value != "b" && value != "i" && value != "h") return "type is none of b, h and i";
      has_kind = true;
      file.kind = value == "b" ? FileKind::kBase : value == "i" ? FileKind::kIncrement : FileKind::kHistory;
    } else if (key == "unsynced_from") {
      file.unsynced_from = number(value);
      if (!file.unsynced_from) return "unsynced_from is not a number";
    } else if (key == "ends_at") {
      file.ends_at = number(value);
      if (!file.ends_at) return "ends_at is not a number";
    }
  }
  if (file.name.empty() || file.number == 0 || !has_kind) return "file, seq or type is missing";
  return {};
}

std::string_view add_file(Manifest& manifest, ManifestFile file) {
  switch (file.kind) {
    case FileKind::kBase:
      if (manifest.base) return "a second base";
      manifest.base = std::move(file);
      return {};
    case FileKind::kIncrement:
      if (!manifest.increments.empty() && manifest.increments.back().number >= file.number) {
        return "the numbers of the increments do not rise";
      }
      manifest.increments.push_back(std::move(file));
      return {};
    case FileKind::kHistory:
      manifest.history.push_back(std::move(file));
      return {};
  }
  CHECK(false);
}

void format_file(const ManifestFile& file, std::string& text) {
  text += "file " + quoted_if_special(file.name) + " seq " + std::to_string(file.number) + " type ";
  switch (file.kind) {
    case FileKind::kBase:
      text += 'b';
      break;
    case FileKind::kIncrement:
      text += 'i';
      break;
    case FileKind::kHistory:
      text += 'h';
      break;
  }
  if (file.unsynced_from) text += " unsynced_from " + std::to_string(*file.unsynced_from);
  if (file.ends_at) text += " ends_at " + std::to_string(*file.ends_at);
  text += '\n';
}

// A temporary file with the text, on the disk.
Io<void> write_temporary(FileSystem& files, const std::string& path, std::string_view text) {
  if (const auto removed = files.remove(path); !removed.ok() && removed.error().code != ENOENT) {
    return removed.error();
  }
  TRY(const std::unique_ptr<File> file, files.create(path));
  TRY_VOID(append_all(*file, text));
  return file->sync();
}

}  // namespace

std::string LogLocation::base_name(uint64_t number) const {
  return name + "." + std::to_string(number) + ".base.aof";
}

std::string LogLocation::increment_name(uint64_t number) const {
  return name + "." + std::to_string(number) + ".incr.aof";
}

std::string LogLocation::temporary_name(std::string_view file_name) const {
  return std::string(kTemporaryPrefix) + std::string(file_name);
}

std::vector<ManifestFile> Manifest::chain() const {
  std::vector<ManifestFile> files;
  if (base) files.push_back(*base);
  files.insert(files.end(), increments.begin(), increments.end());
  return files;
}

uint64_t Manifest::number_max() const {
  uint64_t number = base ? base->number : 0;
  for (const ManifestFile& file : increments)
    number = std::max(number, file.number);
  for (const ManifestFile& file : history)
    number = std::max(number, file.number);
  return number;
}

std::string format_manifest(const Manifest& manifest) {
  std::string text;
  if (manifest.base) format_file(*manifest.base, text);
  for (const ManifestFile& file : manifest.history)
    format_file(file, text);
  for (const ManifestFile& file : manifest.increments)
    format_file(file, text);
  return text;
}

ManifestParsed parse_manifest(std::string_view text) {
  ManifestParsed parsed;
  std::set<std::string> names;
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    const auto wrong = [&](std::string_view what) {
      parsed.mistake = "line " + std::to_string(line_number) + ": " + std::string(what);
      return parsed;
    };
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return wrong("cut short, no line end");
    if (end + 1 > kManifestLineBytesMax) return wrong("too long");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.starts_with('#')) continue;
    ManifestFile file;
    if (const auto mistake = parse_line(line, file); !mistake.empty()) return wrong(mistake);
    if (!names.insert(file.name).second) return wrong("a file is named twice");
    if (const auto mistake = add_file(parsed.manifest, std::move(file)); !mistake.empty())
      return wrong(mistake);
  }
  if (names.empty()) parsed.mistake = "it names no file";
  return parsed;
}

ManifestReplaced replace_manifest(FileSystem& files, const LogLocation& location, const Manifest& manifest) {
  const std::string temporary = location.path(location.temporary_name(location.manifest_name()));
  if (const auto wrote = write_temporary(files, temporary, format_manifest(manifest)); !wrote.ok()) {
    return {ManifestChange::kUnchanged, wrote.error().code};
  }
  // From here on a failure may have happened before or after the disk did what was asked.
  if (const auto renamed = files.rename(temporary, location.manifest_path()); !renamed.ok()) {
    return {ManifestChange::kUncertain, renamed.error().code};
  }
  if (const auto synced = files.sync_directory(location.directory); !synced.ok()) {
    return {ManifestChange::kUncertain, synced.error().code};
  }
  return {ManifestChange::kDone, 0};
}

}  // namespace sluice
