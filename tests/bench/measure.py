# SPDX-License-Identifier: MIT
"""Measures one server, or several side by side, on one case. Bare numbers come from here; `run` makes the table."""
import contextlib
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from servers import REDIS, Server  # noqa: E402

from cases import AHEAD, CONNECTIONS, GROUP, MEMORY_COUNT, OPERATIONS, TAKE, Take  # noqa: E402

LOAD_SECONDS = 120
# A round that is cut short says nothing, so no new one begins after this.
CASE_SECONDS = 50
ROUNDS_LEAST = 5
# Under callgrind: the difference of the two is what the operations took, without start, filling and end.
COUNTED_OPERATIONS = (2_000, 12_000)


class Failed(Exception):
    pass


class ServerUnderLoad(Server):
    def __init__(self, name, command):
        super().__init__(name, ["setsid", *command])  # a session of its own, for go_first()

    def start(self):
        super().start()
        self.go_first()
        return self

    def go_first(self):
        """Other work on the machine has to wait, as far as that is allowed: it is not what is measured."""
        with contextlib.suppress(OSError):
            pathlib.Path(f"/proc/{self.process.pid}/autogroup").write_text("-20")

    def clear(self):
        """As if it had just begun."""
        ask(self, "FLUSHALL")


class Beanstalkd(ServerUnderLoad):
    """Speaks its own protocol, and cannot forget: it begins anew, in an empty directory."""
    SYNC_MS = "1000"  # as appendfsync everysec

    def __init__(self, with_log):
        super().__init__("beanstalkd", ["beanstalkd"])
        self.with_log = with_log

    def clear(self):
        self.kill()
        for file in pathlib.Path(self.directory).iterdir():
            file.unlink()
        self.start()

    def _place(self):
        log = ["-b", self.directory, "-f", self.SYNC_MS] if self.with_log else []
        return ["-l", "127.0.0.1", "-p", str(self.port), *log]

    def _answers(self):
        deadline = time.monotonic() + LOAD_SECONDS
        while time.monotonic() < deadline and self.alive():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    connection.sendall(b"list-tubes\r\n")
                    if connection.recv(64).startswith(b"OK "):
                        return True
            except OSError:
                pass
            time.sleep(0.01)  # between two looks; the deadline bounds them
        return False


