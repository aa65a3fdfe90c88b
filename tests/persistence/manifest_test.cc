// SPDX-License-Identifier: MIT
#include "persistence/manifest.h"

#include <catch2/catch.hpp>

#include "tests/persistence/log_fixture.h"
#include "tests/support/faulty_file_system.h"

using namespace sluice;

namespace {

Manifest sample() {
  Manifest manifest;
  manifest.base = ManifestFile{"a.3.base.aof", 3, FileKind::kBase};
  manifest.history = {{"a.1.base.aof", 1, FileKind::kHistory}};
  manifest.increments = {{"a.7.incr.aof", 7, FileKind::kIncrement, 120, 150},
                         {"a.8.incr.aof", 8, FileKind::kIncrement}};
  return manifest;
}

}  // namespace

TEST_CASE("a manifest is the documented text, and comes back from it", "[manifest]") {
  const std::string text = format_manifest(sample());
  REQUIRE(text ==
          "file a.3.base.aof seq 3 type b\n"
          "file a.1.base.aof seq 1 type h\n"
          "file a.7.incr.aof seq 7 type i unsynced_from 120 ends_at 150\n"
          "file a.8.incr.aof seq 8 type i\n");
  const ManifestParsed parsed = parse_manifest(text);
  REQUIRE(parsed.mistake == "");
  REQUIRE(parsed.manifest == sample());
  REQUIRE(parsed.manifest.number_max() == 8);
}

TEST_CASE("names with special characters survive", "[manifest]") {
  const std::string name = "my \"log\"\\ caf\xc3\xa9\x01.aof.1.incr.aof";
  Manifest manifest;
  manifest.increments = {{name, 1, FileKind::kIncrement}};
  const ManifestParsed parsed = parse_manifest(format_manifest(manifest));
  REQUIRE(parsed.mistake == "");
  REQUIRE(parsed.manifest.increments[0].name == name);
}

TEST_CASE("comments, other orders, unknown pairs and spaces are taken", "[manifest]") {
  const ManifestParsed parsed = parse_manifest(
      "# written by hand\n"
      "seq 1 type b  file x startoffset 7\n"
      "file y type i color \"dark red\" seq 2\r\n");
  REQUIRE(parsed.mistake == "");
  REQUIRE(parsed.manifest.base->name == "x");
  REQUIRE(parsed.manifest.increments[0].number == 2);
}

TEST_CASE("a text that is no manifest is refused, with the line", "[manifest]") {
  const std::pair<std::string, std::string> wrong[] = {
      {"", "it names no file"},
      {"# only a comment\n", "it names no file"},
      {"file x seq 1 type i", "line 1: cut short, no line end"},
      {"file x seq 1 type i\n\n", "line 2: not a list of file, seq and type with values"},
      {"file x seq 1 type\n", "line 1: not a list of file, seq and type with values"},
      {"file x seq 1 type i more\n", "line 1: not a list of file, seq and type with values"},
      {"file x seq 1 kind i\n", "line 1: file, seq or type is missing"},
      {"name x seq 1 type i\n", "line 1: file, seq or type is missing"},
      {"file x seq 0 type i\n", "line 1: seq is not a number from 1 on"},
      {"file x seq -1 type i\n", "line 1: seq is not a number from 1 on"},
      {"file x seq 1z type i\n", "line 1: seq is not a number from 1 on"},
      {"file x seq 1 type z\n", "line 1: type is none of b, h and i"},
      {"file ../x seq 1 type i\n", "line 1: a file is named by more than a plain name"},
      {"file .. seq 1 type i\n", "line 1: a file is named by more than a plain name"},
      {"file \"x seq 1 type i\n", "line 1: quotes do not match"},
      {"file \"x\"y seq 1 type i\n", "line 1: quotes do not match"},
      {"file \"x\\x0\" seq 1 type i\n", "line 1: quotes do not match"},
      {"file x seq 1 type i unsynced_from x\n", "line 1: unsynced_from is not a number"},
      {"file x seq 1 type i ends_at -1\n", "line 1: ends_at is not a number"},
      {"file x seq 1 type b\nfile y seq 2 type b\n", "line 2: a second base"},
      {"file x seq 2 type i\nfile y seq 2 type i\n", "line 2: the numbers of the increments do not rise"},
      {"file x seq 1 type i\nfile x seq 2 type i\n", "line 2: a file is named twice"},
      {"file " + std::string(kManifestLineBytesMax, 'x') + " seq 1 type i\n", "line 1: too long"},
  };
  for (const auto& [text, mistake] : wrong) {
    INFO(text);
    REQUIRE(parse_manifest(text).mistake == mistake);
  }
}

TEST_CASE("a crash at any call of a replacement leaves the old manifest or the new one", "[manifest]") {
  Manifest before;
  before.base = ManifestFile{"a.3.base.aof", 3, FileKind::kBase};
  std::mt19937_64 random(1);
  for (uint64_t stop = 1; stop < 20; ++stop) {
    for (int round = 0; round < 20; ++round) {
      MemoryFileSystem disk;
      REQUIRE(disk.make_directory("log").ok());
      REQUIRE(disk.sync_directory(".").ok());
      REQUIRE(replace_manifest(disk, kLocation, before).change == ManifestChange::kDone);
      FaultyFileSystem faulty(disk);
      faulty.stop_at(stop);
      const ManifestReplaced replaced = replace_manifest(faulty, kLocation, sample());
      disk.crash(choose_by(random), MemoryFileSystem::Tail::kMayBeGarbage);
      const ManifestParsed parsed = parse_manifest(disk.content(kLocation.manifest_path()));
      INFO("stop " << stop << " round " << round);
      REQUIRE(parsed.mistake == "");
      switch (replaced.change) {
        case ManifestChange::kDone:
          REQUIRE(parsed.manifest == sample());
          break;
        case ManifestChange::kUnchanged:
          REQUIRE(parsed.manifest == before);
          break;
        case ManifestChange::kUncertain:
          REQUIRE((parsed.manifest == sample() || parsed.manifest == before));
          break;
      }
      REQUIRE((replaced.change == ManifestChange::kDone) == (faulty.faults() == 0));
    }
  }
}
