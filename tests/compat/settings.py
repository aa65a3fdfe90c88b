#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every directive that Debian's redis-server knows, set to every value of a pool, on it and on Sluice: the reply of
CONFIG SET and what CONFIG GET shows then must be equal, or stand in KNOWN with the reason.

    tests/compat/settings.py [--server PATH]

What must stay true: each value is set on the directive's default, so that a difference is reported where it begins; a
row of KNOWN that nothing needs is a fault. """
import argparse
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from resp import encode, show  # noqa: E402
from servers import Server  # noqa: E402

VALUES = [
    b"", b" ", b"0", b"1", b"-1", b"2", b"10", b"64", b"100", b"101", b"1000", b"1001", b"65535", b"65536", b"2147483647",
    b"2147483648", b"-2147483648", b"-2147483649", b"4294967295", b"4294967296", b"9223372036854775807",
    b"9223372036854775808", b"18446744073709551615", b"18446744073709551616", b"1" + b"0" * 30, b"07", b"0x10", b" 1", b"1 ",
    b"+1", b"1e3", b"1.5", b"1k", b"1kb", b"5MB", b"1gb", b"8gb", b"8000pb", b"1b", b"1B", b"kb", b"-1kb", b"10%", b"101%",
    b"0%", b"%", b"-5%", b"yes", b"no", b"YES", b"maybe", b"x", b"foo bar", b"a b c", b"0 200 800", b"1 2 3", b"1  2",
    b"-2001 1 1", b"3600 1 300 100", b"1 07", b"0x10 1", b"50 99.99", b"33.3333333333 1e-5", b"local", b"resetchannels", b"ip",
    b"swapdb", b"panic", b"save now", b"now save", b"nosave save", b"default save", b"default", b"clients", b"relative",
    b"absolute", b"disabled", b"verbose", b"always", b"a/b", b".", b"..", b"a-b.c", b"a_b", b"KEA", b"Kx", b"AKE", b"q",
    b"{title}", b"{title} {port}", b"{listen-addr}", b"{nosuch}", b"{", b"{{", b"}", b"normal 0 0 0", b"normal 0 0",
    b"pubsub 1mb 1mb 5 normal 1gb 2 3", b"master 0 0 0", b"replica 1 2 3", b"slave 1 2 x", b"normal 1 2 -3", b"normal 1kk 2 3",
    b"normal  0 0 0", b"Pubsub 1 1 1", b"volatile-lru", b"noeviction", b"a\x00b"]

# The server under test cannot be asked any more, or the disk is another matter; and 7.0 takes minutes to find out that the
# system has no room for two thousand million clients.
LEFT_OUT = {"port", "bind", "appendonly", "requirepass", "maxclients"}
# Not the same by nature, or by how the tests start the two.
DEFAULTS_DIFFER = {"dir", "hz", "appendonly", "syslog-ident", "port", "hash-max-listpack-entries", "hash-max-ziplist-entries"}

REFUSED = r"ERR CONFIG SET failed \(possibly related to argument '[a-z-]+'\) - "


def known(names, oracle, ours, reason):
    return [name.encode() for name in names.split()], re.compile(oracle), re.compile(ours), reason


KNOWN = [
    known("activedefrag", rf'-"{REFUSED}Active defragmentation cannot be enabled: .*"', r'\+"OK"',
          "it means nothing here, and a redis.conf with it starts this server"),
    known("tls-cluster tls-replication", rf'-"{REFUSED}Unable to update TLS configuration. Check server logs."', r'\+"OK"',
          "it means nothing here, and a redis.conf with it starts this server"),
    known("tls-port", rf'-"{REFUSED}Unable to update TLS configuration. Check server logs."',
          rf'-"{REFUSED}there is no TLS; put a proxy in front"', "there never is TLS here"),
    known("min-replicas-to-write min-slaves-to-write", r'\+"OK"', rf'-"{REFUSED}there are no replicas to count"',
          "it would refuse every write for ever"),
    known("maxmemory-policy", r'\+"OK"', rf'-"{REFUSED}argument\(s\) must be one of the following: noeviction"',
          "a queue throws no message away"),
    known("maxmemory-policy", rf'-"{REFUSED}argument\(s\) must be one of .*"',
          rf'-"{REFUSED}argument\(s\) must be one of the following: noeviction"', "likewise"),
    known("maxmemory-clients", rf'-"{REFUSED}percentage argument must be less or equal to 100"|\+"OK"', r'\+"OK"',
          "7.0 takes amounts above 2^63 for percentages"),
    known("loglevel", rf'-"{REFUSED}.* debug, verbose, notice, warning"', rf'-"{REFUSED}.* debug, verbose, notice, warning, nothing"',
          "newer versions know nothing"),
    known("notify-keyspace-events", rf'-"{REFUSED}Invalid event class character. Use .*"',
          rf'-"{REFUSED}Invalid event class character. Use .*"|\+"OK"', "newer versions have the classes n, o and c"),
    known("*", r'\+"OK"|-"ERR .*"', rf'-"{REFUSED}argument must not contain a zero byte"',
          "Redis cuts it short there, and follows what it did not show"),
]


def value_of(client, name):
    reply = client.ask("CONFIG", "GET", name).value
    return reply[1].value if len(reply) == 2 else None


def names_of(client):
    return {item.value for item in client.ask("CONFIG", "GET", "*").value[::2]}


def answers(client, name, default):
    """Of each value: what CONFIG SET answers, and what CONFIG GET shows then."""
    requests = []
    for value in VALUES:
        requests += [[b"CONFIG", b"SET", name, default], [b"CONFIG", b"SET", name, value], [b"CONFIG", b"GET", name]]
    requests.append([b"CONFIG", b"SET", name, default])
    client.send_raw(b"".join(encode(words) for words in requests))
    replies = [client.receive() for _ in requests]
    return list(zip(replies[1::3], replies[2::3]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server")
    options = parser.parse_args()
    faults, compared, needed = 0, 0, set()
    with Server.redis() as oracle, Server.under_test(options.server) as ours:
        theirs, our = oracle.client(), ours.client()
        names, missing = names_of(theirs), names_of(theirs) - names_of(our)
        for name in sorted(missing):
            faults += 1
            print(f"{name.decode()}: missing")
        for name in sorted(names - missing):
            defaults = [value_of(client, name) for client in (theirs, our)]
            same_default = defaults[0] == defaults[1]
            if not same_default and name.decode() not in DEFAULTS_DIFFER:
                faults += 1
                print(f"{name.decode()}: the default is {defaults[0]} there and {defaults[1]} here")
            if name.decode() in LEFT_OUT:
                continue
            pairs = zip(VALUES, answers(theirs, name, defaults[0]), answers(our, name, defaults[1]))
            for value, (set_there, shown_there), (set_here, shown_here) in pairs:
                compared += 1
                refused = set_there.kind == "-" and not same_default
                if set_there == set_here and (shown_there == shown_here or refused):
                    continue
                rows = [i for i, (whose, there, here, _) in enumerate(KNOWN) if (name in whose or whose == [b"*"])
                        and there.fullmatch(show(set_there)) and here.fullmatch(show(set_here))]
                needed.update(rows)
                if not rows:
                    faults += 1
                    print(f"{name.decode()} {value!r}:\n  redis : {show(set_there)} {show(shown_there)}\n"
                          f"  sluice: {show(set_here)} {show(shown_here)}")
        if ours.name != "redis":
            for i in sorted(set(range(len(KNOWN))) - needed):
                faults += 1
                print(f"nothing needs this row of KNOWN any more: {KNOWN[i][0]}, {KNOWN[i][3]}")
    print(f"{compared} values of {len(names)} directives compared, {faults} differences")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
