#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays conversations written as text against the real server.

    tests/e2e/transcripts.py [--server PATH] [--redis] [FILE ...]        all of transcripts/ if no file is named

A file begins with `servers: sluice` or `servers: sluice redis` (standard commands only: with --redis it is
played against Debian's redis-server, and must hold there too), perhaps `options: --requirepass x`. Then
cases, each with a title, new connections and an empty server. Connections are single letters, opened when
first named.

    == a title, as a sentence
    >A BLPOP q 0                A sends; "..." with \\n \\xff and so on, '...' and bare words as in redis-cli
    >>A "*1\\r\\n$4\\r\\nPI"        A sends just these bytes
    ~A                          nothing has come back to A: true once the server has answered others after it
    <A *2 $1 q "x"              exactly this comes back: $-1 *-1 _ :1 +OK -ERR all the rest of the line %1 "k" :1;
                                inside another reply a text with blanks is quoted: *1 -"ERR no"
    =A *2 "q" "{id}:1"          likewise, but {name} stands for something that varies: it must be the same wherever
                                the name comes again, also in what is sent; {_} is anything, {*} a reply of any
                                kind, :{5..10} is from 5 to 10
    =A has "ready" :1           a map, or a flat array, in which at least this stands
    =A contains "a" "b"         a text, or an array of texts, in which at least these stand
    =A *members "a" "b"         an array of these, in any order; ~members is a set
    =A *pairs "a" "1" "b" "2"   a flat array of these pairs, in any order; %pairs is a map
    ?A QINFO q => has "dead" :1 sends until the reply is like this, for a bounded time
    xA                          the server closes A's connection
    ^A                          A closes its connection
    # a remark
"""
import argparse
import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from notation import NotationFault, match, parse, substituted, words_of
from resp import Client, Closed, ProtocolFault, TimedOut, show
from servers import REDIS, Server

REPLY_SECONDS = 10.0
QUIET_PINGS = 3
POLL_SECONDS = 10.0
POLL_PAUSE_SECONDS = 0.005


class Mismatch(Exception):
    pass


class Case:
    """The connections and the names of one case."""

    def __init__(self, server, secret):
        self.server, self.names, self.clients = server, {}, {}
        self.control = server.client()
        if secret:
            self.control.ask("AUTH", secret)
        self.control.ask("FLUSHALL")

    def client(self, name):
        if name not in self.clients:
            self.clients[name] = Client(self.server.port, REPLY_SECONDS)
        return self.clients[name]

    def play(self, sign, name, text):
        getattr(self, {">": "send", ">>": "send_raw", "~": "quiet", "<": "exact", "=": "pattern", "?": "until",
                       "x": "closed", "^": "close"}[sign])(name, text)

    def send(self, name, text):
        self.client(name).send(*[substituted(word, self.names) for word in words_of(text)])

    def send_raw(self, name, text):
        self.client(name).send_raw(b"".join(substituted(word, self.names) for word in words_of(text)))

    def quiet(self, name, _):
        # What the server owes A now is sent in the turn in which it serves a later request of another
        # connection.
        try:
            for _ in range(QUIET_PINGS):
                self.control.ask("PING")
        except Closed:  # it was idle for too long, which is what some cases are about
            self.control = self.server.client()
            return self.quiet(name, _)
        reply = self.client(name).poll()
        if reply is not None:
            raise Mismatch(f"nothing yet\n  got      {show(reply)}")

    def exact(self, name, text):
        self.expect(name, text, patterns=False)

    def pattern(self, name, text):
        self.expect(name, text, patterns=True)

    def expect(self, name, text, patterns):
        reply = self.client(name).receive()
        if not match(parse(text, patterns), reply, self.names):
            names = "".join(f"\n  where    {key} = {value.decode(errors='replace')}" for key, value in self.names.items())
            raise Mismatch(f"{text}\n  got      {show(reply)}{names if patterns else ''}")

    def until(self, name, text):
        words, _, pattern = text.rpartition(" => ")
        expected = parse(pattern, True)
        deadline = time.monotonic() + POLL_SECONDS
        while True:
            self.send(name, words)
            reply = self.client(name).receive()
            if match(expected, reply, self.names):
                return
            if time.monotonic() > deadline:
                raise Mismatch(f"{pattern}\n  got      {show(reply)} after {POLL_SECONDS} s")
            time.sleep(POLL_PAUSE_SECONDS)  # between two looks; the deadline bounds them

    def closed(self, name, _):
        rest = self.client(name).read_to_end()
        if rest:
            raise Mismatch(f"the end of the connection\n  got      {rest!r}")
        self.close(name, None)

    def close(self, name, _):
        self.clients.pop(name).close()

    def end(self):
        for client in [*self.clients.values(), self.control]:
            client.close()


LINE = re.compile(r"(>>|[><~=?x^])([A-Z])(?: (.*))?$")


def cases_of(path):
    """(header, [(title, line number, [(line number, sign, name, text)])])"""
    header, cases = {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("== "):
            cases.append((line[3:], number, []))
        elif not cases and (setting := re.match(r"(servers|options): (.*)$", line)):
            header[setting[1]] = setting[2].split()
        elif cases and (step := LINE.match(line)):
            cases[-1][2].append((number, step[1], step[2], step[3] or ""))
        else:
            raise NotationFault(f"{path.name}:{number}: what is this? {line}")
    if "servers" not in header or not cases:
        raise NotationFault(f"{path.name}: no 'servers:' line, or no case")
    return header, cases


def play_case(server, secret, path, title, steps):
    """None, or what went wrong."""
    case, at = Case(server, secret), 0
    try:
        for at, sign, name, text in steps:
            case.play(sign, name, text)
        for name in case.clients:
            case.quiet(name, "")
        return None
    except Mismatch as mismatch:
        return f"{path.name}:{at}: in '{title}'\n  expected {mismatch}"
    except (Closed, TimedOut, ProtocolFault, NotationFault, OSError) as fault:
        return f"{path.name}:{at}: in '{title}'\n  {type(fault).__name__}: {fault}"
    finally:
        case.end()


def play_file(path, options):
    """(cases played, faults)"""
    header, cases = cases_of(path)
    if options.redis and "redis" not in header["servers"]:
        return 0, []
    extra = header.get("options", [])
    secret = extra[extra.index("--requirepass") + 1] if "--requirepass" in extra else None
    faults = []
    with Server.under_test(REDIS if options.redis else options.server, *extra) as server:
        for title, _, steps in cases:
            if fault := play_case(server, secret, path, title, steps):
                faults.append(fault)
            if not server.alive():
                faults.append(f"{path.name}: the server ended with {server.process.poll()} in '{title}'\n"
                              + server.output()[-3000:])
                server.start()
    return len(cases), faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--server", default=None, help="else $SLUICE_SERVER or build/sluice-server")
    parser.add_argument("--redis", action="store_true", help="play against redis-server what must hold there too")
    options = parser.parse_args()
    start, played, faults = time.monotonic(), 0, []
    for path in options.files or sorted((HERE / "transcripts").glob("*.txt")):
        count, found = play_file(path, options)
        played += count
        faults += found
    for fault in faults:
        print(fault)
    print(f"{played} cases, {len(faults)} faults, {time.monotonic() - start:.1f} s")
    return 1 if faults or not played else 0


if __name__ == "__main__":
    sys.exit(main())
