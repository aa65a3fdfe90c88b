#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who gets what, when several connections wait: the same steps on redis-server and on Sluice, compared after
each.

    tests/compat/blocking.py [--scenarios N] [--seed S] [--server PATH] [--all]

A step is one connection sending something, or going away. After it both servers answer PINGs on a connection
of their own; what a step brings about has then been sent, so nothing sleeps. Waits that are to time out are
short, and are waited for before anybody pushes. First the scripted scenarios, then random ones; the one that
differs is shrunk. """
import argparse
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import blocking_mixed
import shrink
from blocking_scenarios import GROUPS, SCENARIOS, random_scenario
from resp import Closed, ProtocolFault, TimedOut, encode, show, show_words
from servers import Server

SCENARIOS_RANDOM = 150
SCENARIOS_RANDOM_NIGHTLY = 10_000
CONNECTIONS = 6
SETTLE_PINGS = 2
TIMEOUT_SECONDS = 5.0
SHRINK_TRIES_MAX = 300
KEYS = ["l1", "l2", "l3", "s1", "x1", "x2", "m1", "m2", "m3", "t1", "z1", "z2"]


class Side:
    """One server and the connections to it."""

    def __init__(self, server, protocol):
        self.server, self.protocol = server, protocol
        self.control = server.client()
        self.control.ask("FLUSHALL")
        self.clients = [self.connected() for _ in range(CONNECTIONS)]
        self.owed = [0] * CONNECTIONS

    def connected(self):
        """Answered once: the server has accepted it, and reads what it sends in the turn in which it comes."""
        client = self.server.client()
        client.ask("HELLO", str(self.protocol))
        return client

    def step(self, who, commands):
        if commands is None:
            self.clients[who].close()
            self.settle()
            self.clients[who], self.owed[who] = self.connected(), 0
            return
        self.clients[who].send_raw(b"".join(encode([word.encode("latin-1") for word in words]) for words in commands))
        self.owed[who] += len(commands)

    def settle(self):
        for _ in range(SETTLE_PINGS):
            self.control.ask("PING")

    def arrived(self):
        """What every connection has got by now."""
        self.settle()
        return [self.replies_of(who) for who in range(CONNECTIONS)]

    def replies_of(self, who):
        replies = []
        while (reply := self.clients[who].poll()) is not None:
            replies.append(show(reply))
            self.owed[who] -= 1
        return replies

    def timed_out(self, who):
        """The replies of a connection whose wait ends by itself."""
        replies = []
        while self.owed[who] > 0:
            replies.append(show(self.clients[who].receive(TIMEOUT_SECONDS)))
            self.owed[who] -= 1
        return replies

    def state(self):
        lines = []
        for key in KEYS:
            for words in (["TYPE", key], ["LRANGE", key, "0", "-1"], ["GET", key], ["XRANGE", key, "-", "+"],
                          ["ZRANGE", key, "0", "-1", "WITHSCORES"], ["SCARD", key], ["HLEN", key]):
                lines.append(f"{' '.join(words)}: {show(self.control.ask(*words))}")
            for group in GROUPS:
                lines.append(f"XPENDING {key} {group}: {show(self.control.ask('XPENDING', key, group))}")
        return lines

    def close(self):
        for client in self.clients + [self.control]:
            client.close()


def is_short(commands):
    """Whether it waits for so short a time that it is to be waited for."""
    if commands is None:
        return False
    words = commands[-1]
    if words[0] in ("BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX"):
        return 0 < float(words[-1]) < 1
    if words[0] in ("BLMPOP", "BZMPOP"):
        return 0 < float(words[1]) < 1
    return words[0] in ("XREAD", "XREADGROUP") and "BLOCK" in words and 0 < int(words[words.index("BLOCK") + 1]) < 1000


def told(who, commands):
    if commands is None:
        return f"{named(who)} goes away"
    return "\n".join(f"{named(who)}> {show_words([word.encode('latin-1') for word in words])}" for words in commands)


def named(who):
    return "ABCDEFGH"[who]


def play(oracle, ours, steps, protocol, make_side):
    """None, or what differed, as text."""
    sides = []
    try:
        sides = [make_side(oracle, protocol), make_side(ours, protocol)]
        short = {}  # who waits for a short time: what either side has got since
        for number, (who, commands) in enumerate(steps):
            if short and not is_short(commands):
                if difference := wait_for_timeouts(sides, short):
                    return f"before step {number + 1}: {difference}"
            if is_short(commands):
                short.setdefault(who, ([], []))
            for side in sides:
                side.step(who, commands)
            arrived = [side.arrived() for side in sides]
            for each, got in short.items():  # one server may be quicker to time out
                for i in (0, 1):
                    got[i].extend(arrived[i][each])
                    arrived[i][each] = []
            if difference := compared(range(CONNECTIONS), *arrived):
                return f"step {number + 1}: {difference}"
        if difference := wait_for_timeouts(sides, short):
            return f"at the end: {difference}"
        differing = [f"state: redis {a}\n       sluice {b}" for a, b in zip(*[side.state() for side in sides]) if a != b]
        return "\n".join(differing) or None
    except (Closed, ProtocolFault, TimedOut, OSError) as fault:
        return f"{type(fault).__name__}: {fault}"
    finally:
        for side in sides:
            side.close()


def wait_for_timeouts(sides, short):
    for who, got in short.items():
        for i in (0, 1):
            got[i].extend(sides[i].timed_out(who))
    difference = compared(short, *zip(*short.values())) if short else None
    short.clear()
    return difference


def compared(who, oracle, ours):
    return "\n".join(f"{named(i)} got: redis {a}, sluice {b}" for i, a, b in zip(who, oracle, ours) if a != b)


def main(description, written, random_scenario, make_side):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", type=int, default=SCENARIOS_RANDOM, help="random ones")
    parser.add_argument("--nightly", action="store_true", help=f"{SCENARIOS_RANDOM_NIGHTLY} random ones")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--server", default=None)
    parser.add_argument("--all", action="store_true", help="go on after a difference")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}", flush=True)
    scenarios = [(name, steps, protocol) for name, steps in written for protocol in (2, 3)]
    scenarios += [(f"random {seed} {n}", random_scenario(random.Random(f"{seed} {n}"), CONNECTIONS), 2 + n % 2)
                  for n in range(SCENARIOS_RANDOM_NIGHTLY if options.nightly else options.scenarios)]
    start, failed = time.monotonic(), 0
    with Server.redis() as oracle, Server.under_test(options.server) as ours:
        for name, steps, protocol in scenarios:
            difference = play(oracle, ours, steps, protocol, make_side)
            if difference is None:
                continue
            failed += 1

            def fails(candidate):
                if not ours.alive():
                    print(ours.output()[-3000:])
                    ours.start()
                return play(oracle, ours, candidate, protocol, make_side) is not None

            shorter = shrink.shrunk(steps, fails, SHRINK_TRIES_MAX)
            print(f"\nDIFFERENCE in '{name}' (RESP{protocol}, seed {seed}): {difference}\nshrunk:")
            for step in shorter:
                print(told(*step))
            print(play(oracle, ours, shorter, protocol, make_side), flush=True)
            if not options.all:
                break
    print(f"seed {seed}: {len(scenarios)} scenarios, {failed} differ, {time.monotonic() - start:.1f} s")
    return 1 if failed else 0


def any_scenario(rng, connections):
    return rng.choice([random_scenario, blocking_mixed.random_mixed])(rng, connections)


if __name__ == "__main__":
    sys.exit(main(__doc__, SCENARIOS + blocking_mixed.SCENARIOS, any_scenario, Side))
