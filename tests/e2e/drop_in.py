#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What starts a redis-server starts this server: Debian's redis.conf, the forms of the command line, includes, a service
manager; and CONFIG REWRITE leaves the file a person's file.

What must stay true: nothing sleeps; every wait has a bound; processes are ended by their number.
"""
import argparse
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from resp import Client, Closed, TimedOut  # noqa: E402
from servers import LOOK_SECONDS, ROOT, free_port  # noqa: E402

DEBIAN_CONF = pathlib.Path("/etc/redis/redis.conf")
SECONDS_MAX = 30


class Started:
    """The binary with these words, in a directory of its own."""

    def __init__(self, binary, folder, words, stdin=b"", environment=None):
        self.output = os.path.join(folder, "output.txt")
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen([binary, *words], cwd=folder, stdin=subprocess.PIPE, stdout=output,
                                            stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})})
        self.process.stdin.write(stdin)
        self.process.stdin.close()

    def text(self):
        return pathlib.Path(self.output).read_text(errors="replace")

    def client(self, port):
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                client = Client(port, 5)
                client.ask("PING")
                return client
            except (OSError, Closed, TimedOut):
                time.sleep(LOOK_SECONDS)  # between two looks; the deadline bounds them
        raise AssertionError(f"it does not answer: {self.text()[-2000:]}")

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(SECONDS_MAX)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def expect(condition, what, *shown):
    if not condition:
        raise AssertionError(f"{what}: {shown}")


def value(client, name):
    return client.ask("CONFIG", "GET", name).value[1].value.decode()


def check_debian_configuration(binary, folder):
    port = free_port()
    words = [str(DEBIAN_CONF), "--port", str(port), "--dir", folder, "--daemonize", "no", "--logfile", "", "--pidfile", "",
             "--save", "", "--appendonly", "yes", "--list-compress-depth", "1"]
    with Started(binary, folder, words) as server:
        client = server.client(port)
        expect(value(client, "appendonly") == "yes", "the command line wins")
        expect(value(client, "save") == "", "an empty word")
        expect(value(client, "tcp-backlog") == "511", "the file is read")
        client.ask("SET", "key", "value")
        expect(server.end() == 0, "SIGTERM ends it well")
        notices = [line for line in server.text().splitlines() if "does nothing here" in line]
        names = [line.split("'")[1] for line in notices]
        expect(names == ["list-compress-depth"], "one notice for each directive", notices)
    with Started(binary, folder, words) as server:
        expect(server.client(port).ask("GET", "key").value == b"value", "and what was set is there again")


def check_standard_input(binary, folder):
    port = free_port()
    with Started(binary, folder, ["-", "--maxclients", "55"], f"port {port}\nmaxclients 44\ntimeout 7\n".encode()) as server:
        client = server.client(port)
        expect((value(client, "maxclients"), value(client, "timeout")) == ("55", "7"), "standard input, then the words")


def check_includes(binary, folder):
    port = free_port()
    for name, text in (("10.conf", "timeout 1\nmaxclients 60\n"), ("20.conf", "timeout 2\n")):
        pathlib.Path(folder, name).write_text(text)
    pathlib.Path(folder, "main").write_text(f'port {port}\ninclude "{folder}/*.conf"\ninclude {folder}/none-*\n')
    pathlib.Path(folder, "last").write_text("timeout 3\n")
    with Started(binary, folder, ["main", "--include", f"{folder}/last"]) as server:
        client = server.client(port)
        expect((value(client, "maxclients"), value(client, "timeout")) == ("60", "3"), "in order")


def check_refusals(binary, folder):
    for text, why in (("port 1\nnosuch 1\n", "at line 2\n>>> 'nosuch 1'\nBad directive or wrong number of arguments"),
                      ('requirepass "x\n', "at line 1\n>>> 'requirepass \"x'\nUnbalanced quotes in configuration line"),
                      ("appendonly maybe\n", "at line 1\n>>> 'appendonly maybe'\nargument must be 'yes' or 'no'"),
                      ("loadmodule /tmp/x.so\n", "at line 1\n>>> 'loadmodule /tmp/x.so'\n"),
                      ("rename-command nosuch x\n", "No such command in rename-command"),
                      ("include /none\n", "at line 1\n>>> 'include /none'\nFatal error, can't open config file '/none'")):
        done = subprocess.run([binary, "-"], input=text.encode(), cwd=folder, capture_output=True, timeout=SECONDS_MAX,
                              check=False)
        expect(done.returncode == 1 and why in done.stderr.decode(), text, done)
        expect("*** FATAL CONFIG FILE ERROR" in done.stderr.decode(), "as Redis begins it", done)


def check_rewrite(binary, folder):
    port = free_port()
    path = pathlib.Path(folder, "mine.conf")
    path.write_text(f"# mine\nport {port}\n\ntimeout 5 \n# the end\n")
    path.chmod(0o640)
    with Started(binary, folder, ["mine.conf"]) as server:
        client = server.client(port)
        client.ask("CONFIG", "SET", "timeout", "0", "slowlog-max-len", "9")
        expect(client.ask("CONFIG", "REWRITE").value == b"OK", "CONFIG REWRITE")
        text = path.read_text()
        expect(text.startswith(f"# mine\nport {port}\n\ntimeout 0\n# the end\n# Generated by CONFIG REWRITE\n"), "kept", text)
        expect("\nslowlog-max-len 9\n" in text and f'\ndir {folder}\n' in text, "added", text)
        expect(path.stat().st_mode & 0o777 == 0o640, "its permissions stay", oct(path.stat().st_mode))
        client.ask("ACL", "SETUSER", "alice", "on", ">secret", "~a*", "+get")
        expect(client.ask("CONFIG", "REWRITE").value == b"OK", "with a user")
        expect("\nuser alice on #" in path.read_text() and "user default" not in path.read_text(), "users", path.read_text())
        path.write_text("")
        path.unlink()
        expect(client.ask("CONFIG", "REWRITE").value == b"OK" and path.exists(), "a file that is gone is made again")


def check_manager(binary, folder):
    port = free_port()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = os.path.join(folder, "notify")
        manager.bind(path)
        manager.settimeout(SECONDS_MAX)
        words = ["--port", str(port), "--supervised", "systemd", "--daemonize", "yes"]
        with Started(binary, folder, words, environment={"NOTIFY_SOCKET": path}) as server:
            expect("READY=1" in manager.recv(4096).decode(), "it says that it is ready")
            info = server.client(port).ask("INFO", "server").value.decode()
            expect("process_supervised:systemd\r\n" in info, "INFO", info)
            expect(f"process_id:{server.process.pid}\r\n" in info, "it stays in the foreground for its manager", info)
            expect(server.end() == 0, "its end")
            expect("STOPPING=1" in manager.recv(4096).decode(), "it says that it ends")


def check_signals(binary, folder):
    port = free_port()
    with Started(binary, folder, ["--port", str(port), "--pidfile", "server.pid"]) as server:
        client = server.client(port)
        for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGALRM):
            server.process.send_signal(number)
            expect(client.ask("PING").value == b"PONG", "ignored", number)
        expect(pathlib.Path(folder, "server.pid").read_text().strip() == str(server.process.pid), "the pid file")
        expect(server.end(signal.SIGINT) == 0, "SIGINT")
        expect(not pathlib.Path(folder, "server.pid").exists(), "the pid file goes")


def give(server, number):
    """Sends a signal, and waits until the process has been interrupted by it, so that the next one is another."""
    server.process.send_signal(number)
    bit = 1 << (number - 1)
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        pending = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd"))]
        if not any(mask & bit for mask in pending):
            return
        time.sleep(LOOK_SECONDS)  # between two looks; the deadline bounds them
    raise AssertionError(f"signal {number} is not taken")


def check_signals_twice(binary, folder):
    """While the server cannot look at them, because a command keeps it busy."""
    for numbers, code in (((signal.SIGTERM, signal.SIGTERM), 0), ((signal.SIGINT, signal.SIGINT), 1),
                          ((signal.SIGTERM, signal.SIGINT), 1), ((signal.SIGINT, signal.SIGTERM), 0)):
        port = free_port()
        with Started(binary, folder, ["--port", str(port), "--enable-debug-command", "yes"]) as server:
            client = server.client(port)
            client.send("DEBUG", "SLEEP", "1")
            expect(client.poll() is None, "it is busy")
            for number in numbers:
                give(server, number)
            ended = server.process.wait(SECONDS_MAX)
            expect(ended == code, f"signals {numbers}", ended, server.text())


def check_restart(binary, folder):
    """DEBUG RESTART and CRASH-AND-RECOVER begin the same process anew, with the same words."""
    port = free_port()
    pathlib.Path(folder, "server.conf").write_text(f"port {port}\nenable-debug-command yes\nappendfsync always\n")
    with Started(binary, folder, ["server.conf", "--timeout", "9"]) as server:
        for command, number in (("RESTART", 1), ("CRASH-AND-RECOVER", 2)):
            client = server.client(port)
            run_id = [line for line in client.ask("INFO", "server").value.splitlines() if line.startswith(b"run_id")]
            client.ask("INCR", "times")
            client.ask("CONFIG", "SET", "maxclients", 50 + number)
            client.send("DEBUG", command, "1")
            try:
                raise AssertionError(f"{command} replied {client.receive()}")
            except Closed:
                pass
            client = server.client(port)
            expect(client.ask("GET", "times").value == str(number).encode(), "what was set is there", command)
            expect(value(client, "timeout") == "9", "the same words", command)
            expect(value(client, "maxclients") == "51", "RESTART has written the configuration, the other has not", command)
            again = [line for line in client.ask("INFO", "server").value.splitlines() if line.startswith(b"run_id")]
            expect(run_id != again and server.process.poll() is None, "another run of the same process", command)


def check_unit(binary, folder):
    """systemd finds no fault with the unit."""
    if not shutil.which("systemd-analyze"):
        print("        (there is no systemd-analyze here)")
        return
    text = (ROOT / "conf/sluice.service").read_text().replace("/usr/local/bin/sluice-server", binary)
    unit = pathlib.Path(folder, "sluice.service")
    unit.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, timeout=SECONDS_MAX, check=False)
    faults = [line for line in (done.stdout + done.stderr).decode().splitlines() if "sluice.service" in line]
    expect(binary in text and done.returncode == 0 and not faults, "systemd-analyze verify", done)


def check_config_in_full(binary, folder):
    """DEBUG CONFIG-REWRITE-FORCE-ALL writes every directive, and the server starts with the file."""
    port = free_port()
    path = pathlib.Path(folder, "server.conf")
    path.write_text(f"port {port}\nenable-debug-command yes\n# mine\n")
    with Started(binary, folder, ["server.conf"]) as server:
        client = server.client(port)
        expect(client.ask("DEBUG", "CONFIG-REWRITE-FORCE-ALL").value == b"OK", "it is written")
        before = client.ask("CONFIG", "GET", "*")
        expect(server.end() == 0, "its end")
    text = path.read_text()
    expect("# mine\n" in text and "\nhz 10\n" in text and "\ntimeout 0\n" in text, "all of them", text)
    with Started(binary, folder, ["server.conf"]) as server:
        expect(server.client(port).ask("CONFIG", "GET", "*") == before, "the same settings")


CHECKS = [check_debian_configuration, check_standard_input, check_includes, check_refusals, check_rewrite, check_manager,
          check_signals, check_signals_twice, check_restart, check_unit, check_config_in_full]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default=str(ROOT / "build/sluice-server"))
    binary = os.path.abspath(parser.parse_args().server)
    failed = 0
    for check in CHECKS:
        with tempfile.TemporaryDirectory(prefix="sluice-drop-in-") as folder:
            try:
                check(binary, os.path.realpath(folder))
                print(f"ok      {check.__name__}")
            except (AssertionError, OSError, subprocess.TimeoutExpired) as fault:
                failed += 1
                print(f"FAILED  {check.__name__}: {fault}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
