// SPDX-License-Identifier: MIT
//
// The interpreter with a host that is a table: what scripts see, and what they cannot do.
#include "server/scripting/machine.h"

#include <catch2/catch.hpp>
#include <map>

#include "server/scripting/script_header.h"

using namespace sluice;
using namespace sluice::scripting;
using namespace std::string_literals;

namespace {

class TableHost : public Host {
 public:
  std::string_view call(Words words, int protocol) override {
    called.emplace_back();
    for (const std::string_view word : words)
      called.back().append(called.back().empty() ? "" : " ").append(word);
    protocols.push_back(protocol);
    const auto it = replies.find(words[0]);
    return it == replies.end() ? std::string_view("+OK\r\n") : it->second;
  }
  std::optional<bool> permits(Words words) override {
    if (words[0] == "nosuch") return std::nullopt;
    return words[0] != "forbidden";
  }
  void log(LogLevel, std::string_view text) override { logged.emplace_back(text); }
  bool interrupted() override { return looks_left-- == 0; }

  std::map<std::string, std::string, std::less<>> replies;
  std::vector<std::string> called;
  std::vector<int> protocols;
  std::vector<std::string> logged;
  int looks_left = -1;
};

class Bench {
 public:
  std::string run(std::string_view source, int protocol = 2, Words keys = {}, Words arguments = {}) {
    std::string error;
    const std::optional<Reference> function = machine.compile(source, error);
    if (!function) return "cannot compile: " + error;
    ByteBuffer reply;
    machine.run({host, *function, "name", keys, arguments}, protocol, reply);
    machine.release(*function);
    return std::string(reply.view());
  }
  TableHost host;
  static constexpr size_t kMemoryMax = 16u << 20;
  Machine machine{Machine::Kind::kScripts, "7.4.0", kMemoryMax};
};

}  // namespace

TEST_CASE("values become replies", "[scripting]") {
  Bench bench;
  REQUIRE(bench.run("return 3.9") == ":3\r\n");
  REQUIRE(bench.run("return 1e300") == ":-9223372036854775808\r\n");
  REQUIRE(bench.run("return 'a'") == "$1\r\na\r\n");
  REQUIRE(bench.run("return {1, 'b', nil, 4}") == "*2\r\n:1\r\n$1\r\nb\r\n");
  REQUIRE(bench.run("return true") == ":1\r\n");
  REQUIRE(bench.run("return false") == "$-1\r\n");
  REQUIRE(bench.run("return false", 3) == "_\r\n");
  REQUIRE(bench.run("redis.setresp(3) return false", 3) == "#f\r\n");
  REQUIRE(bench.run("return {ok='fine'}") == "+fine\r\n");
  REQUIRE(bench.run("return {err='BAD thing'}") == "-BAD thing\r\n");
  REQUIRE(bench.run("return {double=1.5}", 3) == ",1.5\r\n");
  REQUIRE(bench.run("return {map={a=1}}", 3) == "%1\r\n$1\r\na\r\n:1\r\n");
  REQUIRE(bench.run("return {set={a=true}}", 3) == "~1\r\n$1\r\na\r\n");
  REQUIRE(bench.run("return {big_number='12'}", 3) == "(12\r\n");
  REQUIRE(bench.run("return {verbatim_string={format='txt', string='x'}}", 3) == "=5\r\ntxt:x\r\n");
  REQUIRE(bench.run("return {verbatim_string={string='x'}}", 3) == "*0\r\n");
  REQUIRE(bench.run("return {verbatim_string={format='txt'}}", 3) == "*0\r\n");
  REQUIRE(bench.run("return {verbatim_string={format='txt', string=1}, 5}", 3) == "*1\r\n:5\r\n");
  REQUIRE(bench.run("return") == "$-1\r\n");
}

TEST_CASE("replies become values", "[scripting]") {
  Bench bench;
  bench.host.replies = {{"array", "*3\r\n:1\r\n$-1\r\n*1\r\n$1\r\nx\r\n"},
                        {"map", "%1\r\n$1\r\na\r\n:7\r\n"},
                        {"set", "~1\r\n$1\r\nm\r\n"},
                        {"double", ",2.5\r\n"},
                        {"null", "_\r\n"},
                        {"big", "(123\r\n"},
                        {"verbatim", "=7\r\ntxt:abc\r\n"},
                        {"error", "-WRONG no\r\n"}};
  REQUIRE(bench.run("local r = redis.call('array') return {r[1], tostring(r[2]), r[3][1]}") ==
          "*3\r\n:1\r\n$5\r\nfalse\r\n$1\r\nx\r\n");
  REQUIRE(bench.run("return redis.call('map').map.a") == ":7\r\n");
  REQUIRE(bench.run("return redis.call('set').set.m") == ":1\r\n");
  REQUIRE(bench.run("return redis.call('double').double * 2") == ":5\r\n");
  REQUIRE(bench.run("return tostring(redis.call('null'))") == "$3\r\nnil\r\n");
  REQUIRE(bench.run("return redis.call('big').big_number") == "$3\r\n123\r\n");
  REQUIRE(bench.run("return redis.call('verbatim').verbatim_string.string") == "$3\r\nabc\r\n");
  REQUIRE(bench.run("return redis.pcall('error').err") == "$8\r\nWRONG no\r\n");
  REQUIRE(bench.run("return redis.call('error')") == "-WRONG no script: name, on @user_script:1.\r\n");
}

