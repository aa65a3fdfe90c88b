# SPDX-License-Identifier: MIT
"""A server for a Python test: on a free loopback port, in a temporary directory, ended by its process ID and
no other way.

    with Server.sluice(path) as server: ...        the one under test
    with Server.redis() as oracle: ...             Debian's redis-server
    with Server.under_test(path) as server: ...    either, as the path says
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from resp import Client, Closed, TimedOut

ROOT = pathlib.Path(__file__).resolve().parents[2]
REDIS = "/usr/bin/redis-server"
START_SECONDS = 20
START_ATTEMPTS = 5
LOOK_SECONDS = 0.01


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, name, command):
        self.name, self.command = name, command
        self.directory = tempfile.mkdtemp(prefix=f"sluice-test-{name}-")
        self.process = None
        self.port = None

    @classmethod
    def sluice(cls, path=None, *options):
        path = path or os.environ.get("SLUICE_SERVER") or ROOT / "build/sluice-server"
        return cls("sluice", [str(path), "--enable-debug-command", "local", *options]).start()

    @classmethod
    def redis(cls, *options):
        # hz: a blocked client of an idle Redis is timed out at the next of so many ticks a second.
        return cls("redis", [REDIS, "--save", "", "--hz", "500", "--enable-debug-command", "local", *options]).start()

    @classmethod
    def under_test(cls, path=None, *options):
        path = path or os.environ.get("SLUICE_SERVER")
        is_redis = path and os.path.realpath(path) == os.path.realpath(REDIS)
        return cls.redis(*options) if is_redis else cls.sluice(path, *options)

    def start(self):
        """Another process may take the free port first: then with another one. `{dir}/name` in the command is a file
        in its directory, empty at first."""
        command = [self._file(word) if word.startswith("{dir}/") else word for word in self.command]
        for _ in range(START_ATTEMPTS):
            self.port = self.port or free_port()
            with open(self.output_path, "ab") as output:
                self.process = subprocess.Popen(command + self._place(), stdin=subprocess.DEVNULL, stdout=output,
                                                stderr=subprocess.STDOUT)
            if self._answers():
                return self
            self.port = None
        raise RuntimeError(f"{self.name} did not start: {self.output()[-2000:]}")

    def _place(self):
        return ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.directory]

    def _file(self, word):
        path = pathlib.Path(word.replace("{dir}", self.directory))
        path.touch()
        return str(path)

    @property
    def output_path(self):
        return os.path.join(self.directory, "output.txt")

    def output(self):
        return pathlib.Path(self.output_path).read_text(errors="replace")

    def client(self, timeout=10.0):
        return Client(self.port, timeout)

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        """As a crash: no time to say goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self):
        """Returns the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"{self.name} did not end on SIGTERM") from None

    def close(self):
        if self.process and self.alive():
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _answers(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.alive():
            try:
                client = self.client(timeout=1)
                reply = client.ask("PING")
                client.close()
                if not reply.value.startswith(b"LOADING"):  # any other answer, also NOAUTH, is a server that is up
                    return True
            except (OSError, Closed, TimedOut):
                pass
            time.sleep(LOOK_SECONDS)  # between two looks; the deadline bounds them
        if self.alive():
            self.kill()
        return False
