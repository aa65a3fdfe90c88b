# SPDX-License-Identifier: MIT
"""Publishing, subscribing and what CLIENT says of them, on one connection.

Nobody publishes to itself here: newer versions than our oracle put such a message behind the reply, we do too. Nor is
there more than one channel to leave, or pattern to list, at a time: Redis goes through them in the order of a hash
table. A client that listens in RESP2 can do little else, so outside of this family nobody subscribes. pushes.py has
several connections. """
CHANNEL = b"listened"
PATTERN = b"listened-*"
NAMES = [b"", b"other", b"\x00\r\n\xff", b"ch*", b"[", b"\\"]


def makers(g):
    def subscribe():
        kind = g.random.choice([(b"SUBSCRIBE", CHANNEL), (b"PSUBSCRIBE", PATTERN), (b"SSUBSCRIBE", CHANNEL)])
        return list(kind)

    def unsubscribe():
        name, listened = g.random.choice([(b"UNSUBSCRIBE", CHANNEL), (b"PUNSUBSCRIBE", PATTERN), (b"SUNSUBSCRIBE", CHANNEL)])
        return [name] + ([] if g.chance(0.4) else [g.one_of([listened], NAMES, 0.3)])

    def publish():
        return [g.random.choice([b"PUBLISH", b"SPUBLISH"]), g.random.choice(NAMES), g.value()]

    def ask():
        return [b"PUBSUB"] + g.random.choice([
            [g.cased(b"CHANNELS")], [g.cased(b"CHANNELS"), g.random.choice(NAMES + [CHANNEL, b"*", b"l*"])],
            [g.cased(b"NUMSUB")] + g.some(lambda: g.random.choice(NAMES + [CHANNEL])), [g.cased(b"NUMSUB")],
            [g.cased(b"NUMPAT")], [g.cased(b"SHARDCHANNELS")], [g.cased(b"SHARDNUMSUB"), CHANNEL, b"x"], [b"NOSUCH"]])

    def tracking():
        options = []
        for _ in range(g.random.randint(0, 3)):
            options += g.random.choice([[b"BCAST"], [b"OPTIN"], [b"OPTOUT"], [b"NOLOOP"], [b"PREFIX", b"a"],
                                        [b"REDIRECT", g.one_of([b"0", b"99999999"], [b"x", b"-1"])], [b"REDIRECT"]])
        # Never without a fault: what is tracked would be told here, among the replies of others.
        return [b"CLIENT", g.cased(b"TRACKING"), g.cased(b"ON")] + options + [b"REDIRECT", b"99999999"]

    def client():
        return [b"CLIENT"] + g.random.choice([
            [g.cased(b"TRACKING"), b"OFF"], [g.cased(b"TRACKINGINFO")], [g.cased(b"GETREDIR")],
            [g.cased(b"CACHING"), g.random.choice([b"YES", b"NO", b"x"])],
            [g.cased(b"UNBLOCK"), g.one_of([b"99999999", b"0"], [b"x", b"-1", b"1.5"])],
            [g.cased(b"UNBLOCK"), b"99999999", g.random.choice([b"TIMEOUT", b"error", b"x"])],
            [g.cased(b"PAUSE"), g.random.choice([b"x", b"-1", b"", b"1.5"])],
            [g.cased(b"PAUSE"), b"0", g.random.choice([b"x", b""])], [g.cased(b"UNPAUSE")],
            [g.cased(b"REPLY"), g.random.choice([b"ON", b"x", b""])],
            [g.cased(b"NO-EVICT"), g.random.choice([b"ON", b"OFF", b"x"])],
            [g.cased(b"KILL"), b"ID", b"99999999"], [g.cased(b"KILL"), b"TYPE", g.random.choice([b"pubsub", b"x"])],
            [g.cased(b"KILL"), g.random.choice([b"LADDR", b"ADDR"]), b"1.2.3.4:5"],
            [g.cased(b"LIST"), b"TYPE", g.random.choice([b"replica", b"master", b"x"])]])

    def others():
        return g.random.choice([[b"PING"], [b"PING", g.value()], [b"GET", b"none"], [b"RESET"], [b"ECHO", b"x"]])

    return [subscribe, unsubscribe, unsubscribe, publish, publish, ask, ask, tracking, client, client, others]


def defuse(words, g):
    name = words[0].upper()
    listens = name in (b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE")
    if listens and g.family != "pubsub":
        return [b"PUBSUB", b"NUMPAT"]
    # A word more or less, or another one, makes several replies of it, or several channels.
    if listens and len(words) > 1:
        return [words[0], PATTERN if name == b"PSUBSCRIBE" else CHANNEL]
    if name in (b"UNSUBSCRIBE", b"PUNSUBSCRIBE", b"SUNSUBSCRIBE"):
        return words[:2]
    if name in (b"PUBLISH", b"SPUBLISH") and len(words) > 1 and words[1].startswith(CHANNEL):
        return [words[0], b"other"] + words[2:]
    if name == b"CLIENT" and len(words) > 2:
        second = words[1].upper()
        if second == b"TRACKING" and words[2].upper() == b"ON" and b"99999999" not in words:
            return words + [b"REDIRECT", b"99999999"]
        if second == b"REPLY" and words[2].upper() in (b"OFF", b"SKIP"):
            return [words[0], words[1], b"ON"]
        if second == b"PAUSE":
            return words[:2] + [b"x"] + words[3:]
        if second == b"KILL" and words[2].upper() in (b"TYPE", b"ID") and len(words) > 3 and words[3].upper() != b"X":
            return [words[0], words[1], b"ID", b"99999999"]
    return words
