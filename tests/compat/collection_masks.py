# SPDX-License-Identifier: MIT
"""What hashes, sets and sorted sets tell in an order that is each server's own, and what they draw by chance.

    masked(words, reply) -> reply

Replies without an order are put into one; of what was drawn only the number is compared, unless all was asked for. """
from resp import Reply

UNORDERED = {b"HKEYS", b"HVALS", b"SMEMBERS", b"SINTER", b"SUNION", b"SDIFF"}
UNORDERED_PAIRS = {b"HGETALL"}
SCANS = {b"SSCAN": 1, b"HSCAN": 2, b"ZSCAN": 2}
SORTS = {b"SORT", b"SORT_RO"}
DRAWS = {b"SRANDMEMBER", b"HRANDFIELD", b"ZRANDMEMBER", b"SPOP"}
SCORES = {b"ZSCORE", b"ZMSCORE", b"ZINCRBY", b"ZADD", b"ZRANGE", b"ZREVRANGE", b"ZRANGEBYSCORE", b"ZREVRANGEBYSCORE",
          b"ZUNION", b"ZINTER", b"ZDIFF", b"ZPOPMIN", b"ZPOPMAX", b"ZMPOP", b"BZPOPMIN", b"BZPOPMAX", b"BZMPOP", b"ZSCAN"}
ALL = 100_000  # who asks for so many asks for all


def masked(words, reply):
    name = words[0].upper()
    if name in SCORES:
        reply = without_minus_zero(reply)
    if name in UNORDERED and reply.kind in "*~":
        return grouped(reply, 1)
    if name in UNORDERED_PAIRS and reply.kind in "*%":
        return grouped(reply, 2)
    if name in SORTS and reply.kind == "*" and reply.value:
        return grouped(reply, 1) if has_ties(words) else without_unseen_order(words, reply)
    if name in SCANS and reply.kind == "*" and len(reply.value) == 2:
        return Reply("*", [reply.value[0], grouped(reply.value[1], SCANS[name])])
    if name in DRAWS:
        return drawn(words, reply)
    return reply


def has_ties(words):
    """Whether members of a set can come in the order that they have in memory: by texts that are the same, or by none."""
    upper = [word.upper() for word in words]
    weights = [words[at + 1] for at in range(2, len(words) - 1) if upper[at] == b"BY"]
    return bool(weights) and (b"ALPHA" in upper or any(b"*" not in each for each in weights))


def without_unseen_order(words, reply):
    """With members that a comparison by locale takes for equal, as it ends at a zero byte, in one order."""
    if b"ALPHA" not in (word.upper() for word in words) or b"BY" in (word.upper() for word in words):
        return reply
    items = list(reply.value)
    at = 0
    while at < len(items):
        end = at + 1
        while end < len(items) and seen_by_locale(items[end]) == seen_by_locale(items[at]):
            end += 1
        items[at:end] = sorted(items[at:end], key=repr)
        at = end
    return Reply(reply.kind, items)


def seen_by_locale(item):
    return item.value.split(b"\0")[0] if isinstance(item.value, bytes) else None


def without_minus_zero(reply):
    """Redis loses the sign of a zero, but only in a small set; we always do."""
    if isinstance(reply.value, list):
        return Reply(reply.kind, [without_minus_zero(item) for item in reply.value])
    return Reply(reply.kind, b"0") if reply.kind in "$," and reply.value == b"-0" else reply


def grouped(reply, size):
    """Groups of so many items, in the order of what they hold."""
    items = reply.value
    if items is None or len(items) % size != 0:
        return reply
    groups = sorted((items[at:at + size] for at in range(0, len(items), size)), key=repr)
    return Reply(reply.kind, [item for group in groups for item in group])


def drawn(words, reply):
    if reply.kind == "$" and reply.value is not None:
        return Reply("$", b"<drawn>")
    if reply.kind not in "*~" or not reply.value:
        return reply
    pairs = len(words) > 3 and reply.kind == "*" and reply.value[0].kind != "*"  # WITHVALUES, in RESP2
    if len(words) > 2 and words[2].isdigit() and int(words[2]) >= ALL:
        return grouped(reply, 2 if pairs else 1)
    return Reply(reply.kind, [Reply("$", b"<drawn>")] * len(reply.value))
