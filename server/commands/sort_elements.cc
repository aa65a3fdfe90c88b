// SPDX-License-Identifier: MIT
#include "server/commands/sort_elements.h"

#include <string>

#include "engine/hash.h"
#include "engine/keyspace.h"
#include "engine/list_value.h"
#include "engine/set.h"
#include "engine/sorted_set.h"
#include "server/commands/lookup.h"

namespace sluice::commands {

Result<SortElements> sort_elements(core::CommandCall& call, std::string_view key) {
  SortElements elements;
  const Entry* const entry = look_up(call, key);
  if (entry == nullptr) return elements;
  switch (entry->type()) {
    case ValueType::kString:
    case ValueType::kStream:
    case ValueType::kHash:
      return Error::kWrongType;
    case ValueType::kList: {
      const ListValue& list = entry->list();
      elements.texts.reserve(list.size());
      list.for_each(0, list.size(),
                    [&elements](std::string_view element) { elements.texts.push_back(element); });
      return elements;
    }
    case ValueType::kSet:
      elements.unordered = true;
      entry->set().for_each([&elements](std::string_view member) {
        elements.texts.push_back(elements.copies.emplace_back(member));
      });
      return elements;
    case ValueType::kSortedSet:
      entry->sorted_set().for_each(
          [&elements](std::string_view member, double) { elements.texts.push_back(member); });
      return elements;
  }
  return Error::kWrongType;
}

std::optional<std::string_view> find_by_pattern(core::CommandCall& call, std::string_view pattern,
                                                std::string_view element) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return std::nullopt;
  std::string_view behind = pattern.substr(star + 1);
  std::optional<std::string_view> field;
  if (const size_t arrow = behind.find("->"); arrow != std::string_view::npos && arrow + 2 < behind.size()) {
    field = behind.substr(arrow + 2);
    behind = behind.substr(0, arrow);
  }
  std::string key(pattern.substr(0, star));
  key.append(element).append(behind);
  const Entry* entry = look_up(call, key);
  if (entry == nullptr) return std::nullopt;
  if (call.mode != core::CommandCall::Mode::kReplay) {
    // Ended and logged, not only passed over: what SORT stores must be the same in a replay. All that is due of a
    // hash ends at once, so that what was found in it before stays where it is.
    call.server.expire_if_due(*entry);
    entry = call.keyspace().find(call.db(), key);
    if (entry == nullptr) return std::nullopt;
  }
  switch (entry->type()) {
    case ValueType::kString:
      if (field) return std::nullopt;
      return entry->string().view();
    case ValueType::kHash:
      if (!field) return std::nullopt;
      return entry->hash().find(*field);
    case ValueType::kList:
    case ValueType::kStream:
    case ValueType::kSet:
    case ValueType::kSortedSet:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace sluice::commands
