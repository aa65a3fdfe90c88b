// SPDX-License-Identifier: MIT
//
// node-redis: every family through its methods, its pool, its iterators, its cache.
//
//     node node_redis_session.js PORT FAMILIES RESP
const { createClient, createClientPool, defineScript, RESP_TYPES, CLIENT_KILL_FILTERS } = require("redis");
const { port, rest, say, ask, refused, until, Heard, only, kinds, fieldsOf, main } = require("./telling.js");

const RESP = Number(rest[0]);
const RETRY_MS = 20;

const made = [];

// Connected; closed when its family ends.
async function another(options = {}) {
  const { socket, ...more } = options;
  const ours = { host: "127.0.0.1", port, reconnectStrategy: RETRY_MS, ...socket };
  const client = createClient({ RESP, socket: ours, ...more });
  client.on("error", () => {}); // while the server is away
  made.push(client);
  await client.connect();
  return client;
}

const bytes = (client) => client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
const info = async (r, section) => fieldsOf(await r.info(section));
const blocked = (r, count) =>
  until(`${count} blocked clients`, async () => Number((await info(r, "clients")).blocked_clients) === count);
const numbered = (count, make) => Array.from({ length: count }, (_, n) => make(n));

async function gathered(iterator) {
  const all = [];
  for await (const page of iterator) all.push(...(Array.isArray(page) ? page : [page]));
  return all;
}

// What a subscriber is told, in order.
class Listener {
  constructor() {
    this.heard = [];
    this.hear = (...words) => this.heard.push(words);
  }
  async take(count) {
    await until(`${count} messages`, () => this.heard.length >= count);
    return this.heard.splice(0, count);
  }
}

// --- Families

async function connection(r) {
  say("ping", [await r.ping(), await r.ping("text"), await r.echo("said"), await bytes(r).echo("bytes")]);
  const named = await another({ name: "me", database: 3 });
  say("named", [await named.clientGetName(), only(await named.clientInfo(), "db", "name", "flags", "user", "resp")]);
  say("setname", [await r.clientSetName("x"), await refused(r.clientSetName("a b"))]);
  const id = await r.clientId();
  say("id", [
    (await r.clientInfo()).id === id, (await r.clientList({ ID: [String(id)] })).length,
    (await r.clientList({ TYPE: "PUBSUB" })).length
  ]);
  say("select", [
    await named.select(5), await named.set("k", "in 5"), await named.get("k"), await r.get("k"),
    await refused(named.select(16))
  ]);
  say("hello", only(await r.hello(), "proto", "mode", "role", "modules"));
  say("auth", [
    await refused(r.auth({ password: "wrong" })), await refused(r.auth({ username: "nobody", password: "wrong" }))
  ]);
  say("unknown", [await refused(r.sendCommand(["NOSUCH", "a"])), await refused(r.sendCommand(["GET"]))]);
  say("pause", [
    await r.clientPause(0), await r.clientUnpause(), await r.clientNoEvict(true), await r.clientGetRedir()
  ]);
  say("pipelined by itself", await Promise.all(numbered(100, (n) => r.incrBy("n", n))));
  const prefixed = await another({ keyPrefix: "p:" });
  say("prefix", [
    await prefixed.mSet({ a: "1", b: "2" }), await r.mGet(["p:a", "p:b"]), await prefixed.del(["a", "b"])
  ]);
  const twin = r.duplicate();
  await twin.connect();
  say("duplicate", [twin.isReady, await twin.ping(), await twin.close(), twin.isOpen]);
  const legacy = r.legacy();
  say("legacy", await new Promise((resolve) => legacy.set("old", "style", (error, reply) => resolve([error, reply]))));
  const pool = createClientPool({ RESP, socket: { host: "127.0.0.1", port } }, { minimum: 1, maximum: 3 });
  await pool.connect();
  say("pool", [
    (await Promise.all(numbered(50, () => pool.incr("pooled")))).sort((a, b) => a - b).pop(),
    await pool.execute((client) => client.get("pooled"))
  ]);
  await pool.close();
  const asked = new AbortController();
  asked.abort();
  say("aborted", (await refused(r.withAbortSignal(asked.signal).get("k"))).constructor.name);
}

async function keys(r) {
  await r.mSet({ a: "1", b: "2", c: "3" });
  say("count", [
    await r.exists(["a", "b", "none", "a"]), await r.del(["a", "none"]), await r.unlink("b"), await r.dbSize(),
    await r.type("c")
  ]);
  say("expire", [
    await r.ttl("c"), await r.expire("c", 100), (await r.ttl("c")) > 90, await r.expire("c", 50, "GT"),
    await r.pExpire("c", 200000, "XX"), await r.persist("c"), await r.expireAt("c", 4e9),
    await r.pExpireAt("c", new Date(4e12)), await r.pTTL("none"), await r.expire("c", -1)
  ]);
  await r.set("gone", "x", { PX: 1 });
  await until("a key expires", async () => (await r.exists("gone")) === 0);
  say("flush", [
    await r.set("a", "1"), await r.flushDb("ASYNC"), await r.dbSize(), await r.flushAll("SYNC"), await r.wait(0, 10)
  ]);
  say("refused", [
    await refused(r.sendCommand(["EXPIRE", "c", "x"])), await refused(r.sendCommand(["EXPIRE", "c", "5", "NX", "GT"]))
  ]);
}

