// SPDX-License-Identifier: MIT
#include "server/commands/debug_value.h"

#include <cstdio>
#include <string>

#include "engine/base/ascii.h"
#include "engine/base/byte_buffer.h"
#include "engine/base/number_text.h"
#include "engine/digest.h"
#include "engine/entry.h"
#include "engine/list_value.h"
#include "engine/stream.h"
#include "server/commands/dump_payload.h"
#include "server/commands/object_encoding.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::CommandCall;

constexpr std::string_view kNoSuchKey = "ERR no such key";
// Of a payload, what is not the value: its type in front, version and checksum behind.
constexpr size_t kPayloadFrameBytes = 1 + 2 + 8;

template <typename... Arguments>
std::string printed(const char* format, Arguments... arguments) {
  char text[256];
  std::snprintf(text, sizeof text, format, arguments...);
  return text;
}

const Entry* find(CommandCall& call) {
  return call.keyspace().find(call.db(), call.words[2]);
}

size_t payload_bytes(const Entry& entry) {
  // Of a queue, what is ready is its value to others.
  if (entry.type() == ValueType::kList && entry.list().size() == 0) return 0;
  ByteBuffer payload;
  append_payload(entry, payload);
  return payload.size() - kPayloadFrameBytes;
}

std::string list_text(const ListValue& list) {
  const size_t nodes = list.chunks();
  return printed(" ql_nodes:%zu ql_avg_node:%.2f ql_listpack_max:-2 ql_compressed:0 ql_uncompressed_size:%zu",
                 nodes, nodes == 0 ? 0.0 : static_cast<double>(list.size()) / static_cast<double>(nodes),
                 list.bytes());
}

// For LISTPACK and QUICKLIST, which tell people and not the client.
Result<void> note_encoding(CommandCall& call, std::string_view encoding, std::string_view what) {
  const Entry* entry = find(call);
  if (entry == nullptr) return call.fail(kNoSuchKey);
  if (encoding_of(*entry) != encoding)
    return call.fail("ERR Not a " + std::string(encoding) + " encoded object.");
  std::string text = "DEBUG: a " + std::string(type_name(entry->type())) + " of " +
                     std::to_string(entry->bytes()) + " bytes";
  if (entry->type() == ValueType::kList) text += list_text(entry->list());
  call.server.seams.notices.write(core::NoticeLevel::kWarning, text);
  call.reply.simple(std::string(what) + " structure printed on stdout");
  return {};
}

}  // namespace

Result<void> debug_digest_value(CommandCall& call) {
  const core::Words keys = call.words.subspan(2);
  call.reply.array(keys.size());
  for (const std::string_view key : keys) {
    const Entry* entry = call.keyspace().find(call.db(), key);
    call.reply.simple(entry != nullptr ? call.keyspace().digest_value(*entry) : Digest().text());
  }
  return {};
}

// When a key was used last is not kept.
Result<void> debug_object(CommandCall& call) {
  const Entry* entry = find(call);
  if (entry == nullptr) return call.fail(kNoSuchKey);
  const std::string_view encoding = encoding_of(*entry);
  std::string text = printed("Value at:%p refcount:%lld encoding:", static_cast<const void*>(entry),
                             static_cast<long long>(references_to(*entry)));
  text += encoding;
  // Its payload has to be made for that.
  const bool fast = call.words.size() > 3 && equals_folded(call.words[3], "fast");
  if (!fast) text += printed(" serializedlength:%zu", payload_bytes(*entry));
  text += " lru:0 lru_seconds_idle:0";
  if (encoding == "quicklist") text += list_text(entry->list());
  call.reply.simple(text);
  return {};
}

Result<void> debug_string_length(CommandCall& call) {
  const Entry* entry = find(call);
  if (entry == nullptr) return call.fail(kNoSuchKey);
  if (entry->type() != ValueType::kString || encoding_of(*entry) == "int")
    return call.fail("ERR Not an sds encoded string.");
  call.reply.simple(
      printed("key_sds_len:%zu, key_sds_avail:0, key_zmalloc: %zu, val_sds_len:%zu, "
              "val_sds_avail:0, val_zmalloc: %zu",
              call.words[2].size(), entry->bytes(), entry->string().view().size(), entry->string().bytes()));
  return {};
}

Result<void> debug_listpack(CommandCall& call) {
  return note_encoding(call, "listpack", "Listpack");
}

Result<void> debug_quicklist(CommandCall& call) {
  return note_encoding(call, "quicklist", "Quicklist");
}

Result<void> debug_table(CommandCall& call) {
  const auto db = parse_i64(call.words[2]);
  if (!db) return Error::kNotInteger;
  if (*db < 0 || *db >= call.server.config.settings().databases)
    return call.fail("ERR Out of range database");
  const auto index = static_cast<int>(*db);
  call.reply.verbatim("txt",
                      printed("[Dictionary HT]\nnumber of elements: %zu\nbytes: %zu\n[Expires HT]\nnumber of "
                              "elements: %zu\n",
                              call.keyspace().size(index), call.keyspace().table_bytes(index),
                              static_cast<size_t>(call.keyspace().expires(index))));
  return {};
}

Result<void> debug_table_of_key(CommandCall& call) {
  const Entry* entry = find(call);
  if (entry == nullptr) return call.fail(kNoSuchKey);
  const std::string_view encoding = encoding_of(*entry);
  if (encoding != "hashtable" && encoding != "skiplist")
    return call.fail("ERR The value stored at the specified key is not represented using an hash table");
  call.reply.verbatim("txt",
                      "[" + std::string(encoding) + "]\nbytes: " + std::to_string(entry->bytes()) + "\n");
  return {};
}

Result<void> debug_sizes(CommandCall& call) {
  call.reply.bulk(printed("bits:%zu entry:%zu list:%zu stream:%zu session:%zu ", 8 * sizeof(void*),
                          sizeof(Entry), sizeof(ListValue), sizeof(Stream), sizeof(core::Session)));
  return {};
}

}  // namespace sluice::commands
