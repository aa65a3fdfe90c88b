// SPDX-License-Identifier: MIT
//
// Libraries of functions that FUNCTION LOAD has brought. Unlike scripts they are state: logged, in the digest and in a
// rewritten log, and what FLUSHALL leaves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/scripting/machine.h"

namespace sluice {
class Digest;
class RecordSink;
}  // namespace sluice

namespace sluice::core {

class Notices;

struct Function {
  std::string name;
  scripting::Reference reference = 0;
  uint8_t flags = 0;  // scripting::ScriptFlag
  std::vector<std::string> flag_names = {};
  std::optional<std::string> description = {};
};

struct FunctionLibrary {
  std::string name;
  std::string code;
  std::vector<Function> functions = {};  // by name
};

class FunctionLibraries {
 public:
  explicit FunctionLibraries(Notices& notices);

  // The name of the library that the code makes, or nothing: `error` is for the client, and nothing has changed.
  std::optional<std::string> load(std::string_view code, bool replace, std::string& error);
  // False: there is none of that name.
  [[nodiscard]] bool remove(std::string_view name);
  // Takes in all libraries of `others`, in the place of those of the same name if `replace`, or none: `error` is for
  // the client, and nothing has changed.
  [[nodiscard]] bool join(const FunctionLibraries& others, bool replace, std::string& error);
  void swap(FunctionLibraries& other) noexcept;
  // Requires, as all that change something do: none runs.
  void clear();

  // In any case of letters.
  const Function* find(std::string_view name) const;
  const std::map<std::string, FunctionLibrary, std::less<>>& libraries() const { return libraries_; }
  size_t functions() const { return functions_.size(); }
  size_t bytes() const;  // of the code
  scripting::Machine& machine();
  size_t machine_bytes() const { return machine_ == nullptr ? 0 : machine_->memory_used(); }

  void digest(Digest& digest) const;
  // Writes them as the commands that load them.
  void dump(RecordSink& sink) const;

 private:
  void forget(const FunctionLibrary& library);
  // The name of a function that another library has too, if there is one.
  std::optional<std::string> clash(const FunctionLibrary& library, std::string_view replaced) const;

  Notices& notices_;
  std::unique_ptr<scripting::Machine> machine_;
  std::map<std::string, FunctionLibrary, std::less<>> libraries_;
  std::map<std::string, const Function*, std::less<>> functions_;  // by name in lower case
};

}  // namespace sluice::core
