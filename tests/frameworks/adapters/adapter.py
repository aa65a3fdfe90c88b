# SPDX-License-Identifier: MIT
"""What the adapters in Python share; play.py says what is agreed on. """
import json
import os
import pathlib
import sys
import time
import traceback

URL = os.environ["REDIS_URL"]
DIRECTORY = pathlib.Path(os.environ["PLAY_DIRECTORY"])
JOURNAL, RELEASE = DIRECTORY / "journal", DIRECTORY / "release"
LOOK_SECONDS = 0.02


class JobFailed(Exception):
    pass


def note(what, name):
    with open(JOURNAL, "a", encoding="utf-8") as file:
        file.write(json.dumps({"what": what, "id": name, "at": int(time.time() * 1000), "pid": os.getpid()}) + "\n")


def notes(what):
    with open(JOURNAL, encoding="utf-8") as file:
        return [one for one in (json.loads(line) for line in file if line.endswith("\n")) if one["what"] == what]


def until(condition):
    """The driver bounds how long it waits for an answer."""
    while not condition():
        time.sleep(LOOK_SECONDS)


def is_done(name):
    return any(one["id"] == name for one in notes("done"))


def work(name, kind):
    note("start", name)
    if kind == "hold":
        until(RELEASE.exists)
    if kind == "poison" or kind == "flaky" and sum(one["id"] == name for one in notes("start")) < 3:
        raise JobFailed(f"{name} fails")
    note("done", name)
    return f"did {name}"


def serve(requests):
    """Answers requests until there are no more. One at a time, in order."""
    output, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    for line in sys.stdin:
        words = json.loads(line)
        try:
            answer = {"got": requests[words.pop("do")](**words)}
        except Exception:  # told to the driver, which judges it
            answer = {"error": traceback.format_exc()}
        output.write(json.dumps(answer) + "\n")
        output.flush()
