// SPDX-License-Identifier: MIT
//
// What a stream knows of which entries its groups refer to, so that a trim that must leave those alone does not look at
// the same ones each time.
//
//   entries   ────────────────●●────────●───────────────┬──────────────────────►
//             pending         let go    let go          until: nothing is known
//                            (ranges in which one may be no longer pending)
//
// A trim walks the ranges, then goes on from `until`; what it walks over and leaves is pending and need not be walked
// again. A group that lets go of an entry makes a range of it. So each entry is looked at once after it was delivered,
// and once for each acknowledgement. There are only so many ranges; neighbours become one when there are more, and what
// lies between them is then looked at once more.
//
// Derived from the stream and its groups, and no logged state. The stream that has no such trim has no such object.
//
// Invariant (Stream::check_invariants): every entry of the stream below `until` and in no range is pending in a group.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "engine/stream_id.h"

namespace sluice {

class ReferencedFront {
 public:
  static constexpr size_t kRangesMax = 4096;

  struct Range {
    StreamId first;
    StreamId last;
    friend bool operator==(const Range&, const Range&) = default;
  };

  // What is to be looked at first; in the end all from `until` on.
  Range next() const;
  // Entries of next() before `id` are gone, or pending. Beyond its end: all of it.
  void settle(StreamId id);
  // No group, perhaps, has the entry pending any more.
  void let_go(StreamId id);
  // Nothing is known any more.
  void forget();

  // Whether the entry is known to be pending.
  bool knows(StreamId id) const;
  size_t ranges() const { return ranges_.size(); }
  // How many entries trims have looked at, ever: what they cost.
  uint64_t looked_at() const { return looked_at_; }
  void count_looked_at() { ++looked_at_; }
  size_t bytes() const;

 private:
  void join_neighbours();

  std::map<StreamId, StreamId> ranges_;  // first and last; below until_
  StreamId until_;
  uint64_t looked_at_ = 0;
};

}  // namespace sluice
