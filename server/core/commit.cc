// SPDX-License-Identifier: MIT
#include "server/core/commit.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/number_text.h"
#include "persistence/recovery.h"
#include "protocol/request_encoder.h"
#include "server/core/command_spec.h"
#include "server/core/log_loader.h"
#include "server/core/server.h"

namespace sluice::core {
namespace {

constexpr std::string_view kMultiRecord = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view kExecRecord = "*1\r\n$4\r\nEXEC\r\n";

}  // namespace

Commit::Commit(Server& server) : server_(server), rewrite_(server) {}

Commit::~Commit() {
  // A thread may still be in a file of ours.
  server_.seams.worker.wait();
  server_.seams.rewrite_worker.wait();
}

// --- Loading

bool Commit::load(Session& session) {
  CHECK(!loaded_);
  loaded_ = true;
  const Settings& settings = server_.config.settings();
  if (!settings.appendonly) return true;

  Notices& notices = server_.seams.notices;
  const uint64_t started = server_.seams.steady_clock.nanoseconds();
  LogLoader loader(server_, session);
  LoadResult loaded =
      sluice::load(server_.seams.files, LogLocation{settings.appenddirname, settings.appendfilename}, loader);
  if (!loaded.ok()) {
    notices.write(NoticeLevel::kWarning, loaded.error);
    return false;
  }
  for (const std::string& notice : loaded.log->notices)
    notices.write(NoticeLevel::kWarning, notice);
  server_.sequencer.resume(loaded.log->next_sequence - 1, loaded.log->now_max);
  const uint64_t records = loaded.log->records;
  const uint64_t bytes = loaded.log->bytes;

  auto opened = Log::open(server_.seams.files, std::move(*loaded.log), server_.sequencer.now());
  if (!opened.ok()) {
    notices.write(NoticeLevel::kWarning,
                  "Cannot open the log in " + settings.appenddirname + ": " + opened.error().text());
    return false;
  }
  log_ = std::move(opened).value();
  rewrite_.loaded(server_.sequencer.sequence());
  last_sync_ = server_.sequencer.mono_now();
  load_time_ = Millis{static_cast<int64_t>((server_.seams.steady_clock.nanoseconds() - started) / 1'000'000)};
  notices.write(NoticeLevel::kNotice, "Log loaded from " + settings.appenddirname + ": " +
                                          std::to_string(records) + " records, " + std::to_string(bytes) +
                                          " bytes, " + std::to_string(load_time_.count) + " ms");
  return true;
}

// --- While commands run

void Commit::append(int db, Words words, std::string_view raw) {
  if (log_ == nullptr) {
    server_.sequencer.record_logged();
    return;
  }
  if (db != batch_db_ || (db != file_db_ && batch_records_ == 0)) [[unlikely]] {
    char text[kI64CharsMax];
    const std::string_view select[] = {"SELECT", {text, format_i64(text, db)}};
    protocol::append_request(batch_, select);
  }
  batch_db_ = file_db_ = db;
  if (raw.empty()) {
    protocol::append_request(batch_, words);
  } else {
    batch_.append(raw);
  }
  ++batch_records_;
  ++group_records_;
  server_.sequencer.record_logged();
}

void Commit::begin_group() {
  CHECK(!in_group_);
  in_group_ = true;
  group_start_ = batch_.size();
  group_records_ = 0;
}

void Commit::end_group() {
  CHECK(in_group_);
  in_group_ = false;
  if (log_ == nullptr || group_records_ < 2) return;
  const size_t size = batch_.size();
  batch_.append(kMultiRecord);  // makes the room
  char* start = batch_.data() + group_start_;
  std::memmove(start + kMultiRecord.size(), start, size - group_start_);
  std::memcpy(start, kMultiRecord.data(), kMultiRecord.size());
  batch_.append(kExecRecord);
}

bool Commit::healthy() const {
  return log_->write_error() == 0 && !log_->poisoned() && !log_->manifest_pending();
}

std::string Commit::refusal(const CommandSpec& spec) const {
  if (log_ == nullptr || healthy()) [[likely]]
    return {};
  const bool consumer = (spec.flags & kDenyOom) == 0;
  if (consumer && log_->buffered_bytes() + batch_.size() < kLogBytesUnwrittenMax) return {};
  return failure_text();
}

std::string Commit::failure_text() const {
  const int code = log_->poisoned() ? log_->sync_error() : log_->write_error();
  return "MISCONF Errors writing to the AOF file: " +
         (code == 0 ? "the manifest is in doubt" : IoError{code}.text());
}

// --- At the end of a turn

void Commit::seal_batch() {
  if (batch_records_ == 0) return;
  log_->append_batch({.first_sequence = server_.sequencer.sequence() + 1 - batch_records_,
                      .records = batch_records_,
                      .now = server_.sequencer.now(),
                      .seed = server_.sequencer.seed()},
                     batch_.view());
  batch_.clear();
  batch_records_ = 0;
  batch_db_ = 0;
}

void Commit::write() {
  if (!log_->write_needed()) return;
  const MonoMs now = server_.sequencer.mono_now();
  if (!healthy() && now < last_write_attempt_ + kWriteRetryInterval) return;
  last_write_attempt_ = now;
  const uint64_t began = server_.seams.steady_clock.stopwatch();
  (void)log_->write();  // write_error() keeps what it said
  server_.note_latency(LatencyEvent::kAofWrite, began);
}

void Commit::sync_took(uint64_t nanoseconds) {
  sync_nanoseconds_ = sync_nanoseconds_ == 0 ? nanoseconds : (sync_nanoseconds_ * 7 + nanoseconds) / 8;
  if (sync_nanoseconds_ > kSlowSyncNanoseconds) sync_beside_ = true;
  if (sync_nanoseconds_ < kSlowSyncNanoseconds / 2) sync_beside_ = false;
}

void Commit::sync_inline() {
  const uint64_t stopwatch_began = server_.seams.steady_clock.stopwatch();
  const uint64_t started = server_.seams.steady_clock.nanoseconds();
  (void)log_->sync();  // poisoned() keeps what it said
  sync_took(server_.seams.steady_clock.nanoseconds() - started);
  server_.note_latency(LatencyEvent::kAofFsyncAlways, stopwatch_began);
  last_sync_ = server_.sequencer.mono_now();
}

void Commit::sync_beside() {
  ticket_ = log_->sync_begin();
  last_sync_ = server_.sequencer.mono_now();
  server_.seams.worker.start(
      [this] {
        const uint64_t started = server_.seams.steady_clock.nanoseconds();
        ticket_result_ = ticket_.file->sync();
        ticket_nanoseconds_ = server_.seams.steady_clock.nanoseconds() - started;
      },
      [this] {
        log_->sync_end(ticket_, ticket_result_);
        sync_took(ticket_nanoseconds_);
      });
}

void Commit::sync() {
  if (log_->sync_in_flight() || !log_->sync_needed()) return;
  switch (server_.config.settings().appendfsync) {
    case FsyncPolicy::kAlways:
      sync_beside_ ? sync_beside() : sync_inline();
      return;
    case FsyncPolicy::kEverySecond:
      if (server_.sequencer.mono_now() >= last_sync_ + kSyncInterval) sync_beside();
      return;
    case FsyncPolicy::kNo:
      // Nobody syncs, unless a client wants to know that it is done.
      if (server_.blocking.log_waiters() != nullptr &&
          server_.sequencer.mono_now() >= last_sync_ + kSyncInterval) {
        sync_beside();
      }
      return;
  }
}

void Commit::note_failure() {
  const int code = log_->poisoned() ? log_->sync_error() : log_->write_error();
  if (code != 0 && server_.config.settings().appendfsync == FsyncPolicy::kAlways) {
    failed_sequence_ = server_.sequencer.sequence();
  }
  if (code == failure_told_) return;
  failure_told_ = code;
  server_.seams.notices.write(
      NoticeLevel::kWarning,
      code == 0 ? std::string("The log is written again")
                : "The log cannot be written, producers are refused: " + IoError{code}.text());
}

void Commit::end_turn() {
  if (log_ == nullptr) return;
  CHECK(!in_group_);
  seal_batch();
  write();
  sync();
  note_failure();
  begin_rewrite_if_due();
}

uint64_t Commit::releasable_sequence() const {
  if (log_ == nullptr || server_.config.settings().appendfsync != FsyncPolicy::kAlways) return UINT64_MAX;
  return std::max(log_->synced_sequence(), failed_answered_);
}

MonoMs Commit::next_deadline() const {
  if (log_ == nullptr) return kMonoMsNever;
  MonoMs deadline = kMonoMsNever;
  if (!healthy()) deadline = last_write_attempt_ + kWriteRetryInterval;
  const FsyncPolicy policy = server_.config.settings().appendfsync;
  const bool in_time = policy == FsyncPolicy::kEverySecond ||
                       (policy == FsyncPolicy::kNo && server_.blocking.log_waiters() != nullptr);
  if (in_time && log_->sync_needed() && !log_->sync_in_flight()) {
    deadline = std::min(deadline, last_sync_ + kSyncInterval);
  }
  return deadline;
}

// --- Rewrite

Commit::RewriteStart Commit::start_rewrite() {
  if (log_ == nullptr) return RewriteStart::kNoLog;
  if (rewrite_.active() || rewrite_wanted_) return RewriteStart::kRunning;
  rewrite_wanted_ = true;
  rewrite_not_before_ = {};
  return RewriteStart::kStarted;
}

void Commit::begin_rewrite_if_due() {
  if (rewrite_.active()) return;
  if (rewrite_.take_restart()) rewrite_wanted_ = true;
  const Settings& settings = server_.config.settings();
  bool due = rewrite_wanted_ || log_->poisoned();
  if (!due && settings.auto_aof_rewrite_percentage > 0) {
    const uint64_t bytes = log_->current_bytes();
    const uint64_t growth = static_cast<uint64_t>(settings.auto_aof_rewrite_percentage);
    due = bytes >= settings.auto_aof_rewrite_min_size &&
          bytes - log_->base_bytes() >= log_->base_bytes() / 100 * growth;
  }
  if (!due || server_.sequencer.mono_now() < rewrite_not_before_ || log_->sync_in_flight()) return;
  rewrite_wanted_ = false;
  rewrite_not_before_ = server_.sequencer.mono_now() + kRewriteRetryInterval;
  if (rewrite_.begin(*log_)) file_db_ = -1;
}

void Commit::step_rewrite() {
  if (rewrite_.walking()) rewrite_.step();
}

bool Commit::close() {
  if (log_ == nullptr) return true;
  server_.seams.worker.wait();
  server_.seams.rewrite_worker.wait();
  seal_batch();
  return log_->write() && log_->close(server_.sequencer.now());
}

}  // namespace sluice::core
