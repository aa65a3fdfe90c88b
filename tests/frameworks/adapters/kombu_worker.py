# SPDX-License-Identifier: MIT
"""SimpleQueue has acks, and what a failure means is left to its user: here a message is put back, and after its third
failure it goes to a queue of its own. """
import queue
import signal
import time

from adapter import JobFailed, notes, work
from kombu_jobs import connect

ATTEMPTS = 3
ending = []
signal.signal(signal.SIGTERM, lambda *_: ending.append(True))


def handle(connection, message):
    name = message.payload["id"]
    try:
        work(name, message.payload["kind"])
    except JobFailed:
        if sum(one["id"] == name for one in notes("start")) < ATTEMPTS:
            message.requeue()
            return
        with connection.SimpleQueue("dead") as dead:
            dead.put(message.payload)
    message.ack()


while not ending:
    with connect() as connection:
        try:
            jobs = connection.SimpleQueue("jobs")
            while not ending:
                try:
                    message = jobs.get(timeout=1)
                except queue.Empty:
                    continue
                handle(connection, message)
            jobs.close()
        except connection.connection_errors as error:
            print("connecting anew:", error)
            time.sleep(0.1)  # between two attempts
