// SPDX-License-Identifier: MIT
//
// The table of directives through each of its doors: file, command line, CONFIG SET, CONFIG GET, reference.
#include "server/core/config.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "server/core/config_text.h"
#include "server/core/directives.h"

namespace sluice::core {
namespace {

using Words = std::vector<std::string_view>;

std::optional<std::string> no_file(const std::string&) {
  return std::nullopt;
}

std::optional<std::string> parse(Config& config, std::string_view text) {
  return config.parse_file(text, no_file);
}

std::optional<std::string> set(Config& config, const Words& pairs) {
  return config.set_many(pairs);
}

TEST_CASE("defaults are what an operator expects", "[config]") {
  const Config config;
  const Settings& settings = config.settings();
  REQUIRE(settings.bind == std::vector<std::string>{"127.0.0.1", "-::1"});
  REQUIRE(settings.port == 6379);
  REQUIRE(settings.protected_mode);
  REQUIRE(settings.appendonly);
  REQUIRE(settings.appendfsync == FsyncPolicy::kEverySecond);
  REQUIRE(settings.appenddirname == "appendonlydir");
  REQUIRE(settings.auto_aof_rewrite_min_size == 64u << 20);
  REQUIRE(settings.proto_max_bulk_len == 512u << 20);
  REQUIRE(settings.client_query_buffer_limit == 1u << 30);
  REQUIRE(settings.maxmemory == 0);
  REQUIRE(settings.maxmemory_policy == MemoryPolicy::kNoEviction);
  REQUIRE(settings.enable_debug_command == DebugCommand::kNo);
  REQUIRE(settings.loglevel == LogLevel::kNotice);
  REQUIRE(settings.databases == 16);
  REQUIRE(settings.stream_node_max_bytes == 4096);
}

TEST_CASE("the table has each name once and a sentence for it", "[config]") {
  std::set<std::string_view> names;
  for (const Directive& row : directives()) {
    INFO(row.name);
    REQUIRE(names.insert(row.name).second);
    if (!row.alias.empty()) REQUIRE(names.insert(row.alias).second);
    REQUIRE(!row.doc.empty());
    REQUIRE((row.role == DirectiveRole::kUsed) != std::holds_alternative<std::monostate>(row.member));
  }
}

TEST_CASE("conf/sluice.conf is what the table prints", "[config]") {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/conf/sluice.conf");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  REQUIRE(text == config_reference());  // build/sluice-server --config-reference > conf/sluice.conf
}

TEST_CASE("the reference with its comment marks removed sets every directive to its default", "[config]") {
  const std::string reference = config_reference();
  Config config;
  REQUIRE(parse(config, reference) == std::nullopt);  // as it is, it changes nothing
  REQUIRE(config.get("*") == Config().get("*"));
  size_t lines = 0;
  for (const Directive& row : directives()) {
    const std::string begin = "\n# " + std::string(row.name) + " ";
    const size_t at = reference.find(begin);
    INFO(row.name);
    REQUIRE(at != std::string::npos);
    const size_t end = reference.find('\n', at + 1);
    REQUIRE(parse(config, std::string_view(reference).substr(at + 3, end - at - 3)) == std::nullopt);
    ++lines;
  }
  REQUIRE(lines == directives().size());
  REQUIRE(config.get("*") == Config().get("*"));
  REQUIRE(config.take_notices().empty());
}

TEST_CASE("a file sets what it names, whatever the case, the blanks and the line ends", "[config]") {
  Config config;
  REQUIRE(parse(config,
                "# a comment, with 'an open quote\n"
                "  # another\n"
                "\n"
                "   PORT\t7000  \r\n"
                "bind 10.0.0.1 ::1\n"
                "requirepass \"with \\\"quotes\\\" and \\x41\"\n"
                "pidfile 'it''s'\n") != std::nullopt);  // a word may not go on behind its quote
  REQUIRE(config.settings().port == 7000);
  REQUIRE(config.settings().bind == std::vector<std::string>{"10.0.0.1", "::1"});
  REQUIRE(config.settings().requirepass == "with \"quotes\" and A");
  REQUIRE(config.settings().pidfile.empty());
}

TEST_CASE("what is wrong with a file is said with its line, as Redis says it", "[config]") {
  const std::map<std::string, std::string> cases = {
      {"nosuch 1", "Bad directive or wrong number of arguments"},
      {"port", "wrong number of arguments"},
      {"port 1 2", "wrong number of arguments"},
      {"port x", "argument couldn't be parsed into an integer"},
      {"port 70000", "argument must be between 0 and 65535 inclusive"},
      {"appendonly maybe", "argument must be 'yes' or 'no'"},
      {"maxmemory 1tb", "argument must be a memory value"},
      {"maxmemory -1", "argument must be a memory value"},
      {"maxmemory 99999999999999999999k", "argument must be a memory value"},
      {"appendfsync sometimes", "argument(s) must be one of the following: everysec, always, no"},
      {"appendfilename a/b", "appendfilename can't be a path, just a filename"},
      {"appenddirname ..", "appenddirname can't be a path, just a dirname"},
      {"unixsocketperm 999", "argument couldn't be parsed as an octal number"},
      {"unixsocketperm 1777", "argument must be between 0 and 777 inclusive"},
      {"requirepass \"open", "Unbalanced quotes in configuration line"},
      {"include other.conf", "Fatal error, can't open config file 'other.conf'"},
      {"cluster-enabled yes", "there is no cluster mode"},
      {"tls-port 6380", "there is no TLS; put a proxy in front"},
  };
  for (const auto& [line, why] : cases) {
    Config config;
    const auto error = parse(config, "port 1\n" + line + "\nport 3\n");
    INFO(line);
    REQUIRE(error.has_value());
    REQUIRE(error->find("*** FATAL CONFIG FILE ERROR") != std::string::npos);
    REQUIRE(error->find("Reading the configuration file, at line 2\n>>> '" + line + "'\n" + why) !=
            std::string::npos);
    REQUIRE(config.settings().port == 1);
  }
}

TEST_CASE("a file may include others, but not without end", "[config]") {
  Config config;
  const auto files = [](const std::string& path) -> std::optional<std::string> {
    if (path == "inner") return "port 2\nmaxclients 5";
    return "include " + path;
  };
  REQUIRE(config.parse_file("port 1\ninclude inner\ntimeout 3", files) == std::nullopt);
  REQUIRE(config.settings().port == 2);
  REQUIRE(config.settings().maxclients == 5);
  REQUIRE(config.settings().timeout == 3);
  REQUIRE(config.parse_file("include itself", files)->find("include each other") != std::string::npos);
}

TEST_CASE("directives of Redis that do nothing here are kept, and said once each when they ask for something",
          "[config]") {
  Config config;
  REQUIRE(parse(config,
                "save 900 1\nhz 10\nreplica-read-only yes\nio-threads 4\nmaxmemory-policy allkeys-lru\n"
                "rdbcompression yes\n") == std::nullopt);
  const std::vector<std::string> notices = config.take_notices();
  REQUIRE(notices.size() == 3);
  REQUIRE(notices[0].find("'save'") == 0);
  REQUIRE(notices[1].find("'io-threads'") == 0);
  REQUIRE(notices[2].find("'maxmemory-policy allkeys-lru' is not followed, 'noeviction' holds") == 0);
  REQUIRE(config.take_notices().empty());
  REQUIRE(config.value("save") == "900 1");
  REQUIRE(config.value("io-threads") == "4");
  REQUIRE(config.value("maxmemory-policy") == "noeviction");
}

TEST_CASE("the command line gives directives as words", "[config]") {
  Config config;
  REQUIRE(config.parse_command_line({{"port", "7001"}, {"save", ""}, {"bind", "::1", "-127.0.0.1"}}) ==
          std::nullopt);
  REQUIRE(config.settings().port == 7001);
  REQUIRE(config.value("save") == "");
  REQUIRE(config.value("bind") == "::1 -127.0.0.1");
  const auto error = config.parse_command_line({{"nosuch", "7001"}});
  REQUIRE(error->find("the command line\n>>> 'nosuch 7001'\nBad directive") != std::string::npos);
}

TEST_CASE("CONFIG SET changes all it names or nothing", "[config]") {
  Config config;
  REQUIRE(set(config, {"maxmemory", "1gb", "TIMEOUT", "10", "lua-time-limit", "7"}) == std::nullopt);
  REQUIRE(config.settings().maxmemory == 1u << 30);
  REQUIRE(config.settings().timeout == 10);
  REQUIRE(config.settings().busy_reply_threshold == 7);

  REQUIRE(
      *set(config, {"maxmemory", "2gb", "timeout", "x"}) ==
      "ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an "
      "integer");
  REQUIRE(config.settings().maxmemory == 1u << 30);
  REQUIRE(config.value("maxmemory") == "1073741824");
  REQUIRE(*set(config, {"maxmemory", "1", "maxmemory", "2"}) ==
          "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - duplicate parameter");
  REQUIRE(*set(config, {"databases", "2"}) ==
          "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config");
  REQUIRE(*set(config, {"nosuch", "2"}) ==
          "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  REQUIRE(*set(config, {"maxmemory-policy", "allkeys-lru"}) ==
          "ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - argument(s) must be one "
          "of the "
          "following: noeviction");
  REQUIRE(set(config, {"save", "900 1 300 10"}) == std::nullopt);
  REQUIRE(config.value("save") == "900 1 300 10");
  REQUIRE(set(config, {"save", ""}) == std::nullopt);
  REQUIRE(config.value("save") == "");
}

TEST_CASE("CONFIG GET shows values in one form, sorted, each name once", "[config]") {
  Config config;
  REQUIRE(parse(config, "maxmemory 100MB\nunixsocketperm 0700\nappendfsync ALWAYS\nappendonly NO") ==
          std::nullopt);
  const std::string_view patterns[] = {"*max*memory",    "appendfsync", "maxmemory",
                                       "UNIXsocketperm", "appendonly",  "slave-read-only"};
  using Pair = std::pair<std::string, std::string>;
  REQUIRE(config.get(patterns) == std::vector<Pair>{{"UNIXsocketperm", "700"},
                                                    {"appendfsync", "always"},
                                                    {"appendonly", "no"},
                                                    {"maxmemory", "104857600"},
                                                    {"replica-ignore-maxmemory", "yes"},
                                                    {"slave-ignore-maxmemory", "yes"},
                                                    {"slave-read-only", "yes"}});
  REQUIRE(config.get("nosuch*").empty());
}

TEST_CASE("amounts of memory have units of a thousand and of 1024", "[config]") {
  REQUIRE(parse_memory("0") == 0u);
  REQUIRE(parse_memory("12b") == 12u);
  REQUIRE(parse_memory("1k") == 1000u);
  REQUIRE(parse_memory("1kB") == 1024u);
  REQUIRE(parse_memory("5m") == 5'000'000u);
  REQUIRE(parse_memory("5MB") == 5u << 20);
  REQUIRE(parse_memory("2g") == 2'000'000'000u);
  REQUIRE(parse_memory("16gb") == uint64_t{16} << 30);
  REQUIRE(parse_memory("") == 0u);
  REQUIRE(parse_memory("mb") == 0u);
  REQUIRE(parse_memory("18446744073709551616") == UINT64_MAX);
  for (const char* bad : {"1 kb", "1tb", "-1", "1.5g", "18446744073709551616k", "99999999999gb"}) {
    INFO(bad);
    REQUIRE(!parse_memory(bad));
  }
}

TEST_CASE("a word in quotes comes back as it was", "[config]") {
  for (const std::string word :
       {"", "plain", "two words", "\"", "back\\slash", "#hash", "line\nend", "\x80\xff"}) {
    const auto words = split_words(quoted_if_needed(word) + " next");
    REQUIRE(words.has_value());
    REQUIRE(*words == std::vector<std::string>{word, "next"});
  }
}

TEST_CASE("include may name several files, and what is wrong in one is said with its line", "[config]") {
  Config config;
  const auto read = [](const std::string& path) -> std::optional<std::string> {
    return path == "b.conf" ? "timeout 2\nnosuch 1" : "timeout 1\nport 5";
  };
  const auto expand = [](const std::string& pattern) {
    return pattern == "*.conf" ? std::vector<std::string>{"a.conf", "b.conf"} : std::vector<std::string>{};
  };
  REQUIRE(config.parse_file("include nothing*", read, expand) == std::nullopt);
  const auto error = config.parse_file("port 1\ninclude *.conf", read, expand);
  REQUIRE(error->find("Reading the configuration file b.conf, at line 2\n>>> 'nosuch 1'\nBad directive") !=
          std::string::npos);
  REQUIRE(config.settings().port == 5);
  REQUIRE(config.settings().timeout == 2);
  REQUIRE(config.parse_command_line({{"include", "a"}}, read) == std::nullopt);
  REQUIRE(config.settings().timeout == 1);
}

TEST_CASE("several lines of save add up, the first takes the place of the default, an empty one clears",
          "[config]") {
  Config config;
  REQUIRE(parse(config, "save 900 1\nsave 300 10\n") == std::nullopt);
  REQUIRE(config.value("save") == "900 1 300 10");
  REQUIRE(config.take_notices().size() == 1);
  REQUIRE(parse(config, "save \"\"\nsave 60 10000") == std::nullopt);
  REQUIRE(config.value("save") == "60 10000");
  REQUIRE(parse(config, "save 60")->find("Invalid save parameters") != std::string::npos);
  REQUIRE(*set(config, {"save", "x 1"}) ==
          "ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters");
}

TEST_CASE("percentiles are numbers from 0 to 100", "[config]") {
  Config config;
  const std::string begin =
      "ERR CONFIG SET failed (possibly related to argument 'latency-tracking-info-percentiles') - ";
  REQUIRE(*set(config, {"latency-tracking-info-percentiles", "50 101"}) ==
          begin + "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
  REQUIRE(*set(config, {"latency-tracking-info-percentiles", "a"}) ==
          begin + "Invalid latency-tracking-info-percentiles parameters");
  REQUIRE(set(config, {"latency-tracking-info-percentiles", ""}) == std::nullopt);
  REQUIRE(config.value("latency-tracking-info-percentiles") == "");
}

TEST_CASE("CONFIG SET of the directory is refused as Redis refuses it", "[config]") {
  Config config;
  REQUIRE(*set(config, {"dir", "/tmp"}) ==
          "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config");
}

TEST_CASE("a rewritten file keeps comments, order and what still holds", "[config]") {
  const std::string text =
      "# my server\n"
      "\n"
      "PORT 7000\n"
      "maxmemory 100mb   \n"
      "include other.conf\n"
      "save 900 1\n"
      "save 300 10\n"
      "timeout 5\n"
      "timeout 6\n"
      "# end\n"
      "requirepass secret\n";
  Config config;
  REQUIRE(config.parse_file(text, [](const std::string&) { return "slowlog-max-len 7"; }) == std::nullopt);
  const std::string unchanged = config.rewritten(text);
  REQUIRE(unchanged == text + "# Generated by CONFIG REWRITE\nslowlog-max-len 7\n");

  REQUIRE(set(config, {"timeout", "9", "save", "", "requirepass", "two words", "loglevel", "debug"}) ==
          std::nullopt);
  const std::string changed = config.rewritten(unchanged);
  REQUIRE(changed ==
          "# my server\n"
          "\n"
          "PORT 7000\n"
          "maxmemory 100mb   \n"
          "include other.conf\n"
          "save \"\"\n"
          "timeout 9\n"
          "# end\n"
          "requirepass \"two words\"\n"
          "# Generated by CONFIG REWRITE\n"
          "slowlog-max-len 7\n"
          "loglevel debug\n");
  REQUIRE(config.rewritten(changed) == changed);

  Config again;
  REQUIRE(again.parse_file(changed, [](const std::string&) { return ""; }) == std::nullopt);
  REQUIRE(again.get("*") == config.get("*"));
}

TEST_CASE("a rewritten file has the users as they are now, where it had them", "[config]") {
  const Config config;
  const std::string users[] = {"user alice on #hash ~a* resetchannels -@all +get",
                               "user carol off resetchannels -@all"};
  const std::string text =
      "# people\n"
      "user bob on nopass ~*\n"
      "user alice on >secret ~a* +get\n"
      "# twice\n"
      "USER alice on\n";
  const std::string changed = config.rewritten(text, users);
  REQUIRE(changed ==
          "# people\n" + users[0] + "\n# twice\n# Generated by CONFIG REWRITE\n" + users[1] + "\n");
  REQUIRE(config.rewritten(changed, users) == changed);
  REQUIRE(config.rewritten(changed) == "# people\n# twice\n# Generated by CONFIG REWRITE\n");
}

TEST_CASE("a rewrite of nothing writes what is not at its default", "[config]") {
  Config config;
  REQUIRE(config.rewritten("").empty());
  REQUIRE(set(config, {"maxclients", "77"}) == std::nullopt);
  REQUIRE(config.rewritten("") == "# Generated by CONFIG REWRITE\nmaxclients 77\n");
  REQUIRE(config.rewritten("nosuch 1\nmaxclients x\n") == "nosuch 1\nmaxclients 77\n");
}

TEST_CASE("rename-command takes pairs, and an empty name", "[config]") {
  Config config;
  REQUIRE(parse(config, "rename-command FLUSHALL \"\"\nrename-command config hidden\n") == std::nullopt);
  REQUIRE(config.settings().renamed_commands == std::vector<std::string>{"FLUSHALL", "", "config", "hidden"});
  REQUIRE(parse(config, "rename-command one")->find("wrong number of arguments") != std::string::npos);
}

}  // namespace
}  // namespace sluice::core
