// SPDX-License-Identifier: MIT
//
// Rules, and what follows from them, without a server.
#include "server/core/acl.h"

#include <catch2/catch.hpp>

#include "server/commands/table.h"
#include "server/core/acl_log.h"
#include "server/core/password_hash.h"

using namespace sluice;
using namespace sluice::core;

namespace {

const CommandTable& table() {
  static const CommandTable commands(commands::command_table());
  return commands;
}

AclUser user_with(std::initializer_list<std::string_view> rules) {
  AclUser user("u", table(), false);
  for (const std::string_view rule : rules) {
    INFO(rule);
    REQUIRE_FALSE(user.apply(rule).has_value());
  }
  return user;
}

AclVerdict ask(const AclUser& user, std::vector<std::string_view> words) {
  const CommandSpec* spec = table().find(words[0]);
  REQUIRE(spec != nullptr);
  if (!spec->subcommands.empty()) spec = CommandTable::find_subcommand(*spec, words[1]);
  REQUIRE(spec != nullptr);
  return user.check(*spec, words);
}

bool may(const AclUser& user, std::vector<std::string_view> words) {
  return ask(user, std::move(words)).allowed();
}

}  // namespace

TEST_CASE("a password is kept as its hash", "[acl]") {
  REQUIRE(password_hash("a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
  REQUIRE(password_hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  REQUIRE(is_password_hash(password_hash("x")));
  REQUIRE_FALSE(is_password_hash("abc"));
  REQUIRE_FALSE(is_password_hash(std::string(63, 'a') + "A"));
  REQUIRE(hashes_equal(password_hash("x"), password_hash("x")));
  REQUIRE_FALSE(hashes_equal(password_hash("x"), password_hash("y")));
}

TEST_CASE("rules of commands apply in their order", "[acl]") {
  const AclUser reader = user_with({"+@read", "-get", "~*"});
  REQUIRE(may(reader, {"llen", "k"}));
  REQUIRE(ask(reader, {"get", "k"}).denial == AclDenial::kCommand);
  REQUIRE(ask(reader, {"set", "k", "v"}).denial == AclDenial::kCommand);
  REQUIRE(reader.line() == "user u off ~* resetchannels -@all +@read -get");

  const AclUser again = user_with({"-get", "+@read", "~*"});
  REQUIRE(may(again, {"get", "k"}));

  const AclUser most = user_with({"+@all", "-config|set", "~*"});
  REQUIRE(may(most, {"config", "get", "port"}));
  REQUIRE_FALSE(may(most, {"config", "set", "a", "b"}));
}

TEST_CASE("a command may be allowed with one first argument", "[acl]") {
  const AclUser user = user_with({"+select|1"});
  REQUIRE(may(user, {"select", "1"}));
  REQUIRE_FALSE(may(user, {"select", "0"}));
  REQUIRE(user.line() == "user u off resetchannels -@all +select|1");
}

TEST_CASE("what a rule makes void is not shown", "[acl]") {
  REQUIRE(user_with({"+get", "-get", "+get"}).line() == "user u off resetchannels -@all +get");
  REQUIRE(user_with({"+config|get", "-config"}).line() == "user u off resetchannels -@all -config");
  REQUIRE(user_with({"+get", "+@all", "-set"}).line() == "user u off resetchannels +@all -set");
  REQUIRE(user_with({"+lpushx", "+lpush"}).line() == "user u off resetchannels -@all +lpushx +lpush");
}

TEST_CASE("key patterns can be for reading or for writing alone", "[acl]") {
  const AclUser user = user_with({"+@all", "%R~in:*", "%W~out:*", "~both"});
  REQUIRE(may(user, {"get", "in:1"}));
  REQUIRE_FALSE(may(user, {"set", "in:1", "v"}));
  REQUIRE(may(user, {"set", "out:1", "v"}));
  REQUIRE_FALSE(may(user, {"set", "out:1", "v", "get"}));  // that one reads too
  REQUIRE(may(user, {"set", "both", "v", "get"}));
  REQUIRE(may(user, {"exists", "in:1", "out:1", "both"}));  // neither reads nor writes
  const AclVerdict denied = ask(user, {"del", "both", "other"});
  REQUIRE(denied.denial == AclDenial::kKey);
  REQUIRE(denied.word == 2);
}

TEST_CASE("a pattern that became allkeys by halves is shown so that it can be read again", "[acl]") {
  const AclUser user = user_with({"%R~*", "%W~*", "~a"});
  REQUIRE(user.line() == "user u off %RW~* ~a resetchannels -@all");
  REQUIRE(user_with({"%RW~*", "~a"}).line() == user.line());
}

TEST_CASE("keys behind a word are found wherever the word stands", "[acl]") {
  const AclUser user = user_with({"+@all", "~a*"});
  REQUIRE(may(user, {"xread", "COUNT", "1", "STREAMS", "a1", "a2", "0", "0"}));
  REQUIRE_FALSE(may(user, {"xread", "STREAMS", "a1", "b1", "0", "0"}));
  REQUIRE_FALSE(may(user, {"qreserve", "2", "a1", "b1", "COUNT", "1"}));
  REQUIRE(may(user, {"qpolicy", "a1", "LEASE", "5", "DEADLETTER", "a:dead"}));
  REQUIRE_FALSE(may(user, {"qpolicy", "a1", "LEASE", "5", "DEADLETTER", "b:dead"}));
  // A group that is named like the word must not hide the key.
  REQUIRE_FALSE(may(user, {"qpolicy", "a1", "GROUP", "DEADLETTER", "DEADLETTER", "b:dead"}));
}

TEST_CASE("one selector has to allow all of a request", "[acl]") {
  const AclUser user = user_with({"+get", "~a*", "(+set ~b*)", "(+@all ~c*)"});
  REQUIRE(may(user, {"get", "a"}));
  REQUIRE_FALSE(may(user, {"set", "a", "v"}));
  REQUIRE(may(user, {"set", "b", "v"}));
  REQUIRE_FALSE(may(user, {"get", "b"}));
  REQUIRE(may(user, {"del", "c"}));
  // Told is the denial that came furthest.
  REQUIRE(ask(user, {"get", "z"}).denial == AclDenial::kKey);
  REQUIRE(user.line() ==
          "user u off ~a* resetchannels -@all +get (~b* resetchannels -@all +set) (~c* resetchannels +@all)");
}

TEST_CASE("channels are matched, patterns must be allowed in their very words", "[acl]") {
  const AclUser user = user_with({"&news.*"});
  REQUIRE(user.may_use_channel("news.a", false));
  REQUIRE_FALSE(user.may_use_channel("new", false));
  REQUIRE(user.may_use_channel("news.*", true));
  REQUIRE_FALSE(user.may_use_channel("news.a*", true));
}

TEST_CASE("keys that the words do not name can be asked for", "[acl]") {
  const AclUser user = user_with({"+get", "~a*", "(+set ~*)"});
  const CommandSpec& get = *table().find("get");
  const CommandSpec& set = *table().find("set");
  REQUIRE(user.may_access(get, {}, "a", kReadsKey));
  REQUIRE_FALSE(user.may_access(get, {}, "b", kReadsKey));
  const std::string_view get_words[] = {"get", "a"};
  const std::string_view set_words[] = {"set", "b", "v"};
  REQUIRE_FALSE(user.may_access_all_keys(get, get_words, kReadsKey));
  REQUIRE(user.may_access_all_keys(set, set_words, kAnyKeyAccess));
  const AclUser reader = user_with({"+get", "%R~*"});
  REQUIRE(reader.may_access_all_keys(get, get_words, kReadsKey));
  REQUIRE_FALSE(reader.may_access_all_keys(get, get_words, kAnyKeyAccess));
}

TEST_CASE("a login must be right in everything", "[acl]") {
  Acl acl(table());
  std::string error;
  const std::string_view rules[] = {"on", ">secret", ">other"};
  acl.store(acl.draft("alice", rules, error));
  REQUIRE(acl.authenticate("alice", "secret") == acl.find("alice"));
  REQUIRE(acl.authenticate("alice", "other") != nullptr);
  REQUIRE(acl.authenticate("alice", "") == nullptr);
  REQUIRE(acl.authenticate("nobody", "secret") == nullptr);
  REQUIRE(acl.authenticate("default", "whatever") == &acl.default_user());
  const std::string_view off[] = {"off"};
  acl.store(acl.draft("alice", off, error));
  REQUIRE(acl.authenticate("alice", "secret") == nullptr);
  REQUIRE_FALSE(acl.login_required());
  acl.set_default_password("x");
  REQUIRE(acl.login_required());
  REQUIRE(acl.authenticate("nobody", "x") == nullptr);
}

TEST_CASE("a refused draft says why and changes nothing", "[acl]") {
  Acl acl(table());
  std::string error;
  const std::string_view rules[] = {"on", "(+get", "~a"};
  REQUIRE(acl.draft("alice", rules, error) == nullptr);
  REQUIRE(error == "ERR Unmatched parenthesis in acl selector starting at '(+get'.");
  REQUIRE(acl.find("alice") == nullptr);
}

TEST_CASE("a file of users is taken whole or not at all", "[acl]") {
  Acl acl(table());
  std::string errors;
  auto users = acl.parse_file("user alice on >x ~a* +get\n\nuser bob off (~x\t+get)\r\n", "f", errors);
  REQUIRE(errors == "");
  REQUIRE(users.has_value());
  REQUIRE(users->size() == 3);  // the default user is always there

  const auto bad = acl.parse_file(
      "user a +foo\nuser a on\nfoo\nuser b (~a\nuser c ~* ~b\nuser \"q on\nuser d  junk\n", "f", errors);
  REQUIRE_FALSE(bad.has_value());
  REQUIRE(
      errors ==
      "f:1: Error in applying operation '+foo': Unknown command or category name in ACL. "
      "WARNING: Duplicate user 'a' found on line 2. "
      "f:3 should start with user keyword followed by the username. "
      "f:4: Unmatched parenthesis in selector definition."
      "f:5: Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any "
      "effect. Try 'resetkeys' to start with an empty list of patterns. "
      "f:7: Syntax error. "
      "WARNING: ACL errors detected, no change to the previously active ACL rules was performed");
}

TEST_CASE("who is the same in a new file stays who he is", "[acl]") {
  Acl acl(table());
  std::string errors;
  acl.replace(*acl.parse_file("user alice on ~a* +get\nuser bob on\n", "f", errors), [](AclUser&) {});
  const AclUser* alice = acl.find("alice");
  std::vector<std::string> gone;
  acl.replace(*acl.parse_file("user alice on ~a* +get\nuser bob off\n", "f", errors),
              [&gone](AclUser& user) { gone.push_back(user.name()); });
  REQUIRE(gone == std::vector<std::string>{"bob"});
  REQUIRE(acl.find("alice") == alice);
  REQUIRE_FALSE(acl.find("bob")->enabled());
}

TEST_CASE("what is shown of a user makes him again", "[acl]") {
  Acl acl(table());
  std::string errors;
  const std::string text =
      "user alice on nopass skip-sanitize-payload %R~a %W~b ~c resetchannels &x &y +@all -@admin +config|get "
      "-select +select|0 (~q resetchannels -@all +get)\n";
  acl.replace(*acl.parse_file(text, "f", errors), [](AclUser&) {});
  REQUIRE(acl.lines()[0] + "\n" == text);
}

TEST_CASE("the same denial within a minute counts up", "[acl]") {
  AclLog log;
  const auto add = [&log](std::string object, int64_t at) {
    AclLogEntry entry;
    entry.denial = AclDenial::kKey;
    entry.object = std::move(object);
    entry.created = entry.updated = UnixMs{at};
    log.add(std::move(entry), 3);
  };
  add("a", 0);
  add("b", 1'000);
  add("a", 60'000);
  REQUIRE(log.entries().size() == 2);
  REQUIRE(log.entries().front().object == "a");
  REQUIRE(log.entries().front().count == 2);
  REQUIRE(log.entries().front().created == UnixMs{0});
  add("a", 120'001);
  REQUIRE(log.entries().size() == 3);
  add("c", 120'002);
  REQUIRE(log.entries().size() == 3);  // acllog-max-len
  log.trim(1);
  REQUIRE(log.entries().front().object == "c");
}
