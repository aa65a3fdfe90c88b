#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files of users, written by hand and at random, on Debian's redis-server and on Sluice: what ACL LOAD says of them, whom
there is afterwards, and what ACL SAVE writes must be equal.

    tests/compat/acl_file.py [--files N] [--seed S] [--server PATH]

What Redis 7.0 shows of the rules of commands is computed anew (see acl.py) and is left out.

What must stay true: who asks is the default user, so no file may lock him out; a file that is refused leaves all users as they were, on both. """
import argparse
import os
import pathlib
import random
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import acl  # noqa: E402
from resp import Closed, Reply, show  # noqa: E402
from servers import Server  # noqa: E402

FILES = 400
HASH = acl.HASH
WRITTEN = [
    b"", b"\n", b"\n\n  \n", b"user alice on nopass ~* +@all\n", b"user alice on >p1 ~a* +get", b"user alice on #" + HASH + b" +@all\n",
    b"user default on nopass ~* +@all\n", b"user default on nopass +@all\nuser alice on nopass ~* +@all", b"user\n", b"user alice\n",
    b"alice on\n", b"USER alice on\n", b"usera alice on\n", b"user alice on\nuser alice off\n", b"user alice on\nuser bob on\n",
    b"user alice on\r\nuser bob off\r\n", b"  user alice on  \n", b"\tuser alice on\n", b"user  alice  on\n", b"user alice  on ~a\n",
    b"# a comment\nuser alice on\n", b"user alice +nosuch\n", b"user alice +nosuch +alsonot\n", b"user alice junk\n",
    b"user alice junk +nosuch\n", b"user alice +nosuch junk\n", b"user alice on\nuser bob junk\nuser carol +nosuch\n",
    b"user alice #abc\n", b"user alice <p1\n", b"user alice ~* ~a\n", b"user alice &* &a\n", b"user alice +config|get|x\n",
    b"user alice (~a +get)\n", b"user alice (~a +get\n", b"user alice ~a +get)\n", b"user alice (~a) (~b +set)\n", b"user alice ()\n",
    b"user alice (+nosuch)\n", b"user alice (junk)\n", b"user alice (~a\nuser bob on\n",
    b"user alice ~a\"b\n", b"user alice ~\"a b\"\n", b"user alice >\"a b\"\n", b"user alice >'\n", b"user al\"ice on\n",
    b"user \"alice\" on\n", b"user alice %R~a %W~b %RW~c\n", b"user alice %X~a\n", b"user alice sanitize-payload\n",
    b"user alice skip-sanitize-payload\n", b"user alice clearselectors reset on\n", b"user alice on\n" * 3,
    b"user alice on nopass resetchannels &news.* -@all +@read -get\n", b"user alice allkeys allcommands allchannels\n",
]


class Difference(Exception):
    pass


def line_of(generator):
    # A parenthesis that stays open, and more lines behind it: Redis 7.0 ends with a memory fault.
    rules = [rule for rule in generator.rules() if b"\0" not in rule and (b" " not in rule or rule[:1] == b"(") and (rule[:1] == b"(") == (rule[-1:] == b")")]
    words = [b"user", generator.one_of(acl.CHANGED)] + rules
    if generator.chance(0.05):
        words.insert(generator.rng.randrange(len(words) + 1), generator.one_of([b"", b"user", b"\"", b"'x'", b"junk"]))
    return b" ".join(words)


def random_file(generator):
    lines = [line_of(generator) for _ in range(generator.rng.randint(0, 3))]
    if generator.chance(0.2):
        lines.append(b"user default on nopass ~* +@all")
    return generator.one_of([b"\n", b"\n", b"\r\n"]).join(lines) + generator.one_of([b"", b"\n"])


class Side:
    def __init__(self, server, path):
        self.path, self.server, self.client = path, server, server.client()

    def ask(self, *words):
        try:
            reply = self.client.ask(*words)
        except Closed:
            self.client = self.server.client()
            return Reply("-", b"closed")
        if reply.kind == "-":  # the path is the one thing that may differ
            return Reply("-", reply.value.replace(self.path.encode(), b"FILE"))
        return acl.masked([word.encode() for word in words], reply)

    def load(self, text):
        pathlib.Path(self.path).write_bytes(text)
        return [self.ask("ACL", "LOAD"), self.ask("ACL", "USERS"), self.ask("ACL", "LIST")]

    def saved(self):
        reply = self.ask("ACL", "SAVE")
        lines = pathlib.Path(self.path).read_bytes().split(b"\n")
        return reply, [acl.without_commands(line) for line in lines]


def compare(what, sides, ask):
    answers = [ask(side) for side in sides]
    if answers[0] != answers[1]:
        raise Difference(what, answers)
    return answers[0]


def show_all(answer):
    return "\n          ".join(show(reply) if hasattr(reply, "kind") and not isinstance(reply.value, list) else repr(reply)
                              for reply in answer)


def one_file(sides, text, saves):
    """Whether it was taken."""
    answer = compare("ACL LOAD", sides, lambda side: side.load(text))
    taken = answer[0] == Reply("+", b"OK")
    if saves and taken and sides[1].server.name != "redis":
        compare("ACL SAVE", sides, Side.saved)
        # What we have written we read again, and nothing has changed. (Redis does not always.)
        for side in sides[1:]:
            before = side.ask("ACL", "LIST")
            again = [side.ask("ACL", "LOAD"), side.ask("ACL", "LIST")]
            if again != [Reply("+", b"OK"), before]:
                raise Difference("ACL LOAD of what ACL SAVE wrote", [[before], again])
    return taken


def compare_files(sides, texts, goes_on):
    """How many differed, and how many were taken."""
    faults = taken = 0
    for text in texts:
        try:
            # Redis writes a name or a rule with a quote as it is, and does not read it again as it was.
            taken += one_file(sides, text, b"\"" not in text and b"'" not in text)
        except Difference as difference:
            faults += 1
            what, (theirs, our) = difference.args
            print(f"\n{what} of {text!r}:\n  redis : {show_all(theirs)}\n  sluice: {show_all(our)}")
            if not goes_on:
                break
    return faults, taken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=FILES, help="at random, after those written by hand")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--server")
    parser.add_argument("--all", action="store_true", help="go on after a difference")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}, {options.files} files", flush=True)
    generator = acl.Generator(random.Random(seed), set())
    texts = WRITTEN + [random_file(generator) for _ in range(options.files)]
    with tempfile.TemporaryDirectory(prefix="sluice-acl-") as folder:
        paths = [os.path.join(folder, name) for name in ("redis.acl", "sluice.acl")]
        for path in paths:
            pathlib.Path(path).touch()  # without it neither starts
        with Server.redis("--aclfile", paths[0]) as oracle, Server.under_test(options.server, "--aclfile", paths[1]) as ours:
            faults, taken = compare_files([Side(oracle, paths[0]), Side(ours, paths[1])], texts, options.all)
    print(f"seed {seed}: {len(texts)} files, {taken} of them taken, {faults} differences")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
