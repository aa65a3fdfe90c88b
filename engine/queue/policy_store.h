// SPDX-License-Identifier: MIT
//
// The policies that are set, by (database, key) for lists and by (database, key, group) for consumer groups. They lie
// beside the keyspace: what they belong to may come and go.
//
// The order of setting is logged state: policies are listed in it, a rewrite writes them in it, and of two groups with
// something due in the same millisecond the one whose policy was set first has its turn first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "engine/base/timer_heap.h"
#include "engine/queue/policy.h"
#include "engine/queue/rate_window.h"

namespace sluice {

class ManagedGroup;

// What a policy belongs to. A group without a name has none: the empty name stands for the list.
struct PolicyName {
  int db;
  std::string key;
  std::string group;
};
struct PolicyNameView {
  int db;
  std::string_view key;
  std::string_view group;
};

// A policy, and what lies with it. Armed while somebody who waits has to be woken at some time: because the rate allows
// the next delivery, or an entry of the group comes due.
struct PolicySlot : Timer {
  Policy policy;
  RateWindow deliveries;
  const PolicyName* name = nullptr;
  uint64_t serial = 0;            // the order of setting
  ManagedGroup* group = nullptr;  // the group that it is for, while there is one
  bool of_group() const { return !name->group.empty(); }
};

class PolicyStore {
 public:
  size_t size() const { return slots_.size(); }
  bool empty() const { return slots_.empty(); }
  // How many are of groups.
  size_t groups() const { return groups_; }

  // Valid until the policy is removed; nullptr if there is none.
  PolicySlot* find(int db, std::string_view key, std::string_view group = {}) {
    if (slots_.empty()) return nullptr;
    const auto found = slots_.find(PolicyNameView{db, key, group});
    return found == slots_.end() ? nullptr : &found->second;
  }
  const PolicySlot* find(int db, std::string_view key, std::string_view group = {}) const {
    return const_cast<PolicyStore*>(this)->find(db, key, group);
  }
  // Requires: there is none of that name.
  PolicySlot& add(int db, std::string_view key, std::string_view group) {
    const auto added =
        slots_.try_emplace(PolicyName{db, std::string(key), std::string(group)}, PolicySlot()).first;
    PolicySlot& slot = added->second;
    slot.name = &added->first;
    slot.serial = ++serial_last_;
    by_serial_.emplace(slot.serial, &slot);
    if (slot.of_group()) ++groups_;
    return slot;
  }
  // Requires: not armed.
  void remove(PolicySlot& slot) {
    if (slot.of_group()) --groups_;
    by_serial_.erase(slot.serial);
    slots_.erase(slots_.find(*slot.name));
  }
  // Those of a database, in the order of their names. `visit` must change none.
  template <typename Visit>
  void for_each_of(int db, const Visit& visit) const {
    const auto end = slots_.end();
    for (auto at = slots_.lower_bound(PolicyNameView{db, {}, {}}); at != end && at->first.db == db; ++at)
      visit(at->first);
  }
  // In the order of setting.
  const std::map<uint64_t, PolicySlot*>& in_order() const { return by_serial_; }

 private:
  struct Before {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return parts(a) < parts(b);
    }
    template <typename Name>
    static std::tuple<int, std::string_view, std::string_view> parts(const Name& name) {
      return {name.db, name.key, name.group};
    }
  };

  std::map<PolicyName, PolicySlot, Before> slots_;
  std::map<uint64_t, PolicySlot*> by_serial_;
  uint64_t serial_last_ = 0;
  size_t groups_ = 0;
};

}  // namespace sluice
