// SPDX-License-Identifier: MIT
//
// Moving elements from an end of one list to an end of another, or of the same: one, or several at once, now or when
// there are enough.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/groups.h"
#include "server/commands/list_ends.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;

struct Move {
  std::string_view source;
  std::string_view destination;
  Side from;
  Side to;
};

// "source destination LEFT|RIGHT LEFT|RIGHT", the words behind the name.
Result<Move> move_arguments(CommandCall& call) {
  Args args(call.words);
  Move move{.source = args.text(), .destination = args.text(), .from = Side::kLeft, .to = Side::kLeft};
  move.from = side_argument(args);
  move.to = side_argument(args);
  TRY_VOID(args.good());
  return move;
}

// What RPOPLPUSH means.
Move move_to_front(const CommandCall& call) {
  return {.source = call.words[1], .destination = call.words[2], .from = Side::kRight, .to = Side::kLeft};
}

// --- One

// Moves one element and replies it. False: there was none to move, and nothing was replied.
Result<bool> move_element(CommandCall& call, const Move& move) {
  TRY(Entry* const source, find_to_write(call, move.source, ValueType::kList));
  if (source == nullptr || source->list().size() == 0) return false;
  TRY(Entry* const destination, find_to_write(call, move.destination, ValueType::kList));
  TRY_VOID(check_push(call, move.destination, destination, destination == source ? 0 : 1));

  // A copy: the two lists may be one, and pushing ends the validity of what was peeked.
  ByteBuffer& element = call.server.scratch;
  element.clear();
  element.append(source->list().peek(move.from));
  source->list().pop(move.from);
  list_to_grow(call, move.destination, destination).list().push(move.to, element.view(), call.stamp);
  if ((call.spec.flags & core::kBlocking) == 0) {
    call.log();
  } else {
    call.log_as({"LMOVE", move.source, move.destination, side_name(move.from), side_name(move.to)});
  }
  call.reply.bulk(element.view());
  call.changed(move.destination, push_event(move.to));
  call.changed(move.source, pop_event(move.from));
  erase_if_empty(call, move.source, *source);
  return true;
}

Result<void> move_now(CommandCall& call, const Move& move) {
  TRY(const bool moved, move_element(call, move));
  if (!moved) call.reply.null();
  return {};
}

Result<void> move_or_wait(CommandCall& call, const Move& move, std::string_view timeout_text) {
  TRY(const auto timeout, timeout_argument(timeout_text, call.stamp.now));
  TRY(const bool moved, move_element(call, move));
  if (moved) return {};
  if (call.may_block()) {
    call.block(core::WaitKind::kListElement, call.words.subspan(1, 1), timeout);
  } else {
    call.reply.null();  // not the null array that ends a wait
  }
  return {};
}

Result<void> lmove(CommandCall& call) {
  TRY(const Move move, move_arguments(call));
  return move_now(call, move);
}
Result<void> rpoplpush(CommandCall& call) {
  return move_now(call, move_to_front(call));
}
Result<void> blmove(CommandCall& call) {
  TRY(const Move move, move_arguments(call));
  return move_or_wait(call, move, call.words[5]);
}
Result<void> brpoplpush(CommandCall& call) {
  return move_or_wait(call, move_to_front(call), call.words[3]);
}

// --- Several

struct Batch {
  size_t count = 1;
  bool exactly = false;    // all of them or none
  bool one_by_one = true;  // they end up as if moved one after the other, or else in the order that they had
};

// "[COUNT n | EXACTLY n  OBO | BULK]", all three words or none, from the word at `at` on.
Result<Batch> batch_arguments(CommandCall& call, size_t at) {
  Batch batch;
  Args args(call.words, at);
  if (!args.more()) return batch;
  batch.exactly = args.accept("EXACTLY");
  if (!batch.exactly && !args.accept("COUNT")) return Error::kSyntax;
  const std::string_view count_text = args.text();
  batch.one_by_one = args.accept("OBO");
  if (!batch.one_by_one && !args.accept("BULK")) return Error::kSyntax;
  TRY_VOID(args.done());
  const auto count = parse_i64(count_text);
  if (!count || *count < 1) return Error::kNotPositive;
  batch.count = static_cast<size_t>(*count);
  return batch;
}

// The elements that were taken, in the order in which they were.
class Taken {
 public:
  Taken(ByteBuffer& bytes, ListValue& list, Side side, size_t count) : bytes_(bytes) {
    bytes_.clear();
    ends_.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      bytes_.append(list.peek(side));
      ends_.push_back(bytes_.size());
      list.pop(side);
    }
  }
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const size_t begin = i == 0 ? 0 : ends_[i - 1];
    return bytes_.view().substr(begin, ends_[i] - begin);
  }

 private:
  ByteBuffer& bytes_;
  std::vector<size_t> ends_;
};

