// SPDX-License-Identifier: MIT
#include "server/core/protected_commands.h"

#include "engine/base/ascii.h"

namespace sluice::core {
namespace {

bool is_local(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("[::1]") || address.starts_with("::1") ||
         address.starts_with("/");
}

}  // namespace

std::string refusal_of_protected(const Config& config, const Session& session, std::string_view name) {
  const std::string command(name.substr(0, name.find('|')));
  const std::string setting = "enable-" + command + "-command";
  const std::string who = config.value(setting).value_or("no");
  if (session.internal || who == "yes" || (who == "local" && is_local(session.address))) return {};
  return "ERR " + to_upper(command) + " command not allowed. If the " + setting +
         " option is set to \"local\", you can run it from a local connection, otherwise you need to set "
         "this "
         "option in the configuration file, and then restart the server.";
}

}  // namespace sluice::core
