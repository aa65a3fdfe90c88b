// SPDX-License-Identifier: MIT
//
// The tree keeps its own rules, and the rules can tell when it does not.
#include <catch2/catch.hpp>

#include "tests/tidy/rules.h"

using namespace sluice::tidy;

namespace {

const SourceTree& sources() {
  static const SourceTree tree = read_source_tree(SLUICE_SOURCE_DIR);
  return tree;
}

std::string listed(const Violations& violations) {
  std::string text;
  for (const std::string& violation : violations)
    text += violation + "\n";
  return text;
}

// Every way to break a rule, each found.
void found_in(const Violations& violations, const Violations& wanted) {
  REQUIRE(listed(violations) == listed(wanted));
}

const std::string kLicence = "// SPDX-License-Identifier: MIT\n";

}  // namespace

TEST_CASE("the tree is read", "[tidy]") {
  REQUIRE(sources().contains("server/core/server.h"));
  REQUIRE(sources().contains("tests/tidy/tidy_test.cc"));
}

TEST_CASE("folders include only whom they may", "[tidy]") {
  REQUIRE(listed(includes_against_the_arrows(sources())) == "");

  const SourceTree tree = {{"engine/base/a.h", "#include \"engine/list.h\"\n"},
                           {"engine/list.h", "#include \"engine/base/a.h\"\n#include \"protocol/p.h\"\n"},
                           {"protocol/p.h", "#include \"engine/list.h\"\n#include \"a.h\"\n"},
                           {"server/core/s.h", "#include \"engine/list.h\"\n#include \"server/net/n.h\"\n"},
                           {"server/net/n.h", "#include \"server/core/s.h\"\n#include \"engine/list.h\"\n"},
                           {"server/main.cc", "#include \"server/net/n.h\"\n"},
                           {"tests/t.cc", "#include \"server/net/n.h\"\n"}};
  found_in(
      includes_against_the_arrows(tree),
      {"engine/base/a.h: includes engine/list.h", "engine/list.h: includes protocol/p.h",
       "protocol/p.h: includes engine/list.h", "protocol/p.h: includes a.h, which is no path from the root",
       "server/core/s.h: includes server/net/n.h", "server/net/n.h: includes engine/list.h"});
}

TEST_CASE("the operating system is talked to at the edge only", "[tidy]") {
  REQUIRE(listed(outside_world_in_the_wrong_place(sources())) == "");

  const SourceTree tree = {
      {"server/core/a.cc", "#include <uv.h>\n#include <fcntl.h>\n#include <sys/stat.h>\n"},
      {"server/core/b.cc", "// fopen(\nvoid f() { g(\"fopen(\"); fopen (x); }\n"},
      {"server/net/c.cc", "#include <uv.h>\n#include <unistd.h>\n#include <jemalloc/jemalloc.h>\n"},
      {"server/net/d.cc", "#include <jemalloc/jemalloc.h>\n"},
      {"persistence/posix_file_system.cc", "#include <fcntl.h>\nint x = fsync(3);\n"},
      {"tests/e2e/t.cc", "#include <unistd.h>\n"}};
  found_in(outside_world_in_the_wrong_place(tree),
           {"server/core/a.cc: includes <uv.h>", "server/core/a.cc: includes <fcntl.h>",
            "server/core/a.cc: includes <sys/stat.h>", "server/core/b.cc: calls fopen",
            "server/net/d.cc: uses jemalloc, as server/net/c.cc does"});
}

TEST_CASE("time and chance come through their seams only", "[tidy]") {
  REQUIRE(listed(time_or_chance_in_the_wrong_place(sources())) == "");

  const SourceTree tree = {{"engine/a.cc", "#include <chrono>\n#include <random>\n"},
                           {"engine/b.cc", "int x = rand();\n"},
                           {"engine/c.cc", "int x = brand(); // rand()\nint y = time(call);\n"},
                           {"engine/d.cc", "int x = time(nullptr);\n"},
                           {"server/net/e.cc", "#include <chrono>\n"}};
  found_in(time_or_chance_in_the_wrong_place(tree),
           {"engine/a.cc: includes <chrono>", "engine/a.cc: includes <random>", "engine/b.cc: calls rand(",
            "engine/d.cc: calls time(nullptr)"});
}

TEST_CASE("every folder says what it is for", "[tidy]") {
  REQUIRE(listed(folders_without_readme(sources())) == "");

  const SourceTree tree = {{"README.md", ""},
                           {"engine/a.h", ""},
                           {"engine/base/README.md", ""},
                           {"tests/sim/a.cc", ""},
                           {"tests/engine/a_test.cc", ""},
                           {"tests/README.md", ""},
                           {"engine/base/a.h", ""}};
  found_in(folders_without_readme(tree), {"engine/README.md: is missing", "tests/sim/README.md: is missing"});
}

TEST_CASE("every source file begins with the licence", "[tidy]") {
  REQUIRE(listed(files_without_licence(sources())) == "");

  const SourceTree tree = {{"a.h", "#pragma once\n"}, {"b.cc", kLicence}, {"c.md", ""}};
  found_in(files_without_licence(tree), {"a.h: does not begin with the licence line"});
}

TEST_CASE("no line of a source file is longer than 120 columns", "[tidy]") {
  REQUIRE(listed(lines_too_long(sources())) == "");

  std::string arrows;
  for (int i = 0; i < 120; ++i)
    arrows += "→";
  const SourceTree tree = {{"a.h", kLicence + std::string(121, 'x') + "\n"}, {"b.h", arrows}};
  found_in(lines_too_long(tree), {"a.h: 2: 121 columns"});
}

TEST_CASE("every file is built", "[tidy]") {
  REQUIRE(listed(files_not_built(sources(), read_file(SLUICE_BINARY_DIR "/compile_commands.json"))) == "");

  const SourceTree tree = {{"a.h", ""}, {"b.h", ""}, {"b.cc", "#include \"b.h\"\n"}, {"c.cc", ""}};
  found_in(files_not_built(tree, R"("file": "/work/b.cc")"),
           {"a.h: nobody includes it", "c.cc: is in no target"});
}
