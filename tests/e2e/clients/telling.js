// SPDX-License-Identifier: MIT
//
// What the sessions in JavaScript share: see sessions.py for what they say and ask; telling.py is the same in Python.
const readline = require("readline");

const WAIT_MS_MAX = 30000;
const LOOK_MS = 2;

const [port, families, ...rest] = process.argv.slice(2);

const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

function write(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

// As JSON, the same for the same value; what has no order is put into one.
function plain(value) {
  if (value === undefined) return { undefined: true };
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isInteger(value) ? value : { float: String(value) };
  if (typeof value === "bigint") return { bigint: String(value) };
  if (value instanceof String) return { simple: String(value) };
  if (Buffer.isBuffer(value)) return { bytes: value.toString("latin1") };
  if (value instanceof Date) return { date: value.getTime() };
  if (value instanceof Error) return { [value.constructor.name]: value.message };
  if (value instanceof Set) return { set: [...value].map(plain).sort() };
  if (value instanceof Map) return { map: [...value].map(([key, item]) => [plain(key), plain(item)]) };
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

const say = (name, got) => write({ said: name, got: plain(got) });

async function ask(what) {
  write({ ask: what });
  if ((await answers.next()).value !== "done") throw new Error("nobody listens any more");
}

// The error, which there must be.
async function refused(promise) {
  let got;
  try {
    got = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`not refused, but answered ${JSON.stringify(plain(got))}`);
}

// Looks again and again; gives what the condition gave in the end.
async function until(what, condition) {
  const deadline = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const got = await condition();
    if (got) return got;
    if (Date.now() > deadline) throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS)); // between two looks; the deadline bounds them
  }
}

// So many events of an emitter, as the lists of their arguments, in order.
class Heard {
  constructor(emitter, ...names) {
    this.events = [];
    for (const name of names) emitter.on(name, (...words) => this.events.push([name, ...words]));
  }
  async take(count) {
    await until(`${count} events`, () => this.events.length >= count);
    return this.events.splice(0, count);
  }
}

const only = (fields, ...names) => Object.fromEntries(names.map((name) => [name, fields[name]]));
const kinds = (fields, ...names) => Object.fromEntries(names.map((name) => [name, typeof fields[name]]));

// INFO, or a line of CLIENT LIST, as an object.
function fieldsOf(text, separator = "\r\n", sign = ":") {
  const pairs = text.split(separator).filter((line) => line.includes(sign));
  return Object.fromEntries(pairs.map((line) => [line.split(sign)[0], line.slice(line.indexOf(sign) + 1)]));
}
const clientsOf = (text) => text.trim().split("\n").filter(Boolean).map((line) => fieldsOf(line, " ", "="));

// Runs those that are asked for, in order; `play` is {family: async function}, each is given a client made for it.
async function main(plays, open, close) {
  try {
    for (const [name, play] of Object.entries(plays)) {
      if (!families.split(",").includes(name)) continue;
      write({ family: name });
      const client = await open();
      await play(client);
      await close(client);
    }
    process.exitCode = 0;
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
  process.stdout.write("", () => process.exit());
}

module.exports = { port: Number(port), rest, say, ask, refused, until, Heard, only, kinds, fieldsOf, clientsOf, main };
