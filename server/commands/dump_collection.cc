// SPDX-License-Identifier: MIT
#include "server/commands/dump_collection.h"

#include <bit>
#include <cmath>

#include "engine/base/byte_order.h"
#include "engine/base/number_text.h"
#include "protocol/listpack.h"
#include "protocol/ziplist.h"

namespace sluice::commands {
namespace {

using protocol::ListpackReader;
using protocol::RdbReader;
using protocol::RdbType;
using protocol::RdbWriter;
using protocol::ZiplistReader;

// What a score is when it stands as a text behind one byte that tells its size (before 4.0).
enum ScoreByte : uint8_t { kNotANumber = 253, kInfinity = 254, kMinusInfinity = 255 };

// An intset: bytes of each number, how many there are, and the numbers, all little-endian.
constexpr size_t kIntsetHeaderBytes = 8;

// The latest time that Redis lets a field end at, in milliseconds.
constexpr int64_t kFieldTimeMax = (int64_t{1} << 48) - 2;

// Reads the texts of a packed value one after the other. `Reader` is one of those in protocol/.
template <typename Reader>
class Texts {
 public:
  explicit Texts(std::string_view packed) : reader_(packed) {}

  bool more() const { return !reader_.at_end(); }
  bool failed() const { return reader_.failed(); }
  // A copy: the next one takes its place.
  std::string next() { return std::string(reader_.text()); }

 private:
  Reader reader_;
};

// --- Hashes

struct HashBuilder {
  explicit HashBuilder(const CollectionForms& forms) { result.hash = std::make_unique<Hash>(forms); }

  // False: there is such a field already, or the time is none.
  bool add(std::string_view field, std::string_view value, int64_t when = 0) {
    if (when < 0 || when > kFieldTimeMax || !result.hash->set(field, value)) return false;
    if (when > 0) result.times.emplace_back(field, UnixMs{when});
    return true;
  }

