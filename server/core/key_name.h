// SPDX-License-Identifier: MIT
//
// A key and its database as one name, for tables beside the keyspace: of waiters, of watched keys. Looking a name up
// allocates nothing, and a client that does not know the seed cannot aim for collisions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/hash.h"

namespace sluice::core {

// As it is looked up.
struct KeyNameView {
  int db;
  std::string_view key;
};

// As it is kept.
struct KeyName {
  KeyName(int db_in, std::string_view key_in) : db(db_in), key(key_in) {}
  explicit KeyName(const KeyNameView& view) : KeyName(view.db, view.key) {}
  operator KeyNameView() const { return {db, key}; }  // NOLINT: a name can be looked up

  int db;
  std::string key;
};

struct KeyNameHash {
  using is_transparent = void;
  uint64_t seed;
  size_t operator()(const KeyNameView& name) const {
    return hash_bytes(name.key, seed + static_cast<uint64_t>(name.db));
  }
};

struct KeyNameEqual {
  using is_transparent = void;
  bool operator()(const KeyNameView& a, const KeyNameView& b) const { return a.db == b.db && a.key == b.key; }
};

template <typename Value>
using KeyNameTable = std::unordered_map<KeyName, Value, KeyNameHash, KeyNameEqual>;

}  // namespace sluice::core
