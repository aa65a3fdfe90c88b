#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether every command of the server's table has a transcript of its edges.

    tests/e2e/transcript_coverage.py [--server PATH] [--all]

The table is asked for its commands; the transcripts are read, not played. Of each command, or subcommand, they must show

    use      it is sent, and not in vain: some reply is no error (of one that is there only to be refused: it is sent)
    arity    too few words are refused, or too many, where they can be
    type     a key of another type is refused, where the command is for one type

What cannot be shown stands in ELSEWHERE and in the sets below it, with the reason. """
import argparse
import collections
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from notation import words_of
from servers import Server
from transcripts import cases_of

# What cannot be shown in a transcript, and which file of tests does instead.
ELSEWHERE = {"shutdown": "clients/redis_cli_session.py", "config|rewrite": "drop_in.py"}
# Refused whatever follows: there is no cluster, and there are no replicas.
REFUSED_GROUPS = {"cluster"}
REFUSED = {"sync", "psync", "failover", "client|import-source", "module|load", "module|loadex", "module|unload"}
TYPED = {"string", "bitmap", "list", "hash", "set", "sorted-set", "stream", "hyperloglog", "geo", "queue"}
# They replace a key of any type, pass over it, or refuse it by an error of their own.
ANY_TYPE = {"setex", "psetex", "setnx", "mset", "msetnx", "msetex", "mget", "lcs", "delex"}
SHOWN_MAX = 40

Command = collections.namedtuple("Command", "name group may_be_short has_keys")
Seen = collections.namedtuple("Seen", "use arity type", defaults=(False, False, False))


def table(server):
    """{name: Command}; a subcommand is named as in `config|get`."""
    client = server.client(timeout=30)
    groups = {}
    docs = client.ask("COMMAND", "DOCS").value
    for name, fields in zip(docs[::2], docs[1::2]):
        pairs = {key.value: value for key, value in zip(fields.value[::2], fields.value[1::2])}
        groups[name.value.decode()] = pairs[b"group"].value.decode()
    commands = {}
    for each in client.ask("COMMAND").value:
        name = each.value[0].value.decode()
        subcommands = each.value[9].value
        for one in subcommands or [each]:
            full = one.value[0].value.decode()
            # Its name, and that of its container, are among the words.
            shortest = abs(int(one.value[1].value))
            may_be_short = shortest > (2 if subcommands else 1)
            commands[full] = Command(full, groups[name], may_be_short, bool(one.value[8].value))
    client.close()
    return commands


def sent_and_answered(path):
    """(words, the reply as it is written) of all that is sent and answered in the transcript."""
    for _, _, steps in cases_of(path)[1]:
        waiting = collections.defaultdict(collections.deque)
        for _, sign, name, text in steps:
            if sign == ">":
                waiting[name].append(words_of(text))
            elif sign == "?":
                words, _, reply = text.rpartition(" => ")
                yield words_of(words), reply
            elif sign in "<=" and not text.startswith(">") and waiting[name]:
                yield waiting[name].popleft(), text
            elif sign in "x^":
                for words in waiting.pop(name, ()):
                    yield words, ""


def seen_in(paths, commands):
    seen = collections.defaultdict(Seen)
    containers = {name.partition("|")[0] for name in commands if "|" in name}
    for path in paths:
        for words, reply in sent_and_answered(path):
            name = words[0].decode(errors="replace").lower() if words else ""
            if name in containers and name not in commands:
                name += "|" + words[1].decode(errors="replace").lower() if len(words) > 1 else ""
            if name not in commands:
                continue
            error = reply[1:] if reply.startswith("-") else ""
            seen[name] = Seen(seen[name].use or not error or name in REFUSED or commands[name].group in REFUSED_GROUPS,
                              seen[name].arity or error.startswith("ERR wrong number of arguments for '"),
                              seen[name].type or error.startswith("WRONGTYPE"))
    return seen


def missing(commands, seen):
    """[(group, name, what)]"""
    lacking = []
    for command in commands.values():
        got = seen[command.name]
        wanted = Seen(command.name not in ELSEWHERE, command.may_be_short,
                      command.has_keys and command.group in TYPED and command.name not in ANY_TYPE)
        lacks = [name for name in Seen._fields if getattr(wanted, name) and not getattr(got, name)]
        if lacks:
            lacking.append((command.group, command.name, ", ".join(lacks)))
    return sorted(lacking)


def is_in(name, path):
    text = path.read_text().upper()
    return all(word.upper() in text for word in name.split("|"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=None, help="else $SLUICE_SERVER or build/sluice-server")
    parser.add_argument("--all", action="store_true", help="show more than the first")
    options = parser.parse_args()
    with Server.sluice(options.server) as server:
        commands = table(server)
    lacking = missing(commands, seen_in(sorted((HERE / "transcripts").glob("*.txt")), commands))
    faults = [f"{group}: {name}: {what}" for group, name, what in lacking]
    exempt = {*ANY_TYPE, *REFUSED, *ELSEWHERE}
    faults += [f"{name} is not in the table: take it out" for name in sorted(exempt - set(commands))]
    faults += [f"{name} is not in {file}" for name, file in ELSEWHERE.items() if not is_in(name, HERE / file)]
    print("\n".join(faults[:None if options.all else SHOWN_MAX]))
    print(f"{len(commands)} commands, {len(faults)} faults, {len(lacking)} without all of their transcripts")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
