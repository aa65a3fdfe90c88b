// SPDX-License-Identifier: MIT
#include "persistence/recovery.h"

#include "persistence/batch_reader.h"
#include "tests/persistence/log_fixture.h"
#include "tests/support/faulty_file_system.h"

using namespace sluice;
using Catch::Matchers::Contains;

namespace {

const std::string kFirst = "log/appendonly.aof.1.incr.aof";
const std::string kSecond = "log/appendonly.aof.2.incr.aof";

// Batches of 1, 2, 3, 1, 2, 3 records, each synced if `synced`.
MemoryFileSystem disk_with_batches(int batches, bool synced) {
  MemoryFileSystem disk;
  auto log = open_log(disk);
  for (int i = 0; i < batches; ++i) {
    append(*log, 1 + i % 3);
    REQUIRE(log->write());
    if (synced) REQUIRE(log->sync());
  }
  return disk;
}

// A line that checks, with the fields as wanted.
std::string batch(uint64_t sequence, uint64_t records, uint64_t offset, uint64_t synced = 0,
                  std::string_view body = {}) {
  ByteBuffer out;
  encode_batch({.sequence = sequence, .records = records, .now = kNow, .offset = offset, .synced = synced},
               body, out);
  return std::string(out.view());
}

// Where batches begin and what the state is in front of them, for every batch of the file.
std::vector<std::pair<uint64_t, uint64_t>> boundaries(FileSystem& disk) {
  Loaded loaded(disk);
  REQUIRE(loaded.ok());
  std::vector<std::pair<uint64_t, uint64_t>> result;
  for (const Recorder::Batch& batch : loaded.recorder.batches) {
    result.emplace_back(batch.header.offset, batch.header.sequence - 1);
  }
  return result;
}

std::string load_error(MemoryFileSystem& disk) {
  Loaded loaded(disk);
  REQUIRE_FALSE(loaded.ok());
  REQUIRE_FALSE(loaded.result.error.empty());
  return loaded.result.error;
}

}  // namespace

TEST_CASE("nothing at all is a log without files", "[recovery]") {
  MemoryFileSystem disk;
  Loaded loaded(disk);
  REQUIRE(loaded.ok());
  REQUIRE(loaded.result.log->manifest.chain().empty());
  REQUIRE(loaded.result.log->next_sequence == 1);
}

TEST_CASE("batches are handed over in order, with all that was said of them", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(3, false);
  Loaded loaded(disk);
  REQUIRE(loaded.ok());
  const auto& batches = loaded.recorder.batches;
  REQUIRE(batches.size() == 4);  // the first is the empty one that every file begins with
  REQUIRE(batches[0].body.empty());
  REQUIRE(batches[3].file == "appendonly.aof.1.incr.aof");
  REQUIRE_FALSE(batches[3].base);
  REQUIRE(batches[3].header.sequence == 4);
  REQUIRE(batches[3].header.records == 3);
  REQUIRE(batches[3].header.now == kNow);
  REQUIRE(batches[3].header.seed == 4 * 0x9e3779b97f4a7c15u);
  REQUIRE(batches[3].body == records_text(4, 6));
  REQUIRE(loaded.result.log->batches == 4);
  REQUIRE(loaded.result.log->records == 6);
  REQUIRE(loaded.result.log->bytes == disk.content(kFirst).size());
}

TEST_CASE("a log cut at any byte loads its whole batches, and says what it cut", "[recovery]") {
  for (const bool synced : {false, true}) {
    MemoryFileSystem disk = disk_with_batches(6, synced);
    const std::string whole = disk.content(kFirst);
    const auto starts = boundaries(disk);
    for (size_t size = 0; size < whole.size(); ++size) {
      INFO("size " << size);
      disk.set_content(kFirst, whole.substr(0, size));
      uint64_t good = 0, last = 0;
      for (const auto& [offset, sequence] : starts) {
        if (offset <= size) good = offset, last = sequence;
      }
      Loaded loaded(disk);
      REQUIRE(loaded.result.error == "");
      REQUIRE(loaded.state() == records_text(1, last));
      REQUIRE(loaded.result.log->bytes_cut == size - good);
      REQUIRE(loaded.notices().empty() == (size == good));
      REQUIRE(disk.content(kFirst) == whole.substr(0, good));
      // And it goes on from there.
      auto log = Log::open(disk, std::move(*loaded.result.log), kNow);
      REQUIRE(log.ok());
      append(*log.value());
      REQUIRE(log.value()->close(kNow));
      REQUIRE(Loaded(disk).state() == records_text(1, last + 1));
    }
  }
}

