// SPDX-License-Identifier: MIT
#include "persistence/log.h"

#include <array>
#include <optional>
#include <utility>

#include "persistence/check.h"
#include "tests/persistence/log_fixture.h"
#include "tests/support/faulty_file_system.h"

using namespace sluice;
using Kind = FaultyFileSystem::Kind;

namespace {

struct LogFixture {
  MemoryFileSystem disk;
  FaultyFileSystem files{disk};
  std::unique_ptr<Log> log = open_log(files);

  std::string current_path() const { return kLocation.path(log->manifest().increments.back().name); }
  // What the disk gives back after the process was killed.
  std::string state_if_killed() const {
    MemoryFileSystem copy(disk);
    Loaded loaded(copy);
    INFO(loaded.result.error);
    REQUIRE(loaded.ok());
    return loaded.state();
  }
  // What it gives back after a power cut that keeps as little as it may.
  std::string state_if_cut() const {
    MemoryFileSystem copy(disk);
    copy.crash([](uint64_t) { return uint64_t{0}; });
    Loaded loaded(copy);
    INFO(loaded.result.error);
    REQUIRE(loaded.ok());
    return loaded.state();
  }
  void fail(Kind kind, Fault fault, int code = EIO) {
    files.code = code;
    files.decide = [kind, fault](const FaultyFileSystem::Call& call) {
      return call.kind == kind ? fault : Fault::kNone;
    };
  }
};

}  // namespace

TEST_CASE("a new log is a directory with a manifest and one increment", "[log]") {
  LogFixture f;
  REQUIRE(f.log != nullptr);
  REQUIRE(f.disk.content("log/appendonly.aof.manifest") == "file appendonly.aof.1.incr.aof seq 1 type i\n");
  REQUIRE(f.log->next_sequence() == 1);
  REQUIRE_FALSE(f.log->sync_needed());
  REQUIRE(f.state_if_cut().empty());
}

TEST_CASE("batches are written together and are durable after a sync", "[log]") {
  LogFixture f;
  append(*f.log, 2);
  append(*f.log, 3);
  REQUIRE(f.log->buffered_bytes() > 0);
  REQUIRE(f.log->written_sequence() == 0);
  REQUIRE(f.state_if_killed().empty());

  REQUIRE(f.log->write());
  REQUIRE(f.log->written_sequence() == 5);
  REQUIRE(f.log->synced_sequence() == 0);
  REQUIRE(f.state_if_killed() == records_text(1, 5));
  REQUIRE(f.state_if_cut().empty());

  REQUIRE(f.log->sync_needed());
  const SyncTicket ticket = f.log->sync_begin();
  append(*f.log);
  REQUIRE(f.log->write());
  f.log->sync_end(ticket, Io<void>());
  REQUIRE(f.log->synced_sequence() == 5);
  REQUIRE(f.log->sync_needed());
  REQUIRE(f.log->sync());
  REQUIRE(f.log->synced_sequence() == 6);
  REQUIRE(f.state_if_cut() == records_text(1, 6));
}

TEST_CASE("every batch says what was synced before it", "[log]") {
  LogFixture f;
  append(*f.log);
  REQUIRE((f.log->write() && f.log->sync()));
  const uint64_t synced = f.log->synced_offset();
  append(*f.log);
  REQUIRE(f.log->write());
  Loaded loaded(f.disk);
  REQUIRE(loaded.recorder.batches.back().header.synced == synced);
  REQUIRE(loaded.recorder.batches.back().header.offset == synced);
  REQUIRE(f.log->written_offset() > synced);
}

TEST_CASE("short writes are gone on with and double no byte", "[log]") {
  std::mt19937_64 random(7);
  LogFixture f;
  f.files.decide = [&](const FaultyFileSystem::Call& call) {
    if (call.kind != Kind::kAppend) return Fault::kNone;
    return std::array{Fault::kShort, Fault::kShort, Fault::kError, Fault::kNone}[random() % 4];
  };
  f.files.short_bytes = [&](size_t size) { return 1 + random() % (size - 1); };
  for (int i = 0; i < 300; ++i) {
    append(*f.log, 1 + random() % 3);
    f.log->write();
    f.log->check_invariants();
    REQUIRE(f.state_if_killed() == records_text(1, f.log->written_sequence()));
  }
  f.files.heal();
  REQUIRE(f.log->write());
  REQUIRE(f.state_if_killed() == records_text(1, f.log->next_sequence() - 1));
  Loaded loaded(f.disk);
  REQUIRE(loaded.notices() == "");
}

