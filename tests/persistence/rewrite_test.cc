// SPDX-License-Identifier: MIT
#include "persistence/rewrite.h"

#include "tests/persistence/log_fixture.h"
#include "tests/support/faulty_file_system.h"

using namespace sluice;

namespace {

// Batches before, during and after a rewrite, each synced, on a disk that may fail. Returns the last record
// that was told to be synced, and through `appended` the last that was appended.
uint64_t live_with_rewrite(FileSystem& files, uint64_t& appended) {
  uint64_t synced = 0;
  auto log = open_log(files);
  if (log == nullptr) return 0;
  const auto add = [&] {
    append(*log, 2);
    appended = log->next_sequence() - 1;
    log->write();
    log->sync();
    synced = std::max(synced, log->synced_sequence());
  };
  const auto rewrite_with_traffic = [&] {
    Rewrite rewrite(files, *log);
    const uint64_t last = log->next_sequence() - 1;
    if (!rewrite.begin(kNow).ok()) return;
    for (uint64_t first = 1; first <= last; first += 3) {
      add();
      if (!rewrite.append_base(kNow, records_text(first, std::min(first + 2, last))).ok()) return;
    }
    const auto ticket = rewrite.finish_begin(kNow);
    if (!ticket.ok()) return;
    add();
    (void)rewrite.finish_end(ticket.value().file->sync()).ok();
  };
  add();
  rewrite_with_traffic();
  add();
  rewrite_with_traffic();
  add();
  if (log->close(kNow)) synced = log->next_sequence() - 1;
  return synced;
}

void require_prefix(MemoryFileSystem& disk, uint64_t synced, uint64_t appended) {
  Loaded loaded(disk);
  REQUIRE(loaded.result.error == "");
  const uint64_t last = loaded.result.log->next_sequence - 1;
  REQUIRE(loaded.state() == records_text(1, last));
  REQUIRE(last >= synced);
  REQUIRE(last <= appended);
  auto log = Log::open(disk, std::move(*loaded.result.log), kNow);
  REQUIRE(log.ok());
  append(*log.value());
  REQUIRE(log.value()->write());
  REQUIRE(rewrite(disk, *log.value()));
  REQUIRE(Loaded(disk).state() == records_text(1, last + 1));
}

}  // namespace

TEST_CASE("a rewrite leaves one base and one increment, and the same state", "[rewrite]") {
  MemoryFileSystem disk;
  auto log = open_log(disk);
  append(*log, 5);
  REQUIRE(log->write());
  const uint64_t before = log->current_bytes();
  REQUIRE(rewrite(disk, *log));
  append(*log, 2);
  REQUIRE(log->write());

  REQUIRE(disk.content(kLocation.manifest_path()) ==
          "file appendonly.aof.3.base.aof seq 3 type b\n"
          "file appendonly.aof.2.incr.aof seq 2 type i\n");
  REQUIRE(disk.list("log").value().size() == 3);
  Loaded loaded(disk);
  REQUIRE(loaded.ok());
  REQUIRE(loaded.state() == records_text(1, 7));
  REQUIRE(loaded.recorder.batches[0].base);
  REQUIRE(loaded.recorder.batches[0].header.sequence == 6);
  REQUIRE(loaded.recorder.batches[0].header.records == 0);
  REQUIRE(log->base_bytes() == disk.content("log/appendonly.aof.3.base.aof").size());
  REQUIRE(log->current_bytes() == log->base_bytes() + disk.content("log/appendonly.aof.2.incr.aof").size());
  REQUIRE(loaded.result.log->bytes == log->current_bytes());
  REQUIRE(before > 0);
}

TEST_CASE("what is appended while the base is written comes after it", "[rewrite]") {
  MemoryFileSystem disk;
  uint64_t appended = 0;
  const uint64_t synced = live_with_rewrite(disk, appended);
  REQUIRE(synced == appended);
  require_prefix(disk, synced, appended);
  REQUIRE(disk.list("log").value().size() == 3);
}

TEST_CASE("a crash at any call of a rewrite loses nothing that was synced", "[rewrite]") {
  std::mt19937_64 random(11);
  for (uint64_t k = 1;; ++k) {
    bool stopped = false;
    for (int round = 0; round < 12; ++round) {
      MemoryFileSystem disk;
      FaultyFileSystem files(disk);
      files.stop_at(k);
      uint64_t appended = 0;
      const uint64_t synced = live_with_rewrite(files, appended);
      stopped = files.stopped();
      INFO("call " << k << " round " << round);
      const Choose choose = choose_by(random);
      switch (round) {
        case 0:
          disk.kill();
          break;
        case 1:
          disk.crash([](uint64_t) { return uint64_t{0}; });
          break;
        case 2:
          disk.crash([](uint64_t max) { return max; });
          break;
        case 3:
          disk.crash(choose, MemoryFileSystem::Tail::kMayBeZeros);
          break;
        case 4:
          disk.crash(choose, MemoryFileSystem::Tail::kMayBeGarbage);
          break;
        default:
          disk.crash(choose);
          break;
      }
      require_prefix(disk, synced, appended);
    }
    if (!stopped) break;
    REQUIRE(k < 1000);
  }
}

