// SPDX-License-Identifier: MIT
#include "tests/support/faulty_file_system.h"

#include <utility>

#include "engine/base/result.h"

namespace sluice {

Fault FaultyFileSystem::next(Kind kind, const std::string& path) {
  ++calls_;
  Fault fault = stopped_ ? Fault::kStop : decide ? decide({calls_, kind, path}) : Fault::kNone;
  if (fault == Fault::kStop) stopped_ = true;
  if (fault == Fault::kShort && kind != Kind::kAppend) fault = Fault::kNone;
  if (fault != Fault::kNone) ++faults_;
  return fault;
}

template <typename Make>
auto FaultyFileSystem::call(Kind kind, const std::string& path, Make make) -> decltype(make()) {
  switch (next(kind, path)) {
    case Fault::kNone:
    case Fault::kShort:
      return make();
    case Fault::kErrorAfter: {
      (void)make().ok();
      return IoError{code};
    }
    case Fault::kError:
    case Fault::kStop:
      return IoError{code};
  }
  CHECK(false);
}

class FaultyFileSystem::FaultyFile final : public File {
 public:
  FaultyFile(FaultyFileSystem& owner, std::string path, std::unique_ptr<File> file)
      : owner_(owner), path_(std::move(path)), file_(std::move(file)) {}

  Io<size_t> append(std::string_view bytes) override {
    switch (owner_.next(Kind::kAppend, path_)) {
      case Fault::kNone:
        return file_->append(bytes);
      case Fault::kShort:
        if (bytes.size() > 1) {
          bytes = bytes.substr(0, owner_.short_bytes ? owner_.short_bytes(bytes.size()) : bytes.size() / 2);
        }
        return file_->append(bytes);
      case Fault::kErrorAfter: {
        (void)file_->append(bytes.substr(0, (bytes.size() + 1) / 2)).ok();
        return IoError{owner_.code};
      }
      case Fault::kError:
      case Fault::kStop:
        return IoError{owner_.code};
    }
    CHECK(false);
  }
  Io<void> sync() override {
    const uint64_t faults = owner_.faults();
    const auto result = owner_.call(Kind::kSync, path_, [this] { return file_->sync(); });
    if (owner_.faults() != faults && !owner_.stopped()) MemoryFileSystem::lose_unsynced(*file_);
    return result;
  }
  Io<void> write_again(uint64_t offset) override {
    return owner_.call(Kind::kWriteAgain, path_, [&] { return file_->write_again(offset); });
  }
  Io<size_t> read_at(uint64_t offset, char* to, size_t size) override {
    return owner_.call(Kind::kRead, path_, [&] { return file_->read_at(offset, to, size); });
  }
  Io<uint64_t> size() override {
    return owner_.call(Kind::kSize, path_, [this] { return file_->size(); });
  }
  Io<void> truncate(uint64_t size) override {
    return owner_.call(Kind::kTruncate, path_, [&] { return file_->truncate(size); });
  }

 private:
  FaultyFileSystem& owner_;
  std::string path_;
  std::unique_ptr<File> file_;
};

void FaultyFileSystem::fail_at(uint64_t number, Fault fault, int error_code) {
  code = error_code;
  decide = [number, fault](const Call& call) { return call.number == number ? fault : Fault::kNone; };
}

void FaultyFileSystem::heal() {
  decide = nullptr;
  stopped_ = false;
}

Io<std::unique_ptr<File>> FaultyFileSystem::opened(const std::string& path, Io<std::unique_ptr<File>> file) {
  if (!file.ok()) return file.error();
  return std::unique_ptr<File>(std::make_unique<FaultyFile>(*this, path, std::move(file).value()));
}

Io<std::unique_ptr<File>> FaultyFileSystem::create(const std::string& path) {
  return opened(path, call(Kind::kCreate, path, [&] { return disk_.create(path); }));
}
Io<std::unique_ptr<File>> FaultyFileSystem::open_append(const std::string& path) {
  return opened(path, call(Kind::kOpen, path, [&] { return disk_.open_append(path); }));
}
Io<std::unique_ptr<File>> FaultyFileSystem::open_read(const std::string& path) {
  return opened(path, call(Kind::kOpen, path, [&] { return disk_.open_read(path); }));
}
Io<void> FaultyFileSystem::rename(const std::string& from, const std::string& to) {
  return call(Kind::kRename, to, [&] { return disk_.rename(from, to); });
}
Io<void> FaultyFileSystem::remove(const std::string& path) {
  return call(Kind::kRemove, path, [&] { return disk_.remove(path); });
}
Io<bool> FaultyFileSystem::exists(const std::string& path) {
  return call(Kind::kExists, path, [&] { return disk_.exists(path); });
}
Io<bool> FaultyFileSystem::is_directory(const std::string& path) {
  return call(Kind::kExists, path, [&] { return disk_.is_directory(path); });
}
Io<std::vector<std::string>> FaultyFileSystem::list(const std::string& directory) {
  return call(Kind::kList, directory, [&] { return disk_.list(directory); });
}
Io<void> FaultyFileSystem::make_directory(const std::string& directory) {
  return call(Kind::kMakeDirectory, directory, [&] { return disk_.make_directory(directory); });
}
Io<void> FaultyFileSystem::sync_directory(const std::string& directory) {
  return call(Kind::kSyncDirectory, directory, [&] { return disk_.sync_directory(directory); });
}

}  // namespace sluice
