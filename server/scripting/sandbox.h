// SPDX-License-Identifier: MIT
//
// The globals of a script. Every table of them is a stand-in: reading goes through to the real one, writing is an
// error, so that no script leaves anything to the next. Lua 5.1 has no read-only tables of its own.
#pragma once

#include "server/scripting/machine.h"

namespace sluice::scripting {

// Builds the globals and makes them those of the interpreter. May raise.
void install_sandbox(lua_State* lua, Machine::Kind kind);
// Gives a real global table a value that scripts see; below the top of the stack nothing changes. Takes the value off.
void set_real_global(lua_State* lua, const char* name);

// Begins the numbers of math.random() from the start.
void seed_random(Machine& machine, uint32_t seed);

}  // namespace sluice::scripting
