# SPDX-License-Identifier: MIT
import datetime
import time

import rq_jobs
from adapter import URL, is_done, serve, until
from redis import Redis
from rq import Queue, Retry, Worker
from rq.command import send_stop_job_command
from rq.job import Job
from rq.registry import FailedJobRegistry, FinishedJobRegistry, ScheduledJobRegistry, StartedJobRegistry
from rq.scheduler import RQScheduler
from rq.version import VERSION

connection = Redis.from_url(URL)
queue = Queue("jobs", connection=connection)
other = Queue("unattended", connection=connection)


def add(id, kind, delay):
    interval = [1, 2] if kind in ("flaky", "poison") else 0
    words = {"args": (id, kind), "job_id": id, "retry": Retry(max=2, interval=interval)}
    if delay:
        queue.enqueue_in(datetime.timedelta(milliseconds=delay), rq_jobs.job, **words)
    else:
        queue.enqueue(rq_jobs.job, **words)
    return id


def dead():
    return sorted(FailedJobRegistry(queue=queue).get_job_ids())


def recover():
    """What workers do by themselves as soon as a dead one's last heartbeat is too old, at least a minute later; and
    the lock of a dead scheduler lasts as long."""
    connection.delete(RQScheduler.get_locking_key("jobs"))
    return len(StartedJobRegistry(queue=queue).cleanup(time.time() + 3600))


def results():
    finished = [f"good{i}" for i in range(3)]
    until(lambda: set(finished) <= set(FinishedJobRegistry(queue=queue).get_job_ids()))
    poison = Job.fetch("poison", connection=connection)
    return {"good": [Job.fetch(name, connection=connection).result for name in finished],
            "statuses": [Job.fetch(name, connection=connection).get_status() for name in ("good0", "poison")],
            "error": (poison.exc_info or "").strip().splitlines()[-1],
            "many": [one and one.id for one in Job.fetch_many(["good1", "nobody"], connection=connection)]}


def dependencies():
    first = queue.enqueue(rq_jobs.job, "first", job_id="dep1")
    second = queue.enqueue(rq_jobs.job, "second", job_id="dep2", depends_on=first)
    third = queue.enqueue(rq_jobs.job, "third", job_id="dep3", depends_on=[first, second])
    until(lambda: third.get_status(refresh=True) == "finished")
    return [one.get_status() for one in (first, second, third)]


def at_front():
    """Enqueued while the only worker holds a job: the one at the front is first."""
    names = ["x1", "x2"]
    for name in names:
        other.enqueue(rq_jobs.job, name, job_id=name)
    other.enqueue(rq_jobs.job, "x0", job_id="x0", at_front=True, meta={"a": 1}, ttl=100, result_ttl=50, failure_ttl=70)
    said = {"ids": other.get_job_ids(), "count": other.count, "position": other.get_job_position("x2")}
    Job.fetch("x1", connection=connection).cancel()
    job = Job.fetch("x0", connection=connection)
    job.meta["b"] = 2
    job.save_meta()
    job.refresh()
    said.update(after=other.get_job_ids(), meta=job.meta, canceled=other.canceled_job_registry.get_job_ids())
    Job.fetch("x2", connection=connection).delete()
    said["left"] = other.get_job_ids()
    other.empty()
    other.delete()
    said["queues"] = sorted(one.name for one in Queue.all(connection=connection))
    return said


def requeue():
    """A job that failed for good, tried once more by hand."""
    registry = FailedJobRegistry(queue=queue)
    registry.requeue("poison")
    until(lambda: "poison" in registry.get_job_ids())
    registry.remove("poison", delete_job=True)
    return {"left": registry.get_job_ids(), "exists": Job.exists("poison", connection=connection)}


def scheduled():
    job = queue.enqueue_in(datetime.timedelta(hours=1), rq_jobs.job, "tomorrow", job_id="tomorrow")
    registry = ScheduledJobRegistry(queue=queue)
    said = {"ids": registry.get_job_ids(), "status": job.get_status()}
    job.cancel()
    return said | {"after": registry.get_job_ids()}


def worker_commands():
    """Over the channel of a worker: to stop the job that it runs."""
    queue.enqueue(rq_jobs.job, "stopped", "hold", job_id="stopped")
    job = Job.fetch("stopped", connection=connection)
    until(lambda: job.get_status(refresh=True) == "started")
    workers = Worker.all(connection=connection)
    until(lambda: any(one.get_current_job_id() == "stopped" for one in workers))
    send_stop_job_command(connection, "stopped")
    until(lambda: job.get_status(refresh=True) in ("stopped", "failed"))
    return {"status": job.get_status(), "done": is_done("stopped")}


serve({"hello": lambda: VERSION, "add": add, "dead": dead, "recover": recover, "results": results,
       "dependencies": dependencies, "at_front": at_front, "requeue": requeue, "scheduled": scheduled,
       "worker_commands": worker_commands})