TEST_CASE("an error at any call of a rewrite leaves a log that goes on and can be rewritten", "[rewrite]") {
  std::mt19937_64 random(12);
  for (const Fault fault : {Fault::kError, Fault::kErrorAfter, Fault::kShort}) {
    for (uint64_t k = 1;; ++k) {
      uint64_t faults = 0;
      for (int round = 0; round < 4; ++round) {
        MemoryFileSystem disk;
        FaultyFileSystem files(disk);
        files.fail_at(k, fault, ENOSPC);
        uint64_t appended = 0;
        const uint64_t synced = live_with_rewrite(files, appended);
        faults = files.faults();
        INFO("call " << k << " fault " << static_cast<int>(fault) << " round " << round);
        if (round == 0) disk.kill();
        if (round > 0) disk.crash(choose_by(random));
        require_prefix(disk, synced, appended);
        // One error is got over: whatever it hit, the second rewrite or the close is durable again, unless
        // it came last.
        if (faults == 0) REQUIRE(synced == appended);
      }
      if (faults == 0 && k > 200) break;
    }
  }
}

TEST_CASE("a rewrite that is given up leaves the log as it was", "[rewrite]") {
  MemoryFileSystem disk;
  auto log = open_log(disk);
  append(*log, 5);
  REQUIRE(log->write());
  {
    Rewrite rewrite(disk, *log);
    REQUIRE(rewrite.begin(kNow).ok());
    REQUIRE(rewrite.append_base(kNow, records_text(1, 5)).ok());
    REQUIRE(rewrite.active());
    rewrite.abort();
    REQUIRE_FALSE(rewrite.active());
    REQUIRE(rewrite.begin(kNow).ok());
  }
  REQUIRE(log->manifest().increments.size() == 3);
  append(*log, 1);
  REQUIRE(log->write());
  Loaded loaded(disk);
  REQUIRE(loaded.state() == records_text(1, 6));
  REQUIRE(loaded.notices() == "");
  REQUIRE(disk.list("log").value().size() == 4);
}

TEST_CASE("a base whose sync failed is not used", "[rewrite]") {
  MemoryFileSystem disk;
  auto log = open_log(disk);
  append(*log, 5);
  REQUIRE(log->write());
  Rewrite rewrite(disk, *log);
  REQUIRE(rewrite.begin(kNow).ok());
  REQUIRE(rewrite.append_base(kNow, records_text(1, 5)).ok());
  REQUIRE(rewrite.finish_begin(kNow).ok());
  REQUIRE(rewrite.finish_end(IoError{EIO}).error().code == EIO);
  REQUIRE_FALSE(rewrite.active());
  REQUIRE_FALSE(log->manifest().base.has_value());
  REQUIRE_FALSE(log->poisoned());
  REQUIRE(Loaded(disk).state() == records_text(1, 5));
}

TEST_CASE("a rewrite waits until the disk has taken what is in the buffer", "[rewrite]") {
  MemoryFileSystem disk;
  FaultyFileSystem files(disk);
  auto log = open_log(files);
  append(*log, 5);
  REQUIRE(log->write());
  append(*log, 5);
  files.code = ENOSPC;
  files.decide = [](const FaultyFileSystem::Call& call) {
    return call.kind == FaultyFileSystem::Kind::kAppend && call.path.ends_with(".1.incr.aof") ? Fault::kError
                                                                                              : Fault::kNone;
  };
  Rewrite rewrite(files, *log);
  REQUIRE(rewrite.begin(kNow).ok());
  // The second batch moved to increment 2, which is in front of the cut like increment 1.
  REQUIRE(log->manifest().increments.size() == 3);
  REQUIRE(rewrite.append_base(kNow, records_text(1, 10)).ok());
  const auto ticket = rewrite.finish_begin(kNow);
  REQUIRE(ticket.ok());
  MemoryFileSystem copy(disk);  // a load deletes temporary files
  REQUIRE(Loaded(copy).state() == records_text(1, 10));
  REQUIRE(rewrite.finish_end(ticket.value().file->sync()).ok());
  REQUIRE(Loaded(disk).state() == records_text(1, 10));
}

TEST_CASE("the base is written in slices", "[rewrite]") {
  MemoryFileSystem disk;
  FaultyFileSystem files(disk);
  auto log = open_log(files);
  Rewrite rewrite(files, *log);
  REQUIRE(rewrite.begin(kNow).ok());
  const uint64_t calls = files.calls();
  const std::string body(kBaseBufferBytes / 4, 'x');
  for (int i = 0; i < 3; ++i)
    REQUIRE(rewrite.append_base(kNow, body).ok());
  REQUIRE(files.calls() == calls);
  REQUIRE(rewrite.append_base(kNow, body).ok());
  REQUIRE(files.calls() == calls + 1);
  REQUIRE(rewrite.base_bytes() > 4 * body.size());
}
