#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The verbs of the queue through stock clients, by their means to send a command that they do not know.

    tests/e2e/clients/queue_sessions.py [--server PATH]

Each session (see sessions.py) does the same with one queue, and each has to be given what stands here, whatever its
protocol and its ways; only maps look different in RESP2. Exit code 77: a library is not installed, so not all were
played. """
import argparse
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parents[1] / "support"))
from servers import Server
from sessions import Play, shown
from waiting import SKIPPED, missing_npm

# Who plays: the command, the npm package, whether maps come as maps.
SESSIONS = {
    "redis-py": ([sys.executable, HERE / "queue_session.py"], None, False, ()),
    "ioredis, RESP2": (["node", HERE / "queue_session.js"], "ioredis", False, ("ioredis", "2")),
    "ioredis, RESP3": (["node", HERE / "queue_session.js"], "ioredis", True, ("ioredis", "3")),
    "node-redis, RESP2": (["node", HERE / "queue_session.js"], "redis", False, ("node-redis", "2")),
    "node-redis, RESP3": (["node", HERE / "queue_session.js"], "redis", True, ("node-redis", "3")),
}
# An ID is shown as "id", a handle as "id:deliveries", a time to come as "later".
MAP = "a map, or in RESP2 a flat list"
EXPECTED = [("added", ["id", "id", "id"]), ("the same token", True), ("ready", 2),
            ("reserved", [["q", "id:1", "one", 0, "later"], ["q", "id:1", "two", 0, "later"]]), ("none left", None),
            ("acknowledged", [[1], [-1]]), ("given back", [1]), ("once more", [["q", "id:2", "two", 1, "later"]]),
            ("superseded", [[0], [1]]), ("pending", [["id", "w2", 2, 1, "smtp 421"]]),
            ("hopeless", [[1], 1, "fatal", "no such address"]), ("info", [MAP, 0, 1, 0, 1]),
            ("policy", ["OK", MAP, 2, "set"]), ("full", "QFULL queue is full (2 of 2)"), ("deleted", [1, -1]),
            ("pushed and reserved", [1, [["old", "id:1", "x", 0, "later"]]]),
            ("waited", [1, [["wait", "id:1", "pushed", 0, "later"]]]), ("waited in vain", None),
            ("in a transaction", ["id", [["tx", "id:1", "in", 0, "later"]], None]), ("in a pipeline", [100, 100, 100]),
            ("bytes", "\u0000\u00ff\r\n"), ("redriven", [[1, 1, "0-0"], 1]),
            ("refused", ["ERR wrong number of arguments for 'qreserve' command",
                         "WRONGTYPE Operation against a key holding the wrong " "kind of value",
                         "ERR numkeys should be greater than 0"]), ("acknowledged after a crash", [1]),
            ("waited through a crash", [["wait", "id:1", "after", 0, "later"]]),]


def differences(said, maps):
    wanted = [(name, expected(got, maps)) for name, got in EXPECTED]
    told = [f"'{a[0]}':\n  expected {shown(a[1])}\n  got      {shown(b)}" for a,
            b in zip(wanted, said) if a != tuple(b)]
    return told + ([] if len(said) == len(wanted) else [f"{len(said)} things were said, not {len(wanted)}"])


def expected(got, maps):
    if isinstance(got, list):
        return [expected(item, maps) for item in got]
    return ("map" if maps else "list") if got == MAP else got


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=None, help="else $SLUICE_SERVER or build/sluice-server")
    options = parser.parse_args()
    start, failed, skipped = time.monotonic(), 0, []
    for name, (command, package, maps, words) in SESSIONS.items():
        if package and (reason := missing_npm(HERE.parent, package)):
            print(f"skipped {name}: {reason}")
            skipped.append(name)
            continue
        with Server.sluice(options.server, "--appendfsync", "always") as server:
            play = Play(server, [*command, server.port, "queue", *words])
            play.run()
            told = [play.fault] if play.fault else differences([(said, got) for _, said, got in play.said], maps)
        failed += bool(told)
        print(f"{'FAILED' if told else 'ok    '} {name}" + "".join(f"\n{line}" for line in told))
    print(f"{len(SESSIONS) - len(skipped)} clients, {failed} failed, {time.monotonic() - start:.1f} s")
    return 1 if failed else SKIPPED if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
