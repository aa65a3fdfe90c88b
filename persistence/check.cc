// SPDX-License-Identifier: MIT
#include "persistence/check.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "engine/base/result.h"
#include "persistence/batch_reader.h"
#include "persistence/log_directory.h"
#include "persistence/manifest.h"

namespace sluice {
namespace {

constexpr std::string_view kManifestSuffix = ".manifest";

std::string count_text(uint64_t count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) +
         (count == 1            ? ""
          : one.ends_with("ch") ? "es"
                                : "s");
}

// What one file holds, and the first thing that is wrong with it.
struct FileReport {
  ManifestFile file;
  std::string path;
  uint64_t bytes = 0;
  uint64_t bytes_good = 0;
  uint64_t batches = 0;
  uint64_t records = 0;
  std::optional<uint64_t> first_sequence = {};
  uint64_t next_sequence = 0;
  bool ends_with_empty_batch = false;

  std::string problem = {};  // empty: nothing
  bool torn = false;         // the problem is what a crash leaves; the server cuts it off by itself
  bool unreadable = false;   // missing, foreign or not readable: no fix
  // Whole batches behind the problem, which a cut would lose.
  uint64_t batches_behind = 0;
  uint64_t records_behind = 0;
};

class Checker {
 public:
  explicit Checker(FileSystem& files) : files_(files) {}

  CheckResult run(const std::string& path, bool fix);

 private:
  bool find_files(const std::string& path);
  bool find_manifest_in(const std::string& directory);
  Io<void> inspect(FileReport& report, bool last);
  Io<void> count_behind(BatchReader& reader, FileReport& report);
  void judge_order();
  void tell(const FileReport& report);
  std::optional<uint64_t> expected_sequence(size_t index) const;
  bool continues(size_t index) const;
  bool repair(size_t index);
  bool leave_out_behind(size_t index);
  void line(const std::string& text) { result_.report += text + '\n'; }

