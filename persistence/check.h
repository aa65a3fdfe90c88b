// SPDX-License-Identifier: MIT
//
// `sluice-server --check-aof PATH [--fix]`: checks every byte of a log without running it, and says per file
// what is good, where the first bad byte is, and what a repair would lose. Changes nothing without `fix`.
#pragma once

#include <string>

#include "persistence/file_system.h"

namespace sluice {

struct CheckResult {
  bool good = false;   // now: there was nothing wrong, or it has been repaired
  bool fixed = false;  // something was cut off
  std::string report;  // lines of text for the operator
};

// `path` is the directory of a log, its manifest, or one of its files. A fix cuts the file with the first damage there;
// with a directory or a manifest, the increments behind it that do not go on at the cut leave the manifest (their files
// stay). A base is never cut: it is the state, and half of one is none.
CheckResult check_log(FileSystem& files, const std::string& path, bool fix);

}  // namespace sluice
