// SPDX-License-Identifier: MIT
#include "persistence/log.h"

#include <algorithm>
#include <cerrno>

#include "engine/base/check.h"
#include "engine/base/result.h"
#include "persistence/recovery.h"

namespace sluice {

// ---------------------------------------------------------------------------------------------------- opening

Io<std::unique_ptr<Log>> Log::open(FileSystem& files, LoadedLog loaded, UnixMs now) {
  std::unique_ptr<Log> log(new Log(files, std::move(loaded.location)));
  log->manifest_ = std::move(loaded.manifest);
  log->number_max_ = std::max(loaded.number_max, log->manifest_.number_max());
  log->next_sequence_ = loaded.next_sequence;
  log->written_sequence_ = log->synced_sequence_ = loaded.next_sequence - 1;
  log->synced_sequence_frozen_ = loaded.certain_sequence;
  log->base_bytes_ = loaded.base_bytes;
  log->older_bytes_ = loaded.bytes - loaded.base_bytes - loaded.last_increment_bytes;
  log->file_bytes_ = loaded.last_increment_bytes;
  TRY_VOID(log->open_current(now, loaded.last_increment_synced));
  log->check_invariants();
  return log;
}

Io<void> Log::open_current(UnixMs now, uint64_t certain_offset) {
  if (manifest_.chain().empty()) {
    TRY_VOID(files_.make_directory(location_.directory));
    TRY_VOID(files_.sync_directory(path_directory(location_.directory)));
  }
  // A sync failed in an earlier run, and no rewrite has replaced that file yet.
  for (const ManifestFile& increment : manifest_.increments) {
    if (!increment.unsynced_from) continue;
    failed_number_ = increment.number;
    sync_error_ = EIO;
  }
  if (manifest_.increments.empty()) return start_increment(now);

  const ManifestFile& last = manifest_.increments.back();
  TRY(file_, files_.open_append(location_.path(last.name)));
  TRY(const uint64_t size, file_->size());
  if (size != file_bytes_) return IoError{EBUSY};  // it has changed since it was loaded: not ours alone
  if (last.unsynced_from) {
    file_failed_ = true;
    synced_offset_ = std::min(*last.unsynced_from, file_bytes_);
    return start_increment(now);
  }
  file_first_sequence_ = next_sequence_;
  // What was read may have come from the memory of a server that was killed, and that server's last sync may have
  // failed. From here on it counts as synced.
  TRY_VOID(file_->write_again(certain_offset));
  TRY_VOID(file_->sync());
  synced_offset_ = file_bytes_;
  return {};
}

// ---------------------------------------------------------------------------------------------------- writing

void Log::append_batch(const BatchStart& start, std::string_view body) {
  CHECK(start.first_sequence == next_sequence_);
  last_now_ = start.now;
  append_encoded(start, body);
  next_sequence_ += start.records;
}

void Log::append_encoded(const BatchStart& start, std::string_view body) {
  const BatchHeader header{.sequence = start.first_sequence,
                           .records = start.records,
                           .now = start.now,
                           .seed = start.seed,
                           .offset = whole_bytes() + buffer_.size(),
                           .synced = synced_offset_};
  const size_t bytes = encode_batch(header, body, buffer_);
  pending_.push_back({bytes, start.first_sequence, start.first_sequence + start.records});
}

bool Log::write() {
  if (manifest_pending_ && !retry_manifest()) return false;
  if (file_failed_) {
    // Not one byte more into this file: if a power cut takes what the failed sync has lost, whole batches
    // behind the hole would look like a log that was tampered with.
    if (sync_in_flight_) return false;
    if (const auto left = start_increment(last_now_); !left.ok()) {
      write_error_ = left.error().code;
      return false;
    }
  }
  return write_to_file();
}

bool Log::write_to_file() {
  if (length_doubtful_ && buffered_bytes() > 0 && !file_as_long_as_known()) return false;
  while (buffered_bytes() > 0) {
    const auto done = file_->append(buffer_.view().substr(front_written_));
    if (!done.ok() || done.value() == 0) {
      write_error_ = done.ok() ? EIO : done.error().code;
      length_doubtful_ = true;
      return false;
    }
    on_written(done.value());
  }
  buffer_.shrink(kLogBufferBytesKept);
  write_error_ = 0;
  return true;
}

// After a failed append. A disk that wrote some of the bytes and said that it wrote none would make us
// write them twice.
bool Log::file_as_long_as_known() {
  const auto size = file_->size();
  if (!size.ok()) {
    write_error_ = size.error().code;
    return false;
  }
  if (size.value() < file_bytes_) {
    // Bytes that were written are gone. Nothing can be put behind them; a new file and a rewrite must replace this one.
    write_error_ = EIO;
    poison(EIO);
    return false;
  }
  if (size.value() > file_bytes_) {
    if (const auto cut = file_->truncate(file_bytes_); !cut.ok()) {
      write_error_ = cut.error().code;
      return false;
    }
  }
  length_doubtful_ = false;
  return true;
}

void Log::on_written(size_t bytes) {
  file_bytes_ += bytes;
  front_written_ += bytes;
  while (!pending_.empty() && front_written_ >= pending_.front().bytes) {
    const Pending& batch = pending_.front();
    buffer_.consume(batch.bytes);
    front_written_ -= batch.bytes;
    written_sequence_ = batch.next_sequence - 1;
    pending_.pop_front();
  }
  DCHECK(!pending_.empty() || front_written_ == 0);
}

// ---------------------------------------------------------------------------------------------------- syncing

bool Log::sync_needed() const {
  return whole_bytes() > synced_offset_ && !file_failed_;
}

SyncTicket Log::sync_begin() {
  CHECK(!sync_in_flight_ && sync_needed());
  sync_in_flight_ = true;
  return {file_.get(), whole_bytes(), written_sequence_};
}

void Log::sync_end(const SyncTicket& ticket, const Io<void>& result) {
  CHECK(sync_in_flight_ && ticket.file == file_.get());
  sync_in_flight_ = false;
  if (!result.ok()) {
    poison(result.error().code);
    return;
  }
  // Poisoned meanwhile for another reason: then this success covers bytes that may not be there.
  if (file_failed_) return;
  synced_offset_ = ticket.offset;
  synced_sequence_ = ticket.sequence;
}

bool Log::sync() {
  if (sync_needed()) {
    const SyncTicket ticket = sync_begin();
    sync_end(ticket, ticket.file->sync());
  }
  return !poisoned();
}

void Log::poison(int code) {
  if (!poisoned()) synced_sequence_frozen_ = synced_sequence_;
  file_failed_ = true;
  sync_error_ = code;
}

bool Log::poisoned() const {
  return file_failed_ || failed_number_ != 0;
}

uint64_t Log::synced_sequence() const {
  return poisoned() ? synced_sequence_frozen_ : synced_sequence_;
}

bool Log::close(UnixMs now) {
  if (!write() || !sync()) return false;
  append_batch({.first_sequence = next_sequence_, .now = now}, {});
  return write() && sync();
}

// ---------------------------------------------------------------------------------------------------- changing files

Io<void> Log::start_increment(UnixMs now) {
  CHECK(!sync_in_flight_);
  last_now_ = now;
  if (manifest_pending_ && !retry_manifest()) return IoError{write_error_};
  if (manifest_.increments.size() >= kIncrementsMax) return IoError{EMLINK};
  // The old file is no longer the last one after this, and then nothing in it may be torn by a crash.
  if (file_ != nullptr && !file_failed_) {
    write_to_file();
    sync();
  }
  const uint64_t first_sequence = pending_.empty() ? next_sequence_ : pending_.front().first_sequence;
  const uint64_t number = next_number();
  const std::string name = location_.increment_name(number);
  ByteBuffer first_batch;
  encode_batch({.sequence = first_sequence, .now = now}, {}, first_batch);
  TRY(std::unique_ptr<File> file, make_increment(name, first_batch.view()));

  Manifest manifest = manifest_leaving_file();
  manifest.increments.push_back({.name = name, .number = number, .kind = FileKind::kIncrement});
  const uint64_t number_left = file_failed_ ? manifest_.increments.back().number : 0;
  const ManifestReplaced replaced = replace(std::move(manifest));
  if (replaced.change == ManifestChange::kUnchanged) {
    (void)files_.remove(location_.path(name)).ok();  // else it stays, empty and unnamed
    return IoError{replaced.code};
  }

  older_bytes_ += whole_bytes();
  if (number_left != 0) failed_number_ = number_left;
  file_ = std::move(file);
  file_failed_ = false;
  length_doubtful_ = false;
  file_bytes_ = synced_offset_ = first_batch.size();
  file_first_sequence_ = first_sequence;
  synced_sequence_ = first_sequence - 1;
  move_pending();
  check_invariants();
  if (replaced.change == ManifestChange::kUncertain) return IoError{replaced.code};
  write_to_file();
  return {};
}

Io<std::unique_ptr<File>> Log::make_increment(const std::string& name, std::string_view first_batch) {
  const std::string path = location_.path(name);
  TRY(std::unique_ptr<File> file, files_.create(path));
  Io<void> durable = append_all(*file, first_batch);
  if (durable.ok()) durable = file->sync();
  if (durable.ok()) durable = files_.sync_directory(location_.directory);
  if (!durable.ok()) {
    file.reset();
    (void)files_.remove(path).ok();  // else it stays, unnamed
    return durable.error();
  }
  return file;
}

// Says of the file that is left what a reader must know: from where on a failed sync may have damaged it, and where it
// ends, if something stands behind that was not written whole.
Manifest Log::manifest_leaving_file() const {
  Manifest manifest = manifest_;
  if (file_ == nullptr || (!file_failed_ && pending_.empty())) return manifest;
  ManifestFile& left = manifest.increments.back();
  left.ends_at = whole_bytes();
  if (file_failed_) left.unsynced_from = std::min(left.unsynced_from.value_or(UINT64_MAX), synced_offset_);
  return manifest;
}

// The lines say where they stand, so the batches that wait are encoded anew for the new file.
void Log::move_pending() {
  ByteBuffer old;
  old.swap(buffer_);
  front_written_ = 0;
  const std::deque<Pending> batches = std::move(pending_);
  pending_.clear();
  for (const Pending& batch : batches) {
    const auto line = decode_batch_line(old.view());
    CHECK(line.has_value());
    const BatchHeader& header = line->header;
    append_encoded({header.sequence, header.records, header.now, header.seed},
                   old.view().substr(line->line_bytes, header.body_bytes));
    old.consume(batch.bytes);
  }
}

ManifestReplaced Log::replace(Manifest manifest) {
  const ManifestReplaced replaced = replace_manifest(files_, location_, manifest);
  if (replaced.change == ManifestChange::kUnchanged) return replaced;
  manifest_ = std::move(manifest);
  manifest_pending_ = replaced.change == ManifestChange::kUncertain;
  if (manifest_pending_) {
    write_error_ = replaced.code;
  } else {
    on_manifest_durable();
  }
  return replaced;
}

bool Log::retry_manifest() {
  const ManifestReplaced replaced = replace_manifest(files_, location_, manifest_);
  if (replaced.change != ManifestChange::kDone) {
    write_error_ = replaced.code;
    return false;
  }
  manifest_pending_ = false;
  write_error_ = 0;
  on_manifest_durable();
  return true;
}

void Log::on_manifest_durable() {
  // Increments leave the manifest only when a base has taken their place; what is on disk of them no longer matters.
  if (manifest_.increments.front().number > failed_number_) failed_number_ = 0;
  if (!manifest_.history.empty()) delete_history();
}

// Nothing depends on success: what stays is history in the manifest, and goes at the next start.
void Log::delete_history() {
  Manifest manifest = manifest_;
  std::erase_if(manifest.history, [this](const ManifestFile& file) {
    const auto removed = files_.remove(location_.path(file.name));
    return removed.ok() || removed.error().code == ENOENT;
  });
  // Whichever of the two a crash finds, the log is the same; so an uncertain change need not hold up the writer.
  if (replace_manifest(files_, location_, manifest).change == ManifestChange::kDone)
    manifest_ = std::move(manifest);
}

ManifestReplaced Log::adopt_base(ManifestFile base, uint64_t base_bytes, uint64_t first_kept,
                                 uint64_t dropped_bytes) {
  Manifest manifest;
  manifest.base = std::move(base);
  manifest.history = manifest_.history;
  if (manifest_.base) manifest.history.push_back(*manifest_.base);
  for (const ManifestFile& increment : manifest_.increments) {
    (increment.number < first_kept ? manifest.history : manifest.increments).push_back(increment);
  }
  for (ManifestFile& file : manifest.history) {
    file.kind = FileKind::kHistory;
    file.unsynced_from.reset();
    file.ends_at.reset();
  }
  const ManifestReplaced replaced = replace(std::move(manifest));
  if (replaced.change != ManifestChange::kUnchanged) {
    base_bytes_ = base_bytes;
    older_bytes_ -= dropped_bytes;
  }
  return replaced;
}

uint64_t Log::current_bytes() const {
  return base_bytes_ + older_bytes_ + file_bytes_ + buffered_bytes();
}

void Log::check_invariants() const {
  CHECK(file_ != nullptr && !manifest_.increments.empty());
  CHECK(front_written_ <= file_bytes_ && synced_offset_ <= whole_bytes());
  CHECK(synced_sequence() <= written_sequence_ && written_sequence_ < next_sequence_);
  CHECK(failed_number_ < manifest_.increments.back().number);
  CHECK(number_max_ >= manifest_.number_max());
  size_t bytes = 0;
  uint64_t sequence = written_sequence_ + 1;
  for (const Pending& batch : pending_) {
    CHECK(batch.first_sequence == sequence);
    sequence = batch.next_sequence;
    bytes += batch.bytes;
  }
  CHECK(sequence == next_sequence_ && bytes == buffer_.size());
  CHECK(pending_.empty() ? front_written_ == 0 : front_written_ < pending_.front().bytes);
}

}  // namespace sluice
