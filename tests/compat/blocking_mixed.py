# SPDX-License-Identifier: MIT
"""More for blocking.py: keys that are a list, a sorted set, a stream or something else, as it comes, by every way in which a
key can come to be, and who waits for them, each for one key and one kind.

Nobody waits in a group, or for several keys: a type that comes to one of them ends that wait in newer versions. """
A, B, C, D, E, F = range(6)
KEYS = ["m1", "m2"]
MADE = "t1"  # is made under this name, and nobody waits for it
MOVED_TO = "m3"
# What DUMP replies for a list with a, and for a sorted set with a at 1.
LIST = "\x12\x01\x02\n\n\x00\x00\x00\x01\x00\x81a\x02\xff\n\x00\t\xb9\xed\xf5\x94\xde\xd9\x95"
SORTED_SET = "\x11\x0c\x0c\x00\x00\x00\x02\x00\x81a\x02\x01\x01\xff\n\x00\xa8\x05\xce\xb8\xd7\xa93\x02"


def step(who, *lines):
    return who, [line.split() for line in lines]


SCENARIOS = [
    ("a list comes by its name", [
        step(A, "BLPOP m1 0"), step(B, "BLPOP m2 0"), step(C, "RPUSH t1 a b"), step(C, "RENAME t1 m1"),
        step(C, "RENAMENX m1 m2"), step(D, "RPUSH t1 c"), step(D, "COPY t1 m1"), step(A, "BLPOP m1 0"),
        step(D, "COPY t1 m1 REPLACE")]),
    ("a list comes from another database", [
        step(A, "BLPOP m1 0"), step(C, "SELECT 1", "RPUSH m1 a", "MOVE m1 0", "SELECT 0"), step(B, "SELECT 1", "BLPOP m2 0"),
        step(C, "RPUSH m2 b", "MOVE m2 1")]),
    ("keys come as databases are swapped", [
        step(A, "BLPOP m1 0"), step(B, "BZPOPMIN m2 0"), step(D, "SELECT 1", "BLPOP m2 0"), step(E, "BLMOVE m1 m3 LEFT LEFT 0"),
        step(C, "SELECT 1", "RPUSH m1 a b c", "ZADD m2 1 a", "SELECT 0"), step(C, "RPUSH l3 x"), step(C, "SWAPDB 0 1"),
        step(C, "RPUSH m2 d"), step(C, "SWAPDB 1 0"), step(C, "MULTI", "RPUSH t1 e", "SWAPDB 0 2", "SWAPDB 0 2", "EXEC")]),
    ("a list comes from what was dumped", [
        step(A, "BLPOP m1 0"), step(B, "BZPOPMIN m2 0"), (C, [["RESTORE", "m2", "0", LIST]]),
        (C, [["RESTORE", "m1", "0", LIST], ["RESTORE", "m2", "0", SORTED_SET, "REPLACE"]])]),
    ("a list comes by sorting", [
        step(A, "BLPOP m1 0"), step(C, "RPUSH t1 3 1 2"), step(C, "SORT t1 STORE m1"), step(B, "BRPOP m1 0"),
        step(B, "BRPOP m1 0"), step(D, "BRPOP m1 0"), step(C, "SORT t1 DESC STORE m1")]),
    ("what is renamed away serves nobody, what is renamed onto does", [
        step(A, "BLPOP m1 0"), step(C, "MULTI", "RPUSH m1 a", "RENAME m1 t1", "EXEC"), step(C, "RENAME t1 m1"),
        step(B, "BLPOP m2 0"), step(C, "SET m2 x", "RPUSH t1 b", "RENAME t1 m2")]),
    ("a stream comes by its name", [
        step(A, "XREAD BLOCK 0 STREAMS m1 $"), step(B, "XREAD BLOCK 0 STREAMS m2 5-0"), step(C, "XADD t1 1-1 f v"),
        step(C, "COPY t1 m2", "RENAME t1 m1"), step(C, "XADD m2 6-1 f v")]),
    ("a sorted set is popped from either end", [
        step(A, "BZPOPMIN m1 0"), step(B, "BZPOPMAX m1 0"), step(C, "BZMPOP 0 1 m1 MIN COUNT 2"),
        step(D, "ZADD m1 1 a 2 b 3 c 4 d 5 e"), step(D, "ZRANGE m1 0 -1 WITHSCORES")]),
    ("a sorted set comes by its name, by a union, by a range", [
        step(A, "BZPOPMIN m1 0"), step(C, "ZADD t1 1 a 2 b"), step(C, "ZUNIONSTORE m1 2 t1 t1"), step(B, "BZPOPMAX m2 0"),
        step(C, "ZRANGESTORE m2 t1 0 0"), step(D, "BZMPOP 0 1 m2 MAX"), step(C, "RENAME t1 m2"), step(E, "BZPOPMIN m1 m2 0"),
        step(E, "BZPOPMIN m1 m2 0"), step(C, "ZADD m1 3 c")]),
    ("waits for sorted sets end in time", [
        step(A, "BZPOPMIN m1 0.01"), step(B, "BZPOPMAX m1 m2 0.02"), step(C, "BZMPOP 0.01 1 m1 MIN"), step(D, "ZADD m1 1 a")]),
    ("one key, every kind of waiter", [
        step(A, "BLPOP m1 0"), step(B, "BZPOPMIN m1 0"), step(C, "XREAD BLOCK 0 STREAMS m1 0"), step(D, "BRPOP m1 0"),
        step(E, "ZADD m1 1 a"), step(E, "XADD m1 1-1 f v"), step(E, "DEL m1"), step(E, "SADD m1 a", "DEL m1", "HSET m1 f v", "DEL m1"),
        step(E, "RPUSH m1 x y")]),
    ("the type in the end is what counts", [
        step(A, "BLPOP m1 0"), step(B, "BZPOPMIN m1 0"), step(C, "XREAD BLOCK 0 STREAMS m1 0"),
        step(D, "MULTI", "RPUSH m1 a", "DEL m1", "ZADD m1 1 a", "DEL m1", "XADD m1 1-1 f v", "EXEC"),
        step(D, "MULTI", "DEL m1", "ZADD m1 1 a 2 b", "EXEC"), step(D, "MULTI", "DEL m1", "RPUSH m1 a", "EXEC")]),
]


