// SPDX-License-Identifier: MIT
//
// Lua's interface as C++ sees it. The library is the C build: it raises by longjmp.
#pragma once

extern "C" {
#include <lua5.1/lauxlib.h>
#include <lua5.1/lua.h>
#include <lua5.1/lualib.h>
}
