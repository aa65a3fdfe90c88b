// SPDX-License-Identifier: MIT
//
// Replies as a client reads them, RESP2 and RESP3: what tests compare. Slow, strict, and on purpose not made
// from the code that writes replies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

struct Reply {
  enum class Type : uint8_t {
    kSimple,     // +text
    kError,      // -text
    kInteger,    // :integer
    kBulk,       // $text
    kArray,      // *elements
    kNullBulk,   // $-1
    kNullArray,  // *-1
    kNull,       // _
    kDouble,     // ,text
    kBoolean,    // #integer, 0 or 1
    kBigNumber,  // (text
    kVerbatim,   // =text, "txt:" in front of it
    kMap,        // %elements, key and value in turn
    kSet,        // ~elements
    kPush,       // >elements
  };

  Type type = Type::kNull;
  std::string text = {};
  int64_t integer = 0;
  std::vector<Reply> elements = {};

  bool is_error() const { return type == Type::kError; }
  // One of the three.
  bool is_null() const;
  friend bool operator==(const Reply&, const Reply&) = default;
};

// Takes one reply off the front of `bytes`. None, and `bytes` untouched, if there is no whole one, or if it
// is not RESP.
std::optional<Reply> decode(std::string_view& bytes);

// All replies in `bytes`. None if something is left over.
std::optional<std::vector<Reply>> decode_all(std::string_view bytes);

// In one line: "*2 $1 q $1 x", ":1", "+OK", "-ERR no", "$-1", "%1 $1 a :2". Bytes that are not printable, and
// '\', as in C: "$2 \r\n".
std::string show(const Reply& reply);
// All replies in `bytes`, with " | " between them; "(not RESP: ...)" behind them if something is left over.
std::string show_all(std::string_view bytes);

// A bulk as show() prints it, of bytes that are printable.
std::string bulk(const std::string& bytes);

}  // namespace sluice::test
