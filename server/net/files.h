// SPDX-License-Identifier: MIT
//
// The few files that are not the log's: configuration, pid file, log for people, Unix socket. Each call is one or two
// of libuv's, done at once. Results below zero are libuv's error numbers.
#pragma once

#include <uv.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::net {

// The whole file, or standard input for "-". Nothing if it cannot be read; `error` then says why.
std::optional<std::string> read_text(const std::string& path, int& error);
// Replaces the file.
int write_text(const std::string& path, std::string_view text);
// The same in one step: whoever reads it, or comes back from a crash, finds the old text or the new one.
int replace_text(const std::string& path, std::string_view text);
// The files that a pattern with * ? [ names, sorted; the path itself if it has none of these.
std::vector<std::string> expand_path(const std::string& pattern);
int open_to_append(const std::string& path);
int write_all(uv_file file, std::string_view text);
void close_file(uv_file file);
int remove_file(const std::string& path);
int set_mode(const std::string& path, int mode);
bool is_socket(const std::string& path);
bool path_exists(const std::string& path);
// With those above it. Success if it exists already.
int make_directories(const std::string& path);

}  // namespace sluice::net
