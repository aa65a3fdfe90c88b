#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What COMMAND tells of each command that Redis has too: arity, flags, where the keys are, categories, key
specifications, subcommands. It must be what redis-server tells, or stand in KNOWN with the reason.

What must stay true: a row of KNOWN names one command and one field.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from servers import Server  # noqa: E402

FIELDS = ["name", "arity", "flags", "first key", "last key", "step", "categories", "tips", "key specifications"]
UNORDERED = {"flags", "categories", "tips"}
COMPARED = [name for name in FIELDS if name != "name"] + ["history"]

# (command, field): why it differs.
KNOWN = {
    ("quit", "history"): "7.2 deprecates it",
    ("xinfo|consumers", "history"): "7.2 tells more",
    ("exec", "arity"): "it takes conditions, as Valkey's newer one does",
    ("exec", "flags"): "it takes conditions on keys",
    ("exec", "key specifications"): "it takes conditions on keys",
    ("blpop", "flags"): "newer versions let scripts call it: it does not wait there",
    ("brpop", "flags"): "newer versions let scripts call it: it does not wait there",
    ("blmove", "flags"): "newer versions let scripts call it: it does not wait there",
    ("bzpopmin", "flags"): "newer versions let scripts call it: it does not wait there",
    ("bzpopmax", "flags"): "newer versions let scripts call it: it does not wait there",
    ("move", "arity"): "it takes REPLACE, as Valkey's newer one does",
    ("zrank", "arity"): "it takes WITHSCORE (7.2)",
    ("zrevrank", "arity"): "it takes WITHSCORE (7.2)",
    ("brpoplpush", "flags"): "newer versions let scripts call it: it does not wait there",
}
# Where these differ a client goes wrong. Flags and categories are held as strictly for the commands about the server;
# for all others they are told only.
STRICT_FIELDS = {"arity", "first key", "last key", "step", "key specifications", "tips", "history"}
STRICT_COMMANDS = {"bgrewriteaof", "bgsave", "command", "config", "dbsize", "debug", "info", "lastsave", "latency", "lolwut",
                   "module",
                   "memory", "save", "shutdown", "slowlog", "time"}
# Flags that speak of what is not here, and words in key specifications that are for people.
FLAGS_IGNORED = {"no_async_loading", "no_mandatory_keys"}


def plain(reply):
    value = reply.value
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


def without_notes(specifications):
    kept = []
    for specification in specifications:
        pairs = list(zip(specification[::2], specification[1::2]))
        kept.append([part for pair in pairs if pair[0] != "notes" for part in pair])
    return kept


def add_rows(table, rows):
    for row in rows:
        fields = dict(zip(FIELDS, row))
        fields["flags"] = [flag for flag in fields["flags"] if flag not in FLAGS_IGNORED]
        fields["key specifications"] = without_notes(fields["key specifications"])
        for name in UNORDERED:
            fields[name] = sorted(fields[name])
        table[row[0]] = fields
        add_rows(table, row[9])


def add_histories(table, docs):
    """Since when a command is deprecated, and in which versions it changed."""
    for name, fields in zip(docs[::2], docs[1::2]):
        fields = dict(zip(fields[::2], fields[1::2]))
        table[name]["history"] = (fields.get("deprecated_since"), [change[0] for change in fields.get("history", [])])
        add_histories(table, fields.get("subcommands", []))


def command_table(server):
    table = {}
    add_rows(table, plain(server.client().ask("COMMAND")))
    add_histories(table, plain(server.client().ask("COMMAND", "DOCS")))
    return table


def differences(redis, sluice):
    for name in sorted(set(redis) & set(sluice)):
        for field in COMPARED:
            if redis[name][field] != sluice[name][field]:
                yield name, field, redis[name][field], sluice[name][field]
    # A container that both have must have all of Redis's subcommands.
    for name in sorted(set(redis) - set(sluice)):
        if "|" in name and name.split("|")[0] in sluice:
            yield name, "subcommand", "there", "missing"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server")
    options = parser.parse_args()
    with Server.redis() as oracle, Server.sluice(options.server) as ours:
        redis, sluice = command_table(oracle), command_table(ours)
    faults = 0
    for name, field, theirs, our in differences(redis, sluice):
        if (name, field) in KNOWN:
            continue
        strict = field in STRICT_FIELDS or name.split("|")[0] in STRICT_COMMANDS
        faults += strict
        print(f"{'FAULT' if strict else 'note '} {name}: {field}: redis-server says {theirs}, we say {our}")
    print(f"{len(set(redis) & set(sluice))} commands compared, {faults} differences")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
