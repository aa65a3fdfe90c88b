# SPDX-License-Identifier: MIT
"""One consumer of the group application as a redis-py client; group_worker.js says the same for ioredis and node-redis.

    python3 group_worker.py GROUP NAME PORT JOURNAL [--hang-after BATCHES]

It first goes through what it has pending from an earlier life, then reads on, and now and then claims what others left
behind. What it was given stands in its journal, a line of JSON each, before it is acknowledged. After a broken
connection it begins again with what it has pending. SIGTERM ends it between two batches. With --hang-after it stops
with a batch in its hands and waits to be killed. """
import hashlib
import json
import signal
import sys
import time

import redis

from group_rules import BATCH, BLOCK_MS, CLAIM_IDLE_MS, RECONNECT_SECONDS, STREAM


class Worker:
    def __init__(self, group, name, port, journal):
        self.group, self.name, self.stopping, self.batches = group, name, False, 0
        self.journal = open(journal, "a", buffering=1)
        self.client = redis.Redis(port=port, socket_timeout=20, socket_connect_timeout=5)
        signal.signal(signal.SIGTERM, self.stop)

    def stop(self, *_):
        self.stopping = True

    def note(self, what, **fields):
        self.journal.write(json.dumps({"what": what, **fields}) + "\n")

    def handle(self, source, entries, hang_after):
        for entry_id, fields in entries:
            if fields is not None:
                self.note("got", source=source, id=entry_id.decode(), n=int(fields[b"n"]),
                          sha=hashlib.sha256(fields[b"line"]).hexdigest())
        self.batches += 1
        if self.batches == hang_after:
            self.note("hangs")
            while True:
                signal.pause()
        if entries:
            self.client.xack(STREAM, self.group, *[entry_id for entry_id, _ in entries])

    def read(self, start):
        reply = self.client.xreadgroup(self.group, self.name, {STREAM: start}, count=BATCH,
                                       block=BLOCK_MS if start == ">" else None)
        return reply[0][1] if reply else []

    def life(self, hang_after):
        """From a new connection to its end."""
        while entries := self.read("0"):
            self.handle("history", entries, hang_after)
        while not self.stopping:
            if entries := self.read(">"):
                self.handle("new", entries, hang_after)
            claimed = self.client.xautoclaim(STREAM, self.group, self.name, CLAIM_IDLE_MS, "0-0", count=BATCH)[1]
            if claimed:
                self.handle("claimed", claimed, hang_after)

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
