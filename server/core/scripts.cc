// SPDX-License-Identifier: MIT
#include "server/core/scripts.h"

#include <openssl/evp.h>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "server/core/version.h"
#include "server/scripting/script_header.h"

namespace sluice::core {

std::string sha1_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha1(), nullptr) == 1);
  std::string text;
  for (unsigned int i = 0; i < size; ++i)
    text.append(1, "0123456789abcdef"[digest[i] >> 4]).append(1, "0123456789abcdef"[digest[i] & 15]);
  return text;
}

Scripts::Scripts() = default;

scripting::Machine& Scripts::machine() {
  if (machine_ == nullptr)
    machine_ = std::make_unique<scripting::Machine>(scripting::Machine::Kind::kScripts, kRedisVersion.data());
  return *machine_;
}

const Script* Scripts::find(std::string_view sha1) {
  if (sha1.size() != kSha1Chars) return nullptr;
  const auto it = by_sha1_.find(to_lower(sha1));
  if (it == by_sha1_.end()) return nullptr;
  Script& script = *it->second;
  if (!script.loaded) evaluated_.splice(evaluated_.begin(), evaluated_, script.place);
  return &script;
}

const Script* Scripts::add(std::string_view source, Origin origin, std::string& error) {
  std::string sha1 = sha1_hex(source);
  if (const auto it = by_sha1_.find(sha1); it != by_sha1_.end()) {
    Script& known = *it->second;
    if (!known.loaded && origin == Origin::kLoaded) {
      evaluated_.erase(known.place);
      known.loaded = true;
    }
    return &known;
  }
  const std::optional<scripting::ScriptHeader> header = scripting::read_script_header(source, error);
  if (!header) return nullptr;
  const std::optional<scripting::Reference> function = machine().compile(header->body, error);
  if (!function) {
    error.insert(0, "ERR Error compiling script (new function): ");
    return nullptr;
  }
  auto script = std::make_unique<Script>();
  script->sha1 = std::move(sha1);
  script->source = source;
  script->flags = header->flags;
  script->function = *function;
  script->loaded = origin == Origin::kLoaded;
  if (!script->loaded) {
    if (evaluated_.size() >= kEvaluatedScriptsMax) drop(*evaluated_.back());
    script->place = evaluated_.insert(evaluated_.begin(), script.get());
  }
  bytes_ += source.size();
  return by_sha1_.emplace(script->sha1, std::move(script)).first->second.get();
}

void Scripts::drop(Script& script) {
  evaluated_.erase(script.place);
  machine_->release(script.function);
  bytes_ -= script.source.size();
  by_sha1_.erase(std::string(script.sha1));
}

void Scripts::clear() {
  by_sha1_.clear();
  evaluated_.clear();
  bytes_ = 0;
  machine_.reset();
}

}  // namespace sluice::core