// Moves what is asked for and replies it. False: there was not enough, and nothing was replied.
Result<bool> move_batch(CommandCall& call, const Move& move, const Batch& batch) {
  TRY(Entry* const source, find_to_write(call, move.source, ValueType::kList));
  const size_t available = source == nullptr ? 0 : source->list().size();
  if (available == 0 || (batch.exactly && available < batch.count)) return false;
  TRY(Entry* const destination, find_to_write(call, move.destination, ValueType::kList));
  const size_t count = std::min(batch.count, available);
  TRY_VOID(check_push(call, move.destination, destination, destination == source ? 0 : count));

  const Taken taken(call.server.scratch, source->list(), move.from, count);
  // Pushed last to first they keep the order that they had, if they go to the end that they came from.
  const bool reversed = !batch.one_by_one && move.from == move.to;
  ListValue& list = list_to_grow(call, move.destination, destination).list();
  for (size_t i = 0; i < count; ++i)
    list.push(move.to, taken[reversed ? count - 1 - i : i], call.stamp);

  char moved[kI64CharsMax];
  call.log_as({"LMOVEM",
               move.source,
               move.destination,
               side_name(move.from),
               side_name(move.to),
               "EXACTLY",
               {moved, format_u64(moved, count)},
               batch.one_by_one ? "OBO" : "BULK"});
  // From left to right as they lie in the destination; those pushed at the left lie there last to first.
  const bool last_first = reversed != (move.to == Side::kLeft);
  call.reply.array(count);
  for (size_t i = 0; i < count; ++i)
    call.reply.bulk(taken[last_first ? count - 1 - i : i]);
  call.changed(move.destination, push_event(move.to));
  call.changed(move.source, pop_event(move.from));
  erase_if_empty(call, move.source, *source);
  return true;
}

Result<void> lmovem(CommandCall& call) {
  TRY(const Move move, move_arguments(call));
  TRY(const Batch batch, batch_arguments(call, 5));
  TRY(const bool moved, move_batch(call, move, batch));
  if (!moved) call.reply.null_array();
  return {};
}

Result<void> blmovem(CommandCall& call) {
  TRY(const Move move, move_arguments(call));
  TRY(const auto timeout, timeout_argument(call.words[5], call.stamp.now));
  TRY(const Batch batch, batch_arguments(call, 6));
  TRY(const bool moved, move_batch(call, move, batch));
  if (moved) return {};
  if (call.may_block()) {
    const core::WaitFor wanted{core::WaitKind::kListElement, batch.exactly ? batch.count : 1};
    call.block(wanted, call.words.subspan(1, 1), timeout);
  } else {
    call.reply.null_array();
  }
  return {};
}

// --- Rows

constexpr std::string_view kMoveSyntax =
    "source:key destination:key wherefrom:<LEFT|RIGHT> whereto:<LEFT|RIGHT>";
constexpr std::string_view kBlockingMoveSyntax =
    "source:key destination:key wherefrom:<LEFT|RIGHT> whereto:<LEFT|RIGHT> timeout:double";
constexpr std::string_view kBatchSyntax =
    "source:key destination:key wherefrom:<LEFT|RIGHT> whereto:<LEFT|RIGHT> "
    "batch:[amount:<COUNT count:integer|EXACTLY exactly:integer> order:<OBO|BULK>]";
constexpr std::string_view kBlockingBatchSyntax =
    "source:key destination:key wherefrom:<LEFT|RIGHT> whereto:<LEFT|RIGHT> timeout:double "
    "batch:[amount:<COUNT count:integer|EXACTLY exactly:integer> order:<OBO|BULK>]";

constexpr core::Keys kMoveKeys = {KeySpec::one(kPopKeys), KeySpec::one(kPushKeys, 2)};

constexpr CommandSpec kRows[] = {
    {.name = "lmove",
     .syntax = kMoveSyntax,
     .handler = lmove,
     .arity = Arity::exactly(5),
     .flags = core::kWrite | core::kDenyOom,
     .keys = kMoveKeys,
     .group = core::Group::kList,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Moves an element from one end of a list to one end of another or the same, and replies it."},
    {.name = "rpoplpush",
     .syntax = "source:key destination:key",
     .handler = rpoplpush,
     .arity = Arity::exactly(3),
     .flags = core::kWrite | core::kDenyOom,
     .keys = kMoveKeys,
     .group = core::Group::kList,
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary =
         "Moves the rightmost element of a list to the left end of another or the same, and replies it."},
    {.name = "blmove",
     .syntax = kBlockingMoveSyntax,
     .handler = blmove,
     .arity = Arity::exactly(6),
     .flags = core::kWrite | core::kDenyOom | core::kBlocking,
     .keys = kMoveKeys,
     .group = core::Group::kList,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Moves an element as LMOVE does, or waits until there is one.",
     .twin = "lmove"},
    {.name = "brpoplpush",
     .syntax = "source:key destination:key timeout:double",
     .handler = brpoplpush,
     .arity = Arity::exactly(4),
     .flags = core::kWrite | core::kDenyOom | core::kBlocking,
     .keys = kMoveKeys,
     .group = core::Group::kList,
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Moves an element as RPOPLPUSH does, or waits until there is one.",
     .twin = "rpoplpush"},
    {.name = "lmovem",
     .syntax = kBatchSyntax,
     .handler = lmovem,
     .arity = Arity::at_least(5),
     .flags = core::kWrite | core::kDenyOom,
     .keys = kMoveKeys,
     .group = core::Group::kList,
     .since = "8.10.0",
     .complexity = "O(N), N the number of elements moved",
     .summary = "Moves several elements at once from one end of a list to one end of another or the same, "
                "and replies them."},
    {.name = "blmovem",
     .syntax = kBlockingBatchSyntax,
     .handler = blmovem,
     .arity = Arity::at_least(6),
     .flags = core::kWrite | core::kDenyOom | core::kBlocking,
     .keys = kMoveKeys,
     .group = core::Group::kList,
     .since = "8.10.0",
     .complexity = "O(N), N the number of elements moved",
     .summary = "Moves elements as LMOVEM does, or waits until there are enough.",
     .twin = "lmovem"},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> list_move_commands() {
  return kRows;
}

}  // namespace sluice::commands
