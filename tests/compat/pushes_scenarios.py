# SPDX-License-Identifier: MIT
"""Steps for pushes.py: (connection, commands sent at once), or (connection, None) when it goes away. "{A}" in a
command is the number of connection A.

Left out on purpose: what a client publishes to itself (newer versions than our oracle put it behind the reply, we
do too), CLIENT UNBLOCK of a client that a pause holds (it ends our oracle), and what Redis tells in the order of a hash table (several patterns that match, PUBSUB CHANNELS, the end of
all subscriptions at once). Unit tests and transcripts say what we do. """
A, B, C, D, E, F = range(6)


def step(who, *lines):
    return who, [line.split() for line in lines]


SCENARIOS = [
    ("channels, patterns and shards", [
        step(A, "SUBSCRIBE c1 c2"), step(B, "PSUBSCRIBE c*"), step(C, "SSUBSCRIBE c1"), step(D, "PUBLISH c1 m"),
        step(D, "SPUBLISH c1 m"), step(D, "PUBLISH c3 m"), step(A, "UNSUBSCRIBE c1"), step(D, "PUBLISH c1 n"),
        step(D, "PUBSUB NUMSUB c1 c2 c3", "PUBSUB NUMPAT", "PUBSUB SHARDNUMSUB c1 c2"), step(B, "PUNSUBSCRIBE c* x"),
        step(C, "SUNSUBSCRIBE"), step(D, "PUBLISH c1 o", "SPUBLISH c1 o", "PUBSUB NUMPAT")]),
    ("who goes away listens no more", [
        step(A, "SUBSCRIBE c1", "PSUBSCRIBE c*"), (A, None), step(D, "PUBLISH c1 m", "PUBSUB NUMSUB c1", "PUBSUB NUMPAT")]),
    ("a message comes while its receiver waits", [
        step(A, "MULTI", "SUBSCRIBE c1", "EXEC"), step(D, "PUBLISH c1 m"), step(B, "RPUSH l1 a"), step(A, "PING")]),
    ("messages of a transaction come in order", [
        step(A, "SUBSCRIBE c1"), step(D, "MULTI", "PUBLISH c1 1", "SET s1 x", "PUBLISH c1 2", "EXEC")]),
    ("what may be done while listening, in either protocol", [
        step(A, "SUBSCRIBE c1"), step(A, "PING", "PING x", "GET s1", "CLIENT GETNAME", "MULTI", "NOSUCH", "ECHO x"),
        step(A, "RESET"), step(D, "PUBLISH c1 m"), step(A, "PING")]),
    ("events of keys by pattern, with their order", [
        step(D, "CONFIG SET notify-keyspace-events KEAmn"), step(A, "PSUBSCRIBE __keyspace*"),
        step(B, "PSUBSCRIBE __keyevent*"), step(C, "SET s1 a", "SET s1 b EX 100", "INCR s2", "EXPIRE s2 -1", "GET s2"),
        step(C, "RPUSH l1 a b", "LMOVE l1 l2 LEFT RIGHT", "LPOP l1", "DEL l2"), step(E, "BLPOP l3 0"),
        step(C, "RPUSH l3 a"), step(C, "XADD x1 1-1 f v", "XADD x1 MAXLEN 1 2-1 f v", "XDEL x1 2-1", "XTRIM x1 MAXLEN 0"),
        step(C, "SELECT 1", "SET s1 x PX 100000", "PERSIST s1", "FLUSHDB"),
        step(C, "MULTI", "SET s1 a", "DEL s1", "EXEC"), step(D, "CONFIG SET notify-keyspace-events gE"),
        step(C, "SET s1 a", "DEL s1"), step(D, "CONFIG SET notify-keyspace-events x"),
        step(D, "CONFIG GET notify-keyspace-events"), step(D, "CONFIG RESETSTAT")]),
    ("a chain of moves announces each step", [
        step(D, "CONFIG SET notify-keyspace-events EA"), step(F, "PSUBSCRIBE *"), step(A, "BLMOVE l1 l2 LEFT LEFT 0"),
        step(B, "BLMOVE l2 l3 LEFT LEFT 0"), step(C, "RPUSH l1 a")]),
    ("tracking by key", [
        step(F, "SUBSCRIBE __redis__:invalidate"), step(A, "CLIENT TRACKING ON REDIRECT {F}"), step(A, "GET s1", "LLEN l1"),
        step(D, "SET s1 a"), step(D, "SET s1 b"), step(A, "GET s1"), step(D, "RPUSH l1 a", "DEL s1"),
        step(A, "GET s1", "XRANGE x1 - +"), step(D, "FLUSHALL"), step(D, "XADD x1 1-1 f v"), step(A, "GET s1", "SET s1 q"),
        step(A, "CLIENT TRACKINGINFO"), step(A, "CLIENT TRACKING OFF"), step(D, "SET s1 r")]),
    ("tracking by key in the connection itself", [
        step(A, "CLIENT TRACKING ON"), step(A, "GET s1", "GET s2"), step(D, "SET s1 a"), step(A, "SET s2 x"),
        step(A, "GET s1", "GET s2"), step(A, "MULTI", "SET s1 1", "GET s1", "SET s2 2", "EXEC"), step(D, "FLUSHDB"),
        step(A, "GET s1", "FLUSHALL"), step(A, "GET s1"), step(D, "SELECT 1", "SET s1 x")]),
    ("tracking without one's own changes", [
        step(A, "CLIENT TRACKING ON NOLOOP"), step(A, "GET s1", "SET s1 a", "GET s1"), step(D, "SET s1 b")]),
    ("tracking opted in and out", [
        step(A, "CLIENT TRACKING ON OPTIN"), step(B, "CLIENT TRACKING ON OPTOUT"), step(A, "GET s1", "CLIENT CACHING YES", "GET s2"),
        step(B, "GET s1", "CLIENT CACHING NO", "GET s2"), step(D, "SET s1 a"), step(D, "SET s2 a"),
        step(A, "CLIENT CACHING YES", "MULTI", "GET s1", "GET s2", "EXEC"), step(D, "SET s1 b"), step(D, "SET s2 b"),
        step(A, "CLIENT CACHING YES", "PING", "GET s1"), step(D, "SET s1 c"), step(A, "CLIENT CACHING NO"),
        step(B, "CLIENT CACHING YES")]),
    ("tracking by broadcast", [
        step(A, "CLIENT TRACKING ON BCAST PREFIX l PREFIX s"), step(B, "CLIENT TRACKING ON BCAST"),
        step(C, "CLIENT TRACKING ON BCAST NOLOOP PREFIX s"), step(D, "SET s1 a"), step(D, "RPUSH l1 a"), step(D, "XADD x1 1-1 f v"),
        step(D, "MULTI", "SET s2 a", "SET s1 a", "RPUSH l1 a", "EXEC"), step(C, "SET s1 x"), step(A, "SET s2 x"),
        step(D, "FLUSHALL"), step(A, "RESET"), step(D, "SET s1 z")]),
    ("tracking and a waiter", [
        step(A, "CLIENT TRACKING ON"), step(A, "LLEN l1"), step(B, "BLPOP l1 0"), step(D, "RPUSH l1 a"), step(A, "LLEN l1"),
        step(A, "BLPOP l1 0"), step(D, "RPUSH l1 a")]),
    ("whoever asks for a lifetime has read the key", [
        step(A, "CLIENT TRACKING ON"), step(A, "TTL s1"), step(D, "SET s1 a"), step(A, "PTTL s1"), step(D, "DEL s1")]),
    ("a redirection to a connection that goes away", [
        step(A, "CLIENT TRACKING ON REDIRECT {F}"), step(A, "GET s1"), step(D, "PING"), step(A, "CLIENT TRACKING OFF"),
        step(A, "CLIENT GETREDIR")]),
    ("replies off and skipped", [
        step(A, "CLIENT REPLY OFF", "SET s1 a", "NOSUCH", "SUBSCRIBE c1"), step(D, "PUBLISH c1 m"),
        step(A, "UNSUBSCRIBE c1", "PING"), step(A, "CLIENT REPLY ON"), step(A, "CLIENT REPLY SKIP", "GET s1", "GET s1"),
        step(A, "CLIENT REPLY SKIP", "BLPOP l1 0", "PING"), step(D, "RPUSH l1 a"), step(A, "CLIENT REPLY SKIP", "CLIENT REPLY ON")]),
    ("unblocking", [
        step(A, "BLPOP l1 0"), step(B, "XREAD BLOCK 0 STREAMS x1 $"), step(C, "BLMOVE l1 l2 LEFT LEFT 0"),
        step(D, "CLIENT UNBLOCK {A}"), step(D, "CLIENT UNBLOCK {B} TIMEOUT"), step(D, "CLIENT UNBLOCK {C} ERROR"),
        step(D, "CLIENT UNBLOCK {A}", "CLIENT UNBLOCK {E}", "CLIENT UNBLOCK 0", "CLIENT UNBLOCK x", "CLIENT UNBLOCK {A} x"),
        step(D, "RPUSH l1 a", "LLEN l1")]),
    ("a pause of writes", [
        step(A, "BLPOP l1 0"), step(D, "CLIENT PAUSE 100000 WRITE"), step(B, "SET s1 a", "GET s1"), step(C, "GET s1", "PUBLISH c m"),
        step(E, "MULTI", "GET s1", "EXEC", "MULTI", "RPUSH l1 a", "EXEC"), step(D, "CLIENT UNPAUSE"),
        step(D, "GET s1")]),
]