  FileSystem& files_;
  CheckResult result_;
  std::optional<LogLocation> location_;  // when a manifest says what belongs together
  Manifest manifest_;
  std::vector<FileReport> reports_;
};

CheckResult Checker::run(const std::string& path, bool fix) {
  if (!find_files(path)) return std::move(result_);
  for (size_t i = 0; i < reports_.size(); ++i) {
    FileReport& report = reports_[i];
    const auto inspected = inspect(report, i + 1 == reports_.size());
    if (inspected.ok()) continue;
    report.problem = inspected.error().text();
    report.unreadable = true;
  }
  judge_order();
  for (const FileReport& report : reports_)
    tell(report);
  const auto bad = std::find_if(reports_.begin(), reports_.end(),
                                [](const FileReport& report) { return !report.problem.empty(); });
  if (bad == reports_.end()) {
    line("The log is good.");
    result_.good = true;
    return std::move(result_);
  }
  if (!fix) {
    line(bad->torn ? "The end is torn, as a crash leaves it; the server cuts it off by itself when it starts."
                   : "The log is damaged; the server does not load it.");
    return std::move(result_);
  }
  if (!repair(static_cast<size_t>(bad - reports_.begin()))) return std::move(result_);
  result_.fixed = true;
  line("Checked again after the repair:");
  CheckResult after = Checker(files_).run(path, false);
  result_.report += after.report;
  result_.good = after.good;
  return std::move(result_);
}

bool Checker::find_files(const std::string& path) {
  const auto is_directory = files_.is_directory(path);
  if (!is_directory.ok()) {
    line(path + ": " + is_directory.error().text());
    return false;
  }
  if (is_directory.value()) return find_manifest_in(path);
  if (!path.ends_with(kManifestSuffix)) {
    const std::string name = path_name(path);
    const bool base = name.find(".base.") != std::string::npos;
    reports_.push_back(
        {.file = {.name = name, .kind = base ? FileKind::kBase : FileKind::kIncrement}, .path = path});
    line("One file; without its manifest, whether others miss before or behind it cannot be said.");
    return true;
  }
  ManifestRead read = read_manifest(files_, path);
  if (!read.error.empty()) {
    line(read.error);
    return false;
  }
  const std::string name = path_name(path);
  location_ = LogLocation{path_directory(path), name.substr(0, name.size() - kManifestSuffix.size())};
  manifest_ = std::move(read.manifest);
  for (const ManifestFile& file : manifest_.chain()) {
    reports_.push_back({.file = file, .path = location_->path(file.name)});
  }
  return true;
}

bool Checker::find_manifest_in(const std::string& directory) {
  const auto names = files_.list(directory);
  if (!names.ok()) {
    line(directory + ": " + names.error().text());
    return false;
  }
  std::vector<std::string> manifests;
  for (const std::string& name : names.value()) {
    if (name.ends_with(kManifestSuffix) && !name.starts_with(kTemporaryPrefix)) manifests.push_back(name);
  }
  if (manifests.size() == 1) return find_files(path_join(directory, manifests.front()));
  line(directory +
       (manifests.empty() ? " holds no manifest." : " holds several manifests; name the one to check."));
  return false;
}

Io<void> Checker::inspect(FileReport& report, bool last) {
  TRY(const std::unique_ptr<File> file, files_.open_read(report.path));
  TRY(const uint64_t size, file->size());
  report.bytes = report.file.bytes_used(size);
  TRY(const std::string foreign, foreign_format(*file));
  if (!foreign.empty()) {
    report.problem = "it" + foreign;
    report.unreadable = true;
    return {};
  }
  BatchReader reader(*file, report.bytes);
  while (true) {
    const ReadStep step = reader.next();
    if (step == ReadStep::kFailed) return reader.error();
    if (step != ReadStep::kBatch) break;
    const BatchHeader& header = reader.header();
    if (report.first_sequence && header.sequence != report.next_sequence) {
      report.problem = "the batch there begins with record " + std::to_string(header.sequence) +
                       " instead of " + std::to_string(report.next_sequence);
      report.batches_behind = 1;
      report.records_behind = header.records;
      return count_behind(reader, report);
    }
    if (!report.first_sequence) report.first_sequence = header.sequence;
    report.next_sequence = header.sequence + header.records;
    report.ends_with_empty_batch = header.body_bytes == 0;
    report.bytes_good = reader.offset();
    report.batches += 1;
    report.records += header.records;
  }
  if (reader.offset() < report.bytes) {
    TRY(const Damage damage, examine_damage(reader, report.file, last));
    report.torn = damage.torn;
    report.problem = damage.torn ? damage.what : damage.what + ", " + damage.why_not_torn;
    return count_behind(reader, report);
  }
  if (report.file.kind == FileKind::kBase && !report.ends_with_empty_batch) {
    report.problem = "the end of the base is missing";
  } else if (report.bytes < report.file.bytes_least()) {
    report.problem =
        "the file ends there, but the disk had " + std::to_string(report.file.bytes_least()) + " bytes";
  }
  return {};
}

Io<void> Checker::count_behind(BatchReader& reader, FileReport& report) {
  while (true) {
    const ReadStep step = reader.next();
    if (step == ReadStep::kFailed) return reader.error();
    if (step == ReadStep::kEnd) return {};
    if (step == ReadStep::kBatch) {
      report.batches_behind += 1;
      report.records_behind += reader.header().records;
      continue;
    }
    TRY(const std::optional<BatchHeader> behind, reader.find_valid_batch_behind());
    if (!behind) return {};
    reader.skip_to(behind->offset);
  }
}

// The record that the file must begin with; nothing if no file before it says.
std::optional<uint64_t> Checker::expected_sequence(size_t index) const {
  while (index > 0) {
    const FileReport& before = reports_[--index];
    if (before.first_sequence) return before.next_sequence;
  }
  return std::nullopt;
}

// Whether the file goes on where those before it end.
bool Checker::continues(size_t index) const {
  const auto expected = expected_sequence(index);
  const auto first = reports_[index].first_sequence;
  return !first || !expected || *first == *expected;
}

void Checker::judge_order() {
  FileReport& first = reports_.front();
  if (location_ && first.file.kind == FileKind::kIncrement && first.first_sequence.value_or(1) != 1) {
    first.problem =
        "the log begins with record " + std::to_string(*first.first_sequence) + ", but it has no base";
    first.unreadable = true;
  }
  for (size_t i = 1; i < reports_.size(); ++i) {
    FileReport& before = reports_[i - 1];
    FileReport& report = reports_[i];
    if (before.unreadable || report.unreadable) return;
    if (continues(i)) {
      // A failed sync's torn end whose records stand whole in the next file: as it should be.
      if (before.torn && before.file.unsynced_from) before.problem.clear();
      continue;
    }
    if (!before.problem.empty()) return;
    before.problem = "the log ends with record " + std::to_string(*expected_sequence(i) - 1) +
                     ", but the next begins with " + std::to_string(*report.first_sequence);
    before.torn = before.file.unsynced_from && before.bytes_good >= *before.file.unsynced_from;
    return;
  }
}

void Checker::tell(const FileReport& report) {
  std::string text = report.path + ": " + count_text(report.batches, "batch") + ", " +
                     count_text(report.records, "record") + ", " + std::to_string(report.bytes_good) +
                     " of " + count_text(report.bytes, "byte") + " good";
  line(text);
  if (report.problem.empty()) return;
  line("  first fault at offset " + std::to_string(report.bytes_good) + ": " + report.problem);
  if (report.unreadable) return;
  if (report.file.kind == FileKind::kBase) {
    line("  --fix cannot help: half of a base is not a state. Restore the file from a copy.");
    return;
  }
  text = "  --fix would lose " + count_text(report.bytes - report.bytes_good, "byte") +
         " of this file, with " + count_text(report.batches_behind, "whole batch") + " of " +
         count_text(report.records_behind, "record");
  const bool files_behind = location_ && report.path != reports_.back().path;
  line(text + (files_behind ? ", and the files behind it, if they do not go on where it is cut." : "."));
}

bool Checker::repair(size_t index) {
  const FileReport& report = reports_[index];
  if (report.unreadable || report.file.kind == FileKind::kBase) {
    line("Nothing has been changed: " + report.path + " cannot be repaired.");
    return false;
  }
  if (location_ && index + 1 < reports_.size() && !leave_out_behind(index)) return false;
  const auto cut = [&]() -> Io<void> {
    TRY(const std::unique_ptr<File> file, files_.open_append(report.path));
    TRY_VOID(file->truncate(report.bytes_good));
    return file->sync();
  }();
  if (!cut.ok()) {
    line(report.path + ": " + cut.error().text());
    return false;
  }
  line("Cut " + report.path + " at offset " + std::to_string(report.bytes_good) + ": " +
       count_text(report.bytes - report.bytes_good, "byte") + " lost.");
  return true;
}

// Takes the increments behind out of the manifest, first, so that a crash before the cut leaves less to
// repair, not more.
// A doubtful end is cut off with the rest, so it needs no note any more.
bool Checker::leave_out_behind(size_t index) {
  Manifest manifest = manifest_;
  const size_t left_out = continues(index + 1) ? 0 : reports_.size() - index - 1;
  manifest.increments.resize(manifest.increments.size() - left_out);
  const ManifestReplaced replaced = replace_manifest(files_, *location_, manifest);
  if (replaced.change != ManifestChange::kDone) {
    line(location_->manifest_path() + ": " + IoError{replaced.code}.text());
    return false;
  }
  for (size_t i = reports_.size() - left_out; i < reports_.size(); ++i) {
    line("Left " + reports_[i].path + " out of the manifest, with " +
         count_text(reports_[i].records, "record") +
         ": it builds on what is lost. The file stays where it is.");
  }
  return true;
}

}  // namespace

CheckResult check_log(FileSystem& files, const std::string& path, bool fix) {
  return Checker(files).run(path, fix);
}

}  // namespace sluice
