// SPDX-License-Identifier: MIT
//
// What can happen to a key, as one table: the name that keyspace notifications give it, its class letter, and whether
// the key may now hold what a blocked client waits for.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::core {

// clang-format off
#define SLUICE_KEY_EVENTS(X)                                     \
  /* enumerator, name, class, wakes */                           \
  X(kDel,                  "del",                   'g', true)   \
  X(kExpire,               "expire",                'g', false)  \
  X(kPersist,              "persist",               'g', false)  \
  X(kRenameFrom,           "rename_from",           'g', true)   \
  X(kRenameTo,             "rename_to",             'g', true)   \
  X(kCopyTo,               "copy_to",               'g', true)   \
  X(kMoveFrom,             "move_from",             'g', true)   \
  X(kMoveTo,               "move_to",               'g', true)   \
  X(kRestore,              "restore",               'g', true)   \
  X(kExpired,              "expired",               'x', true)   \
  X(kEvicted,              "evicted",               'e', true)   \
  X(kNew,                  "new",                   'n', false)  \
  X(kOverwritten,          "overwritten",           'o', false)  \
  X(kTypeChanged,          "type_changed",          'c', true)   \
  X(kKeyMiss,              "keymiss",               'm', false)  \
  X(kSet,                  "set",                   '$', true)   \
  X(kSetRange,             "setrange",              '$', false)  \
  X(kAppend,               "append",                '$', false)  \
  X(kIncrBy,               "incrby",                '$', false)  \
  X(kIncrByFloat,          "incrbyfloat",           '$', false)  \
  X(kSetBit,               "setbit",                '$', false)  \
  X(kLpush,                "lpush",                 'l', true)   \
  X(kRpush,                "rpush",                 'l', true)   \
  X(kLpop,                 "lpop",                  'l', false)  \
  X(kRpop,                 "rpop",                  'l', false)  \
  X(kLinsert,              "linsert",               'l', true)   \
  X(kLset,                 "lset",                  'l', false)  \
  X(kLrem,                 "lrem",                  'l', false)  \
  X(kLtrim,                "ltrim",                 'l', false)  \
  X(kSortStore,            "sortstore",             'l', true)   \
  X(kXadd,                 "xadd",                  't', true)   \
  X(kXdel,                 "xdel",                  't', false)  \
  X(kXtrim,                "xtrim",                 't', false)  \
  X(kXsetid,               "xsetid",                't', false)  \
  X(kXgroupCreate,         "xgroup-create",         't', false)  \
  X(kXgroupSetid,          "xgroup-setid",          't', false)  \
  X(kXgroupDestroy,        "xgroup-destroy",        't', true)   \
  X(kXgroupCreateconsumer, "xgroup-createconsumer", 't', false)  \
  X(kXgroupDelconsumer,    "xgroup-delconsumer",    't', false)  \
  X(kHset,                  "hset",                  'h', false) \
  X(kHdel,                  "hdel",                  'h', false) \
  X(kHincrBy,               "hincrby",               'h', false) \
  X(kHincrByFloat,          "hincrbyfloat",          'h', false) \
  X(kHexpire,               "hexpire",               'h', false) \
  X(kHexpired,              "hexpired",              'h', false) \
  X(kHpersist,              "hpersist",              'h', false) \
  X(kSadd,                  "sadd",                  's', false) \
  X(kSrem,                  "srem",                  's', false) \
  X(kSpop,                  "spop",                  's', false) \
  X(kSinterStore,           "sinterstore",           's', true)  \
  X(kSunionStore,           "sunionstore",           's', true)  \
  X(kSdiffStore,            "sdiffstore",            's', true)  \
  X(kZadd,                  "zadd",                  'z', true)  \
  X(kZincr,                 "zincr",                 'z', true)  \
  X(kZrem,                  "zrem",                  'z', false) \
  X(kZremRangeByRank,       "zremrangebyrank",       'z', false) \
  X(kZremRangeByScore,      "zremrangebyscore",      'z', false) \
  X(kZremRangeByLex,        "zremrangebylex",        'z', false) \
  X(kZpopMin,               "zpopmin",               'z', false) \
  X(kZpopMax,               "zpopmax",               'z', false) \
  X(kZrangeStore,           "zrangestore",           'z', true)  \
  X(kZunionStore,           "zunionstore",           'z', true)  \
  X(kZinterStore,           "zinterstore",           'z', true)  \
  X(kZdiffStore,            "zdiffstore",            'z', true)  \
  X(kXgroupLapsed,         "xgroup-lapsed",         't', true)   \
  X(kXgroupRedriven,       "xgroup-redriven",       't', true)   \
  X(kQueueReady,           "qready",                'l', true)   \
  X(kQueueChanged,         "qchanged",              'l', false)  \
  /* end */
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

// Whether the event is a change of what the key holds, so that a transaction that watches the key is off, and clients
// that keep the value are told. What becomes of a stream's groups or of its counters (XSETID) is none, as in Redis; nor
// is what only goes with another event.
constexpr bool changes_value(KeyEvent event) {
  switch (event) {
    case KeyEvent::kNew:
    case KeyEvent::kOverwritten:
    case KeyEvent::kTypeChanged:
    case KeyEvent::kKeyMiss:
    case KeyEvent::kXsetid:
    case KeyEvent::kXgroupCreate:
    case KeyEvent::kXgroupSetid:
    case KeyEvent::kXgroupDestroy:
    case KeyEvent::kXgroupCreateconsumer:
    case KeyEvent::kXgroupDelconsumer:
    case KeyEvent::kXgroupLapsed:
    case KeyEvent::kXgroupRedriven:
      return false;
    default:
      return true;
  }
}

}  // namespace sluice::core
