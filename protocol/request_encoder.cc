// SPDX-License-Identifier: MIT
#include "protocol/request_encoder.h"

#include "protocol/length_text.h"

namespace sluice::protocol {

void append_request(ByteBuffer& out, std::span<const std::string_view> words) {
  size_t room = kHeaderRoom;
  for (const std::string_view word : words)
    room += kHeaderRoom + word.size() + 2;
  char* const begin = out.reserve(room);
  char* to = put_header(begin, '*', words.size());
  for (const std::string_view word : words)
    to = put_bulk(to, word.data(), word.size());
  out.commit(static_cast<size_t>(to - begin));
}

}  // namespace sluice::protocol