async function keyspace(r) {
  await r.mSet(numbered(300, (n) => [`k${String(n).padStart(3, "0")}`, String(n)]));
  say("scan", [
    new Set(await gathered(r.scanIterator({ COUNT: 20 }))).size,
    (await gathered(r.scanIterator({ MATCH: "k00?", TYPE: "string" }))).sort(),
    (await gathered(r.scanIterator({ TYPE: "list" }))), (await r.keys("k29*")).sort(), (await r.randomKey()).length
  ]);
  await r.flushDb();
  await r.set("a", "1", { EX: 100 });
  say("rename", [
    await r.rename("a", "b"), (await r.ttl("b")) > 90, await refused(r.rename("a", "b")), await r.renameNX("b", "c"),
    await r.touch(["b", "c"])
  ]);
  say("copy", [
    await r.copy("c", "d"), await r.copy("c", "d"), await r.copy("c", "d", { REPLACE: true }),
    await r.copy("c", "e", { DB: 2 }), await r.move("d", 2), await r.exists("d")
  ]);
  say("object", [
    await r.objectEncoding("c"), (await r.objectRefCount("c")) > 0, (await r.objectIdleTime("c")) >= 0,
    (await r.expireTime("c")) > 1e9, await r.pExpireTime("none")
  ]);
  const dump = await bytes(r).dump("c");
  say("dump", [
    await r.restore("f", 0, dump), await r.get("f"), await refused(r.restore("f", 0, dump)),
    await r.restore("f", 5000, dump, { REPLACE: true }), await r.dump("none")
  ]);
  await r.rPush("l", ["3", "10", "2"]);
  say("sort", [
    await r.sort("l"), await r.sort("l", { DIRECTION: "DESC", LIMIT: { offset: 0, count: 2 } }),
    await r.sortStore("l", "to", { ALPHA: true }), await r.lRange("to", 0, -1), await r.sortRo("l")
  ]);
  say("swapdb", [await r.swapDb(0, 2), await r.exists("e"), await r.swapDb(0, 2), await refused(r.swapDb(0, 99))]);
}

async function strings(r) {
  say("set", [
    await r.set("k", "v"), await r.set("k", "w", { NX: true }), await r.set("k", "w", { XX: true, GET: true }),
    await r.set("none", "x", { XX: true }), await r.setNX("k", "1")
  ]);
  say("with a time", [
    await r.set("t", "1", { EX: 10 }), await r.set("t", "2", { KEEPTTL: true }), (await r.ttl("t")) > 0,
    await r.setEx("t", 20, "x"), await r.pSetEx("t", 5000, "y"), await r.getEx("t", { type: "PERSIST" }),
    await r.ttl("t"), await r.getSet("t", "new"), await r.getDel("t"), await r.getDel("t")
  ]);
  say("several", [
    await r.mSet(["a", "1", "b", Buffer.from([0, 255])]), await bytes(r).mGet(["a", "b", "none"]),
    await r.mSetNX({ a: "1", q: "2" }), await r.strLen("b"), await r.append("a", "2")
  ]);
  say("numbers", [
    await r.incr("n"), await r.incrBy("n", 41), await r.decr("n"), await r.decrBy("n", 3),
    await r.incrByFloat("n", 0.5), await refused(r.incr("k"))
  ]);
  say("ranges", [
    await r.setRange("k", 5, "!"), await r.getRange("k", 0, -1), await r.lcs("k", "a"), await r.lcsLen("k", "k"),
    await r.lcsIdx("k", "k"), await r.lcsIdxWithMatchLen("k", "k", { MINMATCHLEN: 2 })
  ]);
  say("large", (await r.set("large", Buffer.alloc(3e6, 1)), (await bytes(r).get("large")).length));
  say("wrong type", [await r.lPush("l", "1"), await refused(r.get("l")), await r.mGet(["l"])]);
}

async function bits(r) {
  say("one", [
    await r.setBit("b", 7, 1), await r.setBit("b", 7, 0), await r.getBit("b", 7), await r.setBit("b", 100, 1),
    await r.bitCount("b")
  ]);
  await r.set("f", Buffer.from([255, 15]));
  say("count", [
    await r.bitCount("f", { start: 1, end: 1 }), await r.bitCount("f", { start: 0, end: 3, mode: "BIT" }),
    await r.bitPos("f", 0), await r.bitPos("f", 1, 9, 15, "BIT")
  ]);
  say("operations", [
    await r.bitOp("AND", "to", ["f", "b"]), await r.bitOp("NOT", "to", "f"), await bytes(r).get("to")
  ]);
  const field = (operation, offset, more) => ({ operation, encoding: "u8", offset, ...more });
  const overflow = (behavior) => ({ operation: "OVERFLOW", behavior });
  const saturated = [field("SET", "#0", { value: 250 }), overflow("SAT"), field("INCRBY", "#0", { increment: 10 })];
  say("field", [
    await r.bitField("bf", [...saturated, field("GET", 0)]),
    await r.bitField("bf", [overflow("FAIL"), field("INCRBY", 0, { increment: 1 })]),
    await r.bitFieldRo("bf", [{ encoding: "i4", offset: 0 }])
  ]);
  say("refused", await refused(r.setBit("b", -1, 1)));
}

