#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The README's tour, typed into redis-cli: what comes back is what the README shows, but for numbers that are times.

    tests/e2e/readme_tour.py [--server PATH]

A message that the tour gives back comes due again after two and a half seconds at the earliest. A run that has not
passed that point by then says nothing, and is done again.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from servers import Server
from waiting import Failed

README = HERE.parents[1] / "README.md"
CLI = "/usr/bin/redis-cli"
PROMPT = "127.0.0.1:6379> "
COMMANDS_MIN = 15  # fewer, and the README is not read right
COMMAND_SECONDS = 20
RETRY_SECONDS_MIN = 2.5  # EXP 5000 with JITTER 50
ATTEMPTS = 10
TIME = re.compile(r"\b\d{13}(?:-\d+)?")  # milliseconds since 1970, as such or in an ID


def tour():
    """Pairs of a command and the lines below it."""
    steps = []
    for block in re.findall(r"^```\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL):
        if not block.startswith(PROMPT):
            continue
        for line in block.splitlines():
            if line.startswith(PROMPT):
                steps.append((line.removeprefix(PROMPT), []))
            else:
                steps[-1][1].append(line)
    return steps


def type_in(server, command):
    done = subprocess.run([CLI, "-p", str(server.port), "--no-raw"], input=command + "\n", capture_output=True,
                          text=True, timeout=COMMAND_SECONDS, check=True)
    return done.stdout.splitlines()


def without_times(lines):
    return [TIME.sub("<time>", line) for line in lines]


def walk(server, steps):
    """False: it took too long to say anything."""
    times = {}  # the README's and ours
    given_back = None
    for command, expected in steps:
        command = TIME.sub(lambda found: times.get(found[0], found[0]), command)
        began = time.monotonic()
        replied = type_in(server, command)
        if given_back and time.monotonic() - given_back > RETRY_SECONDS_MIN:
            return False
        if " FAIL " in command:
            given_back = given_back or began
        if without_times(replied) != without_times(expected):
            raise Failed(f"{command}\nthe README shows {expected}\nthe server says {replied}")
        theirs, ours = (TIME.findall("\n".join(lines)) for lines in (expected, replied))
        times.update((a, b) for a, b in zip(theirs, ours) if a not in times)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server")
    options = parser.parse_args()
    steps = tour()
    if len(steps) < COMMANDS_MIN:
        raise Failed(f"the README's tour has only {len(steps)} commands")
    for _ in range(ATTEMPTS):
        with Server.under_test(options.server) as server:
            if walk(server, steps):
                print(f"{len(steps)} commands answered as the README shows")
                return
    raise Failed(f"the tour took more than {RETRY_SECONDS_MIN} s each of {ATTEMPTS} times")


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(str(failed))
