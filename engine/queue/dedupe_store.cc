// SPDX-License-Identifier: MIT
#include "engine/queue/dedupe_store.h"

#include <string>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/queue/record_words.h"

namespace sluice {
namespace {

// Of a key that ends, so many tokens are freed at once; else about so many at a time, and the more the more there are.
constexpr size_t kTokensFreedAtOnceMax = 1'000;
constexpr size_t kFreedPartsMin = 256;
constexpr size_t kWaitingTokensPerPart = 8'192;

}  // namespace

std::optional<StreamId> DedupeStore::find(int db, std::string_view key, std::string_view token) const {
  if (tables_.empty()) return std::nullopt;
  const auto found = tables_.find(std::pair(db, key));
  return found == tables_.end() ? std::nullopt : found->second->find(token);
}

DedupeTokens& DedupeStore::of(int db, std::string_view key) {
  const auto found = tables_.find(std::pair(db, key));
  if (found != tables_.end()) return *found->second;
  auto table = std::make_unique<DedupeTokens>(db, key, seed_);
  return *tables_.emplace(std::pair(db, std::string(key)), std::move(table)).first->second;
}

void DedupeStore::add_loose(DedupeTokens& table, std::string_view token, StreamId id, UnixMs until,
                            uint64_t arming) {
  auto loose = std::make_unique<LooseToken>();
  loose->id = id;
  loose->text = token;
  windows_.arm(*loose, until.count, arming);
  table.hold(std::move(loose));
}

void DedupeStore::release_loose(LooseToken& token) {
  DedupeTokens& table = *token.table;
  windows_.disarm(token);
  table.release(token);
  if (table.empty()) tables_.erase(tables_.find(std::pair(table.db(), std::string_view(table.key()))));
}

void DedupeStore::forget_ended_first() {
  if (ended_loose_ == 0) return;
  while (!windows_.empty()) {
    auto& first = *static_cast<LooseToken*>(windows_.first());
    if (!first.table->ended()) return;
    windows_.disarm(first);  // its table frees it
    --ended_loose_;
  }
}

void DedupeStore::end_first_window() {
  release_loose(*static_cast<LooseToken*>(windows_.first()));
}

void DedupeStore::end(std::unique_ptr<DedupeTokens> table) {
  if (table->size() > kTokensFreedAtOnceMax) {
    table->end();
    ended_loose_ += table->loose();
    ended_waiting_ += table->size();
    ended_.push_back(std::move(table));
    return;
  }
  size_t parts_max = SIZE_MAX;
  table->free_some(parts_max, windows_);
}

void DedupeStore::free_some() {
  size_t parts_max = kFreedPartsMin + ended_waiting_ / kWaitingTokensPerPart;
  const size_t armed = windows_.size();
  while (!ended_.empty() && ended_.front()->free_some(parts_max, windows_)) {
    ended_waiting_ -= ended_.front()->size();
    ended_.pop_front();
  }
  ended_loose_ -= armed - windows_.size();
}

bool DedupeStore::drop(int db, std::string_view key) {
  if (tables_.empty()) return false;
  const auto found = tables_.find(std::pair(db, key));
  if (found == tables_.end()) return false;
  end(std::move(found->second));
  tables_.erase(found);
  return true;
}

bool DedupeStore::drop_all(int db) {
  const auto first = tables_.lower_bound(std::pair(db, std::string_view()));
  auto last = first;
  for (; last != tables_.end() && last->first.first == db; ++last)
    end(std::move(last->second));
  const bool any = first != last;
  tables_.erase(first, last);
  return any;
}

void DedupeStore::move(int db, std::string_view key, int to_db, std::string_view to_key) {
  if (tables_.empty()) return;
  drop(to_db, to_key);
  auto node = tables_.extract(tables_.find(std::pair(db, key)));
  if (node.empty()) return;
  node.mapped()->renamed(to_db, to_key);
  node.key() = std::pair(to_db, std::string(to_key));
  tables_.insert(std::move(node));
}

void DedupeStore::swap(int db, int other) {
  std::vector<decltype(tables_)::node_type> nodes;
  for (auto at = tables_.begin(); at != tables_.end();) {
    const auto next = std::next(at);
    if (at->first.first == db || at->first.first == other) nodes.push_back(tables_.extract(at));
    at = next;
  }
  for (auto& node : nodes) {
    const int to = node.key().first == db ? other : db;
    node.mapped()->renamed(to, node.key().second);
    node.key() = std::pair(to, node.key().second);
    tables_.insert(std::move(node));
  }
}

bool DedupeStore::restore(int db, std::string_view key, std::string_view token, StreamId id, UnixMs until,
                          uint64_t arming) {
  DedupeTokens& table = of(db, key);
  if (table.find(token)) return false;
  add_loose(table, token, id, until, arming);
  return true;
}

size_t DedupeStore::size() const {
  size_t size = 0;
  for (const auto& [name, table] : tables_)
    size += table->size();
  return size;
}

size_t DedupeStore::bytes() const {
  size_t bytes = windows_.bytes();
  for (const auto& [name, table] : tables_)
    bytes += table->bytes() + name.second.size() + 96;
  constexpr size_t kEndedTokenBytes = 16;  // about
  return bytes + ended_waiting_ * kEndedTokenBytes;
}

void DedupeStore::digest(Digest& into) const {
  for (const auto& [name, table] : tables_) {
    table->for_each_loose([&, db = name.first, &key = name.second](const LooseToken& loose) {
      Digest part;
      part.add(static_cast<uint64_t>(db));
      part.add(key);
      part.add(loose.text);
      part.add(loose.id.ms);
      part.add(loose.id.seq);
      part.add(static_cast<uint64_t>(windows_.when(loose)));
      part.add(windows_.order(loose));
      into.add_unordered(part);
    });
  }
}

void DedupeStore::dump(RecordSink& sink) const {
  int selected = -1;
  for (const auto& [name, table] : tables_) {
    table->for_each_loose([&, db = name.first, &key = name.second](const LooseToken& loose) {
      if (db != selected) select_database(sink, selected = db);
      RecordWords record;
      record.words("QRESTORE", "TOKEN", key, loose.text);
      record.id(loose.id);
      record.number(static_cast<uint64_t>(windows_.when(loose)));
      record.number(windows_.order(loose));
      sink.record(record.all());
    });
  }
}

void DedupeStore::check_invariants() const {
  windows_.check_invariants();
  size_t loose = 0;
  for (const auto& [name, table] : tables_) {
    CHECK(!table->empty() && table->db() == name.first && table->key() == name.second);
    table->check_invariants();
    table->for_each_loose([&loose](const LooseToken&) { ++loose; });
  }
  CHECK(loose == this->loose());
}

}  // namespace sluice
