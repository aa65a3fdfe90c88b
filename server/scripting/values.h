// SPDX-License-Identifier: MIT
//
// RESP and the values of Lua, as Redis turns one into the other:
//
//   reply                 value                          reply again
//   :1                    number                         integer, cut
//   $3 abc                string                         bulk
//   +OK                   {ok='OK'}                      +OK
//   -ERR x                {err='ERR x'}                  -ERR x
//   *2 ...                {a, b}                         array, up to the first nil
//   nothing (RESP2)       false                          nothing
//   _  nothing (RESP3)    nil                            nothing
//   #t                    true                           1, or #t behind setresp(3)
//   ,1.5                  {double=1.5}                   double
//   %1 ...                {map={k=v}}                    map
//   ~1 ...                {set={e=true}}                 set
//   (1                    {big_number='1'}               big number
//   =7 txt:abc            {verbatim_string={format='txt', string='abc'}}
#pragma once

#include <string_view>

#include "protocol/reply_writer.h"
#include "server/scripting/machine.h"

namespace sluice::scripting {

// Pushes the value of one whole, well-formed reply. May raise.
void push_reply(lua_State* lua, std::string_view reply);
// Pushes {err=text}, marked as one that the server has counted already. May raise.
void push_error(lua_State* lua, std::string_view text);
// Writes the value at the top of the stack, and takes it off. Raises only for want of memory.
void write_value(lua_State* lua, protocol::ReplyWriter& reply, int call_protocol);

}  // namespace sluice::scripting
