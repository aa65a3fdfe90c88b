// SPDX-License-Identifier: MIT
//
// Unions, intersections and differences of sorted sets: replied, stored or counted. A plain set may stand among them;
// its members have the score 1.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/number_text.h"
#include "engine/set.h"
#include "server/commands/groups.h"
#include "server/commands/sorted_set_words.h"
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
using core::Words;

constexpr double kPlainScore = 1;

enum class Operation : uint8_t { kUnite, kIntersect, kSubtract };
enum class Aggregate : uint8_t { kSum, kMin, kMax, kCount };

// One input: a sorted set, a set, or nothing under its key.
struct Input {
  const Entry* entry = nullptr;
  double weight = 1;

  size_t size() const {
    if (entry == nullptr) return 0;
    return entry->type() == ValueType::kSet ? entry->set().size() : entry->sorted_set().size();
  }
  std::optional<double> score(std::string_view member) const {
    if (entry == nullptr) return std::nullopt;
    if (entry->type() == ValueType::kSortedSet) return entry->sorted_set().score(member);
    return entry->set().contains(member) ? std::optional(kPlainScore) : std::nullopt;
  }
  void for_each(const SortedSet::Visit& visit) const {
    if (entry == nullptr) return;
    if (entry->type() == ValueType::kSortedSet) return entry->sorted_set().for_each(visit);
    entry->set().for_each([&visit](std::string_view member) { visit(member, kPlainScore); });
  }
};

struct Request {
  Words keys;
  std::vector<Input> inputs;
  Aggregate aggregate = Aggregate::kSum;
  bool with_scores = false;
  int64_t limit = 0;  // ZINTERCARD: 0 is none
};

// "numkeys key [key ...]" at `args`.
Result<Words> keys_argument(CommandCall& call, Args& args) {
  const int64_t count = args.integer();
  TRY_VOID(args.good());
  if (count < 1) {
    return call.fail(
        std::string("ERR at least 1 input key is needed for '").append(call.spec.name).append("' command"));
  }
  if (static_cast<uint64_t>(count) > args.left()) return Error::kSyntax;
  const Words keys = args.rest().first(static_cast<size_t>(count));
  args.skip(keys.size());
  return keys;
}

Result<void> find_inputs(CommandCall& call, Request& request) {
  for (const std::string_view key : request.keys) {
    const Entry* const entry = look_up(call, key);
    if (entry != nullptr && entry->type() != ValueType::kSet && entry->type() != ValueType::kSortedSet) {
      return Error::kWrongType;
    }
    request.inputs.push_back({entry});
  }
  return {};
}

Result<Aggregate> aggregate_argument(Args& args) {
  if (args.accept("SUM")) return Aggregate::kSum;
  if (args.accept("MIN")) return Aggregate::kMin;
  if (args.accept("MAX")) return Aggregate::kMax;
  if (args.accept("COUNT")) return Aggregate::kCount;
  return Error::kSyntax;
}

Result<void> read_weights(CommandCall& call, Args& args, Request& request) {
  for (Input& input : request.inputs) {
    const auto weight = parse_double(args.text());
    if (!weight) return call.fail("ERR weight value is not a float");
    input.weight = *weight;
  }
  return {};
}

// The words from the number of keys on, which is words[at].
Result<Request> read_request(CommandCall& call, size_t at, Operation operation, bool stores) {
  Request request;
  Args args(call.words, at);
  TRY(request.keys, keys_argument(call, args));
  TRY_VOID(find_inputs(call, request));
  const bool combines_scores = operation != Operation::kSubtract;
  while (args.more()) {
    if (combines_scores && args.left() >= request.keys.size() + 1 && args.accept("WEIGHTS")) {
      TRY_VOID(read_weights(call, args, request));
    } else if (combines_scores && args.left() >= 2 && args.accept("AGGREGATE")) {
      TRY(request.aggregate, aggregate_argument(args));
    } else if (!stores && args.accept("WITHSCORES")) {
      request.with_scores = true;
    } else {
      return Error::kSyntax;
    }
  }
  return request;
}

// --- Combining

double weighted(const Input& input, double score, Aggregate aggregate) {
  return aggregate == Aggregate::kCount ? input.weight : score * input.weight;
}

// 0 times infinity, and infinity less infinity.
double or_zero(double value) {
  return std::isnan(value) ? 0 : value;
}