TEST_CASE("zeros and garbage behind the last batch are cut off", "[recovery]") {
  std::mt19937_64 random(3);
  MemoryFileSystem disk = disk_with_batches(4, true);
  const std::string whole = disk.content(kFirst);
  for (size_t size = 1; size < 400; size += 7) {
    for (const bool zeros : {true, false}) {
      std::string tail(size, '\0');
      for (char& byte : tail)
        byte = zeros ? '\0' : static_cast<char>(random());
      disk.set_content(kFirst, whole + tail);
      Loaded loaded(disk);
      REQUIRE(loaded.result.error == "");
      REQUIRE(loaded.result.log->bytes_cut == size);
      REQUIRE_THAT(loaded.notices(), Contains(std::to_string(size) + " bytes are not loaded"));
      REQUIRE(disk.content(kFirst) == whole);
    }
  }
}

TEST_CASE("every byte of a cleanly closed log that is altered is noticed", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(4, false);
  REQUIRE(open_log(disk)->close(kNow));
  const std::string whole = disk.content(kFirst);
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const int flip : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff, 0x0b}) {
      std::string altered = whole;
      altered[i] = static_cast<char>(altered[i] ^ flip);
      disk.set_content(kFirst, altered);
      INFO("offset " << i << " flip " << flip);
      REQUIRE_THAT(load_error(disk), Contains(kFirst) && Contains("offset") && Contains("--check-aof"));
      REQUIRE(disk.content(kFirst) == altered);
    }
  }
}

TEST_CASE("damage that looks like a tear is refused where the disk had the bytes", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(3, true);
  const std::string whole = disk.content(kFirst);
  const auto starts = boundaries(disk);
  const uint64_t third = starts[2].first;

  // Zeros up to the last batch, whose line says that everything before it was on the disk.
  std::string zeros = whole;
  for (uint64_t i = third; i < starts[3].first; ++i)
    zeros[i] = '\0';
  disk.set_content(kFirst, zeros);
  REQUIRE_THAT(load_error(disk), Contains("offset " + std::to_string(third)) && Contains("zeros") &&
                                     Contains("the disk had the first " + std::to_string(starts[3].first)));

  // Behind everything that is known to be on the disk, the same is a crash.
  disk.set_content(kFirst, whole.substr(0, third) + batch(2, 0, third, third) + std::string(100, '\0'));
  REQUIRE(Loaded(disk).ok());
}

TEST_CASE("a valid batch behind the damage makes it corruption, synced or not", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(4, false);
  const std::string whole = disk.content(kFirst);
  const auto starts = boundaries(disk);
  std::string altered = whole;
  altered[starts[3].first - 3] ^= 1;
  disk.set_content(kFirst, altered);
  REQUIRE_THAT(load_error(disk),
               Contains("offset " + std::to_string(starts[2].first) + ":") &&
                   Contains("a valid batch follows at offset " + std::to_string(starts[3].first)));
}

TEST_CASE("a valid batch is found behind megabytes of damage", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(1, false);
  const std::string whole = disk.content(kFirst);
  for (const size_t gap : {kReadBytes - 3, kReadBytes, 2 * kReadBytes + 11}) {
    disk.set_content(kFirst, whole + std::string(gap, 'x') + batch(9, 1, whole.size() + gap, 0, "body"));
    REQUIRE_THAT(load_error(disk),
                 Contains("a valid batch follows at offset " + std::to_string(whole.size() + gap)));
    // The same bytes, but not where they say they stand: nothing that a crash could not leave.
    disk.set_content(kFirst, whole + std::string(gap, 'x') + batch(9, 1, whole.size() + gap + 1, 0, "body"));
    REQUIRE(Loaded(disk).ok());
  }
}

