# SPDX-License-Identifier: MIT
"""What the sessions in Python share: see sessions.py for what they say and ask.

    session = Session()              reads the command line
    session.say("pop", r.lpop("l"))
    session.say("wrong type", refused(lambda: r.lpush("string", "x")))
"""
import datetime
import json
import sys
import time

import redis

WAIT_SECONDS_MAX = 30
LOOK_SECONDS = 0.002


class Session:
    def __init__(self):
        self.port = int(sys.argv[1])
        self.families = sys.argv[2].split(",")
        self.output = sys.stdout

    def say(self, name, got):
        self._write({"said": name, "got": plain(got)})

    def family(self, name):
        """Whether this session is to be about it."""
        if name not in self.families:
            return False
        self._write({"family": name})
        return True

    def ask(self, what):
        self._write({"ask": what})
        if sys.stdin.readline() != "done\n":
            sys.exit("nobody listens any more")

    def _write(self, line):
        self.output.write(json.dumps(line) + "\n")
        self.output.flush()


def plain(value):
    """As JSON, the same for the same value; what has no order is put into one."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return {"set": sorted((plain(item) for item in value), key=json.dumps)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, BaseException):
        return {type(value).__name__: str(value)}
    if isinstance(value, datetime.datetime):
        return {"time": value.isoformat()}
    if value is None or isinstance(value, (str, int)):
        return value
    raise TypeError(f"how is one to say {type(value)}?")


def refused(call):
    """The error, which there must be."""
    try:
        got = call()
    except redis.RedisError as error:
        return error
    raise AssertionError(f"not refused, but answered {got!r}")


def until(what, condition):
    """Looks again and again; returns what the condition gave in the end."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not (got := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WAIT_SECONDS_MAX} s: {what}")
        time.sleep(LOOK_SECONDS)  # between two looks; the deadline bounds them
    return got


def only(fields, *names):
    """Of a dictionary, the fields that do not vary."""
    return {name: fields[name] for name in names}


def kinds(fields, *names):
    """Of fields that vary: of which kind they are, and no more."""
    return {name: type(fields[name]).__name__ for name in names}
