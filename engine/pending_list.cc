// SPDX-License-Identifier: MIT
#include "engine/pending_list.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>
#include <queue>

#include "engine/base/allocate.h"
#include "engine/base/check.h"

namespace sluice {
namespace {

// A record's count of deliveries: these two say that it is elsewhere, the others are it.
constexpr uint16_t kCountInMap = 0xffff;
constexpr uint16_t kCountIsMax = 0xfffe;

// A key of the unowned order with this bit is a time, one without is a place in the order of releases.
constexpr uint64_t kDueBit = uint64_t{1} << 47;
constexpr uint64_t kKeyMax = (uint64_t{1} << 48) - 1;

// What a record has for an owner: this bit if it is orphaned, and a consumer's number or that nobody is.
constexpr uint32_t kOrphaned = uint32_t{1} << 31;
constexpr uint32_t kNobody = kOrphaned - 1;

uint64_t time_bits(UnixMs time) {
  return static_cast<uint64_t>(std::clamp<int64_t>(time.count, 0, kPendingTimeMax.count));
}

}  // namespace

struct PendingList::Record {
  uint32_t ms;   // above the base's
  uint32_t seq;  // above the base's in the base's millisecond, else as it is
  uint32_t key_low;
  uint16_t key_high;
  uint16_t deliveries;
  uint32_t owner;

  uint64_t place() const { return static_cast<uint64_t>(ms) << 32 | seq; }
  uint64_t key() const { return static_cast<uint64_t>(key_high) << 32 | key_low; }
  bool orphaned() const { return (owner & kOrphaned) != 0; }
  bool owned() const { return (owner & kNobody) != kNobody; }
  ConsumerNumber consumer() const { return owned() ? owner & kNobody : kNoConsumer; }
  void set_orphaned(bool orphaned) { owner = orphaned ? owner | kOrphaned : owner & kNobody; }
  Order order() const {
    if (orphaned()) return owned() ? kHeldOrphaned : kUnownedOrphaned;
    return owned() ? kHeld : kUnowned;
  }
  // Requires: it fits.
  void set_id(StreamId id, StreamId base) {
    ms = static_cast<uint32_t>(id.ms - base.ms);
    seq = static_cast<uint32_t>(ms == 0 ? id.seq - base.seq : id.seq);
  }
};

// The records in use are records()[begin .. end).
struct PendingList::Leaf {
  StreamId base;
  uint64_t consumers = 0;  // bit n: perhaps a record of a consumer whose number is n modulo 64
  uint16_t begin = 0;
  uint16_t end = 0;
  uint16_t capacity;

  Leaf(StreamId base_in, uint32_t capacity_in)
      : base(base_in), capacity(static_cast<uint16_t>(capacity_in)) {}

  // Leaves are as large as what the allocator hands out: 128, 256, 512, 768, 1024 and 1280 bytes.
  static constexpr std::array<uint32_t, 6> kCapacities = {4, 11, 24, 36, 49, 62};
  static constexpr uint32_t kCapacityMax = kCapacities.back();
  static uint32_t capacity_for(uint32_t records) {
    for (const uint32_t capacity : kCapacities) {
      if (records <= capacity) return capacity;
    }
    CHECK(false);
  }
  static Leaf* create(StreamId base, uint32_t capacity) {
    return new (allocate(bytes_of(capacity))) Leaf(base, capacity);
  }
  static size_t bytes_of(uint32_t capacity) { return sizeof(Leaf) + capacity * sizeof(Record); }
  size_t bytes() const { return bytes_of(capacity); }
  static uint64_t bit(ConsumerNumber consumer) {
    return consumer == kNoConsumer ? 0 : uint64_t{1} << (consumer % 64);
  }

  Record* records() { return reinterpret_cast<Record*>(this + 1); }
  const Record* records() const { return reinterpret_cast<const Record*>(this + 1); }
  Record& at(uint32_t record) { return records()[begin + record]; }
  const Record& at(uint32_t record) const { return records()[begin + record]; }
  uint32_t size() const { return end - begin; }

