// SPDX-License-Identifier: MIT
#include "tests/support/memory_file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/base/check.h"

namespace sluice {
namespace {

// "a//b/" is not normalized; only what our code makes of paths: no slash at the end.
std::string trimmed(std::string path) {
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  return path;
}

constexpr uint64_t kByteMax = 255;

}  // namespace

class MemoryFileSystem::OpenFile final : public File {
 public:
  OpenFile(NodePtr node, std::shared_ptr<uint64_t> epoch, bool writable)
      : node_(std::move(node)), epoch_(std::move(epoch)), opened_in_(*epoch_), writable_(writable) {}

  Io<size_t> append(std::string_view bytes) override {
    if (dead() || !writable_) return IoError{dead() ? EIO : EBADF};
    node_->bytes.append(bytes);
    return bytes.size();
  }
  Io<void> sync() override {
    if (dead()) return IoError{EIO};
    node_->synced = node_->bytes.size();
    node_->untruncated.reset();
    if (const auto from = std::exchange(node_->written_again, std::nullopt)) {
      std::erase_if(node_->doubtful, [from](auto& range) {
        range.second = std::min(range.second, *from);
        return range.first >= range.second;
      });
    }
    return {};
  }
  Io<void> write_again(uint64_t offset) override {
    if (dead() || !writable_) return IoError{dead() ? EIO : EBADF};
    node_->written_again = std::min(node_->written_again.value_or(SIZE_MAX), static_cast<size_t>(offset));
    return {};
  }
  Io<size_t> read_at(uint64_t offset, char* to, size_t size) override {
    if (dead()) return IoError{EIO};
    if (offset >= node_->bytes.size()) return size_t{0};
    size = std::min<size_t>(size, node_->bytes.size() - offset);
    std::memcpy(to, node_->bytes.data() + offset, size);
    return size;
  }
  Io<uint64_t> size() override {
    if (dead()) return IoError{EIO};
    return uint64_t{node_->bytes.size()};
  }
  Io<void> truncate(uint64_t size) override {
    if (dead() || !writable_) return IoError{dead() ? EIO : EBADF};
    if (size < node_->synced) {
      if (!node_->untruncated) node_->untruncated = node_->bytes.substr(0, node_->synced);
      node_->synced = size;
    }
    node_->bytes.resize(size);
    std::erase_if(node_->doubtful, [&](auto& range) {
      range.second = std::min<size_t>(range.second, size);
      return range.first >= range.second;
    });
    return {};
  }

  void lose_unsynced() {
    if (node_->bytes.size() > node_->synced) node_->doubtful.emplace_back(node_->synced, node_->bytes.size());
  }

 private:
  bool dead() const { return *epoch_ != opened_in_; }

  NodePtr node_;
  std::shared_ptr<uint64_t> epoch_;
  uint64_t opened_in_;
  bool writable_;
};

MemoryFileSystem::MemoryFileSystem() : epoch_(std::make_shared<uint64_t>(0)) {
  directories_["."];
  directories_["/"];
}

MemoryFileSystem::MemoryFileSystem(const MemoryFileSystem& other)
    : FileSystem(), directories_(other.directories_), epoch_(std::make_shared<uint64_t>(*other.epoch_)) {
  std::map<NodePtr, NodePtr> copies;
  const auto copy = [&copies](NodePtr& node) {
    if (node == nullptr) return;
    NodePtr& mine = copies[node];
    if (mine == nullptr) mine = std::make_shared<Node>(*node);
    node = mine;
  };
  for (auto& [path, directory] : directories_) {
    for (auto& [name, node] : directory.names)
      copy(node);
    for (auto& [name, node] : directory.names_durable)
      copy(node);
    for (NameChange& change : directory.changes)
      copy(change.node);
  }
}

MemoryFileSystem::Directory* MemoryFileSystem::directory_of(const std::string& path) {
  const auto it = directories_.find(path_directory(path));
  return it == directories_.end() ? nullptr : &it->second;
}

MemoryFileSystem::NodePtr MemoryFileSystem::find(const std::string& path) const {
  const auto directory = directories_.find(path_directory(path));
  if (directory == directories_.end()) return nullptr;
  const auto it = directory->second.names.find(path_name(path));
  return it == directory->second.names.end() ? nullptr : it->second;
}

void MemoryFileSystem::apply(const NameChange& change, std::map<std::string, NodePtr>& names) {
  // A removal whose file has never come to stand there, or has been replaced, does nothing.
  if (const auto it = names.find(change.removed); it != names.end() && it->second == change.node)
    names.erase(it);
  if (!change.added.empty()) names[change.added] = change.node;
}

Io<std::unique_ptr<File>> MemoryFileSystem::create(const std::string& path) {
  Directory* directory = directory_of(path);
  if (directory == nullptr) return IoError{ENOENT};
  if (find(path) != nullptr || directories_.contains(path)) return IoError{EEXIST};
  const NameChange change{.removed = {}, .added = path_name(path), .node = std::make_shared<Node>()};
  apply(change, directory->names);
  directory->changes.push_back(change);
  return std::unique_ptr<File>(std::make_unique<OpenFile>(change.node, epoch_, true));
}

Io<std::unique_ptr<File>> MemoryFileSystem::open_append(const std::string& path) {
  const NodePtr node = find(path);
  if (node == nullptr) return IoError{directories_.contains(path) ? EISDIR : ENOENT};
  return std::unique_ptr<File>(std::make_unique<OpenFile>(node, epoch_, true));
}

Io<std::unique_ptr<File>> MemoryFileSystem::open_read(const std::string& path) {
  const NodePtr node = find(path);
  if (node == nullptr) return IoError{directories_.contains(path) ? EISDIR : ENOENT};
  return std::unique_ptr<File>(std::make_unique<OpenFile>(node, epoch_, false));
}

Io<void> MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  const NodePtr node = find(from);
  if (node == nullptr) return IoError{ENOENT};
  CHECK(path_directory(from) == path_directory(to));
  Directory* directory = directory_of(to);
  const NameChange change{.removed = path_name(from), .added = path_name(to), .node = node};
  apply(change, directory->names);
  directory->changes.push_back(change);
  return {};
}

