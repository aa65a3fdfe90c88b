// SPDX-License-Identifier: MIT
#include "server/commands/scan_options.h"

#include <algorithm>

#include "engine/base/number_text.h"

namespace sluice::commands {
namespace {

// More than this at a time would hold up the others.
constexpr int64_t kScanCountMax = 1'000'000;

// As C reads an unsigned number: a sign is allowed, a zero byte ends it, and nothing at all is 0.
std::optional<uint64_t> read_cursor(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (text.empty()) return 0;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;  // a sign alone is no number
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
  const auto number = parse_u64(text);
  if (!number) return std::nullopt;
  return negative ? 0 - *number : *number;
}

}  // namespace

Result<uint64_t> cursor_argument(core::CommandCall& call, size_t at) {
  const auto cursor = read_cursor(call.words[at]);
  if (!cursor) return call.fail("ERR invalid cursor");
  return *cursor;
}

Result<ScanOptions> scan_options(core::CommandCall& call, bool may_leave_values) {
  ScanOptions options;
  core::Args args(call.words, 3);
  TRY(options.cursor, cursor_argument(call, 2));
  while (args.more()) {
    if (args.left() >= 2 && args.accept("COUNT")) {
      const int64_t count = args.integer();
      TRY_VOID(args.good());
      if (count < 1) return Error::kSyntax;
      options.count = static_cast<size_t>(std::min(count, kScanCountMax));
    } else if (args.left() >= 2 && args.accept("MATCH")) {
      options.pattern = args.text();
    } else if (may_leave_values && args.accept("NOVALUES")) {
      options.no_values = true;
    } else {
      return Error::kSyntax;
    }
  }
  return options;
}

void reply_scan(core::CommandCall& call, uint64_t cursor, const std::vector<std::string>& found) {
  char digits[kI64CharsMax];
  call.reply.array(2);
  call.reply.bulk({digits, format_u64(digits, cursor)});
  call.reply.array(found.size());
  for (const std::string& text : found)
    call.reply.bulk(text);
}

}  // namespace sluice::commands
