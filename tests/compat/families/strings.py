# SPDX-License-Identifier: MIT
"""Every command on strings and on bits that redis-server 7.0 has. """

KEYS = [b"s1", b"s2", b"s3", b"s4"]
INTEGERS = [b"0", b"1", b"-1", b"7", b"42", b"-100", b"9223372036854775806", b"9223372036854775807",
            b"-9223372036854775808", b"1000000007"]
FLOATS = [b"0", b"1", b"1.5", b"-2.75", b"0.1", b"0.2", b"3.0e3", b"1e17", b"-1e-5", b"5e-18", b"1e300", b"-1e4000",
          b"1e4930", b"123456789.123456789123456789", b".5", b"5.", b"0x10", b"0x1p-3", b"12345678901234567890",
          b"0.00000000000000001", b"-0", b"-0.0"]
ODD_FLOATS = [b"", b" 1", b"1 ", b"1x", b"nan", b"inf", b"-inf", b"infinity", b"1e5000", b"1e-5000", b"1e-4940", b"+1",
              b"1\x00", b"\x001", b"--1", b"1,5", b"0x", b"e5", b".", b"1" * 5000, b"1" * 5200, b"\t1", b"+inf"]
WORDS = [b"", b"a", b"ab", b"abcabcabc", b"ohmytext", b"mynewtext", b"ACGTTTCAGGAC", b"GTCACAGTTAC", b"\x00\xff\x0f\xf0",
         b"\xff" * 9, b"\x00" * 17 + b"\x01", b"x" * 100 + b"y", b"12", b"1.5"]
RANGES = [b"0", b"1", b"2", b"3", b"7", b"8", b"9", b"15", b"16", b"31", b"63", b"64", b"100", b"-1", b"-2", b"-3", b"-8",
          b"-9", b"-16", b"-100", b"-1000"]
OFFSETS = [b"0", b"1", b"3", b"7", b"8", b"15", b"16", b"31", b"63", b"64", b"100", b"800", b"4095"]
ODD_OFFSETS = [b"-1", b"", b"x", b"1x", b" 1", b"01", b"4294967296", b"9223372036854775807", b"9223372036854775808",
               b"-9223372036854775808", b"1.0", b"#1"]
TYPES = [b"u1", b"u2", b"u7", b"u8", b"u16", b"u31", b"u32", b"u63", b"i1", b"i2", b"i8", b"i16", b"i33", b"i64"]
ODD_TYPES = [b"u64", b"i65", b"u0", b"i0", b"u", b"", b"x8", b"U8", b"I8", b"i-1", b"u08", b"8", b"i8 "]


