#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A job framework, unmodified, on redis-server and on Sluice: the outcome of each scenario must be the same.

    tests/frameworks/compare.py FRAMEWORK [--server PATH] [--redis-only]

Both servers are started with `--appendonly yes --appendfsync always`, and played on at the same time. Prints a line
for each scenario. Exit code 77: the framework is not installed. --redis-only: to write a scenario.

A framework may fail on redis-server too, where a crash meets a gap of its own: that says nothing about Sluice, so both
are played again, at most ROUNDS_MAX times; and so are those that are known for such a gap (`fetch_may_lose`), on
whichever server it shows. What else fails on Sluice alone is a fault at once. """
import argparse
import json
import pathlib
import shutil
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE.parent / "e2e"))
from play import Play
from servers import Server
from table import FRAMEWORKS
from waiting import SKIPPED, Failed

DURABLE = ("--appendonly", "yes", "--appendfsync", "always")
SHOWN_MAX = 200
ROUNDS_MAX = 3


class Run(threading.Thread):
    """All scenarios on one server. Stops at the first that fails: those after it build on it."""

    def __init__(self, framework, start_server):
        super().__init__()
        self.framework, self.start_server = framework, start_server
        self.version, self.outcomes, self.seconds, self.fault = None, {}, {}, None

    def run(self):
        directory = tempfile.mkdtemp(prefix="sluice-framework-")
        with self.start_server() as server:
            play, name = Play(self.framework, server, directory), "hello"
            try:
                self.version = play.producer.ask("hello")
                for name, scenario in play.scenarios():
                    began = time.monotonic()
                    self.outcomes[name] = scenario()
                    self.seconds[name] = time.monotonic() - began
            except Exception as fault:  # told in the table, with all that may explain it
                self.fault = (f"{name} on {server.name}: {type(fault).__name__}: {fault}\n{play.shown()}\n"
                              f"{server.output()[-1000:]}")
            finally:
                play.close()
        shutil.rmtree(directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("framework", choices=FRAMEWORKS)
    parser.add_argument("--server")
    parser.add_argument("--redis-only", action="store_true")
    options = parser.parse_args()
    framework = FRAMEWORKS[options.framework]
    reason = framework.missing()
    if reason:
        print(f"skipped: {reason}")
        return SKIPPED

    for number in range(1, ROUNDS_MAX + 1):
        runs = played(framework, options)
        failed = told(options.framework, runs)
        by_itself = runs[0].fault or (failed and framework.fetch_may_lose)
        if not by_itself:
            break
        print(f"round {number} of at most {ROUNDS_MAX}: it can fail by itself")
    return 1 if failed else 0


def played(framework, options):
    """The runs that have ended, the one on redis-server first."""
    runs = [Run(framework, lambda: Server.redis(*DURABLE))]
    if not options.redis_only:
        runs.append(Run(framework, lambda: Server.sluice(options.server, *DURABLE)))
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    return runs


def told(name_of_framework, runs):
    """Prints what came out. Whether something failed or differs."""
    oracle = runs[0]
    print(f"{name_of_framework}: {oracle.version}")
    differ = 0
    for name, outcome in oracle.outcomes.items():
        others = [run.outcomes[name] for run in runs[1:] if name in run.outcomes]
        same = all(other == outcome for other in others)
        verdict = "DIFFERS" if not same else "same" if len(others) == len(runs) - 1 else "NOT PLAYED"
        seconds = " ".join(f"{run.seconds[name]:.1f} s" for run in runs if name in run.seconds)
        text = json.dumps(outcome)
        shown = text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "..."
        print(f"  {name:15} {verdict:10} {seconds}  {shown}")
        if not same:
            differ += 1
            print(f"    redis-server: {text}")
            print(f"    Sluice:       {json.dumps(others[0])}")
    for run in runs:
        if run.fault:
            print(run.fault)
    return differ > 0 or any(run.fault for run in runs)


if __name__ == "__main__":
    sys.exit(main())
