// SPDX-License-Identifier: MIT
//
// SORT and SORT_RO: the elements of a key by number, by text, or by what other keys hold for them. Equal ones stay in
// the order in which they were, so that what STORE stores is a function of the state.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "engine/list_value.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/commands/sort_elements.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeyEvent;
using core::KeySpec;

struct SortOptions {
  bool descending = false;
  bool alpha = false;
  bool sorts = true;  // BY without a '*' asks for the order as it is
  std::optional<std::string_view> by;
  std::vector<std::string_view> get;
  int64_t offset = 0;
  int64_t count = -1;
  std::optional<std::string_view> store;
};

// BY and GET read keys that the request does not name, so only who may read all of them may say them.
bool may_read_all_keys(const CommandCall& call) {
  const core::AclUser* const user = call.session.user;
  return user == nullptr || user->may_access_all_keys(call.spec, call.words, core::kReadsKey);
}

Result<SortOptions> sort_options(CommandCall& call, bool may_store) {
  SortOptions options;
  Args args(call.words, 2);
  while (args.more()) {
    if (args.accept("ASC")) {
      options.descending = false;
    } else if (args.accept("DESC")) {
      options.descending = true;
    } else if (args.accept("ALPHA")) {
      options.alpha = true;
    } else if (args.left() >= 3 && args.accept("LIMIT")) {
      options.offset = args.integer();
      options.count = args.integer();
    } else if (may_store && args.left() >= 2 && args.accept("STORE")) {
      options.store = args.text();
    } else if (args.left() >= 2 && args.accept("BY")) {
      options.by = args.text();
      // Once said, it holds, whatever another BY says.
      if (options.by->find('*') == std::string_view::npos) {
        options.sorts = false;
      } else if (!may_read_all_keys(call)) {
        return call.fail("ERR BY option of SORT denied due to insufficient ACL permissions.");
      }
    } else if (args.left() >= 2 && args.accept("GET")) {
      if (!may_read_all_keys(call)) {
        return call.fail("ERR GET option of SORT denied due to insufficient ACL permissions.");
      }
      options.get.push_back(args.text());
    } else {
      args.fail(Error::kSyntax);
    }
    TRY_VOID(args.good());
  }
  return options;
}

struct Sorted {
  std::string_view element;
  double score = 0;
  std::optional<std::string_view> text;  // what BY found
};

// As C reads it: blanks in front, hexadecimal, nothing at all is 0. Nothing: it is no number.
std::optional<double> score_of(std::string_view text) {
  const std::string terminated(text);
  char* end = nullptr;
  errno = 0;
  const double score = std::strtod(terminated.c_str(), &end);
  if (*end != '\0' || errno == ERANGE || std::isnan(score)) return std::nullopt;
  return score;
}

// False: a score is no number.
bool find_scores(CommandCall& call, const SortOptions& options, std::vector<Sorted>& elements) {
  bool all_numbers = true;  // all are looked up whatever comes of one: who listens for misses is told of each
  for (Sorted& each : elements) {
    std::optional<std::string_view> found = each.element;
    if (options.by) found = find_by_pattern(call, *options.by, each.element);
    if (options.alpha) {
      each.text = found;
      continue;
    }
    if (!found) continue;
    const auto score = score_of(*found);
    all_numbers = all_numbers && score;
    each.score = score.value_or(0);
  }
  return all_numbers;
}

// Texts are compared as C strings when they are replied, and to the end when they are stored: so Redis has it.
int compare_texts(std::string_view a, std::string_view b, bool whole) {
  if (!whole) {
    a = a.substr(0, a.find('\0'));
    b = b.substr(0, b.find('\0'));
  }
  return a.compare(b);
}

int compare(const Sorted& a, const Sorted& b, const SortOptions& options) {
  if (!options.alpha) {
    if (a.score != b.score) return a.score < b.score ? -1 : 1;
    return a.element.compare(b.element);
  }
  if (!a.text || !b.text) return static_cast<int>(a.text.has_value()) - static_cast<int>(b.text.has_value());
  return compare_texts(*a.text, *b.text, options.store.has_value());
}

void sort_them(std::vector<Sorted>& elements, const SortOptions& options) {
  std::stable_sort(elements.begin(), elements.end(), [&options](const Sorted& a, const Sorted& b) {
    const int order = compare(a, b, options);
    return options.descending ? order > 0 : order < 0;
  });
}

std::span<const Sorted> limited(std::span<const Sorted> elements, const SortOptions& options) {
  const auto size = static_cast<int64_t>(elements.size());
  const int64_t offset = std::clamp<int64_t>(options.offset, 0, size);
  const int64_t left = size - offset;
  const int64_t count = options.count < 0 ? left : std::min(options.count, left);
  return elements.subspan(static_cast<size_t>(offset), static_cast<size_t>(count));
}

