// SPDX-License-Identifier: MIT
//
// The pending entries of a consumer group: delivered, not acknowledged. Twenty bytes each, packed into leaves in the
// order of IDs; no entry has an allocation of its own.
//
//   nodes   [ lowest, bounds ] [ lowest, bounds ] ...         one vector, a node for up to 64 leaves
//                │
//   leaves  [ lowest, bounds ] [ lowest, bounds ] ...         one vector in each node
//                │
//   records [ ID relative to the leaf's base | time | deliveries | consumer ] ...   up to 62 in a leaf
//
// An entry is held by a consumer, or unowned: released, or due at some time that may lie in the future. There are two
// more orders than that of IDs, one for each:
//
//   held      by the time of delivery, so the one that has been idle longest comes first
//   unowned   those that were released, in the order of the releases; then by the time at which they are due
//
// An entry that the stream has lost can still be pending: it is *orphaned*. Nobody who looks for something to deliver
// wants to meet those, and there may be any number of them, so each order has them apart: a search leaves them out, or
// takes both parts merged.
//
// None of these orders is stored. A leaf, and a node, keeps for each order a bound that none of its records comes
// before, and a search takes what has the least bound first (best first), down to the record. Removing a record leaves
// the bounds as they are, too low perhaps; a search that comes to see it puts them right. So adding the newest and
// removing any cost nothing for the orders, and "is anybody idle for so long?" looks at no record unless there is one.
// Of equal times the lower ID comes first.
//
// A leaf also keeps which consumers it has records of, as 64 bits, so that one consumer's entries are found without
// looking into the leaves of others.
//
// An ID that does not fit its neighbours' base (seven weeks, four thousand million numbers in a millisecond) gets
// another leaf; the first leaves are small.
//
// Invariants (check_invariants):
//  * IDs rise strictly; no leaf and no node is empty.
//  * no record comes before the bounds of its leaf and its node; a leaf's bits have those of its records.
//  * whether a record is orphaned is the stream's to say (Stream::check_invariants).
//  * more_ holds exactly the counts that a record cannot.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "engine/base/time.h"
#include "engine/stream_id.h"

namespace sluice {

// A consumer's number within its group.
using ConsumerNumber = uint32_t;
inline constexpr ConsumerNumber kNoConsumer = UINT32_MAX;

// Times above this are stored as this; it is in the year 6429.
inline constexpr UnixMs kPendingTimeMax{(int64_t{1} << 47) - 1};
// Deliveries are counted up to here, and no further.
inline constexpr uint64_t kDeliveriesMax = INT64_MAX;

struct Pending {
  StreamId id = {};
  ConsumerNumber consumer = kNoConsumer;
  // Held: when it was delivered last. Unowned: when it is due; none if it was released.
  std::optional<UnixMs> time = {};
  // Released: its place in the order of releases, below 2^47.
  uint64_t release = 0;
  uint64_t deliveries = 0;
  // The stream does not have the entry any more.
  bool orphaned = false;

  bool owned() const { return consumer != kNoConsumer; }
};

class PendingList {
 public:
  // Which entries a walk by ID shows; those of leaves that have none are passed over unseen.
  struct Filter {
    std::optional<ConsumerNumber> consumer = {};
    // Delivered at that time or before. Unowned ones always pass.
    std::optional<UnixMs> delivered_until = {};
    bool only_unowned = false;
  };

  // Any change of the list ends its validity, but a put() of an entry that is there.
  class Cursor {
   public:
    bool at_end() const { return list_ == nullptr; }
    // These require: not at the end.
    StreamId id() const;
    Pending pending() const;
    void next();

   private:
    friend class PendingList;
    // Stands where it is if that passes, else on the next one that does.
    void settle();

    const PendingList* list_ = nullptr;
    Filter filter_;
    size_t node_ = 0;
    size_t leaf_ = 0;
    uint32_t record_ = 0;
  };

