// SPDX-License-Identifier: MIT
//
// Replies as bytes, in the version of the protocol that the client asked for. A handler says what it means (a
// map, a number, nothing); where RESP2 has no word for it, the writer uses the one that Redis uses.
//
//   meaning        RESP3          RESP2
//   map, n pairs   %n             *2n
//   set            ~n             *n
//   push           >n             *n
//   double         ,1.5           $3 1.5
//   boolean        #t             :1
//   big number     (123           $3 123
//   verbatim       =8 txt:text    $4 text
//   nothing        _              $-1, or *-1 where an array was due
//
// Nothing that is written can break the framing: control bytes in one-line replies become spaces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/byte_buffer.h"

namespace sluice::protocol {

class ReplyWriter {
 public:
  // `version` is 2 or 3. `out` must outlive the writer.
  ReplyWriter(ByteBuffer& out, int version) : out_(out), version_(version) {}

  int version() const { return version_; }

  void ok() { raw("+OK\r\n"); }
  void simple(std::string_view text) { line('+', text); }
  // With its code: "ERR syntax error".
  void error(std::string_view text) { line('-', text); }

  void integer(int64_t value);
  void unsigned_integer(uint64_t value) { header(':', value); }
  void bulk(std::string_view bytes);
  // The number's decimal text as a bulk.
  void bulk_integer(int64_t value);
  void number(double value);
  // The same by its text, where that has more digits than a double.
  void number_text(std::string_view text);
  void boolean(bool value);
  // `text` is a decimal number.
  void big_number(std::string_view text);
  // `format` is three letters, "txt" or "mkd".
  void verbatim(std::string_view format, std::string_view text);

  void null() { raw(version_ == 3 ? "_\r\n" : "$-1\r\n"); }
  void null_array() { raw(version_ == 3 ? "_\r\n" : "*-1\r\n"); }

  // What follows is this many replies; for a map, this many keys each with its value behind it.
  void array(size_t elements) { header('*', elements); }
  void map(size_t pairs) { version_ == 3 ? header('%', pairs) : header('*', 2 * pairs); }
  void set(size_t elements) { header(version_ == 3 ? '~' : '*', elements); }
  void push(size_t elements) { header(version_ == 3 ? '>' : '*', elements); }

  // For a reply whose length is known only behind its last element: begin it with the one, and when it is
  // written tell the other. Nested ones are told from the inside out. Up to nine elements cost nothing; more
  // move the reply's bytes by a digit or a few.
  size_t array_later() { return header_later('*'); }
  size_t map_later() { return header_later(version_ == 3 ? '%' : '*'); }
  void set_array_length(size_t mark, size_t elements) { set_length(mark, elements); }
  void set_map_length(size_t mark, size_t pairs) { set_length(mark, version_ == 3 ? pairs : 2 * pairs); }

  // Bytes that are a reply already.
  void raw(std::string_view bytes) { out_.append(bytes); }

 private:
  void line(char type, std::string_view text);
  void header(char type, uint64_t number);
  size_t header_later(char type);
  void set_length(size_t mark, uint64_t number);

  ByteBuffer& out_;
  int version_;
};

}  // namespace sluice::protocol
