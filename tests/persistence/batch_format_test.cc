// SPDX-License-Identifier: MIT
#include "persistence/batch_format.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

using namespace sluice;

namespace {

std::string encoded(const BatchHeader& header, std::string_view body) {
  ByteBuffer out;
  const size_t bytes = encode_batch(header, body, out);
  REQUIRE(bytes == out.size());
  return std::string(out.view());
}

bool checks(std::string_view bytes) {
  const auto line = decode_batch_line(bytes);
  if (!line || bytes.size() - line->line_bytes != line->header.body_bytes) return false;
  return batch_crc(bytes, *line, bytes.substr(line->line_bytes)) == line->header.crc;
}

const BatchHeader kHeader{.sequence = 41,
                          .records = 2,
                          .now = {1'700'000'000'000},
                          .seed = 0xc0ffee00c0ffee,
                          .offset = 900,
                          .synced = 800};

}  // namespace

TEST_CASE("the annotation line is the documented text", "[batch]") {
  const std::string text = encoded(kHeader, "*1\r\n$4\r\nPING\r\n");
  const std::string expected =
      "#sluice v=1 seq=41 n=2 now=1700000000000 seed=00c0ffee00c0ffee at=900 synced=800 len=14 crc=";
  REQUIRE(text.substr(0, expected.size()) == expected);
  REQUIRE(text.substr(expected.size() + 8) == "\r\n*1\r\n$4\r\nPING\r\n");
  REQUIRE(checks(text));
}

TEST_CASE("a header comes back as it was written", "[batch]") {
  const std::string text = encoded(kHeader, "body");
  const auto line = decode_batch_line(text);
  REQUIRE(line.has_value());
  BatchHeader expected = kHeader;
  expected.body_bytes = 4;
  expected.crc = line->header.crc;
  REQUIRE(line->header == expected);
}

TEST_CASE("the greatest numbers fit the longest line", "[batch]") {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  for (const int64_t now :
       {std::numeric_limits<int64_t>::min(), int64_t{-1}, int64_t{0}, std::numeric_limits<int64_t>::max()}) {
    const std::string text = encoded({kMax, kMax, {now}, kMax, kMax, kMax}, {});
    REQUIRE(text.size() < kBatchLineBytesMax);
    const auto line = decode_batch_line(text);
    REQUIRE(line.has_value());
    REQUIRE(line->header.now.count == now);
    REQUIRE(line->header.sequence == kMax);
  }
}

TEST_CASE("a batch with any other value in any byte does not check", "[batch]") {
  const std::string text = encoded(kHeader, "*1\r\n$4\r\nPING\r\n");
  for (size_t i = 0; i < text.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string altered = text;
      altered[i] = static_cast<char>(value);
      if (altered == text) continue;
      INFO("offset " << i << " value " << value);
      REQUIRE_FALSE(checks(altered));
    }
  }
}

TEST_CASE("no other spelling of a line is taken", "[batch]") {
  const char* const wrong[] = {
      "",
      "#sluice ",
      "#sluice v=2 seq=1 n=0 now=0 seed=0000000000000000 at=0 synced=0 len=0 crc=00000000\r\n",
      "#sluice v=1 seq=01 n=0 now=0 seed=0000000000000000 at=0 synced=0 len=0 crc=00000000\r\n",
      "#sluice v=1 seq=+1 n=0 now=0 seed=0000000000000000 at=0 synced=0 len=0 crc=00000000\r\n",
      "#sluice v=1 seq=-1 n=0 now=0 seed=0000000000000000 at=0 synced=0 len=0 crc=00000000\r\n",
      "#sluice v=1 seq= n=0 now=0 seed=0000000000000000 at=0 synced=0 len=0 crc=00000000\r\n",
      "#sluice v=1  seq=1 n=0 now=0 seed=0000000000000000 at=0 synced=0 len=0 crc=00000000\r\n",
      "#sluice v=1 seq=1 n=0 now=-0 seed=0000000000000000 at=0 synced=0 len=0 crc=00000000\r\n",
      "#sluice v=1 seq=1 n=0 now=-01 seed=0000000000000000 at=0 synced=0 len=0 crc=00000000\r\n",
      "#sluice v=1 seq=1 n=0 now=0 seed=000000000000000 at=0 synced=0 len=0 crc=00000000\r\n",
      "#sluice v=1 seq=1 n=0 now=0 seed=000000000000000A at=0 synced=0 len=0 crc=00000000\r\n",
      "#sluice v=1 seq=1 n=0 now=0 seed=0000000000000000 at=0 synced=1 len=0 crc=00000000\r\n",
      "#sluice v=1 seq=1 n=0 now=0 seed=0000000000000000 at=0 synced=0 len=18446744073709551616 "
      "crc=00000000\r\n",
      "#sluice v=1 seq=1 n=0 now=0 seed=0000000000000000 at=0 synced=0 len=0 crc=0000000G\r\n",
      "#sluice v=1 seq=1 n=0 now=0 seed=0000000000000000 at=0 synced=0 len=0 crc=00000000\n",
      "#sluice v=1 seq=1 n=0 now=0 seed=0000000000000000 at=0 synced=0 len=0 crc=00000000 \r\n",
      "#sluice v=1 n=0 seq=1 now=0 seed=0000000000000000 at=0 synced=0 len=0 crc=00000000\r\n",
  };
  for (const char* line : wrong) {
    INFO(line);
    REQUIRE_FALSE(decode_batch_line(line).has_value());
  }
  REQUIRE(decode_batch_line(
              "#sluice v=1 seq=1 n=0 now=0 seed=0000000000000000 at=0 synced=0 len=0 crc=00000000\r\n")
              .has_value());
}