async function lists(r) {
  say("push", [
    await r.rPush("l", ["a", "b"]), await r.lPush("l", "z"), await r.lPushX("none", "1"), await r.rPushX("l", "c"),
    await r.lLen("l")
  ]);
  say("look", [
    await r.lRange("l", 0, -1), await r.lIndex("l", 9), await r.lPos("l", "b"), await r.lPos("l", "none"),
    await r.lPosCount("l", "b", 0, { RANK: -1 })
  ]);
  say("change", [
    await r.lSet("l", 0, "y"), await r.lInsert("l", "BEFORE", "b", "a2"), await r.lRem("l", 1, "a"),
    await r.lTrim("l", 0, 2), await r.lRange("l", 0, -1)
  ]);
  say("pop", [
    await r.lPop("l"), await r.rPopCount("l", 5), await r.lPop("l"), await r.lPopCount("l", 2), await r.exists("l")
  ]);
  await r.rPush("l", ["1", "2", "3"]);
  say("move", [
    await r.lMove("l", "m", "LEFT", "RIGHT"), await r.rPopLPush("l", "m"),
    await r.lmPop(["none", "m"], "RIGHT", { COUNT: 5 }), await r.lmPop("none", "LEFT")
  ]);
  say("refused", [
    await refused(r.lSet("none", 0, "x")), await refused(r.lSet("l", 9, "x")), await refused(r.lPopCount("l", -1))
  ]);
}

async function blocking(r) {
  await r.rPush("l", "a");
  say("at once", await r.blPop("l", 0));
  say("in vain", [
    await r.blPop(["l", "m"], 0.01), await r.brPop("l", 0.01), await r.blMove("l", "m", "LEFT", "LEFT", 0.01),
    await r.brPopLPush("l", "m", 0.01), await r.blmPop(0.01, "l", "LEFT")
  ]);
  const [one, two] = [await another(), await another()];
  const first = one.blPop(["l", "m"], 0);
  await blocked(r, 1);
  const second = bytes(two).brPop("m", 0);
  await blocked(r, 2);
  say("pushed", [await r.rPush("m", ["1", "2", "3"]), await first, await second, await r.lRange("m", 0, -1)]);
  const third = one.blMove("l", "m", "LEFT", "RIGHT", 0);
  const fourth = two.blmPop(0, "to", "LEFT", { COUNT: 3 });
  await blocked(r, 2);
  say("moved", [await r.lPush("l", "x"), await third, await r.lMove("m", "to", "RIGHT", "LEFT"), await fourth]);
  const order = [];
  const wait = one.blPop("l", 0).then((reply) => order.push(reply));
  const behind = one.get("nothing").then((reply) => order.push(reply));
  await blocked(r, 1);
  await r.rPush("l", "freed");
  await Promise.all([wait, behind]);
  say("in order", order);
  const id = await one.clientId();
  const fifth = one.brPopLPush("l", "m", 0);
  await blocked(r, 1);
  say("unblocked", [
    (await r.clientList()).filter((line) => line.flags.includes("b")).map((line) => line.cmd),
    await r.clientUnblock(id), await fifth, await r.clientUnblock(id)
  ]);
  const sixth = refused(one.blPop("l", 0));
  await blocked(r, 1);
  say("unblocked with an error", [await r.clientUnblock(id, "ERROR"), await sixth]);
  // A pool waits on one of its connections and works on the others.
  const pool = r.createPool({ maximum: 2 });
  await pool.connect();
  const pooled = pool.blPop("pooled", 0);
  await blocked(r, 1);
  say("in a pool", [await pool.rPush("pooled", "x"), await pooled]);
  await pool.close();
  say("refused", [await refused(r.blPop("l", -1)), await refused(r.sendCommand(["BLPOP", "l", "x"]))]);
}

async function transactions(r) {
  say("a transaction", await r.multi().set("a", "1").incr("a").rPush("l", "x").lRange("l", 0, -1).get("none").exec());
  say("a pipeline", await r.multi().get("a").incr("a").ping().execAsPipeline());
  const inside = await refused(r.multi().set("a", "x").incr("a").exec());
  say("an error inside", [inside.constructor.name, inside.replies, inside.errorIndexes]);
  say("not queued", [(await refused(r.multi().set("a", "2").addCommand(["NOSUCH"]).exec())), await r.get("a")]);
  const watching = await another();
  await watching.watch("a");
  await r.set("a", "changed");
  say("watched", (await refused(watching.multi().get("a").exec())).constructor.name);
  say("unwatched", [
    await watching.watch("a"), await r.set("a", "again"), await watching.unwatch(),
    await watching.multi().get("a").exec()
  ]);
  const isolated = r.createPool({ maximum: 2 });
  await isolated.connect();
  const added = await isolated.execute(async (client) => {
    await client.watch("n");
    return client.multi().set("n", "1").get("n").exec();
  });
  say("watched in a pool", added);
  await isolated.close();
  say("by hand", [
    await watching.sendCommand(["MULTI"]), await watching.sendCommand(["SET", "a", "5"]),
    await refused(watching.sendCommand(["MULTI"])), await watching.sendCommand(["DISCARD"]), await r.get("a"),
    await refused(watching.sendCommand(["EXEC"]))
  ]);
  const many = r.multi();
  for (let n = 0; n < 5000; ++n) many.rPush("many", String(n));
  say("many", (await many.exec())[4999]);
}

