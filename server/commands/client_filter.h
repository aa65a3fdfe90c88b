// SPDX-License-Identifier: MIT
//
// Which clients CLIENT LIST and CLIENT KILL mean: filters that all must match, each of which may be turned around
// with NOT- in front of its name.
//
//   ID n [n ...]  TYPE t  USER u  ADDR ip:port  LADDR ip:port  IP ip  NAME n  LIB-NAME n  LIB-VER v  DB n
//   FLAGS letters
//   MAXAGE s, IDLE s: connected, or silent, for at least so many seconds; have no NOT-
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "server/core/args.h"
#include "server/core/command_call.h"

namespace sluice::commands {

class ClientFilter {
 public:
  // Takes one filter with its value; the same filter again replaces it. Errors: it is none, or its value is wrong.
  Result<void> read(core::CommandCall& call, core::Args& args);
  void only_address(std::string_view address);

  bool matches(const core::Session& session, MonoMs now) const;
  // The numbers, if they are all that is filtered by.
  const std::vector<uint64_t>* only_ids() const;

 private:
  enum class Kind : uint8_t {
    kId,
    kType,
    kUser,
    kAddress,
    kLocalAddress,
    kIp,
    kName,
    kLibraryName,
    kLibraryVersion,
    kDb,
    kFlags,
    kAge,
    kIdle,
  };
  struct Condition {
    Kind kind;
    bool negated = false;
    std::string_view text = {};
    int64_t number = 0;  // database, seconds, or type
    std::vector<uint64_t> ids = {};
  };
  // Without its value; nothing if there is no filter of this name.
  static std::optional<Condition> named(std::string_view name);
  static bool holds(const Condition& condition, const core::Session& session, MonoMs now);
  static Result<void> read_value(core::CommandCall& call, core::Args& args, Condition& condition);
  static Result<void> read_ids(core::CommandCall& call, core::Args& args, Condition& condition);
  void add(Condition condition);

  std::vector<Condition> conditions_;
};

}  // namespace sluice::commands