  RestoredHash result;
};

bool read_hash(RdbReader& reader, HashBuilder& builder) {
  std::string field_scratch;
  std::string value_scratch;
  for (uint64_t left = reader.length(); left > 0 && !reader.failed(); --left) {
    const std::string_view field = reader.text(field_scratch);
    const std::string_view value = reader.text(value_scratch);
    if (reader.failed() || !builder.add(field, value)) return false;
  }
  return !reader.failed();
}

bool read_timed_hash(RdbReader& reader, HashBuilder& builder) {
  const uint64_t earliest = reader.u64();
  if (earliest > static_cast<uint64_t>(INT64_MAX)) return false;
  std::string field_scratch;
  std::string value_scratch;
  for (uint64_t left = reader.length(); left > 0 && !reader.failed(); --left) {
    const uint64_t later = reader.length();
    const std::string_view field = reader.text(field_scratch);
    const std::string_view value = reader.text(value_scratch);
    if (reader.failed() || (later > 0 && later - 1 > static_cast<uint64_t>(INT64_MAX) - earliest))
      return false;
    const int64_t when = later == 0 ? 0 : static_cast<int64_t>(earliest + later - 1);
    if (!builder.add(field, value, when)) return false;
  }
  return !reader.failed();
}

template <typename Reader>
bool read_packed_hash(std::string_view packed, HashBuilder& builder) {
  Texts<Reader> texts(packed);
  while (texts.more()) {
    const std::string field = texts.next();
    const std::string value = texts.next();
    if (texts.failed() || !builder.add(field, value)) return false;
  }
  return !texts.failed();
}

bool read_packed_timed_hash(std::string_view packed, HashBuilder& builder) {
  ListpackReader reader(packed);
  while (!reader.at_end()) {
    const std::string field(reader.text());
    const std::string value(reader.text());
    const int64_t when = reader.integer();
    if (reader.failed() || !builder.add(field, value, when)) return false;
  }
  return !reader.failed();
}

// --- Sets

bool read_set(RdbReader& reader, Set& set) {
  std::string scratch;
  for (uint64_t left = reader.length(); left > 0 && !reader.failed(); --left) {
    const std::string_view member = reader.text(scratch);
    if (reader.failed() || !set.add(member)) return false;
  }
  return !reader.failed();
}

bool read_integers(std::string_view packed, Set& set) {
  if (packed.size() < kIntsetHeaderBytes) return false;
  const size_t bytes = little_endian(packed.substr(0, 4));
  const size_t count = little_endian(packed.substr(4, 4));
  packed.remove_prefix(kIntsetHeaderBytes);
  if ((bytes != 2 && bytes != 4 && bytes != 8) || packed.size() != bytes * count) return false;
  const unsigned unused = 64 - 8 * static_cast<unsigned>(bytes);
  for (size_t i = 0; i < count; ++i) {
    const auto number =
        static_cast<int64_t>(little_endian(packed.substr(i * bytes, bytes)) << unused) >> unused;
    char digits[kI64CharsMax];
    if (!set.add({digits, format_i64(digits, number)})) return false;
  }
  return true;
}

bool read_packed_set(std::string_view packed, Set& set) {
  Texts<ListpackReader> texts(packed);
  while (texts.more()) {
    const std::string member = texts.next();
    if (texts.failed() || !set.add(member)) return false;
  }
  return !texts.failed();
}

// --- Sorted sets

bool add_scored(SortedSet& set, std::string_view member, std::optional<double> score) {
  return score && !std::isnan(*score) && set.set(member, *score);
}

std::optional<double> score_text(RdbReader& reader) {
  const uint8_t size = reader.byte();
  if (size == kInfinity) return HUGE_VAL;
  if (size == kMinusInfinity) return -HUGE_VAL;
  if (size == kNotANumber) return std::nullopt;
  return parse_double(reader.raw(size));
}

bool read_sorted_set(RdbReader& reader, bool as_text, SortedSet& set) {
  std::string scratch;
  for (uint64_t left = reader.length(); left > 0 && !reader.failed(); --left) {
    const std::string_view member = reader.text(scratch);
    const std::optional<double> score = as_text ? score_text(reader) : std::bit_cast<double>(reader.u64());
    if (reader.failed() || !add_scored(set, member, score)) return false;
  }
  return !reader.failed();
}

template <typename Reader>
bool read_packed_sorted_set(std::string_view packed, SortedSet& set) {
  Texts<Reader> texts(packed);
  while (texts.more()) {
    const std::string member = texts.next();
    const std::string score = texts.next();
    if (texts.failed() || !add_scored(set, member, parse_double(score))) return false;
  }
  return !texts.failed();
}

}  // namespace

// --- Writing

uint16_t append_hash(const Hash& hash, ByteBuffer& out) {
  RdbWriter writer(out);
  if (hash.expires() == 0) {
    writer.type(RdbType::kHash);
    writer.length(hash.size());
    hash.for_each([&writer](std::string_view field, std::string_view value) {
      writer.text(field);
      writer.text(value);
    });
    return protocol::kRdbVersion70;
  }
  const int64_t earliest = hash.earliest_expiry().count;
  writer.type(RdbType::kTimedHash);
  writer.u64(static_cast<uint64_t>(earliest));
  writer.length(hash.size());
  hash.for_each([&](std::string_view field, std::string_view value) {
    const std::optional<UnixMs> when = hash.expires_at(field);
    writer.length(when ? static_cast<uint64_t>(when->count - earliest) + 1 : 0);
    writer.text(field);
    writer.text(value);
  });
  return protocol::kRdbVersion74;
}

void append_set(const Set& set, ByteBuffer& out) {
  RdbWriter writer(out);
  writer.type(RdbType::kSet);
  writer.length(set.size());
  set.for_each([&writer](std::string_view member) { writer.text(member); });
}

void append_sorted_set(const SortedSet& set, ByteBuffer& out) {
  RdbWriter writer(out);
  writer.type(RdbType::kSortedSet2);
  writer.length(set.size());
  set.for_each([&writer](std::string_view member, double score) {
    writer.text(member);
    writer.u64(std::bit_cast<uint64_t>(score));
  });
}

// --- Reading

std::optional<RestoredHash> restored_hash(RdbReader& reader, RdbType type, const CollectionForms& forms) {
  HashBuilder builder(forms);
  std::string scratch;
  bool fits = false;
  if (type == RdbType::kHash) fits = read_hash(reader, builder);
  if (type == RdbType::kTimedHash) fits = read_timed_hash(reader, builder);
  if (type == RdbType::kHashListpack) fits = read_packed_hash<ListpackReader>(reader.text(scratch), builder);
  if (type == RdbType::kHashZiplist) fits = read_packed_hash<ZiplistReader>(reader.text(scratch), builder);
  if (type == RdbType::kTimedHashListpack) {
    reader.u64();  // the earliest time, which the fields say as well
    fits = read_packed_timed_hash(reader.text(scratch), builder);
  }
  if (!fits || builder.result.hash->empty()) return std::nullopt;
  return std::move(builder.result);
}

std::unique_ptr<Set> restored_set(RdbReader& reader, RdbType type, const CollectionForms& forms) {
  auto set = std::make_unique<Set>(forms);
  std::string scratch;
  bool fits = false;
  if (type == RdbType::kSet) fits = read_set(reader, *set);
  if (type == RdbType::kSetIntset) fits = read_integers(reader.text(scratch), *set);
  if (type == RdbType::kSetListpack) fits = read_packed_set(reader.text(scratch), *set);
  return fits && !set->empty() ? std::move(set) : nullptr;
}

std::unique_ptr<SortedSet> restored_sorted_set(RdbReader& reader, RdbType type,
                                               const CollectionForms& forms) {
  auto set = std::make_unique<SortedSet>(forms);
  std::string scratch;
  bool fits = false;
  if (type == RdbType::kSortedSet) fits = read_sorted_set(reader, true, *set);
  if (type == RdbType::kSortedSet2) fits = read_sorted_set(reader, false, *set);
  if (type == RdbType::kSortedSetListpack)
    fits = read_packed_sorted_set<ListpackReader>(reader.text(scratch), *set);
  if (type == RdbType::kSortedSetZiplist)
    fits = read_packed_sorted_set<ZiplistReader>(reader.text(scratch), *set);
  return fits && !set->empty() ? std::move(set) : nullptr;
}

}  // namespace sluice::commands
