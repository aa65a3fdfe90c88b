// SPDX-License-Identifier: MIT
//
// What a process can ask of its system before the loop runs.
#pragma once

#include <cstdint>
#include <string>

#include "server/core/server.h"

namespace sluice::net {

// Descriptors that are not clients: the log, listeners, the loop's own.
inline constexpr int64_t kDescriptorsReserved = 32;

// Goes on as a child in the background, without the terminal. False: it could not. Before there are threads.
bool go_to_background();
// Asks for so many descriptors that `clients` fit; returns how many do.
int64_t make_room_for_clients(int64_t clients);
// Works in `directory` from now on, made if it is missing. libuv's error, or 0.
int enter_directory(const std::string& directory);
// Makes sure that no other server uses this directory, made if it is missing, until this process ends. 0, UV_EAGAIN if
// another one does, or another of libuv's errors.
int take_directory(const std::string& directory);
std::string current_directory();
std::string executable_path();
int process_id();
core::CpuTime cpu_time();
// Bytes of memory that the process holds; that the machine has.
uint64_t resident_bytes();
uint64_t system_memory();
// "Linux 6.1.0 x86_64"
std::string system_name();
// Begins the program anew in this process: the same words, the same environment, no open file but the standard ones.
// Returns only libuv's error.
int start_again(const std::vector<std::string>& words);
// The whole process sleeps.
void pause(uint64_t microseconds);
// Ends the process without another word to anybody.
[[noreturn]] void end_at_once();

}  // namespace sluice::net
