#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CONFIG SET port and bind while the server runs: it listens where it is told, its clients stay, and what cannot be had
changes nothing; CONFIG SET maxclients asks the system for room.

What must stay true: nothing sleeps; the ports are free ones of the loopback.
"""
import argparse
import pathlib
import resource
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from resp import show  # noqa: E402
from servers import Server, free_port  # noqa: E402

FAILED = '-"ERR CONFIG SET failed (possibly related to argument \'{}\') - {}"'


def expect(condition, what, *shown):
    if not condition:
        raise AssertionError(f"{what}: {shown}")


def answers(port, host="127.0.0.1"):
    try:
        with socket.create_connection((host, port), timeout=5) as knock:
            knock.sendall(b"PING\r\n")
            return knock.recv(100) == b"+PONG\r\n"
    except OSError:
        return False


def value(client, name):
    return client.ask("CONFIG", "GET", name).value[1].value.decode()


def check_port(server):
    client = server.client()
    old, new = server.port, free_port()
    expect(show(client.ask("CONFIG", "SET", "port", new)) == '+"OK"', "another port")
    expect(answers(new) and not answers(old), "it listens there, and no more here")
    expect(client.ask("PING").value == b"PONG", "who was connected still is")
    expect(f"tcp_port:{new}\r\n" in client.ask("INFO", "server").value.decode(), "INFO knows")
    expect(show(client.ask("CONFIG", "SET", "port", "0")) == '+"OK"', "no port at all")
    expect(not answers(new) and client.ask("PING").value == b"PONG", "nobody comes in, those who are in stay")
    expect(show(client.ask("CONFIG", "SET", "port", old)) == '+"OK"', "and back")
    expect(answers(old), "it listens again")


def check_taken_port(server):
    client = server.client()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        reply = show(client.ask("CONFIG", "SET", "timeout", "7", "port", taken))
        expect(reply == FAILED.format("port", "Unable to listen on this port. Check server logs."), "a taken port", reply)
    expect(value(client, "port") == str(server.port) and value(client, "timeout") == "0", "nothing has changed")
    expect(answers(server.port), "the old one is listened on")


def check_bind(server):
    client = server.client()
    for addresses, here, there in (("127.0.0.1 127.0.0.2", True, True), ("127.0.0.2", False, True), ("127.0.0.1", True, False),
                                   ("* -::*", True, True), ("127.0.0.1 -1.2.3.4", True, False), ("", False, False),
                                   ("127.0.0.1", True, False)):
        expect(show(client.ask("CONFIG", "SET", "bind", addresses)) == '+"OK"', "other addresses", addresses)
        expect(value(client, "bind") == addresses, "CONFIG GET", addresses)
        expect((answers(server.port), answers(server.port, "127.0.0.2")) == (here, there), "where it listens", addresses)
    for addresses in ("127.0.0.2 1.2.3.4", "127.0.0.2 127.0.0.2", "127.0.0.2  127.0.0.3"):
        reply = show(client.ask("CONFIG", "SET", "bind", addresses))
        expect(reply == FAILED.format("bind", "Failed to bind to specified addresses."), addresses, reply)
        expect(value(client, "bind") == "127.0.0.1", "as it was", addresses)
        expect(answers(server.port) and not answers(server.port, "127.0.0.2"), "where it listens", addresses)
    reply = show(client.ask("CONFIG", "SET", "bind", " ".join(["127.0.0.1"] * 17)))
    expect(reply == FAILED.format("bind", "Too many bind addresses specified."), "seventeen", reply)


def check_room_for_clients(server):
    client = server.client()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most == resource.RLIM_INFINITY or most > 1_000_000:
        print("        (the system has room for any number of clients)")
        return
    reply = show(client.ask("CONFIG", "SET", "maxclients", most + 1000))
    text = "The operating system is not able to handle the specified number of clients, try with "
    expect(reply.startswith(FAILED.format("maxclients", text)[:-1]), "more clients than files", reply)
    room = reply[len(FAILED.format("maxclients", text)) - 1:-1]
    expect(value(client, "maxclients") == "10000", "as it was")
    expect(show(client.ask("CONFIG", "SET", "maxclients", room)) == '+"OK"', "as many as it says", room)
    expect(show(client.ask("CONFIG", "SET", "maxclients", "10000")) == '+"OK"', "fewer")


CHECKS = [check_port, check_taken_port, check_bind, check_room_for_clients]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server")
    options = parser.parse_args()
    failed = 0
    for check in CHECKS:
        with Server.under_test(options.server) as server:
            try:
                check(server)
                print(f"ok      {check.__name__}")
            except (AssertionError, OSError) as fault:
                failed += 1
                print(f"FAILED  {check.__name__}: {fault}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
