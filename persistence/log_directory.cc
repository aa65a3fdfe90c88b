// SPDX-License-Identifier: MIT
#include "persistence/log_directory.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "engine/base/result.h"

namespace sluice {
namespace {

constexpr std::string_view kDataSuffixes[] = {".base.aof", ".incr.aof", ".base.rdb"};

std::string quoted(const std::string& path) {
  return "'" + path + "'";
}

// The N of "<name>.N.base.aof" and "<name>.N.incr.aof"; nothing for other names.
std::optional<uint64_t> data_file_number(const LogLocation& location, std::string_view name) {
  if (!name.starts_with(location.name + ".")) return std::nullopt;
  name.remove_prefix(location.name.size() + 1);
  for (const std::string_view suffix : kDataSuffixes) {
    if (!name.ends_with(suffix)) continue;
    name.remove_suffix(suffix.size());
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) return number;
    return std::nullopt;
  }
  return std::nullopt;
}

// Whether a data file without a manifest may hold something that somebody would miss. Our first increment is
// made before the manifest, with an empty batch in it; a crash may leave it alone in the directory.
Io<bool> holds_records(FileSystem& files, const std::string& path) {
  TRY(const std::unique_ptr<File> file, files.open_read(path));
  TRY(const uint64_t size, file->size());
  if (size > kBatchLineBytesMax) return true;
  TRY(const std::string foreign, foreign_format(*file));
  if (!foreign.empty()) return true;
  BatchReader reader(*file, size);
  while (reader.next() == ReadStep::kBatch) {
    if (reader.header().body_bytes > 0) return true;
  }
  return false;
}

// There is no manifest: fine if nothing here looks like a log.
std::string judge_unlisted(FileSystem& files, const LogLocation& location,
                           const std::vector<std::string>& names, DirectoryFound& found) {
  for (const std::string& name : names) {
    if (!data_file_number(location, name)) continue;
    const std::string path = location.path(name);
    const auto records = holds_records(files, path);
    if (!records.ok()) return quoted(path) + ": " + records.error().text();
    if (records.value()) {
      return quoted(path) + " is a part of a log, but " + quoted(location.manifest_path()) +
             ", which lists the parts, is missing. Put it back, or move the directory away to start without "
             "data.";
    }
    found.leftovers.push_back(name);
  }
  const std::string single = path_join(path_directory(location.directory), location.name);
  const auto exists = files.exists(single);
  if (!exists.ok()) return quoted(single) + ": " + exists.error().text();
  if (exists.value()) {
    return quoted(single) +
           " is a single append-only file as Redis before 7 writes it. Sluice cannot import it yet; move " +
           "it away to start without data.";
  }
  return {};
}

}  // namespace

DirectoryFound find_log(FileSystem& files, const LogLocation& location) {
  DirectoryFound found;
  const auto wrong = [&](const std::string& path, const IoError& error) {
    found.error = quoted(path) + ": " + error.text();
    return found;
  };
  const auto there = files.exists(location.directory);
  if (!there.ok()) return wrong(location.directory, there.error());
  std::vector<std::string> names;
  if (there.value()) {
    auto listed = files.list(location.directory);
    if (!listed.ok()) return wrong(location.directory, listed.error());
    names = std::move(listed).value();
  }
  const std::string temporary = location.temporary_name(location.name + ".");
  for (const std::string& name : names) {
    if (name.starts_with(temporary)) found.leftovers.push_back(name);
    const std::string_view final_name =
        std::string_view(name).substr(name.starts_with(temporary) ? kTemporaryPrefix.size() : 0);
    found.number_max = std::max(found.number_max, data_file_number(location, final_name).value_or(0));
  }
  if (std::find(names.begin(), names.end(), location.manifest_name()) == names.end()) {
    found.error = judge_unlisted(files, location, names, found);
    return found;
  }
  ManifestRead read = read_manifest(files, location.manifest_path());
  found.error = std::move(read.error);
  if (!found.error.empty()) return found;
  found.number_max = std::max(found.number_max, read.manifest.number_max());
  for (const ManifestFile& file : read.manifest.history) {
    if (std::find(names.begin(), names.end(), file.name) != names.end()) found.leftovers.push_back(file.name);
  }
  found.manifest = std::move(read.manifest);
  return found;
}

ManifestRead read_manifest(FileSystem& files, const std::string& path) {
  const auto opened = files.open_read(path);
  if (!opened.ok()) return {{}, quoted(path) + ": " + opened.error().text()};
  File& file = *opened.value();
  const auto size = file.size();
  if (!size.ok()) return {{}, quoted(path) + ": " + size.error().text()};
  if (size.value() > kManifestBytesMax) return {{}, quoted(path) + " is too long for a manifest"};
  std::string text(size.value(), '\0');
  if (const auto read = read_exactly(file, 0, text.data(), text.size()); !read.ok()) {
    return {{}, quoted(path) + ": " + read.error().text()};
  }
  ManifestParsed parsed = parse_manifest(text);
  if (!parsed.mistake.empty()) {
    return {{},
            quoted(path) + " is no valid manifest: " + parsed.mistake +
                ". It is a list of the log's files in plain text and can be put right by hand."};
  }
  return {std::move(parsed.manifest), {}};
}

Io<std::string> foreign_format(File& file) {
  char start[16];
  TRY(const size_t size, file.read_at(0, start, sizeof(start)));
  const std::string_view bytes(start, size);
  if (bytes.starts_with("REDIS")) {
    return std::string(" is an RDB file of Redis. Sluice cannot import it yet.");
  }
  if ((bytes.starts_with("*") && !bytes.substr(1).starts_with(kBatchMagic.substr(1))) ||
      bytes.starts_with("#TS:")) {
    return std::string(
        " is an append-only file of Redis, without the lines that Sluice checks it by. Sluice cannot "
        "import it yet.");
  }
  return std::string();
}

Io<Damage> examine_damage(BatchReader& reader, const ManifestFile& file, bool last) {
  Damage damage;
  TRY(damage.what, reader.describe_damage());
  if (file.unsynced_from) {
    damage.torn = reader.offset() >= *file.unsynced_from;
    if (!damage.torn) {
      damage.why_not_torn = "but the disk had the first " + std::to_string(*file.unsynced_from) + " bytes";
    }
    return damage;
  }
  if (!last || file.kind != FileKind::kIncrement) {
    damage.why_not_torn = "but all of this file was on the disk before the next one was begun";
    return damage;
  }
  if (reader.offset() < reader.synced_max()) {
    damage.why_not_torn = "but the disk had the first " + std::to_string(reader.synced_max()) + " bytes";
    return damage;
  }
  TRY(const std::optional<BatchHeader> behind, reader.find_valid_batch_behind());
  if (behind) {
    damage.why_not_torn = "but a valid batch follows at offset " + std::to_string(behind->offset);
    if (behind->synced > reader.offset()) {
      damage.why_not_torn += ", and the disk had the first " + std::to_string(behind->synced) + " bytes";
    }
    return damage;
  }
  TRY(const bool altered, reader.is_altered_empty_batch());
  damage.torn = !altered;
  if (altered) damage.why_not_torn = "but just one byte of it is wrong, and no crash does that";
  return damage;
}

}  // namespace sluice