CHANNELS = ["a1", "a2", "b1"]
PATTERNS = ["a*", "b*"]  # so that no two of them match the same channel
KEYS = ["s1", "s2", "l1", "x1"]
TRACKING = ["", "NOLOOP", "OPTIN", "OPTOUT", "BCAST", "BCAST PREFIX s PREFIX l", "BCAST NOLOOP PREFIX s"]


def random_scenario(rng, connections):
    """A and B listen or publish, C and D track, the others change keys."""
    steps = [step(C, f"CLIENT TRACKING ON {rng.choice(TRACKING)}"), step(D, f"CLIENT TRACKING ON {rng.choice(TRACKING)}")]
    if rng.random() < 0.5:
        steps.append(step(E, "CONFIG SET notify-keyspace-events " + rng.choice(["KEA", "EA", "KAm", "E$lmn"])))
        steps.append(step(A, "PSUBSCRIBE __key*"))
    else:
        steps.append(step(E, "CONFIG SET notify-keyspace-events m"))
    for _ in range(rng.randint(8, 30)):
        kind = rng.random()
        if kind < 0.2:
            steps.append(step(rng.choice([A, B]), subscription(rng)))
        elif kind < 0.35:
            steps.append(step(rng.choice([E, F]), f"{rng.choice(['PUBLISH', 'PUBLISH', 'SPUBLISH'])} {rng.choice(CHANNELS)} m"))
        elif kind < 0.6:
            caching = rng.random() < 0.3
            lines = ["CLIENT CACHING " + rng.choice(["YES", "NO"])] if caching else []
            steps.append(step(rng.choice([C, D]), *lines, read(rng)))
        elif kind < 0.65:
            who = rng.choice([C, D])
            steps.append(step(who, "CLIENT TRACKING OFF", f"CLIENT TRACKING ON {rng.choice(TRACKING)}"))
        elif kind < 0.7:
            steps.append((rng.choice([A, B, C, D]), None))
        elif kind < 0.8:
            steps.append(step(rng.choice([C, E]), "MULTI", change(rng), read(rng), change(rng), "EXEC"))
        else:
            steps.append(step(rng.choice([C, D, E, F]), change(rng)))
    return steps


def subscription(rng):
    kind = rng.choice(["", "", "S", "P"])
    verb = rng.choice(["SUBSCRIBE", "SUBSCRIBE", "UNSUBSCRIBE"])
    names = PATTERNS if kind == "P" else CHANNELS
    return f"{kind}{verb} {' '.join(rng.sample(names, rng.randint(1, 2)))}"


def read(rng):
    return rng.choice(["GET s1", "GET s2", "LLEN l1", "XLEN x1", "EXISTS s1 l1", "STRLEN s1", "TYPE x1", "GET l1"])


def change(rng):
    return rng.choice(["SET s1 a", "SET s2 a", "INCR s2", "DEL s1", "DEL s2 l1", "RPUSH l1 a", "LPOP l1", "XADD x1 0-* f v",
                       "EXPIRE s1 1000", "PERSIST s1", "DEL x1", "SET s1 x NX", "EXPIRE s2 -1", "FLUSHDB", "LPOP none"])
