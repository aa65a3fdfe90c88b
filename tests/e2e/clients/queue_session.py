#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's redis-py with the verbs of the queue, by execute_command(); queue_session.js does the same. """
import re
import threading
import time

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from telling import Session, refused, until

session = Session()
say = session.say
ID = re.compile(rb"\d+-\d+$")
HANDLE = re.compile(rb"\d+-\d+:(\d+)$")


def client(**options):
    return redis.Redis(port=session.port, socket_timeout=20, **options)


def text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


def id_of(value):
    return "id" if ID.match(value) else text(value)


def entries(reply):
    """As [key, handle, payload, attempts, deadline], without what varies."""
    now = time.time() * 1000
    return reply and [[text(key), HANDLE.sub(rb"id:\1", handle).decode(), text(payload), attempts,
                       "later" if deadline > now else deadline] for key, handle, payload, attempts, deadline in reply]


def fields(reply):
    return {text(name): value for name, value in zip(reply[::2], reply[1::2])}


def error(call):
    fault = refused(call)
    # The library takes ERR off.
    return str(fault) if str(fault).split(" ")[0].isupper() else f"ERR {fault}"


class Waiting:
    def __init__(self, *words, **options):
        self.got = []
        self.thread = threading.Thread(target=lambda: self.got.append(client(**options).execute_command(*words)),
                                       daemon=True)
        self.thread.start()

    def result(self):
        self.thread.join(20)
        return self.got[0]


def blocked(r, count):
    until(f"{count} blocked clients", lambda: r.info("clients")["blocked_clients"] == count)


def queue(r):
    do = r.execute_command
    one = do("QADD", "q", "one")
    two = do("QADD", "q", "DEDUPE", "token", "two")
    later = do("QADD", "q", "DELAY", 600000, "three")
    say("added", [id_of(one), id_of(two), id_of(later)])
    say("the same token", do("QADD", "q", "DEDUPE", "token", "again") == two)
    say("ready", r.llen("q"))
    got = do("QRESERVE", 1, "q", "COUNT", 5, "CONSUMER", "w1")
    handles = [entry[1] for entry in got]
    say("reserved", entries(got))
    say("none left", do("QRESERVE", 1, "q"))
    say("acknowledged", [do("QACK", "q", handles[0]), do("QACK", "q", handles[0])])
    say("given back", do("QNACK", "q", "FAIL", "IDS", 1, handles[1], "DELAY", 0, "REASON", "smtp 421"))
    got = do("QRESERVE", 1, "q", "CONSUMER", "w2")
    handle = got[0][1]
    say("once more", entries(got))
    say("superseded", [do("QACK", "q", handles[1]), do("QEXTEND", "q", 60000, handle)])
    say("pending", [[id_of(number), text(name), deliveries, attempts, text(reason)]
                    for number, name, _, deliveries, attempts, reason in do("QPENDING", "q", "LEASED", "-", "+", 10)])
    nacked = do("QNACK", "q", "FATAL", "IDS", 1, handle, "REASON", "no such address")
    dead = r.xrange("q:dead")[0][1]
    say("hopeless", [nacked, r.xlen("q:dead"), text(dead[b"dlq.reason"]), text(dead[b"dlq.error"])])
    info = do("QINFO", "q")
    say("info", [type(info).__name__] + [fields(info)[name] for name in ("ready", "delayed", "leased", "dead")])
    told = do("QPOLICY", "q", "MAXLEN", 2)
    policy = do("QPOLICY", "q")
    say("policy", [text(told), type(policy).__name__, fields(policy)["MAXLEN"], text(fields(policy)["source"])])
    r.rpush("q", "x")
    say("full", error(lambda: r.rpush("q", "y")))
    say("deleted", do("QDEL", "q", later, one))
    say("pushed and reserved", [r.lpush("old", "x"), entries(do("QRESERVE", 1, "old"))])

    waiting = Waiting("QRESERVE", 1, "wait", "BLOCK", 0)
    blocked(r, 1)
    say("waited", [r.lpush("wait", "pushed"), entries(waiting.result())])
    say("waited in vain", do("QRESERVE", 2, "wait", "none", "BLOCK", 10))
    pipe = r.pipeline()
    for words in (["QADD", "tx", "in"], ["QRESERVE", 1, "tx"], ["QRESERVE", 1, "tx", "BLOCK", 0]):
        pipe.execute_command(*words)
    added, reserved, none = pipe.execute()
    say("in a transaction", [id_of(added), entries(reserved), none])
    pipe = r.pipeline(transaction=False)
    for n in range(100):
        pipe.execute_command("QADD", "many", str(n))
    added = pipe.execute()
    got = do("QRESERVE", 1, "many", "COUNT", 1000)
    say("in a pipeline", [len(set(added)), len(got), sum(do("QACK", "many", *[entry[1] for entry in got]))])
    do("QADD", "bytes", b"\x00\xff\r\n")
    say("bytes", do("QRESERVE", 1, "bytes")[0][2])
    say("redriven", [do("QREDRIVE", "q:dead", "TO", "again"), r.llen("again")])
    r.set("string", "x")
    say("refused", [error(lambda: do("QRESERVE")), error(lambda: do("QADD", "string", "x")),
                    error(lambda: do("QRESERVE", 0, "q"))])
    do("QADD", "crash", "x")
    handle = do("QRESERVE", 1, "crash")[0][1]
    waiting = Waiting("QRESERVE", 1, "wait", "BLOCK", 0, retry=Retry(ConstantBackoff(0.02), 1000),
                      retry_on_error=[redis.ConnectionError])
    blocked(r, 1)
    session.ask("kill")
    session.ask("start")
    say("acknowledged after a crash", client().execute_command("QACK", "crash", handle))
    fresh = client()
    blocked(fresh, 1)
    fresh.rpush("wait", "after")
    say("waited through a crash", entries(waiting.result()))


if session.family("queue"):
    queue(client())
