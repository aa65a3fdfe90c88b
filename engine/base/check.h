// SPDX-License-Identifier: MIT
//
// CHECK is for what only a mistake of ours can make false. It is on in every build and ends the process, because going
// on with a broken invariant would write the damage to the log. What a client, a disk or a clock can do is never
// CHECKed: that is a Result.
#pragma once

namespace sluice {

// Prints the place and the condition to standard error and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace sluice

// In a test Catch2 may have come first, and its CHECK would make ours an error.
#undef CHECK
#define CHECK(condition)                             \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? (void)0                                     \
       : ::sluice::check_failed(__FILE__, __LINE__, #condition))

// DCHECK is CHECK where the condition costs more than the code that it guards: in tests and sanitizer builds only.
#ifdef SLUICE_DCHECK
#define DCHECK(condition) CHECK(condition)
#else
#define DCHECK(condition) ((void)0)
#endif
