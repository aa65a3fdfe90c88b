// SPDX-License-Identifier: MIT
'use strict';
const { work, onTerminate } = require('./adapter');
const Queue = require('bull');

// A job whose worker has died is taken back after lockDuration, at the next look of stalledInterval.
const settings = { lockDuration: 4000, stalledInterval: 1000, maxStalledCount: 9 };
const queues = {
  jobs: new Queue('jobs', process.env.REDIS_URL, { settings }),
  ordered: new Queue('ordered', process.env.REDIS_URL, { settings }),
  limited: new Queue('limited', process.env.REDIS_URL, { settings, limiter: { max: 2, duration: 400 } }),
};
for (const queue of Object.values(queues)) queue.on('error', (error) => console.error(error.message));

const run = async (job) => {
  await job.progress(50);
  return work(job.data);
};
queues.jobs.process('job', 2, run);
queues.ordered.process('job', 1, run);
queues.limited.process('job', 1, run);
onTerminate(() => Promise.all(Object.values(queues).map((queue) => queue.close())));
