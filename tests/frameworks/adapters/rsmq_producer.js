// SPDX-License-Identifier: MIT
'use strict';
const { serve, port, version } = require('./adapter');
const RedisSMQ = require('rsmq');

const rsmq = new RedisSMQ({ host: '127.0.0.1', port: port(), ns: 'rsmq' });

const requests = {
  hello: async () => {
    await rsmq.createQueueAsync({ qname: 'jobs', vt: 5 });
    await rsmq.createQueueAsync({ qname: 'dead' });
    return version('rsmq');
  },
  add: ({ id, kind, delay }) => rsmq.sendMessageAsync({
    qname: 'jobs', message: JSON.stringify({ id, kind }), delay: Math.ceil(delay / 1000),
  }),
  // Reads them all; they stay, and are seen again at once.
  dead: async () => {
    const ids = [];
    for (;;) {
      const message = await rsmq.receiveMessageAsync({ qname: 'dead', vt: 30 });
      if (!message.id) break;
      ids.push(message);
    }
    for (const { id } of ids) await rsmq.changeMessageVisibilityAsync({ qname: 'dead', id, vt: 0 });
    return ids.map(({ message }) => JSON.parse(message).id).sort();
  },

  management: async () => {
    const said = {};
    said.created = await rsmq.createQueueAsync({ qname: 'other', vt: 20, delay: 0, maxsize: 2000 });
    said.twice = await rsmq.createQueueAsync({ qname: 'other' }).catch((error) => error.message);
    said.queues = (await rsmq.listQueuesAsync()).sort();
    const first = await rsmq.sendMessageAsync({ qname: 'other', message: 'one' });
    await rsmq.sendMessageAsync({ qname: 'other', message: 'two', delay: 60 });
    said.popped = (await rsmq.popMessageAsync({ qname: 'other' })).message;
    said.gone = await rsmq.deleteMessageAsync({ qname: 'other', id: first });
    const { created, modified, ...attributes } = await rsmq.getQueueAttributesAsync({ qname: 'other' });
    said.attributes = { ...attributes, modified: modified >= created };
    said.changed = (await rsmq.setQueueAttributesAsync({ qname: 'other', vt: 7 })).vt;
    const long = rsmq.sendMessageAsync({ qname: 'other', message: 'x'.repeat(3000) });
    said.long = await long.catch((error) => error.message);
    said.deleted = await rsmq.deleteQueueAsync({ qname: 'other' });
    said.left = (await rsmq.listQueuesAsync()).sort();
    return said;
  },
};

serve(requests, () => new Promise((resolve) => rsmq.quit(resolve)));
