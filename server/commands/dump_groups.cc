// SPDX-License-Identifier: MIT
#include "server/commands/dump_groups.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/consumer_group.h"

namespace sluice::commands {
namespace {

using protocol::RdbReader;
using protocol::RdbWriter;

// Entries read, and times, that are not known.
constexpr uint64_t kUnknown = UINT64_MAX;

// --- Writing

struct ConsumerOut {
  UnixMs seen;
  std::vector<StreamId> pending;
};

void append_group(const ConsumerGroup& group, RdbWriter& writer) {
  writer.text(group.name());
  writer.length(group.last_id().ms);
  writer.length(group.last_id().seq);
  writer.length(group.entries_read().value_or(kUnknown));

  std::map<std::string, ConsumerOut> consumers;
  for (const ConsumerNumber number : group.consumers())
    consumers.emplace(group.consumer(number).name, ConsumerOut{group.consumer(number).seen, {}});
  writer.length(group.pending().size());
  for (PendingList::Cursor at = group.pending().first(); !at.at_end(); at.next()) {
    const Pending pending = at.pending();
    const UnixMs delivered = pending.owned() ? pending.time.value_or(UnixMs{0}) : UnixMs{0};
    append_id_bytes(writer, pending.id);
    writer.u64(static_cast<uint64_t>(delivered.count));
    writer.length(pending.deliveries);
    consumers[pending.owned() ? group.consumer(pending.consumer).name : std::string()].pending.push_back(
        pending.id);
  }
  writer.length(consumers.size());
  for (const auto& [name, consumer] : consumers) {
    writer.text(name);
    writer.u64(static_cast<uint64_t>(consumer.seen.count));
    writer.length(consumer.pending.size());
    for (const StreamId id : consumer.pending)
      append_id_bytes(writer, id);
  }
}

// --- Reading

UnixMs time_of(uint64_t milliseconds) {
  return {static_cast<int64_t>(std::min(milliseconds, static_cast<uint64_t>(kPendingTimeMax.count)))};
}

class GroupReader {
 public:
  GroupReader(RdbReader& reader, int version, Stream& stream)
      : reader_(reader), version_(version), stream_(stream) {}

  bool read() {
    const std::string name(reader_.text(scratch_));
    const uint64_t ms = reader_.length();
    const uint64_t seq = reader_.length();
    const uint64_t entries_read = version_ >= 2 ? reader_.length() : kUnknown;
    if (reader_.failed() || stream_.find_group(name) != nullptr) return false;
    if (entries_read != kUnknown && entries_read > INT64_MAX) return false;
    const auto known = entries_read == kUnknown ? std::nullopt : std::optional(entries_read);
    ConsumerGroup& group = stream_.add_group(name, {ms, seq}, known);
    if (!read_pending(group) || !read_consumers(group)) return false;
    release_rest(group);
    return true;
  }

 private:
  // Nobody's until a consumer names them.
  bool read_pending(ConsumerGroup& group) {
    for (uint64_t left = reader_.length(); left > 0 && !reader_.failed(); --left) {
      const std::string_view id = reader_.raw(kIdBytes);
      const UnixMs time = time_of(reader_.u64());
      const uint64_t deliveries = std::min(reader_.length(), kDeliveriesMax);
      if (reader_.failed() || group.pending().contains(read_id_bytes(id))) return false;
      stream_.restore_pending(group, {.id = read_id_bytes(id), .time = time, .deliveries = deliveries});
    }
    return !reader_.failed();
  }

  bool read_consumers(ConsumerGroup& group) {
    for (uint64_t left = reader_.length(); left > 0 && !reader_.failed(); --left) {
      const std::string name(reader_.text(scratch_));
      const UnixMs seen = time_of(reader_.u64());
      const uint64_t active = version_ >= 3 ? reader_.u64() : kUnknown;
      if (reader_.failed() || group.find_consumer(name) != kNoConsumer) return false;
      if (name.empty() && seen == UnixMs{0}) {
        // Nobody by that name has ever asked: it stands for what nobody holds (append_group).
        if (!pass_unowned(group)) return false;
        continue;
      }
      const ConsumerNumber number = group.add_consumer(name, seen);
      if (active != kUnknown) group.consumer(number).active = time_of(active);
      if (!read_held(group, number)) return false;
    }
    return !reader_.failed();
  }

  bool pass_unowned(const ConsumerGroup& group) {
    for (uint64_t left = reader_.length(); left > 0 && !reader_.failed(); --left) {
      const std::string_view id = reader_.raw(kIdBytes);
      if (reader_.failed()) return false;
      const std::optional<Pending> pending = group.pending().find(read_id_bytes(id));
      if (!pending || pending->owned()) return false;
    }
    return !reader_.failed();
  }

  bool read_held(ConsumerGroup& group, ConsumerNumber number) {
    for (uint64_t left = reader_.length(); left > 0 && !reader_.failed(); --left) {
      const std::string_view id = reader_.raw(kIdBytes);
      if (reader_.failed()) return false;
      const std::optional<Pending> pending = group.pending().find(read_id_bytes(id));
      if (!pending || pending->owned()) return false;
      group.hold(pending->id, number, pending->time.value_or(UnixMs{0}), pending->deliveries);
    }
    return !reader_.failed();
  }

  // What no consumer names is nobody's, to be claimed at once.
  static void release_rest(ConsumerGroup& group) {
    std::vector<Pending> rest;
    group.pending().visit_unowned(kPendingTimeMax, [&rest](const Pending& pending) {
      rest.push_back(pending);
      return true;
    });
    for (const Pending& pending : rest)
      group.release(pending.id, pending.deliveries);
  }

  RdbReader& reader_;
  const int version_;
  Stream& stream_;
  std::string scratch_;
};

}  // namespace

void append_id_bytes(RdbWriter& writer, StreamId id) {
  for (const uint64_t part : {id.ms, id.seq}) {
    for (size_t i = 8; i-- > 0;)
      writer.byte(static_cast<uint8_t>(part >> (8 * i)));
  }
}

StreamId read_id_bytes(std::string_view bytes) {
  uint64_t parts[2] = {};
  for (size_t i = 0; i < kIdBytes; ++i)
    parts[i / 8] = parts[i / 8] << 8 | static_cast<unsigned char>(bytes[i]);
  return {parts[0], parts[1]};
}

void append_stream_groups(const Stream& stream, RdbWriter& writer) {
  writer.length(stream.groups().size());
  for (const auto& group : stream.groups())
    append_group(*group, writer);
}

bool restore_stream_groups(RdbReader& reader, int version, Stream& stream) {
  GroupReader group(reader, version, stream);
  for (uint64_t left = reader.length(); left > 0 && !reader.failed(); --left) {
    if (!group.read()) return false;
  }
  return !reader.failed();
}

}  // namespace sluice::commands
