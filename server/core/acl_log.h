// SPDX-License-Identifier: MIT
//
// What ACL LOG tells: who was denied what. The newest first; the same again within a minute only counts up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>

#include "engine/base/time.h"
#include "server/core/acl_user.h"

namespace sluice::core {

inline constexpr Millis kAclLogMergedWithin{60'000};
// Only among so many of the newest is the same looked for.
inline constexpr size_t kAclLogLookedBack = 10;

enum class AclContext : uint8_t { kToplevel, kMulti, kScript };

struct AclLogEntry {
  AclDenial denial = AclDenial::kNone;
  AclContext context = AclContext::kToplevel;
  std::string object;  // the command, key or channel
  std::string user;
  std::string client;  // as CLIENT INFO tells of it
  uint64_t id = 0;
  uint64_t count = 1;
  UnixMs created{};
  UnixMs updated{};
};

class AclLog {
 public:
  // `max`: acllog-max-len.
  void add(AclLogEntry entry, size_t max);
  void trim(size_t max);
  void clear() { entries_.clear(); }
  const std::list<AclLogEntry>& entries() const { return entries_; }

 private:
  std::list<AclLogEntry> entries_;
  uint64_t id_next_ = 0;
};

}  // namespace sluice::core
