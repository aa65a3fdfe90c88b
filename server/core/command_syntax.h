// SPDX-License-Identifier: MIT
//
// What stands behind a command's name, written once as one line of text (CommandSpec::syntax) and read by
// everyone who needs it: COMMAND DOCS answers the tree below, from which redis-cli makes its hints; the
// README's table is printed from it; tests hold it against the row's arity and keys.
//
//   syntax   = item*                             one after the other
//   item     = atom ["..."]                      "..." behind it: once or more
//   atom     = [TOKEN] word                      an argument; with a token in front: that token, then the argument
//            | [name ":"] TOKEN                  a token alone; its name is the token in lower case, or the given one
//            | [TOKEN] [name ":"] "<" either ">" one of several
//            | [TOKEN] [name ":"] "(" syntax ")" a block: all of it, in this order
//            | [name ":"] "[" either "]"         optional; a block if it holds several items and no "|"
//   either   = syntax ("|" syntax)*              an alternative of several items is a block
//   word     = name [":" type]                   "key" is of type key, every other name of type string
//   type     = string | integer | double | key | pattern | unix-time
//   TOKEN    = a word in upper case, or one of  * $ ~ = > + -  alone
//
// A token belongs to the argument right behind it; where it must stand alone, <TOKEN> keeps them apart. A
// oneof or a block without a name is called by the names of what it holds, joined with "_". `[TOKEN x]...`
// repeats the token with every x (multiple_token); `[TOKEN x...]` has it once. Blanks separate words and mean
// nothing else.
//
//   SET            key value condition:[NX|XX] [GET] expiration:[EX seconds:integer|PX milliseconds:integer|KEEPTTL]
//   BLPOP          key... timeout:double
//   LMPOP          numkeys:integer key... where:<LEFT|RIGHT> [COUNT count:integer]
//   XADD           key [NOMKSTREAM] trim:[strategy:<MAXLEN|MINID> operator:[equal:=|approximately:~] threshold
//                  [LIMIT count:integer]] id_or_auto:<auto_id:*|id> (field value)...
//   XREAD          [COUNT count:integer] [BLOCK milliseconds:integer] STREAMS streams:(key... id...)
//   XINFO STREAM   key [FULL full:([COUNT count:integer])]
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/core/command_spec.h"

namespace sluice::core {

enum class ArgumentType : uint8_t {
  kString,
  kInteger,
  kDouble,
  kKey,
  kPattern,
  kUnixTime,
  kPureToken,
  kOneOf,
  kBlock,
};

// As COMMAND DOCS says it: "string", "unix-time", "pure-token" ...
std::string_view argument_type_name(ArgumentType type);

struct Argument {
  std::string name;
  ArgumentType type = ArgumentType::kString;
  std::string token = {};  // empty: none
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;           // the token stands before every repetition
  int key_spec = -1;                     // of a key: which of the row's key specifications tells where it is
  std::vector<Argument> arguments = {};  // of a oneof, the alternatives; of a block, the parts
};

// nullopt if the text does not follow the grammar above.
std::optional<std::vector<Argument>> parse_syntax(std::string_view text);
// Of a row. CHECKs that its syntax parses, which a test makes sure of for every row; sets key_spec.
std::vector<Argument> arguments_of(const CommandSpec& spec);

// How many words the arguments take, without the command's name. No max: as many as one likes.
struct WordCount {
  size_t min = 0;
  std::optional<size_t> max = 0;
};
WordCount word_count(const std::vector<Argument>& arguments);

// "key value [NX | XX] [GET] [EX seconds | PX milliseconds | KEEPTTL]".
std::string format_arguments(const std::vector<Argument>& arguments);
// The same with the name in front: "SET key value ...", "XGROUP CREATE key ..." with that container.
std::string format_syntax(const CommandSpec& spec, std::string_view container = {});
// As HELP says it: "CREATE <key> <group> (<id>|$) [MKSTREAM]".
std::string format_usage(const CommandSpec& spec);

}  // namespace sluice::core