TEST_CASE("words of a call keep all their digits", "[scripting]") {
  Bench bench;
  bench.run("redis.call('set', 7354202801775748, 1.5, 'a', -3)");
  REQUIRE(bench.host.called == std::vector<std::string>{"set 7354202801775748 1.5 a -3"});
  bench.run("redis.setresp(3) redis.call('get') ");
  REQUIRE(bench.host.protocols == std::vector<int>{2, 3});
}

TEST_CASE("no script leaves anything to the next", "[scripting]") {
  Bench bench;
  const std::string refused =
      "-ERR user_script:1: Attempt to modify a readonly table script: name, on @user_script:1.\r\n";
  for (const char* change : {"x = 1", "_G.x = 1", "string.x = 1", "redis.call = 1", "KEYS = {}",
                             "cjson.encode = 1", "getmetatable('').__index = 1", "getmetatable(_G).x = 1",
                             "for k, v in pairs({_G}) do v.x = 1 end", "local n, t = pairs(_G) t.x = 1"}) {
    INFO(change);
    REQUIRE(bench.run(change) == refused);
  }
  for (const char* change : {"rawset(_G, 'x', 1)", "setmetatable(_G, {})", "setmetatable(string, {})",
                             "table.insert(math, 1)", "table.sort(redis)", "rawset(redis, 'x', 1)"}) {
    INFO(change);
    REQUIRE(bench.run(change) ==
            "-ERR Attempt to modify a readonly table script: name, on @user_script:1.\r\n");
  }
  REQUIRE(bench.run("return x")
              .starts_with("-ERR user_script:1: Script attempted to access nonexistent global variable 'x'"));
  for (const char* gone : {"print", "dofile", "loadfile", "os", "io", "debug", "require", "package",
                           "getfenv", "setfenv", "newproxy", "module"}) {
    INFO(gone);
    REQUIRE(bench.run("return " + std::string(gone)).find("nonexistent global variable") !=
            std::string::npos);
  }
}

TEST_CASE("globals can be listed but not reached behind", "[scripting]") {
  Bench bench;
  REQUIRE(bench.run("local n = 0 for k in pairs(_G) do n = n + 1 end return n > 30") == ":1\r\n");
  REQUIRE(bench.run("local n = 0 for k in pairs(string) do n = n + 1 end return n > 10") == ":1\r\n");
  REQUIRE(bench.run("return rawget(_G, 'nosuch') == nil") == ":1\r\n");
  REQUIRE(bench.run("return ('abc'):upper()") == "$3\r\nABC\r\n");
}

TEST_CASE("compiled chunks are not accepted", "[scripting]") {
  Bench bench;
  REQUIRE(bench.run("return {loadstring(string.dump(function() return 7 end))}") == "*0\r\n");
  REQUIRE(bench.run("local d = string.dump(function() return 7 end) return {load(function() local r = d d = "
                    "nil return r end)}") == "*0\r\n");
  REQUIRE(bench.run("\x1bLua").starts_with("cannot compile"));
}

TEST_CASE("an error is one line that says where", "[scripting]") {
  Bench bench;
  REQUIRE(bench.run("\n\nerror('boom')") == "-ERR user_script:3: boom script: name, on @user_script:3.\r\n");
  REQUIRE(bench.run("error(true)") == "-ERR true script: name, on @user_script:1.\r\n");
  REQUIRE(bench.run("error(false)") == "-ERR false script: name, on @user_script:1.\r\n");
  REQUIRE(bench.run("error(nil)") == "-ERR nil script: name, on @user_script:1.\r\n");
  REQUIRE(bench.run("error({err='MY own'})") == "-MY own script: name, on @user_script:1.\r\n");
  REQUIRE(bench.run("error({})") == "-ERR unknown error script: name, on @user_script:1.\r\n");
  REQUIRE(bench.run("error(setmetatable({}, {__index = function() error('again') end}))")
              .starts_with("-ERR unknown error"));
  REQUIRE(bench.run("error({err='a\\r\\nb'})") == "-a  b script: name, on @user_script:1.\r\n");
  REQUIRE(bench.run("return select(2, pcall(error, {err='x'}))") == "$1\r\nx\r\n");
}

