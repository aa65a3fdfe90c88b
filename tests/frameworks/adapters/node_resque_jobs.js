// SPDX-License-Identifier: MIT
'use strict';
const { work, port } = require('./adapter');

exports.connection = { pkg: 'ioredis', host: '127.0.0.1', port: port(), database: 0, namespace: 'resque' };
exports.jobs = {
  job: {
    plugins: ['Retry'],
    pluginOptions: { Retry: { retryLimit: 3, retryDelay: 1000 } },
    perform: work,
  },
};
