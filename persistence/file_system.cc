// SPDX-License-Identifier: MIT
#include "persistence/file_system.h"

#include <cerrno>

#include "engine/base/result.h"

namespace sluice {

Io<void> append_all(File& file, std::string_view bytes) {
  while (!bytes.empty()) {
    TRY(const size_t done, file.append(bytes));
    if (done == 0) return IoError{EIO};  // a disk that takes nothing and gives no reason would loop for ever
    bytes.remove_prefix(done);
  }
  return {};
}

Io<void> read_exactly(File& file, uint64_t offset, char* to, size_t size) {
  while (size > 0) {
    TRY(const size_t done, file.read_at(offset, to, size));
    if (done == 0) return IoError{EIO};
    offset += done;
    to += done;
    size -= done;
  }
  return {};
}

std::string path_join(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path += '/';
  path += name;
  return path;
}

std::string path_directory(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

std::string path_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace sluice
