# SPDX-License-Identifier: MIT
"""One consumer of the retry application, a stock redis-py loop; retry_worker.js says the same for ioredis and node-redis.

    python3 retry_worker.py GROUP NAME PORT JOURNAL [--hang-after BATCHES]

XREADGROUP > and XACK, and nothing else of groups: what it cannot do it leaves alone. What it was given, and what its acks
were answered, stands in its journal, a line of JSON each with the time of the machine's steady clock. SIGTERM ends it
between two batches. With --hang-after it stops with a batch in its hands and waits to be killed. """
import json
import signal
import sys
import time

import redis

from retry_rules import ANTIDOTE, BATCH, BLOCK_MS, RECONNECT_SECONDS, STREAM, fails_once, is_poison


class Worker:
    def __init__(self, group, name, port, journal):
        self.group, self.name, self.stopping, self.batches = group, name, False, 0
        self.journal = open(journal, "a", buffering=1)
        self.client = redis.Redis(port=port, socket_timeout=20, socket_connect_timeout=5)
        signal.signal(signal.SIGTERM, self.stop)

    def stop(self, *_):
        self.stopping = True

    def note(self, what, **fields):
        self.journal.write(json.dumps({"what": what, "at": time.monotonic(), **fields}) + "\n")

    def can_do(self, n):
        if is_poison(n):
            return self.client.exists(ANTIDOTE) == 1
        return not (fails_once(n) and self.client.set(f"failed:{self.group}:{n}", 1, nx=True))

    def handle(self, entries, asked_at, hang_after):
        for _, fields in entries:
            self.note("got", n=int(fields[b"n"]), asked_at=asked_at)
        self.batches += 1
        if self.batches == hang_after:
            self.note("hangs")
            while True:
                signal.pause()
        for entry_id, fields in entries:
            n = int(fields[b"n"])
            if not self.can_do(n):
                continue
            self.note("acks", n=n)
            self.note("acked", n=n, reply=self.client.xack(STREAM, self.group, entry_id))

    def life(self, hang_after):
        while not self.stopping:
            asked_at = time.monotonic()
            reply = self.client.xreadgroup(self.group, self.name, {STREAM: ">"}, count=BATCH, block=BLOCK_MS)
            if reply:
                self.handle(reply[0][1], asked_at, hang_after)

    def run(self, hang_after):
        broken_since = None
        while not self.stopping:
            try:
                self.life(hang_after)
            except (redis.ConnectionError, redis.TimeoutError) as fault:
                broken_since = broken_since or time.monotonic()
                if time.monotonic() - broken_since > RECONNECT_SECONDS:
                    raise
                self.note("reconnect", fault=str(fault))
                time.sleep(0.05)  # between two tries; the deadline bounds them


def main():
    group, name, port, journal = sys.argv[1:5]
    Worker(group, name, int(port), journal).run(int(sys.argv[6]) if len(sys.argv) > 6 else None)


if __name__ == "__main__":
    main()
