# SPDX-License-Identifier: MIT
"""Steps for blocking.py: (connection, commands sent at once), or (connection, None) when it goes away.

Left out on purpose, because newer versions than our oracle re-execute a woken command and so decide
otherwise: a transaction that feeds several keys of one waiter, or adds an entry and trims it away; a wrong
type that comes to one of several keys of a waiter; a served move that feeds an earlier key of the next
waiter. The transcript woken_again.txt says what we do. """
A, B, C, D, E, F = range(6)


def step(who, *lines):
    return who, [line.split() for line in lines]


SCENARIOS = [
    ("waiters are served in the order in which they came", [
        step(A, "BLPOP l1 0"), step(B, "BRPOP l1 0"), step(C, "BLPOP l1 0"), step(D, "RPUSH l1 a b c d")]),
    ("a push of one serves one", [
        step(A, "BLPOP l1 0"), step(B, "BLPOP l1 0"), step(D, "LPUSH l1 a"), step(D, "LPUSH l1 b")]),
    ("the pusher is told the length before waiters take", [step(A, "BLPOP l1 0"), step(B, "RPUSH l1 a b")]),
    ("waits end in time, and the others go on waiting", [
        step(A, "BLPOP l1 0.05"), step(B, "BLPOP l1 0"), step(C, "BRPOP l1 0.01"), step(D, "RPUSH l1 a b")]),
    ("each kind of wait times out with its own null", [
        step(A, "BLPOP l1 0.01"), step(B, "BLMOVE l1 l2 LEFT LEFT 0.02"), step(C, "XREAD BLOCK 10 STREAMS x1 $"),
        step(D, "BRPOP l1 l2 l3 0.03")]),
    ("the first key with data decides, from left to right", [
        step(D, "RPUSH l2 b", "RPUSH l3 c"), step(A, "BLPOP l1 l2 l3 0"), step(B, "BLPOP l1 l2 l3 0"),
        step(C, "BLPOP l1 l2 l3 0"), step(D, "RPUSH l3 x")]),
    ("a wrong type met first is an error even if a later key has data", [
        step(D, "SET s1 x", "RPUSH l1 a"), step(A, "BLPOP s1 l1 0.01"), step(A, "BLPOP l1 s1 0.01"),
        step(A, "BLPOP l2 s1 l1 0.01")]),
    ("a waiter on several keys gets one element only", [
        step(A, "BLPOP l1 l2 0"), step(B, "BLPOP l2 0"), step(D, "RPUSH l1 a"), step(D, "RPUSH l2 b")]),
    ("a key named twice is served once", [step(A, "BLPOP l1 l1 0"), step(B, "RPUSH l1 a b")]),
    ("a moved element wakes who waits for the destination", [
        step(A, "BLPOP l2 0"), step(B, "BLMOVE l1 l2 LEFT RIGHT 0"), step(C, "RPUSH l1 a b")]),
    ("a chain of moves runs to its end", [
        step(A, "BLMOVE l1 l2 RIGHT LEFT 0"), step(B, "BLMOVE l2 l3 RIGHT LEFT 0"), step(C, "BRPOP l3 0"),
        step(D, "LPUSH l1 a"), step(D, "LPUSH l1 b")]),
    ("a ring of moves comes to rest", [
        step(A, "BLMOVE l1 l2 LEFT LEFT 0"), step(B, "BLMOVE l2 l1 LEFT LEFT 0"), step(C, "RPUSH l1 a")]),
    ("a move onto a wrong type fails for that waiter and leaves the element to the next", [
        step(D, "SET s1 x"), step(A, "BLMOVE l1 s1 LEFT LEFT 0"), step(B, "BLPOP l1 0"), step(C, "RPUSH l1 a")]),
    ("waiting onto the same key rotates it", [step(A, "BLMOVE l1 l1 LEFT RIGHT 0"), step(B, "RPUSH l1 a b")]),
    ("nothing is served in the middle of a transaction", [
        step(A, "BLPOP l1 0"), step(B, "MULTI", "RPUSH l1 a", "DEL l1", "EXEC"), step(B, "RPUSH l1 b")]),
    ("a transaction's final state is what is served", [
        step(A, "BLPOP l1 0"), step(B, "MULTI", "RPUSH l1 c", "LPUSH l1 d", "EXEC")]),
    ("a transaction wakes several in their order", [
        step(A, "BLPOP l1 0"), step(B, "BRPOP l1 0"), step(C, "MULTI", "RPUSH l1 a b c", "RPUSH l1 d", "LPOP l1", "EXEC")]),
    ("inside a transaction nothing waits", [
        step(A, "MULTI", "BLPOP l1 0", "BLMOVE l1 l2 LEFT LEFT 0", "XREAD BLOCK 0 STREAMS x1 $", "RPUSH l1 a",
             "BLPOP l1 0", "EXEC")]),
    ("a transaction that waits itself takes before other waiters", [
        step(A, "BLPOP l1 0"), step(B, "MULTI", "RPUSH l1 a", "BLPOP l1 0", "EXEC")]),
    ("another type does not wake", [
        step(A, "BLPOP l1 0"), step(B, "SET l1 x"), step(B, "DEL l1"), step(B, "XADD l1 1-1 f v"), step(B, "DEL l1"),
        step(B, "RPUSH l1 a")]),
    ("who goes away gets nothing", [step(A, "BLPOP l1 0"), step(B, "BLPOP l1 0"), (A, None), step(C, "RPUSH l1 a")]),
    ("who goes away leaves the element if nobody waits", [step(A, "BLPOP l1 0"), (A, None), step(C, "RPUSH l1 a")]),
    ("what is sent behind a wait is run after it", [
        step(A, "RPUSH l2 x", "BLPOP l1 0", "RPUSH l3 y", "LLEN l3"), step(B, "LLEN l3"), step(B, "RPUSH l1 a"),
        step(B, "LLEN l3")]),
    ("waits in a pipeline follow each other", [
        step(A, "BLPOP l1 0", "BLPOP l1 0", "PING"), step(B, "RPUSH l1 a"), step(B, "RPUSH l1 b")]),
    ("a waiter that feeds itself from behind", [
        step(A, "BLPOP l1 0", "RPUSH l1 z", "BLPOP l1 0"), step(B, "BLPOP l1 0"), step(C, "RPUSH l1 a")]),
    ("readers of a stream each get their copy", [
        step(A, "XREAD BLOCK 0 STREAMS x1 $"), step(B, "XREAD BLOCK 0 COUNT 1 STREAMS x1 x2 $ $"),
        step(C, "XADD x1 1-1 f v"), step(C, "XADD x1 1-2 f v")]),
    ("$ is fixed when the reader comes", [
        step(C, "XADD x1 5-1 f v"), step(A, "XREAD BLOCK 0 STREAMS x1 $"),
        step(C, "MULTI", "XADD x1 6-1 f v", "XADD x1 6-2 f v", "EXEC")]),
    ("a reader is not woken by lower IDs in a stream made anew", [
        step(C, "XADD x1 5-1 f v"), step(A, "XREAD BLOCK 0 STREAMS x1 $"), step(C, "DEL x1"), step(C, "XADD x1 1-1 f v"),
        step(C, "XADD x1 9-1 f v")]),
    ("of those who wait in a group one gets an entry, in the order in which they came", [
        step(D, "XGROUP CREATE x1 g 0 MKSTREAM"), step(A, "XREADGROUP GROUP g a BLOCK 0 STREAMS x1 >"),
        step(B, "XREADGROUP GROUP g b BLOCK 0 STREAMS x1 >"), step(C, "XREADGROUP GROUP g c BLOCK 10 STREAMS x1 >"),
        step(D, "XADD x1 1-1 f v"), step(D, "XADD x1 1-2 f v"), step(D, "XADD x1 1-3 f v", "XPENDING x1 g")]),
    ("entries that come together go to the first who waits, or are shared out by COUNT", [
        step(D, "XGROUP CREATE x1 g 0 MKSTREAM", "XGROUP CREATE x1 h 0"),
        step(A, "XREADGROUP GROUP g a BLOCK 0 STREAMS x1 >"), step(B, "XREADGROUP GROUP g b BLOCK 0 STREAMS x1 >"),
        step(C, "XREADGROUP GROUP h c BLOCK 0 COUNT 2 STREAMS x1 >"),
        step(E, "XREADGROUP GROUP h e BLOCK 0 COUNT 2 STREAMS x1 >"),
        step(D, "MULTI", "XADD x1 1-1 f 1", "XADD x1 1-2 f 2", "XADD x1 1-3 f 3", "EXEC"),
        step(D, "XPENDING x1 g", "XPENDING x1 h")]),
    ("groups and readers wait for one stream without disturbing each other", [
        step(D, "XGROUP CREATE x1 g 0 MKSTREAM", "XGROUP CREATE x1 h 0"), step(A, "XREAD BLOCK 0 STREAMS x1 $"),
        step(B, "XREADGROUP GROUP g b BLOCK 0 NOACK STREAMS x1 >"), step(C, "XREADGROUP GROUP h c BLOCK 0 STREAMS x1 >"),
        step(E, "BLPOP x1 0"), step(D, "XADD x1 1-1 f v", "XPENDING x1 g", "XPENDING x1 h")]),
    ("a group that is moved back wakes nobody; with the next entry the old ones come too", [
        step(D, "XADD x1 1-1 f v", "XADD x1 1-2 f v", "XGROUP CREATE x1 g $"),
        step(A, "XREADGROUP GROUP g a BLOCK 0 STREAMS x1 >"), step(D, "XGROUP SETID x1 g 0"), step(D, "XADD x1 1-3 f v")]),
    ("who waits for two streams in a group gets the one that comes", [
        step(D, "XGROUP CREATE x1 g 0 MKSTREAM", "XGROUP CREATE x2 g 0 MKSTREAM"),
        step(A, "XREADGROUP GROUP g a BLOCK 0 STREAMS x1 x2 > >"), step(B, "XREADGROUP GROUP g b BLOCK 0 STREAMS x2 >"),
        step(D, "XADD x2 1-1 f v"), step(D, "XADD x1 1-1 f v"), step(D, "XADD x2 1-2 f v")]),
    ("the history of a consumer is there at once", [
        step(D, "XGROUP CREATE x1 g 0 MKSTREAM", "XGROUP CREATE x2 g 0 MKSTREAM"),
        step(A, "XREADGROUP GROUP g a BLOCK 0 STREAMS x1 0"), step(A, "XREADGROUP GROUP g a BLOCK 0 STREAMS x1 x2 > 0")]),
    ("who goes away while waiting in a group gets nothing", [
        step(D, "XGROUP CREATE x1 g 0 MKSTREAM"), step(A, "XREADGROUP GROUP g a BLOCK 0 STREAMS x1 >"),
        step(B, "XREADGROUP GROUP g b BLOCK 0 STREAMS x1 >"), (A, None), step(D, "XADD x1 1-1 f v", "XPENDING x1 g")]),
    ("inside a transaction a group's reader does not wait", [
        step(D, "XGROUP CREATE x1 g 0 MKSTREAM"),
        step(A, "MULTI", "XREADGROUP GROUP g a BLOCK 0 STREAMS x1 >", "XADD x1 1-1 f v",
             "XREADGROUP GROUP g a BLOCK 0 STREAMS x1 >", "EXEC")]),
    ("poppers and readers wait for keys of each other's kind in peace", [
        step(A, "BLPOP x1 0"), step(B, "XREAD BLOCK 0 STREAMS x1 0"), step(C, "XADD x1 1-1 f v"), step(C, "DEL x1"),
        step(C, "RPUSH x1 a")]),
    ("data that is there is taken without waiting", [
        step(D, "RPUSH l1 a b", "XADD x1 1-1 f v"), step(A, "BLPOP l1 0"), step(B, "BLMOVE l1 l2 LEFT LEFT 0"),
        step(C, "XREAD BLOCK 0 STREAMS x1 0")]),
    ("poppers, movers and takers of several wait for one key in one line", [
        step(A, "BRPOP l1 0"), step(B, "BLMPOP 0 1 l1 LEFT COUNT 2"), step(C, "BLMOVE l1 l2 LEFT LEFT 0"),
        step(D, "BRPOPLPUSH l1 l2 0"), step(E, "RPUSH l1 1 2 3"), step(E, "RPUSH l1 4 5 6")]),
    ("every kind of wait for lists times out with a null array", [
        step(A, "BRPOPLPUSH l1 l2 0.01"), step(B, "BLMPOP 0.02 2 l1 l2 RIGHT"), step(C, "BLMPOP 0 1 l1 RIGHT"),
        step(D, "RPUSH l1 a b")]),
    ("the old moves make chains like the new ones", [
        step(A, "BRPOPLPUSH l1 l2 0"), step(B, "BLMPOP 0 1 l2 LEFT"), step(C, "RPUSH l1 a"), step(C, "RPOPLPUSH l1 l2"),
        step(A, "BLPOP l2 0"), step(C, "RPUSH l1 b"), step(C, "RPOPLPUSH l1 l2")]),
    ("a taker of several takes what there is", [
        step(A, "BLMPOP 0 2 l1 l2 LEFT COUNT 10"), step(B, "RPUSH l2 a b c"), step(A, "BLMPOP 0 2 l1 l2 LEFT COUNT 10"),
        step(B, "MULTI", "RPUSH l1 a", "RPUSH l1 b", "EXEC")]),
    ("a push onto an existing list only wakes nobody if there is none", [
        step(A, "BLPOP l1 0"), step(B, "LPUSHX l1 a", "RPUSHX l1 b", "LINSERT l1 BEFORE a b"), step(B, "RPUSH l1 c")]),
    ("inside a transaction the other kinds do not wait either", [
        step(A, "MULTI", "BRPOPLPUSH l1 l2 0", "BLMPOP 0 1 l1 LEFT", "RPUSH l1 a", "BLMPOP 0 1 l1 LEFT", "EXEC")]),
    ("an old move onto a wrong type fails for that waiter alone", [
        step(D, "SET s1 x"), step(A, "BRPOPLPUSH l1 s1 0"), step(B, "BLMPOP 0 1 l1 LEFT"), step(C, "RPUSH l1 a")]),
    ("what a waiter takes has touched who watches the key", [
        step(A, "WATCH l1"), step(B, "BLPOP l1 0"), step(A, "MULTI", "PING"), step(C, "RPUSH l1 a"), step(A, "EXEC")]),
    ("what a waiter puts somewhere has touched who watches that", [
        step(A, "WATCH l2"), step(B, "BLMOVE l1 l2 LEFT LEFT 0"), step(A, "MULTI", "PING"), step(C, "RPUSH l1 a"),
        step(A, "EXEC")]),
    ("takers from sorted sets are served in the order in which they came", [
        step(A, "BZPOPMIN z1 0"), step(B, "BZPOPMAX z1 0"), step(C, "BZMPOP 0 1 z1 MIN COUNT 2"), step(D, "BZPOPMIN z1 0"),
        step(E, "ZADD z1 1 a 2 b 3 c 4 d"), step(E, "ZADD z1 5 e")]),
    ("each kind of wait for sorted sets times out with a null array", [
        step(A, "BZPOPMIN z1 z2 0.01"), step(B, "BZPOPMAX z1 0.02"), step(C, "BZMPOP 0.03 2 z1 z2 MAX COUNT 3"),
        step(D, "BZMPOP 0 1 z1 MIN"), step(E, "ZADD z1 1 a 2 b")]),
    ("the first sorted set with a member decides, from left to right", [
        step(D, "ZADD z2 1 b", "SET s1 x"), step(A, "BZPOPMIN z1 z2 0"), step(B, "BZPOPMIN s1 z2 0.01"),
        step(B, "BZPOPMIN z1 z2 0"), step(C, "BZMPOP 0 2 z1 z2 MIN"), step(D, "ZADD z1 1 a"), step(D, "ZADD z2 1 a")]),
    ("poppers of lists and of sorted sets wait for one key in peace", [
        step(A, "BLPOP z1 0"), step(B, "BZPOPMIN z1 0"), step(C, "XREAD BLOCK 0 STREAMS z1 0"), step(D, "ZADD z1 1 a"),
        step(D, "RPUSH z1 a"), step(D, "XADD z1 1-1 f v")]),
    ("a score that is added to wakes, one that is changed finds nobody", [
        step(A, "BZPOPMIN z1 0"), step(B, "ZINCRBY z1 2 a"), step(B, "ZADD z1 1 a", "ZINCRBY z1 2 a"),
        step(A, "BZPOPMIN z1 0")]),
    ("a sorted set that was computed wakes", [
        step(E, "ZADD z2 1 a 2 b", "SADD u1 a"), step(A, "BZPOPMIN z1 0"), step(B, "BZPOPMAX z1 0"),
        step(C, "BZPOPMAX z1 0"), step(E, "ZUNIONSTORE z1 2 z2 u1"), step(E, "ZINTERSTORE z1 2 z2 u1")]),
    ("a sorted set under another name, in a copy or from another database wakes", [
        step(A, "BZPOPMIN z1 0"), step(B, "BZPOPMIN z1 0"), step(C, "BZPOPMIN z1 0"), step(E, "ZADD z2 1 a"),
        step(E, "COPY z2 z1"), step(E, "RENAME z2 z1"), step(E, "SELECT 1", "ZADD z1 1 a", "MOVE z1 0", "SELECT 0")]),
    ("lists and streams under another name, in a copy or from another database wake", [
        step(A, "BLPOP l1 0"), step(B, "BLPOP l1 0"), step(C, "XREAD BLOCK 0 STREAMS x1 0"), step(D, "BLPOP l1 0"),
        step(E, "RPUSH l2 a", "XADD x2 1-1 f v"), step(E, "COPY l2 l1"), step(E, "RENAME l2 l1"), step(E, "RENAME x2 x1"),
        step(E, "SELECT 1", "RPUSH l1 a", "MOVE l1 0", "SELECT 0")]),
    ("a list that was sorted into place wakes, and is what waiters take", [
        step(A, "BLPOP l1 0"), step(B, "RPUSH l2 3 1 2", "SORT l2 STORE l1"), step(B, "LRANGE l1 0 -1")]),
    ("inside a transaction takers from sorted sets do not wait", [
        step(A, "MULTI", "BZPOPMIN z1 0", "BZMPOP 0 1 z1 MIN", "ZADD z1 1 a", "BZPOPMAX z1 0", "EXEC")]),
    ("a transaction's sorted set is served in its final state", [
        step(A, "BZPOPMIN z1 0"), step(B, "MULTI", "ZADD z1 1 a", "ZADD z1 0 b", "ZREM z1 a", "ZADD z1 -1 c", "EXEC")]),
    ("who goes away takes no member", [step(A, "BZPOPMIN z1 0"), (A, None), step(B, "ZADD z1 1 a", "ZCARD z1")]),
    ("a database that is swapped in wakes who finds something in it", [
        step(A, "BLPOP l1 0"), step(B, "BZPOPMIN z1 0"), step(C, "XREAD BLOCK 0 STREAMS x1 0"), step(D, "BLPOP l2 0"),
        step(E, "SELECT 1", "RPUSH l1 a", "ZADD z1 1 a", "XADD x1 1-1 f v", "SWAPDB 0 1", "DBSIZE", "SELECT 0", "DBSIZE")]),
    ("waits are per database", [
        step(A, "SELECT 1", "BLPOP l1 0"), step(B, "RPUSH l1 a"), step(B, "SELECT 1", "RPUSH l1 b", "SELECT 0")]),
]

