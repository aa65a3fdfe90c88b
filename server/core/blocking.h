// SPDX-License-Identifier: MIT
//
// Clients that wait for a key. Waiters of a key are served in the order in which they began to wait, after the command
// (or transaction) that made the key ready, never in its middle. Serving one may make further keys ready: a loop works
// until there are none, without recursion.
//
// A waiter is served by running its command again. If the command has nothing to do it calls block() again and the
// waiter stays where it is; otherwise it has replied, and the waiter leaves all keys that it waited on.
//
// Invariants: a session waits at most once; a Wait has one Node per key (a key named twice counts once), each linked in
// that key's list; a key without waiters is not in the table.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/timer_heap.h"
#include "server/core/key_name.h"
#include "server/core/owned_words.h"

namespace sluice {
class Entry;
}

namespace sluice::core {

struct CommandSpec;
struct Session;

// What a waiter needs a key to be. A new kind is an enumerator here and a case in worth_trying().
enum class WaitKind : uint8_t {
  kListElement,      // a list with so many ready elements
  kQueueMessage,     // a list with a ready element, for QRESERVE
  kSortedSetMember,  // a sorted set
  kStream,           // any stream: which entries count, only the command knows
  kStreamGroup,  // anything: if the stream or its group is gone, the command run again says so, and the wait has failed
  kLog,  // no key: that the log is on disk up to some record
};
inline constexpr size_t kWaitKinds = 6;

// What a command waits for.
struct WaitFor {
  WaitFor(WaitKind kind_in, uint64_t elements_in = 1)
      : kind(kind_in), elements(elements_in) {}  // NOLINT: reads as meant
  WaitKind kind;
  uint64_t elements;  // kListElement: how many a list must have
};

// Whether a waiter's command should be run again now that its key holds this (nullptr: nothing). "Yes" may be wrong,
// the command then waits on; "no" must be right.
bool worth_trying(const WaitFor& wanted, const Entry* entry);
// Whether any waiter of this kind can be served from this; if not, none needs to be looked at.
bool worth_trying(WaitKind kind, const Entry* entry);

struct KeyWaiters;

struct WaitNode {
  struct Wait* wait = nullptr;
  KeyWaiters* key = nullptr;
  WaitNode* previous = nullptr;
  WaitNode* next = nullptr;
};

// When a waiter's command is to be run again, whether its key has changed or not.
struct RunAgainTimer : Timer {
  struct Wait* wait = nullptr;
};

struct Wait : Timer {
  Session* session = nullptr;
  const CommandSpec* spec = nullptr;
  WaitFor wanted = WaitKind::kListElement;
  OwnedWords words;
  std::vector<WaitNode> nodes;  // never resized once linked
  RunAgainTimer again;
};

struct KeyWaiters {
  int db = 0;
  std::string key;
  WaitNode* first = nullptr;
  WaitNode* last = nullptr;
  size_t waiters = 0;
  std::array<uint32_t, kWaitKinds> of_kind{};  // how many of them are of each kind
  bool ready = false;                          // is in Blocking's ready list

  // Whether there is a waiter whom this could serve.
  bool worth_trying(const Entry* entry) const;
};

class Blocking {
 public:
  // `hash_seed` decides nothing that anybody sees.
  explicit Blocking(uint64_t hash_seed);
  ~Blocking();

  // Begins to wait. Requires: the session does not wait.
  void add(Session& session, const CommandSpec& spec, const WaitFor& wanted, int db,
           std::span<const std::string_view> keys, Words words, std::optional<MonoMs> deadline);
  // Ends the wait: served, timed out, killed or gone.
  void remove(Session& session);

  size_t waiters() const { return sessions_; }
  // How many of them do not wait for ever.
  size_t waiters_with_timeout() const { return deadlines_.size(); }
  // How many keys somebody waits on.
  size_t keys() const { return keys_.size(); }
  // How many wait on the key for a queue message.
  size_t waiters_on(int db, std::string_view key) const;
  // How many waiters of a kind there are whose command has words that count. O(waiters of the key).
  size_t waiters_on(int db, std::string_view key, WaitKind kind,
                    const std::function<bool(Words)>& counts) const;

  // The key may have something for its waiters.
  void signal(int db, std::string_view key);
  // All keys of the database that anybody waits on.
  void signal_all(int db);
  // The next signalled key in the order of signalling, taken off the list; nullptr if there is none. Valid until the
  // last waiter leaves it.
  KeyWaiters* take_ready();
  bool has_ready() const { return ready_next_ < ready_.size(); }

  // Those who wait for the log, first come first; nullptr if there are none.
  WaitNode* log_waiters() const { return log_.first; }

  // The first waiter whose deadline is at or before `now`, or nullptr.
  Session* first_overdue(MonoMs now) const;
  MonoMs next_timeout() const { return MonoMs{deadlines_.first_when()}; }
  MonoMs next_deadline() const { return MonoMs{std::min(deadlines_.first_when(), again_.first_when())}; }

  // The waiter's command is run again then, if it still waits. Requires: it does.
  void run_again_at(Session& session, MonoMs when);
  // The first waiter whose command is to be run again at or before `now`, or nullptr; it is taken off the list.
  Session* take_to_run_again(MonoMs now);

 private:
  KeyWaiters& waiters_of(int db, std::string_view key);
  static void link(Wait& wait, KeyWaiters& waiters);
  void unlink(WaitNode& node);

  KeyNameTable<std::unique_ptr<KeyWaiters>> keys_;
  std::vector<KeyName>
      ready_;  // names, not pointers: a signalled key may lose its waiters before it is served
  size_t ready_next_ = 0;
  KeyWaiters log_;  // not a key's
  TimerHeap deadlines_;
  TimerHeap again_;
  uint64_t added_ = 0;  // breaks ties of deadlines: first come, first released
  size_t sessions_ = 0;
};

}  // namespace sluice::core
