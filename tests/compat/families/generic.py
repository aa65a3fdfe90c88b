# SPDX-License-Identifier: MIT
"""Commands on keys of any type: names, databases, scans, SORT, DUMP and RESTORE."""

LISTS = [b"l1", b"l2", b"l3"]
STRINGS = [b"s1", b"s2"]
ANY = LISTS + STRINGS + [b"x1", b"x2", b"x3", b"", b"\x00\r\n\xff", b"none"]
DATABASES = [b"0", b"1", b"9", b"15"]
ODD_DATABASES = [b"16", b"-1", b"x", b"", b"1.5", b"2147483648", b"9223372036854775808", b" 1", b"+1", b"01"]
PATTERNS = [b"*", b"s*", b"l[1-2]", b"?1", b"x[^1]", b"none", b"", b"[", b"\\*", b"*1", b"**", b"*\x00*"]
BY = [b"s*", b"l*", b"nosort", b"", b"#", b"*", b"s*->f", b"x*", b"*->", b"none*", b"s*->"]
GET = [b"#", b"s*", b"l*", b"*", b"s*->f", b"x*", b"plain", b"", b"*->", b"##"]
SORTED = [b"1", b"2", b"10", b"-3", b"1.5", b"3e2", b"07", b" 4", b"0x10", b"", b"inf", b"1", b"2"]
NOT_NUMBERS = [b"a", b"nan", b"1x", b"b"]
CURSORS = [b"0", b"00", b"", b"+0", b"-0"]
ODD_CURSORS = [b"x", b" 0", b"0 ", b"0x1", b"-", b"1.5", b"0\x00"]
# As redis-server 7.0.15 dumps them: two strings, a list, a stream, a compressed string.
PAYLOADS = [b"\x00\x05hello\n\x00cr\xdfve4 \n", b"\x00\xc0\x0c\n\x00<*\xf8Q\\\x04\xbc\xd5",
            b"\x12\x01\x02\x15\x15\x00\x00\x00\x04\x00\x81a\x02\x01\x01\xde\xd4\x02\x84text\x05\xff\n\x00L}\"\xb6\xb8\x1c\x96"
            b"\xf1",
            b"\x13\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01..\x00\x00\x00\x11\x00\x02\x01\x00\x01"
            b"\x01\x01\x81f\x02\x00\x01\x02\x01\x00\x01\x00\x01\x81v\x02\x04\x01\x00\x01\x01\x01\xdf\xff\x02\x01\x01\x81g\x02\x81w\x02"
            b"\x06\x01\xff\x02\x02\x00\x01\x01\x00\x00\x02\x00\n\x00\x12j3\xc7\x98+\x04\xcf",
            b"\x00\xc3\x0b@Z\x03abca\xe0K\x02\x01bc\n\x00#\x806\xf9\xe2\xd0\xc7\x80"]
OUT_OF_RANGE = {b"1e400", b"18446744073709551616", b"18446744073709551616-0", b"99999999999999999999",
                b"99999999999999999999999"}


