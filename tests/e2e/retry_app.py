#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stock consumers of three client libraries get retries and dead letters from a policy, without knowing of it.

    tests/e2e/retry_app.py [--server PATH] [--entries N]

                                  ┌─► billing    redis-py      two loops of XREADGROUP > and XACK in each group;
    entries ──► sluice: orders ───┼─► shipping   ioredis       one entry in ten is left alone the first time it is
         XADD   QPOLICY of each   └─► mailing    node-redis    seen, one in fifty always: poison
                fsync always, SIGKILLed half way

In every group a consumer is SIGKILLed with a batch in its hands. In the end each entry was done once in every group, none
came back after its ack, the poison lies in each group's dead letters after exactly as many deliveries as the policy
allows, and what failed together waited for different times. Then the poison can be done: QREDRIVE, and nothing is left.
Exit code 77: a client library is not installed. """
import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from journaled import Journaled
from resp import Closed, TimedOut
from retry_rules import (ANTIDOTE, ATTEMPTS_MAX, BACKOFF_MS, BATCH, BLOCK_MS, GROUPS, JITTER_PERCENT, POLICY,
                         RECONNECT_SECONDS, STREAM, is_poison)
from servers import Server
from waiting import SKIPPED, Failed, check_restart, missing_npm, wait_until

ENTRIES = 600
HANG_AFTER_BATCHES = 4
DELAYS_MIN = 20  # waits that have to be seen in each group


class Consumer(Journaled):
    def __init__(self, group, name, port, directory, hang_after=0):
        self.group, self.name = group, name

        def command(journal):
            common = [group, name, str(port), journal]
            library = GROUPS[group]
            if library == "redis-py":
                hang = ["--hang-after", str(hang_after)] if hang_after else []
                return [sys.executable, str(HERE / "retry_worker.py"), *common, *hang]
            rules = [hang_after, STREAM, BATCH, BLOCK_MS, RECONNECT_SECONDS, ANTIDOTE]
            return ["node", str(HERE / "retry_worker.js"), library, *common, *map(str, rules)]

        super().__init__(f"{group}-{name}", directory, command)



def fields_of(reply):
    return {reply.value[at].value.decode(): reply.value[at + 1] for at in range(0, len(reply.value), 2)}


def number(client, group, field):
    return int(fields_of(client.ask("QINFO", STREAM, "GROUP", group))[field].value)


def letters_of(client, group):
    letters = client.ask("XRANGE", f"{STREAM}:{group}:dead", "-", "+").value
    return [{name: value.value.decode() for name, value in fields_of(letter.value[1]).items()} for letter in letters]


class Delays:
    """The waits that the server has given to failed entries, as it tells them."""

    def __init__(self):
        self.seen = {group: {} for group in GROUPS}

    def look(self, client):
        for group in GROUPS:
            for entry in client.ask("XPENDING", STREAM, group, "-", "+", "1000").value:
                entry_id, consumer, idle = entry.value[0].value, entry.value[1].value, int(entry.value[2].value)
                if consumer or idle >= -1:
                    continue
                told = client.ask("QINFO", STREAM, "GROUP", group, "ID", entry_id)
                if told.value is None:
                    continue  # done meanwhile, by a late ack
                told = fields_of(told)
                if told["state"].value == b"delayed":
                    failed, until = int(told["last-failure"].value), int(told["until"].value)
                    self.seen[group][entry_id, failed] = until - failed

    def check(self):
        for group, seen in self.seen.items():
            low = BACKOFF_MS - BACKOFF_MS * JITTER_PERCENT // 100
            wrong = [delay for delay in seen.values() if not low <= delay <= BACKOFF_MS]
            if wrong:
                raise Failed(f"{group}: waits of {wrong} ms, not {low} to {BACKOFF_MS}")
            if len(seen) < DELAYS_MIN or len(set(seen.values())) < len(seen) // 4:
                raise Failed(f"{group}: {len(seen)} waits, of only {len(set(seen.values()))} lengths")


def fill(client, first, end):
    for n in range(first, end):
        client.send("XADD", STREAM, "*", "n", str(n))
    for _ in range(first, end):
        client.receive()


def run(server, directory, count):
    """Returns the consumers, all ended, and the waits that were seen."""
    control = server.client()
    delays = Delays()
    consumers = []
    for group in GROUPS:
        control.ask("XGROUP", "CREATE", STREAM, group, "0", "MKSTREAM")
        control.ask("QPOLICY", STREAM, "GROUP", group, *map(str, POLICY))
    try:
        for group in GROUPS:
            consumers.append(Consumer(group, "steady", server.port, directory))
            consumers.append(Consumer(group, "victim", server.port, directory, HANG_AFTER_BATCHES))
        victims = [consumer for consumer in consumers if consumer.name == "victim"]
        fill(control, 0, count // 2)
        wait_until("a consumer of each group hangs with entries",
                   lambda: delays.look(control) or all(victim.hangs() for victim in victims))
        for victim in victims:
            victim.kill()
        fill(control, count // 2, count)
        wait_until("half of them are done", lambda: delays.look(control) or all(
            number(control, group, "acked") > count // 2 for group in GROUPS))
        server.kill()
        server.start()
        control.close()
        control = server.client()

        poison = sum(1 for n in range(count) if is_poison(n))
        wait_until("all is done or dead", lambda: delays.look(control) or all(
            number(control, group, "pending") == 0 and number(control, group, "lag") == 0 and
            number(control, group, "dead") >= poison for group in GROUPS))
        check_letters(control, count)

        control.ask("SET", ANTIDOTE, "1")
        for group in GROUPS:
            moved = control.ask("QREDRIVE", f"{STREAM}:{group}:dead", "COUNT", "1000", "SPREAD", "500").value[0].value
            if int(moved) != poison:
                raise Failed(f"{group}: {moved} letters were put back, not {poison}")
        wait_until("the poison is done", lambda: all(number(control, group, "pending") == 0 for group in GROUPS))
        for consumer in consumers:
            if consumer.name != "victim":
                consumer.end()
        return consumers, delays
    finally:
        for consumer in consumers:
            consumer.kill()


def check_letters(client, count):
    for group in GROUPS:
        letters = letters_of(client, group)
        numbers = sorted(int(letter["n"]) for letter in letters)
        if numbers != [n for n in range(count) if is_poison(n)]:
            raise Failed(f"{group}: the dead are {numbers}")
        for letter in letters:
            told = [letter[f"dlq.{name}"] for name in ("source", "group", "reason", "error", "attempts", "redriven")]
            if told != [STREAM, group, "maxattempts", "lease-expired", str(ATTEMPTS_MAX), "0"]:
                raise Failed(f"{group}: a letter says {letter}")


def check(consumers, count):
    """Returns numbers to print."""
    numbers = []
    for group, library in GROUPS.items():
        notes = [note for consumer in consumers if consumer.group == group for note in consumer.notes()]
        got, acked, asked = {}, {}, {}
        for note in notes:
            if note["what"] == "got":
                got.setdefault(note["n"], []).append(note["asked_at"])
            if note["what"] == "acks":
                asked[note["n"]] = asked.get(note["n"], 0) + 1
            if note["what"] == "acked":
                asked[note["n"]] -= 1
                if note["reply"] == 1:
                    acked.setdefault(note["n"], []).append(note["at"])
        for n in range(count):
            times = acked.get(n, [])
            if len(times) > 1:
                raise Failed(f"{group}: {n} was acked {len(times)} times")
            if not times and asked.get(n, 0) == 0:
                raise Failed(f"{group}: {n} was never acked")  # nor may its answer have been lost with the server
            if times and max(got[n]) > times[0]:
                raise Failed(f"{group}: {n} came back after its ack")
        again = sum(len(times) - 1 for times in got.values())
        numbers.append(f"{group} ({library}) {again} again")
    return numbers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=None, help="else $SLUICE_SERVER or build/sluice-server")
    parser.add_argument("--entries", type=int, default=ENTRIES)
    options = parser.parse_args()
    if reason := missing_npm(HERE, "ioredis", "redis"):
        print(f"skipped: {reason}")
        return SKIPPED
    start = time.monotonic()
    with Server.sluice(options.server, "--appendfsync", "always") as server, \
            tempfile.TemporaryDirectory(prefix="sluice-retry-") as directory:
        try:
            consumers, delays = run(server, directory, options.entries)
            delays.check()
            numbers = check(consumers, options.entries)
            check_restart(server)
        except (Failed, Closed, TimedOut, subprocess.SubprocessError) as failure:
            print(f"FAILED: {failure}")
            if not server.alive():
                print(server.output()[-3000:])
            return 1
    waits = sum(len(seen) for seen in delays.seen.values())
    print(f"{options.entries} entries, " + ", ".join(numbers) + f", {waits} waits, {time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
