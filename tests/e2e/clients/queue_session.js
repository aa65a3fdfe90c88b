// SPDX-License-Identifier: MIT
//
// ioredis and node-redis with the verbs of the queue, by call() and sendCommand(); queue_session.py does the same.
//
//     node queue_session.js PORT queue ioredis|node-redis RESP
const { port, rest, say, ask, refused, until, fieldsOf, main } = require("./telling.js");

const [library, RESP] = [rest[0], Number(rest[1])];
const RETRY_MS = 20;

// --- Each library gives: do(...words), bytes(...words), pipeline(list), transaction(list), close().

async function withIoredis() {
  const Redis = require("ioredis");
  const mapping = RESP === 3 ? { replyMapping: "resp3" } : {};
  const redis = new Redis({ port, protocol: RESP, ...mapping, retryStrategy: () => RETRY_MS,
                           maxRetriesPerRequest: null });
  redis.on("error", () => {}); // while the server is away
  const results = async (pipeline) => (await pipeline.exec()).map(([error, reply]) => error ?? reply);
  const filled = (pipeline, list) => list.reduce((all, words) => all.call(...words), pipeline);
  return {
    do: (...words) => redis.call(...words),
    bytes: (...words) => redis.callBuffer(...words),
    pipeline: (list) => results(filled(redis.pipeline(), list)),
    transaction: (list) => results(filled(redis.multi(), list)),
    close: () => redis.disconnect(),
  };
}

async function withNodeRedis() {
  const { createClient, RESP_TYPES } = require("redis");
  const client = createClient({ RESP, socket: { host: "127.0.0.1", port, reconnectStrategy: RETRY_MS } });
  client.on("error", () => {}); // while the server is away
  await client.connect();
  const sent = (on, words) => on.sendCommand(words.map((word) => (Buffer.isBuffer(word) ? word : String(word))));
  return {
    do: (...words) => sent(client, words),
    bytes: (...words) => sent(client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }), words),
    pipeline: (list) => Promise.all(list.map((words) => sent(client, words))),
    transaction: (list) => list.reduce((all, words) => all.addCommand(words.map(String)), client.multi()).exec(),
    close: () => client.destroy(),
  };
}

const open = library === "ioredis" ? withIoredis : withNodeRedis;
const sendsAgain = library === "ioredis"; // what was not answered when the connection broke

// --- What does not vary

const idOf = (value) => (/^\d+-\d+$/.test(value) ? "id" : value);
const entriesOf = (reply) =>
  reply && reply.map(([key, handle, payload, attempts, deadline]) =>
    [key, handle.replace(/^\d+-\d+/, "id"), payload, attempts, deadline > Date.now() ? "later" : deadline]);
const shapeOf = (reply) => (Array.isArray(reply) ? "list" : "map");
const fields = (reply) =>
  Array.isArray(reply) ? Object.fromEntries(reply.flatMap((name, at) => (at % 2 ? [] : [[name,
                                                                                         reply[at + 1]]]))) : reply;
const error = async (promise) => (await refused(promise)).message;

const blocked = (r, count) =>
  until(`${count} blocked clients`, async () => fieldsOf(await r.do("INFO", "clients")).blocked_clients === `${count}`);

