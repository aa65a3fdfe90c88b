# SPDX-License-Identifier: MIT
"""What the tests share that run processes against a server: how one fails, and how it waits. """
import time

CONDITION_SECONDS = 90
LOOK_SECONDS = 0.02
SKIPPED = 77  # the exit code of a test for which something is not installed


class Failed(Exception):
    pass


def wait_until(what, condition):
    deadline = time.monotonic() + CONDITION_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"not within {CONDITION_SECONDS} s: {what}")
        time.sleep(LOOK_SECONDS)  # between two looks; the deadline bounds them
