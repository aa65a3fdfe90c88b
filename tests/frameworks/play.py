# SPDX-License-Identifier: MIT
"""One framework played on one server: a producer and workers as their users run them, each a process of its own.

The adapter of a framework (adapters/) is two programs that are told by their environment

    REDIS_URL        the server
    PLAY_DIRECTORY   where the journal lies, and where a held job looks for its release

* The worker runs jobs {"id", "kind"} and notes each start and each end of one in the journal, a line of JSON each:
  {"what": "start" or "done", "id", "at": Unix milliseconds, "pid"}. What a job does is its kind:
      ok       ends at once           flaky    fails until it was started for the third time
      poison   fails each time        hold     ends when the release is there
* The producer reads requests, a line of JSON each, and answers each with a line: {"got": ...} or {"error": "..."}.
      hello                   the framework's version
      add {id, kind, delay}   adds a job; with a delay, in milliseconds, it is due only then
      dead                    the IDs of the jobs that have failed for good, sorted
      hasten                  only where retries wait too long for a test: lets them wait no longer
      recover                 only where a person or a timer has to ask for it: takes back the jobs of dead workers
      any other               a feature of this framework; what it answers is compared as it is """
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
import time
from collections import Counter

from waiting import CONDITION_SECONDS, Failed, wait_until

SUCCESS_JOBS = 10
ATTEMPTS = 3
CRASH_JOBS = 40
CRASH_DELAY_MS = 2000
SHOWN_MAX = 6000


def descendants(pid):
    """All processes below this one, whatever their session; a process that has ended is not among them."""
    children = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(after_name[1]), []).append(int(path.parent.name))
    found, new = [], [pid]
    while new:
        new = [child for parent in new for child in children.get(parent, [])]
        found += new
    return found


