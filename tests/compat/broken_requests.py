#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests that are broken, cut or odd: the same bytes to redis-server and to Sluice must bring the same
bytes back.

    tests/compat/broken_requests.py [--requests N] [--seed S] [--server PATH] [--all]

Compared are all bytes that come back and whether the connection is closed. First those written by hand, then
valid requests with random bytes lost, doubled or changed. Every request has a connection of its own. """
import argparse
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from resp import Closed, encode
from servers import Server

REQUESTS_RANDOM = 3000
REQUESTS_RANDOM_NIGHTLY = 200_000
SETTLE_PINGS = 2
CLOSE_SECONDS = 1.0
LINE_BYTES_MAX = 64 * 1024

# name: bytes, in one piece
WRITTEN = {
    "an inline command": b"PING\r\n",
    "a line feed alone ends an inline command": b"PING\nECHO a\n",
    "empty lines are skipped": b"\r\n\r\n\nPING\r\n",
    "an empty array is skipped": b"*0\r\nPING\r\n",
    "an array of length -1 is skipped": b"*-1\r\nPING\r\n",
    "an array of length -10 is skipped": b"*-10\r\nPING\r\n",
    "quoted words": b"ECHO \"a b\\r\\n\\x41\"\r\nECHO 'it\\'s'\r\n",
    "a quote that does not end": b"PING\r\nECHO \"a\r\n",
    "a quote with something right behind it": b"ECHO \"a\"b\r\n",
    "a single quote that does not end": b"ECHO 'a\r\n",
    "blanks around words": b"   PING   \r\n\tPING\t\r\n",
    "not a length of an array": b"*x\r\n",
    "an empty length of an array": b"*\r\nPING\r\n",
    "a length of an array with a sign": b"*+1\r\n$4\r\nPING\r\n",
    "a length of an array with a leading zero": b"*01\r\n$4\r\nPING\r\n",
    "a length of an array with a blank": b"* 1\r\n$4\r\nPING\r\n",
    "too many words": b"*2147483648\r\n",
    "many words announced, few sent": b"*2147483647\r\n$4\r\nPING\r\n",
    "a word without its length": b"*1\r\nPING\r\n",
    "a word that begins with a line end": b"*1\r\n\r\n",
    "not a length of a word": b"*1\r\n$x\r\n",
    "a negative length of a word": b"*1\r\n$-1\r\n",
    "a length of a word with a sign": b"*1\r\n$+4\r\nPING\r\n",
    "a length of a word with a leading zero": b"*1\r\n$04\r\nPING\r\n",
    "too long a word": b"*1\r\n$536870913\r\n",
    "a length beyond 64 bits": b"*1\r\n$99999999999999999999\r\n",
    "wrong bytes behind a word": b"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n",
    "a reply before the fault is still sent": b"*1\r\n$4\r\nPING\r\n*1\r\n$x\r\n",
    "a web request": b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a request without words that matter": b"*1\r\n$0\r\n\r\n",
    "an inline command of one quoted empty word": b"\"\"\r\n",
    "a line of the longest kind": b"ECHO " + b"a" * (LINE_BYTES_MAX - 100) + b"\r\n",
    "a line that does not end": b"ECHO " + b"a" * (LINE_BYTES_MAX + 10),
    "a header line that does not end": b"*" + b"1" * (LINE_BYTES_MAX + 10),
    "a word's header line that does not end": b"*1\r\n$" + b"1" * (LINE_BYTES_MAX + 10),
    "quit, and something behind it": b"PING\r\nQUIT\r\nPING\r\n",
    "two requests and the beginning of a third": b"PING\r\n*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$3\r\nab",
}

WORDS = [[b"PING"], [b"ECHO", b"howdy"], [b"SET", b"a", b"1"], [b"GET", b"a"], [b"LPUSH", b"l", b"x", b"y"],
         [b"LRANGE", b"l", b"0", b"-1"], [b"LPOP", b"l", b"10"], [b"NOSUCH", b"x"], [b"ECHO", b""], [b"ECHO", b"\r\n$1\r\n"]]
# No zero byte: Redis looks for the end of a line only up to one, and waits for ever. None above 127: we do
# not repeat them in an error. No x: LPUSHX is not a fault.
ODD_BYTES = b"*$+-0123456789 \r\n\r\n\"'\\aAq:"


def random_request(rng):
    data = b""
    for _ in range(rng.randint(1, 3)):
        words = rng.choice(WORDS)
        data += encode(words) if rng.random() < 0.8 else b" ".join(words).replace(b"\r\n", b"") + b"\r\n"
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data))
        kind = rng.randrange(4)
        if kind == 0:
            del data[at]
        elif kind == 1:
            data.insert(at, rng.choice(ODD_BYTES))
        elif kind == 2:
            data[at] = rng.choice(ODD_BYTES)
        else:
            data[at:at] = data[at:at + rng.randint(1, 6)]
        if not data:
            break
    return bytes(data) or b"\r\n"


class Attempt:
    """One request on a connection of its own."""

    def __init__(self, server, control, data):
        self.control, self.client, self.closed = control, server.client(), False
        self.client.decoder.next = lambda: None  # bytes are compared, not replies
        try:
            self.client.send_raw(data)
        except OSError:
            pass  # closed before all was sent

    def so_far(self):
        """Bytes that have come back, and whether the connection was closed."""
        for _ in range(SETTLE_PINGS):
            self.control.ask("PING")
        try:
            before = -1
            while not self.closed and len(self.client.decoder.buffer) != before:
                before = len(self.client.decoder.buffer)
                self.client.poll()
        except Closed:
            self.closed = True
        return self.client.decoder.rest(), self.closed


def answers(servers, controls, data):
    """What both send back. A server may take a turn more to close than to reply: waited for while they
    differ."""
    attempts = [Attempt(server, control, data) for server, control in zip(servers, controls)]
    deadline = time.monotonic() + CLOSE_SECONDS
    while True:
        got = [attempt.so_far() for attempt in attempts]
        if got[0] == got[1] or time.monotonic() > deadline:
            break
    for attempt in attempts:
        attempt.client.close()
    return got


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=REQUESTS_RANDOM, help="random ones")
    parser.add_argument("--nightly", action="store_true", help=f"{REQUESTS_RANDOM_NIGHTLY} random ones")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--server", default=None)
    parser.add_argument("--all", action="store_true", help="go on after a difference")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}", flush=True)
    rng = random.Random(seed)
    requests = list(WRITTEN.items())
    count = REQUESTS_RANDOM_NIGHTLY if options.nightly else options.requests
    requests += ((f"random {n}", random_request(rng)) for n in range(count))
    start, failed = time.monotonic(), 0
    with Server.redis() as oracle, Server.under_test(options.server) as ours:
        controls = [oracle.client(), ours.client()]
        for name, data in requests:
            expected, got = answers((oracle, ours), controls, data)
            if expected == got:
                continue
            failed += 1
            print(f"\nDIFFERENCE: {name} (seed {seed}): {data[:300]!r}")
            for who, (reply, closed) in (("redis ", expected), ("sluice", got)):
                print(f"  {who}: {reply[:300]!r}{', closed' if closed else ''}", flush=True)
            if not options.all:
                break
    print(f"seed {seed}: {len(requests)} requests, {failed} differ, {time.monotonic() - start:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
