# SPDX-License-Identifier: MIT
import queue

import kombu
from adapter import serve
from kombu import Exchange, Queue
from kombu_jobs import connect

connection = connect()


def add(id, kind, delay):
    if delay:
        raise ValueError("SimpleQueue has no delay")
    connection.ensure_connection(max_retries=1)
    with connection.SimpleQueue("jobs") as jobs:
        jobs.put({"id": id, "kind": kind}, retry=False)
    return id


def dead():
    """Reads them all and puts them back."""
    with connection.SimpleQueue("dead") as queued:
        messages = []
        try:
            while True:
                messages.append(queued.get(block=False))
        except queue.Empty:
            pass
        for message in messages:
            message.requeue()
    return sorted(message.payload["id"] for message in messages)


def simple_buffer():
    """Without acks, and without a name for what is gone."""
    with connection.SimpleBuffer("buffer") as buffer:
        for i in range(3):
            buffer.put({"i": i}, compression="zlib" if i == 1 else None)
        said = {"size": buffer.qsize(), "first": buffer.get().payload, "second": buffer.get().payload}
        said["cleared"] = buffer.clear()
    return said


def exchanges():
    """By topic to those whose pattern fits, and by fanout, over pub/sub, to all that listen."""
    said = {}
    topic = Exchange("news", type="topic")
    bound = {name: Queue(name, topic, routing_key=key) for name, key in (("all", "eu.*"), ("one", "eu.de"))}
    for one in bound.values():
        one(connection.default_channel).declare()
    with connection.Producer() as producer:
        for key in ("eu.de", "eu.fr", "us.ny"):
            producer.publish({"key": key}, exchange=topic, routing_key=key)
    for name, one in bound.items():
        got = []
        while (message := one(connection.default_channel).get()) is not None:
            got.append(message.payload["key"])
            message.ack()
        said[name] = sorted(got)
    return said


serve({"hello": lambda: kombu.__version__, "add": add, "dead": dead, "simple_buffer": simple_buffer,
       "exchanges": exchanges})