TEST_CASE("a full disk keeps the batches in the buffer until there is room", "[log]") {
  LogFixture f;
  append(*f.log);
  REQUIRE(f.log->write());
  f.fail(Kind::kAppend, Fault::kError, ENOSPC);
  append(*f.log);
  REQUIRE_FALSE(f.log->write());
  REQUIRE(f.log->write_error() == ENOSPC);
  REQUIRE_FALSE(f.log->poisoned());
  const size_t waiting = f.log->buffered_bytes();
  REQUIRE(waiting > 0);
  REQUIRE_FALSE(f.log->write());
  REQUIRE(f.log->buffered_bytes() == waiting);
  f.files.heal();
  REQUIRE(f.log->write());
  REQUIRE(f.log->write_error() == 0);
  REQUIRE(f.state_if_killed() == records_text(1, 2));
}

TEST_CASE("a disk that takes nothing and gives no reason is an error, not an endless loop", "[log]") {
  LogFixture f;
  f.fail(Kind::kAppend, Fault::kShort);
  f.files.short_bytes = [](size_t) { return size_t{0}; };
  append(*f.log);
  REQUIRE_FALSE(f.log->write());
  REQUIRE(f.log->write_error() == EIO);
}

TEST_CASE("bytes that arrived although the write failed are cut off before the next try", "[log]") {
  LogFixture f;
  append(*f.log, 2);
  f.fail(Kind::kAppend, Fault::kErrorAfter);
  REQUIRE_FALSE(f.log->write());
  f.files.heal();
  REQUIRE(f.log->write());
  Loaded loaded(f.disk);
  REQUIRE(loaded.state() == records_text(1, 2));
  REQUIRE(loaded.notices() == "");
}

TEST_CASE("a file that has become shorter is never written to again", "[log]") {
  LogFixture f;
  append(*f.log, 2);
  REQUIRE(f.log->write());
  append(*f.log);
  f.fail(Kind::kAppend, Fault::kError);
  REQUIRE_FALSE(f.log->write());
  f.files.heal();
  f.disk.set_content(f.current_path(), "");
  const std::string path = f.current_path();
  REQUIRE_FALSE(f.log->write());
  REQUIRE(f.log->poisoned());
  REQUIRE(f.log->write());
  REQUIRE(f.disk.content(path).empty());
  REQUIRE(rewrite(f.files, *f.log));
  REQUIRE_FALSE(f.log->poisoned());
  REQUIRE(f.state_if_cut() == records_text(1, 3));
}

TEST_CASE("a failed sync poisons: the file is never synced again, and no success is told", "[log]") {
  LogFixture f;
  append(*f.log);
  REQUIRE((f.log->write() && f.log->sync()));
  append(*f.log);
  REQUIRE(f.log->write());
  f.fail(Kind::kSync, Fault::kError, EIO);
  REQUIRE_FALSE(f.log->sync());
  f.files.heal();
  REQUIRE(f.log->poisoned());
  REQUIRE(f.log->write_needed());  // to leave the file, though nothing waits
  REQUIRE(f.log->sync_error() == EIO);
  REQUIRE(f.log->write_error() == 0);
  REQUIRE(f.log->synced_sequence() == 1);

  REQUIRE_FALSE(f.log->sync_needed());
  REQUIRE_FALSE(f.log->sync());
  append(*f.log);
  REQUIRE(f.log->write());  // to a fresh file: still good for a process that is killed
  REQUIRE(f.log->manifest().increments.size() == 2);
  REQUIRE_FALSE(f.log->sync());
  REQUIRE(f.log->synced_sequence() == 1);
  REQUIRE(f.state_if_killed() == records_text(1, 3));
  REQUIRE(f.state_if_cut() == records_text(1, 1));
}

