# SPDX-License-Identifier: MIT
"""One worker of the main job: a redis-py client that reserves messages, checksums the file each one names and
acks it.

    python3 job_worker.py NAME PORT JOURNAL [--hang-after BATCHES]

It writes what it does to a journal of its own, a line of JSON each, at once: what it was given, what it
computed (before the ack), what the ack or nack was answered (after it). The parent checks the journals
against each other. With --hang-after it stops in the middle of that batch, holding leases, and waits to be
killed. SIGTERM ends it between two batches. """
import hashlib
import json
import os
import signal
import sys
import time

import redis

from job_rules import (BATCH, BLOCK_MS, FAIL_ONE_IN, LEASE_MS, QUEUE, RECONNECT_SECONDS, is_poison, poison_reason,
                       transient_reason)


def fails_once(path, attempt):
    """One first attempt in ten, the same ones in every run. Only first ones: with the two deaths that this
    test brings about, a file that is no poison stays below its attempts."""
    return attempt == 0 and hashlib.sha256(path + b"#%d" % attempt).digest()[0] % FAIL_ONE_IN == 0


class Worker:
    def __init__(self, name, port, journal):
        self.name, self.port, self.stopping = name, port, False
        self.journal = open(journal, "a", buffering=1)
        self.client = redis.Redis(port=port, socket_timeout=20, socket_connect_timeout=5)
        signal.signal(signal.SIGTERM, self.stop)

    def stop(self, *_):
        self.stopping = True

    def note(self, what, **fields):
        self.journal.write(json.dumps({"what": what, **fields}) + "\n")

    def ask(self, *words):
        """The answer, and whether the connection broke on the way to it: then the first try may have
        counted."""
        broke, deadline = False, None
        while True:
            try:
                return self.client.execute_command(*words), broke
            except (redis.ConnectionError, redis.TimeoutError) as fault:
                now = time.monotonic()
                deadline = deadline or now + RECONNECT_SECONDS
                if now > deadline:
                    raise
                broke = True
                self.note("reconnect", fault=f"{type(fault).__name__}: {fault}", asked=str(words[0]))
                time.sleep(0.05)  # between two tries; the deadline bounds them

    def run(self, hang_after):
        batches = 0
        while not self.stopping:
            entries, _ = self.ask("QRESERVE", 1, QUEUE, "COUNT", BATCH, "BLOCK", BLOCK_MS, "CONSUMER", self.name)
            received = time.time() * 1000
            for _, handle, path, attempts, deadline in entries or []:
                self.note("given", handle=handle.decode(), path=os.fsdecode(path), attempts=attempts,
                          at=deadline - LEASE_MS, received=received)
            if entries:
                batches += 1
            for done, (_, handle, path, attempts, _) in enumerate(entries or []):
                if batches == hang_after and done == len(entries) // 2:
                    self.note("hangs", holds=[entry[1].decode() for entry in entries[done:]])
                    while True:
                        signal.pause()
                self.work(handle.decode(), path, attempts)

    def work(self, handle, path, attempts):
        if is_poison(path):
            self.fail(handle, poison_reason(path))
        elif fails_once(path, attempts):
            self.fail(handle, transient_reason(attempts))
        else:
            with open(path, "rb") as file:
                checksum = hashlib.file_digest(file, "sha256").hexdigest()
            self.note("computed", handle=handle, path=os.fsdecode(path), checksum=checksum)
            answer, broke = self.ask("QACK", QUEUE, handle)
            self.note("acked", handle=handle, path=os.fsdecode(path), checksum=checksum, answer=answer[0], broke=broke)

    def fail(self, handle, reason):
        sent = time.time() * 1000
        answer, broke = self.ask("QNACK", QUEUE, "FAIL", "IDS", 1, handle, "REASON", reason)
        self.note("nacked", handle=handle, answer=answer[0], broke=broke, reason=reason, sent=sent)


def main():
    name, port, journal = sys.argv[1:4]
    hang_after = int(sys.argv[5]) if len(sys.argv) > 5 else None
    Worker(name, int(port), journal).run(hang_after)


if __name__ == "__main__":
    main()
