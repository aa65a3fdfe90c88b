// SPDX-License-Identifier: MIT
//
// The list of files that together are the log, in a file of its own, in the form that Redis 7 uses:
//
//   file appendonly.aof.3.base.aof seq 3 type b
//   file appendonly.aof.7.incr.aof seq 7 type i
//   file appendonly.aof.8.incr.aof seq 8 type i
//
//   type b   base: the state at a cut, at most one       type i   increment: what changed since, in order
//   type h   history: no longer part of the log, to be deleted
//
// A line is a list of key value pairs; pairs with an unknown key are skipped; lines that begin with '#' are
// comments. Two pairs are our own, behind an increment that was left because the disk had failed:
//
//   unsynced_from N   a sync failed: the bytes from N on may be damaged, though the disk has not broken a promise
//   ends_at N         the log goes on in the next file at this point; what stands behind it here was not written whole
//
// The file is replaced as a whole (temporary file, sync, rename, sync of the directory), so a crash finds the old list
// or the new one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/file_system.h"

namespace sluice {

// Where a log lives: `<directory>/<name>.manifest` and its files beside it.
struct LogLocation {
  std::string directory;  // Redis: dir/appenddirname
  std::string name;       // Redis: appendfilename

  std::string path(std::string_view file_name) const { return path_join(directory, file_name); }
  std::string manifest_name() const { return name + ".manifest"; }
  std::string manifest_path() const { return path(manifest_name()); }
  std::string base_name(uint64_t number) const;       // appendonly.aof.<number>.base.aof
  std::string increment_name(uint64_t number) const;  // appendonly.aof.<number>.incr.aof
  // What a file is called until it is whole; deleted at the next start if it never became so.
  std::string temporary_name(std::string_view file_name) const;  // temp-<file_name>
};

inline constexpr std::string_view kTemporaryPrefix = "temp-";

enum class FileKind : uint8_t { kBase, kIncrement, kHistory };

struct ManifestFile {
  std::string name;
  uint64_t number = 0;
  FileKind kind = FileKind::kIncrement;
  // Increments only, see above.
  std::optional<uint64_t> unsynced_from = {};
  std::optional<uint64_t> ends_at = {};

  // How many of the file's bytes are part of the log.
  uint64_t bytes_used(uint64_t file_bytes) const {
    return std::min(file_bytes, ends_at.value_or(UINT64_MAX));
  }
  // So many bytes of it must be there.
  uint64_t bytes_least() const { return unsynced_from.value_or(ends_at.value_or(0)); }
  friend bool operator==(const ManifestFile&, const ManifestFile&) = default;
};

struct Manifest {
  std::optional<ManifestFile> base;
  std::vector<ManifestFile> increments;  // numbers ascending
  std::vector<ManifestFile> history;

  // The base and the increments, in the order in which they are loaded.
  std::vector<ManifestFile> chain() const;
  // The greatest number of any file, 0 without files.
  uint64_t number_max() const;
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

// One line of a manifest, its end included, is never longer.
inline constexpr size_t kManifestLineBytesMax = 1024;
// A manifest that is longer is not read: thousands of increments mean that something else is wrong.
inline constexpr size_t kManifestBytesMax = 1u << 20;

std::string format_manifest(const Manifest& manifest);

struct ManifestParsed {
  Manifest manifest;
  std::string mistake;  // empty if the text is a manifest; else "line 3: ..."
};
ManifestParsed parse_manifest(std::string_view text);

// How far a replacement got before it failed.
enum class ManifestChange : uint8_t {
  kDone,       // durable
  kUnchanged,  // the old one is still in force
  kUncertain,  // a crash may find either: nothing may be written that only one of them would explain
};
struct [[nodiscard]] ManifestReplaced {
  ManifestChange change = ManifestChange::kDone;
  int code = 0;  // errno of the call that failed, 0 for kDone
};
ManifestReplaced replace_manifest(FileSystem& files, const LogLocation& location, const Manifest& manifest);

}  // namespace sluice