TEST_CASE("a copy of a log in a torn body is not taken for the log", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(3, true);
  const std::string copy = disk.content(kFirst);
  auto log = open_log(disk);
  const size_t before = log->written_offset();
  log->append_batch({.first_sequence = 7, .records = 1, .now = kNow}, copy);
  REQUIRE(log->close(kNow));
  REQUIRE(Loaded(disk).ok());
  const std::string whole = disk.content(kFirst);
  disk.set_content(kFirst, whole.substr(0, before + 100 + copy.size()));
  Loaded loaded(disk);
  REQUIRE(loaded.result.error == "");
  REQUIRE(loaded.state() == records_text(1, 6));
}

TEST_CASE("a length that damage has made up costs no memory", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(1, false);
  const std::string whole = disk.content(kFirst);
  disk.set_content(
      kFirst, whole + "#sluice v=1 seq=2 n=1 now=0 seed=0000000000000000 at=" + std::to_string(whole.size()) +
                  " synced=0 len=18446744073709551615 crc=00000000\r\nbody");
  Loaded loaded(disk);
  REQUIRE(loaded.result.error == "");
  REQUIRE_THAT(loaded.notices(), Contains("a batch cut short"));
}

TEST_CASE("bodies larger than the read buffer are loaded", "[recovery]") {
  MemoryFileSystem disk;
  auto log = open_log(disk);
  std::string expected;
  for (const size_t size : {size_t{10}, 3 * kReadBytes + 7, size_t{0}, kReadBytes, size_t{5}}) {
    const std::string body(size, static_cast<char>('a' + size % 26));
    log->append_batch({.first_sequence = log->next_sequence(), .records = 1, .now = kNow}, body);
    expected += body;
  }
  REQUIRE(log->close(kNow));
  Loaded loaded(disk);
  REQUIRE(loaded.result.error == "");
  REQUIRE(loaded.state() == expected);
}

TEST_CASE("a gap or a step back in the sequence is refused", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(2, false);  // records 1 .. 3
  const std::string whole = disk.content(kFirst);
  for (const uint64_t sequence : {3u, 5u, 1u}) {
    disk.set_content(kFirst, whole + batch(sequence, 1, whole.size(), 0, "x"));
    REQUIRE_THAT(load_error(disk),
                 Contains("begins with record " + std::to_string(sequence)) && Contains("end with 3"));
  }
  disk.set_content(kFirst, whole + batch(4, 1, whole.size(), 0, "x"));
  REQUIRE(Loaded(disk).ok());
  // Without a base, a log begins with its first record.
  disk.set_content(kFirst, batch(2, 1, 0, 0, "x"));
  REQUIRE_THAT(load_error(disk), Contains("begins with record 2"));
}

TEST_CASE("what the consumer refuses is told with file, offset and reason", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(3, false);
  Recorder recorder;
  recorder.refused = 2;
  const LoadResult result = load(disk, kLocation, recorder);
  REQUIRE_FALSE(result.ok());
  REQUIRE_THAT(result.error, Contains(kFirst) && Contains("offset ") && Contains("unknown command"));
  REQUIRE(recorder.state == records_text(1, 1));
}

TEST_CASE("any change to a file that is not the last is refused", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(3, false);
  {
    auto log = open_log(disk);
    REQUIRE(log->start_increment(kNow).ok());
    REQUIRE(log->write());
  }
  const std::string whole = disk.content(kFirst);
  for (size_t i = 0; i < whole.size(); ++i) {
    INFO("offset " << i);
    std::string altered = whole;
    altered[i] ^= 0x10;
    disk.set_content(kFirst, altered);
    REQUIRE_THAT(load_error(disk), Contains(kFirst));
    disk.set_content(kFirst, whole.substr(0, i));
    REQUIRE_THAT(load_error(disk), Contains("damaged at offset"));
  }
  disk.set_content(kFirst, whole + '\0');
  REQUIRE_THAT(load_error(disk), Contains(kFirst));
  disk.set_content(kFirst, whole);
  REQUIRE(Loaded(disk).ok());
}

TEST_CASE("any change to a base is refused, and so is a base without its end", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(4, false);
  {
    auto log = open_log(disk);
    REQUIRE(rewrite(disk, *log));
  }
  const std::string path = "log/appendonly.aof.3.base.aof";
  const std::string whole = disk.content(path);
  for (size_t i = 0; i < whole.size(); ++i) {
    INFO("offset " << i);
    std::string altered = whole;
    altered[i] ^= 0x04;
    disk.set_content(path, altered);
    REQUIRE_THAT(load_error(disk), Contains(path));
    disk.set_content(path, whole.substr(0, i));
    REQUIRE_THAT(load_error(disk), Contains(path));
  }
  disk.set_content(path, whole);
  REQUIRE(Loaded(disk).state() == records_text(1, 7));
}

