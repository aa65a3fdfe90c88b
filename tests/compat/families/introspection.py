# SPDX-License-Identifier: MIT
"""What the server is asked about itself, where the answer does not depend on which server it is: COMMAND GETKEYS, CONFIG
of directives that both have, SLOWLOG, LATENCY, MEMORY and DEBUG as far as they say the same."""

# Their values do nothing to the run.
INTEGERS = [b"slowlog-max-len", b"tcp-keepalive", b"latency-monitor-threshold", b"lfu-log-factor"]
MEMORY = [b"cluster-link-sendbuf-limit", b"active-defrag-ignore-bytes"]
BOOLEANS = [b"latency-tracking", b"aof-load-truncated"]
OTHERS = [b"notify-keyspace-events", b"latency-tracking-info-percentiles", b"save"]
FIXED = [b"databases", b"dir", b"daemonize", b"nosuch", b"", b"unixsocketperm", b"io-threads"]
SIZES = [b"0", b"1", b"100", b"1k", b"1kb", b"2MB", b"1tb", b"-1", b"x", b"", b"1.5", b"99999999999999999999"]
KEYS = [b"i1", b"i2", b"i3"]
VALUES = [b"v1", b"v2", b"v3", b"v4", b"v5", b"v6"]  # of every type
MADE = {b"POPULATE": [b"0", b"1", b"3", b"-1", b"x", b""], b"SLEEP": [b"0", b"0.001", b"-1", b"x", b""]}
EVENTS = [b"nosuch", b"fork", b"", b"x\x00y"]