LISTS = ["l1", "l2", "l3"]
OF_ANY_TYPE = "l3"  # waited for alone only
STREAMS = ["x1", "x2"]
OF_BOTH = "m1"  # is a list or a stream, as it comes; waited for alone, and in no group: a type that comes to it ends that
SORTED_SETS = ["z1", "z2"]
GROUPS = ["g", "h"]


def random_scenario(rng, connections):
    # Either waits for several keys, or moves between all of them: see above.
    several = rng.random() < 0.5
    both = rng.choice([0, 0.1, 0.7])
    steps = [(0, [["XGROUP", "CREATE", key, group, "0", "MKSTREAM"] for key in STREAMS for group in GROUPS])]
    blocked = set()  # perhaps: who was sent a wait without an end
    entry = 0
    for _ in range(rng.randint(8, 40)):
        who = rng.randrange(connections)
        what = rng.random()
        if what < 0.45:
            if who in blocked and rng.random() < 0.8:
                continue
            short = who not in blocked and rng.random() < 0.15
            words = wait_for_both(rng, short) if rng.random() < both else wait(rng, several, short, f"c{who}")
            steps.append((who, [words]))
            if not short:
                blocked.add(who)
        elif what < 0.52:
            steps.append((who, None))
            blocked.discard(who)
        elif who in blocked and rng.random() < 0.8:
            continue
        elif rng.random() < both:
            entry += 1
            changes = [change_both(rng, entry) for _ in range(rng.choice([1, 1, 1, 3]))]
            steps.append((who, changes if len(changes) == 1 else [["MULTI"], *changes, ["EXEC"]]))
        elif what < 0.62:
            key = rng.choice(LISTS)
            steps.append((who, [["MULTI"]] + [change(rng, key) for _ in range(rng.randint(1, 4))] + [["EXEC"]]))
        elif what < 0.72:
            entry += 1
            steps.append((who, [["XADD", rng.choice(STREAMS), f"{entry}-1", "f", str(entry)]]))
        elif what < 0.80:
            steps.append((who, [change_sorted_set(rng)]))
        elif what < 0.84:
            steps.append((who, [rng.choice([["LMOVE", rng.choice(LISTS), rng.choice(LISTS), side(rng), side(rng)],
                                            ["RPOPLPUSH", rng.choice(LISTS), rng.choice(LISTS)],
                                            ["LMPOP", "1", rng.choice(LISTS), side(rng), "COUNT", "2"]])]))
        else:
            steps.append((who, [change(rng, rng.choice(LISTS))]))
    return steps


