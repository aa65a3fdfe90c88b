// SPDX-License-Identifier: MIT
//
// What lies beside the keyspace by (database, key), in their order: searched by views, without a copy of the name.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

struct KeyBefore {
  using is_transparent = void;
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return a.first != b.first ? a.first < b.first : std::string_view(a.second) < std::string_view(b.second);
  }
};

template <typename Value>
using ByKey = std::map<std::pair<int, std::string>, Value, KeyBefore>;

}  // namespace sluice
