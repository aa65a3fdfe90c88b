// SPDX-License-Identifier: MIT
//
// What the directory of a log holds, and what the damage in one of its files means: the judgements that
// loading a log and checking it have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "persistence/batch_reader.h"
#include "persistence/file_system.h"
#include "persistence/manifest.h"

namespace sluice {

struct DirectoryFound {
  std::optional<Manifest> manifest;  // nothing: there is no log yet
  uint64_t number_max = 0;           // greatest number of any file of this log, named in the manifest or not
  std::vector<std::string> leftovers;  // temporary files and history: to be deleted
  std::string error;                   // if not empty, this directory must not be used as it is
};
DirectoryFound find_log(FileSystem& files, const LogLocation& location);

// The manifest, or the text that says what is wrong with it.
struct ManifestRead {
  Manifest manifest;
  std::string error;
};
ManifestRead read_manifest(FileSystem& files, const std::string& path);

// Empty if the file is ours (or has no bytes); else what it is instead, to be put behind its name.
Io<std::string> foreign_format(File& file);

struct Damage {
  std::string what;          // how it looks
  bool torn = false;         // what a crash or a failed sync may leave
  std::string why_not_torn;  // else: what shows that it is corruption
};
// After reader.next() == kDamage in `file`; `last` tells the last increment.
Io<Damage> examine_damage(BatchReader& reader, const ManifestFile& file, bool last);

}  // namespace sluice
