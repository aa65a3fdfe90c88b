// SPDX-License-Identifier: MIT
//
// See files.h.
#include "server/net/files.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

namespace sluice::net {
namespace {

constexpr int kOwnerWrites = 0644;
constexpr uint64_t kPermissionBits = 07777;
constexpr size_t kReadBytes = 64u << 10;
// A configuration is text that people write; more is a mistake, /dev/zero say.
constexpr size_t kTextBytesMax = 16u << 20;

// One of libuv's calls on a file, done now. Returns its result.
template <typename Call>
int now(Call&& call) {
  uv_fs_t request;
  const int result = call(&request);
  uv_fs_req_cleanup(&request);
  return result;
}

int open_file(const std::string& path, int flags) {
  return now([&](uv_fs_t* request) {
    return uv_fs_open(nullptr, request, path.c_str(), flags | O_CLOEXEC, kOwnerWrites, nullptr);
  });
}

uint64_t mode_of(const std::string& path) {
  uv_fs_t request;
  const int result = uv_fs_stat(nullptr, &request, path.c_str(), nullptr);
  const uint64_t mode = result == 0 ? request.statbuf.st_mode : 0;
  uv_fs_req_cleanup(&request);
  return mode;
}

int read_all(uv_file file, std::string& text) {
  while (text.size() <= kTextBytesMax) {
    const size_t before = text.size();
    text.resize(before + kReadBytes);
    uv_buf_t buffer = uv_buf_init(text.data() + before, kReadBytes);
    const int size =
        now([&](uv_fs_t* request) { return uv_fs_read(nullptr, request, file, &buffer, 1, -1, nullptr); });
    text.resize(before + static_cast<size_t>(size < 0 ? 0 : size));
    if (size <= 0) return size;
  }
  return UV_EFBIG;
}

}  // namespace

std::optional<std::string> read_text(const std::string& path, int& error) {
  const uv_file file = path == "-" ? 0 : open_file(path, O_RDONLY);
  error = file;
  if (file < 0) return std::nullopt;
  std::string text;
  error = read_all(file, text);
  if (file != 0) close_file(file);
  if (error < 0) return std::nullopt;
  return text;
}

int write_text(const std::string& path, std::string_view text) {
  const uv_file file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (file < 0) return file;
  const int result = write_all(file, text);
  close_file(file);
  return result;
}

int replace_text(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".tmp-" + std::to_string(uv_os_getpid());
  const uv_file file = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
  if (file < 0) return file;
  int result = write_all(file, text);
  const uint64_t mode = mode_of(path);
  if (result == 0 && mode != 0) result = set_mode(temporary, static_cast<int>(mode & kPermissionBits));
  if (result == 0)
    result = now([&](uv_fs_t* request) { return uv_fs_fsync(nullptr, request, file, nullptr); });
  close_file(file);
  if (result == 0)
    result = now([&](uv_fs_t* request) {
      return uv_fs_rename(nullptr, request, temporary.c_str(), path.c_str(), nullptr);
    });
  if (result < 0) {
    remove_file(temporary);
    return result;
  }
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const uv_file handle = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (handle < 0) return handle;
  result = now([&](uv_fs_t* request) { return uv_fs_fsync(nullptr, request, handle, nullptr); });
  close_file(handle);
  return result;
}

std::vector<std::string> expand_path(const std::string& pattern) {
  if (pattern.find_first_of("*?[") == std::string::npos) return {pattern};
  glob_t found{};
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0)
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  return paths;
}

int open_to_append(const std::string& path) {
  return open_file(path, O_WRONLY | O_CREAT | O_APPEND);
}

int write_all(uv_file file, std::string_view text) {
  while (!text.empty()) {
    uv_buf_t buffer = uv_buf_init(const_cast<char*>(text.data()), static_cast<unsigned>(text.size()));
    const int size =
        now([&](uv_fs_t* request) { return uv_fs_write(nullptr, request, file, &buffer, 1, -1, nullptr); });
    if (size < 0) return size;
    text.remove_prefix(static_cast<size_t>(size));
  }
  return 0;
}

void close_file(uv_file file) {
  now([&](uv_fs_t* request) { return uv_fs_close(nullptr, request, file, nullptr); });
}

int remove_file(const std::string& path) {
  return now([&](uv_fs_t* request) { return uv_fs_unlink(nullptr, request, path.c_str(), nullptr); });
}

int set_mode(const std::string& path, int mode) {
  return now([&](uv_fs_t* request) { return uv_fs_chmod(nullptr, request, path.c_str(), mode, nullptr); });
}

bool is_socket(const std::string& path) {
  return S_ISSOCK(mode_of(path));
}

bool path_exists(const std::string& path) {
  return mode_of(path) != 0;
}

int make_directories(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const int result =
        now([&](uv_fs_t* request) { return uv_fs_mkdir(nullptr, request, part.c_str(), 0755, nullptr); });
    const bool last = end == std::string::npos;
    if (result < 0 && result != UV_EEXIST && last) return result;
    if (last) return S_ISDIR(mode_of(path)) ? 0 : UV_ENOTDIR;
  }
}

}  // namespace sluice::net
