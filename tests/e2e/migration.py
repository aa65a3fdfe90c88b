#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An application that LPUSHes and BRPOPs moves to leases, worker by worker, while its producer goes on.

Three workers begin with BRPOP. One after the other is stopped between two messages, and comes back with QRESERVE and
QACK. The producer never stops and never learns of it. In the end every message has been done, exactly once, because no
worker died; and one that then does die in the middle of its work loses nothing either.

    tests/e2e/migration.py [--server build/sluice-server] [--messages N]
"""
import argparse
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from servers import Server  # noqa: E402

QUEUE = "jobs"
WORKERS = 3
BOUND_SECONDS = 120


class Worker:
    """Takes messages in a thread until told to stop; `done` is what it has done."""

    def __init__(self, server, number, leases, done):
        self.server, self.number, self.leases, self.done = server, number, leases, done
        self.stopping = threading.Event()
        self.error = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            client = self.server.client(timeout=30)
            take = self.reserve if self.leases else self.pop
            while not self.stopping.is_set():
                take(client)
            client.close()
        except Exception as error:  # told by stop()
            self.error = error

    def pop(self, client):
        reply = client.ask("BRPOP", QUEUE, "0.05")
        if reply.value is not None:
            self.done.append(reply.value[1].value)

    def reserve(self, client):
        reply = client.ask("QRESERVE", "1", QUEUE, "BLOCK", "50", "CONSUMER", f"worker-{self.number}")
        if reply.value is None:
            return
        handle, payload = reply.value[0].value[1].value, reply.value[0].value[2].value
        self.done.append(payload)
        if client.ask("QACK", QUEUE, handle).value[0].value != b"1":
            raise AssertionError(f"the ack of {handle} was refused")

    def stop(self):
        self.stopping.set()
        self.thread.join(BOUND_SECONDS)
        if self.thread.is_alive() or self.error:
            raise AssertionError(f"worker {self.number} did not stop well: {self.error}")


def produce(server, messages, moved):
    """The first half at once; the other half only when all workers have moved, so both ways have work to do."""
    client = server.client(timeout=30)
    for i in range(messages):
        if i == messages // 2:
            moved.wait(BOUND_SECONDS)
        client.ask("LPUSH", QUEUE, f"message-{i}")
    client.close()


def wait_until(condition, what):
    for _ in range(BOUND_SECONDS * 20):
        if condition():
            return
        threading.Event().wait(0.05)
    raise AssertionError(f"waited too long: {what}")


def info(client):
    flat = client.ask("QINFO", QUEUE).value
    return {flat[i].value.decode(): flat[i + 1].value for i in range(0, len(flat), 2)}


def crash_in_the_middle(server, client):
    """A worker that dies with a message in its hands: its lease runs out, another one does the work."""
    client.ask("QPOLICY", QUEUE, "LEASE", "200", "BACKOFF", "NONE")
    client.ask("LPUSH", QUEUE, "last")
    victim = server.client()
    assert victim.ask("QRESERVE", "1", QUEUE).value is not None
    victim.close()
    again = client.ask("QRESERVE", "1", QUEUE, "BLOCK", "10000").value
    assert again is not None and again[0].value[2].value == b"last", "the message came back"
    assert client.ask("QACK", QUEUE, again[0].value[1].value).value[0].value == b"1"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server")
    parser.add_argument("--messages", type=int, default=6_000)
    options = parser.parse_args()
    with Server.sluice(options.server) as server:
        done = []
        moved = threading.Event()
        workers = [Worker(server, i, False, done) for i in range(WORKERS)]
        producer = threading.Thread(target=produce, args=(server, options.messages, moved), daemon=True)
        producer.start()
        for i in range(WORKERS):
            wanted = len(done) + options.messages // 10
            wait_until(lambda: len(done) >= min(wanted, options.messages // 2), "the old workers do their part")
            workers[i].stop()
            workers[i] = Worker(server, i, True, done)
        moved.set()
        producer.join(BOUND_SECONDS)
        wait_until(lambda: len(done) >= options.messages, "every message is done")
        for worker in workers:
            worker.stop()
        client = server.client()
        expected = {f"message-{i}".encode() for i in range(options.messages)}
        assert set(done) == expected, f"lost: {sorted(expected - set(done))[:5]}"
        assert len(done) == len(expected), "nobody died, so nothing is done twice"
        numbers = info(client)
        assert numbers["ready"] == numbers["leased"] == numbers["delayed"] == b"0"
        crash_in_the_middle(server, client)
        assert client.ask("EXISTS", QUEUE).value == b"0"
    print(f"{options.messages} messages, {WORKERS} workers moved from BRPOP to QRESERVE, none lost, none twice")


if __name__ == "__main__":
    main()
