// SPDX-License-Identifier: MIT
//
// One row per command, and every reader takes it from there: dispatch (arity, flags, keys), COMMAND and its
// subcommands, redis-cli's hints, ACL categories, the README's table. Nothing about a command is written twice.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/result.h"

namespace sluice::core {

class CommandCall;

// Runs the command. An error means: nothing changed and no reply was written (Error::kReplied: the reply was written).
using Handler = Result<void> (*)(CommandCall& call);

// Counts the words of a request, the command's name (and its subcommand's) among them.
struct Arity {
  int words;  // as Redis says it: exactly n, or at least n as -n
  static constexpr Arity exactly(int n) { return {n}; }
  static constexpr Arity at_least(int n) { return {-n}; }
  constexpr bool allows(size_t n) const {
    return words >= 0 ? n == static_cast<size_t>(words) : n >= static_cast<size_t>(-words);
  }
};

enum CommandFlag : uint32_t {
  kWrite = 1u << 0,     // may change logged state
  kReadOnly = 1u << 1,  // reads keys, changes nothing
  kDenyOom = 1u << 2,   // refused while memory is over maxmemory
  kAdmin = 1u << 3,
  kPubSub = 1u << 4,
  kNoScript = 1u << 5,
  kBlocking = 1u << 6,  // may wait; never logged, its twin is
  kLoading = 1u << 7,   // allowed while the log is being loaded
  kStale = 1u << 8,
  kSkipMonitor = 1u << 9,
  kSkipSlowlog = 1u << 10,
  kFast = 1u << 11,         // O(1) or O(log n)
  kNoAuth = 1u << 12,       // allowed before login
  kNoMulti = 1u << 13,      // refused inside a transaction
  kMovableKeys = 1u << 14,  // where the keys are depends on the words
  kAllowBusy = 1u << 15,
  kInternal = 1u << 16,   // only in the log; to clients an unknown command
  kDangerous = 1u << 17,  // ACL category beyond what the other flags imply
  kImmediate = 1u << 18,  // runs at once even inside MULTI (EXEC, DISCARD, MULTI, WATCH, QUIT, RESET)
  kSentinel = 1u << 19,
  kReplyIsPush = 1u << 20,   // what it replies is no reply but a push: (un)subscribing
  kMayReplicate = 1u << 21,  // concerns others, though it changes no key: held by a pause of writes
  kOfCollections =
      1u << 22,  // in the ACL categories of lists, sets and sorted sets, and in none of its group
  kNoMandatoryKeys = 1u << 23,  // may be called without any
  kProtected = 1u << 24,  // nobody's, this machine's or everybody's, by a setting: see protected_commands.h
};

// What a command does to keys, in the words of COMMAND INFO's key specifications.
enum KeyFlag : uint16_t {
  kRo = 1u << 0,
  kRw = 1u << 1,
  kOw = 1u << 2,
  kRm = 1u << 3,
  kAccess = 1u << 4,
  kUpdate = 1u << 5,
  kInsert = 1u << 6,
  kDelete = 1u << 7,
  kNotKey = 1u << 8,
  kIncomplete = 1u << 9,
  kVariable = 1u << 10,
  kMayBeMissing = 1u << 11,  // a request may end before it; not shown
  kEmptyIsNone = 1u << 12,   // of an option's word: "" is no key, but says that there is none; not shown
};

// An option that may stand before the word behind which the keys are, and how many words belong to it.
struct OptionWords {
  std::string_view name;
  size_t values;
};

// Where in a request the keys are.
struct KeySpec {
  enum class Kind : uint8_t { kNone, kRange, kCounted, kAfterWord, kConditions, kOption, kUnknown };
  Kind kind = Kind::kNone;
  uint16_t flags = 0;
  int first = 0;  // kRange: index of the first key; kCounted: index of the number of keys
  int last = 0;   // kRange: index of the last one, from the end if negative
  int step = 1;
  std::string_view word =
      {};  // kAfterWord: keys begin behind this word and are the first half of what follows
  // kAfterWord: what may stand before it. A value of an option may be that word as well.
  std::span<const OptionWords> options = {};
  bool told = true;  // by COMMAND INFO; else it says "unknown", as Redis does

  static constexpr KeySpec one(uint16_t flags, int index = 1) {
    return {Kind::kRange, flags, index, index, 1};
  }
  static constexpr KeySpec range(int first, int last, int step, uint16_t flags) {
    return {Kind::kRange, flags, first, last, step};
  }
  // "numkeys key [key ...]" with numkeys at `index`; with step 2 a value stands behind each key.
  static constexpr KeySpec counted(int index, uint16_t flags, int step = 1) {
    return {Kind::kCounted, flags, index, 0, step};
  }
  // From `index` on conditions, each of them "IFEQ key value", "IFNE key value", "NX key" or "XX key".
  static constexpr KeySpec conditions(int index, uint16_t flags) {
    return {Kind::kConditions, flags, index, 0, 1};
  }
  // "[WORD key]", from `index` on. Where the word comes again, what follows it is taken for a key too: a name that
  // happens to be the word must not hide the key from the permissions.
  static constexpr KeySpec option(std::string_view word, int index, uint16_t flags) {
    return {Kind::kOption, flags, index, 0, 1, word};
  }
  constexpr KeySpec untold() const {
    KeySpec same = *this;
    same.told = false;
    return same;
  }
  // Keys that follow from what other keys hold: the request does not say them.
  static constexpr KeySpec unknown(uint16_t flags) {
    return KeySpec{.kind = Kind::kUnknown, .flags = flags}.untold();
  }
  // The word is looked for behind options. COMMAND INFO says `index` for where, which is all it can say.
  static constexpr KeySpec after_word(std::string_view word, int index, uint16_t flags,
                                      std::span<const OptionWords> options) {
    return {Kind::kAfterWord, flags, index, 0, 1, word, options};
  }
};
using Keys = std::array<KeySpec, 3>;

enum class Group : uint8_t {
  kGeneric,
  kString,
  kBitmap,
  kList,
  kSet,
  kSortedSet,
  kHash,
  kStream,
  kPubSub,
  kTransactions,
  kConnection,
  kServer,
  kScripting,
  kCluster,
  kQueue,
};

struct CommandSpec {
  std::string_view name;  // lower case
  // The arguments, in the notation that README tables and hints are made from; see command_syntax.h.
  std::string_view syntax = {};
  Handler handler = nullptr;  // null for a container, which has subcommands
  Arity arity;
  uint32_t flags = 0;
  Keys keys = {};
  Group group = Group::kGeneric;
  std::string_view since = {};  // the Redis version it came with; Sluice's own commands: Sluice's
  std::string_view complexity = {};
  std::string_view summary = {};
  std::string_view twin = {};  // of a blocking command: what is logged when it is served
  std::span<const CommandSpec> subcommands = {};
};

// What a row must hold to be in the table; checked where the rows are. That it has a handler is left to a test: under
// UndefinedBehaviorSanitizer, g++ does not take the address of another file's function for a constant.
constexpr bool well_formed(std::span<const CommandSpec> rows) {
  for (const CommandSpec& row : rows) {
    if (row.name.empty() || row.summary.empty() || row.since.empty()) return false;
    for (const char c : row.name) {
      if (c >= 'A' && c <= 'Z') return false;
    }
    if (row.arity.words == 0) return false;
    if ((row.flags & kWrite) != 0 && (row.flags & kReadOnly) != 0) return false;
    if ((row.flags & kBlocking) != 0 && (row.flags & kWrite) != 0 && row.twin.empty()) return false;
  }
  return true;
}

}  // namespace sluice::core