TEST_CASE("a file that the manifest names but nobody has is named", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(3, false);
  REQUIRE(disk.remove(kFirst).ok());
  REQUIRE_THAT(load_error(disk), Contains(kFirst) && Contains("missing"));
}

TEST_CASE("a manifest that cannot be read is named with its line", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(3, false);
  disk.set_content(kLocation.manifest_path(), "file x seq 1 type i\nnonsense\n");
  REQUIRE_THAT(load_error(disk), Contains(kLocation.manifest_path()) && Contains("line 2"));
  disk.set_content(kLocation.manifest_path(), std::string(kManifestBytesMax + 1, '#'));
  REQUIRE_THAT(load_error(disk), Contains("too long"));
}

TEST_CASE("files of a log without a manifest are not taken for an empty log", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(3, false);
  REQUIRE(disk.remove(kLocation.manifest_path()).ok());
  REQUIRE_THAT(load_error(disk),
               Contains(kFirst) && Contains(kLocation.manifest_path()) && Contains("missing"));
  REQUIRE(disk.has(kFirst));
}

TEST_CASE("what Redis has written is refused by name", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(0, false);
  disk.set_content(kFirst, "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n");
  REQUIRE_THAT(load_error(disk), Contains("append-only file of Redis"));
  disk.set_content(kFirst, "#TS:1700000000\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n");
  REQUIRE_THAT(load_error(disk), Contains("append-only file of Redis"));
  disk.set_content(kFirst, "REDIS0011");
  REQUIRE_THAT(load_error(disk), Contains("RDB file of Redis"));

  MemoryFileSystem single;
  single.set_content("appendonly.aof", "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n");
  REQUIRE_THAT(load_error(single), Contains("single append-only file"));
}

TEST_CASE("temporary files and history are deleted, and other files are not", "[recovery]") {
  MemoryFileSystem disk = disk_with_batches(3, false);
  const std::string manifest = disk.content(kLocation.manifest_path());
  disk.set_content(kLocation.manifest_path(),
                   manifest + "file old.base seq 1 type h\nfile gone seq 2 type h\n");
  disk.set_content("log/old.base", "x");
  disk.set_content("log/temp-appendonly.aof.9.base.aof", "x");
  disk.set_content("log/temp-appendonly.aof.manifest", "x");
  disk.set_content("log/appendonly.aof.7.incr.aof", "x");
  disk.set_content("log/notes.txt", "x");
  Loaded loaded(disk);
  REQUIRE(loaded.ok());
  REQUIRE_FALSE(disk.has("log/old.base"));
  REQUIRE_FALSE(disk.has("log/temp-appendonly.aof.9.base.aof"));
  REQUIRE_FALSE(disk.has("log/temp-appendonly.aof.manifest"));
  REQUIRE(disk.has("log/notes.txt"));
  REQUIRE(disk.has("log/appendonly.aof.7.incr.aof"));
  // No number is used twice, not even one that only a leftover has.
  REQUIRE(loaded.result.log->number_max == 9);
}

TEST_CASE("a load that the disk fails at any call changes nothing that the next one needs", "[recovery]") {
  MemoryFileSystem original = disk_with_batches(3, false);
  {
    auto log = open_log(original);
    REQUIRE(rewrite(original, *log));
    append(*log, 2);
    REQUIRE(log->write());
  }
  const std::string last = "log/appendonly.aof.2.incr.aof";
  original.set_content(last, original.content(last) + "torn");
  original.set_content("log/temp-appendonly.aof.9.base.aof", "x");
  for (uint64_t k = 1;; ++k) {
    INFO("call " << k);
    MemoryFileSystem disk(original);
    FaultyFileSystem files(disk);
    files.fail_at(k, k % 2 == 0 ? Fault::kError : Fault::kErrorAfter);
    Loaded first(files);
    if (first.ok()) REQUIRE(first.state() == records_text(1, 8));
    Loaded second(disk);
    REQUIRE(second.result.error == "");
    REQUIRE(second.state() == records_text(1, 8));
    if (files.faults() == 0) break;
  }
}
