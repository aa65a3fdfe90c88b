// SPDX-License-Identifier: MIT
'use strict';
const { work, onTerminate } = require('./adapter');
const { connect, name } = require('./bullmq_connection');
const { Worker } = require(name);

const connection = connect({ maxRetriesPerRequest: null });
// A job whose worker has died is taken back after lockDuration, at the next look of stalledInterval.
const recovery = { lockDuration: 4000, stalledInterval: 1000, maxStalledCount: 9 };

async function run(job) {
  if (job.name === 'sum') {
    const values = Object.values(await job.getChildrenValues());
    return values.length;
  }
  await job.updateProgress(50);
  return work(job.data);
}

const workers = [
  new Worker('jobs', run, { connection, ...recovery, concurrency: 2 }),
  new Worker('ordered', run, { connection, ...recovery, concurrency: 1 }),
  new Worker('limited', run, { connection, ...recovery, limiter: { max: 2, duration: 400 } }),
];
for (const worker of workers) worker.on('error', (error) => console.error(error.message));
onTerminate(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
  if (connection.isOpen) await connection.close();
});
