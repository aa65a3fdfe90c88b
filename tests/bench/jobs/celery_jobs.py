# SPDX-License-Identifier: MIT
"""The application of the worker; as a program, the producer: see ../frameworks. """
import os
import sys

from celery import Celery

URL = os.environ["REDIS_URL"]
app = Celery("jobs", broker=f"{URL}/0", backend=f"{URL}/1")
RESULT_SECONDS = 120


@app.task(name="job")
def job(number, text):
    return number


def produce():
    print("ready", flush=True)
    for line in sys.stdin:
        results = [job.delay(number, "x" * 100) for number in range(int(line))]
        for number, result in enumerate(results):
            assert result.get(timeout=RESULT_SECONDS) == number
            result.forget()
        print("done", flush=True)


if __name__ == "__main__":
    produce()
