// SPDX-License-Identifier: MIT
'use strict';
const { serve, notes, until, version } = require('./adapter');
const { connect, name } = require('./bullmq_connection');
const { Queue, QueueEvents, FlowProducer } = require(name);

const connection = connect();
const queue = new Queue('jobs', { connection });
const ordered = new Queue('ordered', { connection });
const limited = new Queue('limited', { connection });
const unattended = new Queue('unattended', { connection });
const events = new QueueEvents('jobs', { connection });
const flows = new FlowProducer({ connection });
const all = [queue, ordered, limited, unattended, events, flows];
for (const one of all) one.on('error', (error) => console.error(error.message));

const options = { attempts: 3, backoff: { type: 'exponential', delay: 300 } };
const done = (id) => notes('done').filter((one) => one.id === id).length;
const sorted = (jobs) => jobs.map((job) => job.data.id).sort();

const requests = {
  hello: async () => {
    await events.waitUntilReady();
    return version(name);
  },
  add: async ({ id, kind, delay }) => (await queue.add('job', { id, kind }, { ...options, jobId: id, delay })).id,
  dead: async () => sorted(await queue.getFailed()),

  // A parent that runs after its two children, and sees what they gave; all of it known to the events.
  flow: async () => {
    const children = ['left', 'right'].map((id) => ({ name: 'job', queueName: 'jobs', data: { id, kind: 'ok' } }));
    const { job } = await flows.add({ name: 'sum', queueName: 'jobs', data: { id: 'parent' }, children });
    const sum = await job.waitUntilFinished(events);
    const { processed } = await job.getDependencies();
    return { sum, state: await job.getState(), children: Object.values(processed).sort() };
  },

  priorities: async () => {
    await ordered.pause();
    const priorities = { third: 30, first: 1, second: 7, plain: undefined };
    for (const [id, priority] of Object.entries(priorities)) await ordered.add('job', { id, kind: 'ok' }, { priority });
    const counts = await ordered.getJobCounts('paused', 'prioritized', 'waiting');
    await ordered.resume();
    await until(() => Object.keys(priorities).every(done));
    const order = notes('start').map((one) => one.id).filter((id) => id in priorities);
    return { counts, order };
  },

  repeat: async () => {
    const job = { name: 'job', data: { id: 'tick', kind: 'ok' } };
    await queue.upsertJobScheduler('ticker', { every: 200, limit: 3 }, job);
    const scheduled = (await queue.getJobSchedulers()).map(({ key, every, limit }) => ({ key, every, limit }));
    await until(() => done('tick') === 3);
    await queue.removeJobScheduler('ticker');
    return { scheduled, left: await queue.getJobSchedulersCount(), runs: done('tick') };
  },

  // Two in 400 ms: the last pair of six cannot start within 800 ms of the adding.
  rate_limit: async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `limited ${letter}`);
    const began = Date.now();
    await limited.addBulk(ids.map((id) => ({ name: 'job', data: { id, kind: 'ok' } })));
    await until(() => ids.every(done));
    const last = Math.max(...notes('start').filter(({ id }) => ids.includes(id)).map(({ at }) => at));
    return { limited: last - began >= 800, order: notes('start').map(({ id }) => id).filter((id) => ids.includes(id)) };
  },

  deduplication: async () => {
    const once = { deduplication: { id: 'only' }, delay: 500 };
    const first = await queue.add('job', { id: 'single', kind: 'ok' }, once);
    const second = await queue.add('job', { id: 'single', kind: 'ok' }, once);
    const holder = await queue.getDeduplicationJobId('only');
    await until(() => done('single'));
    await first.waitUntilFinished(events);
    const third = await queue.add('job', { id: 'single again', kind: 'ok' }, { deduplication: { id: 'only' } });
    await until(() => done('single again'));
    return { same: first.id === second.id && holder === first.id, other: third.id !== first.id, runs: done('single') };
  },

  // All that needs no worker.
  management: async () => {
    const said = {};
    const jobs = await unattended.addBulk([1, 2, 3, 4, 5, 6].map((n) => ({
      name: n % 2 ? 'odd' : 'even', data: { id: `m${n}` }, opts: { jobId: `m${n}`, delay: n > 3 ? 3600000 : 0 },
    })));
    said.counts = await unattended.getJobCounts();
    said.waiting = sorted(await unattended.getWaiting());
    said.delayed = sorted(await unattended.getDelayed(0, 1));
    await jobs[3].promote();
    await jobs[4].changeDelay(7200000);
    await jobs[5].changePriority({ priority: 3 });
    await jobs[0].remove();
    await jobs[1].updateData({ id: 'changed' });
    await jobs[1].updateProgress({ percent: 10 });
    await jobs[1].log('a line');
    await jobs[1].log('another');
    const again = await unattended.getJob('m2');
    said.job = { data: again.data, progress: again.progress, logs: await unattended.getJobLogs('m2') };
    said.states = await Promise.all(jobs.map((job) => job.getState()));
    said.counts2 = await unattended.getJobCounts();
    said.priorities = await unattended.getCountsPerPriority([0, 3]);
    await unattended.setGlobalConcurrency(4);
    said.concurrency = await unattended.getGlobalConcurrency();
    said.paused = [await unattended.isPaused(), await unattended.pause(), await unattended.isPaused()];
    said.cleaned = (await unattended.clean(0, 10, 'delayed')).sort();
    said.metrics = await unattended.getMetrics('completed');
    await unattended.drain(true);
    said.counts3 = await unattended.getJobCounts();
    await unattended.obliterate({ force: true });
    said.finished = (await queue.getCompletedCount()) > 0 && (await queue.getJob('good0')).returnvalue;
    const failed = await queue.getJob('poison');
    said.failed = { reason: failed.failedReason, attempts: failed.attemptsMade };
    said.workers = (await queue.getWorkersCount());
    said.trimmed = await queue.trimEvents(0) > 0;
    return said;
  },
};

serve(requests, async () => {
  await Promise.all(all.map((one) => one.close()));
  if (connection.isOpen) await connection.close();
});
