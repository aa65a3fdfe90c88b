#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A client library's session on Debian's redis-server and on Sluice: what the library hands to its user must be equal.

    tests/e2e/clients/sessions.py CLIENT [--server PATH]

A session is a program, told the port and the families to play. On its standard output it says, a line of JSON each:

    {"family": "lists"}                         from here on it is about lists
    {"said": "pop of a missing key", "got": ?}  what the library gave it
    {"ask": "kill"}                             stop (SIGTERM), kill (SIGKILL) or start the server, or note what has
                                                been called so far; it then reads a line

and it ends with 0, or with another code and why on its standard error. A family whose commands the server does not
have is left out of both runs, and named in the last line. Exit code 77: the library is not installed. """
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parents[1] / "support"))
from servers import START_SECONDS, Server
from waiting import SKIPPED, Failed, missing_npm

SESSION_SECONDS_MAX = 120
SHOWN_MAX = 400
# What each family needs, beyond what every server has that this test is run with.
FAMILIES = {"connection": [], "keys": [], "strings": [], "bits": [], "lists": [], "blocking": [], "transactions": [],
            "pubsub": [], "notifications": [], "tracking": [], "introspection": [], "acl": [], "streams": [],
            "groups": [], "reconnect": [], "keyspace": ["SCAN", "RENAME", "COPY", "SORT", "DUMP", "OBJECT", "SWAPDB"],
            "hashes": ["HSET", "HSCAN", "HRANDFIELD"], "sets": ["SADD", "SSCAN", "SINTERCARD"],
            "scripting": ["EVAL", "EVALSHA", "EVAL_RO", "SCRIPT"], "functions": ["FUNCTION", "FCALL"],
            "sorted sets": ["ZADD", "ZSCAN", "ZRANGESTORE", "BZMPOP"]}
# How a session is run, the npm package that it needs, words for it, which families it is not about, and whether it is
# the --program.
Client = collections.namedtuple("Client", "command package words without program", defaults=(None, (), (), False))
PYTHON = [sys.executable]
CLIENTS = {
    "redis-py": Client(PYTHON + [HERE / "redis_py_session.py"]),
    "redis-py-async": Client(PYTHON + [HERE / "redis_py_async_session.py"],
                             without=("bits", "tracking", "acl", "hashes", "sets", "sorted sets", "functions")),
    "ioredis": Client(["node", HERE / "ioredis_session.js"], "ioredis", ("2",)),
    "ioredis-resp3": Client(["node", HERE / "ioredis_session.js"], "ioredis", ("3",)),
    "node-redis": Client(["node", HERE / "node_redis_session.js"], "redis", ("3",)),
    "node-redis-resp2": Client(["node", HERE / "node_redis_session.js"], "redis", ("2",)),
    "hiredis": Client([], words=(HERE / "lines.txt",), program=True, without=("functions",)),
    "redis-cli": Client(PYTHON + [HERE / "redis_cli_session.py"], words=(HERE / "lines.txt",), without=("functions",)),
}


class Play:
    """One run of the session on one server."""

    def __init__(self, server, command):
        self.server, self.said, self.family, self.calls = server, [], None, {}
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.watch = threading.Timer(SESSION_SECONDS_MAX, self.process.kill)
        self.fault = None

    def run(self):
        self.watch.start()
        errors = []
        reader = threading.Thread(target=lambda: errors.append(self.process.stderr.read()))
        reader.start()
        try:
            for line in self.process.stdout:
                self.hear(json.loads(line))
        except (json.JSONDecodeError, KeyError, RuntimeError) as fault:
            self.fault = f"{type(fault).__name__}: {fault}"
        finally:
            if self.fault:
                self.process.kill()
            code = self.process.wait()
            self.watch.cancel()
            reader.join()
        if code != 0 or self.fault:
            alive = "" if self.server.alive() else f"\nthe server ended: {self.server.output()[-2000:]}"
            self.fault = (f"ends with {code} in '{self.family}' after {self.last()}: {self.fault or ''}\n"
                          f"{errors[0].decode(errors='replace')[-4000:]}{alive}")
        else:
            self.note_calls()

    def last(self):
        return self.said[-1][1] if self.said else "nothing"

    def hear(self, line):
        if "family" in line:
            self.family = line["family"]
        elif "said" in line:
            self.said.append((self.family, line["said"], line["got"]))
        else:
            self.obey(line["ask"])
            self.process.stdin.write(b"done\n")
            self.process.stdin.flush()

    def obey(self, what):
        if what == "note":
            self.note_calls()
        elif what in ("stop", "kill"):
            self.note_calls()
            if what == "kill":
                self.server.kill()
            elif self.server.terminate() != 0:
                raise RuntimeError("the server did not end cleanly: " + self.server.output()[-2000:])
        elif what == "start":
            port = self.server.port
            self.server.process.wait(START_SECONDS)  # it may just have been told to shut down
            self.server.start()
            if self.server.port != port:
                raise RuntimeError("its port was taken by somebody else")
        else:
            raise KeyError(f"what is {what}?")

    def note_calls(self):
        """How often each command has been called; a restart forgets it."""
        client = self.server.client()
        for line in client.ask("INFO", "commandstats").value.decode().splitlines():
            if line.startswith("cmdstat_"):
                name, _, numbers = line[len("cmdstat_"):].partition(":")
                count = int(numbers.partition(",")[0].partition("=")[2])
                self.calls[name] = self.calls.get(name, 0) + count
        client.close()


def known(server, commands):
    client = server.client()
    answers = client.ask("COMMAND", "INFO", *commands).value if commands else []
    client.close()
    return all(answer.value is not None for answer in answers)


def shown(said):
    text = json.dumps(said, ensure_ascii=False)
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "..."


def check(plays, families):
    for play in plays:
        if play.fault:
            raise Failed(f"on {play.server.name} the session {play.fault}")
    oracle, ours = plays
    differences = [f"'{a[0]}', '{a[1]}':\n  redis  {shown(a[2])}\n  sluice {shown(b[2])}" if a[:2] == b[:2] else
                   f"the sessions part: redis {shown(a)}, sluice {shown(b)}"
                   for a, b in zip(oracle.said, ours.said) if a != b]
    if len(oracle.said) != len(ours.said):
        differences.append(f"redis said {len(oracle.said)} things, sluice {len(ours.said)}")
    if differences:
        raise Failed("\n".join(differences))
    silent = [name for name in families if not any(family == name for family, _, _ in oracle.said)]
    if silent:
        raise Failed(f"nothing was said of {silent}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("client", choices=CLIENTS)
    parser.add_argument("--server", default=None, help="else $SLUICE_SERVER or build/sluice-server")
    parser.add_argument("--program", help="of a client that is compiled")
    parser.add_argument("--family", choices=FAMILIES, default=None, help="else all")
    parser.add_argument("--calls", action="store_true", help="tell which commands were called")
    options = parser.parse_args()
    client = CLIENTS[options.client]
    if client.package and (reason := missing_npm(HERE.parent, client.package)):
        print(f"skipped: {reason}")
        return SKIPPED
    start = time.monotonic()
    durable = ["--appendonly", "yes", "--appendfsync", "always"]
    with Server.redis(*durable) as oracle, Server.under_test(options.server, *durable) as ours:
        absent = [name for name, commands in FAMILIES.items() if not known(ours, commands)]
        families = [name for name in FAMILIES
                    if name not in absent and name not in client.without and options.family in (None, name)]
        command = [options.program] if client.program else client.command
        plays = [Play(server, [*command, server.port, ",".join(families), *client.words]) for server in (oracle, ours)]
        threads = [threading.Thread(target=play.run) for play in plays]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        try:
            check(plays, families)
        except Failed as failure:
            print(f"FAILED: {options.client}: {failure}")
            return 1
    if options.calls:
        print("\n".join(f"{name} {count}" for name, count in sorted(plays[1].calls.items())))
    without = f", without {', '.join(absent)}" if absent else ""
    print(f"{options.client}: {len(plays[0].said)} results of {len(plays[1].calls)} commands in {len(families)} "
          f"families{without}, {time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
