// SPDX-License-Identifier: MIT
#include "server/core/log_rewrite.h"

#include "engine/base/check.h"
#include "protocol/request_encoder.h"
#include "server/core/server.h"

namespace sluice::core {

bool LogRewrite::begin(Log& log) {
  CHECK(!active());
  restart_ = false;
  failure_.clear();
  write_result_ = {};
  cut_at_ = server_.sequencer.now();
  cut_sequence_next_ = server_.sequencer.sequence();
  started_at_ = server_.sequencer.mono_now();
  rewrite_ = std::make_unique<Rewrite>(server_.seams.files, log);
  if (const auto begun = rewrite_->begin(cut_at_); !begun.ok()) {
    give_up(begun.error().text());
    return false;
  }
  server_.seams.notices.write(NoticeLevel::kNotice, "Log rewrite started");
  // What lies beside the keys first: queues are restored onto their policies and counters.
  server_.queues.dump(*this);
  server_.functions.dump(*this);
  snapshot_ = std::make_unique<Snapshot>(server_.keyspace, *this);
  return true;
}

void LogRewrite::record(std::span<const std::string_view> words) {
  protocol::append_request(batch_, words);
  if (batch_.size() >= kBaseBatchBytes) flush_batch();
}

void LogRewrite::flush_batch() {
  if (!batch_.empty() && write_result_.ok()) write_result_ = rewrite_->append_base(cut_at_, batch_.view());
  batch_.clear();
}

void LogRewrite::step() {
  CHECK(walking());
  const bool done = snapshot_->step(kSnapshotKeysMax);
  if (snapshot_->aborted()) {
    give_up("");
    restart_ = true;
    return;
  }
  if (done) flush_batch();
  if (!write_result_.ok()) {
    give_up(write_result_.error().text());
  } else if (done) {
    finish();
  }
}

void LogRewrite::finish() {
  auto ticket = rewrite_->finish_begin(cut_at_);
  if (!ticket.ok()) {
    give_up(ticket.error().text());
    return;
  }
  syncing_ = true;
  File* file = ticket.value().file;
  server_.seams.rewrite_worker.start(
      [this, file] { sync_result_ = file->sync(); },
      [this] {
        syncing_ = false;
        if (const auto finished = rewrite_->finish_end(sync_result_); !finished.ok()) {
          give_up(finished.error().text());
          return;
        }
        const uint64_t bytes = rewrite_->base_bytes();
        const size_t keys = snapshot_->keys();
        snapshot_.reset();
        rewrite_.reset();
        ++completed_;
        cut_sequence_ = cut_sequence_next_;
        last_duration_ = server_.sequencer.mono_now() - started_at_;
        completed_at_ = server_.sequencer.now();
        server_.seams.notices.write(NoticeLevel::kNotice, "Log rewrite done: " + std::to_string(keys) +
                                                              " keys, " + std::to_string(bytes) + " bytes, " +
                                                              std::to_string(last_duration_.count) + " ms");
      });
}

void LogRewrite::give_up(const std::string& why) {
  snapshot_.reset();
  if (rewrite_ != nullptr) rewrite_->abort();
  rewrite_.reset();
  batch_.clear();
  if (why.empty()) return;
  failure_ = why;
  server_.seams.notices.write(NoticeLevel::kWarning,
                              "Log rewrite given up, the log goes on as it was: " + why);
}

}  // namespace sluice::core
