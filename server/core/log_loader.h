// SPDX-License-Identifier: MIT
//
// Replay is execution: the records of a log go through the same parser, table and handlers as a client's commands, each
// under the stamp that it had. SELECT, MULTI and EXEC are the log's punctuation and take no sequence.
#pragma once

#include <string>
#include <string_view>

#include "engine/stamp.h"
#include "persistence/recovery.h"
#include "protocol/request_parser.h"
#include "server/core/session.h"

namespace sluice::core {

class Server;

class LogLoader : public BatchConsumer {
 public:
  // Both must outlive the loader. The session is an internal one.
  LogLoader(Server& server, Session& session) : server_(server), session_(session) {}

  std::string consume(std::string_view file, bool base, const BatchHeader& header,
                      std::string_view body) override;

 private:
  // One record. Empty, or why it cannot be.
  std::string replay(const Stamp& stamp);

  Server& server_;
  Session& session_;
  protocol::RequestParser parser_;
  std::string file_;
};

}  // namespace sluice::core
