// SPDX-License-Identifier: MIT
#include "persistence/check.h"

#include "tests/persistence/log_fixture.h"

using namespace sluice;
using Catch::Matchers::Contains;

namespace {

const std::string kManifest = kLocation.manifest_path();

// Base 3 (records 1-4), increment 2 (5-6), increment 4 (7-9).
struct CheckFixture {
  CheckFixture() {
    auto log = open_log(disk);
    append(*log, 4);
    REQUIRE(log->write());
    REQUIRE(rewrite(disk, *log));
    append(*log);
    append(*log);
    REQUIRE(log->start_increment(kNow).ok());
    append(*log);
    append(*log, 2);
    REQUIRE(log->write());
  }
  MemoryFileSystem disk;
  const std::string base = "log/appendonly.aof.3.base.aof";
  const std::string first = "log/appendonly.aof.2.incr.aof";
  const std::string last = "log/appendonly.aof.4.incr.aof";

  void flip(const std::string& path, size_t offset) {
    std::string bytes = disk.content(path);
    bytes.at(offset) ^= 0x20;
    disk.set_content(path, bytes);
  }
  std::map<std::string, std::string> everything() {
    std::map<std::string, std::string> contents;
    const auto names = disk.list("log");
    for (const std::string& name : names.value())
      contents[name] = disk.content("log/" + name);
    return contents;
  }
  // Without a fix, nothing may change.
  CheckResult check(const std::string& path = "log") {
    const auto before = everything();
    CheckResult result = check_log(disk, path, false);
    REQUIRE(everything() == before);
    REQUIRE_FALSE(result.fixed);
    return result;
  }
};

}  // namespace

TEST_CASE("a good log is good, by directory, manifest and file", "[check]") {
  CheckFixture f;
  for (const std::string& path : {std::string("log"), kManifest, f.base, f.first, f.last}) {
    const CheckResult result = f.check(path);
    INFO(result.report);
    REQUIRE(result.good);
  }
  const std::string report = f.check().report;
  REQUIRE_THAT(report, Contains(f.base + ": 3 batches, 0 records"));
  REQUIRE_THAT(report, Contains(f.first + ": 3 batches, 2 records"));
  REQUIRE_THAT(report, Contains(f.last + ": 3 batches, 3 records"));
}

TEST_CASE("a torn end is told, and cut by a fix", "[check]") {
  CheckFixture f;
  const std::string whole = f.disk.content(f.last);
  f.disk.set_content(f.last, whole + "torn");
  const CheckResult found = f.check();
  INFO(found.report);
  REQUIRE_FALSE(found.good);
  REQUIRE_THAT(found.report,
               Contains("first fault at offset " + std::to_string(whole.size())) &&
                   Contains("--fix would lose 4 bytes of this file, with 0 whole batches of 0 records") &&
                   Contains("the server cuts it off by itself"));
  const CheckResult fixed = check_log(f.disk, "log", true);
  REQUIRE(fixed.fixed);
  REQUIRE(fixed.good);
  REQUIRE(f.disk.content(f.last) == whole);
  REQUIRE(Loaded(f.disk).state() == records_text(1, 9));
}

TEST_CASE("damage in the last increment is told with what stands behind it, and cut by a fix", "[check]") {
  CheckFixture f;
  f.flip(f.last, 0);
  const CheckResult found = f.check();
  INFO(found.report);
  REQUIRE_FALSE(found.good);
  REQUIRE_THAT(found.report, Contains("first fault at offset 0") &&
                                 Contains("with 2 whole batches of 3 records") &&
                                 Contains("The log is damaged"));
  const CheckResult fixed = check_log(f.disk, kManifest, true);
  INFO(fixed.report);
  REQUIRE(fixed.fixed);
  REQUIRE(fixed.good);
  REQUIRE(Loaded(f.disk).state() == records_text(1, 6));
}

TEST_CASE("damage in an earlier increment costs the ones behind it, and the fix says so", "[check]") {
  CheckFixture f;
  f.flip(f.first, f.disk.content(f.first).size() - 3);
  const CheckResult found = f.check();
  REQUIRE_FALSE(found.good);
  REQUIRE_THAT(found.report, Contains("and the files behind it"));
  const CheckResult fixed = check_log(f.disk, "log", true);
  INFO(fixed.report);
  REQUIRE(fixed.good);
  REQUIRE_THAT(fixed.report, Contains("Left " + f.last + " out of the manifest, with 3 records"));
  REQUIRE(f.disk.has(f.last));
  Loaded loaded(f.disk);
  REQUIRE(loaded.result.error == "");
  REQUIRE(loaded.state() == records_text(1, 5));
}

