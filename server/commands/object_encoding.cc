// SPDX-License-Identifier: MIT
#include "server/commands/object_encoding.h"

#include <optional>

#include "engine/base/number_text.h"
#include "engine/hash.h"
#include "engine/list_value.h"
#include "engine/set.h"
#include "engine/sorted_set.h"

namespace sluice::commands {
namespace {

// Redis shares one object among all strings that hold a small integer, and says so by this count.
constexpr int64_t kSharedIntegerMax = 9'999;
constexpr int64_t kSharedReferences = INT32_MAX;

// A short string lies in one piece with its header.
constexpr size_t kEmbeddedBytesMax = 44;
// A list is one listpack while its elements, with the few bytes that each takes beside, are no more.
constexpr size_t kListpackBytesMax = 8'192;
constexpr size_t kListpackEntryBytesMin = 2;

std::optional<int64_t> integer_of(std::string_view text) {
  return text.size() > kI64CharsMax ? std::nullopt : parse_i64(text);
}

bool fits_listpack(const ListValue& list) {
  if (list.size() > kListpackBytesMax / kListpackEntryBytesMin) return false;
  size_t bytes = 0;
  list.for_each(0, list.size(),
                [&bytes](std::string_view element) { bytes += element.size() + kListpackEntryBytesMin; });
  return bytes <= kListpackBytesMax;
}

}  // namespace

std::string_view encoding_of(const Entry& entry) {
  switch (entry.type()) {
    case ValueType::kString: {
      const std::string_view text = entry.string().view();
      if (integer_of(text)) return "int";
      return text.size() <= kEmbeddedBytesMax ? "embstr" : "raw";
    }
    case ValueType::kList:
      if (entry.list().is_queue()) return "queue";
      return fits_listpack(entry.list()) ? "listpack" : "quicklist";
    case ValueType::kStream:
      return "stream";
    case ValueType::kHash:
      return entry.hash().encoding();
    case ValueType::kSet:
      return entry.set().encoding();
    case ValueType::kSortedSet:
      return entry.sorted_set().encoding();
  }
  return {};
}

int64_t references_to(const Entry& entry) {
  if (entry.type() != ValueType::kString) return 1;
  const auto integer = integer_of(entry.string().view());
  return integer && *integer >= 0 && *integer <= kSharedIntegerMax ? kSharedReferences : 1;
}

}  // namespace sluice::commands
