# SPDX-License-Identifier: MIT
"""Consumer groups: several streams, each with groups whose consumers read, acknowledge and claim.

What must stay true: no decision depends on the clock. An entry has been idle for next to nothing, or was made
so by IDLE for a multiple of IDLE_STEP; idle times are asked for half way between. """
IDLE_STEP = 20_000_000
IDLE_MADE = [b"%d" % (IDLE_STEP * n) for n in (1, 2, 3)]
IDLE_ASKED = [b"0", b"0", b"0"] + [b"%d" % (IDLE_STEP * n + IDLE_STEP // 2) for n in (0, 1, 2, 3)]

KEYS = [b"x1", b"x2", b"x3"]
GROUPS = [b"g1", b"g2", b"g3"]
CONSUMERS = [b"alice", b"bob", b"STREAMS", b"carol"]
ODD_NAMES = [b"", b"nobody", b"\xff\r\n", b"COUNT", b"g1"]
START_IDS = [b"0", b"0", b"0-0", b"$", b"1-1", b"5"]
ODD_IDS = [b"-", b"+", b">", b"$", b"", b"x", b"1-", b"18446744073709551615-18446744073709551615", b"*", b"(1"]


class Makers:
    def __init__(self, generator):
        self.it = generator

    def list(self):
        return ([self.add] * 6 + [self.create] * 2 + [self.read] * 7 + [self.acknowledge] * 3 + [self.claim] * 4
                + [self.claim_by_range] * 2 + [self.pending] * 3 + [self.change] * 2 + [self.consumer] * 2
                + [self.info] * 3 + [self.delete] * 2 + [self.set_id])

    # --- Choices

    def key(self):
        return self.it.one_of(KEYS, [b"none", b"l1", b"s1", b"x1"], 0.04)

    def group(self):
        return self.it.one_of(GROUPS, ODD_NAMES, 0.04)

    def name(self):
        return self.it.one_of(CONSUMERS, ODD_NAMES, 0.05)

    def id(self, odd_share=0.04):
        return self.it.one_of(self.it.recent_ids[-12:], ODD_IDS, odd_share)

    def cased(self, word):
        return self.it.cased(word)

    # --- Commands

    def add(self):
        return [b"XADD", self.key(), self.it.rising_id(), b"f", self.it.value()]

    def create(self):
        words = [b"XGROUP", self.cased(b"CREATE"), self.key(), self.group(), self.it.one_of(START_IDS, ODD_IDS, 0.1)]
        if self.it.chance(0.8):
            words.append(self.cased(b"MKSTREAM"))
        return words + self.entries_read()

    def entries_read(self):
        return [self.cased(b"ENTRIESREAD"), self.it.one_of([b"0", b"1", b"-1"], [b"-2", b"x"], 0.2)] \
            if self.it.chance(0.1) else []

    def read(self):
        options = [[self.cased(b"GROUP"), self.group(), self.name()]]
        if self.it.chance(0.5):
            options.append([self.cased(b"COUNT"), self.it.number()])
        if self.it.chance(0.2):
            options.append([self.cased(b"NOACK")])
        if self.it.chance(0.1):
            options.append([self.cased(b"BLOCK"), self.it.one_of([b"1", b"5"], [b"x", b"-1"], 0.1)])
        self.it.random.shuffle(options)
        keys = self.it.some(self.key, 2)
        ids = [b">" if self.it.chance(0.65) else self.it.one_of([b"0", b"0-0", self.id()], ODD_IDS, 0.05) for _ in keys]
        return [b"XREADGROUP"] + sum(options, []) + [self.cased(b"STREAMS")] + keys + ids

    def acknowledge(self):
        return [b"XACK", self.key(), self.group()] + self.it.some(self.id, 4)

    def claim(self):
        words = [b"XCLAIM", self.key(), self.group(), self.name(), self.it.one_of(IDLE_ASKED, [b"-1", b"x", b"1.5"], 0.05)]
        words += self.it.some(self.id, 4)
        for _ in range(self.it.random.choice([0, 0, 1, 1, 2, 3])):
            words += self.it.random.choice([
                [b"FORCE"], [b"JUSTID"], [b"IDLE", self.it.one_of(IDLE_MADE, [b"-5", b"x", b"9223372036854775807"], 0.1)],
                [b"TIME", self.it.one_of([b"1", b"0"], [b"-1", b"x", b"9223372036854775807"], 0.3)],
                [b"RETRYCOUNT", self.it.one_of([b"0", b"1", b"7", b"300", b"70000"], [b"-1", b"x"], 0.2)],
                [b"LASTID", self.id()], [b"JUNK"] if self.it.chance(0.1) else [b"force"]])
        return words

    def claim_by_range(self):
        words = [b"XAUTOCLAIM", self.key(), self.group(), self.name(), self.it.one_of(IDLE_ASKED, [b"-1", b"x"], 0.05),
                 self.it.one_of([b"-", b"0", b"0-0", self.id(), b"(" + self.id(0)], ODD_IDS, 0.08)]
        if self.it.chance(0.6):
            words += [self.cased(b"COUNT"), self.it.one_of([b"1", b"2", b"3", b"10"], [b"0", b"-1", b"x"], 0.08)]
        if self.it.chance(0.3):
            words.append(self.cased(b"JUSTID"))
        return words

    def pending(self):
        words = [b"XPENDING", self.key(), self.group()]
        if self.it.chance(0.3):
            return words
        if self.it.chance(0.4):
            words += [self.cased(b"IDLE"), self.it.one_of(IDLE_ASKED, [b"-1", b"x"], 0.08)]
        words += [self.it.one_of([b"-", self.id(), b"(" + self.id(0)], ODD_IDS, 0.06),
                  self.it.one_of([b"+", b"+", self.id(), b"(" + self.id(0)], ODD_IDS, 0.06), self.it.number()]
        if self.it.chance(0.4):
            words.append(self.name())
        return words

    def change(self):
        kind = self.it.random.randrange(10)
        if kind < 4:
            return [b"XGROUP", self.cased(b"SETID"), self.key(), self.group(),
                    self.it.one_of([b"0", b"$", self.id(), self.id()], ODD_IDS, 0.1)] + self.entries_read()
        if kind < 6:
            return [b"XGROUP", self.cased(b"DESTROY"), self.key(), self.group()]
        if kind < 7:
            return [b"XGROUP", self.it.random.choice([b"NOSUCH", b"CREATE", b"SETID", b"HELP2"]), self.key(), self.group()]
        return self.create()

    def consumer(self):
        name = b"CREATECONSUMER" if self.it.chance(0.6) else b"DELCONSUMER"
        return [b"XGROUP", self.cased(name), self.key(), self.group(), self.name()]

    def info(self):
        kind = self.it.random.randrange(5)
        if kind == 0:
            return [b"XINFO", self.cased(b"STREAM"), self.key()]
        if kind == 1:
            words = [b"XINFO", b"STREAM", self.key(), self.cased(b"FULL")]
            return words + ([self.cased(b"COUNT"), self.it.number()] if self.it.chance(0.6) else [])
        if kind < 4:
            return [b"XINFO", self.cased(b"GROUPS"), self.key()]
        return [b"XINFO", self.cased(b"CONSUMERS"), self.key(), self.group()]

    def delete(self):
        kind = self.it.random.randrange(6)
        if kind < 4:
            return [b"XDEL", self.key()] + self.it.some(self.id, 3)
        if kind < 5:
            return [b"XTRIM", self.key(), b"MAXLEN", self.it.one_of([b"3", b"5", b"8"], [b"0", b"1"], 0.2)]
        return [b"DEL", self.key()] if self.it.chance(0.3) else [b"XLEN", self.key()]

    def set_id(self):
        words = [b"XSETID", self.key(), self.it.recent_ids[-1]]
        if self.it.chance(0.4):
            words += [b"ENTRIESADDED", self.it.one_of([b"5", b"10", b"100"], [b"0", b"-1", b"x"], 0.2), b"MAXDELETEDID", self.id()]
        return words


def makers(generator):
    return Makers(generator).list()


def defuse(words, generator):
    name = words[0].upper()
    if name == b"XREADGROUP":
        for at in range(1, len(words) - 1):
            if words[at].upper() == b"BLOCK":
                words[at + 1] = short_wait(words[at + 1])
    elif name in (b"XCLAIM", b"XAUTOCLAIM") and len(words) > 4:
        words[4] = asked(words[4])
        for at in range(5, len(words) - 1):
            if words[at].upper() == b"IDLE":
                words[at + 1] = made(words[at + 1])
            elif words[at].upper() == b"TIME" and is_number(words[at + 1]) and 1 < int(words[at + 1]) < 10**14:
                words[at + 1] = b"1"
    elif name == b"XSETID" and len(words) > 2 and b"-" in words[2][1:]:
        words[2] = generator.recent_ids[-1]  # 7.0 lets an ID be set below one that was deleted
    elif name == b"XPENDING":
        for at in range(3, len(words) - 1):
            if words[at].upper() == b"IDLE":
                words[at + 1] = asked(words[at + 1])
    return words


def prepare(words):
    """Commands that go before. 7.0 makes a consumer only when there is something for it, newer versions at once."""
    name = words[0].upper()
    if name in (b"XCLAIM", b"XAUTOCLAIM") and len(words) > 5:
        return [[b"XGROUP", b"CREATECONSUMER"] + words[1:4]]
    upper = [word.upper() for word in words]
    if name == b"XREADGROUP" and b"GROUP" in upper[:-2]:
        at = upper.index(b"GROUP")
        return [[b"XGROUP", b"CREATECONSUMER", key] + words[at + 1:at + 3] for key in dict.fromkeys(words[3:])]
    return []


def is_number(word):
    return word.isdigit() and len(word) < 20


def asked(word):
    """An idle time that decides nothing by a few seconds."""
    return word if word in IDLE_ASKED or not is_number(word) or int(word) > 10**14 else IDLE_ASKED[-1]


def made(word):
    return word if word in IDLE_MADE or not is_number(word) or int(word) > 10**14 else IDLE_MADE[0]


def short_wait(word):
    # Also a huge one, which newer versions refuse before they look for the group.
    return b"10" if is_number(word) and (int(word) == 0 or int(word) > 12) else word
