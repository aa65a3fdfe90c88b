// SPDX-License-Identifier: MIT
//
// Any bytes to the request parser. Claims:
//  * cut into pieces at random and moved between them, they parse to the same requests and the same end as when
//    they come at once;
//  * a request has words, takes bytes, and lies in the input;
//  * raw() is what the encoder writes for the words, or empty;
//  * the text of an error is printable.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/crc32c.h"
#include "protocol/request_encoder.h"
#include "protocol/request_parser.h"

using namespace sluice;
using namespace sluice::protocol;

namespace {

using Status = RequestParser::Status;
constexpr size_t kPieceBytesMax = 24;

struct Outcome {
  std::vector<std::vector<std::string>> requests = {};
  std::vector<bool> canonical = {};
  Status end = Status::kNeedMore;
  std::string error = {};
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void check_request(const RequestParser& parser, std::string_view input) {
  CHECK(!parser.words().empty());
  CHECK(parser.consumed() > 0 && parser.consumed() <= input.size());
  CHECK(parser.raw().size() <= parser.consumed());
  if (parser.raw().empty()) return;
  ByteBuffer encoded;
  append_request(encoded, parser.words());
  CHECK(encoded.view() == parser.raw());
}

void check_error(std::string_view error) {
  CHECK(error.substr(0, 16) == "Protocol error: ");
  for (const char byte : error)
    CHECK(byte >= ' ' && byte <= '~');
}

// `random` is where the pieces end; without it there is one.
Outcome parse(std::string_view bytes, const RequestLimits& limits, std::mt19937_64* random) {
  Outcome outcome;
  RequestParser parser;
  std::string input;
  while (true) {
    // A fresh copy: a view that the parser kept from an earlier call is found by the sanitizer.
    const std::vector<char> moved(input.begin(), input.end());
    const std::string_view view(moved.data(), moved.size());
    outcome.end = parser.next(view, limits);
    switch (outcome.end) {
      case Status::kRequest:
        check_request(parser, view);
        outcome.requests.emplace_back(parser.words().begin(), parser.words().end());
        outcome.canonical.push_back(!parser.raw().empty());
        break;
      case Status::kNeedMore:
        CHECK(parser.consumed() <= view.size());
        CHECK(parser.needed() > view.size() - parser.consumed());
        if (bytes.empty()) return outcome;
        break;
      case Status::kError:
        check_error(parser.error());
        outcome.error = parser.error();
        return outcome;
      case Status::kForeign:
        return outcome;
    }
    input.erase(0, parser.consumed());
    if (outcome.end == Status::kRequest) continue;
    const size_t size =
        random == nullptr ? bytes.size() : std::min<size_t>(bytes.size(), 1 + (*random)() % kPieceBytesMax);
    input += bytes.substr(0, size);
    bytes.remove_prefix(size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // The cuts follow from the bytes, so that a finding can be repeated.
  std::mt19937_64 random(crc32c(bytes));
  for (const RequestLimits& limits :
       {RequestLimits{}, RequestLimits{.bulk_bytes_max = 1000, .authenticated = false}}) {
    const Outcome whole = parse(bytes, limits, nullptr);
    for (int round = 0; round < 3; ++round)
      CHECK(parse(bytes, limits, &random) == whole);
  }
  return 0;
}