  PendingList() = default;
  ~PendingList() { clear(); }
  PendingList(const PendingList&) = delete;
  PendingList& operator=(const PendingList&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // How many are unowned.
  size_t unowned() const { return unowned_; }

  bool contains(StreamId id) const;
  std::optional<Pending> find(StreamId id) const;
  // The first entry not below `id` that passes. O(log n).
  Cursor first_from(StreamId id) const { return first_from(id, Filter()); }
  Cursor first_from(StreamId id, const Filter& filter) const;
  Cursor first() const { return first_from(kStreamIdMin); }
  // The greatest ID. Requires: not empty.
  StreamId last_id() const;

  // Adds the entry, or changes it; one that is there stays orphaned, or not, as it was. Returns what it replaced.
  std::optional<Pending> put(const Pending& pending);
  // Returns what was removed; nothing if there is no such entry.
  std::optional<Pending> remove(StreamId id);
  // Removes all that the consumer holds and returns how many those were. O(n), leaf by leaf.
  size_t remove_all_of(ConsumerNumber consumer);

  // All from `first` to `last` are orphaned. O(log n + those, and their leaves).
  void orphan(StreamId first, StreamId last);
  // The stream has the entry again. No effect if it is not pending.
  void adopt(StreamId id);

  // What a search in the other orders is to find.
  enum class Which : uint8_t { kAll, kDeliverable };  // kDeliverable: without the orphaned
  // Visits what has been held since `until` or longer, the longest first, until `visit` returns false.
  using Visit = std::function<bool(const Pending&)>;
  void visit_held(UnixMs until, const Visit& visit, Which which = Which::kAll) const;
  // Visits what is unowned: the released, first come first, then what is due at `until` or before, the oldest first.
  void visit_unowned(UnixMs until, const Visit& visit, Which which = Which::kAll) const;
  // The same, of what is due later than `after`: the first that will be comes first.
  void visit_unowned_after(UnixMs after, const Visit& visit) const;
  // When the entry was delivered that has been held for longest.
  std::optional<UnixMs> oldest_held() const;
  // How many records those searches have looked at, ever: what they cost.
  uint64_t searched() const { return searched_; }

  // Heap memory held, in bytes.
  size_t bytes() const;
  // Frees leaves of a list that nobody uses any more, at most so many, and lowers `leaves_max` by what it did; true
  // when nothing is left.
  bool free_some(size_t& leaves_max);
  void clear();
  void check_invariants() const;

 private:
  enum Order : uint8_t { kHeld, kUnowned, kHeldOrphaned, kUnownedOrphaned };
  static constexpr size_t kOrders = 4;
  // A set of orders.
  using Orders = uint8_t;
  static constexpr Orders set_of(Order order) { return static_cast<Orders>(1u << order); }
  struct Bounds {
    std::array<uint64_t, kOrders> of;
    Bounds() { of.fill(UINT64_MAX); }
    uint64_t least(Orders orders) const;
    void lower(Order order, uint64_t key);
    void lower(const Bounds& other);
  };
  struct Record;
  struct Leaf;
  struct Ref {
    StreamId lowest;  // not above the first record
    Bounds bounds;
    Leaf* leaf;
  };
  struct Node {
    StreamId lowest;
    Bounds bounds;
    std::vector<Ref> leaves;
  };
  struct Place {
    size_t node;
    size_t leaf;
    uint32_t record;
    bool found;
  };
  static constexpr size_t kNodeLeavesMax = 64;

  static Record make_record(const Leaf& leaf, const Pending& pending);
  static uint64_t key_of(const Pending& pending);
  Pending decode(const Leaf& leaf, uint32_t record) const;
  Place locate(StreamId id) const;
  void insert(Place place, const Pending& pending);
  Ref& make_room(Place& place, StreamId id);
  void insert_leaf(Place& place, Leaf* leaf, StreamId lowest);
  void resize_leaf(Ref& ref, uint32_t capacity);
  void split_leaf(size_t node, size_t leaf, uint32_t at);
  void remove_at(const Place& place);
  void remove_leaf(size_t node, size_t leaf);
  void merge_with_next(size_t node, size_t leaf);
  void set_deliveries(Record& record, StreamId id, uint64_t deliveries);
  static Bounds exact_bounds(const Leaf& leaf);
  static Bounds bounds_of_leaves(const Node& node);
  static Orders orders(Order order, Which which);
  void visit(Orders orders, uint64_t key_min, uint64_t key_max, const Visit& each) const;

  // The bounds in it rise when a search finds that they can; nothing else changes in a const list.
  mutable std::vector<Node> nodes_;
  std::map<StreamId, uint64_t> more_;  // deliveries that are too many for a record
  size_t size_ = 0;
  size_t unowned_ = 0;
  size_t leaf_bytes_ = 0;
  mutable uint64_t searched_ = 0;
};

}  // namespace sluice
