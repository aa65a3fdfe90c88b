// SPDX-License-Identifier: MIT
//
// Hashes, sets and sorted sets in payloads of DUMP: written in the forms that every Redis since 4.0 reads, read in all
// forms that one of 7.0 or 7.4 writes.
//
//   hash         a length, then field and value each
//   set          a length, then member each
//   sorted set   a length, then member and score each, eight bytes little-endian
//   hash of which fields expire (7.4)
//                the earliest time u64, a length, then for each field: how much later it ends, plus one, or 0 for
//                never; field; value
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/byte_buffer.h"
#include "engine/base/time.h"
#include "engine/hash.h"
#include "engine/set.h"
#include "engine/sorted_set.h"
#include "protocol/rdb.h"

namespace sluice::commands {

// Each appends type and value. Returned is the version that can read it: fields that expire are newer than 7.0.
uint16_t append_hash(const Hash& hash, ByteBuffer& out);
void append_set(const Set& set, ByteBuffer& out);
void append_sorted_set(const SortedSet& set, ByteBuffer& out);

// A hash, and when its fields end; that is armed when it has a key.
struct RestoredHash {
  std::unique_ptr<Hash> hash;
  std::vector<std::pair<std::string, UnixMs>> times;
};

// Each reads the value behind a type of its kind. Nothing: it does not fit, is empty, or has something twice.
std::optional<RestoredHash> restored_hash(protocol::RdbReader& reader, protocol::RdbType type,
                                          const CollectionForms& forms);
std::unique_ptr<Set> restored_set(protocol::RdbReader& reader, protocol::RdbType type,
                                  const CollectionForms& forms);
std::unique_ptr<SortedSet> restored_sorted_set(protocol::RdbReader& reader, protocol::RdbType type,
                                               const CollectionForms& forms);

}  // namespace sluice::commands
