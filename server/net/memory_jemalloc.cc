// SPDX-License-Identifier: MIT
//
// The only file that knows jemalloc.
#include "server/net/memory_jemalloc.h"

#include <jemalloc/jemalloc.h>

#include <cstring>

#include "engine/base/number_text.h"

namespace sluice::net {
namespace {

// Long enough that a queue that breathes keeps its pages, short enough that one that has drained gives them back.
constexpr ssize_t kDecayMs = 5'000;
// How far the counters of this thread may move before all are added up again, which takes microseconds.
constexpr uint64_t kLookBytes = 16u << 20;

uint64_t read_size(const char* name) {
  size_t value = 0;
  size_t size = sizeof(value);
  return mallctl(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}

const uint64_t* read_counter(const char* name) {
  uint64_t* counter = nullptr;
  size_t size = sizeof(counter);
  return mallctl(name, &counter, &size, nullptr, 0) == 0 ? counter : nullptr;
}

template <typename T>
void write(const char* name, T value) {
  mallctl(name, nullptr, nullptr, &value, sizeof(value));  // a build without it goes on without it
}

void advance_epoch() {
  write("epoch", uint64_t{1});
}

}  // namespace

Memory::Memory()
    : thread_allocated_(read_counter("thread.allocatedp")),
      thread_freed_(read_counter("thread.deallocatedp")) {
  write("arenas.dirty_decay_ms", kDecayMs);
  write("arenas.muzzy_decay_ms", ssize_t{0});
  write("arena.0.dirty_decay_ms", kDecayMs);
  write("arena.0.muzzy_decay_ms", ssize_t{0});
  write("background_thread", true);
  refresh();
}

uint64_t Memory::used() {
  if (thread_allocated_ == nullptr || thread_freed_ == nullptr) {
    refresh();
    return used_then_;
  }
  const uint64_t allocated = *thread_allocated_ - allocated_then_;
  const uint64_t freed = *thread_freed_ - freed_then_;
  if (allocated + freed > kLookBytes) {
    refresh();
    return used_then_;
  }
  return used_then_ + allocated > freed ? used_then_ + allocated - freed : 0;
}

core::AllocatorBytes Memory::bytes() {
  advance_epoch();
  return {read_size("stats.allocated"), read_size("stats.active"), read_size("stats.resident")};
}

std::string Memory::name() {
  const char* version = nullptr;
  size_t size = sizeof(version);
  if (mallctl("version", &version, &size, nullptr, 0) != 0) return "jemalloc";
  const std::string_view text = version;
  return "jemalloc-" + std::string(text.substr(0, text.find('-')));
}

std::string Memory::report() {
  std::string text;
  const auto append = [](void* to, const char* part) { static_cast<std::string*>(to)->append(part); };
  malloc_stats_print(append, &text, nullptr);
  return text;
}

void Memory::purge() {
  const std::string name = "arena." + std::to_string(MALLCTL_ARENAS_ALL) + ".purge";
  mallctl(name.c_str(), nullptr, nullptr, nullptr, 0);
}

core::AllocatorAnswer Memory::value(const std::string& name, bool is_text, std::optional<std::string> set) {
  if (is_text) {
    const char* text = nullptr;
    size_t size = sizeof(text);
    const char* text_set = set ? set->c_str() : nullptr;
    const int error =
        mallctl(name.c_str(), &text, &size, set ? &text_set : nullptr, set ? sizeof(text_set) : 0);
    if (error != 0) return {.error = std::strerror(error)};
    return {.text = text != nullptr ? text : ""};
  }
  // Its numbers have several sizes, and it says of none which one it has.
  uint64_t number_set = set ? static_cast<uint64_t>(parse_i64(*set).value_or(0)) : 0;
  int error = 0;
  for (size_t size = sizeof(uint64_t); size > 0; size /= 2) {
    uint64_t number = 0;
    size_t size_read = size;
    error = mallctl(name.c_str(), &number, &size_read, set ? &number_set : nullptr, set ? size : 0);
    if (error == 0) return {.number = static_cast<int64_t>(number)};
  }
  return {.error = std::strerror(error)};
}

void Memory::refresh() {
  advance_epoch();
  used_then_ = read_size("stats.allocated");
  if (thread_allocated_ != nullptr) allocated_then_ = *thread_allocated_;
  if (thread_freed_ != nullptr) freed_then_ = *thread_freed_;
}

}  // namespace sluice::net
