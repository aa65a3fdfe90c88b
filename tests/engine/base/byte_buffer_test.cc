// SPDX-License-Identifier: MIT
#include "engine/base/byte_buffer.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <utility>

using namespace sluice;

TEST_CASE("bytes come out of a buffer in the order in which they went in", "[bytes]") {
  ByteBuffer buffer;
  REQUIRE(buffer.empty());
  buffer.append("abc");
  buffer.append('d');
  buffer.append("");
  REQUIRE(buffer.view() == "abcd");
  buffer.consume(2);
  REQUIRE(buffer.view() == "cd");
  buffer.truncate(1);
  REQUIRE(buffer.view() == "c");
  buffer.clear();
  REQUIRE(buffer.empty());
}

TEST_CASE("reserved bytes become part of a buffer when committed, not before", "[bytes]") {
  ByteBuffer buffer;
  char* room = buffer.reserve(100);
  std::memset(room, 'x', 100);
  REQUIRE(buffer.empty());
  buffer.commit(3);
  REQUIRE(buffer.view() == "xxx");
}

TEST_CASE("a buffer keeps its memory when cleared and gives it back when told to", "[bytes]") {
  ByteBuffer buffer;
  buffer.append(std::string(5000, 'x'));
  const size_t capacity = buffer.capacity();
  buffer.clear();
  REQUIRE(buffer.capacity() == capacity);
  buffer.append("y");
  buffer.shrink(100);
  REQUIRE(buffer.capacity() == capacity);  // not while something is in it
  buffer.clear();
  buffer.shrink(capacity);
  REQUIRE(buffer.capacity() == capacity);
  buffer.shrink(100);
  REQUIRE(buffer.capacity() == 0);
  buffer.append("z");
  REQUIRE(buffer.view() == "z");
}

TEST_CASE("a moved buffer takes its bytes along", "[bytes]") {
  ByteBuffer from;
  from.append("abc");
  ByteBuffer to(std::move(from));
  REQUIRE(to.view() == "abc");
}

TEST_CASE("a buffer used as a queue of bytes does not grow beyond twice what it holds", "[bytes]") {
  ByteBuffer buffer;
  for (int i = 0; i < 100'000; ++i) {
    buffer.append("0123456789");
    if (buffer.size() > 1000) buffer.consume(10);
  }
  REQUIRE(buffer.size() <= 1010);
  REQUIRE(buffer.capacity() <= 4096);
}

TEST_CASE("any run of appending and consuming agrees with a string", "[bytes]") {
  const uint64_t seed = GENERATE(1u, 2u, 3u);
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  ByteBuffer buffer;
  std::string model;
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 2 == 0) {
      const std::string bytes(random() % 200, static_cast<char>(random()));
      buffer.append(bytes);
      model += bytes;
    } else if (!model.empty()) {
      const size_t size = random() % (model.size() + 1);
      buffer.consume(size);
      model.erase(0, size);
    }
    REQUIRE(buffer.view() == model);
  }
}
