// SPDX-License-Identifier: MIT
'use strict';
const { work, onTerminate } = require('./adapter');
const Queue = require('bee-queue');

// A job whose worker has said nothing for stallInterval is taken back at the next check.
const queue = new Queue('jobs', { redis: process.env.REDIS_URL, stallInterval: 4000, activateDelayedJobs: true });
queue.on('error', (error) => console.error(error.message));
queue.process(2, (job) => {
  job.reportProgress(50);
  return work(job.data);
});
queue.checkStalledJobs(1000, (error) => error && console.error(error.message));
onTerminate(() => queue.close(60000));
