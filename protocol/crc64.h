// SPDX-License-Identifier: MIT
//
// CRC-64 as Redis ends its payloads with: the Jones polynomial, bits reversed, no final change.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::protocol {

// Of "123456789": e9c6d914c4b8d9ca.
uint64_t crc64(std::string_view bytes);

}  // namespace sluice::protocol
