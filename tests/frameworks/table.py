# SPDX-License-Identifier: MIT
"""The frameworks: how each is run, and in what they differ. """
import dataclasses
import pathlib
import shutil
import subprocess
import typing

from waiting import missing_npm

HERE = pathlib.Path(__file__).resolve().parent
ADAPTERS = HERE / "adapters"
PYTHON = "/usr/bin/python3"  # Debian's: it has Debian's packages


@dataclasses.dataclass
class Framework:
    producer: list
    worker: list                          # "{url}" in it is the server
    missing: typing.Callable              # why it cannot be run here, or None
    features: tuple = ()                  # what the producer knows to do beyond the scenarios
    backoff_ms: int = 300                 # at least so long between two attempts
    delay_ms: int = 1000                  # of the delayed job; 0 where a framework has none
    early_ms: int = 0                     # where a framework rounds the time at which a job is due
    hasten: bool = False                  # whether the producer is asked to let retries not wait
    slots: int = 2                        # jobs at a time
    running_is_lost: bool = False         # by design: the job of a killed worker does not come back
    fetch_may_lose: bool = False          # by design: a job that is being fetched while the server dies
    abandoned_ms: int = 0                 # only then can a new worker find the job of a killed one
    recover: bool = False                 # whether the producer is asked to take it back
    restart_ms: int = 0                   # after a crash of the server a worker is restarted whenever this is over


def npm(package, adapter=None, words=(), **differences):
    def missing():
        return missing_npm(HERE, package)
    adapter = adapter or package.replace("-", "_")
    return Framework(producer=["node", str(ADAPTERS / f"{adapter}_producer.js"), package, *words],
                     worker=["node", str(ADAPTERS / f"{adapter}_worker.js"), package, *words],
                     missing=missing, **differences)


def python(module, worker, **differences):
    def missing():
        found = subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True, check=False)
        return None if found.returncode == 0 else f"Debian's python3-{module} is not installed"
    return Framework(producer=[PYTHON, str(ADAPTERS / f"{module}_producer.py")], worker=worker,
                     missing=missing, **differences)


def ruby(gem, producer, worker, **differences):
    def missing():
        if shutil.which("ruby") is None:
            return "there is no ruby"
        found = subprocess.run(["ruby", "-e", f"require '{gem}'"], capture_output=True, check=False)
        return None if found.returncode == 0 else f"Debian's ruby-{gem} is not installed"
    return Framework(producer=["ruby", str(ADAPTERS / producer)], worker=worker, missing=missing, **differences)


def php(name, folder, **differences):
    def missing():
        if shutil.which("php") is None:
            return "there is no php"
        lacks = [one for one in (folder, "Symfony/Component/EventDispatcher", "Illuminate/Events")
                 if not pathlib.Path("/usr/share/php", one).is_dir()]
        return f"Debian's packages for {lacks} are not installed" if lacks else None
    return Framework(producer=["php", str(ADAPTERS / f"{name}_producer.php")],
                     worker=["php", str(ADAPTERS / f"{name}_worker.php")], missing=missing, **differences)


BULLMQ = ("flow", "priorities", "repeat", "rate_limit", "deduplication", "management")
FRAMEWORKS = {
    "bullmq": npm("bullmq", features=BULLMQ),
    "bullmq5": npm("bullmq5", adapter="bullmq", features=BULLMQ),
    "bullmq-node-redis": npm("bullmq", adapter="bullmq", words=("node-redis",), features=BULLMQ),
    # Kombu looks for deliveries that timed out when a worker starts, and then only each 100 s or so.
    "celery": python("celery", [PYTHON, "-m", "celery", "--workdir", str(ADAPTERS), "-A", "celery_app", "worker",
                                "--concurrency", "2", "--loglevel", "INFO"],
                     features=("results", "canvas", "eta", "expiry", "remote_control"), abandoned_ms=6000,
                     restart_ms=7000, fetch_may_lose=True),
    # Times are kept in whole seconds. A dead worker's job is taken back a minute later, or when asked to.
    "rq": python("rq", ["/usr/bin/rq", "worker", "--url", "{url}", "--path", str(ADAPTERS), "--with-scheduler", "jobs"],
                 features=("results", "dependencies", "at_front", "scheduled", "worker_commands"), slots=1,
                 backoff_ms=0, delay_ms=2000, early_ms=1000, recover=True, fetch_may_lose=True),
    # Its retries wait for up to ten seconds of chance: they are hastened.
    "sidekiq": ruby("sidekiq-cron", "sidekiq_producer.rb",
                    ["sidekiq", "-r", str(ADAPTERS / "sidekiq_jobs.rb"), "-c", "2"],
                    features=("management", "dead_set", "heartbeat", "cron"), backoff_ms=0, hasten=True,
                    running_is_lost=True, fetch_may_lose=True),
    "bull": npm("bull", features=("priorities", "repeat", "rate_limit", "events", "management")),
    "bee-queue": npm("bee-queue", features=("events", "management")),
    "node-resque": npm("node-resque", features=("management",), backoff_ms=0, delay_ms=2000, early_ms=1000,
                       fetch_may_lose=True),
    "rsmq": npm("rsmq", features=("management",), backoff_ms=900),
    "kue": npm("kue", features=("events", "management"), recover=True, fetch_may_lose=True),
    "kombu": python("kombu", [PYTHON, str(ADAPTERS / "kombu_worker.py")], features=("simple_buffer", "exchanges"),
                    slots=1, backoff_ms=0, delay_ms=0, abandoned_ms=4000, fetch_may_lose=True),
    "symfony": php("symfony", "Symfony/Component/Messenger/Bridge/Redis", features=("management",), slots=1,
                   fetch_may_lose=True),
    "laravel": php("laravel", "Illuminate/Queue", features=("management",), slots=1, backoff_ms=0, early_ms=1000,
                   delay_ms=2000),
}
