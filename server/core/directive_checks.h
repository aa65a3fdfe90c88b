// SPDX-License-Identifier: MIT
//
// What is asked of a directive's words beyond their kind. The texts are those of Redis.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::core {

using DirectiveWords = std::span<const std::string_view>;

// Numbers from 0 to 100.
std::optional<std::string> check_percentiles(DirectiveWords words);
// Pairs of seconds, from 1 on, and changes, from 0 on.
std::optional<std::string> check_save_points(DirectiveWords words);
// Pairs of names.
std::optional<std::string> check_renames(DirectiveWords words);

// How SIGTERM and SIGINT may end a server: default, or of save, nosave, now, force.
std::optional<std::string> check_shutdown_words(DirectiveWords words);
std::optional<std::string> check_three_numbers(DirectiveWords words);

}  // namespace sluice::core
