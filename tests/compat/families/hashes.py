# SPDX-License-Identifier: MIT
"""Commands on hashes that redis-server 7.0 has. """

KEYS = [b"h1", b"h2", b"h3"]
FIELDS = [b"a", b"b", b"c", b"d", b"e", b"", b"\x00\xff", b"7", b"f" * 70]
NUMBERS = [b"1", b"-1", b"5", b"-300", b"9223372036854775807", b"-9223372036854775808", b"0"]
FLOATS = [b"1.5", b"-2.25", b"0", b"1e3", b"0.1", b"3", b"1e300", b"-1e-5", b"12345678901234567890"]
ODD_FLOATS = [b"", b"x", b"nan", b"inf", b"-inf", b" 1", b"1x", b"1e5000", b"0x10"]


def makers(generator):
    g = generator
    pick = g.random.choice

    def key():
        return g.key(KEYS)

    def field():
        return pick(FIELDS)

    def value():
        return pick(NUMBERS + FLOATS) if g.chance(0.5) else g.value()

    def pairs():
        return [word for _ in range(g.random.randint(1, 3)) for word in (field(), value())]

    def fields():
        return g.some(field, 4)

    def store():
        return [pick([b"HSET", b"HSET", b"HMSET"]), key()] + pairs()

    def many():
        return [b"HSET", key()] + [word for i in range(g.random.randint(20, 300)) for word in (b"n%d" % i, b"%d" % i)]

    def store_one():
        return [b"HSETNX", key(), field(), value()]

    def remove():
        return [b"HDEL", key()] + fields()

    def add():
        if g.chance(0.5):
            return [b"HINCRBY", key(), field(), g.one_of(NUMBERS, [b"x", b"1.5", b"", b"9223372036854775808"])]
        return [b"HINCRBYFLOAT", key(), field(), g.one_of(FLOATS, ODD_FLOATS, 0.2)]

    def read():
        return pick([[b"HGET", key(), field()], [b"HMGET", key()] + fields(), [b"HEXISTS", key(), field()],
                     [b"HSTRLEN", key(), field()]])

    def read_all():
        return [pick([b"HGETALL", b"HKEYS", b"HVALS", b"HLEN"]), key()]

    def chance():
        count = pick([b"0", b"1", b"2", b"-1", b"-5", b"100000", b"x", b"-9223372036854775808", b"9223372036854775807"])
        return [b"HRANDFIELD", key()] + pick([[], [count], [count, g.cased(b"WITHVALUES")], [count, b"JUNK"]])

    def scan():
        options = []
        if g.chance(0.4):
            options += [g.cased(b"MATCH"), pick([b"*", b"a*", b"?", b"[a-c]", b"zz"])]
        if g.chance(0.4):
            options += [g.cased(b"COUNT"), pick([b"100000", b"200000", b"0", b"-1", b"x", b"100000"])]
        return [b"HSCAN", key(), g.one_of([b"0"], [b"x", b"", b"1.5"])] + options

    return [store] * 5 + [many, store_one, remove, remove, add, add, read, read, read_all, read_all, chance, scan]


def from_the_start(words):
    """A cursor that is a number, as C reads it: in the middle, each server is where its own table says."""
    if len(words) > 2 and words[2].split(b"\x00")[0].lstrip(b"+-").isdigit():
        return words[:2] + [b"0"] + words[3:]
    return words


def defuse(words, generator):
    if words[0].upper() == b"HSCAN":
        words = from_the_start(words)
    if words[0].upper() == b"HSCAN" and not any(word.upper() == b"COUNT" for word in words):
        return words + [b"COUNT", b"100000"]  # or each server stops where its own table says
    if words[0].upper() == b"HRANDFIELD" and len(words) > 2 and words[2][:1] == b"-" and len(words[2]) > 4:
        return words[:2]  # billions of draws
    return words
