// SPDX-License-Identifier: MIT
//
// A disk that fails where the test says. Every call, of the file system and of every file opened through it,
// has a number, from 1 on; before the call is made, `decide` is asked what shall become of it.
//
//   FaultyFileSystem disk(memory);
//   disk.fail_at(7, Fault::kError, ENOSPC);                       // the seventh call fails, others work
//   disk.decide = [&](const FaultyFileSystem::Call& call) { ... };  // or any rule
//   for (k = 1; ; ++k) { ...; disk.stop_at(k); run(); memory.crash(...); load; if (disk.calls() < k) break; }
#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/memory_file_system.h"

namespace sluice {

enum class Fault : uint8_t {
  kNone,
  kError,       // fails without effect; a failed sync may lose what it should have saved
  kErrorAfter,  // has its effect, and says that it failed
  kShort,       // an append that takes only a part; other calls work
  kStop,        // this call and all that follow fail without effect: the process is dead, or the disk is
};

class FaultyFileSystem final : public FileSystem {
 public:
  enum class Kind : uint8_t {
    kCreate,
    kOpen,
    kRename,
    kRemove,
    kExists,
    kList,
    kMakeDirectory,
    kSyncDirectory,
    kAppend,
    kSync,
    kWriteAgain,
    kRead,
    kSize,
    kTruncate,
  };
  struct Call {
    uint64_t number;
    Kind kind;
    const std::string& path;
  };

  // `disk` must outlive it.
  explicit FaultyFileSystem(MemoryFileSystem& disk) : disk_(disk) {}

  // Asked before each call; none: no faults.
  std::function<Fault(const Call&)> decide;
  // What kError, kErrorAfter and kStop fail with.
  int code = EIO;
  // How many bytes of `size` (more than one) a short append takes; half if not set.
  std::function<size_t(size_t size)> short_bytes;

  void fail_at(uint64_t number, Fault fault, int error_code = EIO);
  void stop_at(uint64_t number) { fail_at(number, Fault::kStop); }
  // All calls work from now on.
  void heal();

  uint64_t calls() const { return calls_; }
  // Calls that were made to fail, or shortened.
  uint64_t faults() const { return faults_; }
  bool stopped() const { return stopped_; }

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

 private:
  class FaultyFile;
  Fault next(Kind kind, const std::string& path);
  // Makes the call, or does not.
  template <typename Make>
  auto call(Kind kind, const std::string& path, Make make) -> decltype(make());
  Io<std::unique_ptr<File>> opened(const std::string& path, Io<std::unique_ptr<File>> file);

  MemoryFileSystem& disk_;
  uint64_t calls_ = 0;
  uint64_t faults_ = 0;
  bool stopped_ = false;
};

}  // namespace sluice
