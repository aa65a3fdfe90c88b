// SPDX-License-Identifier: MIT
//
// The one unit test that touches a real disk: that the real file system does what the memory one is modelled on.
#include "persistence/posix_file_system.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/persistence/log_fixture.h"

using namespace sluice;

namespace {

struct TemporaryDirectory {
  TemporaryDirectory() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~TemporaryDirectory() {
    for (const std::string& directory : {path + "/log", path}) {
      if (auto names = files.list(directory); names.ok()) {
        for (const std::string& name : names.value())
          (void)files.remove(path_join(directory, name)).ok();
      }
      rmdir(directory.c_str());
    }
  }
  PosixFileSystem files;
  std::string path = "/tmp/sluice-posix-test-XXXXXX";
};

mode_t mode_of(const std::string& path) {
  struct stat status;
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("the real file system keeps a log", "[posix]") {
  TemporaryDirectory directory;
  PosixFileSystem& files = directory.files;
  const LogLocation location{directory.path + "/log", "appendonly.aof"};
  {
    Loaded fresh(files, location);
    REQUIRE(fresh.ok());
    auto log = Log::open(files, std::move(*fresh.result.log), kNow);
    REQUIRE(log.ok());
    append(*log.value(), 3);
    REQUIRE(log.value()->write());
    REQUIRE(rewrite(files, *log.value()));
    append(*log.value(), 2);
    REQUIRE(log.value()->close(kNow));
  }
  REQUIRE(mode_of(location.directory) == 0700);
  REQUIRE(mode_of(location.manifest_path()) == 0600);
  Loaded loaded(files, location);
  REQUIRE(loaded.result.error == "");
  REQUIRE(loaded.state() == records_text(1, 5));
  REQUIRE(loaded.notices() == "");
}

TEST_CASE("the real file system tells its errors", "[posix]") {
  TemporaryDirectory directory;
  PosixFileSystem& files = directory.files;
  const std::string path = directory.path + "/x";
  REQUIRE(files.open_read(path).error().code == ENOENT);
  REQUIRE(files.remove(path).error().code == ENOENT);
  REQUIRE(files.list(path).error().code == ENOENT);
  REQUIRE_FALSE(files.exists(path).value());
  auto file = files.create(path);
  REQUIRE(file.ok());
  REQUIRE(files.create(path).error().code == EEXIST);
  REQUIRE(files.make_directory(path).error().code == ENOTDIR);
  REQUIRE(mode_of(path) == 0600);
  REQUIRE(append_all(*file.value(), "hello").ok());
  REQUIRE(file.value()->truncate(4).ok());
  REQUIRE(append_all(*file.value(), "!").ok());
  REQUIRE(file.value()->size().value() == 5);
  char bytes[8];
  REQUIRE(file.value()->read_at(1, bytes, sizeof(bytes)).value() == 4);
  REQUIRE(std::string_view(bytes, 4) == "ell!");
  REQUIRE(read_exactly(*file.value(), 1, bytes, 5).error().code == EIO);
  REQUIRE(file.value()->sync().ok());
  REQUIRE(files.sync_directory(directory.path).ok());
  REQUIRE(files.rename(path, directory.path + "/y").ok());
  REQUIRE(files.list(directory.path).value() == std::vector<std::string>{"y"});
  REQUIRE(files.is_directory(directory.path).value());
  REQUIRE(IoError{ENOSPC}.text() == "No space left on device");
}