def wait_for_both(rng, short):
    seconds = rng.choice(["0.01", "0.05"]) if short else "0"
    milliseconds = str(int(float(seconds) * 1000))
    return rng.choice([
        [rng.choice(["BLPOP", "BRPOP"]), OF_BOTH, seconds], ["BLMPOP", seconds, "1", OF_BOTH, side(rng), "COUNT", "2"],
        ["BLMOVE", OF_BOTH, OF_ANY_TYPE, side(rng), side(rng), seconds],
        ["BLMOVE", "l1", OF_BOTH, side(rng), side(rng), seconds],
        ["XREAD", "BLOCK", milliseconds, "STREAMS", OF_BOTH, "$"], ["XREAD", "BLOCK", milliseconds, "STREAMS", OF_BOTH, "0"]])


def change_both(rng, entry):
    return rng.choice([["RPUSH", OF_BOTH, str(entry)], ["LPUSH", OF_BOTH, str(entry), "x"], ["DEL", OF_BOTH], ["DEL", OF_BOTH],
                       ["XADD", OF_BOTH, f"{entry}-1", "f", str(entry)], ["XADD", OF_BOTH, f"{entry}-1", "f", "v"],
                       ["SET", OF_BOTH, "x"], ["LPOP", OF_BOTH], ["RPUSH", "l1", str(entry)]])


