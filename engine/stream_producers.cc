// SPDX-License-Identifier: MIT
#include "engine/stream_producers.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/stream_words.h"

namespace sluice {

void StreamProducers::set_limits(const ProducerLimits& limits) {
  if (limits == limits_) return;
  limits_ = limits;
  producers_.clear();
  records_.clear();
}

bool StreamProducers::is_old(StreamId id, UnixMs now) const {
  const auto now_ms = static_cast<uint64_t>(std::max<int64_t>(0, now.count));
  return now_ms > id.ms && now_ms - id.ms > static_cast<uint64_t>(limits_.span_seconds) * 1'000;
}

std::optional<StreamId> StreamProducers::find(std::string_view producer, std::string_view idempotence_id,
                                              UnixMs now) const {
  const auto owner = producers_.find(producer);
  if (owner == producers_.end()) return std::nullopt;
  const auto it = owner->second->by_id.find(idempotence_id);
  if (it == owner->second->by_id.end() || is_old(it->second->id, now)) return std::nullopt;
  return it->second->id;
}

void StreamProducers::record(std::string_view producer, std::string_view idempotence_id, StreamId id) {
  auto owner = producers_.find(producer);
  if (owner != producers_.end()) {
    const auto before = owner->second->by_id.find(idempotence_id);
    if (before != owner->second->by_id.end()) {
      forget(before->second);
      owner = producers_.find(producer);  // it goes with its last record
    }
  }
  if (owner == producers_.end()) {
    auto made = std::make_unique<Producer>();
    made->name = producer;
    const std::string_view name = made->name;
    owner = producers_.emplace(name, std::move(made)).first;
  }
  Producer& it = *owner->second;
  const Place place = records_.insert(records_.end(), {&it, std::string(idempotence_id), id});
  it.in_order.push_back(place);
  it.by_id.emplace(place->idempotence_id, place);
  ++added_;
  if (it.in_order.size() > static_cast<size_t>(limits_.size_max)) forget(it.in_order.front());
}

void StreamProducers::forget(Place place) {
  Producer& producer = *place->producer;
  producer.by_id.erase(place->idempotence_id);
  // The oldest in all but one case: an ID that is used again after its time.
  producer.in_order.erase(std::find(producer.in_order.begin(), producer.in_order.end(), place));
  records_.erase(place);
  if (producer.in_order.empty()) producers_.erase(producers_.find(producer.name));
}

size_t StreamProducers::forget_old(UnixMs now, size_t records_max) {
  size_t forgotten = 0;
  for (; forgotten < records_max && !records_.empty() && is_old(records_.front().id, now); ++forgotten)
    forget(records_.begin());
  return forgotten;
}

void StreamProducers::forget_oldest(size_t records) {
  for (; records > 0 && !records_.empty(); --records)
    forget(records_.begin());
}

UnixMs StreamProducers::earliest_expiry() const {
  if (records_.empty()) return kUnixMsNever;
  const auto span = static_cast<uint64_t>(limits_.span_seconds) * 1'000;
  const uint64_t last_ms = records_.front().id.ms;
  constexpr auto kGrain = static_cast<uint64_t>(kForgettingGrain.count);
  if (last_ms >= static_cast<uint64_t>(INT64_MAX) - span - kGrain) return kUnixMsNever;
  return UnixMs{static_cast<int64_t>((last_ms + span + kGrain) / kGrain * kGrain)};
}

size_t StreamProducers::bytes() const {
  // Nodes of the list and the table, and what the allocator adds.
  constexpr size_t kRecordBytes = sizeof(Record) + 2 * sizeof(void*) + sizeof(Place) + 64;
  constexpr size_t kProducerBytes = sizeof(Producer) + 512 + 64;
  size_t bytes =
      sizeof(StreamProducers) + producers_.size() * kProducerBytes + records_.size() * kRecordBytes;
  for (const Record& record : records_)
    bytes += record.idempotence_id.size();
  return bytes;
}

void StreamProducers::digest(Digest& digest) const {
  digest.add(static_cast<uint64_t>(limits_.span_seconds));
  digest.add(static_cast<uint64_t>(limits_.size_max));
  digest.add(records_.size());
  for (const Record& record : records_) {
    digest.add(record.producer->name);
    digest.add(record.idempotence_id);
    digest.add(record.id.ms);
    digest.add(record.id.seq);
  }
  digest.add(added_);
  digest.add(duplicates_);
}

void StreamProducers::dump(std::string_view key, RecordSink& sink) const {
  const NumberWord span(limits_.span_seconds);
  const NumberWord size_max(limits_.size_max);
  sink.record({"XCFGSET", key, "IDMP-DURATION", span.view(), "IDMP-MAXSIZE", size_max.view()});
  for (const Record& record : records_) {
    const IdWord id(record.id);
    sink.record({"XIDMPRECORD", key, record.producer->name, record.idempotence_id, id.view()});
  }
  const NumberWord added(static_cast<int64_t>(added_));
  const NumberWord duplicates(static_cast<int64_t>(duplicates_));
  sink.record({"XIDMPRESTORE", key, "COUNTS", added.view(), duplicates.view()});
}

void StreamProducers::check_invariants() const {
  size_t records = 0;
  for (const auto& [name, producer] : producers_) {
    CHECK(name == producer->name && !producer->in_order.empty());
    CHECK(producer->in_order.size() <= static_cast<size_t>(limits_.size_max));
    CHECK(producer->in_order.size() == producer->by_id.size());
    for (const Place place : producer->in_order) {
      CHECK(place->producer == producer.get());
      CHECK(producer->by_id.at(place->idempotence_id) == place);
    }
    records += producer->in_order.size();
  }
  CHECK(records == records_.size());
}

}  // namespace sluice
