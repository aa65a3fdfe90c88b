// SPDX-License-Identifier: MIT
#include "persistence/rewrite.h"

#include <cerrno>

#include "engine/base/check.h"
#include "engine/base/result.h"
#include "persistence/batch_format.h"

namespace sluice {

Io<void> Rewrite::begin(UnixMs now) {
  CHECK(!active());
  TRY_VOID(log_.start_increment(now));
  if (log_.file_first_sequence_ != log_.next_sequence_) {
    // Batches that the old file would not take have moved to the new one, but the base holds them too. They must be in
    // front of the cut.
    TRY_VOID(log_.start_increment(now));
    if (log_.file_first_sequence_ != log_.next_sequence_)
      return IoError{log_.write_error_ != 0 ? log_.write_error_ : EIO};
  }
  cut_sequence_ = log_.next_sequence_;
  first_kept_ = log_.manifest_.increments.back().number;
  dropped_bytes_ = log_.older_bytes_;
  base_number_ = log_.next_number();
  base_bytes_ = 0;
  buffer_.clear();
  TRY(base_, files_.create(temporary_path()));
  return {};
}

Io<void> Rewrite::append_base(UnixMs now, std::string_view body) {
  CHECK(active());
  encode_batch({.sequence = cut_sequence_, .now = now, .offset = base_bytes()}, body, buffer_);
  if (buffer_.size() < kBaseBufferBytes) return {};
  return write_buffer();
}

Io<void> Rewrite::write_buffer() {
  while (!buffer_.empty()) {
    TRY(const size_t done, base_->append(buffer_.view()));
    if (done == 0) return IoError{EIO};
    base_bytes_ += done;
    buffer_.consume(done);
  }
  return {};
}

Io<SyncTicket> Rewrite::finish_begin(UnixMs now) {
  TRY_VOID(append_base(now, {}));
  TRY_VOID(write_buffer());
  return SyncTicket{base_.get(), base_bytes_, cut_sequence_ - 1};
}

Io<void> Rewrite::finish_end(const Io<void>& synced) {
  CHECK(active() && buffer_.empty());
  if (!synced.ok()) {
    abort();
    return synced.error();
  }
  base_.reset();
  const std::string name = log_.location_.base_name(base_number_);
  const std::string path = log_.location_.path(name);
  Io<void> named = files_.rename(temporary_path(), path);
  if (named.ok()) named = files_.sync_directory(log_.location_.directory);
  if (!named.ok()) {
    // No manifest names it, whatever name it has now.
    (void)files_.remove(temporary_path()).ok();
    (void)files_.remove(path).ok();
    return named.error();
  }
  const ManifestReplaced replaced =
      log_.adopt_base({.name = name, .number = base_number_, .kind = FileKind::kBase}, base_bytes_,
                      first_kept_, dropped_bytes_);
  switch (replaced.change) {
    case ManifestChange::kDone:
      return {};
    case ManifestChange::kUnchanged:
      (void)files_.remove(path).ok();  // else it stays, unnamed
      return IoError{replaced.code};
    case ManifestChange::kUncertain:
      return IoError{replaced.code};
  }
  CHECK(false);
}

void Rewrite::abort() {
  if (!active()) return;
  base_.reset();
  buffer_ = ByteBuffer();
  (void)files_.remove(temporary_path()).ok();  // else it goes at the next start
}

std::string Rewrite::temporary_path() const {
  const LogLocation& location = log_.location_;
  return location.path(location.temporary_name(location.base_name(base_number_)));
}

}  // namespace sluice
