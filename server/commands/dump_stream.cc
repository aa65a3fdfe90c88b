// SPDX-License-Identifier: MIT
#include "server/commands/dump_stream.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/number_text.h"
#include "protocol/listpack.h"
#include "server/commands/dump_groups.h"

namespace sluice::commands {
namespace {

using protocol::ListpackReader;
using protocol::ListpackWriter;
using protocol::RdbReader;
using protocol::RdbType;
using protocol::RdbWriter;

constexpr int64_t kDeleted = 1;
constexpr int64_t kSameFields = 2;
constexpr int64_t kFlagsMax = kDeleted | kSameFields;

constexpr size_t kNodeEntriesMax = 100;
constexpr size_t kNodeBytesMax = 4'096;

// --- Writing

void append_id(RdbWriter& writer, StreamId id) {
  writer.length(id.ms);
  writer.length(id.seq);
}

// The entries of one node, from the cursor on. Texts are copies: the master's number of entries stands in front, so the
// entries are walked twice.
class NodeWriter {
 public:
  // Writes the node and moves the cursor behind its last entry.
  void write(RdbWriter& out, Stream::Cursor& at) {
    master_.clear();
    first_ = at.id();
    for (StreamFields fields = at.fields(); fields.next();)
      master_.emplace_back(fields.field());
    entries_.clear();
    size_t count = 0;
    for (; !at.at_end() && count < kNodeEntriesMax; at.next(), ++count) {
      if (count > 0 && entries_.bytes() + bytes_of(at) > kNodeBytesMax) break;
      add(at);
    }
    ByteBuffer key;
    RdbWriter key_writer(key);
    append_id_bytes(key_writer, first_);
    out.text(key.view());
    out.text(with_master(count));
  }

 private:
  static size_t bytes_of(const Stream::Cursor& at) {
    size_t bytes = 0;
    for (StreamFields fields = at.fields(); fields.next();)
      bytes += fields.field().size() + fields.value().size();
    return bytes;
  }

  bool has_master_fields(const Stream::Cursor& at) const {
    StreamFields fields = at.fields();
    if (fields.size() != master_.size()) return false;
    return std::all_of(master_.begin(), master_.end(), [&fields](const std::string& name) {
      return fields.next() && fields.field() == name;
    });
  }

  void add(const Stream::Cursor& at) {
    const bool same = has_master_fields(at);
    StreamFields fields = at.fields();
    const auto size = static_cast<int64_t>(fields.size());
    entries_.integer(same ? kSameFields : 0);
    entries_.integer(static_cast<int64_t>(at.id().ms - first_.ms));
    entries_.integer(static_cast<int64_t>(at.id().seq - first_.seq));
    if (!same) entries_.integer(size);
    while (fields.next()) {
      if (!same) entries_.text(fields.field());
      entries_.text(fields.value());
    }
    entries_.integer(same ? size + 3 : 2 * size + 4);
  }

  // Master and entries as one listpack. Valid until the next call.
  std::string_view with_master(size_t count) {
    node_.clear();
    node_.integer(static_cast<int64_t>(count));
    node_.integer(0);
    node_.integer(static_cast<int64_t>(master_.size()));
    for (const std::string& name : master_)
      node_.text(name);
    node_.integer(0);
    node_.append(entries_);
    return node_.finish();
  }

  StreamId first_;
  std::vector<std::string> master_;
  ListpackWriter entries_;
  ListpackWriter node_;
};

// --- Reading

StreamId read_id(RdbReader& reader) {
  const uint64_t ms = reader.length();
  const uint64_t seq = reader.length();
  return {ms, seq};
}

class NodeReader {
 public:
  NodeReader(StreamId first, std::string_view node) : first_(first), node_(node) {}

  // Adds all entries that are not deleted. False: something does not fit.
  bool read_into(Stream& stream) {
    node_.integer();
    node_.integer();
    if (!read_names(node_.integer(), master_) || node_.integer() != 0) return false;
    while (!node_.at_end()) {
      if (!read_entry(stream)) return false;
    }
    return !node_.failed();
  }

 private:
  bool read_names(int64_t count, std::vector<std::string>& names) {
    for (; count > 0 && !node_.failed(); --count)
      names.emplace_back(node_.text());
    return count == 0 && !node_.failed();
  }

  bool read_entry(Stream& stream) {
    const int64_t flags = node_.integer();
    const StreamId id{first_.ms + static_cast<uint64_t>(node_.integer()),
                      first_.seq + static_cast<uint64_t>(node_.integer())};
    if (node_.failed() || flags < 0 || flags > kFlagsMax) return false;
    const bool same = (flags & kSameFields) != 0;
    const int64_t size = same ? static_cast<int64_t>(master_.size()) : node_.integer();
    words_.clear();
    for (int64_t i = 0; i < size && !node_.failed(); ++i) {
      words_.push_back(same ? master_[static_cast<size_t>(i)] : std::string(node_.text()));
      words_.emplace_back(node_.text());
    }
    node_.integer();  // the number of its elements, for those who walk backwards
    if (node_.failed() || words_.empty()) return false;
    if ((flags & kDeleted) != 0) return true;
    const std::vector<std::string_view> views(words_.begin(), words_.end());
    return stream.add(id, views).ok();
  }

  StreamId first_;
  ListpackReader node_;
  std::vector<std::string> master_;
  std::vector<std::string> words_;
};

bool read_entries(RdbReader& reader, Stream& stream) {
  std::string key_scratch;
  std::string node_scratch;
  for (uint64_t nodes = reader.length(); nodes > 0 && !reader.failed(); --nodes) {
    const std::string_view key = reader.text(key_scratch);
    const std::string_view node = reader.text(node_scratch);
    if (reader.failed() || key.size() != kIdBytes) return false;
    if (!NodeReader(read_id_bytes(key), node).read_into(stream)) return false;
  }
  return !reader.failed();
}

}  // namespace

void append_stream(const Stream& stream, ByteBuffer& out) {
  // The number of nodes stands before them.
  ByteBuffer nodes;
  RdbWriter node_writer(nodes);
  NodeWriter node;
  uint64_t count = 0;
  for (Stream::Cursor at = stream.first(); !at.at_end(); ++count)
    node.write(node_writer, at);

  RdbWriter writer(out);
  writer.type(RdbType::kStream2);
  writer.length(count);
  writer.raw(nodes.view());
  writer.length(stream.length());
  append_id(writer, stream.last_id());
  append_id(writer, stream.first_id());
  append_id(writer, stream.max_deleted_id());
  writer.length(stream.entries_added());
  append_stream_groups(stream, writer);
}

std::optional<RestoredValue> restored_stream(RdbReader& reader, int version) {
  auto stream = std::make_unique<Stream>();
  if (!read_entries(reader, *stream)) return std::nullopt;
  const uint64_t length = reader.length();
  const StreamId last_id = read_id(reader);
  StreamId max_deleted_id;
  uint64_t entries_added = length;
  if (version >= 2) {
    read_id(reader);  // of the first entry
    max_deleted_id = read_id(reader);
    entries_added = reader.length();
  }
  if (reader.failed() || length != stream->length()) return std::nullopt;
  if (!stream->set_id(last_id, entries_added, max_deleted_id).ok()) return std::nullopt;
  if (!restore_stream_groups(reader, version, *stream)) return std::nullopt;
  return RestoredValue(std::move(stream));
}

}  // namespace sluice::commands
