// SPDX-License-Identifier: MIT
//
// One consumer of the retry application, as retry_worker.py, with ioredis (RESP2) or node-redis (RESP3).
//
//     node retry_worker.js ioredis|node-redis GROUP NAME PORT JOURNAL HANG_AFTER STREAM BATCH BLOCK_MS RECONNECT_SECONDS ANTIDOTE
//
// HANG_AFTER is 0 if it does not hang.
const fs = require("fs");

const [library, group, name, port, journal, hangAfter, STREAM, BATCH, BLOCK_MS, RECONNECT_SECONDS, ANTIDOTE] =
  process.argv.slice(2);

let stopping = false;
process.on("SIGTERM", () => (stopping = true));

const clock = () => Number(process.hrtime.bigint()) / 1e9; // that of Python's time.monotonic()

function note(what, fields) {
  const at = clock();
  fs.appendFileSync(journal, JSON.stringify({ what, at, ...fields }) + "\n");
}

const failsOnce = (n) => n % 10 === 3;
const isPoison = (n) => n % 50 === 7;

// --- Each library gives: read(), acknowledge(id), exists(key), setNew(key), close(). An entry here is { id, n }.

async function withIoredis() {
  const Redis = require("ioredis");
  const redis = new Redis({ host: "127.0.0.1", port, retryStrategy: null, maxRetriesPerRequest: 0, lazyConnect: true });
  redis.on("error", () => {});
  await redis.connect();
  return {
    read: async () => {
      const reply = await redis.xreadgroup("GROUP", group, name, "COUNT", BATCH, "BLOCK", BLOCK_MS, "STREAMS", STREAM, ">");
      return reply === null ? [] : reply[0][1].map(([id, fields]) => ({ id, n: Number(fields[1]) }));
    },
    acknowledge: (id) => redis.xack(STREAM, group, id),
    exists: async (key) => (await redis.exists(key)) === 1,
    setNew: async (key) => (await redis.set(key, 1, "NX")) === "OK",
    close: () => redis.disconnect(),
  };
}

async function withNodeRedis() {
  const { createClient } = require("redis");
  const client = createClient({ RESP: 3, socket: { host: "127.0.0.1", port: Number(port), reconnectStrategy: false } });
  client.on("error", () => {});
  await client.connect();
  return {
    read: async () => {
      const options = { COUNT: Number(BATCH), BLOCK: Number(BLOCK_MS) };
      const reply = await client.xReadGroup(group, name, { key: STREAM, id: ">" }, options);
      return reply === null ? [] : reply[0].messages.map(({ id, message }) => ({ id, n: Number(message.n) }));
    },
    acknowledge: (id) => client.xAck(STREAM, group, id),
    exists: async (key) => (await client.exists(key)) === 1,
    setNew: async (key) => (await client.set(key, "1", { NX: true })) === "OK",
    close: () => client.destroy(),
  };
}

let batches = 0;

async function canDo(redis, n) {
  if (isPoison(n)) return redis.exists(ANTIDOTE);
  return !(failsOnce(n) && (await redis.setNew(`failed:${group}:${n}`)));
}

async function handle(redis, entries, asked_at) {
  for (const { n } of entries) note("got", { n, asked_at });
  if (++batches === Number(hangAfter)) {
    note("hangs");
    await new Promise(() => setInterval(() => {}, 1000)); // until it is killed
  }
  for (const { id, n } of entries) {
    if (!(await canDo(redis, n))) continue;
    note("acks", { n });
    note("acked", { n, reply: await redis.acknowledge(id) });
  }
}

async function life(open) {
  const redis = await open();
  try {
    while (!stopping) {
      const askedAt = clock();
      const entries = await redis.read();
      if (entries.length > 0) await handle(redis, entries, askedAt);
    }
  } finally {
    redis.close();
  }
}

async function main() {
  const open = library === "ioredis" ? withIoredis : withNodeRedis;
  let brokenSince = null;
  while (!stopping) {
    try {
      await life(open);
    } catch (error) {
      brokenSince ??= Date.now();
      if (Date.now() - brokenSince > Number(RECONNECT_SECONDS) * 1000) throw error;
      note("reconnect", { fault: String(error) });
      await new Promise((resolve) => setTimeout(resolve, 50)); // between two tries; the deadline bounds them
    }
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