TEST_CASE("a script that takes all memory fails, and the next one runs", "[scripting]") {
  Bench bench;
  const std::string reply = bench.run("local s = 'x' while true do s = s .. s end");
  REQUIRE(reply.find("not enough memory") != std::string::npos);
  bench.run("local t = {} for i = 1, 100 do t[i] = i end");
  REQUIRE(bench.run("return 1") == ":1\r\n");
  REQUIRE(bench.machine.memory_used() < Bench::kMemoryMax);
}

TEST_CASE("a script that is interrupted ends whatever it catches", "[scripting]") {
  Bench bench;
  bench.host.looks_left = 3;
  const std::string reply = bench.run("while true do pcall(function() while true do end end) end");
  REQUIRE(reply.find("Script killed by user with SCRIPT KILL...") != std::string::npos);
  bench.host.looks_left = -1;
  REQUIRE(bench.run("return 2") == ":2\r\n");
}

TEST_CASE("deep recursion and deep tables end in an answer", "[scripting]") {
  Bench bench;
  REQUIRE(bench.run("local function f() return 1 + f() end return f()").find("stack overflow") !=
          std::string::npos);
  REQUIRE(bench.run("local t = {} t[1] = t return t").find("stack limit") != std::string::npos);
  REQUIRE(bench.run("local t = {} for i = 1, 100000 do t = {t} end return t").find("stack limit") !=
          std::string::npos);
  REQUIRE(bench.run("local t = {} for i = 1, 100 do t = {t} end return #cmsgpack.pack(t)") == ":17\r\n");
}

