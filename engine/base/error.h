// SPDX-License-Identifier: MIT
//
// Every fault with a fixed text, in one table: the enumerator and what a client is told. The first word of a text is
// its code, which clients match on; "ERR" is the code of faults that have no other. Texts that name what the client
// sent are made where they are sent, and say Error::kReplied to their caller.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

// clang-format off
#define SLUICE_ERRORS(X)                                                                                            \
  X(kReplied,              "")  /* the handler has already written the error; nothing changed */                     \
  X(kWrongType,            "WRONGTYPE Operation against a key holding the wrong kind of value")                      \
  X(kSyntax,               "ERR syntax error")                                                                       \
  X(kNotInteger,           "ERR value is not an integer or out of range")                                            \
  X(kLongMin,              "ERR value is out of range, "                                                             \
                           "value must between -9223372036854775807 and 9223372036854775807")                        \
  X(kNotFloat,             "ERR value is not a valid float")                                                         \
  X(kNotPositive,          "ERR value is out of range, must be positive")                                            \
  X(kOutOfRange,           "ERR value is out of range")                                                               \
  X(kOverflow,             "ERR increment or decrement would overflow")                                              \
  X(kNoSuchKey,            "ERR no such key")                                                                        \
  X(kIndexOutOfRange,      "ERR index out of range")                                                                 \
  X(kDbIndexOutOfRange,    "ERR DB index is out of range")                                                           \
  X(kStringTooLong,        "ERR string exceeds maximum allowed size (proto-max-bulk-len)")                           \
  X(kTimeoutNegative,      "ERR timeout is negative")                                                                \
  X(kTimeoutNotFloat,      "ERR timeout is not a float or out of range")                                             \
  X(kTimeoutNotInteger,    "ERR timeout is not an integer or out of range")                                          \
  X(kTimeoutOutOfRange,    "ERR timeout is out of range")                                                            \
  X(kStreamIdInvalid,      "ERR Invalid stream ID specified as stream command argument")                             \
  X(kStreamIdZero,         "ERR The ID specified in XADD must be greater than 0-0")                                  \
  X(kStreamIdTooSmall,     "ERR The ID specified in XADD is equal or smaller than the target stream top item")       \
  X(kStreamExhausted,      "ERR The stream has exhausted the last possible ID, unable to add more items")            \
  X(kStreamRangeStart,     "ERR invalid start ID for the interval")                                                  \
  X(kStreamRangeEnd,       "ERR invalid end ID for the interval")                                                    \
  X(kStreamEntryTooLarge,    "ERR Elements are too large to be stored")                                              \
  X(kStreamSetIdTop,         "ERR The ID specified in XSETID is smaller than the target stream top item")            \
  X(kStreamSetIdProvided,    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")     \
  X(kStreamSetIdDeleted,     "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")          \
  X(kStreamSetIdLength,      "ERR The entries_added specified in XSETID is smaller than the target stream length")   \
  X(kOutOfMemory,          "OOM command not allowed when used memory > 'maxmemory'.")                                \
  X(kNoAuth,               "NOAUTH Authentication required.")                                                        \
  X(kWrongPass,            "WRONGPASS invalid username-password pair or user is disabled.")                          \
  X(kNoProto,              "NOPROTO unsupported protocol version")                                                   \
  X(kExecAbort,            "EXECABORT Transaction discarded because of previous errors.")                            \
  X(kMultiNested,          "ERR MULTI calls can not be nested")                                                      \
  X(kExecWithoutMulti,     "ERR EXEC without MULTI")                                                                 \
  X(kDiscardWithoutMulti,  "ERR DISCARD without MULTI")                                                              \
  X(kNotInMulti,           "ERR Command not allowed inside a transaction")                                           \
  X(kQueuePausedIn,        "QPAUSED queue is paused for input")                                                      \
  X(kQueueGroupRequired,   "ERR GROUP is required for a stream")                                                     \
  X(kQueueGroupOnList,     "ERR GROUP is for streams")                                                               \
  X(kQueuePolicyOption,    "ERR unknown policy option")                                                              \
  X(kQueueDeadLetterSelf,  "ERR DEADLETTER must not be the queue itself")                                            \
  X(kQueueBackoffCap,      "ERR BACKOFF base must not be greater than its cap")                                      \
  X(kQueuePoliciesFull,    "ERR too many queue policies")                                                            \
  X(kQueueTtlTooShort,     "ERR TTL must be greater than the delay")                                                 \
  X(kQueueRecord,          "ERR queue record does not fit the state")                                                \
  X(kQueueHandleInvalid,   "ERR invalid handle")                                                                     \
  X(kQueueIdInvalid,       "ERR invalid message ID")
// clang-format on

enum class [[nodiscard]] Error : uint8_t{
#define X(name, text) name,
    SLUICE_ERRORS(X)
#undef X
};

// What a client is told, without the leading '-' and the line end. Valid for ever; empty for kReplied.
std::string_view error_text(Error error);

}  // namespace sluice
