# SPDX-License-Identifier: MIT
"""What the processes of the retry application agree on."""
STREAM = "orders"
BATCH = 10
BLOCK_MS = 300
RECONNECT_SECONDS = 30

# Which client library serves which group; the groups know nothing of each other.
GROUPS = {"billing": "redis-py", "shipping": "ioredis", "mailing": "node-redis"}

LEASE_MS = 1500
BACKOFF_MS = 400
JITTER_PERCENT = 50
ATTEMPTS_MAX = 6
POLICY = ["LEASE", LEASE_MS, "MAXATTEMPTS", ATTEMPTS_MAX, "BACKOFF", "FIXED", BACKOFF_MS, "JITTER", JITTER_PERCENT]

# While there is this key, what is poison can be done.
ANTIDOTE = "antidote"


def fails_once(n):
    return n % 10 == 3


def is_poison(n):
    return n % 50 == 7