class Maker:
    def __init__(self, generator):
        self.generator = generator
        self.chance, self.one_of, self.cased = generator.chance, generator.one_of, generator.cased

    def key(self):
        return self.generator.key(KEYS)

    def pick(self, pool):
        return self.generator.random.choice(pool)

    def value(self):
        pool = self.generator.random.random()
        if pool < 0.35:
            return self.pick(WORDS)
        if pool < 0.6:
            return self.pick(INTEGERS)
        return self.pick(FLOATS) if pool < 0.75 else self.generator.value()

    # --- Whole values

    def store(self):
        lifetime = self.pick([b"0", b"-1", b"x", b"9223372036854775807"]) if self.chance(0.15) else None
        seconds = self.generator.seconds()
        return self.pick([
            [b"SET", self.key(), self.value()],
            [b"SETNX", self.key(), self.value()],
            [b"SETEX", self.key(), lifetime or b"%d" % seconds, self.value()],
            [b"PSETEX", self.key(), lifetime or b"%d" % (seconds * 1000), self.value()],
            [b"GETSET", self.key(), self.value()],
        ])

    def set(self):
        options = []
        for _ in range(self.generator.random.randint(1, 3)):
            options += self.pick([[b"NX"], [b"XX"], [b"GET"], [b"KEEPTTL"], self.generator.lifetime()])
        return [b"SET", self.key(), self.value()] + options

    def read(self):
        return self.pick([[b"GET", self.key()], [b"STRLEN", self.key()], [b"GETDEL", self.key()]])

    def getex(self):
        options = []
        for _ in range(self.generator.random.choice([0, 1, 1, 1, 2])):
            options += self.generator.lifetime() if self.chance(0.7) else [self.cased(b"PERSIST")]
        return [b"GETEX", self.key()] + options

    def time_left(self):
        return [b"PTTL", self.key()]

    def delete(self):
        return [b"DEL", self.key()]

    def push(self):
        """Keys of another type, for the sake of their errors."""
        return [b"RPUSH", self.key(), self.value()]

    def several(self):
        pairs = [word for _ in range(self.generator.random.randint(1, 3)) for word in (self.key(), self.value())]
        return self.pick([[b"MGET"] + pairs[::2], [b"MSET"] + pairs, [b"MSETNX"] + pairs])

    # --- Parts

    def append(self):
        return [b"APPEND", self.key(), self.value()]

    def setrange(self):
        return [b"SETRANGE", self.key(), self.one_of(OFFSETS, ODD_OFFSETS, 0.15), self.value()]

    def bound(self):
        return self.one_of(RANGES, ODD_OFFSETS, 0.06)

    def getrange(self):
        return [self.pick([b"GETRANGE", b"SUBSTR"]), self.key(), self.bound(), self.bound()]

    def lcs(self):
        options = []
        for _ in range(self.generator.random.randint(0, 3)):
            options += self.pick([[b"LEN"], [b"IDX"], [b"IDX"], [b"WITHMATCHLEN"],
                                  [self.cased(b"MINMATCHLEN"), self.one_of([b"0", b"1", b"2", b"4", b"-1"], ODD_OFFSETS)]])
        return [b"LCS", self.key(), self.key()] + [self.cased(word) for word in options]

    # --- Numbers

    def count(self):
        name = self.pick([b"INCR", b"DECR", b"INCRBY", b"DECRBY"])
        amount = [self.one_of(INTEGERS, ODD_FLOATS, 0.15)] if name.endswith(b"BY") else []
        return [name, self.key()] + amount

    def add_float(self):
        return [b"INCRBYFLOAT", self.key(), self.one_of(FLOATS + INTEGERS, ODD_FLOATS, 0.15)]

    # --- Bits

    def setbit(self):
        return [b"SETBIT", self.key(), self.one_of(OFFSETS, ODD_OFFSETS), self.one_of([b"0", b"1"], [b"2", b"-1", b"x", b""])]

    def getbit(self):
        return [b"GETBIT", self.key(), self.one_of(OFFSETS, ODD_OFFSETS)]

    def range(self):
        words = [self.bound(), self.bound(), self.one_of([b"BIT", b"BYTE"], [b"", b"BITS", b"x"])]
        return words[:self.generator.random.randint(0, 3)]

    def bitcount(self):
        return [b"BITCOUNT", self.key()] + self.range()

    def bitpos(self):
        return [b"BITPOS", self.key(), self.one_of([b"0", b"1"], [b"2", b"-1", b"x", b""])] + self.range()

    def bitop(self):
        name = self.one_of([b"AND", b"OR", b"XOR", b"NOT"], [b"", b"NAND", b"ANDX"], 0.05)
        sources = 1 if name == b"NOT" and self.chance(0.8) else self.generator.random.randint(1, 4)
        return [b"BITOP", self.cased(name), self.key()] + [self.key() for _ in range(sources)]

    def field(self):
        offset = self.one_of(OFFSETS, ODD_OFFSETS, 0.05)
        if self.chance(0.4) and len(offset) < 5:
            offset = b"#" + offset
        return [self.one_of(TYPES, ODD_TYPES, 0.04), offset]

    def operation(self):
        kind = self.generator.random.randrange(4)
        if kind == 0:
            return [self.cased(b"OVERFLOW"), self.cased(self.one_of([b"WRAP", b"SAT", b"FAIL"], [b"", b"x"], 0.05))]
        if kind == 1:
            return [self.cased(b"GET")] + self.field()
        return [self.cased(b"SET" if kind == 2 else b"INCRBY")] + self.field() + [
            self.one_of(INTEGERS + RANGES, ODD_FLOATS, 0.05)]

    def bitfield(self):
        words = [b"BITFIELD", self.key()]
        for _ in range(self.generator.random.randint(0, 5)):
            words += self.operation()
        return words

    def bitfield_ro(self):
        words = [b"BITFIELD_RO", self.key()]
        for _ in range(self.generator.random.randint(0, 3)):
            words += [b"GET"] + self.field() if self.chance(0.9) else self.operation()
        return words


def makers(generator):
    maker = Maker(generator)
    return [maker.store] * 6 + [maker.set] * 2 + [maker.read] * 3 + [maker.getex] * 2 + [maker.several] * 3 + [
        maker.append] * 2 + [maker.setrange] * 3 + [maker.getrange] * 3 + [maker.lcs] * 2 + [maker.count] * 4 + [
        maker.add_float] * 4 + [maker.setbit] * 2 + [maker.bitcount] * 3 + [maker.bitpos] * 3 + [maker.bitop] * 3 + [
        maker.bitfield] * 4 + [maker.getbit, maker.bitfield_ro, maker.time_left, maker.delete, maker.push]


def defuse(words, generator):
    name = words[0].upper()
    if name in (b"SETEX", b"PSETEX") and len(words) > 2:
        words[2] = lasting(words[2], 1 if name == b"SETEX" else 1000, generator)
    elif name == b"GETEX":
        for at in range(2, len(words) - 1):
            if words[at].upper() in (b"EX", b"PX"):
                words[at + 1] = lasting(words[at + 1], 1 if words[at].upper() == b"EX" else 1000, generator)
    elif name in (b"SETRANGE", b"SETBIT", b"BITFIELD"):
        words = words[:2] + [b"4097" if is_far(word) else word for word in words[2:]]
        # To saturate it in less than 64 bits, Redis subtracts it from the largest value, which overflows.
        if name == b"BITFIELD":
            words = [b"-4611686018427387904" if word == b"-9223372036854775808" else word for word in words]
    return words


def is_far(word):
    """As an offset it would make a string of many megabytes, and yet be allowed."""
    return word.isdigit() and len(word) <= 10 and 100_000 < int(word) < 1 << 32


def lasting(word, unit, generator):
    """A lifetime that is a number, but would end during the run, made longer."""
    if not word.isdigit() or len(word) > 10 or not 0 < int(word) < 1000 * unit:
        return word
    return b"%d" % (generator.seconds() * unit)
