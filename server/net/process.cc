// SPDX-License-Identifier: MIT
//
// See process.h.
#include "server/net/process.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "server/net/files.h"

namespace sluice::net {
namespace {

constexpr size_t kPathBytesMax = 4096;
constexpr mode_t kLogDirectoryMode = 0700;

// Of libuv's calls that write a path.
template <typename Call>
std::string path_from(Call&& call) {
  std::string path(kPathBytesMax, '\0');
  size_t size = path.size();
  path.resize(call(path.data(), &size) == 0 ? size : 0);
  return path;
}

}  // namespace

bool go_to_background() {
  const pid_t child = fork();
  if (child < 0) return false;
  if (child > 0) _exit(0);
  if (setsid() < 0) return false;
  const int nowhere = open("/dev/null", O_RDWR);
  if (nowhere < 0) return false;
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    dup2(nowhere, standard);
  if (nowhere > STDERR_FILENO) close(nowhere);
  return true;
}

int64_t make_room_for_clients(int64_t clients) {
  const auto wanted = static_cast<rlim_t>(clients + kDescriptorsReserved);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return clients;
  if (limit.rlim_cur < wanted) {
    const rlimit raised{std::min(wanted, limit.rlim_max), limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  if (limit.rlim_cur >= wanted) return clients;
  return std::max<int64_t>(1, static_cast<int64_t>(limit.rlim_cur) - kDescriptorsReserved);
}

int enter_directory(const std::string& directory) {
  const int made = make_directories(directory);
  return made < 0 ? made : uv_chdir(directory.c_str());
}

int start_again(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words)
    pointers.push_back(const_cast<char*>(word.c_str()));  // execv changes none of them
  pointers.push_back(nullptr);
  execv(executable_path().c_str(), pointers.data());
  return uv_translate_sys_error(errno);
}

int take_directory(const std::string& directory) {
  // Locks of one process hold against itself too.
  static std::string ours;
  if (directory == ours) return 0;
  if (mkdir(directory.c_str(), kLogDirectoryMode) != 0 && errno != EEXIST)
    return uv_translate_sys_error(errno);
  // The lock is on the directory itself: there is no file that a crash could leave behind.
  const int handle = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return uv_translate_sys_error(errno);
  if (flock(handle, LOCK_EX | LOCK_NB) == 0) {
    ours = directory;
    return 0;  // open, and so locked, until the process ends
  }
  const int error = uv_translate_sys_error(errno);
  close(handle);
  return error;
}

std::string current_directory() {
  return path_from(uv_cwd);
}

std::string executable_path() {
  return path_from(uv_exepath);
}

int process_id() {
  return uv_os_getpid();
}

core::CpuTime cpu_time() {
  const auto microseconds = [](const timeval& time) {
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
  };
  rusage process{};
  rusage thread{};
  getrusage(RUSAGE_SELF, &process);
  getrusage(RUSAGE_THREAD, &thread);
  return {microseconds(process.ru_stime), microseconds(process.ru_utime), microseconds(thread.ru_stime),
          microseconds(thread.ru_utime)};
}

uint64_t resident_bytes() {
  size_t bytes = 0;
  return uv_resident_set_memory(&bytes) == 0 ? bytes : 0;
}

uint64_t system_memory() {
  return uv_get_total_memory();
}

std::string system_name() {
  uv_utsname_t name;
  if (uv_os_uname(&name) != 0) return {};
  return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

void end_at_once() {
  _exit(0);
}

void pause(uint64_t microseconds) {
  timespec left{static_cast<time_t>(microseconds / 1'000'000),
                static_cast<long>(microseconds % 1'000'000 * 1'000)};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

}  // namespace sluice::net