// Calls visit(text) for each word of the result; nothing where GET has found nothing.
template <typename Visit>
void for_each_word(CommandCall& call, const SortOptions& options, std::span<const Sorted> elements,
                   const Visit& visit) {
  for (const Sorted& each : elements) {
    if (options.get.empty()) visit(std::optional(each.element));
    for (const std::string_view pattern : options.get)
      visit(pattern == "#" ? std::optional(each.element) : find_by_pattern(call, pattern, each.element));
  }
}

void store(CommandCall& call, const SortOptions& options, std::span<const Sorted> elements) {
  const std::string_view key = *options.store;
  // Copies: what is stored may lie in the key that it replaces.
  std::vector<std::string> words;
  for_each_word(call, options, elements,
                [&words](std::optional<std::string_view> word) { words.emplace_back(word.value_or("")); });
  call.reply.integer(static_cast<int64_t>(words.size()));
  if (words.empty()) {
    const Entry* const existing = call.keyspace().find(call.db(), key);
    if (existing == nullptr) return;
    call.keyspace().erase(*existing);
    call.log();
    call.changed(key, KeyEvent::kDel);
    return;
  }
  Entry& entry = call.keyspace().set_list(call.db(), key);
  call.queues().created(entry, call.stamp);
  for (const std::string& word : words)
    entry.list().push(Side::kRight, word, call.stamp);
  call.log();
  call.changed(key, KeyEvent::kSortStore);
}

Result<void> sort_key(CommandCall& call, bool may_store) {
  TRY(const SortOptions options, sort_options(call, may_store));
  TRY(const SortElements source, sort_elements(call, call.words[1]));
  std::vector<Sorted> elements;
  elements.reserve(source.texts.size());
  for (const std::string_view text : source.texts)
    elements.push_back({.element = text, .text = std::nullopt});
  if (options.sorts) {
    if (!find_scores(call, options, elements))
      return call.fail("ERR One or more scores can't be converted into double");
    sort_them(elements, options);
  } else if (source.unordered && options.store) {
    sort_them(elements, options);
  } else if (options.descending) {
    std::reverse(elements.begin(), elements.end());
  }
  const std::span<const Sorted> chosen = limited(elements, options);
  if (options.store) {
    store(call, options, chosen);
    return {};
  }
  call.reply.array(chosen.size() * std::max<size_t>(1, options.get.size()));
  for_each_word(call, options, chosen, [&call](std::optional<std::string_view> word) {
    word ? call.reply.bulk(*word) : call.reply.null();
  });
  return {};
}

Result<void> sort(CommandCall& call) {
  return sort_key(call, true);
}
Result<void> sort_ro(CommandCall& call) {
  return sort_key(call, false);
}

// --- Rows

constexpr CommandSpec kRows[] = {
    {.name = "sort",
     .syntax = "key [BY by-pattern:pattern] [LIMIT limit:(offset:integer count:integer)] [GET "
               "get-pattern:pattern]... "
               "order:[ASC|DESC] [sorting:ALPHA] [STORE destination:key]",
     .handler = sort,
     .arity = Arity::at_least(2),
     .flags = core::kWrite | core::kDenyOom | core::kDangerous | core::kMovableKeys | core::kOfCollections,
     .keys = {KeySpec::one(core::kRo | core::kAccess), KeySpec::unknown(core::kRo | core::kAccess),
              KeySpec::option("STORE", 2, core::kOw | core::kUpdate).untold()},
     .since = "1.0.0",
     .complexity = "O(N*log(N)+M), N the number of elements, M of those replied",
     .summary = "Sorts the elements of a list, a set or a sorted set, and replies or stores them, or what "
                "other keys "
                "hold for them."},
    {.name = "sort_ro",
     .syntax = "key [BY by-pattern:pattern] [LIMIT limit:(offset:integer count:integer)] [GET "
               "get-pattern:pattern]... "
               "order:[ASC|DESC] [sorting:ALPHA]",
     .handler = sort_ro,
     .arity = Arity::at_least(2),
     .flags = core::kReadOnly | core::kDangerous | core::kMovableKeys | core::kOfCollections,
     .keys = {KeySpec::one(core::kRo | core::kAccess), KeySpec::unknown(core::kRo | core::kAccess)},
     .since = "7.0.0",
     .complexity = "O(N*log(N)+M), N the number of elements, M of those replied",
     .summary = "Sorts elements as SORT does, and stores nothing."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> sort_commands() {
  return kRows;
}

}  // namespace sluice::commands
