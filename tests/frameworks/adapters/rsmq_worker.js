// SPDX-License-Identifier: MIT
//
// RSMQ is a queue, and what a failure means is left to its user: here a message is hidden for a second after each, and
// after the third it goes to a queue of its own. A message whose worker has died is seen again when `vt` is over.
'use strict';
const { work, onTerminate, port, sleep } = require('./adapter');
const RedisSMQ = require('rsmq');

const rsmq = new RedisSMQ({ host: '127.0.0.1', port: port(), ns: 'rsmq' });
const ATTEMPTS = 3;
let ending = false;

async function handle(message) {
  const { id, message: text, rc } = message;
  try {
    await work(JSON.parse(text));
    await rsmq.deleteMessageAsync({ qname: 'jobs', id });
  } catch (error) {
    if (rc < ATTEMPTS) {
      await rsmq.changeMessageVisibilityAsync({ qname: 'jobs', id, vt: 1 });
      return;
    }
    await rsmq.sendMessageAsync({ qname: 'dead', message: text });
    await rsmq.deleteMessageAsync({ qname: 'jobs', id });
  }
}

async function run() {
  while (!ending) {
    try {
      const message = await rsmq.receiveMessageAsync({ qname: 'jobs' });
      if (message.id) await handle(message);
      else await sleep(50);
    } catch (error) {
      console.error(String(error));
      await sleep(100);
    }
  }
}

const slots = [run(), run()];
onTerminate(async () => {
  ending = true;
  await Promise.all(slots);
  await new Promise((resolve) => rsmq.quit(resolve));
});
