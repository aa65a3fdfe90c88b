# SPDX-License-Identifier: MIT
"""What the tests share that run processes against a server: what has to be installed, how one fails, how it waits, and
that a restart changes nothing. """
import shutil
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


def missing_npm(folder, *packages):
    """Why programs of node that need these cannot run, or None. `folder`: the path of tests/NAME, which has them."""
    if shutil.which("node") is None:
        return "there is no node"
    for package in packages:
        if not (folder / "node_modules" / package).is_dir():
            return f"{package} is not in tests/{folder.name}/node_modules: npm ci --prefix tests/{folder.name}"
    return None


def check_restart(server):
    """Ends the server cleanly and starts it on the same log: the state must be the same."""
    client = server.client()
    before = client.ask("DEBUG", "DIGEST").value
    client.close()
    if server.terminate() != 0:
        raise Failed("the server did not end cleanly:\n" + server.output()[-2000:])
    server.start()
    after = server.client().ask("DEBUG", "DIGEST").value
    if before != after:
        raise Failed(f"the log does not load to the same state: {before!r}, then {after!r}")