class Bench:
    """The servers to compare, by the same settings. `load` and `sluice` are paths of binaries."""

    def __init__(self, sluice, load, with_log):
        self.load_binary, self.with_log = load, with_log
        self.settings = ["--save", "", "--auto-aof-rewrite-percentage", "0",
                         "--appendonly", "yes" if with_log else "no", "--appendfsync", "everysec"]
        self.binaries = {"redis": REDIS, "sluice": str(sluice)}

    def cpu(self, case, pipeline, rounds):
        """By each server beside: medians of the rounds, and how far they spread."""
        taken = []
        with ExitStack() as stack:
            servers = [stack.enter_context(self.start(name)) for name in [*case.beside, "sluice"]]
            deadline = time.monotonic() + CASE_SECONDS
            while len(taken) < rounds and (len(taken) < ROUNDS_LEAST or time.monotonic() < deadline):
                results = {}
                for server in servers if len(taken) % 2 == 0 else reversed(servers):
                    results[server.name] = self._round(server, case, pipeline)
                taken.append(results)
        return {name: compare([(results[name], results["sluice"]) for results in taken]) for name in case.beside}

    def memory(self, case):
        """Bytes of used_memory per entry, by server."""
        return {name: self._bytes_each(name, case) for name in self.binaries}

    def instructions(self, case, pipeline):
        """User instructions per operation, by server, under callgrind."""
        return {name: self._instructions(name, case, pipeline) for name in self.binaries}

    def start(self, name, wrapper=()):
        if name == "beanstalkd":
            return Beanstalkd(self.with_log).start()
        return ServerUnderLoad(name, [*wrapper, self.binaries[name], *self.settings]).start()

    def load(self, server, connections, pipeline, requests, words):
        """Seconds of wall time."""
        protocol = ["--text"] if server.name == "beanstalkd" else []
        done = subprocess.run([self.load_binary, str(server.port), str(connections), str(pipeline), str(requests)] +
                              protocol + words, capture_output=True, text=True, timeout=LOAD_SECONDS)
        if done.returncode != 0:
            raise Failed(f"{server.name}: {' '.join(words)}: {done.stderr.strip()}")
        return float(done.stdout)

    def _prepare(self, server, case, operations):
        server.clear()
        side = case.side(server.name)
        for script in side.scripts:
            send(server, "SCRIPT", "LOAD", script)
        for step in side.before:
            if isinstance(step, str):
                ask(server, step)
            else:
                self.load(server, 1, 64, operations + AHEAD, step)
        taken = {Take.NOTHING: 0, Take.AHEAD: AHEAD, Take.ALL: operations}[case.take]
        if taken:
            self._take(server, taken)

    def _take(self, server, entries):
        self.load(server, 1, 1, -(-entries // AHEAD), TAKE)

    def _round(self, server, case, pipeline):
        self._prepare(server, case, OPERATIONS[pipeline])
        operations = case.operations(pipeline)
        words = case.side(server.name).words
        before = cpu_seconds(server)
        wall = self.load(server, CONNECTIONS[pipeline], pipeline, operations * requests_in(words), words)
        return Round((cpu_seconds(server) - before) / operations, wall / operations)

    def _bytes_each(self, name, case):
        with self.start(name) as server:
            self.load(server, 1, 1, 1, case.words)  # what the first request brings with it does not count
            ask(server, "FLUSHALL")
            before = used_memory(server)
            self.load(server, 4, 64, MEMORY_COUNT, case.words)
            if case.pending:
                before = used_memory(server)
                ask(server, GROUP)
                self._take(server, MEMORY_COUNT)
            return (used_memory(server) - before) / MEMORY_COUNT

    def _instructions(self, name, case, pipeline):
        directory = tempfile.mkdtemp(prefix="bench-callgrind-")
        try:
            few, many = (self._counted(name, case, pipeline, count, directory) for count in COUNTED_OPERATIONS)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        return (many - few) / (COUNTED_OPERATIONS[1] - COUNTED_OPERATIONS[0])

    def _counted(self, name, case, pipeline, operations, directory):
        profile = pathlib.Path(directory) / f"{name}.{operations}"
        wrapper = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}"]
        with self.start(name, wrapper) as server:
            self._prepare(server, case, COUNTED_OPERATIONS[1])
            words = case.side(name).words
            self.load(server, CONNECTIONS[pipeline], pipeline, operations * requests_in(words), words)
            server.terminate()
        totals = [int(line.split()[1]) for line in profile.read_text().splitlines()
                  if re.match(r"(totals|summary):", line)]
        if not totals:
            raise Failed(f"{name}: callgrind wrote no totals")
        return totals[-1]


class Round:
    """Seconds per operation."""

    def __init__(self, cpu, wall):
        self.cpu, self.wall = cpu, wall


def compare(pairs):
    """Rounds of another server and of Sluice."""
    low, middle, high = statistics.quantiles([theirs.cpu / ours.cpu for theirs, ours in pairs], n=4)
    return {"theirs": statistics.median(theirs.cpu for theirs, _ in pairs),
            "sluice": statistics.median(ours.cpu for _, ours in pairs),
            "ratio": middle, "quartiles": (low, high), "rounds": len(pairs),
            "throughput": statistics.median(theirs.wall / ours.wall for theirs, ours in pairs)}


def requests_in(words):
    return 1 + words.count(",")


def send(server, *words):
    client = server.client(timeout=LOAD_SECONDS)
    try:
        reply = client.ask(*words)
    finally:
        client.close()
    if reply.kind == "-":
        raise Failed(f"{server.name}: {' '.join(words)}: {reply.value}")
    return reply.value


def ask(server, line):
    return send(server, *line.split())


def cpu_seconds(server):
    """On-CPU nanoseconds of all its threads, as seconds. No thread of either server ends while it serves."""
    tasks = pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def used_memory(server):
    found = re.search(rb"^used_memory:(\d+)", ask(server, "INFO memory"), re.MULTILINE)
    if not found:
        raise Failed(f"{server.name} does not tell used_memory")
    return int(found[1])