def random_mixed(rng, connections):
    steps, blocked, count = [], set(), 0
    for _ in range(rng.randint(8, 40)):
        who, what = rng.randrange(connections), rng.random()
        if what < 0.45:
            if who in blocked and rng.random() < 0.8:
                continue
            short = who not in blocked and rng.random() < 0.1
            steps.append((who, [wait(rng, "0.01" if short else "0")]))
            if not short:
                blocked.add(who)
        elif what < 0.5:
            steps.append((who, None))
            blocked.discard(who)
        elif who not in blocked or rng.random() < 0.2:
            count += 1
            commands = [line.split() for _ in range(rng.choice([1, 1, 1, 2])) for line in change(rng, count)]
            steps.append((who, commands if rng.random() < 0.6 else [["MULTI"], *commands, ["EXEC"]]))
    return steps


def wait(rng, seconds):
    key, side, end = rng.choice(KEYS), rng.choice(["LEFT", "RIGHT"]), rng.choice(["MIN", "MAX"])
    count = rng.choice(["", " COUNT 2"])
    return rng.choice([
        f"BLPOP {key} {seconds}", f"BRPOP {key} {seconds}", f"BLMPOP {seconds} 1 {key} {side}{count}",
        f"BLMOVE {key} {MOVED_TO} {side} {side} {seconds}", f"BRPOPLPUSH {key} {MOVED_TO} {seconds}",
        f"BZPOPMIN {key} {seconds}", f"BZPOPMAX {key} {seconds}", f"BZMPOP {seconds} 1 {key} {end}{count}",
        f"XREAD BLOCK {int(float(seconds) * 1000)} STREAMS {key} {rng.choice('$0')}"]).split()


def change(rng, count):
    """The lines that make something of a key."""
    key = rng.choice(KEYS)
    if rng.random() < 0.45:
        return [made(rng, key, count)]
    if rng.random() < 0.3:
        return [rng.choice(["SWAPDB 0 1", f"DEL {key}", f"EXPIRE {key} -1", f"SET {key} x", f"LPOP {key}", f"ZPOPMIN {key}",
                            f"PERSIST {key}", f"RENAME {key} {rng.choice(KEYS)}", f"LMOVE {key} {rng.choice(KEYS)} LEFT LEFT"])]
    lines = [f"DEL {MADE}", made(rng, MADE, count)]
    if rng.random() < 0.6:
        return lines + [rng.choice([f"RENAME {MADE} {key}", f"RENAMENX {MADE} {key}", f"COPY {MADE} {key}",
                                    f"COPY {MADE} {key} REPLACE"])]
    # Over a value of another type a store wakes nobody in 7.0, and does here: woken_again.txt.
    return lines + [f"DEL {key}", rng.choice([f"ZRANGESTORE {key} {MADE} 0 -1", f"ZUNIONSTORE {key} 2 {MADE} {MADE}",
                                              f"SUNIONSTORE {key} {MADE}", f"SORT {MADE} BY nosort STORE {key}"])]


def made(rng, key, count):
    return rng.choice([f"RPUSH {key} {count}", f"LPUSH {key} {count} x y", f"ZADD {key} {count} a", f"ZADD {key} 1 a {count} b",
                       f"XADD {key} {count}-1 f {count}", f"SADD {key} {count}", f"HSET {key} f {count}"])
