#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same random commands to Debian's redis-server and to Sluice, which both publish every change of a key; what a
subscriber of all channels hears must be equal, event for event.

    tests/compat/events.py [--commands N] [--seed S] [--family NAME] [--server PATH] [--all]

The commands are those of generate.py. Behind each of them a mark is published, so that events meet their command. Of
a difference the commands are shrunk. """
import collections
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import generate
import shrink
from command_line import arguments
from resp import Closed, ProtocolFault, TimedOut, encode, show, show_words
from servers import Server

COMMANDS = 30_000
COMMANDS_NIGHTLY = 1_000_000
RUN_COMMANDS = 300
BATCH_COMMANDS_MAX = 40
SHRINK_TRIES_MAX = 300
REPLY_SECONDS = 10.0
CLASSES = "KEAmn"
PATTERNS = ("__key*", "mark")

# What we announce differently on purpose, by command: what a stretch of events may differ in, and why.
Intended = collections.namedtuple("Intended", "commands events when reason")
INTENDED = [
    Intended((b"XREAD", b"XREADGROUP"), (b"keymiss",), lambda words: b"+" in words,
             "the ID + is one of XREAD (7.4), and an error in 7.0"),
    Intended((b"BITFIELD",), (b"setbit",), lambda words: b"FAIL" in [word.upper() for word in words],
             "a key that comes to be while each change of it overflows is logged here, and so announced"),
    Intended((b"XSETID",), (b"xsetid",), lambda words: True, "newer versions refuse more (8.2)"),
]

# They look for keys that are named by the members of a set or a sorted set, in the order of a hash table.
IN_ANY_ORDER = (b"SORT", b"SORT_RO")

# They put other things than events into the stream, or change who may hear them.
LEFT_OUT = (b"PUBLISH", b"SPUBLISH", b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE", b"MONITOR", b"CONFIG", b"CLIENT",
            b"QUIT", b"RESET", b"DEBUG", b"SHUTDOWN", b"AUTH", b"HELLO")


class Side:
    def __init__(self, server, protocol):
        self.commander = server.client(REPLY_SECONDS)
        self.listener = server.client(REPLY_SECONDS)
        self.commander.ask("FLUSHALL")
        if protocol == 3:
            self.listener.ask("HELLO", "3")
        for pattern in PATTERNS:
            self.listener.ask("PSUBSCRIBE", pattern)

    def run(self, commands, first):
        """The events of each command, by its number."""
        data = b"".join(encode(words) + encode([b"PUBLISH", b"mark", b"%d" % (first + at)])
                        for at, words in enumerate(commands))
        self.commander.send_raw(data)
        for _ in range(2 * len(commands)):
            self.commander.receive()
        self.listener.send("PING")
        heard = []
        while True:
            reply = self.listener.receive()
            if reply.kind == "+" or reply.value[0].value == b"pong":
                return heard
            _, _, channel, message = reply.value
            heard.append((channel.value, message.value))

    def close(self):
        self.commander.close()
        self.listener.close()


def stretches(heard):
    """The events up to each mark, and the number that the mark has."""
    events = []
    for channel, message in heard:
        if channel == b"mark":
            yield int(message), events
            events = []
        else:
            events.append((channel, message))


def without(events, names):
    """Those that are not of these names."""
    return [(channel, message) for channel, message in events
            if message not in names and channel.rpartition(b":")[2] not in names]


def equal(oracle, ours, words):
    """Whether two stretches that a command made are equal but for what is intended."""
    if oracle == ours:
        return True
    if words[0].upper() in IN_ANY_ORDER and sorted(oracle) == sorted(ours):
        return True
    names = [name for intended in INTENDED for name in intended.events
             if words[0].upper() in intended.commands and intended.when(words)]
    return bool(names) and without(oracle, names) == without(ours, names)


def first_difference(heard, commands):
    """(number of the command, what redis said, what we said) of the first stretch that differs, or None."""
    for (at, oracle), (other, ours) in zip(stretches(heard[0]), stretches(heard[1])):
        # In a transaction the marks are queued too, each behind its command.
        if at != other or not equal(oracle, ours, commands[at]):
            return at, oracle, ours
    return None


def play(oracle, ours, commands, batches, protocol):
    """None, or (number of the command, what redis said from there on, what we said)."""
    sides = [Side(oracle, protocol), Side(ours, protocol)]
    try:
        at = 0
        for size in batches:
            heard = [side.run(commands[at:at + size], at) for side in sides]
            if difference := first_difference(heard, commands):
                return difference
            at += size
        return None
    finally:
        for side in sides:
            side.close()


def one_run(rng, family):
    generator = generate.Generator(rng, family)
    commands = []
    while len(commands) < RUN_COMMANDS:
        unit = generator.unit()
        if not any(words[0].upper() in LEFT_OUT for words in unit):
            commands += unit
    commands.append([b"DISCARD"])
    batches, left = [], len(commands)
    while left > 0:
        batches.append(min(left, rng.randint(1, BATCH_COMMANDS_MAX)))
        left -= batches[-1]
    return commands, batches


def told(events):
    return " ".join(f"{channel.decode(errors='replace')}={message!r}" for channel, message in events[:8])


def main():
    options = arguments(__doc__, COMMANDS, COMMANDS_NIGHTLY, "")
    seed, wanted = options.seed, options.commands
    print(f"seed {seed}, {wanted} commands, family {options.family or 'all'}", flush=True)
    start, sent, run, failed = time.monotonic(), 0, 0, 0
    publishing = ["--notify-keyspace-events", CLASSES]
    with Server.redis(*publishing) as oracle, Server.under_test(options.server, *publishing) as ours:
        while sent < wanted:
            commands, batches = one_run(random.Random(f"{seed} {run}"), options.family)
            protocol = 2 + run % 2
            difference = play(oracle, ours, commands, batches, protocol)
            if difference is not None:
                failed += 1

                def fails(candidate):
                    try:
                        return play(oracle, ours, candidate, [1] * len(candidate), protocol) is not None
                    except (Closed, ProtocolFault, TimedOut, OSError, ValueError):
                        return False

                shorter = commands[:difference[0] + 1]
                if fails(shorter):
                    shorter = shrink.shrunk(shorter, fails, SHRINK_TRIES_MAX)
                    difference = play(oracle, ours, shorter, [1] * len(shorter), protocol)
                print(f"\nDIFFERENCE (RESP{protocol}, seed {seed}, run {run}):")
                for words in shorter:
                    print(f"  > {show_words(words)[:300]}")
                print(f"  redis : {told(difference[1])}\n  sluice: {told(difference[2])}", flush=True)
                if not options.all:
                    break
            sent += len(commands)
            run += 1
    print(f"seed {seed}: {sent} commands in {run} runs, {failed} differ, {time.monotonic() - start:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