  StreamId id(const Record& record) const {
    return {base.ms + record.ms, record.ms == 0 ? base.seq + record.seq : record.seq};
  }
  // Whether the ID can be said relative to the base.
  bool fits(StreamId id) const {
    if (id < base) return false;
    const uint64_t seq = id.ms == base.ms ? id.seq - base.seq : id.seq;
    return id.ms - base.ms <= UINT32_MAX && seq <= UINT32_MAX;
  }
  // Makes the ID, which is below it, the base. False, and nothing has changed, if a record does not fit that.
  bool rebase(StreamId to) {
    for (uint32_t i = 0; i < size(); ++i) {
      const StreamId id = this->id(at(i));
      const uint64_t seq = id.ms == to.ms ? id.seq - to.seq : id.seq;
      if (id.ms - to.ms > UINT32_MAX || seq > UINT32_MAX) return false;
    }
    for (uint32_t i = 0; i < size(); ++i)
      at(i).set_id(id(at(i)), to);
    base = to;
    return true;
  }
  // The first record not below the ID.
  uint32_t lower_bound(StreamId id) const {
    if (id <= base) return 0;
    const uint64_t ms = id.ms - base.ms;
    if (ms > UINT32_MAX) return size();
    const uint64_t seq = ms == 0 ? id.seq - base.seq : id.seq;
    // A number with too many bits comes behind all records of its millisecond.
    const bool behind = seq > UINT32_MAX;
    const uint64_t wanted = ms << 32 | (behind ? UINT32_MAX : seq);
    const Record* first = records() + begin;
    const Record* last = records() + end;
    const Record* it = std::lower_bound(
        first, last, wanted, [](const Record& record, uint64_t place) { return record.place() < place; });
    if (behind && it != last && it->place() == wanted) ++it;
    return static_cast<uint32_t>(it - first);
  }

