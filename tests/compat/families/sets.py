# SPDX-License-Identifier: MIT
"""Commands on sets that redis-server 7.0 has. """

KEYS = [b"t1", b"t2", b"t3", b"t4"]
MEMBERS = [b"a", b"b", b"c", b"d", b"1", b"2", b"3", b"-7", b"007", b"", b"\x00\xff", b"9223372036854775807",
           b"9223372036854775808", b"m" * 70]


def makers(generator):
    g = generator
    pick = g.random.choice

    def key():
        return g.key(KEYS)

    def member():
        return pick(MEMBERS)

    def members():
        return g.some(member, 4)

    def keys():
        return g.some(key, 3)

    def add():
        return [b"SADD", key()] + members()

    def add_numbers():
        return [b"SADD", key()] + [b"%d" % g.random.randrange(-5, 5) for _ in range(g.random.randint(1, 3))]

    def many():
        first = g.random.randrange(2000)
        return [b"SADD", key()] + [b"%d" % i for i in range(first, first + g.random.randint(20, 600))]

    def remove():
        return [b"SREM", key()] + members()

    def move():
        return [b"SMOVE", key(), key(), member()]

    def read():
        return pick([[b"SISMEMBER", key(), member()], [b"SMISMEMBER", key()] + members(), [b"SCARD", key()],
                     [b"SMEMBERS", key()]])

    def combine():
        return [pick([b"SINTER", b"SUNION", b"SDIFF"])] + keys()

    def store():
        return [pick([b"SINTERSTORE", b"SUNIONSTORE", b"SDIFFSTORE"]), key()] + keys()

    def count():
        named = keys()
        number = g.one_of([b"%d" % len(named)], [b"0", b"-1", b"x", b"9", b"1"])
        limit = pick([[], [], [g.cased(b"LIMIT"), pick([b"0", b"1", b"2", b"-1", b"x"])], [b"LIMIT"]])
        return [b"SINTERCARD", number] + named + limit

    def chance():
        count = pick([b"0", b"1", b"2", b"-1", b"-5", b"100000", b"x", b"-9223372036854775808", b"9223372036854775807"])
        return [b"SRANDMEMBER", key()] + pick([[], [count], [count, b"JUNK"]])

    def pop():
        return [b"SPOP", key(), pick([b"100000", b"0", b"-1", b"x", b"100000"])]

    def scan():
        match = [g.cased(b"MATCH"), pick([b"*", b"a*", b"?", b"[a-c]"])] if g.chance(0.4) else []
        return [b"SSCAN", key(), g.one_of([b"0"], [b"x", b""])] + match + [b"COUNT", g.one_of([b"100000"], [b"0", b"x"])]

    return [add] * 4 + [add_numbers] * 2 + [many, remove, remove, move, read, read, combine, combine, store, store, count,
                                            chance, pop, scan]


def from_the_start(words):
    """A cursor that is a number, as C reads it: in the middle, each server is where its own table says."""
    if len(words) > 2 and words[2].split(b"\x00")[0].lstrip(b"+-").isdigit():
        return words[:2] + [b"0"] + words[3:]
    return words


def defuse(words, generator):
    name = words[0].upper()
    if name == b"SPOP" and (len(words) < 3 or not words[2].isdigit() or 0 < int(words[2]) < 5000):
        return [words[0], *words[1:2], b"100000"]  # all of them, or each server takes its own
    if name == b"SSCAN":
        words = from_the_start(words)
    if name == b"SSCAN" and not any(word.upper() == b"COUNT" for word in words):
        return words + [b"COUNT", b"100000"]
    if name == b"SRANDMEMBER" and len(words) > 2 and words[2][:1] == b"-" and len(words[2]) > 4:
        return words[:2]
    return words
