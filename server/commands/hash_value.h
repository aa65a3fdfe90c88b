// SPDX-License-Identifier: MIT
//
// What all commands on hashes share: finding one, making one, and what to do when one was changed.
#pragma once

#include <string_view>

#include "engine/hash.h"
#include "server/commands/lookup.h"

namespace sluice::commands {

// The hash under `key`, made empty if there is none. Requires: the key is absent or a hash.
inline Entry& hash_for_write(core::CommandCall& call, std::string_view key, Entry* entry) {
  return entry != nullptr ? *entry : call.keyspace().insert_hash(call.db(), key);
}

// Replies the field's value, or null. False: there is no such field. `entry` is null if there is no hash.
inline bool reply_field(core::CommandCall& call, const Entry* entry, std::string_view field) {
  const auto value = entry == nullptr ? std::nullopt : entry->hash().find(field);
  value ? call.reply.bulk(*value) : call.reply.null();
  return value.has_value();
}

// After each change of a hash: the key goes when the last field has gone, and the keyspace learns which field now
// expires first.
inline void hash_changed(core::CommandCall& call, std::string_view key, Entry& entry) {
  if (entry.hash().empty()) {
    call.keyspace().erase(entry);
    call.changed(key, core::KeyEvent::kDel);
  } else {
    call.keyspace().field_expiry_changed(entry);
  }
}

}  // namespace sluice::commands
