// SPDX-License-Identifier: MIT
'use strict';
const { promisify } = require('node:util');
const { serve, version } = require('./adapter');
const kue = require('kue');

const queue = kue.createQueue({ redis: process.env.REDIS_URL });
queue.on('error', (error) => console.error(String(error)));
const ask = (name, ...words) => promisify(queue[name].bind(queue))(...words);
const get = promisify(kue.Job.get);
const save = (job) => promisify(job.save.bind(job))();

const jobsIn = async (state) => Promise.all((await ask(state)).map((id) => get(id)));

const requests = {
  hello: () => version('kue'),
  add: async ({ id, kind, delay }) => {
    const job = queue.create('job', { id, kind }).attempts(3).backoff({ type: 'fixed', delay: 300 });
    if (delay) job.delay(delay);
    await save(job);
    return job.id;
  },
  dead: async () => (await jobsIn('failed')).map((job) => job.data.id).sort(),
  // What its manual tells to do with jobs that a dead worker has left active.
  recover: async () => {
    for (const job of await jobsIn('active')) await promisify(job.inactive.bind(job))();
  },

  // What a job says and gives, heard over pub/sub.
  events: async () => {
    const job = queue.create('job', { id: 'heard', kind: 'ok' });
    const progress = new Promise((resolve) => job.on('progress', resolve));
    const gave = new Promise((resolve) => job.on('complete', resolve));
    await save(job);
    return { progress: await progress, gave: await gave };
  },

  management: async () => {
    const said = {};
    const first = queue.create('unattended', { id: 'm1', title: 'one' }).priority('low');
    const second = queue.create('unattended', { id: 'm2', title: 'two' }).priority('high');
    await save(first);
    await save(second);
    said.inactive = await ask('inactiveCount', 'unattended');
    const ids = await promisify(kue.Job.rangeByType)('unattended', 'inactive', 0, 10, 'asc');
    said.order = ids.map((job) => job.data.id);
    await promisify(first.remove.bind(first))();
    said.left = await ask('inactiveCount', 'unattended');
    said.types = (await ask('types')).sort();
    const [failed] = await jobsIn('failed');
    said.failed = { error: String(failed.error()).split('\n')[0], attempts: failed.toJSON().attempts };
    await promisify(second.remove.bind(second))();
    return said;
  },
};

serve(requests, () => new Promise((resolve) => { queue.shutdown(5000, resolve); }));
