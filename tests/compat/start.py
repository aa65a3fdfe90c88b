#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Command lines and configuration files to Debian's redis-server and to Sluice: either both start, with the same settings,
or neither does, and says the same reason; or the difference stands in KNOWN with its reason.

    tests/compat/start.py [--server PATH]

What must stay true: a start is given in words where PORT is a free port, and FILE a file of a folder of its own. """
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from resp import Client, Closed, TimedOut  # noqa: E402
from servers import LOOK_SECONDS, REDIS, ROOT, free_port  # noqa: E402

SECONDS_MAX = 20
SHOWN = ["save", "timeout", "maxmemory", "client-output-buffer-limit", "loglevel", "port", "proc-title-template", "databases",
         "latency-tracking-info-percentiles", "notify-keyspace-events", "shutdown-on-sigterm", "maxmemory-policy",
         "oom-score-adj-values", "replicaof", "maxclients", "tcp-keepalive"]
# Redis's defaults, where ours are others on purpose.
GIVEN_ELSE = ["--bind", "127.0.0.1", "--appendonly", "no"]

LINES = [
    ["--save", ""], ["--save"], ["--save", "--timeout", "3"], ["--save", "900", "1", "--save", "300", "10"],
    ["--save", "900 1"], ["--save", "900 1 300 10"], ["--save", "900 1", "--save", ""], ["--save", "", "--save", "60 5"],
    ["--save 900 1"], ["--save", "900", "x"], ["--save", "900"], ["--save", "900", "1 2"], ["--save", "0", "1"], ["--SAVE", ""],
    ["--timeout"], ["--timeout", "--tcp-keepalive", "5"], ["--timeout", "x"], ["--timeout", "-1"], ["--timeout", "5", "6"],
    ["--timeout 4"], ["--timeout 4", "--tcp-keepalive", "5"], ["--timeout 4 --tcp-keepalive 5"], ["--timeout=4"], ["--TIMEOUT", "4"],
    ["--maxmemory", "100mb"], ["--maxmemory", "100 mb"], ["--maxmemory", "1tb"], ["--maxmemory", ""], ["--databases", "0"],
    ["--client-output-buffer-limit", "normal", "1mb", "1mb", "5"], ["--client-output-buffer-limit", "normal 1mb 1mb 5"],
    ["--client-output-buffer-limit", "normal", "1mb"], ["--client-output-buffer-limit", "nobody", "1", "2", "3"],
    ["--nosuch"], ["--nosuch", "x"], ["nosuch"], ["--rename-command", "GET", ""], ["--rename-command", "NOSUCH", "x"],
    ["--proc-title-template", "--my--title--template {port}"], ["--proc-title-template", "{title}"],
    ["--proc-title-template", "--x", "y"], ["--loglevel", "verbose"], ["--loglevel", ""], ["--notify-keyspace-events", "KEA"],
    ["--notify-keyspace-events", ""], ["--notify-keyspace-events", "q"], ["--appendonly", "maybe"], ["--logfile", ""],
    ["--latency-tracking-info-percentiles", "50", "99.9"], ["--latency-tracking-info-percentiles", "50 99.9"],
    ["--latency-tracking-info-percentiles", "101"], ["--shutdown-on-sigterm", "save", "now"], ["--shutdown-on-sigterm", "save now"],
    ["--shutdown-on-sigterm", "save", "nosave"], ["--oom-score-adj-values", "1", "2", "3"], ["--oom-score-adj-values", "1 2 3"],
    ["--oom-score-adj-values", "1"], ["--replicaof", "no", "one"], ["--slaveof", "NO", "ONE"], ["--replicaof", "127.0.0.1"],
    ["--requirepass"], ["--user", "alice", "on", "nopass"], ["--user", "alice", "on", "--user", "bob", "off"],
    ["--user", "alice on nopass"], ["--user"], ["--include", "FILE"], ["--include"], ["--include", "FILE", "x"], ["--"],
    ["--", "x"], [""], ["--unixsocketperm", "777"], ["--unixsocketperm", "999"], ["--port", "70000"], ["--port", "x"],
    ["--bind", "1.2.3.4"], ["--bind", "nosuch.invalid"], ["--unixsocket", "a.sock", "--unixsocketperm", "700"],
    ["--maxmemory-clients", "5%"], ["--maxmemory-clients", "101%"], ["--cluster-announce-hostname", "a b"], ["--dbfilename", "a/b"],
    ["--appendfilename", "a/b"], ["--appenddirname", ""], ["--syslog-facility", "nosuch"], ["--supervised", "nosuch"],
    ["--aclfile", "FILE-none"], ["--list-max-ziplist-size", "-2"], ["--hash-max-listpack-entries", "x"],
]
FILES = [
    "", "\n\n# only a comment\n", "timeout 5", "timeout 5\n", "timeout 5\r\n", "  timeout   5  \n", "\ttimeout\t5\n", "TimeOut 5\n",
    "timeout 5 # five\n", "timeout\n", "timeout \"5\"\n", "timeout '5'\n", "timeout \"5\n", "timeout 5\"\n", "nosuch 1\n",
    "timeout 1\nnosuch 1\n", "save 900 1\nsave 300 10\n", "save \"900 1\"\n", "save ''\n", "save \"\"\nsave 60 5\n", "save\n",
    "maxmemory 1GB\n", "maxmemory 1g\n", "maxmemory \"1 g\"\n", "user alice on >x ~* +@all\n", "user alice on\nuser alice off\n",
    "user alice +nosuch\n", "user alice (~a +get) on\n", "user \"alice\" on\n", "user alice (~a +get\n", "user a\"b on\n",
    "include FILE\n", "include FILE\ninclude FILE\n", "include nosuch\n", "include FILE*\n", "include none*\n", "include\n",
    "rename-command GET \"\"\n", "rename-command GET hidden\n", "rename-command GET\n", "rename-command GET SET\n",
    "client-output-buffer-limit normal 1mb 1mb 5\nclient-output-buffer-limit pubsub 2mb 2mb 6\n", "proc-title-template \"{title} x\"\n",
    "notify-keyspace-events \"\"\n", "notify-keyspace-events Ex\n", "latency-tracking-info-percentiles 50 99\n", "bind 127.0.0.1 ::1\n",
    "slaveof no one\n", "replicaof NO ONE\n", "list-max-ziplist-entries 5\n", "hash-max-ziplist-entries 64\n", "loglevel warning\n",
    "daemonize no\n", "always-show-logo yes\n", "appendonly yes\nappendonly no\n", "timeout 5" + " " * 2000 + "\n", "\xef\xbb\xbftimeout 5\n",
    "\\x74imeout 5\n", "timeout \\x35\n", "timeout \"\\x35\"\n", "activerehashing yes\ndynamic-hz no\nhz 50\n", "tls-port 0\n",
    "cluster-enabled no\n", "enable-debug-command local\n", "io-threads 4\nio-threads-do-reads yes\n", "lfu-log-factor 10\n",
]
INCLUDED = "tcp-keepalive 77\n"

# (words or text): why it differs.
KNOWN = {
    ("--databases", "0"): "there are sixteen at the most",
    ("--loglevel", ""): "newer versions know nothing",
    ("--notify-keyspace-events", "q"): "newer versions have the classes n, o and c",
    ("--include",): "likewise, and with the line",
    "include nosuch\n": "it says where",
    "user alice (~a +get\n": "Redis 7.0 says it of another user and another rule",
}


class Outcome:
    def __init__(self, values, reason):
        self.values, self.reason = values, reason  # one of them

    def __eq__(self, other):
        return self.values == other.values and self.reason == other.reason

    def __str__(self):
        return f"does not start: {self.reason}" if self.values is None else f"starts: {self.values}"


def settings(client, port):
    values = {}
    for name in SHOWN:
        reply = client.ask("CONFIG", "GET", name).value
        values[name] = re.sub(rf"\b{port}\b", "PORT", reply[1].value.decode()) if reply else None
    values["users"] = [item.value.decode() for item in client.ask("ACL", "USERS").value]
    values["renamed"] = [item.value is not None for item in client.ask("COMMAND", "INFO", "GET", "hidden").value]
    return values


def reason_of(output):
    """What stands behind the offending line, if it is a fault of the configuration; else only that there is one."""
    lines = [line for line in output.splitlines() if line]
    if "FATAL CONFIG FILE ERROR" in output and lines:
        return lines[-1]
    return "another reason"


def start(binary, folder, port, words):
    process = subprocess.Popen([binary, *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline and process.poll() is None:
            try:
                return Outcome(settings(Client(port, 5), port), None)
            except (OSError, Closed, TimedOut):
                time.sleep(LOOK_SECONDS)  # between two looks; the deadline bounds them
        if process.poll() is None:
            return Outcome(None, "it does not answer")
        return Outcome(None, reason_of(process.communicate()[0].decode(errors="replace")))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def outcome(binary, words, text):
    """Of a command line, or of a file."""
    with tempfile.TemporaryDirectory(prefix="sluice-start-") as folder:
        port = free_port()
        included = os.path.join(folder, "included.conf")
        pathlib.Path(included).write_text(INCLUDED)
        if text is None:
            words = [word.replace("FILE", included) for word in words]
            has_port = "--port" in words
            return start(binary, folder, port, [*([] if has_port else ["--port", str(port)]), "--save", "", *GIVEN_ELSE, *words])
        path = os.path.join(folder, "server.conf")
        pathlib.Path(path).write_text(f"port {port}\nsave \"\"\nbind 127.0.0.1\nappendonly no\n" + text.replace("FILE", included))
        return start(binary, folder, port, [path])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=os.environ.get("SLUICE_SERVER", str(ROOT / "build/sluice-server")))
    binary = os.path.abspath(parser.parse_args().server)
    faults = 0
    for words, text in [(words, None) for words in LINES] + [([], text) for text in FILES]:
        theirs, ours = outcome(REDIS, words, text), outcome(binary, words, text)
        if theirs != ours and (tuple(words) if text is None else text) not in KNOWN:
            faults += 1
            print(f"{words if text is None else text!r}\n  redis : {theirs}\n  sluice: {ours}")
    print(f"{len(LINES)} command lines and {len(FILES)} files, {faults} differences")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
