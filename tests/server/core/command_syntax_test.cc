// SPDX-License-Identifier: MIT
//
// The notation of CommandSpec::syntax: what it means, what it counts, how it prints, what it refuses.
#include "server/core/command_syntax.h"

#include <catch2/catch.hpp>

using namespace sluice;
using namespace sluice::core;

namespace {

std::string dump(const std::vector<Argument>& arguments);

// "name/type", then what else is set: "(TOKEN)", "?" optional, "+" multiple, "++" with its token, and what it holds.
std::string dump(const Argument& argument) {
  std::string text = argument.name + "/" + std::string(argument_type_name(argument.type));
  if (!argument.token.empty()) text += "(" + argument.token + ")";
  if (argument.optional) text += "?";
  if (argument.multiple) text += argument.multiple_token ? "++" : "+";
  if (!argument.arguments.empty()) text += "{" + dump(argument.arguments) + "}";
  return text;
}

std::string dump(const std::vector<Argument>& arguments) {
  std::string text;
  for (const Argument& argument : arguments)
    text += (text.empty() ? "" : " ") + dump(argument);
  return text;
}

std::string tree(std::string_view syntax) {
  const auto arguments = parse_syntax(syntax);
  return arguments ? dump(*arguments) : "refused";
}

std::string printed(std::string_view syntax) {
  return format_arguments(parse_syntax(syntax).value());
}

}  // namespace

TEST_CASE("a word is an argument, with a type if it says so", "[syntax]") {
  REQUIRE(tree("") == "");
  REQUIRE(tree("value") == "value/string");
  REQUIRE(tree("key") == "key/key");
  REQUIRE(tree("source:key timeout:double") == "source/key timeout/double");
  REQUIRE(tree("unix-time-seconds:unix-time glob:pattern") == "unix-time-seconds/unix-time glob/pattern");
  REQUIRE(tree("ip:port:string") == "ip:port/string");
  REQUIRE(tree("key...") == "key/key+");
}

TEST_CASE("a token stands alone or belongs to the argument behind it", "[syntax]") {
  REQUIRE(tree("NX") == "nx/pure-token(NX)");
  REQUIRE(tree("EX seconds:integer") == "seconds/integer(EX)");
  REQUIRE(tree("sorting:ALPHA") == "sorting/pure-token(ALPHA)");
  REQUIRE(tree("auto_id:*") == "auto_id/pure-token(*)");
  REQUIRE(tree("<NX> key") == "nx/pure-token(NX) key/key");
  REQUIRE(tree("KEYS key...") == "key/key(KEYS)+");
  REQUIRE(tree("TYPE <A|B>") == "a_b/oneof(TYPE){a/pure-token(A) b/pure-token(B)}");
  REQUIRE(tree("STREAMS streams:(key... id...)") == "streams/block(STREAMS){key/key+ id/string+}");
  REQUIRE(tree("GET sorting:ALPHA") == "get/pure-token(GET) sorting/pure-token(ALPHA)");
  REQUIRE(tree("MKSTREAM [GET]") == "mkstream/pure-token(MKSTREAM) get/pure-token(GET)?");
}

TEST_CASE("brackets make an argument optional, or one of several", "[syntax]") {
  REQUIRE(tree("[count:integer]") == "count/integer?");
  REQUIRE(tree("[key...]") == "key/key?+");
  REQUIRE(tree("[NX|XX]") == "nx_xx/oneof?{nx/pure-token(NX) xx/pure-token(XX)}");
  REQUIRE(tree("condition:[NX | XX]") == "condition/oneof?{nx/pure-token(NX) xx/pure-token(XX)}");
  REQUIRE(tree("<*|id>") == "*_id/oneof{*/pure-token(*) id/string}");
  REQUIRE(tree("[FULL full:([COUNT count:integer])]") == "full/block(FULL)?{count/integer(COUNT)?}");
  REQUIRE(tree("limit:[offset:integer count:integer]") == "limit/block?{offset/integer count/integer}");
  REQUIRE(tree("<a b|c>") == "a_b_c/oneof{a_b/block{a/string b/string} c/string}");
}

