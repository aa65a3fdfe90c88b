// SPDX-License-Identifier: MIT
//
// node bullmq.js produce | work: see ../frameworks.
'use strict';
const { createInterface } = require('readline');
const { Queue, QueueEvents, Worker } = require('bullmq');

const connection = { url: process.env.REDIS_URL, maxRetriesPerRequest: null };
const CONCURRENCY = 20;
const AT_ONCE = 50;  // jobs that are being added
const keep = { removeOnComplete: 100 };

async function produce() {
  const queue = new Queue('jobs', { connection });
  const events = new QueueEvents('jobs', { connection });
  await events.waitUntilReady();
  let left = 0;
  let finished;
  events.on('completed', () => {
    left -= 1;
    if (left === 0) finished();
  });
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const jobs = Number(line);
    left = jobs;
    const all = new Promise((resolve) => { finished = resolve; });
    let added = 0;
    const add = async () => {
      while (added < jobs) {
        added += 1;
        await queue.add('job', { number: added, text: 'x'.repeat(100) }, keep);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, add));
    await all;
    console.log('done');
  }
}

function work() {
  const worker = new Worker('jobs', async (job) => job.data.number, { connection, concurrency: CONCURRENCY });
  worker.on('error', (error) => console.error(error.message));
}

if (process.argv[2] === 'produce') produce();
else work();
