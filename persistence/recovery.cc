// SPDX-License-Identifier: MIT
#include "persistence/recovery.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "engine/base/result.h"
#include "persistence/batch_reader.h"
#include "persistence/log_directory.h"

namespace sluice {
namespace {

std::string quoted(const std::string& path) {
  return "'" + path + "'";
}

// One load. Every step returns false after setting error_, which ends it.
class Loader {
 public:
  Loader(FileSystem& files, const LogLocation& location, BatchConsumer& consumer)
      : files_(files), location_(location), consumer_(consumer) {
    log_.location = location;
  }

  LoadResult run() {
    if (load_all()) return {std::move(log_), {}};
    return {std::nullopt, std::move(error_)};
  }

 private:
  bool load_all();
  bool read_chain();
  bool read_file(const ManifestFile& file, bool last);
  bool read_batches(BatchReader& reader, const ManifestFile& file, bool last);
  bool take_batch(BatchReader& reader, const ManifestFile& file, bool& log_ends);
  bool judge_damage(BatchReader& reader, const ManifestFile& file, bool last);
  bool judge_end(const BatchReader& reader, const ManifestFile& file);
  bool cut_torn_end();
  bool drop_increments_behind_end();
  void delete_leftovers(const std::vector<std::string>& names);

  bool fail(std::string text) {
    error_ = std::move(text);
    return false;
  }
  bool fail_io(const std::string& path, const IoError& error) {
    return fail(quoted(path) + ": " + error.text());
  }
  bool fail_corrupt(const ManifestFile& file, uint64_t offset, const std::string& why);
  const ManifestFile* file_before_gap() const;

  FileSystem& files_;
  const LogLocation& location_;
  BatchConsumer& consumer_;
  LoadedLog log_;
  std::string error_;

