// SPDX-License-Identifier: MIT
//
// Values as payloads of DUMP, and back. A type that comes later is a case in both.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "engine/base/byte_buffer.h"
#include "engine/entry.h"
#include "engine/list_value.h"
#include "engine/stamp.h"
#include "engine/stream.h"
#include "server/commands/dump_collection.h"

namespace sluice::commands {

// Makes `out` a payload; of a queue, that of what is ready. Requires: `out` is empty; of a list, something is ready.
void append_payload(const Entry& entry, ByteBuffer& out);

using RestoredValue = std::variant<std::string, std::unique_ptr<ListValue>, std::unique_ptr<Stream>,
                                   RestoredHash, std::unique_ptr<Set>, std::unique_ptr<SortedSet>>;
// Type and value, as append_payload() or Redis wrote them. Nothing: they do not fit, or are of a type that is not here.
// `forms` are those of the keyspace that the value is for.
std::optional<RestoredValue> restored_value(std::string_view value, const Stamp& stamp,
                                            const CollectionForms& forms);

}  // namespace sluice::commands