class Producer:
    def __init__(self, command, environment, errors):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                                        env=environment, text=True)
        self.answers = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put(None)

    def ask(self, do, **words):
        try:
            self.process.stdin.write(json.dumps({"do": do, **words}) + "\n")
            self.process.stdin.flush()
            line = self.answers.get(timeout=CONDITION_SECONDS)
        except (queue.Empty, OSError):
            line = None
        if line is None:
            raise Failed(f"the producer does not answer: {do} {words}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(f"the producer says to {do} {words}: {answer['error']}")
        return answer["got"]

    def finish(self):
        self.process.stdin.close()
        return self.process.wait(CONDITION_SECONDS)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Worker:
    def __init__(self, command, environment, output):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                        env=environment)

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        """As if its machine had died: with all the processes that it started."""
        for pid in [self.process.pid, *descendants(self.process.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def end(self, meanwhile=lambda: None):
        """Returns the exit code. `meanwhile` is done when the worker has been asked to end."""
        self.process.terminate()
        meanwhile()
        try:
            return self.process.wait(CONDITION_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failed("the worker does not end on SIGTERM") from None

    def close(self):
        if self.alive():
            self.kill()


class Play:
    def __init__(self, framework, server, directory):
        self.framework, self.server, self.directory = framework, server, pathlib.Path(directory)
        self.journal, self.release = self.directory / "journal", self.directory / "release"
        self.journal.touch()
        self.environment = {**os.environ, "REDIS_URL": f"redis://127.0.0.1:{server.port}",
                            "PLAY_DIRECTORY": str(directory), "PYTHONUNBUFFERED": "1"}
        self.output = open(self.directory / "output.txt", "ab")
        self.producer = Producer(framework.producer, self.environment, self.output)
        self.workers, self.restarted = [], 0

    def close(self):
        for process in [self.producer, *self.workers]:
            process.close()
        self.output.close()

    def shown(self):
        text = (self.directory / "output.txt").read_text(errors="replace")
        return text[-SHOWN_MAX:] + "\n" + "\n".join(str(note) for note in self.notes()[-20:])

    # --- What the scenarios are made of

    def start_worker(self):
        command = [word.replace("{url}", self.environment["REDIS_URL"]) for word in self.framework.worker]
        self.workers.append(Worker(command, self.environment, self.output))

    def worker(self):
        if not self.workers or not self.workers[-1].alive():
            self.start_worker()
        return self.workers[-1]

    def notes(self, what=None):
        with open(self.journal, encoding="utf-8") as file:
            # A line that is being written has no end yet.
            notes = [json.loads(line) for line in file if line.endswith("\n")]
        return [note for note in notes if what in (None, note["what"])]

    def times(self, what, names):
        """How often each of these jobs was started or done."""
        counts = Counter(note["id"] for note in self.notes(what))
        return {name: counts[name] for name in names}

    def wait_done(self, names):
        self._wait_working(f"{names} done", lambda: all(self.times("done", names).values()))

    def wait_started(self, names):
        self._wait_working(f"{names} started", lambda: all(self.times("start", names).values()))

    def _wait_working(self, what, condition):
        def holds():
            if condition():
                return True
            if not self.workers[-1].alive():
                raise Failed(f"the worker ended with {self.workers[-1].process.returncode} before this: {what}")
            return False
        wait_until(what, holds)

    def add(self, name, kind="ok", delay=0):
        self.producer.ask("add", id=name, kind=kind, delay=delay)

    # --- Scenarios: each returns what is compared between the servers

    def success(self):
        self.worker()
        names = [f"good{i}" for i in range(SUCCESS_JOBS)]
        for name in names:
            self.add(name)
        self.wait_done(names)
        return self.times("done", names)

    def retry(self):
        """Three attempts with a backoff between them: one job succeeds at the last, another never does."""
        self.worker()
        self.add("flaky", "flaky")
        self.add("poison", "poison")
        self._wait_working("the flaky one done, the poison dead", self._is_retried)
        starts = {name: [note["at"] for note in self.notes("start") if note["id"] == name]
                  for name in ("flaky", "poison")}
        backoff = self.framework.backoff_ms
        for name, at in starts.items():
            for before, after in zip(at, at[1:]):
                if after - before < backoff:
                    raise Failed(f"{name} was started again after {after - before} ms, not {backoff}: {at}")
        return {"starts": {name: len(at) for name, at in starts.items()}, "dead": self.producer.ask("dead")}

    def _is_retried(self):
        if self.framework.hasten:
            self.producer.ask("hasten")
        if not self.times("done", ["flaky"])["flaky"] or self.times("start", ["poison"])["poison"] < ATTEMPTS:
            return False  # in some frameworks a failed job is among the dead for a moment before it is tried anew
        return self.producer.ask("dead") == ["poison"]

    def delay(self):
        self.worker()
        delay = self.framework.delay_ms
        added = time.time() * 1000
        self.add("later", delay=delay)
        self.add("now")
        self.wait_done(["now", "later"])
        start = next(note["at"] for note in self.notes("start") if note["id"] == "later")
        if start - added < delay - self.framework.early_ms:
            raise Failed(f"a job delayed by {delay} ms was started after {start - added} ms")
        return self.times("done", ["now", "later"])

    def killed(self):
        """SIGKILL for a worker that holds a job."""
        worker = self.worker()
        self.add("orphan", "hold")
        self.wait_started(["orphan"])
        worker.kill()
        if self.framework.abandoned_ms:
            start = self.notes("start")[-1]["at"]
            wait_until("the job abandoned", lambda: time.time() * 1000 > start + self.framework.abandoned_ms)
        if self.framework.recover:
            self.producer.ask("recover")
        self.release.touch()
        self.start_worker()
        self.add("after the orphan")
        self.wait_done(["after the orphan"] if self.framework.running_is_lost else ["after the orphan", "orphan"])
        self.release.unlink()
        return {"starts": self.times("start", ["orphan"]), "done": self.times("done", ["orphan"])}

    def shutdown(self):
        """SIGTERM for a worker that holds a job: it ends the job, then itself. What is added meanwhile, the next one
        does; but not where what the one that ends is just fetching may be lost, or come back late."""
        worker = self.worker()
        self.add("last", "hold")
        self.wait_started(["last"])

        def meanwhile():
            if not self.framework.fetch_may_lose:
                self.add("next")
            self.release.touch()

        code = worker.end(meanwhile)
        self.release.unlink()
        if self.framework.fetch_may_lose:
            self.add("next")
        self.worker()
        self.wait_done(["last", "next"])
        return {"code": code, "done": self.times("done", ["last", "next"])}

    def crash(self):
        """SIGKILL for the server while jobs are added and run, and a new start on its data."""
        self.worker()
        names = [f"crash{i}" for i in range(CRASH_JOBS)]
        held = []
        if self.framework.fetch_may_lose:  # then all workers are busy
            held = [f"held{i}" for i in range(self.framework.slots)]
            for name in held:
                self.add(name, "hold")
            self.wait_started(held)
        added, fault = [], []
        adding = threading.Thread(target=self._add_in_spite_of_errors, args=(names, added, fault))
        adding.start()
        wait_until("half of the jobs added", lambda: fault or len(added) >= CRASH_JOBS / 2)
        if not held:
            wait_until("jobs done before the crash", lambda: fault or sum(self.times("done", names).values()) >= 5)
        self.server.kill()
        self.server.start()
        self.release.touch()
        adding.join()
        if fault:
            raise fault[0]
        self.restarted = time.time() * 1000
        wait_until("all jobs done", lambda: self._supervised(names + held))
        self.release.unlink()
        return {name: "done" for name in names + held}

    def _add_in_spite_of_errors(self, names, added, fault):
        for index, name in enumerate(names):
            delay = CRASH_DELAY_MS if index % 4 == 3 and self.framework.delay_ms else 0
            deadline = time.monotonic() + CONDITION_SECONDS
            while True:
                try:
                    self.add(name, delay=delay)
                    added.append(name)
                    break
                except Failed as error:
                    if "does not answer" in str(error) or time.monotonic() > deadline:
                        fault.append(error)
                        return
                    time.sleep(0.05)  # between two attempts; the deadline bounds them

    def _supervised(self, names):
        """Are all done? Meanwhile, as a supervisor would: a worker that has ended for want of a server is started anew,
        and where a framework takes back abandoned jobs at the start of a worker only, one that runs is restarted."""
        if all(self.times("done", names).values()):
            return True
        now = time.time() * 1000
        if self.framework.restart_ms and now > self.restarted + self.framework.restart_ms:
            self.workers[-1].end()
            self.restarted = now
        if not self.workers[-1].alive():
            if self.framework.recover:
                self.producer.ask("recover")
            self.start_worker()
        return False

    def feature(self, name):
        self.worker()
        return self.producer.ask(name)

    def end(self):
        return {"worker": self.worker().end(), "producer": self.producer.finish()}

    def scenarios(self):
        """The name of each, and how to play it."""
        yield "success", self.success
        yield "retry", self.retry
        if self.framework.delay_ms:
            yield "delay", self.delay
        for name in self.framework.features:
            yield name, lambda name=name: self.feature(name)
        yield "killed", self.killed
        yield "shutdown", self.shutdown
        yield "crash", self.crash
        yield "end", self.end
