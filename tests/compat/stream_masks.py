# SPDX-License-Identifier: MIT
"""What XINFO and XPENDING tell that no two servers share: clock readings, storage, and fields that 7.0 lacks.

    masked(words, reply) -> reply                  for every comparison
    without_counts(words, reply) -> reply          for the one difference on purpose, see differences.py

Idle times are multiples of a long step and some seconds (families/stream_group.py): told to the step. """
import time

from resp import Reply

STEP_MS = 10_000_000
NEWER = {b"idmp-duration", b"idmp-maxsize", b"pids-tracked", b"iids-tracked", b"iids-added", b"iids-duplicates",
         b"active-time", b"inactive", b"nacked-count"}
STORAGE = {b"radix-tree-keys", b"radix-tree-nodes"}
COUNTS = {b"entries-read", b"lag"}


def masked(words, reply):
    name = words[0].upper()
    if name == b"XINFO" and reply.kind in "*%":
        return masked_info(reply)
    if name == b"XPENDING" and reply.kind == "*" and len(words) > 3 and reply.value:
        return Reply("*", [masked_pending(entry) for entry in reply.value])
    return reply


def is_map(reply):
    """As RESP2 has it too: a flat array of names and values."""
    items = reply.value
    return (reply.kind in "*%" and isinstance(items, list) and len(items) >= 4 and len(items) % 2 == 0
            and items[0] in (Reply("$", b"name"), Reply("$", b"length")))


def masked_info(reply):
    if not isinstance(reply.value, list):
        return reply
    if not is_map(reply):
        return Reply(reply.kind, [masked_info(item) for item in reply.value])
    items = []
    for field, value in zip(reply.value[::2], reply.value[1::2]):
        if field.value in NEWER:
            continue
        items += [field, masked_field(field.value, value)]
    return Reply(reply.kind, items)


def masked_field(name, value):
    if name in STORAGE or name == b"seen-time":
        return Reply(":", b"<varies>")
    if name == b"idle":
        return stepped(value)
    if name == b"pending" and value.kind == "*":
        return Reply("*", [Reply("*", entry.value[:-2] + [age(entry.value[-2]), entry.value[-1]])
                           for entry in value.value])
    if name in (b"groups", b"consumers"):
        return masked_info(value)
    return value


def masked_pending(entry):
    if entry.kind != "*" or len(entry.value) != 4 or entry.value[2].kind != ":":
        return entry
    return Reply("*", entry.value[:2] + [stepped(entry.value[2]), entry.value[3]])


def stepped(reply):
    return Reply(":", b"%d" % (int(reply.value) // STEP_MS))


def age(reply):
    return Reply(":", b"%d" % ((int(time.time() * 1000) + STEP_MS // 2 - int(reply.value)) // STEP_MS))


def without_counts(words, reply):
    if words[0].upper() != b"XINFO" or not isinstance(reply.value, list):
        return reply
    items = [without_counts(words, item) for item in reply.value]
    for at in range(len(items) - 1):
        if items[at].kind == "$" and items[at].value in COUNTS:
            items[at + 1] = Reply(":", b"<count>")
    return Reply(reply.kind, items)
