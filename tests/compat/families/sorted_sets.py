# SPDX-License-Identifier: MIT
"""Commands on sorted sets that redis-server 7.0 has. """

KEYS = [b"z1", b"z2", b"z3"]
LEX_KEYS = [b"y1", b"y2"]  # in these all scores are the same: else a range of members means nothing
MEMBERS = [b"a", b"b", b"c", b"d", b"e", b"f", b"", b"\x00\xff", b"aa", b"m" * 70]
SCORES = [b"0", b"1", b"2", b"3", b"-1", b"1.5", b"-2.25", b"inf", b"-inf", b"+inf", b"1e3", b"7354202801775748",
          b"3.0", b"0.1", b"1e300"]
ODD_SCORES = [b"", b"x", b"nan", b" 1", b"1x", b"1e400", b"0x10", b"infinity", b"--1", b"(1"]
BOUNDS = [b"-inf", b"+inf", b"0", b"1", b"2", b"(1", b"(0", b"1.5", b"-1", b"(inf", b"3", b"1e3"]
ODD_BOUNDS = [b"", b"x", b"(", b"((1", b"nan", b"[1", b"1x"]
LEX = [b"-", b"+", b"[a", b"(a", b"[c", b"(c", b"[", b"(", b"[f", b"[aa", b"(\x00\xff"]
ODD_LEX = [b"", b"a", b"x", b"--", b"1"]
RANKS = [b"0", b"-1", b"1", b"2", b"-2", b"3", b"-100", b"100"]
ODD_RANKS = [b"x", b"", b"1.5", b"9223372036854775808", b"(1"]
TIMEOUTS = [b"0.01", b"0.005"]


