// SPDX-License-Identifier: MIT
//
// CRC-32C (Castagnoli), the checksum of the log: the processor's own instruction where there is one.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

// Of `bytes`, or of what gave `before` followed by `bytes`. crc32c("123456789") is 0xe3069283.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

// The same without the instruction. In the header so that a test can hold one against the other.
uint32_t crc32c_by_table(std::string_view bytes, uint32_t before = 0);

}  // namespace sluice