double aggregated(Aggregate aggregate, double sum, double value) {
  switch (aggregate) {
    case Aggregate::kMin:
      return std::min(sum, value);
    case Aggregate::kMax:
      return std::max(sum, value);
    case Aggregate::kSum:
    case Aggregate::kCount:
      break;
  }
  return or_zero(sum + value);
}

// visit(member, score) for each member of the result, until it answers false.
using VisitResult = std::function<bool(std::string_view member, double score)>;

// The smallest first; it is in this order, too, that scores are added up.
std::vector<const Input*> by_size(const Request& request) {
  std::vector<const Input*> inputs;
  for (const Input& input : request.inputs)
    inputs.push_back(&input);
  std::stable_sort(inputs.begin(), inputs.end(),
                   [](const Input* a, const Input* b) { return a->size() < b->size(); });
  return inputs;
}

void intersect(const Request& request, const VisitResult& visit) {
  const std::vector<const Input*> inputs = by_size(request);
  bool wanted = true;
  inputs[0]->for_each([&](std::string_view member, double score) {
    if (!wanted) return;
    // Only the first is looked at by itself; that is what Redis does, and in a union it looks at each.
    double sum = or_zero(weighted(*inputs[0], score, request.aggregate));
    for (size_t i = 1; i < inputs.size(); ++i) {
      const auto other = inputs[i]->score(member);
      if (!other) return;
      sum = aggregated(request.aggregate, sum, weighted(*inputs[i], *other, request.aggregate));
    }
    wanted = visit(member, sum);
  });
}

void subtract(const Request& request, const VisitResult& visit) {
  bool wanted = true;
  request.inputs[0].for_each([&](std::string_view member, double score) {
    if (!wanted) return;
    for (size_t i = 1; i < request.inputs.size(); ++i) {
      if (request.inputs[i].score(member)) return;
    }
    wanted = visit(member, score);
  });
}

void unite(const Request& request, const VisitResult& visit) {
  std::unordered_map<std::string, double> sums;
  for (const Input* input : by_size(request)) {
    input->for_each([&](std::string_view member, double score) {
      const double value = or_zero(weighted(*input, score, request.aggregate));
      const auto [at, is_new] = sums.try_emplace(std::string(member), value);
      if (!is_new) at->second = aggregated(request.aggregate, at->second, value);
    });
  }
  for (const auto& [member, score] : sums) {
    if (!visit(member, score)) return;
  }
}

void combine(Operation operation, const Request& request, const VisitResult& visit) {
  switch (operation) {
    case Operation::kUnite:
      return unite(request, visit);
    case Operation::kIntersect:
      return intersect(request, visit);
    case Operation::kSubtract:
      return subtract(request, visit);
  }
}

std::vector<Scored> combined(Operation operation, const Request& request) {
  std::vector<Scored> members;
  combine(operation, request, [&members](std::string_view member, double score) {
    members.push_back({std::string(member), score});
    return true;
  });
  std::sort(members.begin(), members.end(), [](const Scored& a, const Scored& b) {
    return a.score != b.score ? a.score < b.score : a.member < b.member;
  });
  return members;
}

// --- What becomes of the result

Result<void> reply_result(CommandCall& call, Operation operation) {
  TRY(const Request request, read_request(call, 1, operation, false));
  reply_members(call, combined(operation, request), request.with_scores, Pairs::kNestedIf3);
  return {};
}

Result<void> store_result(CommandCall& call, Operation operation, KeyEvent event) {
  TRY(const Request request, read_request(call, 2, operation, true));
  call.reply.integer(store_sorted_set(call, call.words[1], combined(operation, request), event));
  return {};
}

Result<void> zunion(CommandCall& call) {
  return reply_result(call, Operation::kUnite);
}
Result<void> zinter(CommandCall& call) {
  return reply_result(call, Operation::kIntersect);
}
Result<void> zdiff(CommandCall& call) {
  return reply_result(call, Operation::kSubtract);
}
Result<void> zunionstore(CommandCall& call) {
  return store_result(call, Operation::kUnite, KeyEvent::kZunionStore);
}
Result<void> zinterstore(CommandCall& call) {
  return store_result(call, Operation::kIntersect, KeyEvent::kZinterStore);
}
Result<void> zdiffstore(CommandCall& call) {
  return store_result(call, Operation::kSubtract, KeyEvent::kZdiffStore);
}

