#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stream of real log lines that three groups of consumers read, each with another client library, while consumers
come and die, the stream is trimmed and the server is killed.

    tests/e2e/group_app.py [--server PATH] [--lines N]

                                                ┌─► audit     redis-py     XAUTOCLAIM
    lines of this machine's logs ──► sluice ────┼─► search    ioredis      XPENDING, XCLAIM
         XADD IDMP                   stream     └─► metrics   node-redis   RESP3, XREADGROUP CLAIM
                                     fsync always, SIGKILLed half way; XTRIM ACKED all along

In every group a consumer is SIGKILLed with entries in its hands, and another one joins. In the end every group has
seen every line, unchanged; what a consumer was given as new came in order; nothing is pending; and the log loads to the
same state. The producer sends again what the dead server did not answer, and nothing is there twice. Exit code 77: a
client library is not installed. """
import argparse
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from group_rules import BATCH, BLOCK_MS, CLAIM_IDLE_MS, GROUPS, RECONNECT_SECONDS, STREAM
from journaled import Journaled
from resp import Closed, TimedOut
from servers import Server
from waiting import SKIPPED, Failed, check_restart, missing_npm, wait_until

LINES = 6000
LINES_MIN = 1000
LINE_BYTES_MAX = 2000
HANG_AFTER_BATCHES = 4
KEPT = 500  # entries, beyond those that a group still needs
SEND_AT_ONCE = 100


def log_lines(count):
    """Of whatever logs the machine keeps, then of the change logs of its packages."""
    lines = []
    for top, wanted in (("/var/log", lambda name: not name.endswith((".gz", ".xz", ".journal"))),
                        ("/usr/share", lambda name: "changelog" in name.lower() and not name.endswith(".gz")),
                        ("/usr/share", lambda name: name.endswith((".txt", ".md", ".pl", ".py")))):
        for directory, directories, names in os.walk(top):
            directories.sort()
            for path in (os.path.join(directory, name) for name in sorted(names) if wanted(name)):
                if os.path.islink(path) or not os.path.isfile(path) or not os.access(path, os.R_OK):
                    continue
                with open(path, "rb") as file:
                    lines += [line[:LINE_BYTES_MAX] for line in file.read(1 << 20).splitlines() if line.strip()]
                if len(lines) >= count:
                    return lines[:count]
    return lines


# --- Consumers


class Consumer(Journaled):
    def __init__(self, group, name, port, directory, hang_after=None):
        self.group, self.name = group, name

        def command(journal):
            common = [group, name, str(port), journal]
            library = GROUPS[group]
            if library == "redis-py":
                hang = ["--hang-after", str(hang_after)] if hang_after else []
                return [sys.executable, str(HERE / "group_worker.py"), *common, *hang]
            numbers = [BATCH, BLOCK_MS, CLAIM_IDLE_MS, RECONNECT_SECONDS]
            return ["node", str(HERE / "group_worker.js"), library, *common, *map(str, numbers)]

        super().__init__(f"{group}-{name}", directory, command)

    def got(self):
        return [note for note in self.notes() if note["what"] == "got"]



# --- The producer


class Producer:
    """Adds lines under their numbers; what was not answered is sent again, and the stream knows it."""

    def __init__(self, server, lines):
        self.server, self.lines, self.done, self.again = server, lines, 0, 0
        self.client = server.client()

    def send_until(self, end):
        while self.done < end:
            last = min(self.done + SEND_AT_ONCE, end)
            try:
                for n in range(self.done, last):
                    self.client.send("XADD", STREAM, "IDMP", "producer", str(n), "*", "n", str(n), "line", self.lines[n])
                for n in range(self.done, last):
                    reply = self.client.receive()
                    if reply.kind != "$":
                        raise Failed(f"XADD was answered {reply}")
                self.done = last
            except (OSError, Closed, TimedOut):
                self.reconnect()

    def send_and_lose(self, count):
        """Sends, and does not listen: some of it may be in the stream."""
        for n in range(self.done, self.done + count):
            self.client.send("XADD", STREAM, "IDMP", "producer", str(n), "*", "n", str(n), "line", self.lines[n])
        self.again = count

    def reconnect(self):
        self.client.close()
        self.client = self.server.client()


def fields_of(reply):
    return {reply.value[at].value.decode(): reply.value[at + 1].value for at in range(0, len(reply.value), 2)}


def groups_of(client):
    return {fields["name"].decode(): fields for fields in map(fields_of, client.ask("XINFO", "GROUPS", STREAM).value)}


def all_read(client):
    return all(int(fields["pending"]) == 0 and fields["lag"] is not None and int(fields["lag"]) == 0
               for fields in groups_of(client).values())


# --- The run


def run(server, directory, lines):
    """Returns the consumers, all ended, and how much was trimmed."""
    control = server.client()
    control.ask("XADD", STREAM, "1-0", "begin", "here")
    control.ask("XCFGSET", STREAM, "IDMP-MAXSIZE", "10000", "IDMP-DURATION", "86400")
    control.ask("XDEL", STREAM, "1-0")
    for group in GROUPS:
        control.ask("XGROUP", "CREATE", STREAM, group, "$")
    trimmed = 0
    consumers, victims = [], []
    try:
        # While they are alone, nobody can be so quick as to leave nothing for them.
        for group in GROUPS:
            consumers.append(Consumer(group, "victim", server.port, directory, HANG_AFTER_BATCHES))
        victims += consumers
        producer = Producer(server, lines)
        producer.send_until(len(lines) // 10)
        # The Python victim hangs with a batch in its hands; the others are simply killed in the middle of their work.
        wait_until("a consumer hangs with entries", lambda: any(n["what"] == "hangs" for n in victims[0].notes()))
        wait_until("the others have worked", lambda: all(victim.got() for victim in victims))

        for group in GROUPS:
            consumers.append(Consumer(group, "steady", server.port, directory))
        for part in range(2, 5):
            producer.send_until(len(lines) * part // 10)
            trimmed += int(control.ask("XTRIM", STREAM, "MAXLEN", "=", str(KEPT), "ACKED").value)
        for victim in victims:
            victim.kill()
        for group in GROUPS:
            consumers.append(Consumer(group, "late", server.port, directory))

        producer.send_until(len(lines) // 2)
        producer.send_and_lose(SEND_AT_ONCE)
        server.kill()
        server.start()
        control.close()
        control = server.client()
        producer.reconnect()
        for part in range(6, 11):
            producer.send_until(len(lines) * part // 10)
            trimmed += int(control.ask("XTRIM", STREAM, "MAXLEN", "=", str(KEPT), "ACKED").value)

        wait_until("every group has read and acknowledged all", lambda: all_read(control))
        for consumer in consumers:
            if consumer not in victims:
                consumer.end()
        return consumers, trimmed
    finally:
        for consumer in consumers:
            consumer.kill()


def check(lines, consumers):
    """Returns numbers to print."""
    checksums = [hashlib.sha256(line).hexdigest() for line in lines]
    numbers = []
    for group, library in GROUPS.items():
        seen, times = set(), 0
        for consumer in (it for it in consumers if it.group == group):
            new = []
            for note in consumer.got():
                if note["sha"] != checksums[note["n"]]:
                    raise Failed(f"{group}/{consumer.name}: line {note['n']} came changed")
                seen.add(note["n"])
                times += 1
                if note["source"] == "new":
                    new.append((tuple(map(int, note["id"].split("-"))), note["n"]))
            if any(a >= b for a, b in zip(new, new[1:])) or [n for _, n in new] != sorted(n for _, n in new):
                raise Failed(f"{group}/{consumer.name}: new entries did not come in order")
        if seen != set(range(len(lines))):
            raise Failed(f"{group} has not seen {sorted(set(range(len(lines))) - seen)[:10]} ...")
        numbers.append(f"{group} ({library}) {times - len(lines)} twice")
    return numbers


def check_state(server, lines, trimmed):
    client = server.client()
    info = fields_of(client.ask("XINFO", "STREAM", STREAM))
    added = int(info["entries-added"])
    if added != len(lines) + 1:
        raise Failed(f"{added - 1} entries were added, not {len(lines)}: something is there twice")
    if int(info["length"]) != len(lines) - trimmed:
        raise Failed(f"{info['length']} entries are there, of {len(lines)} less {trimmed}")
    client.close()
    check_restart(server)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=None, help="else $SLUICE_SERVER or build/sluice-server")
    parser.add_argument("--lines", type=int, default=LINES)
    options = parser.parse_args()
    if reason := missing_npm(HERE, "ioredis", "redis"):
        print(f"skipped: {reason}")
        return SKIPPED
    lines = log_lines(options.lines)
    if len(lines) < LINES_MIN:
        print(f"only {len(lines)} lines on this machine")
        return 1
    start = time.monotonic()
    with Server.sluice(options.server, "--appendfsync", "always") as server, \
            tempfile.TemporaryDirectory(prefix="sluice-groups-") as directory:
        try:
            consumers, trimmed = run(server, directory, lines)
            numbers = check(lines, consumers)
            check_state(server, lines, trimmed)
        except (Failed, subprocess.SubprocessError) as failure:
            print(f"FAILED: {failure}")
            if not server.alive():
                print(server.output()[-3000:])
            return 1
    print(f"{len(lines)} lines, {trimmed} trimmed, " + ", ".join(numbers) + f", {time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
