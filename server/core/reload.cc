// SPDX-License-Identifier: MIT
#include "server/core/reload.h"

#include "engine/base/byte_buffer.h"
#include "engine/base/check.h"
#include "engine/record_sink.h"
#include "engine/snapshot.h"
#include "protocol/request_encoder.h"
#include "server/core/log_loader.h"
#include "server/core/server.h"

namespace sluice::core {
namespace {

class RecordsInMemory : public RecordSink {
 public:
  using RecordSink::record;
  void record(std::span<const std::string_view> words) override { protocol::append_request(bytes, words); }
  ByteBuffer bytes;
};

}  // namespace

std::string reload(Server& server) {
  CHECK(!server.commit.rewrite().walking());
  const std::string before = server.digest();
  RecordsInMemory records;
  server.queues.dump(records);
  {
    Snapshot snapshot(server.keyspace, records);
    while (!snapshot.step(kSnapshotKeysMax)) {
    }
  }
  for (int db = 0; db < kDatabases; ++db) {
    // Who watches or caches a key learns of it, as of a flush.
    server.watching.touch_where(
        db, [&](std::string_view key) { return server.keyspace.find(db, key) != nullptr; });
    server.queues.flushing(db);
  }
  server.keyspace.flush_all();
  server.tracking.invalidate_all();

  Session session;
  session.internal = session.authenticated = true;
  LogLoader loader(server, session);
  const BatchHeader header{.sequence = server.sequencer.sequence(), .now = server.sequencer.now()};
  std::string why = loader.consume("reload", true, header, records.bytes.view());
  if (why.empty()) CHECK(server.digest() == before);
  return why;
}

}  // namespace sluice::core
