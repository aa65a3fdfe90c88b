// SPDX-License-Identifier: MIT
//
// The options that XADD and XTRIM have in common, read as Redis reads them: in any order, up to the first
// word that is none. For XADD that word is the ID.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/stream.h"
#include "server/core/command_call.h"

namespace sluice::commands {

class TrimOptions {
 public:
  enum class Command : uint8_t { kAdd, kTrim };

  // Reads on from the word behind the key. Errors are of words that are wrong in themselves.
  static Result<TrimOptions> read(core::CommandCall& call, Command command);
  // Whether the options go together. On its own, because Redis complains of XADD's ID before.
  Result<void> check(core::CommandCall& call) const;

  // What is to be trimmed, if anything. Requires: check() was content.
  std::optional<StreamTrim> trim() const;
  // The words under which the trim is logged, to be put behind `words`. `length` is what it left.
  void log_trim(std::string_view length, std::vector<std::string_view>& words) const;
  bool create() const { return create_; }
  // IDMP or IDMPAUTO.
  struct Idempotence {
    std::string_view producer;
    std::string_view id;  // empty: the fields and values say it
  };
  const std::optional<Idempotence>& idempotence() const { return idempotence_; }
  // Index of the first word that is no option.
  size_t end() const { return end_; }

 private:
  explicit TrimOptions(Command command) : command_(command) {}
  Result<bool> read_one(core::CommandCall& call);
  Result<void> read_threshold(core::CommandCall& call, StreamTrim::Kind kind);
  bool read_references(core::CommandCall& call);
  Result<bool> read_idempotence(core::CommandCall& call);

  Command command_;
  size_t end_ = 2;
  std::optional<StreamTrim> trim_;
  std::optional<uint64_t> limit_;
  uint64_t limit_usual_ = 0;  // without LIMIT
  std::optional<References> references_;
  std::optional<Idempotence> idempotence_;
  bool create_ = true;  // without NOMKSTREAM
};

}  // namespace sluice::commands
