// SPDX-License-Identifier: MIT
//
// The seam between the log and the disk. Everything that the log asks of a disk goes through these two classes, so that
// a test can stand in for the disk and fail, tear and forget as a disk does.
//
//                       PosixFileSystem   the real one
//   File, FileSystem ◄── MemoryFileSystem tests: forgets at a crash what was not synced
//                       FaultyFileSystem  tests: wraps another one and fails at a chosen call
//
// What is durable: the bytes of a file after sync(); the names in a directory (made, renamed, removed) after
// sync_directory(). Nothing else survives a power cut for certain. Every call may fail, and the error is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/io.h"

namespace sluice {

class File {
 public:
  virtual ~File() = default;
  // Adds bytes at the end of the file and returns how many of them; may be fewer than given, then call again with the
  // rest. After an error, none of these bytes are in the file.
  virtual Io<size_t> append(std::string_view bytes) = 0;
  // Returns when all bytes appended before the call are on the disk. The only call that another thread may make, at
  // the same time as any other. After a failure nobody knows what is on the disk, and a later success tells nothing
  // about it.
  virtual Io<void> sync() = 0;
  // Hands the bytes from `offset` to the end of the file to the system again, unchanged, so that the next
  // sync has to put them on the disk. A system whose sync has failed may have dropped its only copy that it
  // knew to be unwritten, and tell the next process that all is well.
  virtual Io<void> write_again(uint64_t offset) = 0;
  // Reads up to `size` bytes; fewer only at the end of the file.
  virtual Io<size_t> read_at(uint64_t offset, char* to, size_t size) = 0;
  virtual Io<uint64_t> size() = 0;
  // Cuts the file to `size` bytes; durable after sync().
  virtual Io<void> truncate(uint64_t size) = 0;
};

// Paths are of the operating system. Files are readable and writable by their owner only (0600), directories 0700.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // A new, empty file, for appending. EEXIST if there is one.
  virtual Io<std::unique_ptr<File>> create(const std::string& path) = 0;
  // For appending and reading. ENOENT if there is none.
  virtual Io<std::unique_ptr<File>> open_append(const std::string& path) = 0;
  virtual Io<std::unique_ptr<File>> open_read(const std::string& path) = 0;
  // Replaces `to` if it exists, in one step. Both in the same directory.
  virtual Io<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Io<void> remove(const std::string& path) = 0;
  // A file or a directory.
  virtual Io<bool> exists(const std::string& path) = 0;
  virtual Io<bool> is_directory(const std::string& path) = 0;
  // Names (not paths) of what is in the directory, sorted, without "." and "..".
  virtual Io<std::vector<std::string>> list(const std::string& directory) = 0;
  // Success if it exists already.
  virtual Io<void> make_directory(const std::string& directory) = 0;
  virtual Io<void> sync_directory(const std::string& directory) = 0;
};

// Appends everything, in as many calls as it takes. After an error some of it may be in the file.
Io<void> append_all(File& file, std::string_view bytes);
// Fills `to`; fewer bytes than asked for are an error (EIO).
Io<void> read_exactly(File& file, uint64_t offset, char* to, size_t size);

// "a/b" + "c" -> "a/b/c"; an empty directory is the current one.
std::string path_join(std::string_view directory, std::string_view name);
// "a/b/c" -> "a/b"; "c" -> "."; "/c" -> "/".
std::string path_directory(std::string_view path);
// "a/b/c" -> "c".
std::string path_name(std::string_view path);

}  // namespace sluice
