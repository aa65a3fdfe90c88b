// SPDX-License-Identifier: MIT
#include "server/commands/stream_trim.h"

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "server/commands/stream_arguments.h"
#include "server/core/server.h"

namespace sluice::commands {
namespace {

using core::CommandCall;

// As many as Redis takes at a time: an approximate trim is cheap, but a client may not see how much it asked for.
uint64_t usual_limit(int64_t node_entries_max) {
  constexpr int64_t kNodes = 100;
  constexpr int64_t kLimitUsual = 10'000;
  constexpr int64_t kLimitMax = 1'000'000;
  if (node_entries_max <= 0) return kLimitUsual;
  return static_cast<uint64_t>(node_entries_max > kLimitMax / kNodes ? kLimitMax : node_entries_max * kNodes);
}

}  // namespace

Result<TrimOptions> TrimOptions::read(CommandCall& call, Command command) {
  TrimOptions options(command);
  options.limit_usual_ = usual_limit(call.server.config.settings().stream_node_max_entries);
  for (;;) {
    TRY(const bool taken, options.read_one(call));
    if (!taken) return options;
  }
}

// False if the next word is no option.
Result<bool> TrimOptions::read_one(CommandCall& call) {
  if (end_ == call.words.size()) return false;
  const std::string_view word = call.words[end_];
  if (command_ == Command::kAdd && word == "*") return false;  // by far the usual case
  const bool more = end_ + 1 < call.words.size();
  if (more && equals_folded(word, "MAXLEN")) {
    TRY_VOID(read_threshold(call, StreamTrim::Kind::kLength));
    return true;
  }
  if (more && equals_folded(word, "MINID")) {
    TRY_VOID(read_threshold(call, StreamTrim::Kind::kMinId));
    return true;
  }
  if (more && equals_folded(word, "LIMIT")) {
    const std::optional<int64_t> limit = parse_i64(call.words[end_ + 1]);
    if (!limit) return Error::kNotInteger;
    if (*limit < 0) return call.fail("ERR The LIMIT argument must be >= 0.");
    limit_ = static_cast<uint64_t>(*limit);
    end_ += 2;
    return true;
  }
  if (command_ == Command::kAdd && equals_folded(word, "NOMKSTREAM")) {
    create_ = false;
    ++end_;
    return true;
  }
  if (command_ == Command::kAdd) {
    TRY(const bool taken, read_idempotence(call));
    if (taken) return true;
  }
  return read_references(call);
}

Result<bool> TrimOptions::read_idempotence(CommandCall& call) {
  const size_t values = call.words.size() - end_ - 1;
  const bool automatic = values > 0 && equals_folded(call.words[end_], "IDMPAUTO");
  if (!automatic && !(values > 1 && equals_folded(call.words[end_], "IDMP"))) return false;
  if (idempotence_) return call.fail("ERR syntax error, IDMP/IDMPAUTO specified multiple times");
  idempotence_ = Idempotence{call.words[end_ + 1], automatic ? std::string_view() : call.words[end_ + 2]};
  if (idempotence_->producer.empty()) {
    return call.fail(automatic ? "ERR syntax error, IDMPAUTO requires a non-empty producer ID"
                               : "ERR syntax error, IDMP requires a non-empty producer ID");
  }
  if (!automatic && idempotence_->id.empty()) {
    return call.fail("ERR syntax error, IDMP requires a non-empty idempotent ID");
  }
  end_ += automatic ? 2 : 3;
  return true;
}

Result<void> TrimOptions::read_threshold(CommandCall& call, StreamTrim::Kind kind) {
  if (trim_) {
    return call.fail("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
  }
  StreamTrim& trim = trim_.emplace();
  trim.kind = kind;
  ++end_;
  const std::string_view mark = call.words[end_];
  if ((mark == "~" || mark == "=") && end_ + 1 < call.words.size()) {
    trim.approximate = mark == "~";
    ++end_;
  }
  const std::string_view threshold = call.words[end_++];
  if (kind == StreamTrim::Kind::kMinId) {
    const std::optional<StreamId> id = parse_stream_id(threshold, 0);
    if (!id) return Error::kStreamIdInvalid;
    trim.min_id = *id;
    return {};
  }
  const std::optional<int64_t> length = parse_i64(threshold);
  if (!length) return Error::kNotInteger;
  if (*length < 0) return call.fail("ERR The MAXLEN argument must be >= 0.");
  trim.length_max = static_cast<uint64_t>(*length);
  return {};
}

bool TrimOptions::read_references(CommandCall& call) {
  if (references_) return false;
  references_ = references_argument(call.words[end_]);
  if (references_) ++end_;
  return references_.has_value();
}

Result<void> TrimOptions::check(CommandCall& call) const {
  if (limit_.value_or(0) != 0 && !trim_) {
    return call.fail("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
  }
  if (command_ == Command::kTrim && !trim_) {
    return call.fail("ERR syntax error, XTRIM must be called with a trimming strategy");
  }
  if (limit_ && !(trim_ && trim_->approximate)) {
    return call.fail("ERR syntax error, LIMIT cannot be used without the special ~ option");
  }
  return {};
}

void TrimOptions::log_trim(std::string_view length, std::vector<std::string_view>& words) const {
  // A trim is logged as the exact one that has the same effect: what an approximate one takes depends on pages, and
  // with ACKED on what is known of references, and neither is logged state. What ACKED takes may come from the middle,
  // but it is always the oldest that nobody refers to.
  words.insert(words.end(), {"MAXLEN", "=", length});
  if (references_ == References::kDrop) words.push_back("DELREF");
  if (references_ == References::kAcknowledged) words.push_back("ACKED");
}

std::optional<StreamTrim> TrimOptions::trim() const {
  std::optional<StreamTrim> trim = trim_;
  if (trim) trim->references = references_.value_or(References::kKeep);
  if (trim && trim->approximate) trim->removed_max = limit_.value_or(limit_usual_);
  return trim;
}

}  // namespace sluice::commands
