# SPDX-License-Identifier: MIT
"""What DEBUG tells of values, without what is each server's own: addresses, sizes, how tables are filled, digests.

    masked(words, reply) -> reply """
import re

from resp import Reply

OBJECT = re.compile(rb"Value at:0x[0-9a-f]+ refcount:\d+ (encoding:\w+) serializedlength:\d+ lru:\d+ lru_seconds_idle:\d+( ql_.*)?$")
LENGTHS = re.compile(rb"(key_sds_len:\d+), key_sds_avail:\d+, key_zmalloc: \d+, (val_sds_len:\d+), .*$")
NO_DIGEST = b"0" * 40


def masked(words, reply):
    second = words[1].upper() if len(words) > 1 else b""
    if words[0].upper() != b"DEBUG" or reply.kind == "-":
        return reply
    if second == b"OBJECT" and (found := OBJECT.match(reply.value)):
        return Reply(reply.kind, found[1])
    if second == b"SDSLEN" and (found := LENGTHS.match(reply.value)):
        return Reply(reply.kind, found[1] + found[2])
    if second in (b"HTSTATS", b"HTSTATS-KEY", b"STRUCTSIZE"):
        return Reply(reply.kind, b"<numbers>")
    if second == b"DIGEST-VALUE":
        return Reply(reply.kind, [item if item.value == NO_DIGEST else Reply(item.kind, b"<digest>") for item in reply.value])
    return reply