async function pubsub(r) {
  const [subscriber, listener] = [await another(), new Listener()];
  await subscriber.subscribe(["news", "other"], listener.hear);
  await subscriber.pSubscribe("n?ws", listener.hear);
  await subscriber.sSubscribe("shard", listener.hear);
  say("published", [await r.publish("news", "one"), await r.publish("nobody", "x"), await r.sPublish("shard", "two")]);
  say("messages", await listener.take(3));
  await subscriber.subscribe("bytes", listener.hear, true);
  say("bytes", [await r.publish("bytes", Buffer.from([0, 255])), await listener.take(1)]);
  say("told", [
    (await r.pubSubChannels()).sort(), await r.pubSubNumSub(["news", "none"]), await r.pubSubNumPat(),
    await r.pubSubShardChannels(), await r.pubSubShardNumSub("shard")
  ]);
  say("what a subscriber may", [
    subscriber.isPubSubActive, await subscriber.ping(), await subscriber.set("k", "v").catch((error) => error)
  ]);
  await subscriber.unsubscribe("news");
  await subscriber.pUnsubscribe();
  await subscriber.sUnsubscribe();
  say("left", [await r.publish("news", "x"), await r.publish("other", "y"), await listener.take(1)]);
  await subscriber.unsubscribe();
  say("none left", [subscriber.isPubSubActive, await r.pubSubChannels(), await subscriber.set("k", "v")]);
}

async function notifications(r) {
  await r.configSet("notify-keyspace-events", "KEA");
  const [subscriber, listener] = [await another(), new Listener()];
  await subscriber.pSubscribe("__key*__:*", listener.hear);
  const changes = r.multi().rPush("l", ["1", "2"]).lMove("l", "m", "LEFT", "LEFT").lPop("l").del("m");
  await changes.xAdd("x", "1-1", { f: "v" }).expire("x", 100).exec();
  say("events", await listener.take(16));
  say("switched off", [await r.configSet({ "notify-keyspace-events": "" }), await r.set("k", "1"), listener.heard]);
}

async function tracking(r) {
  say("off", [await r.clientGetRedir(), await r.clientTrackingInfo()]);
  if (RESP === 2) {
    const [reader, subscriber, listener] = [await another(), await another(), new Listener()];
    const id = await subscriber.clientId();
    await subscriber.subscribe("__redis__:invalidate", listener.hear);
    say("on", [
      await reader.clientTracking(true, { REDIRECT: id }), (await reader.clientGetRedir()) === id,
      await reader.get("a"), await r.set("a", "1"), await listener.take(1)
    ]);
    say("refused", await refused(reader.clientTracking(true, { BCAST: true })));
    return;
  }
  const invalid = new Heard(await another({ emitInvalidate: true }), "invalidate");
  const reader = made[made.length - 1];
  say("on", [
    await reader.clientTracking(true, { OPTIN: true, NOLOOP: true }), await reader.clientTrackingInfo(),
    await reader.clientCaching(true), await reader.get("a"), await reader.get("b")
  ]);
  say("told", [await r.set("b", "1"), await r.set("a", "1"), await invalid.take(1)]);
  say("off again", [
    await reader.clientTracking(false), await reader.clientTracking(true, { BCAST: true, PREFIX: ["x:"] }),
    await r.mSet({ "y:1": "1", "x:1": "1" }), await invalid.take(1), await r.flushDb(), await invalid.take(1)
  ]);
  say("refused", [await refused(reader.clientTracking(true, { OPTOUT: true })), await refused(r.clientCaching(true))]);

  // The library's own cache.
  const cached = await another({ clientSideCache: { ttl: 0, maxEntries: 10, evictPolicy: "LRU" } });
  const cache = cached.options.clientSideCache;
  await r.set("k", "1");
  say("cached", [
    await cached.get("k"), await cached.get("k"), await cached.lRange("l", 0, -1), await cached.lRange("l", 0, -1),
    cached.clientSideCache.stats().hitCount
  ]);
  await r.set("k", "2");
  say("fresh", await until("the cache is told", async () => (await cached.get("k")) === "2"));
  await r.rPush("l", "x");
  say("lists as well", await until("the cache is told", async () => (await cached.lRange("l", 0, -1)).length === 1));
  say("its counts", only(cached.clientSideCache.stats(), "evictionCount"));
}

