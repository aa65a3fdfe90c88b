#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Scripts that do not end: others are told, and can end them; also a client that comes only then.

What must stay true: nothing sleeps for luck; a script is known to run when somebody is told BUSY.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from resp import Closed  # noqa: E402
from servers import Server  # noqa: E402
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from waiting import wait_until  # noqa: E402

OPTIONS = ("--busy-reply-threshold", "50", "--appendonly", "yes", "--appendfsync", "always")
BUSY = b"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."


def expect(condition, what, *shown):
    if not condition:
        raise AssertionError(f"{what}: {shown}")


def begin(server, script):
    """A client whose script runs, and one that connected after it had begun and was told so."""
    runner = server.client(timeout=90)
    runner.send("EVAL", script, "0")
    told = []

    def is_busy():
        other = server.client(timeout=90)
        told.append(other)
        return other.ask("GET", "k").value == BUSY

    wait_until("somebody is told that a script runs", is_busy)
    for other in told[:-1]:
        other.close()
    return runner, told[-1]


def check_kill(server):
    before = server.client()
    before.ask("PING")
    runner, other = begin(server, "while true do pcall(redis.call, 'get', 'k') end")
    expect(before.ask("SET", "k", "v").value == BUSY, "an older client, too")
    expect(before.ask("FUNCTION", "KILL").value == BUSY, "it is no function")
    expect(other.ask("MULTI").value == b"OK", "what touches no data goes on")
    expect(other.ask("GET", "k").value == BUSY, "but not what a transaction would do")
    expect(other.ask("EXEC").value.startswith(b"EXECABORT"), "nor the transaction")
    expect(other.ask("SCRIPT", "KILL").value == b"OK", "SCRIPT KILL")
    expect(b"Script killed by user with SCRIPT KILL" in runner.receive().value, "the runner is told")
    expect(before.ask("GET", "k").value is None, "all go on")


def check_unkillable(server):
    runner, other = begin(server, "redis.call('set', 'half', '1') while true do redis.call('get', 'half') end")
    expect(other.ask("SCRIPT", "KILL").value.startswith(b"UNKILLABLE"), "half of it must not stay")
    expect(other.ask("SHUTDOWN").value == BUSY, "an ordinary end has to wait")
    other.send("SHUTDOWN", "NOSAVE")
    for client in (other, runner):
        try:
            expect(False, "the end answers nothing", client.receive())
        except Closed:
            pass
    wait_until("the process ends", lambda: not server.alive())
    server.start()
    expect(server.client().ask("EXISTS", "half").value == b"0", "what the script had done is not in the log")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server")
    path = parser.parse_args().server
    with Server.under_test(path, *OPTIONS) as server:
        check_kill(server)
        check_unkillable(server)
    print("busy scripts: others were told, killed one, and ended the server under another")


if __name__ == "__main__":
    main()