TEST_CASE("scripts that have used up all memory leave room for the next one", "[scripting]") {
  // Ever smaller strings, until nothing fits any more.
  const std::string fill =
      "local t = {} for _, n in ipairs{400000, 10000, 2000, 40, 8} do"
      " pcall(function() while true do t[#t + 1] = string.rep('x', n) .. #t end end) end return 1";
  Bench bench;
  bench.run(fill);
  REQUIRE(bench.machine.memory_used() < Bench::kMemoryMax / kMemoryShareLeft);
  REQUIRE(bench.run("return 2") == ":2\r\n");
  // One that does not go so far may still leave more than is good.
  REQUIRE(bench.run("local s = string.rep('x', 2500000) s = s .. 'y' return 3") == ":3\r\n");
  REQUIRE(bench.machine.memory_used() < Bench::kMemoryMax / kMemoryShareLeft);
  // Nor does one that is too long to be compiled, which is told in so many words.
  std::string error;
  std::string numbers = "return {";
  for (int i = 0; i < 200'000; ++i)
    numbers += "'" + std::to_string(i) + "',";
  REQUIRE_FALSE(bench.machine.compile(numbers + "}", error));
  REQUIRE(error.find("not enough memory") != std::string::npos);
  REQUIRE(bench.run("return 4") == ":4\r\n");

  Machine machine(Machine::Kind::kFunctions, "7.4.0", Bench::kMemoryMax);
  std::vector<RegisteredFunction> functions;
  const std::string library = "redis.register_function('fill', function() " + fill +
                              " end) redis.register_function('two', function() return 2 end)";
  REQUIRE(machine.load(bench.host, library, functions, error));
  ByteBuffer reply;
  machine.run({bench.host, functions[0].function, "fill", {}, {}}, 2, reply);
  reply.clear();
  REQUIRE(machine.run({bench.host, functions[1].function, "two", {}, {}}, 2, reply));
  REQUIRE(reply.view() == ":2\r\n");
}

TEST_CASE("packed values are read as deep as Lua's stack is", "[scripting]") {
  Bench bench;
  const auto depth = [&bench](const std::string& level, int levels) {
    return bench.run("local v = cmsgpack.unpack(string.rep('" + level + "', " + std::to_string(levels) +
                     ") .. '\\1') local d = 0 while type(v) == 'table' do v = v[1] d = d + 1 end return d");
  };
  for (const char* level : {"\\145", "\\129\\1"}) {
    REQUIRE(depth(level, 33) == ":33\r\n");
    REQUIRE(depth(level, 3000) == ":3000\r\n");
  }
  REQUIRE(depth("\\145", 5000)
              .starts_with("-ERR user_script:1: stack overflow (in function mp_decode_to_lua_array)"));
  REQUIRE(depth("\\129\\1", 5000)
              .starts_with("-ERR user_script:1: stack overflow (too many return values at once; use "
                           "unpack_one or unpack_limit"));
  REQUIRE(bench.run("return cmsgpack.unpack_one('\\1\\2')") == ":1\r\n");
}

TEST_CASE("every kind of packed value is read, and what is cut short is told", "[scripting]") {
  Bench bench;
  const auto shown = [&bench](const std::string& packed) {
    return bench.run("local v = cmsgpack.unpack('" + packed + "') return tostring(v)");
  };
  const std::pair<const char*, const char*> values[] = {
      {"\\127", "127"},
      {"\\224", "-32"},
      {"\\192", "nil"},
      {"\\194", "false"},
      {"\\195", "true"},
      {"\\161a", "a"},
      {"\\196\\1b", "b"},
      {"\\197\\0\\1c", "c"},
      {"\\198\\0\\0\\0\\1d", "d"},
      {"\\217\\1e", "e"},
      {"\\218\\0\\1f", "f"},
      {"\\219\\0\\0\\0\\1g", "g"},
      {"\\202\\63\\128\\0\\0", "1"},
      {"\\203\\63\\248\\0\\0\\0\\0\\0\\0", "1.5"},
      {"\\204\\255", "255"},
      {"\\205\\255\\255", "65535"},
      {"\\206\\255\\255\\255\\255", "4294967295"},
      {"\\207\\255\\255\\255\\255\\255\\255\\255\\255", "-1"},
      {"\\208\\128", "-128"},
      {"\\209\\128\\0", "-32768"},
      {"\\210\\255\\255\\255\\254", "-2"},
      {"\\211\\255\\255\\255\\255\\255\\255\\255\\253", "-3"}};
  for (const auto& [packed, text] : values) {
    INFO(packed);
    REQUIRE(shown(packed) == "$" + std::to_string(std::string(text).size()) + "\r\n" + text + "\r\n");
  }
  REQUIRE(bench.run("return cmsgpack.unpack('\\220\\0\\2\\5\\145\\6')") == "*2\r\n:5\r\n*1\r\n:6\r\n");
  REQUIRE(bench.run("return cmsgpack.unpack('\\221\\0\\0\\0\\1\\5')") == "*1\r\n:5\r\n");
  REQUIRE(bench.run("return cmsgpack.unpack('\\222\\0\\1\\161k\\7').k") == ":7\r\n");
  REQUIRE(bench.run("return cmsgpack.unpack('\\223\\0\\0\\0\\1\\161k\\7').k") == ":7\r\n");
  for (const char* cut :
       {"\\221\\1", "\\221\\255\\255\\255\\255\\1", "\\220\\255\\255\\1", "\\222\\0\\2\\1\\1", "\\162a",
        "\\219\\255\\255\\255\\255a", "\\217", "\\203\\0", "\\146\\1", "\\129\\1", "\\145"}) {
    INFO(cut);
    REQUIRE(shown(cut).find("Missing bytes in input.") != std::string::npos);
  }
  for (const char* bad : {"\\193", "\\212\\1\\2", "\\199\\1\\2\\3", "\\145\\200"}) {
    INFO(bad);
    REQUIRE(shown(bad).find("Bad data format in input.") != std::string::npos);
  }
  REQUIRE(shown("\\129\\192\\1").find("table index is nil") != std::string::npos);
}

TEST_CASE("the libraries of Redis are there", "[scripting]") {
  Bench bench;
  REQUIRE(bench.run("return cjson.encode({1, 2, {a = 'x'}})") == "$15\r\n[1,2,{\"a\":\"x\"}]\r\n");
  REQUIRE(bench.run("return cjson.decode('[1,{\"a\":5}]')[2].a") == ":5\r\n");
  REQUIRE(bench.run("return bit.band(255, 15)") == ":15\r\n");
  REQUIRE(bench.run("return redis.sha1hex('a')") == "$40\r\n86f7e437faa5a7fce15d1ddcb9eaeaea377667b8\r\n");
  REQUIRE(bench.run("return struct.pack('>I2<I2', 1, 1)") == "$4\r\n\0\1\1\0\r\n"s);
  REQUIRE(bench.run("return {struct.unpack('>i2', '\\255\\254')}") == "*2\r\n:-2\r\n:3\r\n");
  REQUIRE(bench.run("return struct.size('!8bI8')") == ":16\r\n");
  REQUIRE(bench.run("return struct.pack('=i4', 1)").find("invalid format option '='") != std::string::npos);
  REQUIRE(bench.run("return {struct.unpack('i4', 'abcdefgh', -4)}").find("data string too short") !=
          std::string::npos);
  REQUIRE(bench.run("return {struct.unpack('i4', 'abcdefgh', 0)}").find("offset must be 1 or greater") !=
          std::string::npos);
  REQUIRE(bench.run("return {struct.unpack('', 'abcdefgh', -4)}") == "*1\r\n:-4\r\n");
  REQUIRE(
      bench.run("local a, b = cmsgpack.unpack(cmsgpack.pack({1, 'x'}, {k = 1.5})) return {a[2], b.k * 2}") ==
      "*2\r\n$1\r\nx\r\n:3\r\n");
  REQUIRE(bench.run("return {cmsgpack.unpack_one('\\1\\2', 1)}") == "*2\r\n:-1\r\n:2\r\n");
  REQUIRE(bench.run("return redis.acl_check_cmd('get', 'k')") == ":1\r\n");
  REQUIRE(bench.run("return redis.acl_check_cmd('forbidden')") == "$-1\r\n");
  REQUIRE(bench.run("redis.log(redis.LOG_WARNING, 'a', 'b')") == "$-1\r\n");
  REQUIRE(bench.host.logged == std::vector<std::string>{"a b"});
  REQUIRE(bench.run("return {redis.REDIS_VERSION, redis.REDIS_VERSION_NUM}") ==
          "*2\r\n$5\r\n7.4.0\r\n:459776\r\n");
  REQUIRE(bench.run("return pcall(unpack, {}, 1, 8001)") == "$-1\r\n");
}

TEST_CASE("keys and arguments come as they were given", "[scripting]") {
  Bench bench;
  const std::vector<std::string_view> keys = {"k1", std::string_view("\0", 1)};
  const std::vector<std::string_view> arguments = {"a"};
  REQUIRE(bench.run("return {KEYS[1], KEYS[2], ARGV[1], #KEYS, #ARGV}", 2, keys, arguments) ==
          "*5\r\n$2\r\nk1\r\n$1\r\n\0\r\n$1\r\na\r\n:2\r\n:1\r\n"s);
}

TEST_CASE("a library registers functions or changes nothing", "[scripting]") {
  TableHost host;
  Machine machine(Machine::Kind::kFunctions, "7.4.0");
  std::vector<RegisteredFunction> functions;
  std::string error;
  REQUIRE(machine.load(host, "redis.register_function('f', function(keys, args) return args end)", functions,
                       error));
  REQUIRE(functions.size() == 1);
  const std::vector<std::string_view> arguments = {"x"};
  ByteBuffer reply;
  REQUIRE(machine.run({host, functions[0].function, "f", {}, arguments}, 2, reply));
  REQUIRE(reply.view() == "*1\r\n$1\r\nx\r\n");

  std::vector<RegisteredFunction> none;
  REQUIRE_FALSE(machine.load(host, "redis.register_function('g', function() end) error('no')", none, error));
  REQUIRE(none.empty());
  REQUIRE(error == "Error registering functions: ERR user_function:1: no");
  REQUIRE_FALSE(machine.load(host, "redis.call('get')", none, error));
  REQUIRE(error.find("nonexistent global variable 'call'") != std::string::npos);
}

TEST_CASE("the first line of a script says what it promises", "[scripting]") {
  std::string error;
  REQUIRE(read_script_header("return 1", error)->flags == kUndeclared);
  REQUIRE(read_script_header("#!lua\nreturn 1", error)->flags == 0);
  REQUIRE(read_script_header("#!lua flags=no-writes,allow-oom\nreturn 1", error)->flags ==
          (kNoWrites | kAllowOom));
  REQUIRE(read_script_header("#!lua flags=\nreturn 1", error)->body == "\nreturn 1");
  REQUIRE_FALSE(read_script_header("#!lua", error));
  REQUIRE(error == "ERR Invalid script shebang");
  REQUIRE_FALSE(read_script_header("#!lua flags=x\n", error));
  REQUIRE(error == "ERR Unexpected flag in script shebang: x");
  REQUIRE_FALSE(read_script_header("#!lua name=x\n", error));
  REQUIRE(error == "ERR Unknown lua shebang option: name=x");
  REQUIRE_FALSE(read_script_header("#!js\n", error));
  REQUIRE(error == "ERR Unexpected engine in script shebang: #!js");
  REQUIRE(read_library_header("#!lua name=lib\nx", error)->name == "lib");
  REQUIRE_FALSE(read_library_header("x", error));
  REQUIRE(error == "ERR Missing library metadata");
}
