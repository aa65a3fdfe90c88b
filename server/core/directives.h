// SPDX-License-Identifier: MIT
//
// Every directive of the configuration in one table: its name, what it takes, its default and bounds, when it may
// change, and what it is for. The configuration file, the command line, CONFIG GET, CONFIG SET and conf/sluice.conf are
// all read from here.
//
// Redis's directives that mean nothing here are in it too, so that an existing redis.conf starts this server:
//
//   role      a value that is not the default
//   kUsed     takes effect
//   kUnused   is kept, shown by CONFIG GET, and does nothing; a notice says so at the start
//   kRefused  is an error: going on without what was asked for would be unsafe
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/core/settings.h"

namespace sluice::core {

enum class DirectiveKind : uint8_t {
  kBoolean,       // yes, no
  kInteger,       // decimal, within bounds
  kOctal,         // mode bits
  kMemory,        // bytes, or with a unit: 1k = 1000, 1kb = 1024, and so m, mb, g, gb
  kMemoryShare,   // likewise, or a percentage: 5%
  kEnumeration,   // one of `choices`
  kEventClasses,  // letters of key_event_classes.h
  kOutputLimits,  // groups of four words, see output_limit.h; classes that are not named keep theirs
  kText,
  kFileName,  // a name without a directory
  kWords,     // any number of words
  kLines,     // likewise, and given any number of times; to CONFIG GET and CONFIG SET it does not exist
};

enum class DirectiveRole : uint8_t { kUsed, kUnused, kRefused };

enum class Section : uint8_t { kNetwork, kClients, kGeneral, kMemory, kLog, kStructures, kUnused, kRefused };

// A member of Settings that holds an enumerator.
struct EnumerationMember {
  void (*set)(Settings& settings, size_t enumerator);
  size_t (*get)(const Settings& settings);
};

using DirectiveMember =
    std::variant<std::monostate, bool Settings::*, int64_t Settings::*, uint64_t Settings::*,
                 std::string Settings::*, std::vector<std::string> Settings::*, KeyEventClasses Settings::*,
                 OutputLimits Settings::*, EnumerationMember>;

inline constexpr int64_t kAllBits = -1;

struct Directive {
  std::string_view name;
  std::string_view alias = {};  // an older name
  Section section;
  DirectiveRole role = DirectiveRole::kUsed;
  DirectiveKind kind;
  std::string_view initial = {};  // the default, as in a file
  int64_t min = 0;
  int64_t max = INT64_MAX;                // of kMemory, kAllBits is as much as 64 bits can say
  std::string_view choices = {};          // names of the enumerators in their order, with blanks between
  std::string_view choices_ignored = {};  // accepted at the start, with a notice that the default holds
  bool at_run_time = false;               // CONFIG SET may change it
  bool guarded = false;            // and if it may not, because that would let clients write files elsewhere
  bool adds_up = false;            // several lines of a file add their words; one with "" alone begins anew
  bool keeps_empty_words = false;  // "" among several words means something
  DirectiveMember member = {};
  // What else is wrong with these words, if the kind does not say it all. May write them as they are to be shown.
  std::optional<std::string> (*check)(std::vector<std::string>& words) = nullptr;
  // What it is for; of an unused one, why it is not; of a refused one, why it is refused.
  std::string_view doc;
};

std::span<const Directive> directives();
// The row of a name or an older name, in any case of letters.
std::optional<size_t> find_directive(std::string_view name);
// Its value is a password.
bool is_secret(std::string_view name);

}  // namespace sluice::core
