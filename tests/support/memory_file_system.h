// SPDX-License-Identifier: MIT
//
// A disk in memory that forgets as a disk does. Bytes are durable after File::sync, names after sync_directory; crash()
// throws away what is not, in one of the ways that a power cut may choose.
//
//   not durable at the crash     what is found afterwards
//   bytes behind the last sync   any front part of them; where asked for, zeros or garbage instead of the rest
//   a truncation                 done or not
//   bytes whose sync failed      zeros or there, even if a later sync of the file succeeded
//   a name made, removed, moved  each done or not, in any mixture
//
// Files that were open at the crash are dead: every call on them fails with EIO. Paths are taken as they are, no "..".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "persistence/file_system.h"

namespace sluice {

// Gives a number from 0 to `max`, both included: the chance that decides a crash. Its own kind of stream, so
// that a test can also count through all choices.
using Choose = std::function<uint64_t(uint64_t max)>;

class MemoryFileSystem final : public FileSystem {
 public:
  enum class Tail : uint8_t { kNothing, kMayBeZeros, kMayBeGarbage };

  MemoryFileSystem();
  // Two disks with the same content; files open on one stay with it.
  MemoryFileSystem(const MemoryFileSystem& other);
  MemoryFileSystem& operator=(const MemoryFileSystem&) = delete;

  Io<std::unique_ptr<File>> create(const std::string& path) override;
  Io<std::unique_ptr<File>> open_append(const std::string& path) override;
  Io<std::unique_ptr<File>> open_read(const std::string& path) override;
  Io<void> rename(const std::string& from, const std::string& to) override;
  Io<void> remove(const std::string& path) override;
  Io<bool> exists(const std::string& path) override;
  Io<bool> is_directory(const std::string& path) override;
  Io<std::vector<std::string>> list(const std::string& directory) override;
  Io<void> make_directory(const std::string& directory) override;
  Io<void> sync_directory(const std::string& directory) override;

  // Power cut.
  void crash(const Choose& choose, Tail tail = Tail::kNothing);
  // The process ends, the system goes on: nothing is lost, open files are dead.
  void kill() { ++*epoch_; }

  // For tests to look at and to tamper with; what is set is durable. The file must exist for content().
  bool has(const std::string& path) const;
  std::string content(const std::string& path) const;
  void set_content(const std::string& path, std::string_view bytes);

  // A sync of the file has failed: what it should have made durable may be lost whatever comes later.
  static void lose_unsynced(File& file);

 private:
  struct Node {
    std::string bytes;
    size_t synced = 0;                                // bytes in front that a crash keeps
    std::optional<std::string> untruncated;           // what a crash may bring back
    std::vector<std::pair<size_t, size_t>> doubtful;  // from, to: a failed sync lost them, perhaps
    std::optional<size_t> written_again;              // from there on, the next sync saves the doubtful too
  };
  using NodePtr = std::shared_ptr<Node>;  // a removed file lives on while it is open
  class OpenFile;
  struct NameChange {
    std::string removed;  // empty: none
    std::string added;    // empty: none
    NodePtr node;
  };
  struct Directory {
    std::map<std::string, NodePtr> names;
    std::map<std::string, NodePtr> names_durable;
    std::vector<NameChange> changes;  // from names_durable to names
    bool durable = true;              // its own name in the directory above
  };

  Directory* directory_of(const std::string& path);
  NodePtr find(const std::string& path) const;
  static void apply(const NameChange& change, std::map<std::string, NodePtr>& names);
  static void crash_node(Node& node, const Choose& choose, Tail tail);

  std::map<std::string, Directory> directories_;
  std::shared_ptr<uint64_t> epoch_;  // of the machine; files opened in an earlier one are dead
};

}  // namespace sluice
