// SPDX-License-Identifier: MIT
//
// What is asked of a directive's words beyond their kind, and how they are shown if that is not as they were given. The
// texts are those of Redis.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sluice::core {

using DirectiveWords = std::vector<std::string>;

// Addresses to listen on, at most sixteen.
std::optional<std::string> check_addresses(DirectiveWords& words);
// Numbers from 0 to 100.
std::optional<std::string> check_percentiles(DirectiveWords& words);
// Pairs of seconds, from 1 on, and changes, from 0 on.
std::optional<std::string> check_save_points(DirectiveWords& words);
// Pairs of names.
std::optional<std::string> check_renames(DirectiveWords& words);
// How SIGTERM and SIGINT may end a server: default, or of save, nosave, now, force.
std::optional<std::string> check_shutdown_words(DirectiveWords& words);
// yes is another word for relative, and shown.
std::optional<std::string> check_oom_score_adj(DirectiveWords& words);
// Three numbers from -2000 to 2000.
std::optional<std::string> check_oom_score_adj_values(DirectiveWords& words);
// A text with {variables}.
std::optional<std::string> check_title_template(DirectiveWords& words);
// Letters, digits, hyphens and dots, if anything.
std::optional<std::string> check_host_name(DirectiveWords& words);
// An amount that is never shown as less than 16 KiB.
std::optional<std::string> check_backlog(DirectiveWords& words);
// A name without a directory.
std::optional<std::string> check_dump_name(DirectiveWords& words);
// A host and a port, or "no one", which is nothing.
std::optional<std::string> check_master(DirectiveWords& words);
// A number that is shown as one from 1 to 500.
std::optional<std::string> check_hz(DirectiveWords& words);

}  // namespace sluice::core
