// SPDX-License-Identifier: MIT
//
// One consumer of the group application, as group_worker.py, with ioredis (RESP2) or node-redis (RESP3).
//
//     node group_worker.js ioredis|node-redis GROUP NAME PORT JOURNAL BATCH BLOCK_MS CLAIM_IDLE_MS RECONNECT_SECONDS
//
// ioredis takes over what others left behind by XPENDING and XCLAIM, node-redis by XREADGROUP's CLAIM.
const crypto = require("crypto");
const fs = require("fs");

const [library, group, name, port, journal, ...numbers] = process.argv.slice(2);
const [BATCH, BLOCK_MS, CLAIM_IDLE_MS, RECONNECT_SECONDS] = numbers.map(Number);
const STREAM = "lines";

let stopping = false;
process.on("SIGTERM", () => (stopping = true));

function note(what, fields) {
  fs.appendFileSync(journal, JSON.stringify({ what, ...fields }) + "\n");
}

// An entry here is { id, n, line }; one that was deleted has no line.
function noteEntries(source, entries) {
  for (const { id, n, line } of entries) {
    if (line === undefined) continue;
    note("got", { source, id, n, sha: crypto.createHash("sha256").update(line).digest("hex") });
  }
}

// --- Each library gives: read(start), claim(), acknowledge(ids), close()

async function withIoredis() {
  const Redis = require("ioredis");
  const redis = new Redis({ host: "127.0.0.1", port, retryStrategy: null, maxRetriesPerRequest: 0, lazyConnect: true });
  redis.on("error", () => {});
  await redis.connect();
  const entriesOf = (list) =>
    list.map(([id, fields]) => {
      if (fields === null) return { id: id.toString() };
      const at = (field) => fields[fields.findIndex((it, i) => i % 2 === 0 && it.toString() === field) + 1];
      return { id: id.toString(), n: Number(at("n")), line: at("line") };
    });
  return {
    read: async (start) => {
      const block = start === ">" ? ["BLOCK", BLOCK_MS] : [];
      const reply = await redis.xreadgroupBuffer("GROUP", group, name, "COUNT", BATCH, ...block, "STREAMS", STREAM, start);
      return reply === null ? [] : entriesOf(reply[0][1]);
    },
    claim: async () => {
      const idle = await redis.xpending(STREAM, group, "IDLE", CLAIM_IDLE_MS, "-", "+", BATCH);
      if (idle.length === 0) return [];
      return entriesOf(await redis.xclaimBuffer(STREAM, group, name, CLAIM_IDLE_MS, ...idle.map(([id]) => id)));
    },
    acknowledge: (ids) => redis.xack(STREAM, group, ...ids),
    close: () => redis.disconnect(),
  };
}

async function withNodeRedis() {
  const { createClient, RESP_TYPES } = require("redis");
  const client = createClient({ RESP: 3, socket: { host: "127.0.0.1", port: Number(port), reconnectStrategy: false } });
  client.on("error", () => {});
  await client.connect();
  const buffers = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const entriesOf = (messages) =>
    messages.map(({ id, message }) =>
      message === null || Object.keys(message).length === 0
        ? { id: id.toString() }
        : { id: id.toString(), n: Number(message.n.toString()), line: message.line });
  const read = async (start, options) => {
    const reply = await buffers.xReadGroup(group, name, { key: STREAM, id: start }, { COUNT: BATCH, ...options });
    return reply === null ? [] : entriesOf(reply[0].messages);
  };
  return {
    read: (start) => read(start, start === ">" ? { BLOCK: BLOCK_MS } : {}),
    // Claimed entries come first, then new ones: to this application they are all the same.
    claim: () => read(">", { CLAIM: CLAIM_IDLE_MS }),
    acknowledge: (ids) => client.xAck(STREAM, group, ids),
    close: () => client.destroy(),
  };
}

async function life(open) {
  const redis = await open();
  try {
    for (let entries; (entries = await redis.read("0")).length > 0; ) await handle(redis, "history", entries);
    while (!stopping) {
      await handle(redis, "new", await redis.read(">"));
      await handle(redis, "claimed", await redis.claim());
    }
  } finally {
    redis.close();
  }
}

async function handle(redis, source, entries) {
  if (entries.length === 0) return;
  noteEntries(source, entries);
  await redis.acknowledge(entries.map(({ id }) => id));
}

async function main() {
  const open = library === "ioredis" ? withIoredis : withNodeRedis;
  let brokenSince = null;
  while (!stopping) {
    try {
      await life(open);
    } catch (error) {
      brokenSince ??= Date.now();
      if (Date.now() - brokenSince > RECONNECT_SECONDS * 1000) throw error;
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
