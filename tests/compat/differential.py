#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same random commands to Debian's redis-server and to Sluice; every reply, and the state in the end,
must be equal.

    tests/compat/differential.py [--commands N] [--seed S] [--family NAME] [--server PATH] [--all]

Commands go in runs of a few hundred, each on new connections and empty servers, in RESP2 and RESP3 in turn,
pipelined in batches. A difference is shrunk: commands are left out as long as it stays. What differs on
purpose is in differences.py. --server /usr/bin/redis-server holds Redis against itself: what then differs is
a fault of this test. """
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import differences
import generate
import shrink
from command_line import arguments
from resp import Closed, ProtocolFault, Reply, TimedOut, encode, show, show_words
from servers import Server

COMMANDS = 60_000
COMMANDS_NIGHTLY = 3_000_000
RUN_COMMANDS = 400
BATCH_COMMANDS_MAX = 60
SHRINK_TRIES_MAX = 400
REPLY_SECONDS = 10.0
REPLY_SECONDS_SHRINKING = 1.0
SHOWN_MAX = 600


class Difference(Exception):
    def __init__(self, at, words, oracle, ours):
        super().__init__(show_words(words))
        self.at, self.words, self.oracle, self.ours = at, words, oracle, ours


class Comparison:
    """Judges replies one after the other; knows what is queued, so that EXEC's replies meet their
    commands."""

    def __init__(self):
        self.queued = []
        self.intended = 0
        self.diverged = False  # the states differ on purpose, so the replies from here on may too

    def equal(self, words, oracle, ours):
        if oracle == ours:
            return True
        if isinstance(ours, str):  # no reply, but a fault
            return False
        name = words[0].upper()
        if name == b"EXEC" and oracle.kind == ours.kind == "*" and oracle.value is not None and ours.value is not None:
            if len(oracle.value) == len(ours.value) == len(self.queued):
                return all(self.equal_outside(*each) for each in zip(self.queued, oracle.value, ours.value))
        return self.equal_outside(words, oracle, ours)

    def equal_outside(self, words, oracle, ours):
        if differences.masked(words, oracle) == differences.masked(words, ours):
            return True
        if differences.close_times(words, oracle, ours):
            return True
        row = differences.intended(words, oracle, ours, show)
        if row is None and not differences.better_counts(words, oracle, ours):
            return False
        self.intended += 1
        self.diverged |= row is not None and row.diverges
        return True

    def note(self, words, oracle):
        if oracle == Reply("+", b"QUEUED"):
            self.queued.append(words)
        elif words[0].upper() in (b"EXEC", b"DISCARD", b"RESET"):
            self.queued = []


class Pair:
    def __init__(self, oracle, ours):
        self.oracle, self.ours = oracle, ours
        self.intended = 0

    def run(self, commands, batches, protocol, timeout=REPLY_SECONDS):
        """Sends the commands to both, and returns how many replies were compared. Raises Difference at the first that
        differs."""
        clients = [self.oracle.client(timeout), self.ours.client(timeout)]
        comparison = Comparison()
        try:
            for client in clients:
                client.ask("FLUSHALL")
                if protocol == 3:
                    client.ask("HELLO", "3")
            at = 0
            for size in batches:
                batch = commands[at:at + size]
                data = b"".join(encode(words) for words in batch)
                for client in clients:
                    client.send_raw(data)
                for words in batch:
                    oracle = self.oracle_reply(clients[0], words)
                    ours = self.our_reply(clients[1])
                    if not comparison.equal(words, oracle, ours):
                        raise Difference(at, words, oracle, ours)
                    comparison.note(words, oracle)
                    at += 1
                    if comparison.diverged:
                        return at
            return at
        finally:
            self.intended += comparison.intended
            for client in clients:
                client.close()

    @staticmethod
    def oracle_reply(client, words):
        try:
            return client.receive()
        except (ProtocolFault, Closed, TimedOut, OSError) as fault:
            raise RuntimeError(f"redis-server, of all, fails on {show_words(words)}: {fault!r}") from fault

    def our_reply(self, client):
        try:
            return client.receive()
        except (ProtocolFault, Closed, TimedOut, OSError) as fault:
            dead = self.ours.process.poll()
            return f"{type(fault).__name__}: {fault}" + ("" if dead is None else f"; the server ended with {dead}")

    def differs(self, commands, protocol):
        """Whether the last of the commands (and none before it) is answered differently."""
        try:
            self.run(commands, [1] * len(commands), protocol, REPLY_SECONDS_SHRINKING)
        except Difference as difference:
            return difference if difference.at == len(commands) - 1 else None
        except (RuntimeError, OSError):
            pass  # too little is left for an answer
        return None


# --- Shrinking


def shrunk(pair, commands, protocol):
    """The commands without those that the difference does not need, and the difference as it then is."""
    last = commands[-1:]
    found = [pair.differs(commands, protocol)]

    def fails(before):
        difference = pair.differs(before + last, protocol)
        if not pair.ours.alive():
            pair.ours.start()
        if difference:
            found[0] = difference
        return difference is not None

    if found[0] is None:
        return commands, None
    return shrink.shrunk(commands[:-1], fails, SHRINK_TRIES_MAX) + last, found[0]


# --- What is sent


def state_commands():
    commands = [[b"DISCARD"]]
    for db in generate.DATABASES:
        commands += [[b"SELECT", b"%d" % db], [b"DBSIZE"]]
        for key in generate.KEYS:
            commands += [[b"TYPE", key], [b"PTTL", key], [b"LRANGE", key, b"0", b"-1"], [b"GET", key],
                         [b"XRANGE", key, b"-", b"+"], [b"XLEN", key], [b"XINFO", b"STREAM", key, b"FULL", b"COUNT", b"0"]]
    return commands


def one_run(rng, family):
    generator = generate.Generator(rng, family)
    commands = []
    while len(commands) < RUN_COMMANDS:
        commands += generator.unit()
    count = len(commands)
    commands += state_commands()
    batches, left = [], len(commands)
    while left > 0:
        batches.append(min(left, rng.randint(1, BATCH_COMMANDS_MAX)))
        left -= batches[-1]
    return commands, batches, count


# --- What is told


def clipped(text):
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}... ({len(text)} characters)"


def report(difference, commands, protocol, seed, run):
    print(f"\nDIFFERENCE (RESP{protocol}, seed {seed}, run {run}) after {len(commands)} commands:")
    for words in commands:
        print(f"  > {clipped(show_words(words))}")
    for name, reply in (("redis ", difference.oracle), ("sluice", difference.ours)):
        print(f"  {name}: {clipped(reply if isinstance(reply, str) else show(reply))}")
    sys.stdout.flush()


def signature(difference):
    """Of which kind a difference is: the command, and the replies without what the command's words put into
    them."""
    def shape(reply):
        if isinstance(reply, str):
            return reply[:60]
        return show(reply).partition("'")[0][:60] if reply.kind == "-" else reply.kind
    return difference.words[0].upper(), shape(difference.oracle), shape(difference.ours)


def main():
    options = arguments(__doc__, COMMANDS, COMMANDS_NIGHTLY, ", show one of each kind")
    seed, wanted = options.seed, options.commands
    print(f"seed {seed}, {wanted} commands, family {options.family or 'all'}", flush=True)
    start, sent, run, seen = time.monotonic(), 0, 0, {}
    with Server.redis() as oracle, Server.under_test(options.server) as ours:
        pair = Pair(oracle, ours)
        while sent < wanted:
            # A run depends on the seed and its number only: it can be repeated alone.
            commands, batches, count = one_run(random.Random(f"{seed} {run}"), options.family)
            protocol = 2 + run % 2
            try:
                count = min(count, pair.run(commands, batches, protocol))
            except Difference as difference:
                if not ours.alive():
                    print(ours.output()[-3000:])
                    ours.start()
                seen[signature(difference)] = seen.get(signature(difference), 0) + 1
                if seen[signature(difference)] == 1:
                    shorter, found = shrunk(pair, commands[:difference.at + 1], protocol)
                    report(found or difference, shorter, protocol, seed, run)
                if not options.all:
                    break
            sent += count
            run += 1
    print(f"seed {seed}: {sent} commands in {run} runs, {pair.intended} differences intended, "
          f"{sum(seen.values())} not, {time.monotonic() - start:.1f} s")
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())
