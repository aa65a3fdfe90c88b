# SPDX-License-Identifier: MIT
"""What the processes of the main job have to agree on: the queue, its policy, which files are poison."""
import os

QUEUE = "jobs"
LEASE_MS = 2000
ATTEMPTS_MAX = 4
BACKOFF_BASE_MS, BACKOFF_CAP_MS, JITTER_PERCENT = 100, 400, 50
POLICY = ["LEASE", LEASE_MS, "MAXATTEMPTS", ATTEMPTS_MAX, "BACKOFF", "EXP", BACKOFF_BASE_MS, BACKOFF_CAP_MS,
          "JITTER", JITTER_PERCENT]

BATCH = 8
BLOCK_MS = 300
FAIL_ONE_IN = 10
RECONNECT_SECONDS = 20

# Kinds of file that no worker can cope with; the parent makes sure that there are some.
POISON_SUFFIXES = (b".html", b"/AUTHORS", b".png")


def is_poison(path):
    return path.endswith(POISON_SUFFIXES)


def poison_reason(path):
    return f"cannot read {os.fsdecode(path[-5:])}"


def transient_reason(attempt):
    return f"transient failure of attempt {attempt}"


def backoff_ms(attempts):
    """The longest wait after so many failed attempts, and the shortest that jitter leaves of it."""
    full = min(BACKOFF_CAP_MS, BACKOFF_BASE_MS << (attempts - 1))
    return full - full * JITTER_PERCENT // 100, full
