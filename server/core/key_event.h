// SPDX-License-Identifier: MIT
//
// What can happen to a key, as one table: the name that keyspace notifications give it, its class letter, and whether
// the key may now hold what a blocked client waits for.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::core {

// clang-format off
#define SLUICE_KEY_EVENTS(X)                       \
  /* enumerator      name              class  wakes */ \
  X(kDel,            "del",            'g',   true)  \
  X(kExpire,         "expire",         'g',   false) \
  X(kPersist,        "persist",        'g',   false) \
  X(kExpired,        "expired",        'x',   true)  \
  X(kSet,            "set",            '$',   true)  \
  X(kIncrBy,         "incrby",         '$',   false) \
  X(kDecrBy,         "decrby",         '$',   false) \
  X(kLpush,          "lpush",          'l',   true)  \
  X(kRpush,          "rpush",          'l',   true)  \
  X(kLpop,           "lpop",           'l',   false) \
  X(kRpop,           "rpop",           'l',   false) \
  X(kXadd,           "xadd",           't',   true)  \
  X(kXdel,           "xdel",           't',   false) \
  X(kXtrim,          "xtrim",          't',   false) \
  X(kXsetid,         "xsetid",         't',   false) \
  X(kQueueReady,     "qready",         'l',   true)  \
  X(kQueueChanged,   "qchanged",       'l',   false)
// clang-format on

enum class KeyEvent : uint8_t {
#define X(name, text, letter, wakes) name,
  SLUICE_KEY_EVENTS(X)
#undef X
};

// Whether waiters of the key are looked at after this event. A key's end wakes those whom it fails.
constexpr bool wakes_waiters(KeyEvent event) {
  switch (event) {
#define X(name, text, letter, wakes) \
  case KeyEvent::name:               \
    return wakes;
    SLUICE_KEY_EVENTS(X)
#undef X
  }
  return false;
}

}  // namespace sluice::core