async function introspection(r) {
  const fields = await info(r);
  say("info", [
    only(fields, "redis_mode", "role", "connected_slaves", "cluster_enabled", "loading", "aof_enabled"),
    Number(fields.tcp_port) === port
  ]);
  say("kinds", kinds(fields, "redis_version", "process_id", "run_id", "used_memory", "total_commands_processed"));
  say("config", [
    await r.configGet(["maxmemory", "maxmemory-p*"]), await r.configSet("maxmemory", "200mb"),
    await r.configGet("maxmemory"), await r.configSet({ maxmemory: "0", "slowlog-max-len": "50" }),
    await refused(r.configSet("nosuch", "1")), await refused(r.configRewrite())
  ]);
  say("slowlog", [
    await r.configSet("slowlog-log-slower-than", "0"), await r.sendCommand(["SLOWLOG", "RESET"]), await r.set("k", "x"),
    (await r.sendCommand(["SLOWLOG", "GET", "1"]))[0][3], await r.configSet("slowlog-log-slower-than", "10000")
  ]);
  say("latency", [
    await r.latencyLatest(), await r.latencyReset(), await r.latencyHistory("command"),
    (await r.latencyDoctor()).length > 20
  ]);
  say("memory", [
    (await r.memoryUsage("k")) > 10, await r.memoryUsage("none", { SAMPLES: 5 }), await r.memoryPurge(),
    (await r.memoryDoctor()).length > 20,
    kinds(await r.memoryStats(), "peak.allocated", "keys.count", "peak.percentage")
  ]);
  const [get, none] = await r.commandInfo(["get", "none"]);
  say("command", [
    (await r.commandCount()) > 150,
    only(get, "name", "arity", "flags", "firstKeyIndex", "lastKeyIndex", "step", "categories"), none,
    await r.commandGetKeys(["MSET", "a", "1", "b", "2"]), await r.commandGetKeysAndFlags(["SET", "a", "1", "GET"]),
    (await r.commandList({ FILTERBY: { type: "PATTERN", value: "pex*at" } })).sort()
  ]);
  say("role", [await r.role(), typeof (await r.lastSave()), (await r.time()).constructor.name, await r.bgRewriteAof()]);
  await until("the rewrite ends", async () => (await info(r, "persistence")).aof_rewrite_in_progress === "0");
  const lines = [];
  const monitor = await another();
  await monitor.monitor((line) => lines.push(line));
  await r.set("seen", 'by "it"');
  const line = await until("it is seen", () => lines.find((each) => each.includes("seen")));
  say("monitor", line.replace(/^[\d.]+ \[0 [\d.:]+\]/, "<time> <client>"));
  await ask("note");
  say("stats", [
    await r.configResetStat(), await r.get("k"), await refused(r.lPop("k")),
    (await info(r, "commandstats")).cmdstat_get.split(",")[0], await info(r, "errorstats")
  ]);
  say("no cluster", [await refused(r.clusterInfo()), await refused(r.readonly())]);
}

async function acl(r) {
  say("who", [
    await r.aclWhoAmI(), await r.aclUsers(), await r.aclList(), (await r.aclCat()).length > 20,
    (await r.aclCat("list")).includes("lpush")
  ]);
  const rules = ["on", ">secret", "~q:*", "&news", "+@list", "+@connection", "-blpop", "+get", "+info", "+acl|whoami"];
  say("make", await r.aclSetUser("worker", rules));
  const user = await r.aclGetUser("worker");
  say("told", [[...user.flags].sort(), user.keys, user.channels, user.passwords.length, await r.aclGetUser("none")]);
  const worker = await another({ username: "worker", password: "secret" });
  say("may", [await worker.aclWhoAmI(), await worker.rPush("q:1", "x"), await worker.lPop("q:1")]);
  say("may not", [
    await refused(worker.rPush("other", "1")), await refused(worker.blPop("q:1", 0)),
    await refused(worker.set("q:1", "1")), await refused(worker.publish("news", "x"))
  ]);
  say("dry run", [await r.aclDryRun("worker", ["get", "q:1"]), await r.aclDryRun("worker", ["get", "other"])]);
  say("log", [
    (await r.aclLog(2)).map((entry) => only(entry, "count", "reason", "context", "object", "username")),
    await r.aclLogReset(), await r.aclLog()
  ]);
  worker.destroy();
  say("end", [
    (await r.aclGenPass()).length, (await r.aclGenPass(16)).length, await r.aclDelUser(["worker", "none"]),
    await refused(r.aclSetUser("x", "+nosuch"))
  ]);
  say(
    "shut out", await refused(another({ username: "worker", password: "secret", socket: { reconnectStrategy: false } }))
  );
}