def makers(g):
    def value(name):
        if name in BOOLEANS:
            return g.cased(g.one_of([b"yes", b"no"], [b"", b"maybe", b"1"], 0.3))
        if name in MEMORY:
            return g.random.choice(SIZES)
        if name == b"save":
            return g.random.choice([b"", b"900 1", b"60 10000 300 10", b"900", b"x 1", b"1 x", b"0 1", b"1 -1"])
        if name == b"latency-tracking-info-percentiles":
            return g.random.choice([b"", b"50", b"50 99.9", b"101", b"-1", b"x", b"0 100"])
        if name == b"notify-keyspace-events":
            return g.random.choice([b""])
        return g.random.choice([b"0", b"1", b"64", b"1000"]) if g.chance(0.6) else g.number()

    def name():
        return g.random.choice(INTEGERS + MEMORY + BOOLEANS + OTHERS)

    def config_set():
        words = []
        for _ in range(g.random.choice([1, 1, 1, 2, 3])):
            one = name() if g.chance(0.85) else g.random.choice(FIXED)
            words += [g.cased(one), value(one)]
        return [b"CONFIG", g.cased(b"SET")] + words

    def config_get():
        return [b"CONFIG", g.cased(b"GET"), g.cased(name())]  # of several, the order is chance

    def config_other():
        return [b"CONFIG", g.random.choice([b"NOSUCH", b"REWRITE", b""])] + g.random.choice([[], [b"x"]])

    def get_keys():
        request = g.random.choice([
            [b"GET", g.key(KEYS)], [b"DEL", g.key(KEYS), g.key(KEYS)], [b"PING", b"x"],
            [b"LMPOP", g.random.choice([b"1", b"2", b"3"]), g.key(KEYS), g.key(KEYS), b"LEFT"], [b"XREAD", b"STREAMS", g.key(KEYS), g.key(KEYS), b"0", b"0"],
            [b"CONFIG", b"GET", b"x"], [b"NOSUCH", b"x"], [b"LMOVE", g.key(KEYS), g.key(KEYS), b"LEFT", b"LEFT"],
            [b"MEMORY", b"USAGE", g.key(KEYS)], [b"GET"], [b"SET", g.key(KEYS)]])
        return [b"COMMAND", g.cased(g.random.choice([b"GETKEYS", b"GETKEYSANDFLAGS"]))] + request

    def slowlog():
        return [b"SLOWLOG"] + g.random.choice([[b"RESET"], [b"GET", b"0"], [b"GET", b"x"], [b"GET", b"-2"],
                                               [b"GET", b"1", b"2"], [b"NOSUCH"], [b"LEN", b"x"], []])

    def latency():
        return [b"LATENCY"] + g.random.choice([
            [b"HISTORY", g.random.choice(EVENTS)], [b"GRAPH", g.random.choice(EVENTS)],
            [b"RESET", g.random.choice(EVENTS)], [b"HISTOGRAM", b"nosuch"], [b"NOSUCH"], [b"LATEST", b"x"],
            [b"HISTORY"], []])

    def memory():
        return [b"MEMORY"] + g.random.choice([
            [b"USAGE", b"never"], [b"USAGE", b"never", b"SAMPLES", b"5"], [b"USAGE", g.key(KEYS), b"SAMPLES"],
            [b"USAGE", g.key(KEYS), b"SAMPLES", b"-1"], [b"USAGE", g.key(KEYS), b"SAMPLES", b"x"],
            [b"USAGE", g.key(KEYS), b"JUNK", b"1"], [b"USAGE"], [b"NOSUCH"], [b"PURGE"], [b"STATS", b"x"]])

    def debug():
        types = [b"string", b"integer", b"double", b"null", b"array", b"set", b"map", b"verbatim", b"true", b"false",
                 b"bignum", b"nosuch"]
        return [b"DEBUG"] + g.random.choice([
            [b"PROTOCOL", g.random.choice(types)], [b"ERROR", b"ERR of ours"], [b"NOSUCH"], [b"SLEEP"], [b"SLEEP", b"0"],
            [b"OBJECT", b"never"], [b"QUICKLIST-PACKED-THRESHOLD", g.random.choice([b"5gb", b"1gb", b"0"])], [b"JMAP"],
            [b"REPLYBUFFER", b"PEAK-RESET-TIME", g.random.choice([b"NEVER", b"reset", b"100", b"x"])], [b"CLIENT-EVICTION"],
            [b"REPLYBUFFER", b"RESIZING", b"1"], [b"REPLYBUFFER", b"NOSUCH", b"1"], [b"DROP-CLUSTER-PACKET-FILTER", b"-1"],
            [b"RELOAD", b"JUNK"], [b"SET-ACTIVE-EXPIRE", b"1"], [b"STRINGMATCH-LEN"], [b"CHANGE-REPL-ID"]])

    def debug_value():
        key = g.random.choice(VALUES + [b"none"])
        database = g.random.choice([b"0", b"1", b"15", b"16", b"-1", b"x", b""])
        return [b"DEBUG"] + g.random.choice([
            [g.cased(b"OBJECT"), key], [b"OBJECT", key], [b"OBJECT", key, b"fast"], [b"LISTPACK", key], [b"QUICKLIST", key], [b"QUICKLIST", key, b"1"],
            [b"HTSTATS", database], [b"HTSTATS-KEY", key], [b"DIGEST-VALUE", key], [b"DIGEST-VALUE", key, key, b"none"],
            [b"DIGEST-VALUE"], [b"SDSLEN", key], [b"STRUCTSIZE"], [b"SLEEP", g.random.choice(MADE[b"SLEEP"])],
            [b"POPULATE", g.random.choice(MADE[b"POPULATE"])], [b"POPULATE", b"2", g.random.choice(VALUES)],
            [b"POPULATE", b"2", b"of", g.random.choice(MADE[b"POPULATE"])], [b"LEAK", b"x"], [b"LOG", b"x"],
            [b"SET-DISABLE-DENY-SCRIPTS", b"0"], [b"RELOAD"]])

    def made_value():
        key, large = g.random.choice(VALUES), b"y" * 9000
        return g.random.choice([
            [b"SET", key, g.random.choice([b"a", b"12", b"-1", b"x" * 44, b"x" * 45, large])], [b"DEL", key],
            [b"RPUSH", key, b"a", b"2"], [b"RPUSH", key, large, b"b"], [b"SADD", key, b"1", b"2"], [b"SADD", key, b"a", b"1"],
            [b"SADD", key, large], [b"HSET", key, b"f", b"1"], [b"HSET", key, b"f", large], [b"ZADD", key, b"1", b"a"],
            [b"ZADD", key, b"1", large], [b"XADD", key, b"*", b"f", b"v"], [b"EXPIRE", key, b"1000"],
            [b"OBJECT", b"ENCODING", key], [b"GET", b"of:1"], [b"GET", b"key:1"]])

    def other():
        return g.random.choice([[b"LOLWUT", b"VERSION", b"x"], [b"TIME", b"x"], [b"DBSIZE"], [b"LASTSAVE", b"x"],
                                [b"SHUTDOWN", b"JUNK"], [b"SHUTDOWN", b"ABORT"], [b"SHUTDOWN", b"SAVE", b"NOSAVE"],
                                [b"BGSAVE", b"JUNK"], [b"INFO", b"nosuch"], [b"COMMAND", b"NOSUCH"],
                                [b"COMMAND", b"LIST", b"FILTERBY", b"JUNK", b"x"], [b"COMMAND", b"COUNT", b"x"],
                                [b"COMMAND", b"INFO", b"nosuch"], [b"COMMAND", b"DOCS", b"nosuch"],
                                [b"SET", g.key(KEYS), g.value()], [b"RPUSH", g.key(KEYS), g.value()]])

    def alone():
        """What a server with replicas, a cluster or modules is asked."""
        number = g.random.choice([b"0", b"1", b"2", b"x", b"-1", b"70000"])
        return g.random.choice([
            [b"REPLCONF"], [b"REPLCONF", b"listening-port", number], [b"REPLCONF", b"rdb-only", number],
            [b"REPLCONF", b"capa", b"eof", b"CAPA", b"psync2"], [b"REPLCONF", b"ip-address", b"10.0.0.1"],
            [b"REPLCONF", b"rdb-filter-only", g.random.choice([b"functions", b"", b"x"])], [b"REPLCONF", b"nosuch", b"1"],
            [b"REPLCONF", b"capa"], [b"PSYNC", b"?"], [b"ROLE"], [b"ROLE", b"x"], [b"READONLY"],
            [b"READWRITE"], [b"ASKING"], [b"WAIT", b"0", number], [b"WAIT", number, b"x"], [b"REPLICAOF", b"no", b"ONE"],
            [b"SLAVEOF", b"NO", b"one"], [b"REPLICAOF", b"host", b"x"], [b"REPLICAOF", b"host", b"70000"], [b"REPLICAOF", b"host"],
            [b"FAILOVER"], [b"FAILOVER", b"ABORT"], [b"FAILOVER", b"TO", b"host", number], [b"FAILOVER", b"TIMEOUT", number],
            [b"FAILOVER", b"FORCE"], [b"FAILOVER", b"TO", b"h", b"1", b"TIMEOUT", b"5", b"FORCE"], [b"FAILOVER", b"JUNK"],
            [b"CLUSTER", g.random.choice([b"INFO", b"NODES", b"SLOTS", b"SHARDS", b"MYID", b"RESET", b"LINKS", b"SAVECONFIG"])],
            [b"CLUSTER", b"KEYSLOT", g.key(KEYS)], [b"CLUSTER", b"MEET", b"host", number], [b"CLUSTER", b"NOSUCH"], [b"CLUSTER"],
            [b"CLUSTER", b"ADDSLOTS", number], [b"CLUSTER", b"GETKEYSINSLOT", number, number], [b"SENTINEL", b"MASTERS"],
            [b"MODULE", b"LIST"], [b"MODULE", b"LOAD", b"x"], [b"MODULE", b"LOADEX", b"x"], [b"MODULE", b"UNLOAD", b"x"],
            [b"MODULE", b"NOSUCH"], [b"MODULE"], [b"MODULE", b"LOAD"], [b"MODULE", b"LIST", b"x"]])

    return [config_set, config_set, config_get, config_get, config_other, get_keys, get_keys, slowlog, latency, memory,
            debug, debug_value, debug_value, made_value, made_value, other, alone]


