// SPDX-License-Identifier: MIT
//
// CONFIG SET appendonly: a log begins or ends while the server runs.
//
// One that begins takes the place of whatever log lay there: that one's state is not the server's. Its base is made
// here and now, and all clients wait for it (about a second for a million keys): a log without its base would say that
// only what comes from now on had ever been.
#include "engine/base/check.h"
#include "persistence/log_directory.h"
#include "persistence/recovery.h"
#include "server/core/commit.h"
#include "server/core/server.h"

namespace sluice::core {

std::optional<std::string> Commit::begin_log() {
  CHECK(log_ == nullptr && !in_group_);
  const Settings& settings = server_.config.settings();
  FileSystem& files = server_.seams.files;
  LogLocation location{settings.appenddirname, settings.appendfilename};
  if (server_.facts.take_directory) {
    if (auto why = server_.facts.take_directory(location.directory)) return why;
  }
  const DirectoryFound found = find_log(files, location);
  if (!found.error.empty()) return found.error;
  if (found.manifest) {
    // Without its manifest it is no log any more; what files it leaves are deleted at the next start.
    if (const auto removed = files.remove(location.manifest_path()); !removed.ok())
      return removed.error().text();
    if (const auto synced = files.sync_directory(location.directory); !synced.ok())
      return synced.error().text();
    for (const ManifestFile& file : found.manifest->chain())
      (void)files.remove(location.path(file.name));
  }
  LoadedLog fresh;
  fresh.location = std::move(location);
  fresh.number_max = found.number_max;
  fresh.next_sequence = server_.sequencer.sequence() + 1;
  fresh.certain_sequence = server_.sequencer.sequence();
  fresh.now_max = server_.sequencer.now();
  auto opened = Log::open(files, std::move(fresh), server_.sequencer.now());
  if (!opened.ok()) return opened.error().text();
  log_ = std::move(opened).value();
  last_sync_ = server_.sequencer.mono_now();
  batch_db_ = 0;
  file_db_ = -1;

  bool made = rewrite_.begin(*log_);
  while (made && rewrite_.walking())
    rewrite_.step();
  server_.seams.rewrite_worker.wait();
  made = made && !rewrite_.last_failed();
  if (made) return std::nullopt;
  log_ = nullptr;
  (void)files.remove(LogLocation{settings.appenddirname, settings.appendfilename}.manifest_path());
  return rewrite_.failure();
}

std::optional<std::string> Commit::end_log() {
  CHECK(log_ != nullptr && !in_group_);
  server_.seams.worker.wait();
  server_.seams.rewrite_worker.wait();
  rewrite_.abandon();
  rewrite_wanted_ = false;
  seal_batch();
  if (!log_->write() || !log_->close(server_.sequencer.now())) return failure_text();
  log_ = nullptr;
  return std::nullopt;
}

}  // namespace sluice::core
