// SPDX-License-Identifier: MIT
'use strict';
const { work, onTerminate } = require('./adapter');
const kue = require('kue');

const queue = kue.createQueue({ redis: process.env.REDIS_URL });
queue.on('error', (error) => console.error(String(error)));
// A job that waits, but of which no worker was told.
queue.watchStuckJobs(1000);
queue.process('job', 2, (job, done) => {
  job.progress(1, 2);
  work(job.data).then((gave) => done(null, gave), done);
});
onTerminate(() => new Promise((resolve, reject) => {
  queue.shutdown(60000, (error) => (error ? reject(error) : resolve()));
}));
