# SPDX-License-Identifier: MIT
"""The frameworks: how each is run, and in what they differ. """
import dataclasses
import pathlib
import shutil
import subprocess
import sys
import typing

HERE = pathlib.Path(__file__).resolve().parent
ADAPTERS = HERE / "adapters"
PYTHON = "/usr/bin/python3"  # Debian's: it has Debian's packages


def nothing(_):
    pass


@dataclasses.dataclass
class Framework:
    producer: list
    worker: list
    missing: typing.Callable              # why it cannot be run here, or None
    features: tuple = ()                  # what the producer knows to do beyond the scenarios
    backoff_ms: int = 300                 # at least so long between two attempts
    delay_ms: int = 1000
    early_ms: int = 0                     # where a framework rounds the time at which a job is due
    slots: int = 2                        # jobs at a time
    fetched_is_lost: str = ""             # why a job of a killed worker does not come back, by design
    until_abandoned: typing.Callable = nothing  # waits until a framework takes the job of a killed worker for abandoned
    heal: typing.Callable = nothing       # what an operator does after a crash of the server


def npm(package, adapter=None, **differences):
    def missing():
        if shutil.which("node") is None:
            return "there is no node"
        if not (HERE / "node_modules" / package).is_dir():
            return f"{package} is not in tests/frameworks/node_modules: npm ci --prefix tests/frameworks"
        return None
    adapter = adapter or package.replace("-", "_")
    return Framework(producer=["node", str(ADAPTERS / f"{adapter}_producer.js"), package],
                     worker=["node", str(ADAPTERS / f"{adapter}_worker.js"), package], missing=missing, **differences)


def python(module, worker=None, **differences):
    def missing():
        found = subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True, check=False)
        return None if found.returncode == 0 else f"Debian's python3-{module} is not installed"
    return Framework(producer=[PYTHON, str(ADAPTERS / f"{module}_producer.py")],
                     worker=worker or [PYTHON, str(ADAPTERS / f"{module}_worker.py")], missing=missing, **differences)


FRAMEWORKS = {
    "bullmq": npm("bullmq", features=("flow", "priorities", "repeat", "rate_limit", "deduplication", "management")),
}