TEST_CASE("a fresh increment takes over from a poisoned file, and a rewrite heals it", "[log]") {
  LogFixture f;
  append(*f.log);
  REQUIRE((f.log->write() && f.log->sync()));
  append(*f.log);
  REQUIRE(f.log->write());
  f.fail(Kind::kSync, Fault::kError);
  REQUIRE_FALSE(f.log->sync());
  f.files.heal();

  REQUIRE(f.log->write());
  REQUIRE(f.log->manifest().increments[0].unsynced_from.has_value());
  append(*f.log);
  REQUIRE(f.log->write());
  REQUIRE(f.log->sync_needed());
  REQUIRE_FALSE(f.log->sync());  // it worked, but what it builds on may be lost
  REQUIRE_FALSE(f.log->sync_needed());
  REQUIRE(f.log->poisoned());
  REQUIRE(f.log->synced_sequence() == 1);
  REQUIRE(f.state_if_killed() == records_text(1, 3));

  SECTION("a power cut loses what the sync has lost, and what came after it") {
    f.disk.crash(
        [](uint64_t max) { return max; });  // as much as can be is kept, but the doubtful bytes are zeros
    Loaded loaded(f.disk);
    REQUIRE(loaded.result.error == "");
    REQUIRE(loaded.state() == records_text(1, 1));
    auto log = Log::open(f.disk, std::move(*loaded.result.log), kNow);
    REQUIRE(log.ok());
    REQUIRE(log.value()->poisoned());  // until a rewrite, as before
    append(*log.value());
    REQUIRE(log.value()->write());
    REQUIRE(rewrite(f.disk, *log.value()));
    REQUIRE_FALSE(log.value()->poisoned());
    f.disk.crash([](uint64_t) { return uint64_t{0}; });
    REQUIRE(Loaded(f.disk).state() == records_text(1, 2));
  }
  SECTION("a killed process finds it poisoned still") {
    f.log.reset();
    f.disk.kill();
    auto log = open_log(f.disk);
    REQUIRE(log != nullptr);
    REQUIRE(log->poisoned());
    REQUIRE(rewrite(f.disk, *log));
    REQUIRE_FALSE(log->poisoned());
    REQUIRE(log->synced_sequence() == 3);
  }
  SECTION("a rewrite makes everything durable") {
    REQUIRE(rewrite(f.files, *f.log));
    REQUIRE_FALSE(f.log->poisoned());
    REQUIRE(f.log->sync_error() == 0);
    REQUIRE(f.log->synced_sequence() == 3);
    REQUIRE(f.state_if_cut() == records_text(1, 3));
  }
}

TEST_CASE("a batch that the old file took half of stands whole in the fresh one", "[log]") {
  LogFixture f;
  append(*f.log);
  REQUIRE(f.log->write());
  append(*f.log, 4);
  append(*f.log, 2);
  const std::string old_path = f.current_path();
  int appends = 0;
  f.files.decide = [&](const FaultyFileSystem::Call& call) {
    if (call.kind != Kind::kAppend || call.path != old_path) return Fault::kNone;
    return ++appends == 1 ? Fault::kShort : Fault::kError;
  };
  f.files.short_bytes = [](size_t) { return size_t{40}; };
  REQUIRE_FALSE(f.log->write());
  REQUIRE(f.log->start_increment(kNow).ok());
  REQUIRE_FALSE(f.log->poisoned());
  REQUIRE(f.log->write_error() == 0);
  REQUIRE(f.log->written_sequence() == 7);
  REQUIRE(f.log->sync());
  REQUIRE(f.log->synced_sequence() == 7);
  REQUIRE(f.state_if_killed() == records_text(1, 7));
  REQUIRE(f.state_if_cut() == records_text(1, 7));
}

TEST_CASE("while it is uncertain which manifest is in force, nothing is written", "[log]") {
  LogFixture f;
  append(*f.log, 2);
  REQUIRE(f.log->write());
  f.files.decide = [&](const FaultyFileSystem::Call& call) {
    return call.kind == Kind::kRename ? Fault::kErrorAfter : Fault::kNone;
  };
  REQUIRE_FALSE(f.log->start_increment(kNow).ok());
  REQUIRE(f.log->manifest_pending());
  REQUIRE(f.log->write_error() == EIO);
  append(*f.log, 2);
  REQUIRE_FALSE(f.log->write());
  REQUIRE(f.log->written_sequence() == 2);
  REQUIRE_FALSE(f.log->start_increment(kNow).ok());
  REQUIRE(f.state_if_killed() == records_text(1, 2));
  f.files.heal();
  REQUIRE(f.log->write());
  REQUIRE_FALSE(f.log->manifest_pending());
  REQUIRE(f.state_if_killed() == records_text(1, 4));
}

TEST_CASE("a log that was closed goes on where it ended", "[log]") {
  LogFixture f;
  append(*f.log, 3);
  REQUIRE(f.log->close(kNow));
  f.log.reset();
  auto log = open_log(f.disk);
  REQUIRE(log != nullptr);
  REQUIRE(log->next_sequence() == 4);
  REQUIRE(log->manifest().increments.size() == 1);
  append(*log, 2);
  REQUIRE(log->close(kNow));
  Loaded loaded(f.disk);
  REQUIRE(loaded.state() == records_text(1, 5));
  REQUIRE(loaded.recorder.batches.back().body.empty());
  REQUIRE(loaded.result.log->now_max == kNow);
  REQUIRE(loaded.result.log->records == 5);
}