def makers(g):
    def any_key():
        return g.random.choice(ANY)

    def number_of_database():
        return g.one_of(DATABASES, ODD_DATABASES, 0.12)

    def rename():
        return [g.random.choice([b"RENAME", b"RENAMENX"]), any_key(), any_key()]

    def copy():
        options = []
        for _ in range(g.random.choice([0, 0, 1, 1, 2])):
            options += g.random.choice([[b"REPLACE"], [b"DB", number_of_database()], [b"DB"], [g.cased(b"replace")]])
        return [b"COPY", any_key(), any_key()] + options

    def move():
        return [b"MOVE", any_key(), number_of_database()]

    def select():
        return [b"SELECT", number_of_database()]

    def swap():
        words = [b"SWAPDB", number_of_database(), number_of_database()]
        return words if g.chance(0.95) else words[:2]

    def touch():
        return [b"TOUCH"] + g.some(any_key)

    def scan():
        words = [b"SCAN", g.one_of(CURSORS, ODD_CURSORS, 0.15)]
        for _ in range(g.random.choice([0, 1, 1, 2])):
            words += g.random.choice([
                [g.cased(b"MATCH"), g.random.choice(PATTERNS)], [g.cased(b"COUNT"), g.number()],
                [g.cased(b"TYPE"), g.random.choice([b"list", b"STRING", b"stream", b"hash", b"junk", b""])]])
        return words

    def keys():
        return g.random.choice([[b"KEYS", g.random.choice(PATTERNS)], [b"RANDOMKEY"], [b"DBSIZE"], [b"KEYS"]])

    def expire_time():
        return [g.random.choice([b"EXPIRETIME", b"PEXPIRETIME"]), any_key()]

    def object_():
        return [b"OBJECT", g.cased(g.one_of([b"ENCODING", b"REFCOUNT", b"IDLETIME", b"FREQ"], [b"JUNK", b"", b"HELPME"])),
                any_key()]

    def sortable():
        values = SORTED if g.chance(0.8) else SORTED + NOT_NUMBERS
        return [b"RPUSH", g.random.choice(LISTS)] + [g.random.choice(values) for _ in range(g.random.randint(1, 6))]

    def sort():
        words = [g.cased(g.random.choice([b"SORT", b"SORT", b"SORT_RO"])), g.key(LISTS)]
        for _ in range(g.random.choice([0, 1, 2, 2, 3])):
            words += g.random.choice([
                [g.cased(b"ALPHA")], [g.cased(b"DESC")], [b"ASC"], [g.cased(b"LIMIT"), g.number(), g.number()],
                [g.cased(b"BY"), g.random.choice(BY)], [g.cased(b"GET"), g.random.choice(GET)],
                [g.cased(b"STORE"), any_key()]])
        return words

    def weight():
        return [b"SET", g.random.choice(STRINGS + [b"10", b"2", b"none"]), g.random.choice(SORTED + NOT_NUMBERS)]

    def restore():
        payload = g.random.choice(PAYLOADS)
        if g.chance(0.1):
            payload = g.random.choice([b"", b"junk", payload[:-1], payload + b"x", payload[:3] + b"?" + payload[4:]])
        lifetime = g.one_of([b"0", b"%d" % (g.seconds() * 1000)], [b"-1", b"x", b"", b"1.5", b"9223372036854775808"], 0.1)
        options = []
        for _ in range(g.random.choice([0, 1, 1, 2])):
            options += g.random.choice([[g.cased(b"REPLACE")], [b"REPLACE"], [g.cased(b"IDLETIME"), g.number()],
                                        [g.cased(b"FREQ"), g.number()]])
        if g.chance(0.2):
            lifetime, options = b"%d" % (g.until() * 1000), options + [g.cased(b"ABSTTL")]
        return [b"RESTORE", any_key(), lifetime, payload] + options

    def dump():
        return [b"DUMP", any_key()]

    def flush():
        return g.random.choice([[b"FLUSHALL"], [b"FLUSHALL", b"ASYNC"], [b"flushall", b"sync"], [b"FLUSHALL", b"x"],
                                [b"FLUSHDB", b"ASYNC"]]) if g.chance(0.1) else [b"DBSIZE"]

    return [rename, rename, copy, copy, copy, move, move, select, swap, touch, scan, scan, keys, keys, expire_time, object_,
            object_, sortable, sortable, sortable, sort, sort, sort, sort, weight, flush, restore, restore,
            restore, dump]


def defuse(words, g):
    name = words[0].upper()
    if g.family == "generic":
        words = [b"x" if word in OUT_OF_RANGE else word for word in words]
    if name == b"SCAN" and len(words) >= 2:
        # All in one page: where a page ends is chance. A cursor ends at a zero byte.
        if words[1].lstrip(b"+-").partition(b"\0")[0].isdigit():
            words[1] = b"0"
        return words + [b"COUNT", b"1000"]
    if name in (b"SORT", b"SORT_RO"):
        return defused_sort(words, g)
    if name == b"RESTORE" and len(words) > 2 and words[2].isdigit() and words[2] != b"0":
        # No lifetime ends during a run, whether it is one or, by an ABSTTL, a point in time.
        absolute = b"ABSTTL" in [word.upper() for word in words]
        if int(words[2]) < 1 << 63:
            words = words[:2] + [b"%d" % ((g.until() if absolute else g.seconds()) * 1000)] + words[3:]
    if name == b"MOVE" and len(words) > 3:
        return words[:3]  # REPLACE is newer than 7.0
    return words


def defused_sort(words, g):
    """Redis sorts a part of what has equal texts in an order of its own, and each server knows one of its own for a set;
    and it takes no text for a number while another command's number that was too large is in errno."""
    upper = [word.upper() for word in words]
    if b"ALPHA" in upper and b"BY" in upper and (b"LIMIT" in upper or b"STORE" in upper):
        words = [word for word, name in zip(words, upper) if name != b"ALPHA"]
    if b"BY" in upper and b"LIMIT" in upper:
        words = [b"s*" if before.upper() == b"BY" and b"*" not in word else word
                 for before, word in zip([b""] + words, words)]
    if g.family != "generic" and b"STORE" in upper and b"ALPHA" not in [word.upper() for word in words]:
        return [b"SORT_RO"] + words[1:]
    return words
