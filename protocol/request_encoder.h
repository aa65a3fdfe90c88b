// SPDX-License-Identifier: MIT
//
// Requests as bytes: a RESP array of bulk strings. The one canonical form, which the log is written in and
// which RequestParser::raw() recognises.
#pragma once

#include <span>
#include <string_view>

#include "engine/base/byte_buffer.h"

namespace sluice::protocol {

void append_request(ByteBuffer& out, std::span<const std::string_view> words);

}  // namespace sluice::protocol
