# SPDX-License-Identifier: MIT
"""What is measured: for each part the requests, what has to be there before, and the ratio that is aimed at.

Words are those of load.cc: "@N" for N bytes, "#" for a running number, "," between two requests of one operation, "%N"
for what the first of two replied.
"""
import hashlib
from dataclasses import dataclass, field
from enum import Enum

KEY = "bench"
PAYLOAD = "@100"
PIPELINES = (1, 16, 64)
CONNECTIONS = {1: 50, 16: 10, 64: 4}
OPERATIONS = {1: 20_000, 16: 200_000, 64: 200_000}

PUSH = ["LPUSH", KEY, PAYLOAD]
FILL = ["XADD", KEY, "#-0", "data", PAYLOAD]  # as many as operations, and AHEAD
DELIVER = ["XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", KEY, ">"]
ACK = ["XACK", KEY, "g", "#-0"]
GROUP = f"XGROUP CREATE {KEY} g 0"
# Delivered before the first acknowledgement: more than is ever under way, so that it does not matter which of the
# connections is served first.
AHEAD = 1000
TAKE = ["XREADGROUP", "GROUP", "g", "c", "COUNT", str(AHEAD), "STREAMS", KEY, ">"]


class Take(Enum):
    NOTHING = 0
    AHEAD = 1
    ALL = 2


@dataclass(frozen=True)
class Side:
    """How another server is asked for the same. `scripts`: texts that are loaded first, for EVALSHA."""
    words: list
    before: list = field(default_factory=list)
    scripts: tuple = ()


@dataclass(frozen=True)
class Case:
    """`before`: a text is sent once, a list of words once for each operation and AHEAD times more; then `take`: that
    many entries, or as many as there are operations, are delivered. `share`: of the operations, for what is long.
    `beside`: the servers to compare with, None for one that is asked in the same words. `targets`: server CPU,
    theirs / Sluice, by pipeline: without the log, and at 64 with the log synced each second."""
    words: list
    before: list = field(default_factory=list)
    take: Take = Take.NOTHING
    share: float = 1.0
    beside: dict = field(default_factory=lambda: {"redis": None})
    targets: tuple = ()

    def side(self, server):
        return self.beside.get(server) or Side(self.words, self.before)

    def operations(self, pipeline):
        return int(OPERATIONS[pipeline] * self.share)

    def target(self, pipeline, with_log):
        """None where none is set."""
        if not self.targets:
            return None
        if with_log:
            return self.targets[3] if pipeline == PIPELINES[-1] else None
        return self.targets[PIPELINES.index(pipeline)]


# What people write who have only lists: a message waits in one, is under way in another, and a hash knows by which claim.
# No lease ends by itself here, and nothing is delayed: that would take a sorted set more.
CLAIM = """local message = redis.call('RPOPLPUSH', KEYS[1], KEYS[2])
if not message then return false end
redis.call('HSET', KEYS[3], ARGV[1], message)
return {ARGV[1], message}"""
FINISH = """local message = redis.call('HGET', KEYS[2], ARGV[1])
if not message then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('LREM', KEYS[1], -1, message)
return 1"""
GIVE_BACK = FINISH.replace("return 1", "redis.call('LPUSH', KEYS[3], message)\nreturn 1")


def script(text, *keys_and_arguments, keys):
    return ["EVALSHA", hashlib.sha1(text.encode()).hexdigest(), str(keys), *keys_and_arguments]


RESERVE = ["QRESERVE", "1", KEY]
ADD = ["QADD", KEY, PAYLOAD]
FAIL = ["QNACK", KEY, "FAIL", "IDS", "1", "%1", "DELAY", "0"]
REDIS_ADD = ["LPUSH", KEY, "#@90"]  # the messages have to differ, for LREM
REDIS_CLAIM = script(CLAIM, KEY, "busy", "claims", "#", keys=3)
REDIS_FINISH = script(FINISH, "busy", "claims", "%0", keys=2)
REDIS_GIVE_BACK = script(GIVE_BACK, "busy", "claims", KEY, "%0", keys=3)
SCRIPT = "return(redis.call('LPUSH',KEYS[1],ARGV[1]))"
PUT = ["put", "0", "0", "120", "100", PAYLOAD]

CASES = {
    "LPUSH": Case(PUSH, targets=(1.15, 1.6, 2.5, 3.5)),
    "RPOP": Case(["RPOP", KEY], [PUSH], targets=(1.15, 1.7, 3, 4)),
    "BRPOP": Case(["BRPOP", KEY, "0"], [PUSH]),
    "LMOVE": Case(["LMOVE", KEY, KEY, "RIGHT", "LEFT"], [PUSH], targets=(1.2, 2.3, 4, 4)),
    "XADD": Case(["XADD", KEY, "*", "data", PAYLOAD], targets=(1.2, 2.2, 3, 4)),
    "XRANGE100": Case(["XRANGE", KEY, "1000000500", "+", "COUNT", "100"], [FILL], share=0.05),
    "XREADGROUP": Case(DELIVER, [FILL, GROUP], targets=(1.7, 6, 9, 10)),
    "XACK": Case(ACK, [FILL, GROUP], Take.ALL, targets=(1.2, 2.2, 4, 4)),
    "XREADGROUP+XACK": Case([*DELIVER, ",", *ACK], [FILL, GROUP], Take.AHEAD),
    "EVALSHA": Case(script(SCRIPT, KEY, PAYLOAD, keys=1), [f"SCRIPT LOAD {SCRIPT}"], targets=(1, 1, 1, 1)),
    "QADD": Case(ADD, beside={"redis": Side(REDIS_ADD), "beanstalkd": Side(PUT)}),
    "QRESERVE+QACK": Case([*RESERVE, ",", "QACK", KEY, "%1"], [ADD], beside={
        "redis": Side([*REDIS_CLAIM, ",", *REDIS_FINISH], [REDIS_ADD], (CLAIM, FINISH)),
        "beanstalkd": Side(["reserve", ",", "delete", "%1"], [PUT])}, targets=(None, None, 10, 10)),
    # Each is given back once; the policy never gives up.
    "QRESERVE+QNACK": Case([*RESERVE, ",", *FAIL], [f"QPOLICY {KEY} MAXATTEMPTS 0", ADD], beside={
        "redis": Side([*REDIS_CLAIM, ",", *REDIS_GIVE_BACK], [REDIS_ADD], (CLAIM, GIVE_BACK)),
        "beanstalkd": Side(["reserve", ",", "release", "%1", "0", "0"], [PUT])}, targets=(None, None, 10, 10)),
}


@dataclass(frozen=True)
class MemoryCase:
    """Bytes per `words` sent; with `pending`, per entry of them that is pending. `target`: Sluice / Redis."""
    words: list
    target: float
    pending: bool = False


FIVE_FIELDS = ["XADD", KEY, "*", "id", "#", "type", "click", "user", "u1234", "page", "/home", "ms", "42"]
MEMORY = {
    **{f"list element, {size} B": MemoryCase(["LPUSH", KEY, f"@{size}"], 1.0) for size in (16, 100, 1000)},
    **{f"stream entry, 1 x {size} B": MemoryCase(["XADD", KEY, "*", "data", f"@{size}"], 0.95)
       for size in (16, 100, 1000)},
    "stream entry, 5 short fields": MemoryCase(FIVE_FIELDS, 0.85),
    "pending entry": MemoryCase(["XADD", KEY, "*", "data", PAYLOAD], 0.4, pending=True),
}
MEMORY_COUNT = 200_000
