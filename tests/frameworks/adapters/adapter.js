// SPDX-License-Identifier: MIT
//
// What the adapters in JavaScript share; play.py says what is agreed on.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');

const directory = process.env.PLAY_DIRECTORY;
const journal = path.join(directory, 'journal');
const release = path.join(directory, 'release');
const LOOK_MS = 20;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function note(what, id) {
  fs.appendFileSync(journal, JSON.stringify({ what, id, at: Date.now(), pid: process.pid }) + '\n');
}

function notes(what) {
  const lines = fs.readFileSync(journal, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line)).filter((one) => one.what === what);
}

async function until(condition) {
  while (!(await condition())) await sleep(LOOK_MS);
}

// The job itself. Rejects if it fails; a framework that wants it otherwise turns that round.
async function work({ id, kind }) {
  note('start', id);
  if (kind === 'hold') await until(() => fs.existsSync(release));
  if (kind === 'poison') throw new Error(`${id} fails`);
  if (kind === 'flaky' && notes('start').filter((one) => one.id === id).length < 3) throw new Error(`${id} fails`);
  note('done', id);
  return `did ${id}`;
}

// Answers requests until there are no more, then calls `close`. One at a time, in order.
async function serve(requests, close) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { do: name, ...words } = JSON.parse(line);
    let answer;
    try {
      answer = { got: (await requests[name](words)) ?? null };
    } catch (error) {
      answer = { error: String(error && error.stack) };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
  await close();
}

function onTerminate(close) {
  process.once('SIGTERM', () => {
    close().then(() => process.exit(0), (error) => {
      console.error(error);
      process.exit(1);
    });
  });
}

const port = () => Number(new URL(process.env.REDIS_URL).port);
const version = (name) => {
  const modules = path.join(__dirname, '../node_modules', name, 'package.json');
  return JSON.parse(fs.readFileSync(modules, 'utf8')).version;
};

module.exports = { work, serve, onTerminate, note, notes, until, sleep, port, version };
