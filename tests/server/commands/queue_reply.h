// SPDX-License-Identifier: MIT
//
// What tests of queue commands read out of replies.
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/resp_decoder.h"

namespace sluice::test {

// The value behind a name in the flat reply of QINFO or QPOLICY.
inline std::string field(const std::string& reply, const std::string& name) {
  const size_t at = reply.find(" " + bulk(name) + " ");
  REQUIRE(at != std::string::npos);
  const size_t value = at + bulk(name).size() + 2;
  return reply.substr(value, reply.find(' ', value) - value);
}

}  // namespace sluice::test
