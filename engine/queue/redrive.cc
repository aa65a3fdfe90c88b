// SPDX-License-Identifier: MIT
//
// Dead letters on their way back.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/glob.h"
#include "engine/base/number_text.h"
#include "engine/list_value.h"
#include "engine/queue/queue_system.h"
#include "engine/stream.h"

namespace sluice {
// A dead letter as its entry says it; a copy, because the stream may change while it is moved.
struct Letter {
  std::string source;
  std::string group;
  std::optional<StreamId> id;
  uint32_t redriven = 0;
  std::vector<std::string> fields;  // the original ones: fields and values
  bool complete = false;            // has all that a letter has
};

namespace {

Letter read_letter(StreamFields fields) {
  Letter letter;
  bool has_source = false;
  while (fields.next()) {
    const std::string_view field = fields.field();
    if (letter.complete) {
      letter.fields.emplace_back(field);
      letter.fields.emplace_back(fields.value());
    } else if (field == "dlq.source") {
      letter.source = fields.value();
      has_source = true;
    } else if (field == "dlq.group") {
      letter.group = fields.value();
    } else if (field == "dlq.id") {
      letter.id = parse_message_id(fields.value());
    } else if (field == "dlq.redriven") {
      letter.redriven =
          static_cast<uint32_t>(std::min<uint64_t>(UINT32_MAX - 1, parse_u64(fields.value()).value_or(0)));
      letter.complete = has_source;
    }
  }
  return letter;
}

bool matches(StreamFields fields, std::string_view field, std::string_view glob) {
  while (fields.next()) {
    if (fields.field() == field && glob_matches(glob, fields.value())) return true;
  }
  return false;
}

std::vector<StreamId> entries_from(const Stream& stream, StreamId start, size_t count, StreamId& next) {
  std::vector<StreamId> ids;
  Stream::Cursor at = stream.first_from(start);
  for (; !at.at_end() && ids.size() < count; at.next())
    ids.push_back(at.id());
  next = at.at_end() ? StreamId() : at.id();
  return ids;
}

}  // namespace

Result<Redriven> QueueSystem::redrive(const QueueContext& context, std::string_view dlq,
                                      const Redrive& options) {
  Redriven result;
  const Entry* const entry = context.keyspace.find(context.db, dlq);
  if (entry == nullptr) return result;
  if (entry->type() != ValueType::kStream) return Error::kWrongType;
  std::vector<StreamId> ids(options.ids.begin(), options.ids.end());
  if (options.ids.empty()) ids = entries_from(entry->stream(), options.start, options.count, result.next);

  for (const StreamId id : ids) {
    const Stream::Cursor at = entry->stream().find(id);
    if (at.at_end()) continue;
    const bool wanted = !options.match || matches(at.fields(), options.match->first, options.match->second);
    if (wanted) {
      const Return returned = redrive_one(context, at.fields(), id, options, result);
      if (returned == Return::kFull) {
        result.next = id;
        break;
      }
      if (returned == Return::kMoved) {
        context.keyspace.for_write(*entry).stream().remove(id);
        result.ids.push_back(id);
        ++result.moved;
      }
    }
    ++result.examined;
  }
  if (result.moved > 0) context.report(context.db, dlq, QueueEvent::kLetterTaken);
  return result;
}

QueueSystem::Return QueueSystem::redrive_one(const QueueContext& context, StreamFields fields, StreamId id,
                                             const Redrive& options, Redriven& result) {
  const Letter letter = read_letter(fields);
  if (!letter.complete || letter.fields.empty()) return Return::kStays;
  const std::string target(options.to.value_or(letter.source));
  if (options.allowed && !options.allowed(target)) {
    result.skipped = true;
    return Return::kStays;
  }
  const uint64_t entropy = mix(context.stamp.entropy ^ mix(id.ms ^ mix(id.seq)));
  const Millis delay{static_cast<int64_t>(entropy % (static_cast<uint64_t>(options.spread.count) + 1))};
  Entry* const entry = context.keyspace.find_for_write(context.db, target);
  if (!letter.group.empty() && target == letter.source)
    return redrive_to_group(context, entry, letter, delay);
  const bool to_stream = entry != nullptr ? entry->type() == ValueType::kStream : !letter.group.empty();
  if (to_stream) return redrive_to_stream(context, target, entry, letter, options.to.has_value());
  return redrive_to_list(context, target, entry, letter, delay);
}

// The entry itself is still in the stream, for the other groups: only this one gets it back.
QueueSystem::Return QueueSystem::redrive_to_group(const QueueContext& context, Entry* entry,
                                                  const Letter& letter, Millis delay) {
  if (entry == nullptr || entry->type() != ValueType::kStream || !letter.id) return Return::kStays;
  ConsumerGroup* const group = entry->stream().find_group(letter.group);
  // Without a policy nobody would hand it out.
  if (group == nullptr || group->managed() == nullptr) return Return::kStays;
  const UnixMs due = context.stamp.now + delay;
  if (!managed_.bring_back(*group->managed(), *letter.id, letter.redriven + 1, due)) return Return::kStays;
  context.report(context.db, entry->key(), QueueEvent::kGroupRedriven);
  return Return::kMoved;
}

// A new entry, for all who read the stream; only on request.
QueueSystem::Return QueueSystem::redrive_to_stream(const QueueContext& context, std::string_view key,
                                                   Entry* entry, const Letter& letter, bool requested) {
  if (!requested) return Return::kStays;
  const std::vector<std::string_view> words(letter.fields.begin(), letter.fields.end());
  const bool is_new = entry == nullptr;
  if (is_new) entry = &context.keyspace.insert_stream(context.db, key);
  const auto id = entry->stream().next_id(context.stamp.now);
  if (!id.ok() || !entry->stream().add(id.value(), words).ok()) {
    if (is_new) context.keyspace.erase(*entry);
    return Return::kStays;
  }
  context.report(context.db, key, QueueEvent::kDeadLetter);
  ++totals_.redriven;
  return Return::kMoved;
}

// A list takes one value.
QueueSystem::Return QueueSystem::redrive_to_list(const QueueContext& context, std::string_view key,
                                                 Entry* entry, const Letter& letter, Millis delay) {
  const UnixMs now = context.stamp.now;
  if (entry != nullptr && entry->type() != ValueType::kList) return Return::kStays;
  if (letter.fields.size() != 2) return Return::kStays;
  if (admit(context, key, 1).kind != Admission::Kind::kFree) return Return::kFull;
  if (entry == nullptr) entry = &context.keyspace.insert_list(context.db, key);
  Queue& queue = queue_of(*entry, context.stamp);
  Queue::Added how{.redriven = letter.redriven + 1};
  if (delay > Millis{0}) how.due = now + delay;
  if (queue.policy().ttl > Millis{0}) how.traits.expires = now + queue.policy().ttl;
  queue.add(next_id(now), letter.fields[1], how);
  queue.count(&QueueTotals::redriven);
  context.report(context.db, key, how.due ? QueueEvent::kChanged : QueueEvent::kReady);
  return Return::kMoved;
}

}  // namespace sluice
