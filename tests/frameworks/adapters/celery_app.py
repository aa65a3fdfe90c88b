# SPDX-License-Identifier: MIT
"""The application that the Celery worker and its producer share. """
from adapter import JobFailed, URL, work
from celery import Celery

BACKOFF_SECONDS = 0.3
# A task whose worker died is handed out again after so long.
VISIBILITY_SECONDS = 6

app = Celery("jobs", broker=f"{URL}/0", backend=f"{URL}/1")
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1,
                worker_proc_alive_timeout=60,  # on a busy machine a process of the pool takes its time
                broker_transport_options={"visibility_timeout": VISIBILITY_SECONDS})


@app.task(bind=True, max_retries=2, name="job")
def job(self, name, kind="ok"):
    try:
        return work(name, kind)
    except JobFailed as fault:
        raise self.retry(exc=fault, countdown=BACKOFF_SECONDS * 2 ** self.request.retries)


@app.task(name="add")
def add(left, right):
    return left + right


@app.task(name="total")
def total(numbers):
    return sum(numbers)
