#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The main job on real input: some thousand files of this machine go through a queue, and two deaths do not
show.

    tests/e2e/main_job.py [--server PATH] [--files N] [--ioredis]

    redis-cli LPUSH ──┐                       ┌─► worker 1   sha256, QACK
                      ├─► sluice: list "jobs" ├─► worker 2   one first attempt in ten: QNACK FAIL
    redis-py LPUSH ───┘   QPOLICY, fsync      ├─► worker 3   poison: QNACK FAIL, every time
    (--ioredis: that)     always              └─► worker 4   SIGKILLed while it holds leases
                          SIGKILLed half way

Each worker keeps a journal; in the end the journals, the dead-letter stream and the checksums that this
process computed itself have to agree (job_checks.py). Needs Debian's python3-redis. Exit code 77: --ioredis,
but it is not installed. """
import argparse
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import job_checks
import job_rules
from job_rules import POLICY, QUEUE, is_poison
from journaled import Journaled
from resp import Client
from servers import Server
from waiting import SKIPPED, Failed, check_restart, missing_npm, wait_until

FILES = 3000
FILES_MIN = 500
FILE_BYTES_MAX = 1 << 20
FILE_BYTES_SUM_MAX = 64 << 20
WORKERS = 4
HANG_AFTER_BATCHES = 3
REDIS_CLI_WORDS = 200


# --- Input


def input_files(count):
    """path -> sha256, of regular files that can be read; the same ones in every run on a machine."""
    checksums, size = {}, 0
    for top in ("/usr/share/doc", "/usr/share"):
        for directory, directories, names in os.walk(os.fsencode(top)):
            directories.sort()
            for name in sorted(names):
                path = os.path.join(directory, name)
                if len(checksums) == count or size > FILE_BYTES_SUM_MAX:
                    return checksums
                if path in checksums or b"\n" in path or os.path.islink(path) or not os.path.isfile(path):
                    continue
                if os.path.getsize(path) > FILE_BYTES_MAX or not os.access(path, os.R_OK):
                    continue
                with open(path, "rb") as file:
                    checksums[path] = hashlib.file_digest(file, "sha256").hexdigest()
                size += os.path.getsize(path)
    return checksums


# --- Producers


def produce_by_redis_cli(port, paths):
    """Half in pipe mode, half as words of a command line. Returns how many the server says it took."""
    middle = len(paths) // 2
    pipe = b"".join(b"*3\r\n$5\r\nLPUSH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(QUEUE), QUEUE.encode(), len(path), path)
                    for path in paths[:middle])
    done = subprocess.run(["redis-cli", "-p", str(port), "--pipe"], input=pipe, capture_output=True, timeout=60,
                          check=True)
    if f"errors: 0, replies: {middle}".encode() not in done.stdout:
        raise Failed(f"redis-cli --pipe: {done.stdout!r}")
    for at in range(middle, len(paths), REDIS_CLI_WORDS):
        words = [b"LPUSH", QUEUE.encode()] + paths[at:min(at + REDIS_CLI_WORDS, len(paths))]
        done = subprocess.run([b"redis-cli", b"-p", b"%d" % port, *words], capture_output=True, timeout=60, check=True)
        if not done.stdout.strip().isdigit():
            raise Failed(f"redis-cli LPUSH: {done.stdout!r}")


def start_producer(command, port, paths):
    process = subprocess.Popen([*command, str(port), QUEUE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"\n".join(paths))
    process.stdin.close()
    return process


def finish_producer(process, paths):
    output = process.stdout.read().strip()
    if process.wait(60) != 0 or output != b"%d" % len(paths):
        raise Failed(f"a producer ended with {process.returncode}: {output!r}")


# --- Workers and their journals


class WorkerProcess(Journaled):
    def __init__(self, number, port, directory, hang_after=None):
        self.name = f"worker-{number}"
        hang = ["--hang-after", str(hang_after)] if hang_after else []
        super().__init__(self.name, directory, lambda journal: [
            sys.executable, str(HERE / "job_worker.py"), self.name, str(port), journal, *hang])


def finished(workers):
    return sum(1 for worker in workers for note in worker.notes() if note["what"] == "acked" and note["answer"] == 1)


def depths(client):
    info = client.ask("QINFO", QUEUE).value
    fields = {info[at].value: info[at + 1] for at in range(0, len(info), 2)}
    return [int(fields[name].value) for name in (b"ready", b"delayed", b"leased")]


# --- The job


class Phases:
    """How long each part took, to print."""

    def __init__(self):
        self.since, self.parts = time.monotonic(), []

    def end(self, name):
        now = time.monotonic()
        self.parts.append(f"{name} {now - self.since:.1f}")
        self.since = now


def run(server, directory, checksums, ioredis, phases):
    """Returns the journals, and which worker was killed."""
    paths = list(checksums)
    good = sum(1 for path in paths if not is_poison(path))
    control = server.client()
    if control.ask("QPOLICY", QUEUE, *POLICY).value != b"OK":
        raise Failed("QPOLICY was refused")

    workers = []
    try:
        workers = [WorkerProcess(number, server.port, directory, HANG_AFTER_BATCHES if number == WORKERS else None)
                   for number in range(1, WORKERS + 1)]
        middle = len(paths) // 2
        command = ["node", str(HERE / "producer_ioredis.js")] if ioredis else [
            sys.executable, str(HERE / "job_producer.py")]
        producer = start_producer(command, server.port, paths[middle:])
        produce_by_redis_cli(server.port, paths[:middle])
        finish_producer(producer, paths[middle:])
        phases.end("queued")

        victim = workers[-1]
        wait_until("a worker hangs with leases", victim.hangs)
        victim.kill()
        workers.append(WorkerProcess(WORKERS + 1, server.port, directory))

        phases.end("worker killed")

        wait_until("half of the files are done", lambda: finished(workers) >= good // 2)
        phases.end("half done")
        server.kill()
        server.start()
        phases.end("server killed and back")
        control.close()
        control = server.client()

        wait_until("the queue is empty", lambda: depths(control) == [0, 0, 0])
        for worker in workers:
            if worker is not victim:
                worker.end()
        phases.end("done")
        return {worker.name: worker.notes() for worker in workers}, victim.name
    finally:
        for worker in workers:
            if worker.process.poll() is None:
                worker.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=None, help="else $SLUICE_SERVER or build/sluice-server")
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--ioredis", action="store_true", help="the second producer is an ioredis client")
    options = parser.parse_args()
    if options.ioredis and (reason := missing_npm(HERE, "ioredis")):
        print(f"skipped: {reason}")
        return SKIPPED
    try:
        import redis
    except ImportError:
        print(f"redis-py is not installed for {sys.executable}: apt-get install python3-redis, and /usr/bin/python3")
        return 1

    checksums = input_files(options.files)
    if len(checksums) < FILES_MIN:
        print(f"only {len(checksums)} files below /usr/share")
        return 1
    start = time.monotonic()
    with Server.sluice(options.server, "--appendfsync", "always") as server, \
            tempfile.TemporaryDirectory(prefix="sluice-job-") as directory:
        try:
            phases = Phases()
            journals, victim = run(server, directory, checksums, options.ioredis, phases)
            dead = server.client().ask("XRANGE", f"{QUEUE}:dead", "-", "+").value
            numbers = job_checks.check(checksums, journals, victim, dead)
            numbers += job_checks.check_jitter(server.client())
            check_restart(server)
        except (Failed, job_checks.Disagreement, subprocess.SubprocessError) as failure:
            print(f"FAILED: {failure}")
            print("seconds: " + ", ".join(phases.parts))
            if not server.alive():
                print(server.output()[-3000:])
            return 1
    print(f"redis-py {redis.__version__}{', ioredis' if options.ioredis else ''}: {len(checksums)} files, "
          + ", ".join(numbers) + f", {time.monotonic() - start:.1f} s (" + ", ".join(phases.parts) + ")")
    return 0


if __name__ == "__main__":
    sys.exit(main())
