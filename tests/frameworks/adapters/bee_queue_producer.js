// SPDX-License-Identifier: MIT
'use strict';
const { serve, notes, until, version } = require('./adapter');
const Queue = require('bee-queue');

function open(name) {
  const one = new Queue(name, { redis: process.env.REDIS_URL, isWorker: false });
  one.on('error', (error) => console.error(error.message));
  return one;
}

let queue = open('jobs');
const unattended = open('unattended');
const sorted = (jobs) => jobs.map((job) => job.data.id).sort();

function job({ id, kind, delay }) {
  const one = queue.createJob({ id, kind }).setId(id).retries(2).backoff('exponential', 300);
  return delay ? one.delayUntil(Date.now() + delay) : one;
}

const requests = {
  hello: async () => {
    await queue.ready();
    return version('bee-queue');
  },
  add: async (words) => {
    try {
      return (await job(words).save()).id;
    } catch (error) {
      // Bee-Queue loads its scripts when a queue is opened, and never again; a server that was restarted has none.
      if (error.code === 'NOSCRIPT') {
        await queue.close();
        queue = open('jobs');
      }
      throw error;
    }
  },
  dead: async () => sorted(await queue.getJobs('failed', { size: 100 })),

  // What a job says and gives, heard over pub/sub.
  events: async () => {
    const one = queue.createJob({ id: 'heard', kind: 'ok' });
    const progress = new Promise((resolve) => one.on('progress', resolve));
    const gave = new Promise((resolve) => one.on('succeeded', resolve));
    await one.save();
    return { progress: await progress, gave: await gave };
  },

  management: async () => {
    const said = {};
    const errors = await unattended.saveAll([1, 2, 3].map((n) => unattended.createJob({ id: `m${n}` }).setId(`m${n}`)));
    said.errors = errors.size;
    await unattended.createJob({ id: 'later' }).delayUntil(Date.now() + 3600000).save();
    said.health = await unattended.checkHealth();
    said.waiting = sorted(await unattended.getJobs('waiting', { start: 0, end: 10 }));
    said.delayed = sorted(await unattended.getJobs('delayed', { start: 0, end: 10 }));
    await unattended.removeJob('m2');
    said.left = sorted(await unattended.getJobs('waiting', { start: 0, end: 10 }));
    said.job = (await unattended.getJob('m1')).data;
    said.twice = (await unattended.createJob({ id: 'other' }).setId('m1').save()).id;
    await unattended.destroy();
    said.destroyed = (await unattended.checkHealth()).waiting;
    said.failed = (await queue.getJob('poison')).options.retries;
    return said;
  },
};

serve(requests, () => Promise.all([queue.close(), unattended.close()]));