def defuse(words, g):
    """What a broken command must not become: one that ends the server, or tells what only one of the two can know."""
    name = words[0].upper()
    second = words[1].upper() if len(words) > 1 else b""
    if name == b"SHUTDOWN" and second not in (b"JUNK", b"ABORT", b"SAVE"):
        return [b"SHUTDOWN", b"JUNK"]
    if name == b"SHUTDOWN" and second == b"SAVE" and b"NOSAVE" not in [word.upper() for word in words]:
        return [b"SHUTDOWN", b"JUNK"]
    if name in (b"LOLWUT", b"TIME", b"LASTSAVE", b"INFO", b"BGSAVE") and len(words) != len(set(words)):
        return [b"PING"]
    if name in (b"LOLWUT", b"TIME", b"LASTSAVE", b"INFO", b"BGSAVE") and not (second in (b"X", b"NOSUCH", b"JUNK") or words[2:3] == [b"x"]):
        return [b"PING"]
    if name == b"COMMAND" and (second in (b"", b"LIST", b"COUNT", b"HELP", b"INFO", b"DOCS")) and b"nosuch" not in words \
            and b"JUNK" not in words and b"x" not in words:
        return [b"PING"]
    if name == b"COMMAND" and second in (b"INFO", b"DOCS", b"LIST") and len(words) > 3 + 2 * (second == b"LIST"):
        return [b"PING"]
    if name == b"LATENCY" and (second in (b"HISTOGRAM",) and words[2:] != [b"nosuch"] or second in (b"LATEST", b"DOCTOR", b"RESET") and len(words) == 2):
        return [b"PING"]
    if name == b"MEMORY" and (second in (b"STATS", b"DOCTOR", b"MALLOC-STATS") and len(words) == 2 or
                              second == b"USAGE" and words[2:3] != [b"never"] and len(words) in (3, 5) and
                              words[4:5] not in ([b"-1"], [b"x"])):
        return [b"PING"]
    if name == b"SLOWLOG" and (second == b"LEN" and len(words) == 2 or
                               second == b"GET" and words[2:] not in ([b"0"], [b"x"], [b"-2"], [b"1", b"2"])):
        return [b"SLOWLOG", b"RESET"]
    if name == b"DEBUG" and second not in (b"PROTOCOL", b"ERROR", b"NOSUCH", b"OBJECT", b"CHANGE-REPL-ID"):
        if second in MADE:
            counts = {b"POPULATE": (2, 4), b"SLEEP": (2,)}[second]
            return words if all(words[at] in MADE[second] for at in counts if at < len(words)) else [b"PING"]
        if second in (b"ASSERT", b"PANIC", b"SEGFAULT", b"OOM"):
            return [b"PING"]
        if second == b"RELOAD" and words[2:] not in ([], [b"JUNK"]) or second in (b"LOADAOF", b"RESTART", b"CRASH-AND-RECOVER"):
            return [b"PING"]
        if second in (b"REPLYBUFFER", b"JMAP", b"CLIENT-EVICTION", b"DROP-CLUSTER-PACKET-FILTER"):
            return words if len(words) == {b"REPLYBUFFER": 4, b"DROP-CLUSTER-PACKET-FILTER": 3}.get(second, 2) else [b"PING"]
        if second not in (b"QUICKLIST-PACKED-THRESHOLD", b"RELOAD", b"SET-ACTIVE-EXPIRE", b"STRINGMATCH-LEN", b"LISTPACK",
                          b"QUICKLIST", b"HTSTATS", b"HTSTATS-KEY", b"DIGEST-VALUE", b"SDSLEN", b"STRUCTSIZE", b"LEAK", b"LOG",
                          b"SET-DISABLE-DENY-SCRIPTS"):
            return [b"PING"]
        if second == b"SET-ACTIVE-EXPIRE" and words[2:] != [b"1"] or second == b"STRINGMATCH-LEN" and len(words) != 2:
            return [b"PING"]
    # What makes a connection one of a replica, and what Redis leaves without an answer.
    if name == b"PSYNC" and len(words) > 2 or name == b"SYNC":
        return [b"PING"]
    if name == b"REPLCONF" and any(word.lower() in (b"ack", b"getack") for word in words):
        return [b"PING"]
    if name in (b"REPLICAOF", b"SLAVEOF") and len(words) == 3 and b"one" not in words[2].lower() and words[2] not in (b"x", b"70000"):
        return [b"PING"]
    if name == b"WAIT" and len(words) == 3 and words[1:2] != [b"0"] and words[2] != b"x":
        return [b"PING"]
    if name == b"MODULE" and second == b"HELP" or name == b"CLUSTER" and second == b"HELP":
        return [b"PING"]
    if name == b"CONFIG" and second in (b"GET", b"SET", b"RESETSTAT", b"HELP"):
        known = set(INTEGERS + MEMORY + BOOLEANS + OTHERS)
        if second == b"GET" and (len(words) != 3 or words[2].lower() not in known):
            return [b"PING"]
        if second == b"HELP":
            return [b"PING"]
        # Newer versions have more classes of events; settings.py compares the rest.
        pairs = zip(words[2::2], words[3::2])
        if second == b"SET" and any(name.lower() == b"notify-keyspace-events" and value for name, value in pairs):
            return [b"PING"]
    return words
