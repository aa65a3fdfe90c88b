// SPDX-License-Identifier: MIT
#include "server/commands/string_store.h"

#include <algorithm>

#include "engine/base/number_text.h"
#include "engine/keyspace.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

void log_store(core::CommandCall& call, std::string_view key, std::string_view value, const Until& until) {
  if (until.end) {
    char text[kI64CharsMax];
    call.log_as({"SET", key, value, "PXAT", {text, format_i64(text, until.end->count)}});
  } else if (until.as_before) {
    call.log_as({"SET", key, value, "KEEPTTL"});
  } else {
    call.log_as({"SET", key, value});
  }
}

}  // namespace

Result<void> check_string_size(const core::CommandCall& call, uint64_t size) {
  uint64_t size_max = StringValue::kBytesMax;
  if (call.mode != core::CommandCall::Mode::kReplay) {
    size_max = std::min(size_max, call.server.config.settings().proto_max_bulk_len);
  }
  if (size > size_max) return Error::kStringTooLong;
  return {};
}

void store_string(core::CommandCall& call, std::string_view key, std::string_view value, const Until& until,
                  core::KeyEvent event) {
  // From the log the key ends by its own record.
  if (until.end && *until.end <= call.stamp.now && call.mode != core::CommandCall::Mode::kReplay) {
    delete_key(call, key);
    return;
  }
  const auto expiry = until.as_before ? Keyspace::Expiry::kKeep : Keyspace::Expiry::kDrop;
  Entry& stored = call.keyspace().set_string(call.db(), key, value, expiry);
  if (until.end) call.keyspace().expire_at(stored, *until.end);
  log_store(call, key, value, until);
  call.changed(key, event);
  if (until.end) call.changed(key, core::KeyEvent::kExpire);
}

bool delete_key(core::CommandCall& call, std::string_view key) {
  const Entry* entry = call.keyspace().find(call.db(), key);
  if (entry == nullptr) return false;
  call.keyspace().erase(*entry);
  call.log_as({"DEL", key});
  call.changed(key, core::KeyEvent::kDel);
  return true;
}

}  // namespace sluice::commands