  std::vector<ManifestFile> chain_;
  bool any_batch_ = false;
  bool ends_with_empty_batch_ = false;  // the file being read
  bool in_doubt_ = false;               // read on from where a sync had failed
  // Where the file being read ends, and the one before it.
  uint64_t end_ = 0;
  uint64_t synced_ = 0;  // so much of it was on disk by its own word
  uint64_t end_before_ = 0;
  // Files from here on in chain_ are read; those from `chain_used_` on cannot follow what a failed sync has lost.
  size_t index_ = 0;
  size_t chain_used_ = 0;
  bool torn_ = false;  // the last file used has something behind end_
};

bool Loader::load_all() {
  const DirectoryFound found = find_log(files_, location_);
  if (!found.error.empty()) return fail(found.error);
  log_.number_max = found.number_max;
  if (!found.manifest) {
    delete_leftovers(found.leftovers);
    return true;
  }
  // What a server that was killed had renamed may be in memory only. Nothing may be deleted or written on the
  // strength of a manifest that a power cut takes back.
  if (const auto synced = files_.sync_directory(location_.directory); !synced.ok()) {
    return fail_io(location_.directory, synced.error());
  }
  log_.manifest = *found.manifest;
  log_.manifest.history.clear();
  if (!read_chain() || !cut_torn_end() || !drop_increments_behind_end()) return false;
  delete_leftovers(found.leftovers);
  return true;
}

bool Loader::read_chain() {
  chain_ = log_.manifest.chain();
  chain_used_ = chain_.size();
  for (index_ = 0; index_ < chain_used_; ++index_) {
    const ManifestFile& file = chain_[index_];
    end_before_ = end_;
    if (!read_file(file, index_ + 1 == chain_.size())) return false;
    if (index_ >= chain_used_) break;  // found while reading: this file continues nothing
    log_.bytes += end_;
    if (file.kind == FileKind::kBase) log_.base_bytes = end_;
    log_.last_increment_bytes = file.kind == FileKind::kIncrement ? end_ : 0;
    log_.last_increment_synced = file.kind == FileKind::kIncrement ? synced_ : 0;
  }
  return true;
}

bool Loader::read_file(const ManifestFile& file, bool last) {
  const std::string path = location_.path(file.name);
  const auto opened = files_.open_read(path);
  if (!opened.ok()) {
    if (opened.error().code != ENOENT) return fail_io(path, opened.error());
    return fail(quoted(path) + " is missing, but " + quoted(location_.manifest_path()) +
                " names it as a part of the log. Put it back; the log cannot be loaded without it.");
  }
  File& bytes = *opened.value();
  const auto size = bytes.size();
  if (!size.ok()) return fail_io(path, size.error());
  if (const auto foreign = foreign_format(bytes); !foreign.ok()) {
    return fail_io(path, foreign.error());
  } else if (!foreign.value().empty()) {
    return fail(quoted(path) + foreign.value());
  }
  BatchReader reader(bytes, file.bytes_used(size.value()));
  ends_with_empty_batch_ = false;
  torn_ = false;
  const bool good = read_batches(reader, file, last);
  if (index_ < chain_used_) {
    end_ = reader.offset();
    synced_ = std::min(reader.synced_max(), end_);
  }
  return good;
}

bool Loader::read_batches(BatchReader& reader, const ManifestFile& file, bool last) {
  while (true) {
    switch (reader.next()) {
      case ReadStep::kBatch: {
        bool log_ends = false;
        if (!take_batch(reader, file, log_ends)) return false;
        if (log_ends) return true;
        continue;
      }
      case ReadStep::kEnd:
        return judge_end(reader, file);
      case ReadStep::kDamage:
        return judge_damage(reader, file, last);
      case ReadStep::kFailed:
        return fail_io(location_.path(file.name), reader.error());
    }
  }
}

bool Loader::take_batch(BatchReader& reader, const ManifestFile& file, bool& log_ends) {
  const BatchHeader& header = reader.header();
  // A base may begin with any record; an increment without anything before it begins with the first.
  const bool first_of_base = !any_batch_ && file.kind == FileKind::kBase;
  if (!first_of_base && header.sequence != log_.next_sequence) {
    if (const ManifestFile* before = file_before_gap();
        before != nullptr && header.offset == 0 && header.sequence > log_.next_sequence) {
      // What the failed sync has lost is missing; this file and those behind it build on it.
      chain_used_ = index_;
      log_ends = true;
      return true;
    }
    return fail_corrupt(file, header.offset,
                        "the batch there begins with record " + std::to_string(header.sequence) +
                            ", but the records before it end with " + std::to_string(log_.next_sequence - 1));
  }
  const bool base = file.kind == FileKind::kBase;
  const std::string refusal = consumer_.consume(file.name, base, header, reader.body());
  if (!refusal.empty()) {
    return fail(quoted(location_.path(file.name)) + ", offset " + std::to_string(header.offset) +
                ": the batch there is whole, but cannot be loaded: " + refusal);
  }
  any_batch_ = true;
  ends_with_empty_batch_ = header.body_bytes == 0;
  log_.next_sequence = header.sequence + header.records;
  in_doubt_ = in_doubt_ || (file.unsynced_from && reader.offset() > *file.unsynced_from);
  if (!in_doubt_) log_.certain_sequence = log_.next_sequence - 1;
  log_.now_max = std::max(log_.now_max, header.now);
  log_.batches += 1;
  log_.records += header.records;
  return true;
}

// The increment before the one being read, if a failed sync may have lost its end.
const ManifestFile* Loader::file_before_gap() const {
  if (index_ == 0) return nullptr;
  const ManifestFile& before = chain_[index_ - 1];
  return before.unsynced_from && end_before_ >= *before.unsynced_from ? &before : nullptr;
}

bool Loader::judge_end(const BatchReader& reader, const ManifestFile& file) {
  if (file.kind == FileKind::kBase && !ends_with_empty_batch_) {
    return fail_corrupt(file, reader.offset(),
                        "the file ends there, but a whole base ends with an empty batch");
  }
  if (reader.offset() < file.bytes_least()) {
    return fail_corrupt(
        file, reader.offset(),
        "the file ends there, but the disk had the first " + std::to_string(file.bytes_least()) + " bytes");
  }
  return true;
}

bool Loader::judge_damage(BatchReader& reader, const ManifestFile& file, bool last) {
  const auto verdict = examine_damage(reader, file, last);
  if (!verdict.ok()) return fail_io(location_.path(file.name), verdict.error());
  const Damage& damage = verdict.value();
  if (!damage.torn) return fail_corrupt(file, reader.offset(), damage.what + ", " + damage.why_not_torn);
  torn_ = true;
  log_.notices.push_back(quoted(location_.path(file.name)) + ": " + damage.what + " at offset " +
                         std::to_string(reader.offset()) + ", left by " +
                         (file.unsynced_from ? "a failed sync; " : "a crash; ") +
                         std::to_string(reader.file_bytes() - reader.offset()) + " bytes are not loaded, " +
                         std::to_string(reader.offset()) + " are good");
  return true;
}

bool Loader::fail_corrupt(const ManifestFile& file, uint64_t offset, const std::string& why) {
  return fail(
      quoted(location_.path(file.name)) + " is damaged at offset " + std::to_string(offset) + ": " + why +
      ". Nothing has been changed. Restore the file, or see what is left with 'sluice-server --check-aof " +
      location_.manifest_path() + "'; with --fix it cuts the log off there.");
}

// Only the file that is appended to must be cut; a torn end in one before it is told by unsynced_from.
bool Loader::cut_torn_end() {
  const bool any_dropped = chain_used_ < chain_.size();
  if (chain_used_ == 0 || chain_[chain_used_ - 1].kind != FileKind::kIncrement) return true;
  if (!torn_ && !any_dropped && !chain_[chain_used_ - 1].ends_at) return true;
  const std::string path = location_.path(chain_[chain_used_ - 1].name);
  const auto file = files_.open_append(path);
  if (!file.ok()) return fail_io(path, file.error());
  const auto size = file.value()->size();
  if (!size.ok()) return fail_io(path, size.error());
  const uint64_t good = log_.last_increment_bytes;
  if (size.value() == good) return true;
  log_.bytes_cut += size.value() - good;
  if (const auto cut = file.value()->truncate(good); !cut.ok()) return fail_io(path, cut.error());
  if (const auto synced = file.value()->sync(); !synced.ok()) return fail_io(path, synced.error());
  return true;
}

bool Loader::drop_increments_behind_end() {
  if (chain_used_ == chain_.size()) return true;
  for (size_t i = chain_used_; i < chain_.size(); ++i) {
    const std::string path = location_.path(chain_[i].name);
    log_.notices.push_back(quoted(path) +
                           " follows records that a failed sync has lost, and is no longer part of the "
                           "log; the file stays where it is");
    log_.manifest.increments.pop_back();
  }
  const ManifestReplaced replaced = replace_manifest(files_, location_, log_.manifest);
  if (replaced.change != ManifestChange::kDone)
    return fail_io(location_.manifest_path(), IoError{replaced.code});
  return true;
}

// Not worth a failure: they are tried again at the next start.
void Loader::delete_leftovers(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string path = location_.path(name);
    const auto removed = files_.remove(path);
    const bool gone = removed.ok() || removed.error().code == ENOENT;
    log_.notices.push_back(quoted(path) +
                           (gone ? " was left over, and has been deleted"
                                 : " is left over, but cannot be deleted: " + removed.error().text()));
  }
}

}  // namespace

LoadResult load(FileSystem& files, const LogLocation& location, BatchConsumer& consumer) {
  return Loader(files, location, consumer).run();
}

}  // namespace sluice
