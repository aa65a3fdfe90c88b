// SPDX-License-Identifier: MIT
#include "server/commands/dump_payload.h"

#include "protocol/listpack.h"
#include "protocol/rdb.h"
#include "protocol/ziplist.h"
#include "server/commands/dump_stream.h"

namespace sluice::commands {
namespace {

using protocol::ListpackReader;
using protocol::ListpackWriter;
using protocol::RdbReader;
using protocol::RdbType;
using protocol::RdbWriter;
using protocol::ZiplistReader;

// How Redis fills the nodes of a list, unless it is told otherwise.
constexpr size_t kNodeBytesMax = 8'192;
// What an element takes in a listpack beside its bytes, at most.
constexpr size_t kElementBytesMax = 10;

enum Container : uint64_t { kPlain = 1, kPacked = 2 };

void append_list(const ListValue& list, ByteBuffer& out) {
  // The number of nodes stands before them.
  ByteBuffer nodes;
  RdbWriter node_writer(nodes);
  ListpackWriter node;
  uint64_t count = 0;
  const auto end_node = [&] {
    if (node.elements() == 0) return;
    node_writer.length(kPacked);
    node_writer.text(node.finish());
    node.clear();
    ++count;
  };
  list.for_each(0, list.size(), [&](std::string_view element) {
    if (node.bytes() + element.size() + kElementBytesMax > kNodeBytesMax) end_node();
    node.text(element);
  });
  end_node();
  RdbWriter writer(out);
  writer.type(RdbType::kQuicklist2);
  writer.length(count);
  writer.raw(nodes.view());
}

std::optional<RestoredValue> checked_list(const RdbReader& reader, std::unique_ptr<ListValue> list) {
  if (reader.failed() || list->empty()) return std::nullopt;
  return RestoredValue(std::move(list));
}

std::optional<RestoredValue> restored_list(RdbReader& reader, const Stamp& stamp) {
  auto list = std::make_unique<ListValue>();
  std::string scratch;
  for (uint64_t left = reader.length(); left > 0 && !reader.failed(); --left) {
    const std::string_view element = reader.text(scratch);
    if (!reader.failed()) list->push(Side::kRight, element, stamp);
  }
  return checked_list(reader, std::move(list));
}

// A node of several elements, as `Reader` reads it.
template <typename Reader>
void read_node(RdbReader& reader, std::string_view node, ListValue& list, const Stamp& stamp) {
  Reader elements(node);
  while (!elements.at_end()) {
    const std::string_view element = elements.text();
    if (!elements.failed()) list.push(Side::kRight, element, stamp);
  }
  if (elements.failed()) reader.fail();
}

// Of Redis before 7.0.
std::optional<RestoredValue> restored_old_quicklist(RdbReader& reader, const Stamp& stamp) {
  auto list = std::make_unique<ListValue>();
  std::string scratch;
  for (uint64_t left = reader.length(); left > 0 && !reader.failed(); --left)
    read_node<ZiplistReader>(reader, reader.text(scratch), *list, stamp);
  return checked_list(reader, std::move(list));
}

std::optional<RestoredValue> restored_quicklist(RdbReader& reader, const Stamp& stamp) {
  auto list = std::make_unique<ListValue>();
  std::string scratch;
  for (uint64_t left = reader.length(); left > 0 && !reader.failed(); --left) {
    const uint64_t container = reader.length();
    const std::string_view node = reader.text(scratch);
    if (container != kPlain && container != kPacked) reader.fail();
    if (reader.failed()) break;
    if (container == kPlain) {
      list->push(Side::kRight, node, stamp);
      continue;
    }
    read_node<ListpackReader>(reader, node, *list, stamp);
  }
  return checked_list(reader, std::move(list));
}

std::optional<RestoredValue> restored_string(RdbReader& reader) {
  std::string scratch;
  const std::string_view text = reader.text(scratch);
  if (reader.failed()) return std::nullopt;
  return RestoredValue(std::string(text));
}

template <typename Value>
std::optional<RestoredValue> if_any(std::unique_ptr<Value> value) {
  if (value == nullptr) return std::nullopt;
  return RestoredValue(std::move(value));
}

std::optional<RestoredValue> restored(RdbReader& reader, const Stamp& stamp, const CollectionForms& forms) {
  const auto type = static_cast<RdbType>(reader.byte());
  switch (type) {
    case RdbType::kString:
      return restored_string(reader);
    case RdbType::kList:
      return restored_list(reader, stamp);
    case RdbType::kQuicklist:
      return restored_old_quicklist(reader, stamp);
    case RdbType::kQuicklist2:
      return restored_quicklist(reader, stamp);
    case RdbType::kStream1:
      return restored_stream(reader, 1);
    case RdbType::kStream2:
      return restored_stream(reader, 2);
    case RdbType::kStream3:
      return restored_stream(reader, 3);
    case RdbType::kHash:
    case RdbType::kHashZiplist:
    case RdbType::kHashListpack:
    case RdbType::kTimedHash:
    case RdbType::kTimedHashListpack:
      return restored_hash(reader, type, forms);
    case RdbType::kSet:
    case RdbType::kSetIntset:
    case RdbType::kSetListpack:
      return if_any(restored_set(reader, type, forms));
    case RdbType::kSortedSet:
    case RdbType::kSortedSet2:
    case RdbType::kSortedSetZiplist:
    case RdbType::kSortedSetListpack:
      return if_any(restored_sorted_set(reader, type, forms));
  }
  return std::nullopt;
}

}  // namespace

void append_payload(const Entry& entry, ByteBuffer& out) {
  RdbWriter writer(out);
  uint16_t version = protocol::kRdbVersion70;
  switch (entry.type()) {
    case ValueType::kString:
      writer.type(RdbType::kString);
      writer.text(entry.string().view());
      break;
    case ValueType::kList:
      append_list(entry.list(), out);
      break;
    case ValueType::kStream:
      append_stream(entry.stream(), out);
      break;
    case ValueType::kHash:
      version = append_hash(entry.hash(), out);
      break;
    case ValueType::kSet:
      append_set(entry.set(), out);
      break;
    case ValueType::kSortedSet:
      append_sorted_set(entry.sorted_set(), out);
      break;
  }
  writer.finish(version);
}

std::optional<RestoredValue> restored_value(std::string_view value, const Stamp& stamp,
                                            const CollectionForms& forms) {
  RdbReader reader(value);
  auto result = restored(reader, stamp, forms);
  if (!reader.at_end()) return std::nullopt;
  return result;
}

}  // namespace sluice::commands
