// SPDX-License-Identifier: MIT
#include "server/commands/copy_value.h"

#include <string>

#include "engine/base/check.h"
#include "engine/hash.h"
#include "engine/keyspace.h"
#include "engine/list_value.h"
#include "engine/record_sink.h"
#include "engine/set.h"
#include "engine/sorted_set.h"
#include "engine/stream.h"
#include "server/core/server.h"
#include "server/core/session.h"

namespace sluice::commands {
namespace {

// Runs the commands that rebuild a value, as loading the log would: a type that can be written down can be copied.
class Rebuild : public RecordSink {
 public:
  Rebuild(core::CommandCall& call, int db) : call_(call) {
    session_.internal = true;
    session_.authenticated = true;
    session_.db = db;
  }

 private:
  using RecordSink::record;
  void record(std::span<const std::string_view> words) override {
    std::string why;
    CHECK(call_.server.dispatcher.replay(session_, words, call_.stamp, why));
  }

  core::CommandCall& call_;
  core::Session session_;
};

}  // namespace

void copy_value(core::CommandCall& call, const Entry& from, int db, std::string_view key) {
  switch (from.type()) {
    case ValueType::kString:
      call.keyspace().set_string(db, key, from.string().view());
      return;
    case ValueType::kList: {
      Entry& entry = call.keyspace().insert_list(db, key);
      call.queues().created(entry, call.stamp);
      const ListValue& list = from.list();
      list.for_each(0, list.size(),
                    [&](std::string_view element) { entry.list().push(Side::kRight, element, call.stamp); });
      return;
    }
    case ValueType::kStream: {
      Rebuild rebuild(call, db);
      return from.stream().dump(key, rebuild);
    }
    case ValueType::kHash: {
      Rebuild rebuild(call, db);
      return from.hash().dump(key, rebuild);
    }
    case ValueType::kSet: {
      Rebuild rebuild(call, db);
      return from.set().dump(key, rebuild);
    }
    case ValueType::kSortedSet: {
      Rebuild rebuild(call, db);
      return from.sorted_set().dump(key, rebuild);
    }
  }
}

}  // namespace sluice::commands