TEST_CASE("a token is repeated with its argument only from outside the brackets", "[syntax]") {
  REQUIRE(tree("[PREFIX prefix]...") == "prefix/string(PREFIX)?++");
  REQUIRE(tree("[PREFIX prefix...]") == "prefix/string(PREFIX)?+");
  REQUIRE(tree("<PREFIX prefix>...") == "prefix/string(PREFIX)++");
  REQUIRE(tree("(field value)...") == "field_value/block+{field/string value/string}");
}

TEST_CASE("what does not follow the grammar is refused", "[syntax]") {
  for (const char* syntax : {"[",        "]",        "[]",       "()",           "<>",
                             "[a",       "a]",       "(a]",      "<a|>",         "<|a>",
                             "a|b",      "...",      "a... ...", "[a...]...",    "[[a]]",
                             "name:[a]", "name:<A>", "<a b>",    "count:number", "a:",
                             "aB",       "A:b",      "Ab",       "EX:",          "a:block",
                             "*a",       "a..",      "a,b",      "EX [EX",       "TOKEN <OTHER a>",
                             "ip:port"}) {
    INFO(syntax);
    REQUIRE(tree(syntax) == "refused");
  }
}

TEST_CASE("the words that a syntax takes are counted", "[syntax]") {
  const auto count = [](std::string_view syntax) {
    const WordCount count = word_count(parse_syntax(syntax).value());
    return std::to_string(count.min) + "-" + (count.max ? std::to_string(*count.max) : "");
  };
  REQUIRE(count("") == "0-0");
  REQUIRE(count("key value") == "2-2");
  REQUIRE(count("key...") == "1-");
  REQUIRE(count("key [EX seconds:integer|KEEPTTL]") == "1-3");
  REQUIRE(count("STREAMS streams:(key... id...)") == "3-");
  REQUIRE(count("<a b|c>") == "1-2");
  REQUIRE(count("where:<LEFT|RIGHT> [COUNT count:integer]") == "1-3");
  REQUIRE(count("TYPE <A|B x>") == "2-3");
}

TEST_CASE("a syntax prints as people write it", "[syntax]") {
  REQUIRE(printed("key value condition:[NX|XX] [GET] [EX seconds:integer|PX ms:integer|KEEPTTL]") ==
          "key value [NX | XX] [GET] [EX seconds | PX ms | KEEPTTL]");
  REQUIRE(printed("key... timeout:double") == "key [key ...] timeout");
  REQUIRE(printed("numkeys:integer key... where:<LEFT|RIGHT> [COUNT count:integer]") ==
          "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]");
  REQUIRE(printed("key <*|id> (field value)...") == "key <* | id> field value [field value ...]");
  REQUIRE(printed("[PREFIX prefix]... [TYPE <A|B>]") == "[PREFIX prefix [PREFIX prefix ...]] [TYPE <A | B>]");
  REQUIRE(printed("STREAMS streams:(key... id...)") == "STREAMS key [key ...] id [id ...]");
  REQUIRE(printed("[A|B]...") == "[<A | B> [<A | B> ...]]");
  REQUIRE(printed("[FULL full:([COUNT count:integer])]") == "[FULL [COUNT count]]");
}

TEST_CASE("a row's keys are numbered by its key specifications", "[syntax]") {
  const CommandSpec lmove{.name = "lmove",
                          .syntax = "source:key destination:key",
                          .arity = Arity::exactly(3),
                          .keys = {KeySpec::one(kRw, 1), KeySpec::one(kRw, 2)}};
  const auto arguments = arguments_of(lmove);
  REQUIRE(arguments[0].key_spec == 0);
  REQUIRE(arguments[1].key_spec == 1);

  const CommandSpec rename{.name = "rename",
                           .syntax = "key newkey:key",
                           .arity = Arity::exactly(3),
                           .keys = {KeySpec::range(1, 2, 1, kRw)}};
  REQUIRE(arguments_of(rename)[1].key_spec == 0);
  REQUIRE(format_syntax(rename) == "RENAME key newkey");
  REQUIRE(format_syntax(rename, "debug") == "DEBUG RENAME key newkey");
  REQUIRE(format_usage(rename) == "RENAME <key> <newkey>");

  const CommandSpec echo{.name = "echo", .syntax = "message", .arity = Arity::exactly(2)};
  REQUIRE(arguments_of(echo)[0].key_spec == -1);
}
