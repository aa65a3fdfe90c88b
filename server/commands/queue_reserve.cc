// SPDX-License-Identifier: MIT
//
// QRESERVE, the way out of a queue.
#include <algorithm>
#include <optional>
#include <vector>

#include "server/commands/groups.h"
#include "server/commands/queue.h"
#include "server/core/args.h"
#include "server/core/command_spec.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::Args;
using core::Arity;
using core::CommandCall;
using core::CommandSpec;
using core::KeySpec;

struct ReserveArguments {
  core::Words keys;
  bool blocks = false;
  std::optional<Millis> timeout;
  QueueSystem::Reserve how;
  std::string_view consumer;  // empty: the connection's
};

Result<ReserveArguments> reserve_arguments(CommandCall& call) {
  ReserveArguments arguments;
  Args args(call.words);
  const int64_t keys = args.integer();
  TRY_VOID(args.good());
  if (keys < 1) return call.fail("ERR numkeys should be greater than 0");
  if (static_cast<uint64_t>(keys) > args.left()) return Error::kSyntax;
  arguments.keys = args.rest().first(static_cast<size_t>(keys));
  args.skip(static_cast<size_t>(keys));
  while (args.more()) {
    if (args.accept("COUNT")) {
      const int64_t count = args.integer();
      if (!args.failed() && count < 1) return call.fail("ERR count should be greater than 0");
      arguments.how.count = static_cast<size_t>(count);
    } else if (args.accept("BLOCK")) {
      const int64_t block = args.integer(Error::kTimeoutNotInteger);
      if (!args.failed() && block < 0) return Error::kTimeoutNegative;
      if (block > kQueueSpanMax.count) return Error::kTimeoutOutOfRange;
      arguments.blocks = true;
      arguments.timeout = block == 0 ? std::nullopt : std::optional<Millis>(Millis{block});
    } else if (args.accept("LEASE")) {
      arguments.how.lease = Millis{args.integer_in(1, kQueueSpanMax.count)};
    } else if (args.accept("CONSUMER")) {
      arguments.consumer = args.text();
    } else if (args.accept("FAIR")) {
      arguments.how.fair = true;
    } else if (args.accept("TIED")) {
      arguments.how.tied = true;
    } else {
      return Error::kSyntax;
    }
    TRY_VOID(args.good());
  }
  return arguments;
}

// The form in which it is logged: nothing of the connection, and it does not wait.
void log_reserve(CommandCall& call, const ReserveArguments& arguments, std::string_view consumer) {
  char keys[kI64CharsMax];
  char count[kI64CharsMax];
  char lease[kI64CharsMax];
  std::vector<std::string_view> words(arguments.keys.size() + 10);
  auto next = words.begin();
  *next++ = "QRESERVE";
  *next++ = {keys, format_u64(keys, arguments.keys.size())};
  next = std::copy(arguments.keys.begin(), arguments.keys.end(), next);
  *next++ = "COUNT";
  *next++ = {count, format_u64(count, arguments.how.count)};
  if (arguments.how.lease) {
    *next++ = "LEASE";
    *next++ = {lease, format_i64(lease, arguments.how.lease->count)};
  }
  if (arguments.how.fair) *next++ = "FAIR";
  if (arguments.how.tied) *next++ = "TIED";
  *next++ = "CONSUMER";
  *next++ = consumer;
  words.erase(next, words.end());
  call.log_as(words);
}

Result<void> qreserve(CommandCall& call) {
  TRY(ReserveArguments arguments, reserve_arguments(call));
  // A connection that is loading the log is none.
  if (call.mode != CommandCall::Mode::kReplay) arguments.how.session = call.session.id;
  char id[kI64CharsMax];
  std::string_view consumer = arguments.consumer;
  if (consumer.empty()) consumer = call.session.name;
  if (consumer.empty()) consumer = {id, format_u64(id, call.session.id)};
  if (consumer.size() > kConsumerBytesMax) return call.fail("ERR CONSUMER is too long");

  QueueCall queues(call);
  TRY(const std::span<const Reservation> reservations,
      call.queues().reserve(queues.context, arguments.keys, arguments.how, consumer));
  if (reservations.empty()) {
    if (arguments.blocks && call.may_block()) {
      call.block(core::WaitKind::kQueueMessage, arguments.keys, arguments.timeout);
    } else {
      call.reply.null_array();
    }
    return {};
  }
  log_reserve(call, arguments, consumer);
  call.reply.array(reservations.size());
  for (const Reservation& reservation : reservations) {
    char handle[kHandleCharsMax];
    call.reply.array(5);
    call.reply.bulk(arguments.keys[reservation.key_index]);
    call.reply.bulk({handle, format_handle(handle, reservation.message->handle())});
    call.reply.bulk(reservation.message->payload());
    call.reply.integer(reservation.message->attempts);
    call.reply.integer(reservation.deadline.count);
  }
  return {};
}

// QLOST key handle [handle ...]: the connections that these leases were tied to have ended.
Result<void> qlost(CommandCall& call) {
  std::vector<Handle> handles;
  for (const std::string_view word : call.words.subspan(2)) {
    const auto handle = parse_handle(word);
    if (!handle) return Error::kQueueHandleInvalid;
    handles.push_back(*handle);
  }
  QueueCall queues(call);
  if (call.queues().untie(queues.context, call.words[1], handles) > 0) call.log();
  call.reply.ok();
  return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "qreserve",
     .syntax = "numkeys:integer key... [COUNT count:integer] [BLOCK milliseconds:integer] "
               "[LEASE milliseconds:integer] [CONSUMER consumer] [FAIR] [TIED]",
     .handler = qreserve,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kBlocking | core::kMovableKeys,
     .keys = {KeySpec::counted(1, core::kRw | core::kAccess | core::kUpdate)},
     .group = core::Group::kQueue,
     .since = "0.1.0",
     .complexity =
         "O(K+M*log N), K the number of keys, M of messages reserved, N of messages leased; with FAIR "
         "O(K*M) more",
     .summary = "Takes messages under a lease, from the first key that has some, or waits for one.",
     .twin = "qreserve"},
    {.name = "qlost",
     .syntax = "key handle...",
     .handler = qlost,
     .arity = Arity::at_least(3),
     .flags = core::kWrite | core::kInternal,
     .group = core::Group::kQueue,
     .since = "0.1.0",
     .complexity = "O(M*log N), M the number of handles, N of messages leased",
     .summary = "Ends leases that were tied to a connection that is gone."},
};
static_assert(core::well_formed(kRows));

}  // namespace

std::span<const CommandSpec> queue_reserve_commands() {
  return kRows;
}

}  // namespace sluice::commands
