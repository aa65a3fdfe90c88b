// SPDX-License-Identifier: MIT
//
// The real disk. The only code in the tree that calls POSIX for files.
#pragma once

#include "persistence/file_system.h"

namespace sluice {

class PosixFileSystem final : public FileSystem {
 public:
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
};

}  // namespace sluice
