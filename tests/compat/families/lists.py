# SPDX-License-Identifier: MIT
"""The list commands beyond those of the family `list`: at either end, in the middle, from several keys, and those that
wait."""
KEYS = [b"l1", b"l2", b"l3"]
FEW = [b"a", b"b", b"hello", b""]  # so that elements are alike
RANKS = [b"1", b"2", b"-1", b"-2", b"0", b"3"]


def makers(g):
    def key():
        return g.key(KEYS)

    def element():
        return g.random.choice(FEW) if g.chance(0.7) else g.value()

    def side():
        return g.cased(g.one_of([b"LEFT", b"RIGHT"], [b"", b"JUNK", b"COUNT", b"BEFORE"], 0.04))

    def push():
        return [g.random.choice([b"LPUSH", b"RPUSH", b"RPUSH", b"LPUSHX", b"RPUSHX"]), key()] + g.some(element, 8)

    def pop():
        return [g.random.choice([b"LPOP", b"RPOP"]), key()] + ([g.number()] if g.chance(0.3) else [])

    def read():
        return g.random.choice([[b"LRANGE", key(), b"0", b"-1"], [b"LRANGE", key(), g.number(), g.number()],
                                [b"LINDEX", key(), g.number()], [b"LLEN", key()]])

    def lset():
        return [b"LSET", key(), g.number(), element()]

    def linsert():
        where = g.cased(g.one_of([b"BEFORE", b"AFTER"], [b"", b"JUNK", b"LEFT"], 0.05))
        return [b"LINSERT", key(), where, element(), element()]

    def lrem():
        return [b"LREM", key(), g.number(), element()]

    def ltrim():
        return [b"LTRIM", key(), g.number(), g.number()]

    def lpos():
        options = []
        if g.chance(0.6):
            for _ in range(g.random.randint(1, 3)):
                options += g.random.choice([[g.cased(b"RANK"), g.one_of(RANKS, [g.number()], 0.15)],
                                            [g.cased(b"COUNT"), g.number()], [g.cased(b"MAXLEN"), g.number()]])
        return [b"LPOS", key(), element()] + options

    def move():
        return g.random.choice([[b"LMOVE", key(), key(), side(), side()], [b"RPOPLPUSH", key(), key()]])

    def several():
        keys = g.some(key)
        number = g.one_of([b"%d" % len(keys)], [g.number(), b"0", b"-1"], 0.1)
        count = [g.cased(b"COUNT"), g.number()] if g.chance(0.4) else []
        return [number] + keys + [side()] + count

    def lmpop():
        return [b"LMPOP"] + several()

    def waiting():
        timeout = g.timeout()
        return g.random.choice([
            [b"BLMPOP", timeout] + several(), [b"BLMOVE", key(), key(), side(), side(), timeout],
            [b"BRPOPLPUSH", key(), key(), timeout], [g.random.choice([b"BLPOP", b"BRPOP"])] + g.some(key) + [timeout]])

    return [push] * 6 + [pop, pop, read, read, read, lset, lset, linsert, linsert, lrem, lrem, ltrim, lpos, lpos, lpos,
                         move, move, lmpop, lmpop, waiting]


def defuse(words, generator):
    name = words[0].upper()
    if name == b"BLMPOP" and len(words) >= 2:
        words[1] = generator.short_wait(words[1])
    elif name == b"BRPOPLPUSH" and len(words) >= 4:
        words[3] = generator.short_wait(words[3])
    elif name == b"LREM" and len(words) >= 3 and words[2] == b"-9223372036854775808":
        words[2] = b"-9223372036854775807"  # the one number that newer versions refuse
    return words
