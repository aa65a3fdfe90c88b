// SPDX-License-Identifier: MIT
#include "server/core/log_loader.h"

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "engine/keyspace.h"
#include "server/core/server.h"

namespace sluice::core {
namespace {

// Records may be longer than what a client may send: a restore record holds a payload and more.
constexpr protocol::RequestLimits kRecordLimits{.bulk_bytes_max = size_t{1} << 30, .authenticated = true};

}  // namespace

std::string LogLoader::consume(std::string_view file, bool base, const BatchHeader& header,
                               std::string_view body) {
  // Each batch of an increment says by itself which database it is for; a base is read as one.
  if (!base || file != file_) session_.db = 0;
  file_ = file;
  uint64_t records = 0;
  while (!body.empty()) {
    if (parser_.next(body, kRecordLimits) != protocol::RequestParser::Status::kRequest) {
      return "a batch that does not consist of whole commands";
    }
    const Words words = parser_.words();
    const size_t consumed = parser_.consumed();
    if (equals_folded(words[0], "select") && words.size() == 2) {
      const auto db = parse_i64(words[1]);
      if (!db || *db < 0 || *db >= kDatabases) return "SELECT of a database that does not exist";
      session_.db = static_cast<int>(*db);
    } else if (!equals_folded(words[0], "multi") && !equals_folded(words[0], "exec")) {
      const uint64_t sequence = header.sequence + (base ? 0 : records);
      std::string why = replay(Sequencer::replayed(sequence, header.now, header.seed));
      if (!why.empty()) return why;
      ++records;
    }
    body.remove_prefix(consumed);
  }
  if (!base && records != header.records) return "a batch with another number of records than it says";
  return {};
}

std::string LogLoader::replay(const Stamp& stamp) {
  std::string why;
  if (server_.dispatcher.replay(session_, parser_.words(), stamp, why)) return {};
  return "the record '" + std::string(parser_.words()[0]) + "' answered: " + why;
}

}  // namespace sluice::core
