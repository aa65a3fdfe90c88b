// SPDX-License-Identifier: MIT
#include "server/core/execution.h"

#include <utility>

#include "server/core/server.h"

namespace sluice::core {

Execution::Execution(Server& server, Session& session)
    : server_(server),
      session_(session),
      outer_(std::exchange(server.executing_, &session)),
      output_before_(session.output.size()),
      replies_before_(session.replies_unmarked) {}

Execution::~Execution() {
  server_.executing_ = outer_;
  if (session_.reply_mode != Session::ReplyMode::kOn) [[unlikely]]
    take_reply_away();
  session_.reply_is_push = false;
  if (session_.pushes.empty()) [[likely]]
    return;
  session_.output.append(session_.pushes.view());
  session_.pushes.clear();
  server_.pushed(session_);
}

void Execution::take_reply_away() {
  if (session_.waits()) return;  // the reply is still to come
  if (session_.reply_mode == Session::ReplyMode::kSkipNext) {
    session_.reply_mode = Session::ReplyMode::kSkip;
    return;
  }
  if (session_.reply_mode == Session::ReplyMode::kSkip) session_.reply_mode = Session::ReplyMode::kOn;
  if (session_.reply_is_push) return;
  session_.output.truncate(output_before_);
  session_.replies_unmarked = replies_before_;
}

}  // namespace sluice::core