def makers(generator):
    g = generator
    pick = g.random.choice

    def key():
        return g.key(KEYS)

    def member():
        return pick(MEMBERS)

    def score():
        return g.one_of(SCORES, ODD_SCORES, 0.04)

    def pairs(most=3):
        return [word for _ in range(g.random.randint(1, most)) for word in (score(), member())]

    def add():
        options = [g.cased(pick([b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR"])) for _ in range(pick([0, 0, 1, 1, 2, 3]))]
        return [b"ZADD", key()] + options + pairs(1 if b"INCR" in [o.upper() for o in options] else 4)

    def add_same_score():
        return [b"ZADD", g.key(LEX_KEYS)] + [word for one in g.some(member, 5) for word in (b"0", one)]

    def many():
        return [b"ZADD", key()] + [word for i in range(g.random.randint(20, 200))
                                   for word in (b"%d" % g.random.randrange(50), b"n%03d" % i)]

    def increment():
        return [b"ZINCRBY", key(), score(), member()]

    def remove():
        return [b"ZREM", key()] + g.some(member, 3)

    def read():
        return pick([[b"ZSCORE", key(), member()], [b"ZMSCORE", key()] + g.some(member, 3), [b"ZCARD", key()],
                     [pick([b"ZRANK", b"ZREVRANK"]), key(), member()]])

    def key_for(kind):
        return g.key(LEX_KEYS) if kind == "lex" else key()

    def bounds(kind):
        if kind == "rank":
            return [g.one_of(RANKS, ODD_RANKS), g.one_of(RANKS, ODD_RANKS)]
        if kind == "score":
            return [g.one_of(BOUNDS, ODD_BOUNDS), g.one_of(BOUNDS, ODD_BOUNDS)]
        return [g.one_of(LEX, ODD_LEX), g.one_of(LEX, ODD_LEX)]

    def limit():
        number = [b"0", b"1", b"2", b"-1", b"5"]
        return [g.cased(b"LIMIT"), g.one_of(number, [b"x", b""]), g.one_of(number, [b"x", b""])] if g.chance(0.35) else []

    def with_scores():
        return [g.cased(b"WITHSCORES")] if g.chance(0.4) else []

    def count():
        return pick([[b"ZCOUNT", key()] + bounds("score"), [b"ZLEXCOUNT", key_for("lex")] + bounds("lex")])

    def range_options(kind):
        by = {"rank": [], "score": [g.cased(b"BYSCORE")], "lex": [g.cased(b"BYLEX")]}[kind]
        options = by + limit() + with_scores() + ([g.cased(b"REV")] if g.chance(0.3) else [])
        return options

    def any_range():
        kind = pick(["rank", "score", "lex"])
        return [b"ZRANGE", key_for(kind)] + bounds(kind) + range_options(kind)

    def old_range():
        return pick([[b"ZREVRANGE", key()] + bounds("rank") + with_scores(),
                     [pick([b"ZRANGEBYSCORE", b"ZREVRANGEBYSCORE"]), key()] + bounds("score") + with_scores() + limit(),
                     [pick([b"ZRANGEBYLEX", b"ZREVRANGEBYLEX"]), key_for("lex")] + bounds("lex") + limit()])

    def store_range():
        kind = pick(["rank", "score", "lex"])
        return [b"ZRANGESTORE", key_for(kind), key_for(kind)] + bounds(kind) + [o for o in range_options(kind)]

    def remove_range():
        name, kind = pick([(b"ZREMRANGEBYRANK", "rank"), (b"ZREMRANGEBYSCORE", "score"), (b"ZREMRANGEBYLEX", "lex")])
        return [name, key_for(kind)] + bounds(kind)

    def inputs():
        named = [g.one_of(KEYS, [b"t1", b"t2", b"s1", b"none"], 0.2) for _ in range(g.random.randint(1, 3))]
        return [g.one_of([b"%d" % len(named)], [b"0", b"-1", b"x", b"9", b"1"])] + named, len(named)

    def combining(named):
        options = []
        if g.chance(0.3):
            options += [g.cased(b"WEIGHTS")] + [g.one_of([b"1", b"2", b"-1", b"0.5", b"inf"], [b"x"]) for _ in range(named)]
        if g.chance(0.3):
            options += [g.cased(b"AGGREGATE"), g.one_of([b"SUM", b"min", b"MAX"], [b"AVG"])]
        return options

    def combine():
        words, named = inputs()
        name = pick([b"ZUNION", b"ZINTER", b"ZDIFF"])
        return [name] + words + (combining(named) if name != b"ZDIFF" or g.chance(0.1) else []) + with_scores()

    def store():
        words, named = inputs()
        name = pick([b"ZUNIONSTORE", b"ZINTERSTORE", b"ZDIFFSTORE"])
        return [name, key()] + words + (combining(named) if name != b"ZDIFFSTORE" or g.chance(0.1) else [])

    def count_common():
        words, _ = inputs()
        return [b"ZINTERCARD"] + words + pick([[], [g.cased(b"LIMIT"), pick([b"0", b"1", b"-1", b"x"])]])

    def pop():
        counted = [g.one_of([b"1", b"2", b"0", b"100"], [b"-1", b"x"])] if g.chance(0.5) else []
        return [pick([b"ZPOPMIN", b"ZPOPMAX"]), key()] + counted

    def pop_first():
        named = g.some(key, 3)
        count = [g.cased(b"COUNT"), g.one_of([b"1", b"3"], [b"0", b"-1", b"x"])] if g.chance(0.4) else []
        words = [g.one_of([b"%d" % len(named)], [b"0", b"x", b"9"])] + named + [g.one_of([b"MIN", b"max"], [b"MID"])] + count
        return pick([[b"ZMPOP"] + words, [b"BZMPOP", pick(TIMEOUTS)] + words,
                     [pick([b"BZPOPMIN", b"BZPOPMAX"])] + named + [pick(TIMEOUTS)]])

    def chance():
        count = pick([b"0", b"1", b"2", b"-1", b"-5", b"100000", b"x", b"-9223372036854775808", b"9223372036854775807"])
        return [b"ZRANDMEMBER", key()] + pick([[], [count], [count, g.cased(b"WITHSCORES")], [count, b"JUNK"]])

    def scan():
        match = [g.cased(b"MATCH"), pick([b"*", b"a*", b"?", b"[a-c]"])] if g.chance(0.4) else []
        return [b"ZSCAN", key(), g.one_of([b"0"], [b"x", b""])] + match + [b"COUNT", g.one_of([b"100000"], [b"0", b"x"])]

    return [add] * 6 + [add_same_score] * 2 + [many, increment, increment, remove, remove, read, read, count] + \
        [any_range] * 4 + [old_range] * 3 + [store_range, remove_range, remove_range, combine, combine, store, store,
                                             count_common, pop, pop, pop_first, pop_first, chance, scan]


SAME_SCORE_SAFE = {b"ZREM", b"ZREMRANGEBYRANK", b"ZREMRANGEBYSCORE", b"ZREMRANGEBYLEX", b"ZPOPMIN", b"ZPOPMAX", b"ZMPOP",
                   b"ZRANGE", b"ZRANGESTORE", b"ZLEXCOUNT", b"ZRANGEBYLEX", b"ZREVRANGEBYLEX", b"DEL", b"ZCARD", b"ZSCORE"}


def with_same_scores(words):
    """All that is said of members in between is said of keys of one score, and nothing gives those another one."""
    name = words[0].upper()
    by_members = b"LEX" in name or b"BYLEX" in [word.upper() for word in words]
    if by_members:
        keys = 2 if name == b"ZRANGESTORE" else 1
        return words[:1] + [word if word in LEX_KEYS else LEX_KEYS[0] for word in words[1:1 + keys]] + words[1 + keys:]
    adds_zeros = name == b"ZADD" and len(words) % 2 == 0 and all(word == b"0" for word in words[2::2])
    stores = name == b"ZRANGESTORE" and not all(word in LEX_KEYS for word in words[1:3])
    if adds_zeros or (name in SAME_SCORE_SAFE and not stores):
        return words
    return [KEYS[LEX_KEYS.index(word)] if word in LEX_KEYS else word for word in words]


def from_the_start(words):
    """A cursor that is a number, as C reads it: in the middle, each server is where its own table says."""
    if len(words) > 2 and words[2].split(b"\x00")[0].lstrip(b"+-").isdigit():
        return words[:2] + [b"0"] + words[3:]
    return words


def defuse(words, generator):
    words = with_same_scores(words)
    name = words[0].upper()
    if name == b"ZSCAN":
        words = from_the_start(words)
    if name in (b"BZPOPMIN", b"BZPOPMAX") and len(words) >= 3:
        return words[:-1] + [short(words[-1])]
    if name == b"BZMPOP" and len(words) >= 2:
        return words[:1] + [short(words[1])] + words[2:]
    if name in (b"ZRANK", b"ZREVRANK"):
        return words[:3]  # WITHSCORE is newer than 7.0
    if name == b"ZSCAN" and not any(word.upper() == b"COUNT" for word in words):
        return words + [b"COUNT", b"100000"]
    if name == b"ZRANDMEMBER" and len(words) > 2 and words[2][:1] == b"-" and len(words[2]) > 4:
        return words[:2]
    return words


def short(word):
    """A wait of some milliseconds, whatever was asked for; what is no number, or negative, stays."""
    try:
        seconds = float(word)
    except ValueError:
        return word
    return word if seconds < 0 or seconds != seconds or seconds > 1e15 else b"0.005"
