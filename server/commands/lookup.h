// SPDX-License-Identifier: MIT
//
// Finding a key of the type that a command works on.
#pragma once

#include <string_view>

#include "engine/keyspace.h"
#include "engine/list_value.h"
#include "server/core/command_call.h"
#include "server/core/server.h"

namespace sluice::commands {

// The entry, or nullptr if there is no such key, whatever it holds. Counts as a hit or a miss.
inline const Entry* look_up(core::CommandCall& call, std::string_view key) {
  const Entry* entry = call.keyspace().find(call.db(), key);
  call.looked_up(key, entry != nullptr);
  return entry;
}

// The entry, or nullptr if there is no such key; kWrongType if it holds something else. Counts as a hit or a miss.
inline Result<const Entry*> find_to_read(core::CommandCall& call, std::string_view key, ValueType type) {
  const Entry* entry = look_up(call, key);
  if (entry != nullptr && entry->type() != type) return Error::kWrongType;
  return entry;
}

// The same for a command that may change the value.
inline Result<Entry*> find_to_write(core::CommandCall& call, std::string_view key, ValueType type) {
  Entry* entry = call.keyspace().find_for_write(call.db(), key);
  if (entry != nullptr && entry->type() != type) return Error::kWrongType;
  return entry;
}

// Elements were taken from a list: with the last one its key goes away. Of a queue, messages that waited for one that
// was taken may follow.
inline void erase_if_empty(core::CommandCall& call, std::string_view key, Entry& entry) {
  if (entry.list().settle()) call.changed(key, core::KeyEvent::kQueueReady);
  if (!entry.list().empty()) return;
  call.keyspace().erase(entry);
  call.changed(key, core::KeyEvent::kDel);
}

}  // namespace sluice::commands