async function streams(r) {
  say("add", [
    await r.xAdd("x", "1-1", { a: "1" }), await r.xAdd("x", "1-*", { b: "2", c: "3" }),
    await r.xAdd("x", "5-0", { d: "4" }, { TRIM: { strategy: "MAXLEN", strategyModifier: "~", threshold: 10 } }),
    await r.xAddNoMkStream("none", "*", { a: "1" }), await r.xLen("x")
  ]);
  say("range", [
    await r.xRange("x", "-", "+"), await r.xRevRange("x", "+", "-", { COUNT: 1 }),
    await bytes(r).xRange("x", "(1-1", "1"), await r.xRange("x", "6", "+")
  ]);
  say("read", [
    await r.xRead([{ key: "x", id: "1-1" }, { key: "none", id: "0" }], { COUNT: 1 }),
    await r.xRead({ key: "x", id: "$" }), await r.xRead({ key: "x", id: "$" }, { BLOCK: 10 })
  ]);
  const reader = await another();
  const waiting = reader.xRead({ key: "x", id: "$" }, { BLOCK: 0 });
  await blocked(r, 1);
  say("waited", [await r.xAdd("x", "6-6", { e: "5" }), await waiting]);
  say("trim", [
    await r.xDel("x", ["1-1", "9-9"]), await r.xTrim("x", "MAXLEN", 2), await r.xTrim("x", "MINID", "6"),
    await r.xSetId("x", "7-0")
  ]);
  say(
    "info",
    only(await r.xInfoStream("x"), "length", "last-generated-id", "groups", "entries-added", "max-deleted-entry-id")
  );
  say("refused", [
    await refused(r.xAdd("x", "1-1", { a: "1" })), await refused(r.xRange("x", "bad", "+")),
    await refused(r.xInfoStream("none"))
  ]);
}

async function groups(r) {
  say("make", [
    await r.xGroupCreate("x", "g", "0", { MKSTREAM: true }), await refused(r.xGroupCreate("x", "g", "0")),
    await r.xGroupCreateConsumer("x", "g", "c1")
  ]);
  for (let n = 1; n < 7; ++n) await r.xAdd("x", `${n}-0`, { n: String(n) });
  const read = (client, name, id, options) => client.xReadGroup("g", name, { key: "x", id }, options);
  say("read", [
    await read(r, "c1", ">", { COUNT: 2 }), await read(r, "c2", ">", { COUNT: 2 }), await read(r, "c1", "0"),
    await r.xAck("x", "g", ["1-0", "9-9"])
  ]);
  const range = await r.xPendingRange("x", "g", "-", "+", 10, { consumer: "c2" });
  say("pending", [
    await r.xPending("x", "g"), range.map((entry) => only(entry, "id", "consumer", "deliveriesCounter"))
  ]);
  say("claim", [
    await r.xClaim("x", "g", "c1", 0, "4-0"), await r.xClaimJustId("x", "g", "c1", 1e7, "2-0"),
    await r.xDel("x", "3-0"), await r.xAutoClaim("x", "g", "c3", 0, "0", { COUNT: 2 }),
    await r.xAutoClaimJustId("x", "g", "c3", 0, "0")
  ]);
  say("info", [
    (await r.xInfoGroups("x")).map((it) => only(it, "name", "consumers", "pending", "last-delivered-id")),
    (await r.xInfoConsumers("x", "g")).map((it) => only(it, "name", "pending"))
  ]);
  say("rest", await read(r, "w", ">"));
  const waiter = await another();
  const waiting = read(waiter, "w", ">", { BLOCK: 0 });
  await blocked(r, 1);
  say("waited", [await r.xAdd("x", "7-0", { n: "7" }), await waiting]);
  const lost = refused(read(waiter, "w", ">", { BLOCK: 0 }));
  await blocked(r, 1);
  say("end", [
    await r.xGroupSetId("x", "g", "$"), await r.xGroupDelConsumer("x", "g", "c3"), await r.xGroupDestroy("x", "g"),
    (await lost).message.split(" ")[0], await refused(read(r, "c", ">"))
  ]);
}

async function hashes(r) {
  say("set", [
    await r.hSet("h", "a", "1"), await r.hSet("h", { a: "2", b: "3" }), await r.hSet("h", new Map([["c", "4"]])),
    await r.hSetNX("h", "a", "9"), await r.hLen("h")
  ]);
  say("get", [
    await r.hGet("h", "a"), await r.hGet("h", "none"), await r.hmGet("h", ["a", "none"]), await r.hGetAll("h"),
    await r.hGetAll("none"), (await r.hKeys("h")).sort(), (await r.hVals("h")).sort(), await r.hExists("h", "a"),
    await r.hStrLen("h", "a")
  ]);
  say("numbers", [
    await r.hIncrBy("h", "a", 5), await r.hIncrByFloat("h", "a", 0.5), await refused(r.hIncrBy("h", "a", 1)),
    await r.hDel("h", ["a", "none"]), typeof (await r.hRandField("h")),
    (await r.hRandFieldCountWithValues("h", -5)).length
  ]);
  await r.hSet("big", numbered(1000, (n) => [`f${n}`, String(n)]));
  const found = new Set((await gathered(r.hScanIterator("big", { COUNT: 30 }))).map(({ field }) => field));
  say("scan", [found.size, await r.set("s", "1"), await refused(r.hGet("s", "a"))]);
}