Result<void> zintercard(CommandCall& call) {
  Request request;
  Args args(call.words);
  TRY(request.keys, keys_argument(call, args));
  TRY_VOID(find_inputs(call, request));
  while (args.more()) {
    if (args.left() < 2 || !args.accept("LIMIT")) return Error::kSyntax;
    const auto limit = parse_i64(args.text());
    if (!limit || *limit < 0) return call.fail("ERR LIMIT can't be negative");
    request.limit = *limit;
  }
  int64_t members = 0;
  combine(Operation::kIntersect, request,
          [&](std::string_view, double) { return ++members != request.limit; });
  call.reply.integer(members);
  return {};
}

// --- Rows

constexpr uint16_t kReadKeys = core::kRo | core::kAccess;
constexpr uint16_t kStoreKeys = core::kOw | core::kUpdate;

constexpr CommandSpec kRows[] = {
    {.name = "zunion",
     .syntax = "numkeys:integer key... [WEIGHTS weight:integer...] [AGGREGATE aggregate:<SUM|MIN|MAX|COUNT>] "
               "[WITHSCORES]",
     .handler = zunion,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly | core::kMovableKeys,
     .keys = {KeySpec::counted(1, kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "6.2.0",
     .complexity = "O(N+M*log(M)), N the members of all sets, M those of the result",
     .summary = "Replies the members that any of the sorted sets has."},
    {.name = "zinter",
     .syntax = "numkeys:integer key... [WEIGHTS weight:integer...] [AGGREGATE aggregate:<SUM|MIN|MAX|COUNT>] "
               "[WITHSCORES]",
     .handler = zinter,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly | core::kMovableKeys,
     .keys = {KeySpec::counted(1, kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "6.2.0",
     .complexity = "O(N*K+M*log(M)), N the members of the smallest of K sets, M those of the result",
     .summary = "Replies the members that all sorted sets have."},
    {.name = "zdiff",
     .syntax = "numkeys:integer key... [WITHSCORES]",
     .handler = zdiff,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly | core::kMovableKeys,
     .keys = {KeySpec::counted(1, kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "6.2.0",
     .complexity = "O(N*K+M*log(M)), N the members of the first of K sets, M those of the result",
     .summary = "Replies the members of the first sorted set that none of the others has."},
    {.name = "zunionstore",
     .syntax = "destination:key numkeys:integer key... [WEIGHTS weight:integer...] "
               "[AGGREGATE aggregate:<SUM|MIN|MAX|COUNT>]",
     .handler = zunionstore,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kDenyOom | core::kMovableKeys,
     .keys = {KeySpec::one(kStoreKeys), KeySpec::counted(2, kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "2.0.0",
     .complexity = "O(N+M*log(M)), N the members of all sets, M those of the result",
     .summary = "Makes a key hold what ZUNION would reply."},
    {.name = "zinterstore",
     .syntax = "destination:key numkeys:integer key... [WEIGHTS weight:integer...] "
               "[AGGREGATE aggregate:<SUM|MIN|MAX|COUNT>]",
     .handler = zinterstore,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kDenyOom | core::kMovableKeys,
     .keys = {KeySpec::one(kStoreKeys), KeySpec::counted(2, kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "2.0.0",
     .complexity = "O(N*K+M*log(M)), N the members of the smallest of K sets, M those of the result",
     .summary = "Makes a key hold what ZINTER would reply."},
    {.name = "zdiffstore",
     .syntax = "destination:key numkeys:integer key...",
     .handler = zdiffstore,
     .arity = Arity::at_least(4),
     .flags = core::kWrite | core::kDenyOom | core::kMovableKeys,
     .keys = {KeySpec::one(kStoreKeys), KeySpec::counted(2, kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "6.2.0",
     .complexity = "O(N*K+M*log(M)), N the members of the first of K sets, M those of the result",
     .summary = "Makes a key hold what ZDIFF would reply."},
    {.name = "zintercard",
     .syntax = "numkeys:integer key... [LIMIT limit:integer]",
     .handler = zintercard,
     .arity = Arity::at_least(3),
     .flags = core::kReadOnly | core::kMovableKeys,
     .keys = {KeySpec::counted(1, kReadKeys)},
     .group = core::Group::kSortedSet,
     .since = "7.0.0",
     .complexity = "O(N*K), N the members of the smallest of K sets",
     .summary = "Counts the members that all sorted sets have, perhaps up to a limit."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> sorted_set_operation_commands() {
  return kRows;
}

}  // namespace sluice::commands
