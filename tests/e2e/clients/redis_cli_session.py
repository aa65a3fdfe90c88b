#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's redis-cli: what it prints for the same lines, in each of its forms; what it shows to a subscriber, a monitor
and a person whose server goes away. Its other modes are in redis_cli.py. """
import pathlib
import re
import select
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from redis_cli import CLI, PROMPT, Terminal
from telling import WAIT_SECONDS_MAX, Session, until

session = Session()
say = session.say
# Typed replies in RESP2, as they are in RESP3, and two forms for programs.
FORMS = {"plain": ["--no-raw"], "resp3": ["-3", "--no-raw"], "csv": ["-3", "--csv"], "json": ["-3", "--json"]}


def lines_of(path):
    families, lines = {}, []
    for line in path.read_text().splitlines():
        if line.startswith("== "):
            lines = families.setdefault(line[3:], [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return families


def run(*words, stdin=None):
    done = subprocess.run([CLI, "-p", str(session.port), *words], input=stdin, capture_output=True,
                          timeout=WAIT_SECONDS_MAX, check=False)
    return done.stdout + done.stderr


def ask(*words):
    return run("--raw", *words).decode().rstrip("\n")


def blocked(count):
    until(f"{count} blocked clients", lambda: f"\nblocked_clients:{count}\r" in ask("INFO", "clients"))


class Process:
    """A redis-cli that goes on until it is ended; its output line by line."""

    def __init__(self, *words):
        self.process = subprocess.Popen([CLI, "-p", str(session.port), *words], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text = b""

    def send(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def lines(self, count):
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while self.text.count(b"\n") < count:
            if not select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"only {self.text}")
            part = self.process.stdout.read1()
            if not part:
                raise AssertionError(f"ended after {self.text}")
            self.text += part
        *lines, self.text = self.text.split(b"\n", count)
        return lines

    def end(self):
        self.process.terminate()
        self.process.communicate(timeout=WAIT_SECONDS_MAX)


def play_lines(lines):
    for form, options in FORMS.items():
        run("FLUSHALL")
        for line, answer in zip(lines, answers(options, lines)):
            say(f"{form}: {line}", answer)


def answers(options, lines):
    """One process for all of the lines; after each it echoes where it is."""
    stdin = "".join(f"{line}\nECHO <{n}>\n" for n, line in enumerate(lines))
    text = run(*options, stdin=stdin.encode())
    for n in range(len(lines)):
        answer, mark, text = text.partition(b'"<%d>"\n' % n)
        if not mark:
            raise AssertionError(f"ended in {lines[n]}: {answer}")
        yield answer


def connection():
    say("words", [run("PING"), run("-3", "PING"), run("ECHO", "two words"), run("--raw", "SET", "k", "a\nb"),
                  run("GET", "k"), run("--no-raw", "GET", "k")])
    say("options", [run("-n", "5", "SET", "k", "in 5"), run("-n", "5", "GET", "k"),
                    run("-x", "SET", "x", stdin=b"bytes\n"), run("GET", "x"),
                    run("-X", "<v>", "SET", "y", "<v>", stdin=b"\xff"), run("--no-raw", "GET", "y"),
                    run("-r", "3", "INCR", "n")])
    say("errors", [run("NOSUCH", "a"), run("-e", "NOSUCH"), run("GET"), run("-a", "wrong", "--no-auth-warning", "PING"),
                   run("--user", "default", "--pass", "any", "--no-auth-warning", "PING"),
                   run("-u", f"redis://127.0.0.1:{session.port}/5", "GET", "k")])
    say("repeated", run("--no-raw", stdin=b"3 INCR n\nSELECT 5\nGET k\nSELECT 99\nGET k\nQUIT\n"))


def blocking():
    say("in vain", [run("--no-raw", *line.split()) for line in ("BLPOP l 0.01", "BLMOVE l m LEFT LEFT 0.01",
                                                                "BLMPOP 0.01 1 l LEFT", "BLPOP l x")])
    first = Process("--no-raw", "BLPOP", "l", "m", "0")
    blocked(1)
    second = Process("--no-raw", "BRPOP", "m", "0")
    blocked(2)
    say("pushed", [run("RPUSH", "m", "1", "2", "3"), first.lines(2), second.lines(2)])
    first.end()
    second.end()
    waiting = Process("--no-raw", "BLMOVE", "l", "m", "LEFT", "LEFT", "0")
    blocked(1)
    number = re.search(r"id=(\d+) .* flags=b ", ask("CLIENT", "LIST"))[1]
    say("unblocked", [run("CLIENT", "UNBLOCK", number, "ERROR"), waiting.lines(1)])
    waiting.end()


def transactions():
    lines = ["MULTI", "SET a 1", "INCR a", "LPUSH a x", "GET none", "EXEC", "EXEC", "MULTI", "NOSUCH", "EXEC",
             "WATCH a", "MULTI", "GET a", "DISCARD", "GET a"]
    say("a transaction", run("--no-raw", stdin="\n".join(lines).encode()))
    watching = Process("--no-raw")
    watching.send("WATCH a")
    watching.lines(1)
    run("SET", "a", "changed")
    watching.send("MULTI")
    watching.send("GET a")
    watching.send("EXEC")
    say("watched", watching.lines(3))
    watching.end()


def pubsub():
    subscriber = Process("--no-raw", "SUBSCRIBE", "news", "other")
    say("subscribed", subscriber.lines(7))
    by_pattern = Process("--csv", "PSUBSCRIBE", "n*")
    say("by a pattern", by_pattern.lines(2))
    sharded = Process("--no-raw", "-3", "SSUBSCRIBE", "shard")
    say("sharded", sharded.lines(4))
    say("published", [run("PUBLISH", "news", "two\nlines"), run("SPUBLISH", "shard", "x"), subscriber.lines(3),
                      by_pattern.lines(1), sharded.lines(3)])
    say("told", [run("--no-raw", "PUBSUB", "NUMSUB", "news", "none"), run("PUBSUB", "NUMPAT"),
                 run("--no-raw", "PUBSUB", "SHARDCHANNELS")])
    for process in (subscriber, by_pattern, sharded):
        process.end()


def notifications():
    run("CONFIG", "SET", "notify-keyspace-events", "KEA")
    subscriber = Process("--csv", "PSUBSCRIBE", "__key*__:*")
    subscriber.lines(2)
    say("events", [run("RPUSH", "l", "1"), run("LPOP", "l"), subscriber.lines(6),
                   run("CONFIG", "SET", "notify-keyspace-events", "")])
    subscriber.end()


def tracking():
    tracker = Process("-3", "--no-raw", "--show-pushes", "yes")
    tracker.send("CLIENT TRACKING ON")
    tracker.send("GET a")
    say("on", tracker.lines(2))
    run("SET", "a", "1")
    tracker.send("PING")
    say("told before the next reply", tracker.lines(2))
    tracker.end()


def scripting():
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write("return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}")
        file.flush()
        say("a file", [run("--no-raw", "--eval", file.name, "n", ",", "a b"),
                       run("-3", "--eval", file.name, "n", ",", "c")])


def reconnect():
    run("SET", "kept", "yes")
    terminal = Terminal(session)
    terminal.wait_for(PROMPT)
    session.ask("kill")
    terminal.type("GET kept\r")
    terminal.wait_for("not connected> ")
    say("nobody there", b"Connection refused" in run("PING"))
    session.ask("start")
    terminal.type("GET kept\r")
    terminal.wait_for('"yes"')
    terminal.wait_for(PROMPT)
    say("killed", run("CLIENT", "KILL", "TYPE", "normal"))
    terminal.type("GET kept\r")
    terminal.wait_for("not connected> ")
    terminal.type("GET kept\r")
    terminal.wait_for('"yes"')
    terminal.end()
    say("with it", run("GET", "kept"))
    monitor = Process("MONITOR")
    monitor.lines(1)
    run("SET", "seen", 'by "it"')
    line = monitor.lines(1)[0]
    while b"seen" not in line:
        line = monitor.lines(1)[0]
    say("monitor", re.sub(rb"^[\d.]+ \[0 [\d.:]+\]", b"<time> <client>", line))
    monitor.end()
    waiting = Process("--no-raw", "BLPOP", "q", "0")
    blocked(1)
    session.ask("stop")
    say("the waiter", waiting.lines(1))
    session.ask("start")
    say("shut down", [run("SHUTDOWN", "NOSAVE")])
    session.ask("start")
    say("after SHUTDOWN", run("GET", "kept"))


def main():
    lines = lines_of(pathlib.Path(sys.argv[3]))
    plays = {"connection": connection, "blocking": blocking, "transactions": transactions, "pubsub": pubsub,
             "notifications": notifications, "tracking": tracking, "scripting": scripting, "reconnect": reconnect}
    for family in session.families:
        session.family(family)
        run("FLUSHALL")
        if family in lines:
            play_lines(lines[family])
        if family in plays:
            plays[family]()


if __name__ == "__main__":
    main()
