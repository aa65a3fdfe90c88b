// SPDX-License-Identifier: MIT
'use strict';
const { serve, notes, until, version } = require('./adapter');
const Queue = require('bull');

const [queue, ordered, limited, unattended] = ['jobs', 'ordered', 'limited', 'unattended'].map((name) => {
  const options = name === 'limited' ? { limiter: { max: 2, duration: 400 } } : {};
  const one = new Queue(name, process.env.REDIS_URL, options);
  one.on('error', (error) => console.error(error.message));
  return one;
});
const options = { attempts: 3, backoff: { type: 'exponential', delay: 300 } };
const done = (id) => notes('done').filter((one) => one.id === id).length;
const sorted = (jobs) => jobs.map((job) => job.data.id).sort();

const requests = {
  hello: async () => {
    await queue.isReady();
    return version('bull');
  },
  add: async ({ id, kind, delay }) => (await queue.add('job', { id, kind }, { ...options, jobId: id, delay })).id,
  dead: async () => sorted(await queue.getFailed()),

  priorities: async () => {
    await ordered.pause();
    const priorities = { third: 30, first: 1, second: 7 };
    for (const [id, priority] of Object.entries(priorities)) await ordered.add('job', { id, kind: 'ok' }, { priority });
    const counts = await ordered.getJobCounts();
    await ordered.resume();
    await until(() => Object.keys(priorities).every(done));
    return { counts, order: notes('start').map((one) => one.id).filter((id) => id in priorities) };
  },

  repeat: async () => {
    const repeat = { every: 200, limit: 3 };
    await queue.add('job', { id: 'tick', kind: 'ok' }, { repeat });
    const scheduled = (await queue.getRepeatableJobs()).map(({ name, every }) => ({ name, every }));
    await until(() => done('tick') === 3);
    await queue.removeRepeatable('job', repeat);
    return { scheduled, left: (await queue.getRepeatableJobs()).length, runs: done('tick') };
  },

  // Two in 400 ms: the last pair of six cannot start within 800 ms of the adding.
  rate_limit: async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `limited ${letter}`);
    const began = Date.now();
    await limited.addBulk(ids.map((id) => ({ name: 'job', data: { id, kind: 'ok' } })));
    await until(() => ids.every(done));
    const last = Math.max(...notes('start').filter(({ id }) => ids.includes(id)).map(({ at }) => at));
    return { limited: last - began >= 800 };
  },

  // What a job gave, heard over pub/sub.
  events: async () => {
    const job = await queue.add('job', { id: 'heard', kind: 'ok' });
    const gave = await job.finished();
    const again = await queue.getJob('poison');
    return { gave, state: await job.getState(), reason: again.failedReason, attempts: again.attemptsMade };
  },

  // All that needs no worker.
  management: async () => {
    const said = {};
    const jobs = await unattended.addBulk([1, 2, 3, 4, 5].map((n) => ({
      data: { id: `m${n}` }, opts: { jobId: `m${n}`, delay: n > 3 ? 3600000 : 0 },
    })));
    said.counts = await unattended.getJobCounts();
    said.waiting = sorted(await unattended.getWaiting());
    said.delayed = sorted(await unattended.getDelayed());
    await jobs[3].promote();
    await jobs[0].remove();
    await jobs[1].update({ id: 'changed' });
    await jobs[1].progress(10);
    await jobs[1].log('a line');
    said.job = { data: (await unattended.getJob('m2')).data, logs: await unattended.getJobLogs('m2') };
    said.states = await Promise.all(jobs.map((job) => job.getState()));
    said.cleaned = await unattended.clean(0, 'delayed', 10);
    said.removed = await unattended.removeJobs('m3*');
    await unattended.empty();
    said.counts2 = await unattended.getJobCounts();
    await unattended.add({ id: 'again' });
    await unattended.obliterate({ force: true });
    said.workers = (await queue.getWorkers()).length;
    return said;
  },
};

serve(requests, () => Promise.all([queue, ordered, limited, unattended].map((one) => one.close())));