def side(rng):
    return rng.choice(["LEFT", "RIGHT"])


def wait(rng, several, short, consumer):
    seconds = rng.choice(["0.01", "0.02", "0.05"]) if short else rng.choice(["0", "0", "100"])
    if rng.random() < 0.2:
        return wait_for_sorted_set(rng, several, seconds)
    kind = rng.random()
    if kind < 0.4:
        return [rng.choice(["BLPOP", "BRPOP"])] + lists_of(rng, several) + [seconds]
    if kind < 0.55:
        keys = lists_of(rng, several)
        count = ["COUNT", rng.choice(["1", "2", "5"])] if rng.random() < 0.6 else []
        return ["BLMPOP", seconds, str(len(keys))] + keys + [side(rng)] + count
    if kind < 0.7:
        to = rng.choice([OF_ANY_TYPE, "s1"] if several else LISTS + ["s1"])
        if rng.random() < 0.4:
            return ["BRPOPLPUSH", rng.choice(LISTS), to, seconds]
        return ["BLMOVE", rng.choice(LISTS), to, side(rng), side(rng), seconds]
    keys = rng.sample(STREAMS, rng.randint(1, 2))
    count = ["COUNT", rng.choice(["1", "2"])] if rng.random() < 0.3 else []
    if rng.random() < 0.6:
        no_ack = ["NOACK"] if rng.random() < 0.2 else []
        return (["XREADGROUP", "GROUP", rng.choice(GROUPS), consumer] + count + no_ack
                + ["BLOCK", str(int(float(seconds) * 1000)), "STREAMS"] + keys + [">"] * len(keys))
    return ["XREAD"] + count + ["BLOCK", str(int(float(seconds) * 1000)), "STREAMS"] + keys + ["$"] * len(keys)