  // Makes an empty place at `record`. Requires: size() < capacity.
  void open(uint32_t record) {
    Record* const all = records();
    const bool room_in_front = begin > 0;
    if (room_in_front && (end == capacity || record < size() / 2)) {
      std::memmove(all + begin - 1, all + begin, record * sizeof(Record));
      --begin;
      return;
    }
    std::memmove(all + begin + record + 1, all + begin + record, (size() - record) * sizeof(Record));
    ++end;
  }
  void close(uint32_t record) {
    Record* const all = records();
    if (record < size() / 2) {
      std::memmove(all + begin + 1, all + begin, record * sizeof(Record));
      ++begin;
      return;
    }
    std::memmove(all + begin + record, all + begin + record + 1, (size() - record - 1) * sizeof(Record));
    --end;
  }
};

// --- Records

uint64_t PendingList::key_of(const Pending& pending) {
  if (pending.owned()) return time_bits(pending.time.value());
  if (pending.time) return kDueBit | time_bits(*pending.time);
  CHECK(pending.release < kDueBit);
  return pending.release;
}

PendingList::Record PendingList::make_record(const Leaf& leaf, const Pending& pending) {
  DCHECK(leaf.fits(pending.id));
  const uint64_t key = key_of(pending);
  Record record{};
  record.set_id(pending.id, leaf.base);
  record.key_low = static_cast<uint32_t>(key);
  record.key_high = static_cast<uint16_t>(key >> 32);
  CHECK(!pending.owned() || pending.consumer < kNobody);
  record.owner = pending.owned() ? pending.consumer : kNobody;
  record.set_orphaned(pending.orphaned);
  return record;
}

Pending PendingList::decode(const Leaf& leaf, uint32_t at) const {
  const Record& record = leaf.at(at);
  Pending pending;
  pending.id = leaf.id(record);
  pending.consumer = record.consumer();
  pending.orphaned = record.orphaned();
  const uint64_t key = record.key();
  if (pending.owned()) {
    pending.time = UnixMs{static_cast<int64_t>(key)};
  } else if ((key & kDueBit) != 0) {
    pending.time = UnixMs{static_cast<int64_t>(key & ~kDueBit)};
  } else {
    pending.release = key;
  }
  switch (record.deliveries) {
    case kCountInMap:
      pending.deliveries = more_.at(pending.id);
      break;
    case kCountIsMax:
      pending.deliveries = kDeliveriesMax;
      break;
    default:
      pending.deliveries = record.deliveries;
  }
  return pending;
}

void PendingList::set_deliveries(Record& record, StreamId id, uint64_t deliveries) {
  if (deliveries < kCountIsMax) {
    record.deliveries = static_cast<uint16_t>(deliveries);
  } else if (deliveries >= kDeliveriesMax) {
    record.deliveries = kCountIsMax;
  } else {
    record.deliveries = kCountInMap;
    more_[id] = deliveries;
  }
}

uint64_t PendingList::Bounds::least(Orders orders) const {
  uint64_t key = UINT64_MAX;
  for (size_t order = 0; order < kOrders; ++order) {
    if ((orders >> order & 1u) != 0) key = std::min(key, of[order]);
  }
  return key;
}

void PendingList::Bounds::lower(Order order, uint64_t key) {
  of[order] = std::min(of[order], key);
}

void PendingList::Bounds::lower(const Bounds& other) {
  for (size_t order = 0; order < kOrders; ++order)
    of[order] = std::min(of[order], other.of[order]);
}

PendingList::Bounds PendingList::exact_bounds(const Leaf& leaf) {
  Bounds bounds;
  for (uint32_t at = 0; at < leaf.size(); ++at)
    bounds.lower(leaf.at(at).order(), leaf.at(at).key());
  return bounds;
}

PendingList::Bounds PendingList::bounds_of_leaves(const Node& node) {
  Bounds bounds;
  for (const Ref& ref : node.leaves)
    bounds.lower(ref.bounds);
  return bounds;
}

PendingList::Orders PendingList::orders(Order order, Which which) {
  const Order orphaned = order == kHeld ? kHeldOrphaned : kUnownedOrphaned;
  return static_cast<Orders>(set_of(order) | (which == Which::kAll ? set_of(orphaned) : 0));
}

// --- Finding

// Where the ID is, or would be: in the last leaf whose lowest is not above it. Requires: not empty.
PendingList::Place PendingList::locate(StreamId id) const {
  const auto is_above = [](StreamId wanted, const auto& it) { return wanted < it.lowest; };
  size_t node = nodes_.size() - 1;
  if (id < nodes_[node].lowest) {
    const auto above = std::upper_bound(nodes_.begin(), nodes_.end(), id, is_above);
    node = above == nodes_.begin() ? 0 : static_cast<size_t>(above - nodes_.begin()) - 1;
  }
  const std::vector<Ref>& leaves = nodes_[node].leaves;
  size_t leaf = leaves.size() - 1;
  if (id < leaves[leaf].lowest) {
    const auto above = std::upper_bound(leaves.begin(), leaves.end(), id, is_above);
    leaf = above == leaves.begin() ? 0 : static_cast<size_t>(above - leaves.begin()) - 1;
  }
  const Leaf& found = *leaves[leaf].leaf;
  const uint32_t record = found.lower_bound(id);
  return {node, leaf, record, record < found.size() && found.id(found.at(record)) == id};
}

bool PendingList::contains(StreamId id) const {
  return !empty() && locate(id).found;
}

std::optional<Pending> PendingList::find(StreamId id) const {
  if (empty()) return std::nullopt;
  const Place place = locate(id);
  if (!place.found) return std::nullopt;
  return decode(*nodes_[place.node].leaves[place.leaf].leaf, place.record);
}

StreamId PendingList::last_id() const {
  CHECK(!empty());
  const Leaf& leaf = *nodes_.back().leaves.back().leaf;
  return leaf.id(leaf.at(leaf.size() - 1));
}

PendingList::Cursor PendingList::first_from(StreamId id, const Filter& filter) const {
  Cursor cursor;
  if (empty()) return cursor;
  const Place place = locate(id);
  cursor.list_ = this;
  cursor.filter_ = filter;
  cursor.node_ = place.node;
  cursor.leaf_ = place.leaf;
  cursor.record_ = place.record;
  cursor.settle();
  return cursor;
}

StreamId PendingList::Cursor::id() const {
  const Leaf& leaf = *list_->nodes_[node_].leaves[leaf_].leaf;
  return leaf.id(leaf.at(record_));
}

Pending PendingList::Cursor::pending() const {
  return list_->decode(*list_->nodes_[node_].leaves[leaf_].leaf, record_);
}

void PendingList::Cursor::next() {
  ++record_;
  settle();
}

void PendingList::Cursor::settle() {
  const uint64_t held_until = filter_.delivered_until ? time_bits(*filter_.delivered_until) : kKeyMax;
  const uint64_t bits = filter_.consumer ? Leaf::bit(*filter_.consumer) : UINT64_MAX;
  const auto may_pass = [&](const Bounds& bounds) {
    if (bounds.least(orders(kUnowned, Which::kAll)) != UINT64_MAX) return true;
    return !filter_.only_unowned && bounds.least(orders(kHeld, Which::kAll)) <= held_until;
  };
  for (; node_ < list_->nodes_.size(); ++node_, leaf_ = 0, record_ = 0) {
    const Node& node = list_->nodes_[node_];
    if (!may_pass(node.bounds)) continue;
    for (; leaf_ < node.leaves.size(); ++leaf_, record_ = 0) {
      const Ref& ref = node.leaves[leaf_];
      if (!may_pass(ref.bounds)) continue;
      if (filter_.consumer && (ref.leaf->consumers & bits) == 0) continue;
      for (; record_ < ref.leaf->size(); ++record_) {
        const Record& record = ref.leaf->at(record_);
        if (filter_.consumer && record.consumer() != *filter_.consumer) continue;
        if (record.owned() && (filter_.only_unowned || record.key() > held_until)) continue;
        return;
      }
    }
  }
  list_ = nullptr;
}

// --- Changing

std::optional<Pending> PendingList::put(const Pending& pending) {
  if (empty()) {
    insert({0, 0, 0, false}, pending);
    return std::nullopt;
  }
  const Place place = locate(pending.id);
  if (!place.found) {
    insert(place, pending);
    return std::nullopt;
  }
  Node& node = nodes_[place.node];
  Ref& ref = node.leaves[place.leaf];
  const Pending before = decode(*ref.leaf, place.record);
  Record& record = ref.leaf->at(place.record);
  if (record.deliveries == kCountInMap) more_.erase(pending.id);
  record = make_record(*ref.leaf, pending);
  record.set_orphaned(before.orphaned);
  set_deliveries(record, pending.id, pending.deliveries);
  ref.leaf->consumers |= Leaf::bit(pending.consumer);
  ref.bounds.lower(record.order(), record.key());
  node.bounds.lower(record.order(), record.key());
  unowned_ += pending.owned() ? 0 : 1;
  unowned_ -= before.owned() ? 0 : 1;
  return before;
}

void PendingList::insert(Place place, const Pending& pending) {
  Ref& ref = make_room(place, pending.id);
  Leaf& leaf = *ref.leaf;
  leaf.open(place.record);
  Record& record = leaf.at(place.record);
  record = make_record(leaf, pending);
  set_deliveries(record, pending.id, pending.deliveries);
  leaf.consumers |= Leaf::bit(pending.consumer);
  ref.bounds.lower(record.order(), record.key());
  Node& node = nodes_[place.node];
  node.bounds.lower(record.order(), record.key());
  ref.lowest = std::min(ref.lowest, pending.id);
  node.lowest = std::min(node.lowest, pending.id);
  ++size_;
  if (!pending.owned()) ++unowned_;
}

// Makes sure that the leaf at `place` takes the ID and has room; `place` may become another leaf's.
PendingList::Ref& PendingList::make_room(Place& place, StreamId id) {
  if (empty()) {
    nodes_.push_back({id, {}, {}});
    insert_leaf(place, Leaf::create(id, Leaf::kCapacities[0]), id);
    return nodes_[place.node].leaves[place.leaf];
  }
  Leaf* leaf = nodes_[place.node].leaves[place.leaf].leaf;
  const bool takes_it =
      leaf->fits(id) || (id < leaf->base && leaf->size() < Leaf::kCapacityMax && leaf->rebase(id));
  if (takes_it) {
    if (leaf->size() < leaf->capacity) return nodes_[place.node].leaves[place.leaf];
    if (leaf->capacity < Leaf::kCapacityMax) {
      Ref& ref = nodes_[place.node].leaves[place.leaf];
      resize_leaf(ref, Leaf::capacity_for(std::min(leaf->size() * 2, Leaf::kCapacityMax)));
      return ref;
    }
  }
  // The usual case of a full leaf is the last one, to which only greater IDs come: it stays full.
  const bool behind = place.record == leaf->size();
  const bool before = place.record == 0;
  if (!behind && !before) {
    const uint32_t middle = takes_it ? leaf->size() / 2 : place.record;
    split_leaf(place.node, place.leaf, middle);
    place = locate(id);
    return make_room(place, id);
  }
  // As large as a neighbour that is full; small where IDs lie far apart.
  const uint32_t capacity = takes_it ? Leaf::kCapacityMax : Leaf::kCapacities[0];
  if (behind) {
    ++place.leaf;
  } else {
    // It goes in front of a leaf that may claim IDs below its first record.
    nodes_[place.node].leaves[place.leaf].lowest = leaf->id(leaf->at(0));
  }
  place.record = 0;
  insert_leaf(place, Leaf::create(id, capacity), id);
  return nodes_[place.node].leaves[place.leaf];
}

// Links the leaf in at `place`; a node that is full is divided.
void PendingList::insert_leaf(Place& place, Leaf* leaf, StreamId lowest) {
  leaf_bytes_ += leaf->bytes();
  std::vector<Ref>* leaves = &nodes_[place.node].leaves;
  if (leaves->size() == kNodeLeavesMax) {
    // As with leaves: what grows at its end stays full.
    const size_t kept = place.leaf == kNodeLeavesMax ? kNodeLeavesMax : kNodeLeavesMax / 2;
    Node second;
    second.leaves.assign(leaves->begin() + static_cast<ptrdiff_t>(kept), leaves->end());
    second.lowest = second.leaves.empty() ? lowest : second.leaves.front().lowest;
    // Both halves keep the bounds of the whole: too low is allowed.
    if (!second.leaves.empty()) second.bounds = nodes_[place.node].bounds;
    leaves->resize(kept);
    nodes_.insert(nodes_.begin() + static_cast<ptrdiff_t>(place.node) + 1, std::move(second));
    if (place.leaf >= kept) {
      ++place.node;
      place.leaf -= kept;
    }
    leaves = &nodes_[place.node].leaves;
  }
  leaves->insert(leaves->begin() + static_cast<ptrdiff_t>(place.leaf), Ref{lowest, {}, leaf});
  nodes_[place.node].lowest = std::min(nodes_[place.node].lowest, lowest);
}

void PendingList::resize_leaf(Ref& ref, uint32_t capacity) {
  Leaf* const from = ref.leaf;
  Leaf* const to = Leaf::create(from->base, capacity);
  to->consumers = from->consumers;
  to->end = static_cast<uint16_t>(from->size());
  std::memcpy(to->records(), from->records() + from->begin, from->size() * sizeof(Record));
  leaf_bytes_ += to->bytes();
  leaf_bytes_ -= from->bytes();
  std::free(from);
  ref.leaf = to;
}

// The records from `at` on become a leaf of their own. Requires: 0 < at < size.
void PendingList::split_leaf(size_t node, size_t leaf, uint32_t at) {
  Ref& ref = nodes_[node].leaves[leaf];
  Leaf& from = *ref.leaf;
  // What can be said relative to the old base can be said relative to a later one.
  const StreamId base = from.id(from.at(at));
  const uint32_t moved = from.size() - at;
  Leaf* const second = Leaf::create(base, std::max(Leaf::capacity_for(moved), uint32_t{from.capacity}));
  second->consumers = from.consumers;
  second->end = static_cast<uint16_t>(moved);
  for (uint32_t i = 0; i < moved; ++i) {
    Record record = from.at(at + i);
    const StreamId id = from.id(record);
    record.set_id(id, base);
    second->records()[i] = record;
  }
  from.end = static_cast<uint16_t>(from.end - moved);
  const Bounds bounds = ref.bounds;
  Place place{node, leaf + 1, 0, false};
  insert_leaf(place, second, base);
  Node& owner = nodes_[place.node];
  owner.leaves[place.leaf].bounds = bounds;
  owner.bounds.lower(bounds);
}

std::optional<Pending> PendingList::remove(StreamId id) {
  if (empty()) return std::nullopt;
  const Place place = locate(id);
  if (!place.found) return std::nullopt;
  const Pending pending = decode(*nodes_[place.node].leaves[place.leaf].leaf, place.record);
  remove_at(place);
  return pending;
}

void PendingList::remove_at(const Place& place) {
  Ref& ref = nodes_[place.node].leaves[place.leaf];
  Leaf& leaf = *ref.leaf;
  const Record& record = leaf.at(place.record);
  if (record.deliveries == kCountInMap) more_.erase(leaf.id(record));
  if (!record.owned()) --unowned_;
  --size_;
  leaf.close(place.record);
  if (leaf.size() == 0) {
    remove_leaf(place.node, place.leaf);
    return;
  }
  // With some room kept, so that it is not soon too small again.
  const uint32_t capacity =
      Leaf::capacity_for(std::min(leaf.size() + leaf.size() / 8 + 1, Leaf::kCapacityMax));
  if (capacity < leaf.capacity) resize_leaf(ref, capacity);
  if (nodes_[place.node].leaves[place.leaf].leaf->size() >= Leaf::kCapacityMax / 2) return;
  // Two neighbours that fill three quarters of a leaf become one: room is left for what comes between them.
  merge_with_next(place.node, place.leaf);
  if (place.leaf > 0) merge_with_next(place.node, place.leaf - 1);
}

void PendingList::remove_leaf(size_t node, size_t leaf) {
  std::vector<Ref>& leaves = nodes_[node].leaves;
  leaf_bytes_ -= leaves[leaf].leaf->bytes();
  std::free(leaves[leaf].leaf);
  leaves.erase(leaves.begin() + static_cast<ptrdiff_t>(leaf));
  if (leaves.empty()) nodes_.erase(nodes_.begin() + static_cast<ptrdiff_t>(node));
}

// Requires: the leaf is there; no effect if there is no next one in the node, or the two are too large or too far
// apart.
void PendingList::merge_with_next(size_t node, size_t leaf) {
  std::vector<Ref>& leaves = nodes_[node].leaves;
  if (leaf + 1 >= leaves.size()) return;
  Ref& ref = leaves[leaf];
  const Ref next_ref = leaves[leaf + 1];
  Leaf& next = *next_ref.leaf;
  const uint32_t sum = ref.leaf->size() + next.size();
  if (sum > Leaf::kCapacityMax * 3 / 4) return;
  for (uint32_t i = 0; i < next.size(); ++i) {
    if (!ref.leaf->fits(next.id(next.at(i)))) return;
  }
  if (ref.leaf->begin + sum > ref.leaf->capacity) resize_leaf(ref, Leaf::capacity_for(sum));
  Leaf& into = *ref.leaf;
  for (uint32_t i = 0; i < next.size(); ++i) {
    Record record = next.at(i);
    const StreamId id = next.id(record);
    record.set_id(id, into.base);
    into.records()[into.end++] = record;
  }
  into.consumers |= next.consumers;
  ref.bounds.lower(next_ref.bounds);
  remove_leaf(node, leaf + 1);
}

size_t PendingList::remove_all_of(ConsumerNumber consumer) {
  const size_t size_before = size_;
  for (Node& node : nodes_) {
    for (Ref& ref : node.leaves) {
      Leaf& leaf = *ref.leaf;
      if ((leaf.consumers & Leaf::bit(consumer)) == 0) continue;
      leaf.consumers = 0;
      uint32_t kept = leaf.begin;
      for (uint32_t at = leaf.begin; at < leaf.end; ++at) {
        const Record record = leaf.records()[at];
        if (record.consumer() == consumer) {
          if (record.deliveries == kCountInMap) more_.erase(leaf.id(record));
          --size_;
          continue;
        }
        leaf.consumers |= Leaf::bit(record.consumer());
        leaf.records()[kept++] = record;
      }
      leaf.end = static_cast<uint16_t>(kept);
      if (leaf.size() > 0) {
        const uint32_t capacity = Leaf::capacity_for(leaf.size());
        if (capacity < leaf.capacity) resize_leaf(ref, capacity);
        continue;
      }
      leaf_bytes_ -= leaf.bytes();
      std::free(ref.leaf);
      ref.leaf = nullptr;
    }
    std::erase_if(node.leaves, [](const Ref& ref) { return ref.leaf == nullptr; });
  }
  std::erase_if(nodes_, [](const Node& node) { return node.leaves.empty(); });
  return size_before - size_;
}

// --- The other orders

void PendingList::orphan(StreamId first, StreamId last) {
  if (empty() || last_id() < first) return;
  const Place place = locate(first);
  uint32_t at = place.record;
  size_t leaf = place.leaf;
  for (size_t node = place.node; node < nodes_.size(); ++node, leaf = 0) {
    Node& it = nodes_[node];
    if (it.lowest > last) return;
    bool changed = false;
    for (; leaf < it.leaves.size(); ++leaf, at = 0) {
      Ref& ref = it.leaves[leaf];
      if (ref.lowest > last) break;
      const uint32_t begin = at;
      for (; at < ref.leaf->size() && ref.leaf->id(ref.leaf->at(at)) <= last; ++at)
        ref.leaf->at(at).set_orphaned(true);
      // What was left behind must not be looked at again for bounds that are too low.
      if (at > begin) ref.bounds = exact_bounds(*ref.leaf);
      changed |= at > begin;
      if (at < ref.leaf->size()) break;
    }
    if (changed) it.bounds = bounds_of_leaves(it);
  }
}

void PendingList::adopt(StreamId id) {
  if (empty()) return;
  const Place place = locate(id);
  if (!place.found) return;
  Node& node = nodes_[place.node];
  Ref& ref = node.leaves[place.leaf];
  Record& record = ref.leaf->at(place.record);
  record.set_orphaned(false);
  ref.bounds.lower(record.order(), record.key());
  node.bounds.lower(record.order(), record.key());
}

void PendingList::visit(Orders orders, uint64_t key_min, uint64_t key_max, const Visit& each) const {
  // What may hold, or is, the next one. Of equal keys, the lower ID first: a leaf then comes before its records.
  struct Candidate {
    uint64_t key;
    StreamId id;
    Node* node;
    Ref* leaf;
    uint32_t record;
    bool operator>(const Candidate& other) const {
      if (key != other.key) return key > other.key;
      if (id != other.id) return id > other.id;
      return is_record() && !other.is_record();
    }
    bool is_record() const { return node == nullptr && leaf == nullptr; }
  };
  struct Found {
    Leaf* leaf;
    uint32_t record;
  };
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  std::vector<Found> found;  // what record numbers mean
  for (Node& node : nodes_) {
    const uint64_t bound = node.bounds.least(orders);
    if (bound <= key_max) candidates.push({bound, node.lowest, &node, nullptr, 0});
  }
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    if (best.node != nullptr) {
      for (Ref& ref : best.node->leaves) {
        const uint64_t bound = ref.bounds.least(orders);
        if (bound <= key_max) candidates.push({bound, ref.lowest, nullptr, &ref, 0});
      }
      best.node->bounds = bounds_of_leaves(*best.node);
    } else if (best.leaf != nullptr) {
      Leaf& leaf = *best.leaf->leaf;
      searched_ += leaf.size();
      for (uint32_t at = 0; at < leaf.size(); ++at) {
        const Record& record = leaf.at(at);
        if ((orders & set_of(record.order())) == 0) continue;
        if (record.key() < key_min || record.key() > key_max) continue;
        candidates.push(
            {record.key(), leaf.id(record), nullptr, nullptr, static_cast<uint32_t>(found.size())});
        found.push_back({&leaf, at});
      }
      best.leaf->bounds = exact_bounds(leaf);
    } else {
      const Found& it = found[best.record];
      if (!each(decode(*it.leaf, it.record))) return;
    }
  }
}

