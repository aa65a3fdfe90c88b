#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's redis-cli and redis-benchmark against the server, in each of the modes that people use.

What must stay true: nothing sleeps; every process has a time limit and ends by itself or by its number.
"""
import argparse
import fcntl
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from servers import Server  # noqa: E402

CLI = "/usr/bin/redis-cli"
BENCHMARK = "/usr/bin/redis-benchmark"
SECONDS_MAX = 60
PROMPT = r"127\.0\.0\.1:\d+> "


def run(server, *words, tool=CLI, stdin=None):
    done = subprocess.run([tool, "-p", str(server.port), *words], input=stdin, capture_output=True,
                          timeout=SECONDS_MAX, check=False)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def expect(condition, what, *shown):
    if not condition:
        raise AssertionError(f"{what}: {shown}")


def fill(server):
    client = server.client()
    for i in range(300):
        client.ask("SET", f"string:{i}", "x" * i)
    client.ask("RPUSH", "list:long", *["element"] * 500)
    client.ask("XADD", "stream:one", "1-1", "field", "value")
    client.close()


def check_plain(server):
    expect(run(server, "PING") == (0, "PONG\n", ""), "a command as words")
    expect(run(server, "-3", "PING")[1] == "PONG\n", "in RESP3")
    code, out, _ = run(server, "-e", "NOSUCH")
    expect(code == 1, "an error's exit code", code, out)
    code, out, _ = run(server, "--json", "CONFIG", "GET", "port")
    expect(code == 0 and out == '{"port":"6379"}\n'.replace("6379", str(server.port)), "json", out)
    expect(run(server, "-x", "SET", "from-input", stdin=b"bytes\n")[1] == "OK\n", "a word from standard input")
    expect(run(server, "-r", "3", "INCR", "counter")[1] == "1\n2\n3\n", "a command repeated")


def check_scan(server):
    _, out, _ = run(server, "--scan")
    expect(len(set(out.split())) >= 302, "--scan finds every key", len(set(out.split())))
    _, out, _ = run(server, "--scan", "--pattern", "string:29*")
    expect(sorted(out.split()) == sorted(["string:29"] + [f"string:29{i}" for i in range(10)]), "a pattern", out)


def check_big_keys(server):
    code, out, err = run(server, "--bigkeys")
    expect(code == 0 and "Biggest string found" in out and '"string:299"\' has 299 bytes' in out, "--bigkeys", out, err)
    expect('"list:long"\' has 500 items' in out, "--bigkeys, lists", out)
    code, out, err = run(server, "--memkeys")
    expect(code == 0 and re.search(r'Biggest +list found .*"list:long"\' has \d+ bytes', out), "--memkeys", out, err)


def check_pipe(server):
    words = b"".join(b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$1\r\nv\r\n" % (len(key), key)
                     for key in (b"pipe:%d" % i for i in range(10000)))
    code, out, err = run(server, "--pipe", stdin=words)
    expect(code == 0 and "errors: 0, replies: 10000" in out, "--pipe", out, err)
    expect(run(server, "EXISTS", "pipe:9999")[1] == "1\n", "what was piped is there")


class Terminal:
    """redis-cli as a person has it before him."""

    def __init__(self, server, *words):
        self.screen = ""
        self.seen = 0  # what is in front of it has been waited for
        pid, self.handle = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
            os.environ.update(TERM="xterm", REDISCLI_HISTFILE="/dev/null")
            os.execv(CLI, [CLI, "-p", str(server.port), *words])
        self.pid = pid

    def type(self, text):
        os.write(self.handle, text.encode())

    def wait_for(self, pattern):
        deadline = time.monotonic() + SECONDS_MAX
        while not (found := re.compile(pattern).search(self.screen, self.seen)):
            expect(time.monotonic() < deadline, f"never saw {pattern}", self.screen[-2000:])
            if select.select([self.handle], [], [], 1)[0]:
                try:
                    self.screen += os.read(self.handle, 65536).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"ended without {pattern}: {self.screen[-2000:]}") from None
        self.seen = found.end()

    def end(self):
        os.close(self.handle)  # a terminal that goes away ends its program
        os.waitpid(self.pid, 0)


def check_interactive(server):
    terminal = Terminal(server)
    terminal.wait_for(PROMPT)
    # Hints come from COMMAND DOCS: what may stand behind the words typed so far.
    terminal.type("lmove ")
    terminal.wait_for(r"source destination")
    terminal.type("\x15config get ")
    terminal.wait_for(r"parameter")
    terminal.type("\x15help lpush\r")
    terminal.wait_for(r"summary:")
    terminal.wait_for(PROMPT)  # before that, the terminal is not redis-cli's
    terminal.type("rpush typed a\r")
    terminal.wait_for(r"\(integer\) 1")
    terminal.wait_for(PROMPT)
    terminal.type("multi\r")
    terminal.wait_for(r"\(TX\)> ")
    terminal.end()


def check_endless(server):
    """Modes that go on until they are ended."""
    stat = Terminal(server, "--stat", "-i", "0.01")
    stat.wait_for(r"keys +mem +clients +blocked +requests +connections")
    stat.wait_for(r"\d+ +\d+\.\d+[KM] +\d+ +\d+ +\d+ \(\+\d+\)")
    stat.end()
    latency = Terminal(server, "--latency", "-i", "0.01")
    latency.wait_for(r"min: \d+, max: \d+, avg: \d+\.\d+ \(\d+ samples\)")
    latency.end()
    history = Terminal(server, "--latency-history", "-i", "0.05")
    for _ in range(2):
        history.wait_for(r"min: \d+, max: \d+, avg: \d+\.\d+ \(\d+ samples\) -- 0\.\d+ seconds range")
    history.end()
    distribution = Terminal(server, "--latency-dist", "-i", "0.05")
    distribution.wait_for(r"\n[^\n]*\.")
    distribution.end()
    monitor = Terminal(server, "monitor")
    monitor.wait_for("OK")
    run(server, "SET", "seen", "by the monitor")
    monitor.wait_for(r'"SET" "seen" "by the monitor"')
    monitor.end()


def check_refused_modes(server):
    """Modes for what is not here end with the reason, and do not hang."""
    code, out, err = run(server, "--rdb", os.path.join(server.directory, "copy.rdb"))
    expect(code != 0 and "ERR this server has no replicas" in out + err, "--rdb", code, out, err)
    code, out, err = run(server, "--replica")
    expect(code != 0 and "ERR this server has no replicas" in out + err, "--replica", code, out, err)
    code, out, err = run(server, "--functions-rdb", os.path.join(server.directory, "functions.rdb"))
    expect(code != 0 and "ERR this server has no replicas" in out + err, "--functions-rdb", code, out, err)
    code, out, err = run(server, "--cluster", "info", f"127.0.0.1:{server.port}")
    expect(code != 0 and "is not configured as a cluster node" in out + err, "--cluster", code, out, err)


def check_hot_keys(server):
    code, out, err = run(server, "--hotkeys")
    expect("An LFU maxmemory policy is not selected" in out + err, "--hotkeys says why not", code, out, err)


def check_password(server):
    run(server, "CONFIG", "SET", "requirepass", "secret")
    try:
        expect(run(server, "PING")[1].startswith("NOAUTH"), "without a password")
        expect(run(server, "-a", "secret", "--no-auth-warning", "PING")[1] == "PONG\n", "with it")
        expect(run(server, "--user", "default", "--pass", "secret", "--no-auth-warning", "PING")[1] == "PONG\n", "and a name")
        code, out, err = run(server, "-u", f"redis://default:secret@127.0.0.1:{server.port}/3", "--no-auth-warning", "CLIENT", "INFO")
        expect(code == 0 and " db=3 " in out, "as an address", out, err)
        code, out, err = run(server, "-a", "secret", "-n", "500", "-q", "-t", "ping_inline,set", tool=BENCHMARK)
        expect(code == 0 and out.count("requests per second") >= 2, "redis-benchmark too", out, err)
    finally:
        run(server, "-a", "secret", "--no-auth-warning", "CONFIG", "SET", "requirepass", "")


def check_benchmark(server):
    tests = "ping_inline,ping_mbulk,set,get,incr,lpush,rpush,lpop,rpop,lrange_100"
    code, out, err = run(server, "-n", "2000", "-c", "10", "-q", "-t", tests, tool=BENCHMARK)
    expect(code == 0 and out.count("requests per second") >= 10, "redis-benchmark", out, err)
    expect("ERR" not in out + err and "WARNING" not in out + err, "no error, no warning", out, err)
    code, out, err = run(server, "-n", "2000", "-P", "16", "-3", "-q", "-t", "set,lpush", tool=BENCHMARK)
    expect(code == 0 and out.count("requests per second") >= 2, "pipelined, in RESP3", out, err)
    code, out, err = run(server, "-n", "1000", "--threads", "2", "-q", "-t", "set,get", tool=BENCHMARK)
    expect(code == 0 and out.count("requests per second") >= 2, "with threads", out, err)
    code, out, err = run(server, "-n", "500", "-r", "100", "-q", "RPUSH", "list:__rand_int__", "x", tool=BENCHMARK)
    expect(code == 0 and "requests per second" in out, "a command of one's own", out, err)
    code, out, err = run(server, "-n", "500", "-q", "--csv", "-t", "ping_mbulk", tool=BENCHMARK)
    expect(code == 0 and out.startswith('"test","rps"'), "as a table", out, err)


# What redis-benchmark runs if it is not told what, by the command that each needs.
ALL_TESTS = ["PING", "SET", "GET", "INCR", "LPUSH", "RPUSH", "LPOP", "RPOP", "SADD", "HSET", "SPOP", "ZADD", "ZPOPMIN", "LRANGE",
             "MSET", "XADD"]


def check_whole_benchmark(server):
    """All tests of redis-benchmark; it stops at the first command that is not known."""
    missing = [command for command in ALL_TESTS if not knows(server, command)]
    words = [] if not missing else ["-t", "ping,set,get,incr,lpush,rpush,lpop,rpop,lrange,mset,xadd"]
    code, out, err = run(server, "-n", "500", "-q", *words, tool=BENCHMARK)
    expect(code == 0 and out.count("requests per second") >= (20 if not missing else 15), "redis-benchmark", out, err, missing)
    expect("ERR" not in out + err and "WARNING" not in out + err, "no error, no warning", out, err)


def knows(server, command):
    return bool(run(server, "COMMAND", "INFO", command)[1].strip())


# Checks that need a command that a server may not have.
NEEDS = {check_scan: "SCAN", check_big_keys: "SCAN", check_hot_keys: "SCAN"}
CHECKS = [check_plain, check_scan, check_big_keys, check_hot_keys, check_pipe, check_interactive, check_endless,
          check_refused_modes, check_password, check_benchmark, check_whole_benchmark]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server")
    options = parser.parse_args()
    failed = 0
    with Server.under_test(options.server) as server:
        fill(server)
        for check in CHECKS:
            if check in NEEDS and not knows(server, NEEDS[check]):
                print(f"skipped {check.__name__}: there is no {NEEDS[check]}")
                continue
            try:
                check(server)
                print(f"ok      {check.__name__}")
            except (AssertionError, subprocess.TimeoutExpired) as fault:
                failed += 1
                print(f"FAILED  {check.__name__}: {fault}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
