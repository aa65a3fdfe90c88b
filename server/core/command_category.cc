// SPDX-License-Identifier: MIT
#include "server/core/command_category.h"

#include <algorithm>
#include <iterator>

#include "engine/base/ascii.h"

namespace sluice::core {
namespace {

struct GroupWords {
  Group group;
  std::string_view name;
  std::string_view category;  // empty: it is none
};

constexpr GroupWords kGroups[] = {
    {Group::kGeneric, "generic", "keyspace"},
    {Group::kString, "string", "string"},
    {Group::kBitmap, "bitmap", "bitmap"},
    {Group::kList, "list", "list"},
    {Group::kSet, "set", "set"},
    {Group::kSortedSet, "sorted-set", "sortedset"},
    {Group::kHash, "hash", "hash"},
    {Group::kStream, "stream", "stream"},
    {Group::kPubSub, "pubsub", "pubsub"},
    {Group::kTransactions, "transactions", "transaction"},
    {Group::kConnection, "connection", "connection"},
    {Group::kServer, "server", {}},
    {Group::kScripting, "scripting", "scripting"},
    {Group::kCluster, "cluster", {}},
    {Group::kQueue, "queue", "queue"},
};

// In the order in which Redis lists them; ours at the end.
constexpr std::string_view kCategories[] = {
    "keyspace", "read",        "write",      "set",         "sortedset", "list",  "hash", "string",
    "bitmap",   "hyperloglog", "geo",        "stream",      "pubsub",    "admin", "fast", "slow",
    "blocking", "dangerous",   "connection", "transaction", "scripting", "queue",
};

constexpr const GroupWords& words_of(Group group) {
  return kGroups[static_cast<size_t>(group)];
}

constexpr bool in_order() {
  for (const GroupWords& row : kGroups) {
    if (&words_of(row.group) != &row) return false;
  }
  return std::size(kGroups) == static_cast<size_t>(Group::kQueue) + 1;
}
static_assert(in_order());

bool has_keys(const CommandSpec& spec) {
  return spec.keys[0].kind != KeySpec::Kind::kNone;
}

// FLUSHALL, DBSIZE and the like are about all keys, though they name none.
bool concerns_keyspace(const CommandSpec& spec) {
  if (spec.group == Group::kGeneric) return (spec.flags & kOfCollections) == 0;
  return spec.group == Group::kServer && !has_keys(spec) && (spec.flags & (kWrite | kReadOnly)) != 0;
}

// Where neither the group nor a flag tells what Redis has.
struct Exception {
  std::string_view name;
  std::string_view has;  // besides; empty: nothing
  std::string_view has_not;
};

constexpr Exception kExceptions[] = {
    {"asking", "connection", {}},       {"lastsave", "admin", {}},
    {"lolwut", {}, "keyspace"},         {"readonly", "connection", {}},
    {"readwrite", "connection", {}},    {"role", "admin", {}},
    {"wait", "connection", "keyspace"}, {"waitaof", "connection", "keyspace"},
};

void except(std::string_view name, std::vector<std::string_view>& categories) {
  for (const Exception& row : kExceptions) {
    if (row.name != name) continue;
    std::erase(categories, row.has_not);
    if (!row.has.empty()) categories.push_back(row.has);
  }
}

}  // namespace

std::string_view group_name(Group group) {
  return words_of(group).name;
}

std::vector<std::string_view> categories_of(const CommandSpec& spec) {
  // A container by itself does nothing; its subcommands have the categories.
  if (spec.handler == nullptr) return {"slow"};

  const auto has = [&spec](uint32_t flag) { return (spec.flags & flag) != 0; };
  std::vector<std::string_view> categories;
  const auto add_if = [&categories](bool condition, std::string_view category) {
    if (condition && !category.empty()) categories.push_back(category);
  };
  const std::string_view group = words_of(spec.group).category;
  // These stand at the end; all other groups between what a command does and how.
  const bool group_last = spec.group == Group::kConnection || spec.group == Group::kTransactions ||
                          spec.group == Group::kScripting || spec.group == Group::kQueue;

  add_if(concerns_keyspace(spec), "keyspace");
  add_if(has(kReadOnly) && spec.group != Group::kScripting, "read");
  add_if(has(kWrite), "write");
  add_if(has(kOfCollections), "set");
  add_if(has(kOfCollections), "sortedset");
  add_if(has(kOfCollections), "list");
  add_if(!group_last && spec.group != Group::kGeneric, group);
  add_if(has(kPubSub) && spec.group != Group::kPubSub, "pubsub");
  add_if(has(kAdmin), "admin");
  add_if(has(kFast), "fast");
  add_if(!has(kFast), "slow");
  add_if(has(kBlocking), "blocking");
  add_if(has(kAdmin | kDangerous), "dangerous");
  add_if(group_last, group);
  except(spec.name, categories);
  return categories;
}

bool in_category(const CommandSpec& spec, std::string_view category) {
  const auto categories = categories_of(spec);
  return std::any_of(categories.begin(), categories.end(),
                     [category](std::string_view each) { return equals_folded(each, category); });
}

std::span<const std::string_view> all_categories() {
  return kCategories;
}

bool is_category(std::string_view name) {
  return std::any_of(std::begin(kCategories), std::end(kCategories),
                     [name](std::string_view each) { return equals_folded(each, name); });
}

}  // namespace sluice::core
