# SPDX-License-Identifier: MIT
import datetime

import celery
from adapter import is_done, notes, serve, until
from celery import chain, chord, group
from celery.result import AsyncResult
from celery_app import app, job, add, total

RESULT_SECONDS = 60
sent = set()


def add_job(id, kind, delay):
    job.apply_async((id, kind), task_id=id, countdown=delay / 1000 if delay else None)
    sent.add(id)
    return id


def dead():
    return sorted(name for name in sent if AsyncResult(name, app=app).state == "FAILURE")


def results():
    """What the tasks gave, waited for on the channel of each."""
    return {"good": [AsyncResult(f"good{i}", app=app).get(RESULT_SECONDS) for i in range(3)],
            "poison": repr(AsyncResult("poison", app=app).get(RESULT_SECONDS, propagate=False)),
            "new": add.delay(2, 3).get(RESULT_SECONDS)}


def canvas():
    """A chord's body runs when all of its header have; a chain hands on what each gave."""
    return {"chord": chord(add.s(i, i) for i in range(5))(total.s()).get(RESULT_SECONDS),
            "chain": chain(add.s(1, 2), add.s(10), add.s(100))().get(RESULT_SECONDS),
            "group": group(add.s(i, 1) for i in range(4))().get(RESULT_SECONDS),
            "chain of a chord": (group(add.s(i, 0) for i in range(3)) | total.s() | add.s(1000))().get(RESULT_SECONDS)}


def eta():
    due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    job.apply_async(("eta", "ok"), eta=due)
    until(lambda: is_done("eta"))
    start = next(one["at"] for one in notes("start") if one["id"] == "eta")
    return {"in time": start >= int(due.timestamp() * 1000)}


def expiry_and_forgetting():
    late = add.apply_async((1, 1), expires=-1)
    until(lambda: late.state == "REVOKED")
    kept = add.delay(4, 4)
    got = kept.get(RESULT_SECONDS)
    kept.forget()
    return {"late": late.state, "got": got, "forgotten": kept.state}


def remote_control():
    """Over pub/sub to all workers, and their answers over a list."""
    pongs = []
    until(lambda: pongs.extend(app.control.ping(timeout=0.5)) or pongs)
    victim = job.apply_async(("revoked", "ok"), countdown=3)
    app.control.revoke(victim.id)
    until(lambda: victim.state == "REVOKED")
    return {"pong": list(pongs[0].values()), "revoked": victim.state, "ran": is_done("revoked")}


serve({"hello": lambda: celery.__version__, "add": add_job, "dead": dead, "results": results, "canvas": canvas,
       "eta": eta, "expiry": expiry_and_forgetting, "remote_control": remote_control})