Io<void> MemoryFileSystem::remove(const std::string& path) {
  const NodePtr node = find(path);
  if (node == nullptr) return IoError{ENOENT};
  const NameChange change{.removed = path_name(path), .added = {}, .node = node};
  Directory* directory = directory_of(path);
  apply(change, directory->names);
  directory->changes.push_back(change);
  return {};
}

Io<bool> MemoryFileSystem::exists(const std::string& path) {
  return find(path) != nullptr || directories_.contains(trimmed(path));
}

Io<bool> MemoryFileSystem::is_directory(const std::string& path) {
  return directories_.contains(trimmed(path));
}

Io<std::vector<std::string>> MemoryFileSystem::list(const std::string& path) {
  const auto directory = directories_.find(trimmed(path));
  if (directory == directories_.end()) return IoError{find(path) != nullptr ? ENOTDIR : ENOENT};
  std::vector<std::string> names;
  for (const auto& [name, node] : directory->second.names)
    names.push_back(name);
  for (const auto& [below, unused] : directories_) {
    if (below.size() > 1 && path_directory(below) == directory->first) names.push_back(path_name(below));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Io<void> MemoryFileSystem::make_directory(const std::string& path) {
  if (directories_.contains(path)) return {};
  if (find(path) != nullptr) return IoError{ENOTDIR};
  if (directory_of(path) == nullptr) return IoError{ENOENT};
  directories_[path].durable = false;
  return {};
}

Io<void> MemoryFileSystem::sync_directory(const std::string& path) {
  const auto directory = directories_.find(trimmed(path));
  if (directory == directories_.end()) return IoError{ENOENT};
  directory->second.names_durable = directory->second.names;
  directory->second.changes.clear();
  for (auto& [below, entry] : directories_) {
    if (path_directory(below) == directory->first) entry.durable = true;
  }
  return {};
}

void MemoryFileSystem::crash_node(Node& node, const Choose& choose, Tail tail) {
  if (node.untruncated && choose(1) == 1) {
    node.bytes = *node.untruncated;
    node.synced = node.bytes.size();
  }
  const size_t size = node.bytes.size();
  const size_t kept = node.synced + choose(size - node.synced);
  node.bytes.resize(kept);
  if (tail != Tail::kNothing && kept < size && choose(1) == 1) {
    node.bytes.resize(kept + 1 + choose(size - kept - 1), '\0');
    if (tail == Tail::kMayBeGarbage) {
      for (size_t i = kept; i < node.bytes.size(); ++i)
        node.bytes[i] = static_cast<char>(choose(kByteMax));
    }
  }
  for (const auto& [from, to] : node.doubtful) {
    const size_t end = std::min(to, node.bytes.size());
    if (from < end && choose(1) == 1) std::fill(node.bytes.begin() + from, node.bytes.begin() + end, '\0');
  }
  node.synced = node.bytes.size();
  node.untruncated.reset();
  node.doubtful.clear();
}

void MemoryFileSystem::crash(const Choose& choose, Tail tail) {
  ++*epoch_;
  std::erase_if(directories_, [&](auto& entry) { return !entry.second.durable && choose(1) == 0; });
  for (auto& [path, directory] : directories_) {
    directory.durable = true;
    for (const NameChange& change : directory.changes) {
      if (choose(1) == 1) apply(change, directory.names_durable);
    }
    directory.changes.clear();
    directory.names = directory.names_durable;
    for (auto& [name, node] : directory.names)
      crash_node(*node, choose, tail);
  }
}

bool MemoryFileSystem::has(const std::string& path) const {
  return find(path) != nullptr;
}

std::string MemoryFileSystem::content(const std::string& path) const {
  const NodePtr node = find(path);
  CHECK(node != nullptr);
  return node->bytes;
}

void MemoryFileSystem::set_content(const std::string& path, std::string_view bytes) {
  NodePtr node = find(path);
  if (node == nullptr) {
    Directory* directory = directory_of(path);
    CHECK(directory != nullptr);
    node = std::make_shared<Node>();
    directory->names[path_name(path)] = node;
    directory->names_durable[path_name(path)] = node;
  }
  *node = Node{.bytes = std::string(bytes),
               .synced = bytes.size(),
               .untruncated = {},
               .doubtful = {},
               .written_again = {}};
}

void MemoryFileSystem::lose_unsynced(File& file) {
  static_cast<OpenFile&>(file).lose_unsynced();
}

}  // namespace sluice