TEST_CASE("what a killed process has left in memory is synced when the log is opened", "[log]") {
  LogFixture f;
  append(*f.log, 3);
  REQUIRE(f.log->write());
  REQUIRE(f.state_if_cut().empty());
  f.disk.kill();
  auto log = open_log(f.disk);
  REQUIRE(log != nullptr);
  REQUIRE(log->synced_sequence() == 3);
  REQUIRE(f.state_if_cut() == records_text(1, 3));
}

TEST_CASE("a log that cannot be made leaves nothing that hinders the next start", "[log]") {
  for (uint64_t k = 1;; ++k) {
    MemoryFileSystem disk;
    FaultyFileSystem files(disk);
    files.fail_at(k, Fault::kError, ENOSPC);
    const bool made = open_log(files) != nullptr;
    INFO("call " << k);
    if (files.faults() == 0) {
      REQUIRE(made);
      break;
    }
    auto log = open_log(disk);
    REQUIRE(log != nullptr);
    append(*log);
    REQUIRE(log->close(kNow));
    REQUIRE(Loaded(disk).state() == records_text(1, 1));
  }
}

// Random life of a log on a bad disk. What was told synced is there after every crash, and what is there is a
// front part of what was appended.
TEST_CASE("no crash loses what was synced or brings what was not appended", "[log][random]") {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const Choose choose = choose_by(random);
    MemoryFileSystem disk;
    uint64_t synced = 0;
    uint64_t appended = 0;
    for (int life = 0; life < 4; ++life) {
      FaultyFileSystem files(disk);
      files.short_bytes = [&](size_t size) { return 1 + random() % (size - 1); };
      auto log = open_log(files);
      REQUIRE(log != nullptr);
      REQUIRE(log->next_sequence() > synced);
      REQUIRE(log->next_sequence() <= appended + 1);
      const uint64_t bad_per_mille = std::array{0, 20, 200}[random() % 3];
      files.decide = [&](const FaultyFileSystem::Call& call) {
        if (random() % 1000 >= bad_per_mille) return Fault::kNone;
        if (call.kind == Kind::kAppend && random() % 2 == 0) return Fault::kShort;
        return random() % 2 == 0 ? Fault::kError : Fault::kErrorAfter;
      };
      const bool stops = random() % 2 == 0;
      const int steps = static_cast<int>(random() % 60);
      // A sync on another thread: made at one step, told at a later one.
      std::optional<std::pair<SyncTicket, Io<void>>> in_flight;
      const auto land = [&] {
        if (in_flight) log->sync_end(in_flight->first, in_flight->second);
        in_flight.reset();
      };
      for (int step = 0; step < steps; ++step) {
        const uint64_t what = random() % 10;
        if (what >= 5 && what <= 8) land();
        switch (what) {
          case 0:
          case 1:
          case 2:
            append(*log, 1 + random() % 3);
            break;
          case 3:
          case 4:
            log->write();
            break;
          case 5:
            log->sync();
            break;
          case 6:
            (void)log->start_increment(kNow).ok();
            break;
          case 7:
            rewrite(files, *log);
            break;
          case 8:
            break;
          case 9:
            if (in_flight || !log->sync_needed()) break;
            const SyncTicket ticket = log->sync_begin();
            in_flight = {ticket, ticket.file->sync()};
            break;
        }
        log->check_invariants();
        synced = std::max(synced, log->synced_sequence());
        appended = std::max(appended, log->next_sequence() - 1);
      }
      land();
      if (!stops && log->close(kNow)) synced = log->next_sequence() - 1;
      // A failed sync that nobody could note before the process was killed is forgotten: the next process
      // reads from memory what the disk does not have. So the owner of the log starts an increment at once,
      // and here no later.
      const bool noted = log->write() || !log->poisoned();
      log.reset();
      if (noted && random() % 3 == 0) {
        disk.kill();
      } else {
        disk.crash(choose, std::array{MemoryFileSystem::Tail::kNothing, MemoryFileSystem::Tail::kMayBeZeros,
                                      MemoryFileSystem::Tail::kMayBeGarbage}[random() % 3]);
      }
      if (Loaded first(disk); !first.ok()) {
        // Batches that were written while the sync failed stand behind the hole that it has left, and nothing
        // tells this from tampering. The repair must not cost what was synced.
        INFO(first.result.error);
        REQUIRE_FALSE(noted);
        REQUIRE(check_log(disk, kLocation.directory, true).good);
      }
      Loaded loaded(disk);
      INFO(loaded.result.error);
      REQUIRE(loaded.ok());
      const uint64_t last = loaded.result.log->next_sequence - 1;
      REQUIRE(loaded.state() == records_text(1, last));
      REQUIRE(last >= synced);
      REQUIRE(last <= appended);
      appended = last;  // the numbers behind it are given again
    }
  }
}
