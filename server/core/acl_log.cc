// SPDX-License-Identifier: MIT
#include "server/core/acl_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice::core {

void AclLog::add(AclLogEntry entry, size_t max) {
  const auto end =
      std::next(entries_.begin(), static_cast<long>(std::min(entries_.size(), kAclLogLookedBack)));
  const auto same = std::find_if(entries_.begin(), end, [&entry](const AclLogEntry& old) {
    return old.denial == entry.denial && old.context == entry.context && old.object == entry.object &&
           old.user == entry.user && entry.updated - old.updated <= kAclLogMergedWithin;
  });
  if (same != end) {
    ++same->count;
    same->updated = entry.updated;
    same->client = std::move(entry.client);
    entries_.splice(entries_.begin(), entries_, same);
    return;
  }
  entry.id = id_next_++;
  entries_.push_front(std::move(entry));
  trim(max);
}

void AclLog::trim(size_t max) {
  while (entries_.size() > max)
    entries_.pop_back();
}

}  // namespace sluice::core
