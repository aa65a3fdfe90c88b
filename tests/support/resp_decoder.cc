// SPDX-License-Identifier: MIT
#include "tests/support/resp_decoder.h"

#include <cctype>
#include <cstdio>
#include <utility>

#include "engine/base/number_text.h"

namespace sluice::test {
namespace {

// Deep enough for every reply we have; a server that runs wild must not end the test by a full stack.
constexpr int kDepthMax = 32;

using Type = Reply::Type;

std::optional<Reply> decode_nested(std::string_view& bytes, int depth);

// Takes "...\r\n" off the front. A CR or LF of its own would be broken framing.
std::optional<std::string_view> take_line(std::string_view& bytes) {
  const size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = bytes.substr(0, end);
  if (line.find_first_of("\r\n") != std::string_view::npos) return std::nullopt;
  bytes.remove_prefix(end + 2);
  return line;
}

std::optional<Reply> decode_text(Type type, std::string_view& bytes, int64_t size) {
  if (size < 0 || bytes.size() < static_cast<size_t>(size) + 2) return std::nullopt;
  if (bytes.substr(static_cast<size_t>(size), 2) != "\r\n") return std::nullopt;
  Reply reply{.type = type, .text = std::string(bytes.substr(0, static_cast<size_t>(size)))};
  bytes.remove_prefix(static_cast<size_t>(size) + 2);
  if (type == Type::kVerbatim && (reply.text.size() < 4 || reply.text[3] != ':')) return std::nullopt;
  return reply;
}

std::optional<Reply> decode_elements(Type type, std::string_view& bytes, int64_t size, int depth) {
  if (size < 0) return std::nullopt;
  Reply reply{.type = type};
  const int64_t elements = type == Type::kMap ? 2 * size : size;
  for (int64_t i = 0; i < elements; ++i) {
    auto element = decode_nested(bytes, depth + 1);
    if (!element) return std::nullopt;
    reply.elements.push_back(std::move(*element));
  }
  return reply;
}

std::optional<Reply> decode_boolean(std::string_view line) {
  if (line != "t" && line != "f") return std::nullopt;
  return Reply{.type = Type::kBoolean, .integer = line == "t"};
}

std::optional<Reply> decode_nested(std::string_view& bytes, int depth) {
  if (bytes.empty() || depth > kDepthMax) return std::nullopt;
  const char type = bytes[0];
  bytes.remove_prefix(1);
  const auto line = take_line(bytes);
  if (!line) return std::nullopt;
  const auto number = parse_i64(*line);
  const std::string text(*line);
  switch (type) {
    case '+':
      return Reply{.type = Type::kSimple, .text = text};
    case '-':
      return Reply{.type = Type::kError, .text = text};
    case ',':
      return Reply{.type = Type::kDouble, .text = text};
    case '(':
      return Reply{.type = Type::kBigNumber, .text = text};
    case '#':
      return decode_boolean(*line);
    case '_':
      return line->empty() ? std::optional(Reply{.type = Type::kNull}) : std::nullopt;
  }
  // The rest has a number in its first line.
  if (!number) return std::nullopt;
  switch (type) {
    case ':':
      return Reply{.type = Type::kInteger, .integer = *number};
    case '$':
      return *number == -1 ? Reply{.type = Type::kNullBulk} : decode_text(Type::kBulk, bytes, *number);
    case '=':
      return decode_text(Type::kVerbatim, bytes, *number);
    case '*':
      return *number == -1 ? Reply{.type = Type::kNullArray}
                           : decode_elements(Type::kArray, bytes, *number, depth);
    case '%':
      return decode_elements(Type::kMap, bytes, *number, depth);
    case '~':
      return decode_elements(Type::kSet, bytes, *number, depth);
    case '>':
      return decode_elements(Type::kPush, bytes, *number, depth);
  }
  return std::nullopt;
}

std::string printable(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    char escaped[8];
    if (byte == '\r') {
      out += "\\r";
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\\') {
      out += "\\\\";
    } else if (std::isprint(static_cast<unsigned char>(byte)) != 0) {
      out += byte;
    } else {
      std::snprintf(escaped, sizeof(escaped), "\\x%02x", static_cast<unsigned char>(byte));
      out += escaped;
    }
  }
  return out;
}

std::string show_text(char type, const std::string& text) {
  std::string out = type + std::to_string(text.size());
  if (!text.empty()) out += ' ' + printable(text);
  return out;
}

std::string show_elements(char type, const std::vector<Reply>& elements, size_t per_count) {
  std::string out = type + std::to_string(elements.size() / per_count);
  for (const Reply& element : elements)
    out += ' ' + show(element);
  return out;
}

}  // namespace

bool Reply::is_null() const {
  return type == Type::kNullBulk || type == Type::kNullArray || type == Type::kNull;
}

std::optional<Reply> decode(std::string_view& bytes) {
  std::string_view rest = bytes;
  auto reply = decode_nested(rest, 0);
  if (reply) bytes = rest;
  return reply;
}

std::optional<std::vector<Reply>> decode_all(std::string_view bytes) {
  std::vector<Reply> replies;
  while (auto reply = decode(bytes))
    replies.push_back(std::move(*reply));
  if (!bytes.empty()) return std::nullopt;
  return replies;
}

std::string show(const Reply& reply) {
  switch (reply.type) {
    case Type::kSimple:
      return '+' + printable(reply.text);
    case Type::kError:
      return '-' + printable(reply.text);
    case Type::kInteger:
      return ':' + std::to_string(reply.integer);
    case Type::kBulk:
      return show_text('$', reply.text);
    case Type::kVerbatim:
      return show_text('=', reply.text);
    case Type::kArray:
      return show_elements('*', reply.elements, 1);
    case Type::kMap:
      return show_elements('%', reply.elements, 2);
    case Type::kSet:
      return show_elements('~', reply.elements, 1);
    case Type::kPush:
      return show_elements('>', reply.elements, 1);
    case Type::kNullBulk:
      return "$-1";
    case Type::kNullArray:
      return "*-1";
    case Type::kNull:
      return "_";
    case Type::kDouble:
      return ',' + reply.text;
    case Type::kBoolean:
      return reply.integer != 0 ? "#t" : "#f";
    case Type::kBigNumber:
      return '(' + reply.text;
  }
  return {};
}

std::string show_all(std::string_view bytes) {
  std::string out;
  while (auto reply = decode(bytes)) {
    if (!out.empty()) out += " | ";
    out += show(*reply);
  }
  if (!bytes.empty()) out += (out.empty() ? "" : " | ") + ("(not RESP: " + printable(bytes) + ")");
  return out;
}

std::string bulk(const std::string& bytes) {
  return "$" + std::to_string(bytes.size()) + (bytes.empty() ? "" : " " + bytes);
}

}  // namespace sluice::test
