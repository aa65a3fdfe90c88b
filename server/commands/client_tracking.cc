// SPDX-License-Identifier: MIT
//
// CLIENT TRACKING and what belongs to it. The work is done in server/core/tracking.h.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/ascii.h"
#include "server/commands/client_subcommands.h"
#include "server/core/args.h"
#include "server/core/server.h"

namespace sluice::commands {

using core::Args;
using core::CommandCall;
using core::Session;
using core::TrackingMode;

namespace {

Result<TrackingMode> tracking_arguments(CommandCall& call) {
  TrackingMode mode;
  Args args(call.words, 3);
  while (args.more()) {
    const bool has_value = args.left() >= 2;
    if (has_value && args.accept("REDIRECT")) {
      if (mode.redirect != 0) return call.fail("ERR A client can only redirect to a single other client");
      const int64_t id = args.integer();
      TRY_VOID(args.good());
      if (id <= 0 || call.server.find_session(static_cast<uint64_t>(id)) == nullptr) {
        return call.fail("ERR The client ID you want redirect to does not exist");
      }
      mode.redirect = static_cast<uint64_t>(id);
    } else if (has_value && args.accept("PREFIX")) {
      mode.prefixes.emplace_back(args.text());
    } else if (args.accept("BCAST")) {
      mode.broadcast = true;
    } else if (args.accept("OPTIN")) {
      mode.opt_in = true;
    } else if (args.accept("OPTOUT")) {
      mode.opt_out = true;
    } else if (args.accept("NOLOOP")) {
      mode.no_loop = true;
    } else {
      return Error::kSyntax;
    }
  }
  return mode;
}

bool overlap(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}

std::optional<std::string> prefix_fault(const TrackingMode* before, const TrackingMode& mode) {
  for (size_t i = 0; i < mode.prefixes.size(); ++i) {
    const std::string& prefix = mode.prefixes[i];
    const std::string begin = "ERR Prefix '" + prefix + "' overlaps with ";
    const std::string end = "'. Prefixes for a single client must not overlap.";
    if (before != nullptr) {
      for (const std::string& other : before->prefixes) {
        if (overlap(prefix, other)) return begin + "an existing prefix '" + other + end;
      }
    }
    for (size_t k = i + 1; k < mode.prefixes.size(); ++k) {
      if (overlap(prefix, mode.prefixes[k]))
        return begin + "another provided prefix '" + mode.prefixes[k] + end;
    }
  }
  return std::nullopt;
}

// Why a client that tracks as `before` (nullptr: not at all) cannot go on as `mode`.
std::optional<std::string> incompatible(const TrackingMode* before, const TrackingMode& mode) {
  constexpr std::string_view kSwitch =
      "before disabling tracking for this client, and then re-enabling it with a different mode.";
  if (!mode.broadcast && !mode.prefixes.empty()) return "ERR PREFIX option requires BCAST mode to be enabled";
  if (before != nullptr && before->broadcast != mode.broadcast) {
    return std::string("ERR You can't switch BCAST mode on/off ").append(kSwitch);
  }
  if (mode.broadcast && (mode.opt_in || mode.opt_out)) {
    return "ERR OPTIN and OPTOUT are not compatible with BCAST";
  }
  if (mode.opt_in && mode.opt_out) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  if (before != nullptr && ((mode.opt_in && before->opt_out) || (mode.opt_out && before->opt_in))) {
    return std::string("ERR You can't switch OPTIN/OPTOUT mode ").append(kSwitch);
  }
  return mode.broadcast ? prefix_fault(before, mode) : std::nullopt;
}

}  // namespace

Result<void> client_tracking(CommandCall& call) {
  TRY(TrackingMode mode, tracking_arguments(call));
  const bool on = equals_folded(call.words[2], "on");
  if (!on && !equals_folded(call.words[2], "off")) return Error::kSyntax;
  if (on) {
    if (const auto fault = incompatible(call.session.tracking.get(), mode)) return call.fail(*fault);
    call.server.tracking.enable(call.session, std::move(mode));
  } else {
    call.server.tracking.disable(call.session);
  }
  call.reply.ok();
  return {};
}

Result<void> client_caching(CommandCall& call) {
  TrackingMode* mode = call.session.tracking.get();
  if (mode == nullptr) {
    return call.fail(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode "
        "enabled");
  }
  const bool yes = equals_folded(call.words[2], "yes");
  if (!yes && !equals_folded(call.words[2], "no")) return Error::kSyntax;
  if (yes && !mode->opt_in) {
    return call.fail("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
  }
  if (!yes && !mode->opt_out) {
    return call.fail("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
  }
  mode->caching = true;
  call.reply.ok();
  return {};
}

Result<void> client_getredir(CommandCall& call) {
  const TrackingMode* mode = call.session.tracking.get();
  call.reply.integer(mode == nullptr ? -1 : static_cast<int64_t>(mode->redirect));
  return {};
}

Result<void> client_trackinginfo(CommandCall& call) {
  const TrackingMode* mode = call.session.tracking.get();
  std::vector<std::string_view> flags;
  flags.emplace_back(mode != nullptr ? "on" : "off");
  if (mode != nullptr) {
    if (mode->broadcast) flags.emplace_back("bcast");
    if (mode->opt_in) flags.emplace_back("optin");
    if (mode->opt_in && mode->caching) flags.emplace_back("caching-yes");
    if (mode->opt_out) flags.emplace_back("optout");
    if (mode->opt_out && mode->caching) flags.emplace_back("caching-no");
    if (mode->no_loop) flags.emplace_back("noloop");
    if (mode->redirect_broken) flags.emplace_back("broken_redirect");
  }
  call.reply.map(3);
  call.reply.bulk("flags");
  call.reply.set(flags.size());
  for (const std::string_view flag : flags)
    call.reply.bulk(flag);
  call.reply.bulk("redirect");
  call.reply.integer(mode == nullptr ? -1 : static_cast<int64_t>(mode->redirect));
  call.reply.bulk("prefixes");
  call.reply.array(mode == nullptr ? 0 : mode->prefixes.size());
  if (mode != nullptr) {
    for (const std::string& prefix : mode->prefixes)
      call.reply.bulk(prefix);
  }
  return {};
}

}  // namespace sluice::commands
