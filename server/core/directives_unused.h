// SPDX-License-Identifier: MIT
//
// The part of the table of directives.h that takes no effect: what an existing redis.conf may say and means nothing
// here, and what is refused because going on without it would be unsafe.
#pragma once

#include <span>

#include "server/core/directives.h"

namespace sluice::core {

std::span<const Directive> unused_directives();

}  // namespace sluice::core