async function sets(r) {
  const sorted = (list) => [...list].sort();
  say("add", [
    await r.sAdd("s", ["1", "2", "3"]), await r.sAdd("s", ["3", "4"]), await r.sAdd("t", ["3", "4", "5"]),
    await r.sCard("s"), sorted(await r.sMembers("s")), await r.sIsMember("s", "1"), await r.smIsMember("s", ["1", "9"]),
    await r.sRem("s", ["1", "9"]), await r.sMove("s", "t", "2")
  ]);
  say("algebra", [
    sorted(await r.sInter(["s", "t"])), sorted(await r.sUnion(["s", "t"])), sorted(await r.sDiff(["t", "s"])),
    await r.sInterStore("i", ["s", "t"]), await r.sUnionStore("u", ["s", "t"]), await r.sDiffStore("d", ["s", "t"]),
    await r.sInterCard(["s", "t"], { LIMIT: 1 })
  ]);
  say("random", [
    typeof (await r.sRandMember("s")), (await r.sRandMemberCount("s", -5)).length, sorted(await r.sPopCount("s", 5)),
    await r.sPop("s"), await r.exists("s")
  ]);
  await r.sAdd("big", numbered(1000, String));
  say("scan", [
    new Set(await gathered(r.sScanIterator("big", { COUNT: 30 }))).size, await r.set("k", "1"),
    await refused(r.sAdd("k", "1"))
  ]);
}

async function sortedSets(r) {
  const member = (value, score) => ({ value, score });
  say("add", [
    await r.zAdd("z", [member("a", 1), member("b", 2.5), member("c", Infinity)]),
    await r.zAdd("z", member("a", 5), { condition: "NX" }),
    await r.zAdd("z", member("a", 0.5), { condition: "XX", CH: true }), await r.zAddIncr("z", member("a", 3)),
    await r.zIncrBy("z", 1, "d"), await r.zCard("z")
  ]);
  say("range", [
    await r.zRangeWithScores("z", 0, -1), await r.zRange("z", 0, 1, { REV: true }),
    await r.zRangeByScoreWithScores("z", 1, "+inf", { LIMIT: { offset: 0, count: 2 } }),
    await r.zRange("z", "-inf", "(3", { BY: "SCORE" }), await r.zRangeStore("to", "z", 0, 1)
  ]);
  say("places", [
    await r.zRank("z", "a"), await r.zRevRank("z", "none"), await r.zScore("z", "b"), await r.zScore("z", "c"),
    await r.zmScore("z", ["a", "none"]), await r.zCount("z", 1, 3)
  ]);
  await r.zAdd("lex", ["a", "b", "c", "d"].map((value) => member(value, 0)));
  say("lex", [
    await r.zRangeByLex("lex", "[b", "(d"), await r.zLexCount("lex", "-", "+"),
    await r.zRemRangeByLex("lex", "[a", "[a")
  ]);
  say("algebra", [
    await r.zUnionWithScores(["z", "lex"], { AGGREGATE: "MAX" }), await r.zInter(["z", "lex"]),
    await r.zDiffWithScores(["z", "lex"]), await r.zInterStore("i", ["z", "lex"]),
    await r.zUnionStore("u", [{ key: "z", weight: 1 }, { key: "lex", weight: 3 }]),
    await r.zDiffStore("d", ["z", "lex"]), await r.zInterCard(["z", "lex"])
  ]);
  say("remove", [
    await r.zRem("z", ["a", "none"]), await r.zRemRangeByScore("u", "-inf", 0), await r.zRemRangeByRank("u", 0, 0),
    await r.zPopMin("lex"), await r.zPopMaxCount("lex", 2), await r.zmPop(["none", "z"], "MIN"),
    await r.zmPop("none", "MIN")
  ]);
  const [one, two] = [await another(), await another()];
  const waiting = one.bzPopMin(["q", "p"], 0);
  const other = two.bzmPop(0, "m", "MAX", { COUNT: 2 });
  await blocked(r, 2);
  say("waited", [
    await r.zAdd("p", [member("x", 1.5), member("y", 1)]), await waiting,
    await r.zAdd("m", [member("x", 1), member("y", 2), member("z", 3)]), await other, await r.bzPopMax("m", 1),
    await r.bzPopMax("m", 0.01)
  ]);
  await r.zAdd("big", numbered(1000, (n) => member(`m${n}`, n)));
  say("scan", [
    new Set((await gathered(r.zScanIterator("big", { COUNT: 30 }))).map(({ value }) => value)).size,
    await r.set("k", "1"), await refused(r.zAdd("k", member("a", 1)))
  ]);
}

