# SPDX-License-Identifier: MIT
"""Random commands, valid and invalid, over few keys, by family.

    generate.Generator(random.Random(seed), family).command() -> words

A command is first made as its documentation says, from pools that hold the borders (empty, binary, huge,
negative, not a number), then sometimes broken: a word lost, doubled, added, replaced or moved. Last it is
defused:

What must stay true: the same words give the same replies however long the way between server and test takes.
So no lifetime ends during a run, nothing waits for longer than some milliseconds, and no clock reading is
ever compared. """
import importlib.util
import pathlib
import time


def load(path):
    spec = importlib.util.spec_from_file_location("family_" + path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# A file in families/ is a family of its own: families/README.md says what it holds.
MODULES = {path.stem: load(path) for path in sorted(pathlib.Path(__file__).with_name("families").glob("*.py"))}
FAMILIES = ("list", "string", "keys", "stream", "multi", "connection") + tuple(MODULES)

LIST_KEYS = [b"l1", b"l2", b"l3"]
STRING_KEYS = [b"s1", b"s2"]
STREAM_KEYS = [b"x1", b"x2", b"x3"]
ODD_KEYS = [b"", b"\x00\r\n\xff", b"none"]
KEYS = LIST_KEYS + STRING_KEYS + STREAM_KEYS + ODD_KEYS
DATABASES = [0, 1, 9, 15]

VALUES = [b"a", b"b", b"hello", b"", b"10", b"-5", b"0", b"9223372036854775807", b"-9223372036854775808", b"1.5",
          b" 7", b"007", b"\x00\x01\xff\r\n", b"$5\r\nhello\r\n", b"x" * 300]
LARGE = b"y" * 9000
NUMBERS = [b"0", b"1", b"2", b"3", b"-1", b"-2", b"-3", b"5", b"10", b"100"]
BAD_NUMBERS = [b"", b"x", b"1x", b" 1", b"+1", b"01", b"-0", b"1.5", b"1e3", b"0x10", b"9223372036854775807",
               b"9223372036854775808", b"-9223372036854775808", b"-9223372036854775809", b"18446744073709551615",
               b"99999999999999999999999", b"4294967296", b"-100", b"nan", b"inf", b"-inf", b"1\x00"]
TIMEOUTS = [b"0.01", b"0.005", b".01", b"1e-2", b"0.0001"]
BAD_TIMEOUTS = [b"-1", b"-0.1", b"x", b"", b"nan", b"inf", b"-inf", b"1e30", b"1e400", b" 1", b"0.01x",
                b"9223372036854775807"]
STREAM_IDS = [b"1-1", b"1-2", b"2-1", b"3", b"5-*", b"7-7", b"9-*", b"12-0", b"20-*", b"33", b"50-50", b"100-*"]
ODD_STREAM_IDS = [b"0-0", b"0", b"-", b"+", b"$", b">", b"*", b"1-", b"-1", b"1-2-3", b"x", b"1-x", b"", b"(1",
                  b"18446744073709551615-18446744073709551615", b"18446744073709551615", b"18446744073709551616",
                  b"18446744073709551615-*", b"0-*", b"01-1", b"1 -1", b"1-18446744073709551615"]
RANGE_IDS = [b"-", b"+", b"1", b"2", b"3-0", b"5", b"7-7", b"9", b"20", b"(1-1", b"(2-1", b"(7-7", b"(33", b"0",
             b"(-", b"(+", b"x", b"(x", b"", b"-1", b"(0-0", b"(18446744073709551615-18446744073709551615",
             b"18446744073709551615-18446744073709551615"]
JUNK = [b"", b"JUNK", b"COUNT", b"LEFT", b"BLOCK", b"STREAMS", b"MAXLEN", b"NX", b"GET", b"EX", b"LIMIT", b"~", b"=",
        b"0", b"-1", b"*", b"\xff\x00"]

# Lifetimes are so long that none ends, all different, and so far apart that their order does not depend on
# the moment at which they are set: those from now on a grid of 100 s, those until a time half way between.
LIFETIME_STEP_SECONDS = 100
LIFETIME_STEPS = 1000
WAIT_SECONDS_MAX = 0.012


class Generator:
    def __init__(self, random, family=None):
        self.random = random
        self.family = family
        self.recent_ids = [b"1-1"]
        self.lifetimes = []
        self.began = int(time.time())
        self.makers = {
            "list": [self.push] * 4 + [self.pop] * 3 + [self.llen, self.lrange, self.lrange, self.lindex, self.move,
                     self.move, self.blocking_pop, self.blocking_move],
            "string": [self.set] * 5 + [self.get] * 3 + [self.increment] * 2,
            "keys": [self.delete, self.exists, self.type, self.expire, self.expire, self.expire_at, self.time_left,
                     self.time_left, self.persist, self.database],
            "stream": [self.xadd] * 5 + [self.xlen, self.xrange, self.xrange, self.xdel, self.xtrim, self.xread,
                       self.xread],
            "connection": [self.ping, self.select, self.client, self.client, self.unknown, self.get_keys, self.hello,
                           self.auth],
        }
        for name, module in MODULES.items():
            self.makers[name] = module.makers(self)

    # --- What to send

    def command(self):
        words = self.made()
        # A HELLO that fails half way has half an effect in Redis, and none here.
        if self.chance(0.12) and words[0] != b"HELLO":
            words = self.broken(words)
        words[0] = self.cased(words[0])
        return defuse(words, self)

    def unit(self):
        """One command, or the commands of a transaction."""
        if self.family in (None, "stream") and self.chance(0.002):
            return self.approximate_trim()
        share = 0.5 if self.family == "multi" else 0.03 if self.family is None else 0
        return self.transaction() if self.chance(share) else self.prepared(self.command())

    @staticmethod
    def prepared(words):
        """The command, behind those that its family wants before it."""
        return [before for module in MODULES.values() if hasattr(module, "prepare")
                for before in module.prepare(words)] + [words]

    def made(self):
        family = self.family
        if family in (None, "multi") or self.chance(0.15):
            family = self.random.choice(list(self.makers) if family is None else ["list", "string", "keys", "stream", *MODULES])
        return self.random.choice(self.makers[family])()

    def transaction(self):
        words = [[self.cased(b"MULTI")]]
        for _ in range(self.random.randrange(7)):
            words += self.prepared(self.command())
            if self.chance(0.03):
                words.append([self.random.choice([b"MULTI", b"NOSUCH", b"GET", b"RESET"])])
        end = self.random.random()
        if end < 0.85:
            words.append([self.cased(b"EXEC")])
        elif end < 0.97:
            words.append([self.cased(b"DISCARD")])
        else:
            words += [[b"EXEC"], [b"EXEC"]]
        if self.chance(0.05):
            words.append([self.random.choice([b"EXEC", b"DISCARD"])])
        return words

    # --- Choices

    @staticmethod
    def short_wait(word):
        """A timeout in seconds that no test waits long for; what is no valid one stays as it is."""
        return short_wait(word)

    def chance(self, share):
        return self.random.random() < share

    def one_of(self, usual, odd, share=0.1):
        return self.random.choice(odd if self.chance(share) else usual)

    def key(self, pool):
        return self.one_of(pool, KEYS, 0.12)

    def value(self):
        return LARGE if self.chance(0.01) else self.random.choice(VALUES)

    def number(self):
        return self.one_of(NUMBERS, BAD_NUMBERS, 0.15)

    def seconds(self):
        """A lifetime that was not given out before in this run, unless it is very long."""
        if not self.lifetimes:
            self.lifetimes = list(range(10, 10 + LIFETIME_STEPS))
            self.random.shuffle(self.lifetimes)
        return self.lifetimes.pop() * LIFETIME_STEP_SECONDS

    def until(self):
        return self.began + self.seconds() + LIFETIME_STEP_SECONDS // 2

    def some(self, maker, most=3):
        return [maker() for _ in range(self.random.randint(1, most))]

    def cased(self, word):
        style = self.random.randrange(4)
        if style == 0:
            return word.lower()
        if style == 1:
            return bytes(b ^ 32 if chr(b).isalpha() and self.chance(0.5) else b for b in word)
        return word

    def broken(self, words):
        words = list(words)
        at = self.random.randrange(len(words))
        kind = self.random.randrange(6)
        if kind == 0 and len(words) > 1:
            del words[max(at, 1)]
        elif kind == 1:
            words.insert(at + 1, words[at])
        elif kind == 2:
            words.append(self.random.choice(JUNK + KEYS))
        elif kind == 3 and at > 0:
            words[at] = self.random.choice(JUNK + BAD_NUMBERS)
        elif kind == 4:
            words.insert(at + 1, self.random.choice(JUNK))
        elif len(words) > 2:
            other = self.random.randrange(1, len(words))
            at = max(at, 1)
            words[at], words[other] = words[other], words[at]
        return words

    # --- Lists

    def push(self):
        return [self.random.choice([b"LPUSH", b"RPUSH"]), self.key(LIST_KEYS)] + self.some(self.value)

    def pop(self):
        count = [self.number()] if self.chance(0.3) else []
        return [self.random.choice([b"LPOP", b"RPOP"]), self.key(LIST_KEYS)] + count

    def llen(self):
        return [b"LLEN", self.key(LIST_KEYS)]

    def lrange(self):
        return [b"LRANGE", self.key(LIST_KEYS), self.number(), self.number()]

    def lindex(self):
        return [b"LINDEX", self.key(LIST_KEYS), self.number()]

    def side(self):
        return self.cased(self.one_of([b"LEFT", b"RIGHT"], JUNK, 0.04))

    def move(self):
        return [b"LMOVE", self.key(LIST_KEYS), self.key(LIST_KEYS), self.side(), self.side()]

    def timeout(self):
        return self.one_of(TIMEOUTS, BAD_TIMEOUTS, 0.3)

    def blocking_pop(self):
        return [self.random.choice([b"BLPOP", b"BRPOP"])] + self.some(lambda: self.key(LIST_KEYS)) + [self.timeout()]

    def blocking_move(self):
        return [b"BLMOVE", self.key(LIST_KEYS), self.key(LIST_KEYS), self.side(), self.side(), self.timeout()]

    # --- Strings and keys

    def lifetime(self):
        unit = self.random.choice([b"EX", b"PX", b"EXAT", b"PXAT"])
        seconds = self.until() if unit in (b"EXAT", b"PXAT") else self.seconds()
        if self.chance(0.15):
            return [self.cased(unit), self.random.choice(BAD_NUMBERS + [b"0", b"-1", b"1"])]
        return [self.cased(unit), b"%d" % (seconds * 1000 if unit[:1] == b"P" else seconds)]

    def set(self):
        options = []
        if self.chance(0.5):
            for _ in range(self.random.randint(1, 2)):
                options += self.random.choice([[b"NX"], [b"XX"], [b"GET"], [b"KEEPTTL"], self.lifetime(),
                                               self.lifetime()])
        return [b"SET", self.key(STRING_KEYS), self.value()] + options

    def get(self):
        return [b"GET", self.key(STRING_KEYS)]

    def increment(self):
        return [self.random.choice([b"INCR", b"DECR"]), self.key(STRING_KEYS)]

    def any_key(self):
        return self.random.choice(KEYS)

    def delete(self):
        return [self.random.choice([b"DEL", b"UNLINK"])] + self.some(self.any_key, 2)

    def exists(self):
        return [b"EXISTS"] + self.some(self.any_key)

    def type(self):
        return [b"TYPE", self.any_key()]

    def conditions(self):
        if self.chance(0.6):
            return []
        return self.some(lambda: self.cased(self.one_of([b"NX", b"XX", b"GT", b"LT"], JUNK)), 2)

    def expire(self):
        unit = self.random.choice([1, 1000])
        amount = self.one_of([b"%d" % (self.seconds() * unit)], NUMBERS + BAD_NUMBERS, 0.25)
        return [b"EXPIRE" if unit == 1 else b"PEXPIRE", self.any_key(), amount] + self.conditions()

    def expire_at(self):
        unit = self.random.choice([1, 1000])
        amount = self.one_of([b"%d" % (self.until() * unit)], NUMBERS + BAD_NUMBERS, 0.25)
        return [b"EXPIREAT" if unit == 1 else b"PEXPIREAT", self.any_key(), amount] + self.conditions()

    def time_left(self):
        return [self.random.choice([b"TTL", b"PTTL"]), self.any_key()]

    def persist(self):
        return [b"PERSIST", self.any_key()]

    def database(self):
        if self.chance(0.05):
            return self.random.choice([[b"FLUSHDB"], [b"FLUSHDB", b"ASYNC"], [b"flushdb", b"sync"],
                                       [b"FLUSHDB", b"JUNK"], [b"FLUSHDB", b"SYNC", b"x"]])
        if self.chance(0.1):
            return [b"SWAPDB"] + [self.one_of([b"%d" % db for db in DATABASES], [b"16", b"-1"] + BAD_NUMBERS)
                                  for _ in range(2)]
        return [b"DBSIZE"]

    # --- Streams

    def rising_id(self):
        """Mostly above all IDs before, so that streams grow; sometimes one of the last."""
        ms, _, seq = self.recent_ids[-1].partition(b"-")
        if self.chance(0.3):
            return self.random.choice(self.recent_ids)
        step = self.random.choice([0, 0, 1, 3])
        self.recent_ids = self.recent_ids[-15:] + [b"%d-%d" % (int(ms) + step, 0 if step else int(seq) + 1)]
        return self.recent_ids[-1]

    def stream_id(self, odd_share=0.1):
        return self.rising_id() if self.chance(0.6) else self.one_of(STREAM_IDS, ODD_STREAM_IDS, odd_share)

    def fields(self):
        words = []
        for _ in range(self.random.randint(1, 2)):
            words += [self.random.choice([b"f", b"g", b""]), self.value()]
        return words

    def trim(self, approximate=True):
        kind = self.random.choice([b"MAXLEN", b"MINID"])
        words = [self.cased(kind)]
        # An approximate trim of a short stream removes nothing, or all: where pages end is not compared here.
        if self.chance(0.3):
            words.append(b"=")
        elif approximate and self.chance(0.2):
            return words + [b"~", b"1000000" if kind == b"MAXLEN" else b"0-1"] + (
                [b"LIMIT", self.number()] if self.chance(0.5) else [])
        words.append(self.number() if kind == b"MAXLEN" else
                     self.one_of(self.recent_ids + STREAM_IDS, ODD_STREAM_IDS, 0.2))
        if self.chance(0.08):
            words += [b"LIMIT", self.number()]
        return words

    def xadd(self):
        options = []
        if self.chance(0.1):
            options.append(self.cased(b"NOMKSTREAM"))
        if self.chance(0.2):
            options += self.trim()
        return [b"XADD", self.key(STREAM_KEYS)] + options + [self.stream_id(0.3)] + self.fields()

    def approximate_trim(self):
        """On a stream of small entries that were only added: its pages then end where those of Redis end, at
        100."""
        count = self.random.randint(90, 420)
        limit = [b"LIMIT", self.random.choice([b"0", b"50", b"100", b"250"])] if self.chance(0.5) else []
        threshold = b"%d" % self.random.randrange(count + 20)
        trim = [b"MAXLEN", b"~", threshold] if self.chance(0.5) else [b"MINID", b"~", threshold + b"-0"]
        return ([[b"DEL", b"long"]] + [[b"XADD", b"long", b"%d-1" % n, b"f", b"v"] for n in range(1, count)]
                + [[b"XTRIM", b"long"] + trim + limit, [b"XLEN", b"long"],
                   [b"XADD", b"long"] + trim + [b"%d-1" % count, b"f", b"v"], [b"XRANGE", b"long", b"-", b"+", b"COUNT", b"2"],
                   [b"DEL", b"long"]])

    def xlen(self):
        return [b"XLEN", self.key(STREAM_KEYS)]

    def xrange(self):
        count = [self.cased(b"COUNT"), self.number()] if self.chance(0.3) else []
        ends = [self.random.choice(RANGE_IDS + self.recent_ids), self.random.choice(RANGE_IDS + self.recent_ids)]
        if self.chance(0.5):
            ends = [b"-", b"+"]
        name = self.random.choice([b"XRANGE", b"XREVRANGE"])
        return [name, self.key(STREAM_KEYS)] + (ends if name == b"XRANGE" else ends[::-1]) + count

    def xdel(self):
        return [b"XDEL", self.key(STREAM_KEYS)] + self.some(
            lambda: self.one_of(self.recent_ids + [b"3", b"5-0", b"7-7", b"33"], ODD_STREAM_IDS, 0.06))

    def xtrim(self):
        return [b"XTRIM", self.key(STREAM_KEYS)] + self.trim()

    def xread(self):
        options = []
        if self.chance(0.3):
            options += [self.cased(b"COUNT"), self.number()]
        if self.chance(0.2):
            options += [self.cased(b"BLOCK"), self.one_of([b"1", b"5", b"10"], BAD_NUMBERS, 0.3)]
        keys = self.some(lambda: self.key(STREAM_KEYS))
        ids = [self.one_of(self.recent_ids + [b"0", b"0-0", b"7", b"$", b"33"], ODD_STREAM_IDS, 0.06) for _ in keys]
        return [b"XREAD"] + options + [self.cased(b"STREAMS")] + keys + ids

    # --- Connection

    def ping(self):
        return self.random.choice([[b"PING"], [b"PING", self.value()], [b"PING", b"a", b"b"], [b"ECHO", self.value()],
                                   [b"ECHO"], [b"ECHO", b"a", b"b"]])

    def select(self):
        return [b"SELECT", self.one_of([b"%d" % db for db in DATABASES], [b"16", b"-1"] + BAD_NUMBERS, 0.3)]

    def client(self):
        return self.random.choice([
            [b"CLIENT", b"GETNAME"], [b"CLIENT", b"SETNAME", self.random.choice([b"me", b"", b"a b", b"x\n", b"\xc3"])],
            [b"CLIENT", b"ID"], [b"CLIENT", b"INFO"], [b"CLIENT", b"LIST"], [b"CLIENT", b"LIST", b"TYPE", b"normal"],
            [b"CLIENT", b"LIST", b"TYPE", b"junk"], [b"CLIENT", b"LIST", b"ID", b"x"], [b"CLIENT", b"LIST", b"junk"],
            [b"CLIENT", b"LIST", b"ID", b"999999999"], [b"CLIENT", b"LIST", b"TYPE", b"replica"],
            [b"CLIENT", b"NO-EVICT", self.random.choice([b"on", b"OFF", b"junk"])], [b"CLIENT", b"NO-EVICT"],
            [b"CLIENT", b"KILL", b"127.0.0.1:1"], [b"CLIENT", b"KILL", b"ID", b"999999999"],
            [b"CLIENT", b"KILL", b"ID", b"x"], [b"CLIENT", b"KILL", b"ADDR", b"nowhere"], [b"CLIENT", b"KILL"],
            [b"CLIENT", b"KILL", b"ID", b"0"], [b"CLIENT", b"KILL", b"TYPE", b"junk"],
            [b"CLIENT", b"KILL", b"USER", b"nobody"], [b"CLIENT", b"KILL", b"SKIPME", b"maybe"],
            [b"CLIENT", b"KILL", b"JUNK", b"1"], [b"CLIENT", b"KILL", b"ID", b"999999999", b"TYPE"],
            [b"CLIENT", b"NOSUCH"], [b"CLIENT"], [b"CLIENT", b"GETNAME", b"x"], [b"CLIENT", b"SETNAME"]])

    def unknown(self):
        name = self.random.choice([b"NOSUCH", b"", b"ping2", b"a\r\n", b"x" * 200, b"GET ", b"lpush\xff"])
        return [name] + [self.value() for _ in range(self.random.randrange(5))]

    def get_keys(self):
        family = self.random.choice(["list", "string", "keys", "stream"])
        words = self.random.choice(self.makers[family])()
        if self.chance(0.1):
            words = self.broken(words)
        return [b"COMMAND", self.cased(b"GETKEYS")] + words

    def hello(self):
        return [b"HELLO"] + self.random.choice([
            [b"2"], [b"3"], [], [b"4"], [b"x"], [b"1"], [b"-1"], [b"3", b"SETNAME", b"me"], [b"2", b"SETNAME", b"a b"],
            [b"3", b"JUNK"], [b"3", b"AUTH", b"default"], [b"2", b"AUTH", b"default", b"any"],
            [b"3", b"AUTH", b"nobody", b"x"], [b"3", b"SETNAME"], [b"99999999999999999999"]])

    def auth(self):
        return self.random.choice([[b"AUTH", b"x"], [b"AUTH", b"default", b"any"], [b"AUTH", b"nobody", b"x"], [b"AUTH"],
                                   [b"AUTH", b"a", b"b", b"c"], [b"RESET"], [b"RESET", b"x"]])


# --- Words that would make a reply depend on time

def as_number(word):
    try:
        return float.fromhex(word.decode()) if b"x" in word.lower() else float(word)
    except (ValueError, OverflowError):  # a UnicodeDecodeError is a ValueError
        return None


def defuse(words, generator):
    name = words[0].upper()
    words = list(words)
    if name[:1] == b"X":
        # As IDs Redis takes these for numbers, by way of strtoull(); we do not.
        words = [words[0]] + [as_strict_id(word) for word in words[1:]]
    if name in (b"BLPOP", b"BRPOP") and len(words) >= 3:
        words[-1] = short_wait(words[-1])
    elif name == b"BLMOVE" and len(words) >= 6:
        words[5] = short_wait(words[5])
    elif name == b"XREAD":
        for at in range(1, len(words) - 1):
            if words[at].upper() == b"BLOCK":
                words[at + 1] = short_wait(words[at + 1], 1000)
    elif name == b"EXPIRE" and len(words) >= 3:
        words[2] = long_lifetime(words[2], 1, generator)
    elif name == b"PEXPIRE" and len(words) >= 3:
        words[2] = long_lifetime(words[2], 1000, generator)
    elif name == b"SET":
        for at in range(3, len(words) - 1):
            option = words[at].upper()
            if option in (b"EX", b"PX"):
                words[at + 1] = long_lifetime(words[at + 1], 1 if option == b"EX" else 1000, generator)
            elif option in (b"EXAT", b"PXAT"):
                words[at + 1] = not_past(words[at + 1], 1 if option == b"EXAT" else 1000, generator)
    for module in MODULES.values():
        words = module.defuse(words, generator)
    return words


def as_strict_id(word):
    if len(word) > 1 and word[:1] in (b" ", b"+"):
        return word.lstrip(b" +")
    return word.rstrip(b"\0") if word[:1].isdigit() else word


def short_wait(word, unit=1):
    number = as_number(word)
    if number is None or number < 0 or number != number or (number > 1e15 and unit == 1):
        return word
    if 0 < number <= WAIT_SECONDS_MAX * unit:
        return word
    return b"0.01" if unit == 1 else b"10"


def long_lifetime(word, unit, generator):
    number = as_number(word)
    if number is None or number != number or number <= 0 or number > 1e15:
        return word
    return word if number >= 10 * LIFETIME_STEP_SECONDS * unit else b"%d" % (generator.seconds() * unit)


def not_past(word, unit, generator):
    """Redis sets a key that has ended already, and counts it in DBSIZE until it comes across it."""
    number = as_number(word)
    if number is None or number != number or number <= 0:
        return word
    return word if number > generator.began * unit else b"%d" % (generator.until() * unit)
