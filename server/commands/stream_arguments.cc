// SPDX-License-Identifier: MIT
#include "server/commands/stream_arguments.h"

#include <string>

#include "engine/base/ascii.h"
#include "server/commands/lookup.h"

namespace sluice::commands {
namespace {

using core::CommandCall;

struct Bound {
  StreamId id;
  bool exclusive = false;
};

Result<Bound> bound_argument(std::string_view text, uint64_t seq_missing) {
  if (text == "-") return Bound{kStreamIdMin};
  if (text == "+") return Bound{kStreamIdMax};
  const bool exclusive = text.size() > 1 && text.front() == '(';
  if (exclusive) text.remove_prefix(1);
  const std::optional<StreamId> id = parse_stream_id(text, seq_missing);
  if (!id) return Error::kStreamIdInvalid;
  return Bound{*id, exclusive};
}

}  // namespace

Result<StreamId> id_argument(std::string_view text) {
  const std::optional<StreamId> id = parse_stream_id(text, 0);
  if (!id) return Error::kStreamIdInvalid;
  return *id;
}

Result<std::vector<StreamId>> id_arguments(core::Words words) {
  std::vector<StreamId> ids;
  ids.reserve(words.size());
  for (const std::string_view word : words) {
    TRY(const StreamId id, id_argument(word));
    ids.push_back(id);
  }
  return ids;
}

Result<StreamId> range_start_argument(std::string_view text) {
  TRY(const Bound first, bound_argument(text, 0));
  const std::optional<StreamId> id = first.exclusive ? successor(first.id) : first.id;
  if (!id) return Error::kStreamRangeStart;
  return *id;
}

Result<StreamRange> range_arguments(std::string_view first_text, std::string_view last_text) {
  TRY(const StreamId first, range_start_argument(first_text));
  TRY(const Bound last, bound_argument(last_text, UINT64_MAX));
  const std::optional<StreamId> last_id = last.exclusive ? predecessor(last.id) : last.id;
  if (!last_id) return Error::kStreamRangeEnd;
  return StreamRange{first, *last_id};
}

std::optional<References> references_argument(std::string_view word) {
  if (equals_folded(word, "KEEPREF")) return References::kKeep;
  if (equals_folded(word, "DELREF")) return References::kDrop;
  if (equals_folded(word, "ACKED")) return References::kAcknowledged;
  return std::nullopt;
}

Result<GroupTarget> find_group_to_write(CommandCall& call, std::string_view key, std::string_view group) {
  Entry* const entry = call.keyspace().find_for_write(call.db(), key);
  call.looked_up(key, entry != nullptr);  // it counts as being read, whatever is done to it then
  if (entry != nullptr && entry->type() != ValueType::kStream) return Error::kWrongType;
  GroupTarget target;
  if (entry == nullptr) return target;
  target.stream = &entry->stream();
  target.group = target.stream->find_group(group);
  return target;
}

Result<ConstGroupTarget> find_group_to_read(CommandCall& call, std::string_view key, std::string_view group) {
  TRY(const Entry* const entry, find_to_read(call, key, ValueType::kStream));
  ConstGroupTarget target;
  if (entry == nullptr) return target;
  target.stream = &entry->stream();
  target.group = target.stream->find_group(group);
  return target;
}

Error fail_no_group(CommandCall& call, std::string_view key, std::string_view group, std::string_view in) {
  std::string text = "NOGROUP No such key '";
  text.append(key).append("' or consumer group '").append(group).append("'").append(in);
  return call.fail(text);
}

ConsumerTarget consumer_target(CommandCall& call, std::string_view key, ConsumerGroup& group,
                               std::string_view name) {
  ConsumerTarget target{group.find_consumer(name)};
  if (target.number == kNoConsumer) {
    target = {group.add_consumer(name, call.stamp.now), true};
    call.changed(key, core::KeyEvent::kXgroupCreateconsumer);
  }
  group.consumer(target.number).seen = call.stamp.now;
  return target;
}

}  // namespace sluice::commands
