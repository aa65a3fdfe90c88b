// SPDX-License-Identifier: MIT
//
// Turns and workers on a real loop, without sockets. The steps are counted by who calls whom, not by time.
#include "server/net/loop.h"

#include <catch2/catch.hpp>
#include <string>

#include "server/net/uv_worker.h"

namespace sluice::net {
namespace {

// Writes down what happens, and ends the loop at the end of the turn in which `last` was noted.
struct Story {
  explicit Story(Loop& loop) : loop_(loop) {
    loop.set_hooks({.begin = [this] { text += "("; },
                    .end =
                        [this] {
                          text += ")";
                          if (text.find(last) != std::string::npos) loop_.stop();
                        },
                    .delay =
                        [this] {
                          const int64_t next = delay;
                          delay = INT64_MAX;
                          return Millis{next};
                        }});
  }

  std::string text;
  std::string last = "never";
  int64_t delay = INT64_MAX;

 private:
  Loop& loop_;
};

TEST_CASE("a turn is opened once and closed once", "[loop]") {
  Loop loop;
  Story story(loop);
  story.last = ")";
  loop.enter_turn();
  loop.enter_turn();
  REQUIRE(story.text == "(");
  REQUIRE(loop.turn() == 1);
  loop.run();
  REQUIRE(story.text == "()");
  REQUIRE(loop.turn() == 1);
}

TEST_CASE("the loop opens a turn when one is due", "[loop]") {
  Loop loop;
  Story story(loop);
  story.delay = 1;
  story.last = ")()";
  loop.run();
  REQUIRE(story.text == "()()");
}

TEST_CASE("what a worker has done is told in a turn", "[loop][worker]") {
  Loop loop;
  Story story(loop);
  UvWorker worker(loop);
  bool worked = false;
  worker.start([&worked] { worked = true; }, [&story] { story.text += "done"; });
  story.last = "done";
  loop.run();
  REQUIRE(worked);
  REQUIRE(story.text.find("(done)") != std::string::npos);
}

TEST_CASE("a worker takes the next call from the end of the last", "[loop][worker]") {
  Loop loop;
  Story story(loop);
  UvWorker worker(loop);
  const auto nothing = [] {};
  worker.start(nothing, [&] { worker.start(nothing, [&story] { story.text += "second"; }); });
  story.last = "second";
  loop.run();
  REQUIRE(story.text.find("second") != std::string::npos);
}

TEST_CASE("who waits for a worker has it done then, and only once", "[loop][worker]") {
  Loop loop;
  Story story(loop);
  UvWorker worker(loop);
  worker.wait();  // nothing to wait for

  loop.enter_turn();
  worker.start([] {}, [&story] { story.text += "first"; });
  worker.wait();
  REQUIRE(story.text == "(first");
  worker.start([] {}, [&story] { story.text += "second"; });
  story.last = "second";
  loop.run();
  REQUIRE(story.text.find("first", story.text.find("first") + 1) == std::string::npos);
}

TEST_CASE("a worker that ends while it works waits for the work and tells nobody", "[loop][worker]") {
  Loop loop;
  bool worked = false;
  bool told = false;
  {
    UvWorker worker(loop);
    worker.start([&worked] { worked = true; }, [&told] { told = true; });
  }
  REQUIRE(worked);
  REQUIRE(!told);
}

}  // namespace
}  // namespace sluice::net