async function scripting(r) {
  say("eval", [
    await r.eval("return {KEYS[1], ARGV[1], #ARGV}", { keys: ["k"], arguments: ["a", "b"] }),
    await r.eval("return redis.call('INCR', KEYS[1])", { keys: ["n"] }),
    await r.eval("return {1, 'two', {3}, true, nil, 5}"),
    await r.evalRo("return redis.call('GET', KEYS[1])", { keys: ["n"] })
  ]);
  say("maps and numbers", [
    await r.eval("redis.setresp(3); return {map={a='b'}}"), await r.eval("redis.setresp(3); return {double=2.5}"),
    await r.eval("redis.setresp(3); return true")
  ]);
  const sha = await r.scriptLoad("return redis.call('GET', KEYS[1])");
  say("loaded", [sha, await r.scriptExists([sha, "0".repeat(40)]), await r.evalSha(sha, { keys: ["n"] })]);
  say("refused", [
    await refused(r.evalSha("0".repeat(40))), await refused(r.eval("return nosuch()")),
    await refused(r.eval("return redis.error_reply('MY own')"))
  ]);
  const double = defineScript({
    NUMBER_OF_KEYS: 1,
    SCRIPT: "return redis.call('INCRBY', KEYS[1], ARGV[1] * 2)",
    parseCommand(parser, key, amount) {
      parser.pushKey(key);
      parser.push(String(amount));
    },
    transformReply: undefined,
  });
  const scripted = await another({ scripts: { double } });
  say("defined", [await scripted.double("n", 5), await r.scriptFlush(), await scripted.double("n", 1)]);
  say("in a transaction", await scripted.multi().double("n", 2).get("n").exec());
  const waiting = scripted.blPop("q", 0);
  await blocked(r, 1);
  say("feeds who waits", [await r.eval("return redis.call('RPUSH', KEYS[1], 'x')", { keys: ["q"] }), await waiting]);
}

async function functions(r) {
  const twice = "function(keys, args) return redis.call('INCRBY', keys[1], args[1] * 2) end";
  const code = `#!lua name=mine\nredis.register_function('twice', ${twice})`;
  say("load", [
    await r.functionLoad(code), await refused(r.functionLoad(code)), await r.functionLoad(code, { REPLACE: true })
  ]);
  say("call", [
    await r.fCall("twice", { keys: ["n"], arguments: ["4"] }), await refused(r.fCall("none", { keys: [] }))
  ]);
  say("list", [await r.functionList(), await r.functionDelete("mine"), await r.functionList()]);
}

async function reconnect(r) {
  await r.set("kept", "yes");
  const [waiter, subscriber, listener] = [await another(), await another(), new Listener()];
  const named = await another({ name: "named", database: 4 });
  await subscriber.subscribe("news", listener.hear);
  await subscriber.pSubscribe("n*", listener.hear);
  await subscriber.sSubscribe("shard", listener.hear);
  await named.set("here", "in 4");
  const broken = refused(waiter.blPop("q", 0));
  await blocked(r, 1);
  const ready = [r, waiter, subscriber, named].map((client) => new Heard(client, "ready"));
  await ask("kill");
  await until("it notices", () => !r.isReady);
  // Redis answers that it is still loading, if it is.
  const queued = until("what is sent while it is away", () => r.incr("n").catch(() => null));
  await ask("start");
  say("with it", [await queued, await r.get("kept"), await named.get("here"), await named.clientGetName()]);
  // What was on its way when the connection broke is not sent again; the next one is.
  say("broken", (await broken).constructor.name);
  for (const heard of ready) await heard.take(1);
  const waiting = waiter.blPop("q", 0);
  await blocked(r, 1);
  say("waits again", [await r.rPush("q", "after"), await waiting]);
  const subscribed = async () => (await r.pubSubNumSub("news")).news === 1 && (await r.pubSubNumPat()) === 1 &&
    (await r.pubSubShardNumSub("shard")).shard === 1;
  await until("it subscribes again", subscribed);
  say("published", [await r.publish("news", "again"), await r.sPublish("shard", "too"), await listener.take(3)]);

  // One connection only is taken away, by another client.
  const id = await waiter.clientId();
  const killed = refused(waiter.blMove("q", "to", "LEFT", "LEFT", 0));
  await blocked(r, 1);
  say("killed", [
    await r.clientKill({ filter: CLIENT_KILL_FILTERS.ID, id }), (await killed).constructor.name,
    await r.clientKill({ filter: CLIENT_KILL_FILTERS.TYPE, type: "pubsub" })
  ]);
  say("works again", [await waiter.get("kept"), (await waiter.clientId()) > id]);
  await until("it subscribes again", subscribed);
  say("published again", [await r.publish("news", "still"), await listener.take(2)]);
  const watching = await another();
  await watching.watch("kept");
  const back = new Heard(watching, "ready");
  await r.clientKill({ filter: CLIENT_KILL_FILTERS.ID, id: await watching.clientId() });
  await back.take(1);
  say("a watch is lost", [
    (await refused(watching.multi().set("kept", "no").exec())).constructor.name, await r.get("kept")
  ]);
  r.sendCommand(["SHUTDOWN", "NOSAVE"]).catch(() => {});
  await until("it is away", () => !r.isReady);
  await ask("start");
  const fresh = await another();
  say("after SHUTDOWN", [await fresh.get("kept"), await fresh.dbSize()]);
}

const close = async () => made.splice(0).forEach((client) => client.isOpen && client.destroy());
const open = async () => {
  const r = await another();
  await r.flushAll();
  return r;
};
const plays = { connection, keys, keyspace, strings, bits, lists, blocking, transactions, pubsub, notifications,
  tracking, introspection, acl, streams, groups, hashes, sets, "sorted sets": sortedSets, scripting, functions,
  reconnect };
main(plays, open, close);
