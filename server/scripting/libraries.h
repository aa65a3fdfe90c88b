// SPDX-License-Identifier: MIT
//
// The libraries of scripts that are our own. Each leaves its table on the stack, and may raise.
#pragma once

#include "server/scripting/machine.h"

namespace sluice::scripting {

void push_redis_library(lua_State* lua, Machine::Kind kind);
void push_struct_library(lua_State* lua);
void push_message_pack_library(lua_State* lua);

}  // namespace sluice::scripting
