# SPDX-License-Identifier: MIT
"""Millions of messages that come due at once: what each costs in memory, and how long the server answers nobody.

A probe (probe.cc) asks PING a thousand times a second: first while nothing else happens, then from just before the
first message is due until the last one can be had again. All are due in the same millisecond."""
import contextlib
import os
import re
import subprocess
import time

from cases import GROUP, KEY, PAYLOAD
from measure import Failed, ask, used_memory

PAYLOAD_BYTES = 100
MESSAGES = 10_000_000
BYTES_FREE_EACH = 700  # of memory that has to be there for each message, before anything is begun
PUSHES_PER_SECOND = 150_000  # at least so many are loaded
AT_ONCE = 1_000  # reserved, or delivered
IDLE_SECONDS = 5
LOOK_SECONDS = 0.2
DUE_SECONDS = 120
CONNECTIONS, PIPELINE = 4, 64


class Probe:
    def __init__(self, binary, server):
        self.process = subprocess.Popen([binary, str(server.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        put_first(self.process.pid)

    def end(self):
        """Milliseconds: of the slowest answer, and of the slowest one in a thousand."""
        answer, _ = self.process.communicate(timeout=DUE_SECONDS)
        if self.process.returncode != 0:
            raise Failed("the probe got no answer")
        _, longest, one_in_thousand = map(float, answer.split())
        return longest, one_in_thousand


def put_first(process):
    """The probe's waiting for a processor is no stall of the server's. Not the server itself: what is in this class is
    halted for a twentieth of each second if it never sleeps."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(process, os.SCHED_RR, os.sched_param(1))


@contextlib.contextmanager
def probing(binary, server, found):
    probe = Probe(binary, server)
    try:
        yield
        found.extend(probe.end())
    finally:
        if probe.process.poll() is None:
            probe.process.kill()


class Stalls:
    def __init__(self, bench, probe_binary, messages):
        self.bench, self.probe_binary, self.messages = bench, probe_binary, messages
        free = int(re.search(r"^MemAvailable:\s+(\d+) kB", open("/proc/meminfo").read(), re.MULTILINE)[1]) * 1024
        if free < messages * BYTES_FREE_EACH:
            raise Failed(f"{messages} messages take up to {messages * BYTES_FREE_EACH >> 20} MiB; {free >> 20} are free")

    def delayed(self):
        """Added with a due time; all become ready."""
        due = self._due()
        return self._measure(lambda server: self._load(server, ["QADD", KEY, "AT", str(due), PAYLOAD], self.messages),
                             lambda _: wait_for(due), ready_in_queue)

    def leased(self):
        """Reserved; all leases end, and the messages wait out the backoff of the default policy."""
        due = self._due()

        def fill(server):
            self._load(server, ["LPUSH", KEY, PAYLOAD], self.messages)
            self._load(server, ["QRESERVE", "1", KEY, "COUNT", str(AT_ONCE), "LEASE", f"^{due}"],
                       self.messages // AT_ONCE, 1, 1)
        return self._measure(fill, lambda _: wait_for(due), ready_in_queue)

    def held(self):
        """Delivered to a consumer of a group with a policy; then its leases are made shorter than that was long ago."""
        def fill(server):
            self._load(server, ["XADD", KEY, "*", "data", PAYLOAD], self.messages)
            ask(server, GROUP)
            ask(server, f"QPOLICY {KEY} GROUP g LEASE 3600000")
            self._load(server, ["XREADGROUP", "GROUP", "g", "c", "COUNT", str(AT_ONCE), "STREAMS", KEY, ">"],
                       self.messages // AT_ONCE, 1, 1)

        def shorten(server):
            ask(server, f"QPOLICY {KEY} GROUP g LEASE 1")
            return time.time()
        return self._measure(fill, shorten, due_in_group)

    def deleted(self):
        """Delayed for long, and the key is deleted: milliseconds, as Probe.end()."""
        with self.bench.start("sluice") as server:
            self._load(server, ["QADD", KEY, "DELAY", "86400000", PAYLOAD], self.messages)
            found = []
            with probing(self.probe_binary, server, found):
                ask(server, f"DEL {KEY}")
            return found

    def _due(self):
        """When all is loaded, and the idle server has been looked at."""
        return int((time.time() + 2 * IDLE_SECONDS + self.messages / PUSHES_PER_SECOND) * 1000)

    def _load(self, server, words, requests, connections=CONNECTIONS, pipeline=PIPELINE):
        self.bench.load(server, connections, pipeline, requests, words)

    def _measure(self, fill, begin, count):
        with self.bench.start("sluice") as server:
            before = used_memory(server)
            fill(server)
            each = (used_memory(server) - before) / self.messages
            idle, busy = [], []
            with probing(self.probe_binary, server, idle):
                time.sleep(IDLE_SECONDS)  # what is measured is that long
            with probing(self.probe_binary, server, busy):
                began = begin(server)
                seconds = self._wait_for_all(server, count) - began
            return {"bytes": each - PAYLOAD_BYTES, "idle": idle, "busy": busy, "seconds": seconds}

    def _wait_for_all(self, server, count):
        """Returns when that was."""
        deadline = time.monotonic() + DUE_SECONDS
        while time.monotonic() < deadline:
            if count(server) == self.messages:
                return time.time()
            time.sleep(LOOK_SECONDS)  # between two looks; the deadline bounds them
        raise Failed(f"after {DUE_SECONDS} seconds some messages have not come back")


def wait_for(due):
    """Until just before that, in milliseconds; the seconds."""
    left = due / 1000 - 0.1 - time.time()
    if left < 0:
        raise Failed("loading took too long")
    time.sleep(left)
    return due / 1000


def number_of(server, question, name):
    flat = ask(server, question)
    return int(next(value.value for field, value in zip(flat[::2], flat[1::2]) if field.value == name))


def ready_in_queue(server):
    return number_of(server, f"QINFO {KEY}", b"ready")


def due_in_group(server):
    return number_of(server, f"QINFO {KEY} GROUP g", b"due")
