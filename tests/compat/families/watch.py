# SPDX-License-Identifier: MIT
"""WATCH, and transactions whose commands come one by one: what the connection changes itself counts as well."""
KEYS = [b"l1", b"l2", b"s1", b"s2", b"x1", b"none"]


def makers(g):
    def key():
        return g.random.choice(KEYS)

    def words(*choices):
        return lambda: [bytes(word) for word in g.random.choice(choices)]

    def watch():
        return [b"WATCH"] + g.some(key)

    def change():
        kind = key()
        if kind[:1] == b"l":
            return g.random.choice([
                [g.random.choice([b"LPUSH", b"RPUSH", b"LPUSHX", b"RPUSHX"]), kind, g.value()],
                [g.random.choice([b"LPOP", b"RPOP"]), kind], [b"LPOP", kind, g.number()],
                [b"LTRIM", kind, g.number(), g.number()], [b"LSET", kind, g.number(), g.value()],
                [b"LREM", kind, b"0", g.value()], [b"LINSERT", kind, b"BEFORE", g.value(), g.value()],
                [b"LMOVE", kind, key(), b"LEFT", b"RIGHT"], [b"RPOPLPUSH", kind, kind],
                [b"LMPOP", b"2", key(), kind, b"LEFT"], [b"BLPOP", kind, b"0.001"]])
        if kind[:1] == b"s":
            return g.random.choice([[b"SET", kind, g.value()], [b"SET", kind, g.value(), b"NX"], [b"INCR", kind],
                                    [b"SET", kind, g.value(), b"XX"]])
        if kind[:1] == b"x":
            return g.random.choice([[b"XADD", kind, b"*", b"f", b"v"], [b"XADD", kind, b"NOMKSTREAM", b"*", b"f", b"v"],
                                    [b"XTRIM", kind, b"MAXLEN", b"1"], [b"XDEL", kind, b"1-1"]])
        return [b"SET", kind, g.value()]

    def end():
        return [g.random.choice([b"DEL", b"UNLINK", b"DEL"]), key()]

    def lifetime():
        return g.random.choice([[b"EXPIRE", key(), b"%d" % g.seconds()], [b"PERSIST", key()],
                                [b"PEXPIRE", key(), b"-1"], [b"EXPIRE", key(), b"%d" % g.seconds(), b"XX"]])

    def look():
        return g.random.choice([[b"GET", b"s1"], [b"LRANGE", b"l1", b"0", b"-1"], [b"TYPE", key()], [b"EXISTS", key()]])

    return ([watch] * 5 + [change] * 7 + [end, lifetime, look, look]
            + [words([b"MULTI"])] * 6 + [words([b"EXEC"])] * 6 + [words([b"DISCARD"])]
            + [words([b"UNWATCH"], [b"FLUSHDB"], [b"FLUSHALL"], [b"SELECT", b"9"], [b"SELECT", b"0"], [b"RESET"],
                     [b"SWAPDB", b"0", b"9"], [b"SWAPDB", b"9", b"0"], [b"SWAPDB", b"9", b"9"],
                     [b"WATCH"], [b"UNWATCH", b"x"], [b"MULTI", b"x"], [b"DISCARD", b"x"], [b"NOSUCH"])])


def defuse(words, generator):
    # An EXEC with words that it does not know ends watches in Redis even where there is no transaction; newer ones have
    # conditions there.
    return words[:1] if words[0].upper() == b"EXEC" else words
