// SPDX-License-Identifier: MIT
//
// Client-side caching: a client that tracks is told when what it may have kept is no longer so.
//
//   by key        the server notes which keys the client has read; the first change of one is told to all who
//                 read it, and forgets them: they are told again only after they have read again
//   by broadcast  the client names prefixes; every change of a key that begins so is told, one message per turn
//
// What the table of read keys has grown beyond its bound (tracking-table-max-keys), it gives up: those who read such
// a key are told as if it had changed. Keys count without their database, as in Redis.
//
// Invariant: clients_ counts the sessions whose `tracking` is set; a prefix in prefixes_ has clients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/core/owned_words.h"

namespace sluice::core {

class Server;
struct CommandSpec;
struct Session;

// How a client wants to be told.
struct TrackingMode {
  bool broadcast = false;
  bool opt_in = false;                // only keys read by a command right behind CLIENT CACHING YES
  bool opt_out = false;               // not those read by a command right behind CLIENT CACHING NO
  bool no_loop = false;               // not of its own changes
  uint64_t redirect = 0;              // the client that is told instead; 0: itself
  std::vector<std::string> prefixes;  // of a broadcast
  // --- What came of it
  bool redirect_broken = false;  // that client is gone
  bool caching = false;          // CLIENT CACHING has been said, for the next command
};

// Readers of a key that may be gone already are looked for when there are more than twice as many as there are
// clients that track, and this many.
inline constexpr size_t kReadersUncheckedMax = 16;

class Tracking {
 public:
  explicit Tracking(Server& server) : server_(server) {}

  // Whether it has to be told of changes. What a client has read stays noted when it stops, as in Redis: it may begin
  // again, and still have it.
  bool active() const { return clients_ > 0 || !readers_.empty(); }
  size_t clients() const { return clients_; }
  size_t keys() const { return readers_.size(); }
  size_t items() const { return items_; }  // pairs of a key and a reader
  size_t prefixes() const { return prefixes_.size(); }

  // Begins, or goes on with other options and further prefixes.
  void enable(Session& session, TrackingMode mode);
  void disable(Session& session);

  // The session, which tracks, has run this reading command.
  void note_read(Session& session, const CommandSpec& spec, Words words);
  // The key has changed; `by` is nullptr if no client did it.
  void invalidate(const Session* by, std::string_view key);
  // All keys have.
  void invalidate_all();
  // Sends what is to be broadcast.
  void end_turn();

 private:
  using Keys = std::optional<std::span<const std::string_view>>;  // nullopt: all
  using Readers = std::set<uint64_t>;                             // sessions by id: they may be gone
  struct Prefix {
    std::set<uint64_t> clients;
    // What changed in this turn, and who was the first to change it (0: nobody).
    std::map<std::string, uint64_t, std::less<>> changed;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void tell(Session& session, Keys keys);
  void note_reader(Session& session, std::string_view key);
  void forget_readers_gone(Readers& readers);
  void give_up_keys();
  void broadcast(const Prefix& prefix);

  Server& server_;
  size_t clients_ = 0;
  size_t items_ = 0;
  std::unordered_map<std::string, Readers, Hash, std::equal_to<>> readers_;
  std::map<std::string, Prefix, std::less<>> prefixes_;
  bool changed_ = false;  // some prefix has something to tell
};

}  // namespace sluice::core