TEST_CASE("a base is never cut", "[check]") {
  CheckFixture f;
  f.flip(f.base, 200);
  const auto before = f.everything();
  const CheckResult result = check_log(f.disk, "log", true);
  REQUIRE_FALSE(result.good);
  REQUIRE_FALSE(result.fixed);
  REQUIRE_THAT(result.report, Contains("cannot be repaired") && Contains("Restore the file"));
  REQUIRE(f.everything() == before);
}

TEST_CASE("a whole file that lost its last batches is found by the next one", "[check]") {
  CheckFixture f;
  Loaded loaded(f.disk);
  uint64_t last_batch = 0;
  for (const auto& batch : loaded.recorder.batches) {
    if (batch.file == path_name(f.first)) last_batch = batch.header.offset;
  }
  f.disk.set_content(f.first, f.disk.content(f.first).substr(0, last_batch));
  const CheckResult result = f.check();
  INFO(result.report);
  REQUIRE_FALSE(result.good);
  REQUIRE_THAT(result.report, Contains("the log ends with record 5, but the next begins with 7"));
}

TEST_CASE("a gap inside a file is found", "[check]") {
  CheckFixture f;
  ByteBuffer out;
  const std::string whole = f.disk.content(f.last);
  encode_batch({.sequence = 12, .records = 1, .offset = whole.size()}, "x", out);
  f.disk.set_content(f.last, whole + std::string(out.view()));
  const CheckResult result = f.check();
  REQUIRE_FALSE(result.good);
  REQUIRE_THAT(result.report,
               Contains("begins with record 12 instead of 10") && Contains("1 whole batch of 1 record."));
  REQUIRE(check_log(f.disk, "log", true).good);
  REQUIRE(Loaded(f.disk).state() == records_text(1, 9));
}

TEST_CASE("what is no log of ours is told, not repaired", "[check]") {
  CheckFixture f;
  f.disk.set_content("log/dump.aof", "*1\r\n$4\r\nPING\r\n");
  REQUIRE_THAT(check_log(f.disk, "log/dump.aof", true).report, Contains("append-only file of Redis"));
  REQUIRE(f.disk.content("log/dump.aof") == "*1\r\n$4\r\nPING\r\n");
  REQUIRE_THAT(f.check("log/none.aof").report, Contains("No such file"));
  REQUIRE_FALSE(f.check("log/none.aof").good);
  REQUIRE_THAT(f.check("nowhere").report, Contains("No such file"));
  REQUIRE_THAT(f.check(".").report, Contains("no manifest"));
  REQUIRE(f.disk.remove(f.first).ok());
  REQUIRE_THAT(check_log(f.disk, "log", true).report, Contains(f.first) && Contains("cannot be repaired"));
}

TEST_CASE("the check and the load agree on every damaged byte and every length", "[check]") {
  CheckFixture original;
  for (const std::string& path : {original.base, original.first, original.last}) {
    const std::string whole = original.disk.content(path);
    for (size_t i = 0; i < whole.size(); ++i) {
      for (const bool cut : {false, true}) {
        MemoryFileSystem disk(original.disk);
        std::string bytes = cut ? whole.substr(0, i) : whole;
        if (!cut) bytes[i] ^= 0x40;
        disk.set_content(path, bytes);
        const CheckResult check = check_log(disk, "log", false);
        MemoryFileSystem copy(disk);
        Loaded loaded(copy);
        INFO(path << " offset " << i << " cut " << cut << "\n" << check.report << loaded.result.error);
        const bool torn = check.report.find("cuts it off by itself") != std::string::npos;
        REQUIRE(loaded.ok() == (check.good || torn));
        if (path == original.base) continue;
        // A fix makes it loadable.
        const CheckResult fixed = check_log(disk, "log", true);
        INFO(fixed.report);
        REQUIRE(fixed.good);
        Loaded after(disk);
        REQUIRE(after.result.error == "");
        const uint64_t last = after.result.log->next_sequence - 1;
        REQUIRE(after.state() == records_text(1, last));
      }
    }
  }
}
