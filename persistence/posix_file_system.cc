// SPDX-License-Identifier: MIT
#include "persistence/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "engine/base/result.h"

namespace sluice {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;
constexpr size_t kCopyBytes = 256u << 10;
// Linux writes and reads no more at once.
constexpr size_t kTransferBytesMax = 0x7ffff000;

IoError last_error() {
  return IoError{errno != 0 ? errno : EIO};
}

// Calls again while a signal interrupts the call. Not for close and fdatasync: after an interrupted fdatasync nobody
// knows what was written, so its EINTR is a failure like any other.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR)
    result = call();
  return result;
}

class PosixFile final : public File {
 public:
  explicit PosixFile(int descriptor) : descriptor_(descriptor) {}
  ~PosixFile() override { ::close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Io<size_t> append(std::string_view bytes) override {
    const size_t size = std::min(bytes.size(), kTransferBytesMax);
    const ssize_t done = uninterrupted([&] { return ::write(descriptor_, bytes.data(), size); });
    if (done < 0) return last_error();
    return static_cast<size_t>(done);
  }

  // fdatasync: the size of the file goes with the data; its times need not.
  Io<void> sync() override {
    if (::fdatasync(descriptor_) != 0) return last_error();
    return {};
  }

  Io<void> write_again(uint64_t offset) override {
    // While O_APPEND is set, Linux adds at the end whatever the offset.
    const int flags = ::fcntl(descriptor_, F_GETFL);
    if (flags < 0 || ::fcntl(descriptor_, F_SETFL, flags & ~O_APPEND) != 0) return last_error();
    const Io<void> written = copy_onto_itself(offset);
    if (::fcntl(descriptor_, F_SETFL, flags) != 0) return last_error();
    return written;
  }

  Io<size_t> read_at(uint64_t offset, char* to, size_t size) override {
    size = std::min(size, kTransferBytesMax);
    const ssize_t done =
        uninterrupted([&] { return ::pread(descriptor_, to, size, static_cast<off_t>(offset)); });
    if (done < 0) return last_error();
    return static_cast<size_t>(done);
  }

  Io<uint64_t> size() override {
    struct stat status;
    if (::fstat(descriptor_, &status) != 0) return last_error();
    return static_cast<uint64_t>(status.st_size);
  }

  Io<void> truncate(uint64_t size) override {
    if (uninterrupted([&] { return ::ftruncate(descriptor_, static_cast<off_t>(size)); }) != 0) {
      return last_error();
    }
    return {};
  }

 private:
  Io<void> copy_onto_itself(uint64_t offset) {
    std::vector<char> bytes(kCopyBytes);
    for (;;) {
      TRY(const size_t read, read_at(offset, bytes.data(), bytes.size()));
      if (read == 0) return {};
      for (size_t done = 0; done < read;) {
        const ssize_t step = uninterrupted([&] {
          return ::pwrite(descriptor_, bytes.data() + done, read - done, static_cast<off_t>(offset + done));
        });
        if (step < 0) return last_error();
        done += static_cast<size_t>(step);
      }
      offset += read;
    }
  }

  int descriptor_;
};

Io<std::unique_ptr<File>> open_file(const std::string& path, int flags) {
  const int descriptor = uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); });
  if (descriptor < 0) return last_error();
  return std::unique_ptr<File>(std::make_unique<PosixFile>(descriptor));
}

}  // namespace

Io<std::unique_ptr<File>> PosixFileSystem::create(const std::string& path) {
  return open_file(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL);
}

Io<std::unique_ptr<File>> PosixFileSystem::open_append(const std::string& path) {
  return open_file(path, O_RDWR | O_APPEND);
}

Io<std::unique_ptr<File>> PosixFileSystem::open_read(const std::string& path) {
  return open_file(path, O_RDONLY);
}

Io<void> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return last_error();
  return {};
}

Io<void> PosixFileSystem::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return last_error();
  return {};
}

Io<bool> PosixFileSystem::exists(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return last_error();
}

Io<bool> PosixFileSystem::is_directory(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0) return S_ISDIR(status.st_mode);
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return last_error();
}

Io<std::vector<std::string>> PosixFileSystem::list(const std::string& directory) {
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr) return last_error();
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
    errno = 0;
  }
  const int code = errno;
  ::closedir(stream);
  if (code != 0) return IoError{code};
  std::sort(names.begin(), names.end());
  return names;
}

Io<void> PosixFileSystem::make_directory(const std::string& directory) {
  if (::mkdir(directory.c_str(), kDirectoryMode) == 0) return {};
  if (errno != EEXIST) return last_error();
  TRY(const bool directory_there, is_directory(directory));
  if (!directory_there) return IoError{ENOTDIR};
  return {};
}

Io<void> PosixFileSystem::sync_directory(const std::string& directory) {
  const int descriptor =
      uninterrupted([&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (descriptor < 0) return last_error();
  const bool failed = ::fsync(descriptor) != 0;
  const IoError error = last_error();
  ::close(descriptor);
  if (failed) return error;
  return {};
}

}  // namespace sluice
