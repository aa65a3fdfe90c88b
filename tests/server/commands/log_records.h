// SPDX-License-Identifier: MIT
//
// What a test's commands have put into the log.
#pragma once

#include <string>
#include <vector>

#include "tests/support/server_fixture.h"

namespace sluice::test {

// The records in order, their words separated by blanks, without those that the server writes for itself.
inline std::vector<std::string> log_records(ServerFixture& fixture) {
  fixture.turn();
  std::vector<std::string> records;
  const auto files = fixture.world().files.list("appendonlydir");
  for (const std::string& name : files.value()) {
    if (!name.ends_with(".incr.aof")) continue;
    const std::string text = fixture.world().files.content("appendonlydir/" + name);
    size_t at = 0;
    const auto line = [&text, &at] {
      const size_t end = text.find("\r\n", at);
      std::string found = text.substr(at, end - at);
      at = end + 2;
      return found;
    };
    while (at < text.size()) {
      if (text[at] != '*') {  // an annotation
        line();
        continue;
      }
      std::string record;
      for (int words = std::stoi(line().substr(1)); words > 0; --words) {
        const size_t size = std::stoul(line().substr(1));
        record.append(record.empty() ? "" : " ").append(text, at, size);
        at += size + 2;
      }
      const bool own = record.starts_with("SELECT ") || record == "QSTART" || record.starts_with("TICK ");
      if (!own) records.push_back(record);
    }
  }
  return records;
}

}  // namespace sluice::test
