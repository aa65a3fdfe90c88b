// SPDX-License-Identifier: MIT
'use strict';
const os = require('node:os');
const { onTerminate } = require('./adapter');
const { connection, jobs } = require('./node_resque_jobs');
const { Scheduler, Worker } = require('node-resque');

const names = [1, 2].map((number) => `${os.hostname()}:${process.pid}+${number}`);
const workers = names.map((name) => new Worker({ connection, queues: ['jobs'], name, timeout: 100 }, jobs));
// A worker that has said nothing for stuckWorkerTimeout is taken for dead, and its job is tried anew.
const recovery = { stuckWorkerTimeout: 4000, leaderLockTimeout: 3, retryStuckJobs: true };
const scheduler = new Scheduler({ connection, timeout: 200, ...recovery }, jobs);

async function run() {
  for (const one of [scheduler, ...workers]) {
    one.on('error', (error) => console.error(String(error)));
    await one.connect();
    one.connection.on('error', (error) => console.error(String(error)));
  }
  for (const one of [scheduler, ...workers]) await one.start();
}

run();
onTerminate(() => Promise.all([scheduler, ...workers].map((one) => one.end())));
