#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What DUMP replies, exchanged both ways with Debian's redis-server 7.0: random values are made on one server,
dumped, restored on the other, and must be the same there; then back.

    tests/compat/payloads.py [--values N] [--seed S] [--server PATH]

Damaged payloads under a right checksum must leave Sluice alive, with an answer: a value or an error."""
import argparse
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from rdb_parts import length, raw_text, with_checksum
from resp import show
from servers import Server

VALUES = 400
DAMAGED = 3000
INTEGERS = [0, 1, 12, 63, 64, 127, 128, -1, -128, -129, 4095, 4096, -4096, -4097, 32767, -32769, 8388607, -8388609,
            2147483647, 2147483648, -2147483648, -2147483649, 9223372036854775807, -9223372036854775808]
ODD = [b"", b"007", b"-0", b"+1", b"9223372036854775808", b"\x00\xff\r\n", b" 1", b"1.5"]
COUNTERS = (b"last-generated-id", b"max-deleted-entry-id", b"entries-added")


def text(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return b"%d" % rng.choice(INTEGERS)
    if kind == 1:
        return rng.choice(ODD)
    size = rng.choice([1, 5, 19, 20, 21, 63, 64, 100, 300, 4095, 4096, 9000]) if kind < 5 else rng.randrange(70_000)
    if kind % 2:
        return bytes(rng.randrange(256) for _ in range(min(size, 5000)))
    return (b"abcdefgh%d " % rng.randrange(1000) * (size // 9 + 1))[:size]


def make_string(rng, client):
    client.ask("SET", "k", text(rng))


def make_list(rng, client):
    for _ in range(rng.choice([1, 2, 10, 100])):
        client.ask("RPUSH", "k", *[text(rng) for _ in range(rng.randint(1, 8))])


def make_stream(rng, client):
    ms, seq, ids = 1, 1, []
    names = [b"f", b"field", b"7", b"", b"long" * 20]
    same = [rng.choice(names) for _ in range(rng.randint(1, 3))]
    for _ in range(rng.choice([1, 3, 99, 100, 101, 350])):
        step = rng.choice([0, 0, 1, 1000, 10**9])
        ms, seq = (ms + step, rng.randrange(1 << 40)) if step else (ms, seq + rng.randint(1, 5))
        fields = same if rng.random() < 0.8 else [rng.choice(names) for _ in range(rng.randint(1, 4))]
        words = [word for name in fields for word in (name, text(rng) if rng.random() < 0.2 else b"value")]
        ids.append(b"%d-%d" % (ms, seq))
        client.ask("XADD", "k", ids[-1], *words)
    for _ in range(rng.choice([0, 0, 5, len(ids)])):
        client.ask("XDEL", "k", rng.choice(ids))
    if rng.random() < 0.2:
        client.ask("XTRIM", "k", "MAXLEN", "=", "%d" % rng.randrange(len(ids)))
    if rng.random() < 0.2:
        client.ask("XSETID", "k", "%d-5" % (ms + 7), "ENTRIESADDED", "100000", "MAXDELETEDID", "1-0")
    if rng.random() < 0.6:
        make_groups(rng, client, ids)


def make_groups(rng, client, ids):
    for group in rng.sample([b"g", b"group2", b"7", b""], rng.randint(1, 3)):
        client.ask("XGROUP", "CREATE", "k", group, rng.choice([b"0", b"$", rng.choice(ids)]),
                   *rng.choice([[], ["ENTRIESREAD", "3"]]))
        for consumer in rng.sample([b"c1", b"c2", b"12", b"other"], rng.randint(0, 3)):
            client.ask("XREADGROUP", "GROUP", group, consumer, "COUNT", "%d" % rng.randint(1, 150), "STREAMS", "k", ">")
        for _ in range(rng.randrange(4)):
            client.ask("XACK", "k", group, rng.choice(ids))
        client.ask("XCLAIM", "k", group, "late", "0", rng.choice(ids), "RETRYCOUNT", "%d" % rng.randrange(1 << 33), "TIME",
                   "%d" % rng.choice([0, 1, 10**12]))


def short_text(rng):
    return b"m%d" % rng.randrange(1000) if rng.random() < 0.5 else text(rng)[:rng.choice([5, 64, 64, 300])]


def make_hash(rng, client):
    for _ in range(rng.choice([1, 2, 10, 127, 128, 129, 600])):
        client.ask("HSET", "k", short_text(rng) if rng.random() < 0.1 else b"f%d" % rng.randrange(1000), short_text(rng)
                   if rng.random() < 0.02 else b"%d" % rng.choice(INTEGERS))


def make_set(rng, client):
    width = rng.choice([1 << 10, 1 << 20, 1 << 40, 1 << 63])
    for _ in range(rng.choice([1, 2, 10, 128, 300, 511, 512, 513])):
        client.ask("SADD", "k", b"%d" % rng.randrange(-width, width))
    for _ in range(rng.choice([0, 0, 1, 20])):
        client.ask("SADD", "k", short_text(rng))


def make_sorted_set(rng, client):
    scores = [b"0", b"1", b"-1.5", b"inf", b"-inf", b"3.0", b"0.1", b"1e300", b"-2.25", b"9007199254740993", b"1e-320"]
    for _ in range(rng.choice([1, 2, 10, 127, 128, 129, 600])):
        client.ask("ZADD", "k", rng.choice(scores) if rng.random() < 0.5 else b"%r" % rng.uniform(-1e9, 1e9),
                   short_text(rng) if rng.random() < 0.05 else b"m%d" % rng.randrange(1000))


MAKERS = {"string": make_string, "list": make_list, "stream": make_stream, "hash": make_hash, "set": make_set,
          "sorted set": make_sorted_set}


def pairs(flat):
    return sorted(zip([item.value for item in flat[::2]], [item.value for item in flat[1::2]]))


def contents(client, key):
    kind = client.ask("TYPE", key).value
    if kind == b"string":
        return [client.ask("GET", key)]
    if kind == b"list":
        return [client.ask("LRANGE", key, "0", "-1")]
    if kind == b"hash":
        return [pairs(client.ask("HGETALL", key).value)]
    if kind == b"set":
        return [sorted(item.value for item in client.ask("SMEMBERS", key).value)]
    if kind == b"zset":
        return [client.ask("ZRANGE", key, "0", "-1", "WITHSCORES")]
    info = client.ask("XINFO", "GROUPS", key).value
    groups = [group.value[1].value for group in info]
    info = [group.value[:-1] for group in info]  # without the lag, which 7.0 can find to be negative
    pending = [client.ask("XPENDING", key, group, "-", "+", "10000") for group in groups]
    # Without the idle times, which go on.
    held = [[(each.value[0], each.value[1], each.value[3]) for each in entries.value] for entries in pending]
    old = [[int(each.value[2].value) // 10**7 for each in entries.value] for entries in pending]
    consumers = [[(each.value[1], each.value[3]) for each in client.ask("XINFO", "CONSUMERS", key, group).value]
                 for group in groups]
    stream = client.ask("XINFO", "STREAM", key).value
    counters = {stream[i].value: stream[i + 1].value for i in range(0, len(stream), 2) if stream[i].value in COUNTERS}
    return [info, held, old, consumers, counters, client.ask("XRANGE", key, "-", "+"), client.ask("XLEN", key)]


def same(what, one, other):
    if one != other:
        sys.exit(f"{what}:\n  {show(one)[:2000] if hasattr(one, 'kind') else one}\n  {other}")


def exchange(rng, maker, source, target):
    for client in (source, target):
        client.ask("FLUSHALL")
    MAKERS[maker](rng, source)
    payload = source.ask("DUMP", "k").value
    reply = target.ask("RESTORE", "k", "0", payload)
    same(f"RESTORE of a {maker}", reply.value, b"OK")
    same(f"a {maker} that was restored", contents(source, "k"), contents(target, "k"))
    back = target.ask("DUMP", "k").value
    same("RESTORE on the way back", source.ask("RESTORE", "back", "0", back).value, b"OK")
    same(f"a {maker} that came back", contents(source, "k"), contents(source, "back"))
    return payload


# --- Libraries of functions


def exchange_functions(rng, redis, sluice):
    """Some libraries, from one server to the other and back."""
    source, target = rng.sample([redis, sluice], 2)
    for server in (source, target):
        server.ask("FUNCTION", "FLUSH")
    for name in rng.sample("abcdefgh", rng.randrange(4)):
        code = f"#!lua name={name}\n" + f"-- {'long ' * rng.randrange(40)}\n" * rng.randrange(200)
        code += f"redis.register_function{{function_name='of_{name}', callback=function(keys, args) return args[1] end, "
        code += "flags={'no-writes'}}"
        same("FUNCTION LOAD", source.ask("FUNCTION", "LOAD", code).value, name.encode())
    payload = source.ask("FUNCTION", "DUMP").value
    same("FUNCTION RESTORE", target.ask("FUNCTION", "RESTORE", payload).value, b"OK")
    same("libraries", functions(source), functions(target))
    back = target.ask("FUNCTION", "DUMP").value
    policy = rng.choice(["FLUSH", "REPLACE"])
    same("FUNCTION RESTORE on the way back", source.ask("FUNCTION", "RESTORE", back, policy).value, b"OK")
    same("libraries that came back", functions(source), functions(target))


def functions(client):
    return sorted(show(library) for library in client.ask("FUNCTION", "LIST", "WITHCODE").value)


# --- As Redis wrote them before 7.0, which 7.0 still reads. The test writes them itself.


def ziplist_element(data, size_before):
    before = bytes([size_before]) if size_before < 254 else b"\xfe" + size_before.to_bytes(4, "little")
    number = int(data) if data.lstrip(b"-").isdigit() and b"%d" % int(data) == data else None
    if number is not None and -(1 << 63) <= number < 1 << 63:
        if 0 <= number <= 12:
            return before + bytes([0xF1 + number])
        for code, size in ((0xFE, 1), (0xC0, 2), (0xF0, 3), (0xD0, 4), (0xE0, 8)):
            if -(1 << (8 * size - 1)) <= number < 1 << (8 * size - 1):
                return before + bytes([code]) + number.to_bytes(size, "little", signed=True)
    if len(data) < 1 << 6:
        return before + bytes([len(data)]) + data
    if len(data) < 1 << 14:
        return before + (0x4000 | len(data)).to_bytes(2, "big") + data
    return before + b"\x80" + len(data).to_bytes(4, "big") + data


def ziplist(texts):
    body, last, size = b"", 10, 0
    for each in texts:
        last = 10 + len(body)
        element = ziplist_element(each, size)
        body, size = body + element, len(element)
    total = 10 + len(body) + 1
    return total.to_bytes(4, "little") + last.to_bytes(4, "little") + len(texts).to_bytes(2, "little") + body + b"\xff"


def old_payload(rng):
    """A payload of a type that 7.0 does not write any more."""
    kind = rng.randrange(4)
    count = rng.choice([1, 2, 5, 60])
    names = sorted({text(rng)[:rng.choice([5, 63, 64, 300, 9000])] for _ in range(count)})
    if kind == 0:  # hash
        value = b"\x0d" + raw_text(ziplist([word for name in names for word in (name, text(rng)[:300])]))
    elif kind == 1:  # sorted set
        value = b"\x0c" + raw_text(ziplist([word for at, name in enumerate(names) for word in (name, b"%d" % (at - 3))]))
    elif kind == 2:  # list
        value = b"\x0e" + length(3) + b"".join(raw_text(ziplist([text(rng)[:9000] for _ in range(3)])) for _ in range(3))
    else:  # sorted set with scores as texts
        scores = [b"\xfe", b"\xff", b"\x031.5", b"\x011", b"\x02-7"]
        value = b"\x03" + length(len(names)) + b"".join(raw_text(name) + rng.choice(scores) for name in names)
    return with_checksum(value + b"\x08\x00")


def restore_old(rng, redis, sluice):
    payload = old_payload(rng)
    for client in (redis, sluice):
        client.ask("FLUSHALL")
    same("RESTORE of an old form", redis.ask("RESTORE", "k", "0", payload), sluice.ask("RESTORE", "k", "0", payload))
    same("an old form", contents(redis, "k"), contents(sluice, "k"))
    return payload


def damage(rng, client, payloads, count):
    """Bytes are changed, the checksum is made right again."""
    taken = 0
    for _ in range(count):
        data = bytearray(rng.choice(payloads)[:-8])
        if len(data) > 4000:
            continue
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(data) - 2)
            kind = rng.randrange(3)
            if kind == 0:
                data[at] = rng.randrange(256)
            elif kind == 1:
                del data[at]
            else:
                data.insert(at, rng.choice([0, 1, 0x7F, 0x80, 0xFF, 0xC3]))
            if len(data) < 4:
                break
        reply = client.ask("RESTORE", "damaged", "0", with_checksum(bytes(data)), "REPLACE")
        if reply.kind == "+":
            taken += 1
            client.ask("DUMP", "damaged")
            client.ask("COPY", "damaged", "copied", "REPLACE")
        elif reply.kind != "-":
            sys.exit(f"a damaged payload: {show(reply)}")
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--values", type=int, default=VALUES)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--server", default=None, help="else $SLUICE_SERVER or build/sluice-server")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    print(f"seed {options.seed}, {options.values} values", flush=True)
    with Server.redis() as redis_server, Server.under_test(options.server) as sluice_server:
        redis, sluice = redis_server.client(), sluice_server.client()
        payloads = []
        for number in range(options.values):
            maker = rng.choice(list(MAKERS))
            source, target = (redis, sluice) if number % 2 == 0 else (sluice, redis)
            payloads.append(exchange(rng, maker, source, target))
        for _ in range(options.values // 8):
            exchange_functions(rng, redis, sluice)
        for _ in range(options.values // 4):
            payloads.append(restore_old(rng, redis, sluice))
        taken = damage(rng, sluice, payloads, DAMAGED)
        same("an answer after damaged payloads", sluice.ask("PING").value, b"PONG")
    print(f"{options.values} values exchanged; of {DAMAGED} damaged payloads {taken} were taken")
    return 0


if __name__ == "__main__":
    sys.exit(main())
