// SPDX-License-Identifier: MIT
//
// BullMQ brings ioredis; a client of node-redis can be handed to it instead.
'use strict';
const [, , name, library] = process.argv;

exports.name = name;
exports.connect = function connect(options) {
  if (library !== 'node-redis') return { url: process.env.REDIS_URL, ...options };
  const client = require('redis').createClient({ url: process.env.REDIS_URL });
  client.on('error', (error) => console.error(error.message));
  return client;
};
