// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "protocol/crc64.h"
#include "protocol/listpack.h"
#include "protocol/rdb.h"

using sluice::ByteBuffer;
using sluice::protocol::checked_payload;
using sluice::protocol::crc64;
using sluice::protocol::ListpackReader;
using sluice::protocol::ListpackWriter;
using sluice::protocol::RdbReader;
using sluice::protocol::RdbWriter;

namespace {

const std::vector<std::string> kTexts = {"",
                                         "a",
                                         "0",
                                         "127",
                                         "128",
                                         "-1",
                                         "-4096",
                                         "4095",
                                         "4096",
                                         "-4097",
                                         "32767",
                                         "-32768",
                                         "32768",
                                         "8388607",
                                         "-8388608",
                                         "8388608",
                                         "2147483647",
                                         "-2147483648",
                                         "2147483648",
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "9223372036854775808",
                                         "007",
                                         "-0",
                                         std::string(20, 'x'),
                                         std::string(21, 'x'),
                                         std::string(63, 'y'),
                                         std::string(64, 'y'),
                                         std::string(4095, 'z'),
                                         std::string(4096, 'z'),
                                         std::string(70'000, 'w'),
                                         std::string("\0\xff\r\n", 4),
                                         "abcdefghijklmnopqrstuvwxyz0123456789"};

}  // namespace

TEST_CASE("the checksum is the one of Redis's payloads", "[rdb]") {
  REQUIRE(crc64("123456789") == 0xe9c6d914c4b8d9cau);
  REQUIRE(crc64("") == 0);
}

TEST_CASE("texts and lengths read back as they were written", "[rdb]") {
  const std::vector<uint64_t> lengths = {
      0, 63, 64, 16383, 16384, UINT32_MAX, uint64_t{UINT32_MAX} + 1, UINT64_MAX};
  ByteBuffer out;
  RdbWriter writer(out);
  for (const std::string& text : kTexts)
    writer.text(text);
  for (const uint64_t length : lengths)
    writer.length(length);
  writer.u64(42);
  RdbReader reader(out.view());
  std::string scratch;
  for (const std::string& text : kTexts)
    REQUIRE(reader.text(scratch) == text);
  for (const uint64_t length : lengths)
    REQUIRE(reader.length() == length);
  REQUIRE(reader.u64() == 42);
  REQUIRE(reader.at_end());
  REQUIRE_FALSE(reader.failed());
  REQUIRE(out.size() < 20'000);  // the long texts are compressed
}

TEST_CASE("elements of a listpack read back as they were written", "[rdb][listpack]") {
  ListpackWriter writer;
  for (const std::string& text : kTexts)
    writer.text(text);
  const std::string bytes(writer.finish());
  ListpackReader reader(bytes);
  for (const std::string& text : kTexts)
    REQUIRE(reader.text() == text);
  REQUIRE(reader.at_end());
  REQUIRE_FALSE(reader.failed());
}

TEST_CASE("what is cut off or changed is a failure, and nothing outside is read", "[rdb][listpack]") {
  ListpackWriter writer;
  for (const std::string& text : kTexts) {
    if (text.size() < 100) writer.text(text);
  }
  const std::string whole(writer.finish());
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    REQUIRE(ListpackReader(cut).failed());
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0, 3, 6, 7}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ 1 << bit);
      ListpackReader reader(changed);
      while (!reader.at_end())
        reader.text();
    }
  }
  ByteBuffer out;
  RdbWriter text_writer(out);
  text_writer.text(std::string(1000, 'x'));
  std::string scratch;
  for (size_t size = 0; size < out.size(); ++size) {
    const std::string cut(out.view().substr(0, size));
    RdbReader reader(cut);
    reader.text(scratch);
    REQUIRE(reader.failed());
  }
}

TEST_CASE("a payload says its version and its checksum", "[rdb]") {
  ByteBuffer out;
  RdbWriter writer(out);
  writer.byte(0);
  writer.text("hello");
  writer.finish(sluice::protocol::kRdbVersion70);
  // As redis-server 7.0.15 replies it.
  REQUIRE(out.view().substr(0, 9) == std::string_view("\0\5hello\x0a\0", 9));
  REQUIRE(checked_payload(out.view()) == out.view().substr(0, 7));
  for (size_t at = 0; at < out.size(); ++at) {
    std::string changed(out.view());
    changed[at] = static_cast<char>(changed[at] ^ 1);
    REQUIRE_FALSE(checked_payload(changed));
  }
  REQUIRE_FALSE(checked_payload("short"));
  std::string newer("\0\1x\x0d\0", 5);
  const uint64_t crc = crc64(newer);
  for (int i = 0; i < 8; ++i)
    newer.push_back(static_cast<char>(crc >> (8 * i)));
  REQUIRE_FALSE(checked_payload(newer));
}
