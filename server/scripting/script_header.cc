// SPDX-License-Identifier: MIT
#include "server/scripting/script_header.h"

#include <vector>

#include "engine/base/ascii.h"

namespace sluice::scripting {
namespace {

struct Named {
  std::string_view name;
  ScriptFlag flag;
};
constexpr Named kFlags[] = {
    {"no-writes", kNoWrites},
    {"allow-oom", kAllowOom},
    {"allow-stale", kAllowStale},
    {"no-cluster", kNoCluster},
    {"allow-cross-slot-keys", kAllowCrossSlotKeys},
};

constexpr std::string_view kNamePrefix = "name=";
constexpr std::string_view kFlagsPrefix = "flags=";

// Between `separator`s; nothing empty.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    if (!part.empty()) parts.push_back(part);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return parts;
}

std::vector<std::string_view> words_of_first_line(std::string_view source) {
  std::string_view line = source.substr(0, source.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return split(line, ' ');
}

std::optional<uint8_t> read_flags(std::string_view list, std::string& error) {
  uint8_t flags = 0;
  for (const std::string_view name : split(list, ',')) {
    const uint8_t flag = script_flag(name);
    if (flag == 0) {
      error = "ERR Unexpected flag in script shebang: " + std::string(name);
      return std::nullopt;
    }
    flags |= flag;
  }
  return flags;
}

}  // namespace

uint8_t script_flag(std::string_view name) {
  for (const Named& each : kFlags) {
    if (each.name == name) return each.flag;
  }
  return 0;
}

std::optional<ScriptHeader> read_script_header(std::string_view source, std::string& error) {
  ScriptHeader header;
  header.body = source;
  if (!source.starts_with("#!")) return header;
  const size_t end = source.find('\n');
  if (end == std::string_view::npos) {
    error = "ERR Invalid script shebang";
    return std::nullopt;
  }
  const std::vector<std::string_view> words = words_of_first_line(source);
  if (words.empty() || words[0] != "#!lua") {
    error = "ERR Unexpected engine in script shebang: ";
    if (!words.empty()) error.append(words[0]);
    return std::nullopt;
  }
  header.flags = 0;
  for (size_t i = 1; i < words.size(); ++i) {
    if (!words[i].starts_with(kFlagsPrefix)) {
      error = "ERR Unknown lua shebang option: " + std::string(words[i]);
      return std::nullopt;
    }
    const std::optional<uint8_t> flags = read_flags(words[i].substr(kFlagsPrefix.size()), error);
    if (!flags) return std::nullopt;
    header.flags |= *flags;
  }
  header.body = source.substr(end);
  return header;
}

std::optional<ScriptHeader> read_library_header(std::string_view source, std::string& error) {
  const auto fault = [&error](std::string text) {
    error = "ERR " + std::move(text);
    return std::nullopt;
  };
  if (!source.starts_with("#!")) return fault("Missing library metadata");
  const size_t end = source.find('\n');
  if (end == std::string_view::npos) return fault("Invalid library metadata");
  const std::vector<std::string_view> words = words_of_first_line(source);
  ScriptHeader header;
  header.flags = 0;
  bool named = false;
  for (size_t i = 1; i < words.size(); ++i) {
    if (!to_lower(words[i]).starts_with(kNamePrefix))
      return fault("Invalid metadata value given: " + std::string(words[i]));
    if (named) return fault("Invalid metadata value, name argument was given multiple times");
    named = true;
    header.name = words[i].substr(kNamePrefix.size());
  }
  if (!named) return fault("Library name was not given");
  if (!equals_folded(words[0], "#!lua"))
    return fault("Engine '" + std::string(words[0].substr(2)) + "' not found");
  header.body = source.substr(end);
  return header;
}

}  // namespace sluice::scripting
