// SPDX-License-Identifier: MIT
'use strict';
const { serve, version } = require('./adapter');
const { connection, jobs } = require('./node_resque_jobs');
const { Queue } = require('node-resque');

const queue = new Queue({ connection }, jobs);
queue.on('error', (error) => console.error(String(error)));

const requests = {
  hello: async () => {
    await queue.connect();
    return version('node-resque');
  },
  add: ({ id, kind, delay }) => (delay ? queue.enqueueIn(delay, 'jobs', 'job', [{ id, kind }])
    : queue.enqueue('jobs', 'job', [{ id, kind }])),
  dead: async () => (await queue.failed(0, 100)).map((one) => one.payload.args[0].id).sort(),

  management: async () => {
    const said = {};
    for (const n of [1, 2, 3]) await queue.enqueue('unattended', 'job', [{ id: `m${n}` }]);
    said.length = await queue.length('unattended');
    said.queued = (await queue.queued('unattended', 0, 10)).map((one) => one.args[0].id);
    said.deleted = await queue.del('unattended', 'job', [{ id: 'm2' }]);
    const due = Date.now() + 3600000;
    await queue.enqueueAt(due, 'unattended', 'job', [{ id: 'later' }]);
    said.scheduled = (await queue.scheduledAt('unattended', 'job', [{ id: 'later' }])).length;
    said.delayed = (await queue.delayedAt(due)).tasks.length;
    said.timestamps = (await queue.timestamps()).length;
    said.removed = (await queue.delDelayed('unattended', 'job', [{ id: 'later' }])).length;
    said.queues = (await queue.queues()).sort();
    await queue.delQueue('unattended');
    said.left = (await queue.queues()).sort();
    said.workers = Object.keys(await queue.workers()).length;
    said.failed = (await queue.failed(0, 100)).map((one) => [one.error, one.queue]);
    said.failedCount = await queue.failedCount();
    said.lock = await queue.locks();
    return said;
  },
};

serve(requests, () => queue.end());
