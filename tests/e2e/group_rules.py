# SPDX-License-Identifier: MIT
"""What the processes of the group application agree on."""
STREAM = "lines"
BATCH = 20
BLOCK_MS = 300
# A pending entry that nobody has touched for so long is another consumer's.
CLAIM_IDLE_MS = 1500
RECONNECT_SECONDS = 30

# Which client library serves which group; the groups know nothing of each other.
GROUPS = {"audit": "redis-py", "search": "ioredis", "metrics": "node-redis"}