void PendingList::visit_held(UnixMs until, const Visit& each, Which which) const {
  if (until.count >= 0) visit(orders(kHeld, which), 0, time_bits(until), each);
}

void PendingList::visit_unowned(UnixMs until, const Visit& each, Which which) const {
  if (unowned_ > 0) visit(orders(kUnowned, which), 0, kDueBit | time_bits(until), each);
}

void PendingList::visit_unowned_after(UnixMs after, const Visit& each) const {
  if (unowned_ > 0) visit(orders(kUnowned, Which::kAll), (kDueBit | time_bits(after)) + 1, kKeyMax, each);
}

std::optional<UnixMs> PendingList::oldest_held() const {
  std::optional<UnixMs> oldest;
  visit(orders(kHeld, Which::kAll), 0, kKeyMax, [&oldest](const Pending& pending) {
    oldest = pending.time;
    return false;
  });
  return oldest;
}

// --- As a whole

size_t PendingList::bytes() const {
  // A node of the map: its links, the pair, and what the allocator adds.
  constexpr size_t kMapNodeBytes = 80;
  size_t bytes = leaf_bytes_ + nodes_.capacity() * sizeof(Node) + more_.size() * kMapNodeBytes;
  for (const Node& node : nodes_)
    bytes += node.leaves.capacity() * sizeof(Ref);
  return bytes;
}

