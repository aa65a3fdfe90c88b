// SPDX-License-Identifier: MIT
#include "server/core/function_libraries.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "engine/digest.h"
#include "engine/record_sink.h"
#include "server/core/seams.h"
#include "server/core/version.h"
#include "server/scripting/script_header.h"

namespace sluice::core {
namespace {

// What a library may ask for while it is loaded: to say something.
class LoadHost : public scripting::Host {
 public:
  explicit LoadHost(Notices& notices) : notices_(notices) {}
  std::string_view call(scripting::Words, int) override { return "-ERR not while a library is loaded\r\n"; }
  std::optional<bool> permits(scripting::Words) override { return std::nullopt; }
  void log(scripting::LogLevel, std::string_view text) override {
    notices_.write(NoticeLevel::kNotice, text);
  }
  // A library that does not come to an end is stopped here; replaying the log comes to the same, as it counts looks.
  bool interrupted() override { return ++looks_ > kLooksMax; }

 private:
  static constexpr int kLooksMax = 1'000;  // each after scripting::kInstructionsBetweenLooks
  Notices& notices_;
  int looks_ = 0;
};

Function function_of(scripting::RegisteredFunction&& registered) {
  Function function;
  function.name = std::move(registered.name);
  function.reference = registered.function;
  for (const std::string& flag : registered.flags)
    function.flags |= scripting::script_flag(flag);
  function.flag_names = std::move(registered.flags);
  if (registered.described) function.description = std::move(registered.description);
  return function;
}

}  // namespace

FunctionLibraries::FunctionLibraries(Notices& notices) : notices_(notices) {}

scripting::Machine& FunctionLibraries::machine() {
  if (machine_ == nullptr)
    machine_ =
        std::make_unique<scripting::Machine>(scripting::Machine::Kind::kFunctions, kRedisVersion.data());
  return *machine_;
}

std::optional<std::string> FunctionLibraries::clash(const FunctionLibrary& library,
                                                    std::string_view replaced) const {
  std::set<std::string> own;
  for (const Function& function : library.functions) {
    if (!own.insert(to_lower(function.name)).second) return function.name;
    const auto it = functions_.find(to_lower(function.name));
    if (it == functions_.end()) continue;
    const auto old = libraries_.find(replaced);
    const bool goes =
        old != libraries_.end() && std::any_of(old->second.functions.begin(), old->second.functions.end(),
                                               [&](const Function& each) { return &each == it->second; });
    if (!goes) return function.name;
  }
  return std::nullopt;
}

std::optional<std::string> FunctionLibraries::load(std::string_view code, bool replace, std::string& error) {
  const std::optional<scripting::ScriptHeader> header = scripting::read_library_header(code, error);
  if (!header) return std::nullopt;
  const bool named_well =
      !header->name.empty() && std::all_of(header->name.begin(), header->name.end(), [](char c) {
        const char lower = to_lower(c);
        return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_';
      });
  if (!named_well) {
    error =
        "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one "
        "character long";
    return std::nullopt;
  }
  const bool known = libraries_.find(header->name) != libraries_.end();
  if (known && !replace) {
    error = "ERR Library '" + header->name + "' already exists";
    return std::nullopt;
  }
  FunctionLibrary library{header->name, std::string(code)};
  LoadHost host(notices_);
  std::vector<scripting::RegisteredFunction> registered;
  if (!machine().load(host, header->body, registered, error)) {
    error.insert(0, "ERR ");
    return std::nullopt;
  }
  for (scripting::RegisteredFunction& each : registered)
    library.functions.push_back(function_of(std::move(each)));
  const auto refuse = [&](std::string text) {
    for (const Function& function : library.functions)
      machine().release(function.reference);
    error = std::move(text);
    return std::nullopt;
  };
  if (library.functions.empty()) return refuse("ERR No functions registered");
  if (const auto name = clash(library, header->name))
    return refuse("ERR Function " + *name + " already exists");

  if (known) CHECK(remove(header->name));
  std::sort(library.functions.begin(), library.functions.end(),
            [](const Function& a, const Function& b) { return a.name < b.name; });
  FunctionLibrary& kept = libraries_.emplace(header->name, std::move(library)).first->second;
  for (const Function& function : kept.functions)
    functions_[to_lower(function.name)] = &function;
  return header->name;
}

void FunctionLibraries::forget(const FunctionLibrary& library) {
  for (const Function& function : library.functions) {
    machine().release(function.reference);
    functions_.erase(to_lower(function.name));
  }
}

bool FunctionLibraries::remove(std::string_view name) {
  const auto it = libraries_.find(name);
  if (it == libraries_.end()) return false;
  forget(it->second);
  libraries_.erase(it);
  return true;
}

bool FunctionLibraries::join(const FunctionLibraries& others, bool replace, std::string& error) {
  FunctionLibraries joined(notices_);
  for (const auto& [name, library] : libraries_) {
    if (others.libraries_.contains(name)) {
      if (replace) continue;
      error = "ERR Library " + name + " already exists";
      return false;
    }
    for (const Function& function : library.functions) {
      const Function* const other = others.find(function.name);
      if (other == nullptr) continue;
      error = "ERR Function " + other->name + " already exists";
      return false;
    }
    if (!joined.load(library.code, false, error)) return false;
  }
  for (const auto& [name, library] : others.libraries_) {
    if (!joined.load(library.code, false, error)) return false;
  }
  swap(joined);
  return true;
}

void FunctionLibraries::swap(FunctionLibraries& other) noexcept {
  machine_.swap(other.machine_);
  libraries_.swap(other.libraries_);
  functions_.swap(other.functions_);
}

void FunctionLibraries::clear() {
  functions_.clear();
  libraries_.clear();
  machine_.reset();
}

const Function* FunctionLibraries::find(std::string_view name) const {
  const auto it = functions_.find(to_lower(name));
  return it == functions_.end() ? nullptr : it->second;
}

size_t FunctionLibraries::bytes() const {
  size_t bytes = 0;
  for (const auto& [name, library] : libraries_)
    bytes += library.code.size();
  return bytes;
}

void FunctionLibraries::digest(Digest& digest) const {
  for (const auto& [name, library] : libraries_)
    digest.add(library.code);
}

void FunctionLibraries::dump(RecordSink& sink) const {
  for (const auto& [name, library] : libraries_) {
    const std::array<std::string_view, 3> words = {"FUNCTION", "LOAD", library.code};
    sink.record(words);
  }
}

}  // namespace sluice::core