async function queue(r) {
  const one = await r.do("QADD", "q", "one");
  const two = await r.do("QADD", "q", "DEDUPE", "token", "two");
  const later = await r.do("QADD", "q", "DELAY", 600000, "three");
  say("added", [one, two, later].map(idOf));
  say("the same token", (await r.do("QADD", "q", "DEDUPE", "token", "again")) === two);
  say("ready", await r.do("LLEN", "q"));
  let got = await r.do("QRESERVE", 1, "q", "COUNT", 5, "CONSUMER", "w1");
  const handles = got.map((entry) => entry[1]);
  say("reserved", entriesOf(got));
  say("none left", await r.do("QRESERVE", 1, "q"));
  say("acknowledged", [await r.do("QACK", "q", handles[0]), await r.do("QACK", "q", handles[0])]);
  say("given back", await r.do("QNACK", "q", "FAIL", "IDS", 1, handles[1], "DELAY", 0, "REASON", "smtp 421"));
  got = await r.do("QRESERVE", 1, "q", "CONSUMER", "w2");
  let handle = got[0][1];
  say("once more", entriesOf(got));
  say("superseded", [await r.do("QACK", "q", handles[1]), await r.do("QEXTEND", "q", 60000, handle)]);
  say(
    "pending",
    (await r.do("QPENDING", "q", "LEASED", "-", "+", 10)).map(([id, name, , ...more]) => [idOf(id), name, ...more])
  );
  const nacked = await r.do("QNACK", "q", "FATAL", "IDS", 1, handle, "REASON", "no such address");
  const dead = fields((await r.do("XRANGE", "q:dead", "-", "+"))[0][1]);
  say("hopeless", [nacked, await r.do("XLEN", "q:dead"), dead["dlq.reason"], dead["dlq.error"]]);
  const info = await r.do("QINFO", "q");
  say("info", [shapeOf(info), ...["ready", "delayed", "leased", "dead"].map((name) => fields(info)[name])]);
  const told = await r.do("QPOLICY", "q", "MAXLEN", 2);
  const policy = await r.do("QPOLICY", "q");
  say("policy", [told, shapeOf(policy), fields(policy).MAXLEN, fields(policy).source]);
  await r.do("RPUSH", "q", "x");
  say("full", await error(r.do("RPUSH", "q", "y")));
  say("deleted", await r.do("QDEL", "q", later, one));
  say("pushed and reserved", [await r.do("LPUSH", "old", "x"), entriesOf(await r.do("QRESERVE", 1, "old"))]);

  const waiter = await open();
  const waiting = waiter.do("QRESERVE", 1, "wait", "BLOCK", 0);
  await blocked(r, 1);
  say("waited", [await r.do("LPUSH", "wait", "pushed"), entriesOf(await waiting)]);
  say("waited in vain", await r.do("QRESERVE", 2, "wait", "none", "BLOCK", 10));
  const [added, reserved, none] = await r.transaction([["QADD", "tx", "in"], ["QRESERVE", 1, "tx"],
                                                       ["QRESERVE", 1, "tx", "BLOCK", 0]]);
  say("in a transaction", [idOf(added), entriesOf(reserved), none]);
  const ids = await r.pipeline(Array.from({ length: 100 }, (_, n) => ["QADD", "many", n]));
  got = await r.do("QRESERVE", 1, "many", "COUNT", 1000);
  const done = await r.do("QACK", "many", ...got.map((entry) => entry[1]));
  say("in a pipeline", [new Set(ids).size, got.length, done.reduce((sum, each) => sum + each, 0)]);
  await r.do("QADD", "bytes", Buffer.from([0, 255, 13, 10]));
  say("bytes", (await r.bytes("QRESERVE", 1, "bytes"))[0][2].toString("latin1"));
  say("redriven", [await r.do("QREDRIVE", "q:dead", "TO", "again"), await r.do("LLEN", "again")]);
  await r.do("SET", "string", "x");
  say("refused", [
    await error(r.do("QRESERVE")), await error(r.do("QADD", "string", "x")), await error(r.do("QRESERVE", 0, "q"))
  ]);
  await r.do("QADD", "crash", "x");
  handle = (await r.do("QRESERVE", 1, "crash"))[0][1];
  let lost = waiter.do("QRESERVE", 1, "wait", "BLOCK", 0);
  if (!sendsAgain) lost = refused(lost);
  await blocked(r, 1);
  await ask("kill");
  await ask("start");
  const fresh = await open();
  say("acknowledged after a crash", await fresh.do("QACK", "crash", handle));
  if (!sendsAgain) {
    await lost;
    lost = waiter.do("QRESERVE", 1, "wait", "BLOCK", 0);
  }
  await blocked(fresh, 1);
  await fresh.do("RPUSH", "wait", "after");
  say("waited through a crash", entriesOf(await lost));
  waiter.close();
  fresh.close();
}

main({ queue }, open, (r) => r.close());