bool PendingList::free_some(size_t& leaves_max) {
  more_.clear();
  while (!nodes_.empty()) {
    std::vector<Ref>& leaves = nodes_.back().leaves;
    for (; !leaves.empty() && leaves_max > 0; --leaves_max) {
      size_ -= leaves.back().leaf->size();
      leaf_bytes_ -= leaves.back().leaf->bytes();
      std::free(leaves.back().leaf);
      leaves.pop_back();
    }
    if (!leaves.empty()) return false;
    nodes_.pop_back();
  }
  size_ = unowned_ = 0;
  return true;
}

void PendingList::clear() {
  size_t leaves_max = SIZE_MAX;
  free_some(leaves_max);
}

void PendingList::check_invariants() const {
  size_t size = 0;
  size_t unowned = 0;
  size_t more = 0;
  size_t bytes = 0;
  std::optional<StreamId> before;
  for (const Node& node : nodes_) {
    CHECK(!node.leaves.empty() && node.leaves.size() <= kNodeLeavesMax);
    CHECK(!before || *before < node.lowest);
    CHECK(node.lowest <= node.leaves.front().lowest);
    for (const Ref& ref : node.leaves) {
      const Leaf& leaf = *ref.leaf;
      CHECK(leaf.size() > 0 && leaf.end <= leaf.capacity);
      CHECK(!before || *before < ref.lowest);
      bytes += leaf.bytes();
      for (uint32_t at = 0; at < leaf.size(); ++at) {
        const Record& record = leaf.at(at);
        const StreamId id = leaf.id(record);
        CHECK(leaf.fits(id));
        CHECK(!before || *before < id);
        CHECK(ref.lowest <= id);
        before = id;
        CHECK(ref.bounds.of[record.order()] <= record.key());
        CHECK(node.bounds.of[record.order()] <= record.key());
        CHECK((leaf.consumers & Leaf::bit(record.consumer())) == Leaf::bit(record.consumer()));
        if (!record.owned()) ++unowned;
        if (record.deliveries == kCountInMap) {
          CHECK(more_.count(id) == 1);
          ++more;
        }
        ++size;
      }
    }
  }
  CHECK(size == size_);
  CHECK(unowned == unowned_);
  CHECK(more == more_.size());
  CHECK(bytes == leaf_bytes_);
}

}  // namespace sluice