def wait_for_sorted_set(rng, several, seconds):
    keys = rng.sample(SORTED_SETS, rng.randint(1, 2)) if several else [rng.choice(SORTED_SETS)]
    if rng.random() < 0.6:
        return [rng.choice(["BZPOPMIN", "BZPOPMAX"])] + keys + [seconds]
    count = ["COUNT", rng.choice(["1", "2", "5"])] if rng.random() < 0.6 else []
    return ["BZMPOP", seconds, str(len(keys))] + keys + [rng.choice(["MIN", "MAX"])] + count


def change_sorted_set(rng):
    key, member = rng.choice(SORTED_SETS), rng.choice("abcdef")
    return rng.choice([["ZADD", key, str(rng.randrange(9)), member], ["ZINCRBY", key, "1", member], ["ZREM", key, member],
                       ["ZADD", key, "1", "a", "2", "b", "3", "c"], ["ZPOPMIN", key]])


def lists_of(rng, several):
    if not several:
        return [rng.choice(LISTS)]
    lists = [key for key in LISTS if key != OF_ANY_TYPE]
    return rng.choice([[OF_ANY_TYPE], rng.sample(lists, rng.randint(1, len(lists)))])


def change(rng, key):
    kind = rng.random()
    if kind < 0.7:
        values = [str(rng.randrange(100)) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
        return [rng.choice(["LPUSH", "RPUSH"]), key] + values
    if kind < 0.8:
        return ["DEL", key]
    if kind < 0.9:
        return [rng.choice(["LPOP", "RPOP"]), key]
    if kind < 0.95 and key == OF_ANY_TYPE:
        return ["SET", key, "x"]
    return ["SET", "s1", "x"]
