// SPDX-License-Identifier: MIT
//
// ioredis: every family through its methods, pipelines, streams of keys and subscribers.
//
//     node ioredis_session.js PORT FAMILIES RESP     RESP: 2, or 3 with maps and numbers as such
const Redis = require("ioredis");
const { port, rest, say, ask, refused, until, Heard, only, kinds, fieldsOf, clientsOf, main } = require("./telling.js");

const RESP = Number(rest[0]);
const RETRY_MS = 20;
const mapping = RESP === 3 ? { replyMapping: "resp3" } : {};

function client(options = {}) {
  const patience = { retryStrategy: () => RETRY_MS, maxRetriesPerRequest: null };
  const redis = new Redis({ port, protocol: RESP, ...mapping, ...patience, ...options });
  redis.on("error", () => {}); // while the server is away
  return redis;
}

const made = [];
// One that is closed when its family ends.
function another(options) {
  made.push(client(options));
  return made[made.length - 1];
}

const info = async (r, section) => fieldsOf(await r.info(section));
const blocked = (r, count) =>
  until(`${count} blocked clients`, async () => Number((await info(r, "clients")).blocked_clients) === count);
const listed = async (r, ...filter) => clientsOf(await r.client("LIST", ...filter));
// What RESP2 gives as a flat array is a map in RESP3; either way, as an object.
const pairs = (reply) =>
  Array.isArray(reply) ? Object.fromEntries(reply.flatMap((key, at) => (at % 2 ? [] : [[key, reply[at + 1]]]))) : reply;

// --- Families

async function connection(r) {
  say("ping", [await r.ping(), await r.ping("text"), await r.echo("said"), await r.echoBuffer("bytes")]);
  const named = another({ connectionName: "me", db: 3 });
  say("named", [
    await named.client("GETNAME"), only(fieldsOf(await named.client("INFO"), " ", "="), "db", "name", "flags", "user")
  ]);
  say("setname", [await r.client("SETNAME", "x"), await refused(r.client("SETNAME", "a b"))]);
  say("id", (await r.client("ID")) === Number((await listed(r, "ID", await r.client("ID")))[0].id));
  say("list by type", [(await listed(r, "TYPE", "pubsub")).length, await refused(r.client("LIST", "TYPE", "other"))]);
  say("select", [
    await named.select(5), await named.set("k", "in 5"), await named.get("k"), await r.get("k"),
    await refused(named.select(16))
  ]);
  say("events", [named.status, named.options.db, named.mode]);
  const hello = pairs(await r.call("HELLO"));
  say("hello", only(hello, "proto", "mode", "role", "modules"));
  say("auth", [await refused(r.auth("wrong")), await refused(r.auth("nobody", "wrong"))]);
  say("unknown", [await refused(r.call("NOSUCH", "a")), await refused(r.call("GET"))]);
  say("pause", [
    await r.client("PAUSE", 0), await r.client("UNPAUSE"), await r.client("NO-EVICT", "on"), await r.client("GETREDIR")
  ]);
  const prefixed = another({ keyPrefix: "p:" });
  say("prefix", [await prefixed.mset("a", 1, "b", 2), await r.mget("p:a", "p:b"), await prefixed.del("a", "b")]);
  const automatic = another({ enableAutoPipelining: true });
  say("pipelined by itself", await Promise.all(Array.from({ length: 100 }, (_, n) => automatic.incrby("n", n))));
  const lazy = another({ lazyConnect: true });
  say("lazy", [lazy.status, await lazy.connect(), lazy.status, await lazy.quit()]);
  const twin = r.duplicate();
  say("duplicate", [await twin.ping(), twin.disconnect()]);
}

async function keys(r) {
  await r.mset({ a: 1, b: 2, c: 3 });
  say("count", [
    await r.exists("a", "b", "none", "a"), await r.del("a", "none"), await r.unlink("b"), await r.dbsize(),
    await r.type("c")
  ]);
  say("expire", [
    await r.ttl("c"), await r.expire("c", 100), (await r.ttl("c")) > 90, await r.expire("c", 50, "GT"),
    await r.pexpire("c", 200000, "XX"), await r.persist("c"), await r.expireat("c", 4e9), await r.pexpireat("c", 4e12),
    await r.pttl("none"), await r.expire("c", -1)
  ]);
  await r.set("gone", "x", "PX", 1);
  await until("a key expires", async () => (await r.exists("gone")) === 0);
  say("flush", [await r.set("a", 1), await r.flushdb("ASYNC"), await r.dbsize(), await r.flushall()]);
  say("refused", [
    await refused(r.expire("c", "x")), await refused(r.call("EXPIRE", "c", 5, "NX", "GT")), await r.wait(0, 10)
  ]);
}

async function keyspace(r) {
  await r.mset(Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`k${String(n).padStart(3, "0")}`, n])));
  const found = new Set();
  for await (const page of r.scanStream({ count: 20 })) for (const key of page) found.add(key);
  const some = [];
  for await (const page of r.scanStream({ match: "k00?", type: "string" })) some.push(...page);
  say("scan", [found.size, some.sort(), (await r.keys("k29*")).sort(), (await r.randomkey()).length]);
  await r.flushdb();
  await r.set("a", 1, "EX", 100);
  say("rename", [
    await r.rename("a", "b"), (await r.ttl("b")) > 90, await refused(r.rename("a", "b")), await r.renamenx("b", "c"),
    await r.touch("b", "c")
  ]);
  say("copy", [
    await r.copy("c", "d"), await r.copy("c", "d"), await r.copy("c", "d", "REPLACE"), await r.copy("c", "e", "DB", 2),
    await r.move("d", 2), await r.exists("d")
  ]);
  say("object", [
    await r.object("ENCODING", "c"), (await r.object("REFCOUNT", "c")) > 0, await r.object("ENCODING", "none"),
    await r.expiretime("c") > 1e9, await r.pexpiretime("none")
  ]);
  const dump = await r.dumpBuffer("c");
  say("dump", [
    await r.restore("f", 0, dump), await r.get("f"), await refused(r.restore("f", 0, dump)),
    await r.restore("f", 5000, dump, "REPLACE"), await r.dump("none")
  ]);
  await r.rpush("l", 3, 10, 2);
  say("sort", [
    await r.sort("l"), await r.sort("l", "DESC", "LIMIT", 0, 2), await r.sort("l", "ALPHA", "STORE", "to"),
    await r.lrange("to", 0, -1), await r.call("SORT_RO", "l")
  ]);
  say("swapdb", [await r.swapdb(0, 2), await r.exists("e"), await r.swapdb(0, 2), await refused(r.swapdb(0, 99))]);
}

async function strings(r) {
  say("set", [
    await r.set("k", "v"), await r.set("k", "w", "NX"), await r.set("k", "w", "XX", "GET"),
    await r.set("none", "x", "XX"), await r.setnx("k", 1)
  ]);
  say("with a time", [
    await r.set("t", 1, "EX", 10), await r.set("t", 2, "KEEPTTL"), (await r.ttl("t")) > 0, await r.setex("t", 20, "x"),
    await r.psetex("t", 5000, "y"), await r.getex("t", "PERSIST"), await r.ttl("t"), await r.getset("t", "new"),
    await r.getdel("t"), await r.getdel("t")
  ]);
  say("several", [
    await r.mset("a", "1", "b", Buffer.from([0, 255])), await r.mgetBuffer("a", "b", "none"),
    await r.msetnx("a", 1, "q", 2), await r.strlen("b"), await r.append("a", "2")
  ]);
  say("numbers", [
    await r.incr("n"), await r.incrby("n", 41), await r.decr("n"), await r.decrby("n", 3),
    await r.incrbyfloat("n", 0.5), await refused(r.incr("k")), await r.incrby("big", "9007199254740993")
  ]);
  say("ranges", [
    await r.setrange("k", 5, "!"), await r.getrange("k", 0, -1), await r.substr("k", 0, 1), await r.lcs("k", "a"),
    pairs(await r.lcs("k", "k", "IDX"))
  ]);
  say("large", (await r.set("large", Buffer.alloc(3e6, 1)), (await r.getBuffer("large")).length));
  say("wrong type", [await r.lpush("l", 1), await refused(r.get("l")), await r.mget("l")]);
}

async function bits(r) {
  say("one", [
    await r.setbit("b", 7, 1), await r.setbit("b", 7, 0), await r.getbit("b", 7), await r.setbit("b", 100, 1),
    await r.bitcount("b")
  ]);
  await r.set("f", Buffer.from([255, 15]));
  say("count", [
    await r.bitcount("f", 1, 1), await r.bitcount("f", 0, 3, "BIT"), await r.bitpos("f", 0),
    await r.bitpos("f", 1, 9, 15, "BIT")
  ]);
  say("operations", [await r.bitop("AND", "to", "f", "b"), await r.bitop("NOT", "to", "f"), await r.getBuffer("to")]);
  say("field", [
    await r.bitfield("bf", "SET", "u8", "#0", 250, "OVERFLOW", "SAT", "INCRBY", "u8", "#0", 10, "GET", "i4", 0),
    await r.call("BITFIELD_RO", "bf", "GET", "u8", 0), await r.bitfield("bf", "OVERFLOW", "FAIL", "INCRBY", "u8", 0, 1)
  ]);
  say("refused", [await refused(r.setbit("b", -1, 1)), await refused(r.bitfield("b", "GET", "u64", 0))]);
}

async function lists(r) {
  say("push", [
    await r.rpush("l", "a", "b"), await r.lpush("l", "z"), await r.lpushx("none", 1), await r.rpushx("l", "c"),
    await r.llen("l"), await r.rpushBuffer("l", Buffer.from([0, 255]))
  ]);
  say("look", [
    await r.lrange("l", 0, 3), await r.lindexBuffer("l", -1), await r.lindex("l", 9), await r.lpos("l", "b"),
    await r.lpos("l", "b", "COUNT", 0), await r.lpos("none", "x")
  ]);
  say("change", [
    await r.lset("l", 0, "y"), await r.linsert("l", "BEFORE", "b", "a2"), await r.lrem("l", 1, "a"),
    await r.ltrim("l", 0, 2), await r.lrange("l", 0, -1)
  ]);
  say("pop", [await r.lpop("l"), await r.rpop("l", 5), await r.lpop("l"), await r.lpop("l", 2), await r.exists("l")]);
  await r.rpush("l", 1, 2, 3);
  say("move", [
    await r.lmove("l", "m", "LEFT", "RIGHT"), await r.rpoplpush("l", "m"),
    await r.lmpop(2, "none", "m", "RIGHT", "COUNT", 5), await r.lmpop(1, "none", "LEFT")
  ]);
  say("refused", [
    await refused(r.lset("none", 0, "x")), await refused(r.lset("l", 9, "x")), await refused(r.lpop("l", -1))
  ]);
}

async function blocking(r) {
  await r.rpush("l", "a");
  say("at once", [await r.blpop("l", 0)]);
  say("in vain", [
    await r.blpop("l", "m", 0.01), await r.brpop("l", 0.01), await r.blmove("l", "m", "LEFT", "LEFT", 0.01),
    await r.brpoplpush("l", "m", 0.01), await r.blmpop(0.01, 1, "l", "LEFT")
  ]);
  const [one, two] = [another(), another()];
  const first = one.blpop("l", "m", 0);
  await blocked(r, 1);
  const second = two.brpopBuffer("m", 0);
  await blocked(r, 2);
  say("pushed", [await r.rpush("m", 1, 2, 3), await first, await second, await r.lrange("m", 0, -1)]);
  const third = one.blmove("l", "m", "LEFT", "RIGHT", 0);
  const fourth = two.blmpop(0, 1, "to", "LEFT", "COUNT", 3);
  await blocked(r, 2);
  say("moved", [await r.lpush("l", "x"), await third, await r.lmove("m", "to", "RIGHT", "LEFT"), await fourth]);
  // What is sent behind a wait on the same connection comes after it.
  const order = [];
  const wait = one.blpop("l", 0).then((reply) => order.push(reply));
  const behind = one.get("nothing").then((reply) => order.push(reply));
  await blocked(r, 1);
  await r.rpush("l", "freed");
  await Promise.all([wait, behind]);
  say("in order", order);
  const fifth = one.brpoplpush("l", "m", 0);
  await blocked(r, 1);
  const waiter = (await listed(r)).find((line) => line.flags.includes("b"));
  say("unblocked", [
    waiter.cmd, await r.client("UNBLOCK", waiter.id), await fifth, await r.client("UNBLOCK", waiter.id)
  ]);
  const sixth = refused(one.blpop("l", 0));
  await blocked(r, 1);
  say("unblocked with an error", [await r.client("UNBLOCK", waiter.id, "ERROR"), await sixth]);
  say("refused", [await refused(r.blpop("l", -1)), await refused(r.blpop("l", "x"))]);
}

async function transactions(r) {
  say("a transaction", await r.multi().set("a", 1).incr("a").rpush("l", "x").lrange("l", 0, -1).get("none").exec());
  say("a pipeline", await r.pipeline().get("a").incr("a").call("PING").lpush("a", 1).exec());
  say("an error inside", await r.multi().set("a", "x").incr("a").exec());
  const failed = await refused(r.multi().set("a", 2).call("NOSUCH").exec());
  say("not queued", [failed, failed.previousErrors, await r.get("a")]);
  say("inline", await r.pipeline().get("a").multi().set("b", 1).get("b").exec().get("b").exec());
  const watching = another();
  await watching.watch("a");
  await r.set("a", "changed");
  say("watched", await watching.multi().get("a").exec());
  say("unwatched", [
    await watching.watch("a"), await r.set("a", "again"), await watching.unwatch(),
    await watching.multi().get("a").exec()
  ]);
  say("by hand", [
    await watching.multi({ pipeline: false }), await watching.set("a", 5), await refused(watching.call("MULTI")),
    await watching.exec(), await refused(watching.call("EXEC")), await watching.multi({ pipeline: false }),
    await watching.get("a"), await watching.discard()
  ]);
  const many = r.pipeline();
  for (let n = 0; n < 5000; ++n) many.rpush("many", n);
  say("many", (await many.exec())[4999]);
}

async function pubsub(r) {
  const subscriber = another();
  const heard = new Heard(subscriber, "message", "pmessage", "smessage", "pmessageBuffer");
  say("subscribed", [
    await subscriber.subscribe("news", "other"), await subscriber.psubscribe("n?ws"),
    await subscriber.ssubscribe("shard"), subscriber.mode
  ]);
  say("published", [await r.publish("news", "one"), await r.publish("nobody", "x"), await r.spublish("shard", "two")]);
  say("messages", (await heard.take(4)).map((event) => event.map((word) => word ?? null)));
  say("told", [
    (await r.pubsub("CHANNELS")).sort(), await r.pubsub("NUMSUB", "news", "none"), await r.pubsub("NUMPAT"),
    await r.pubsub("SHARDCHANNELS"), await r.pubsub("SHARDNUMSUB", "shard")
  ]);
  say("ping", await subscriber.ping());
  say("what a subscriber may", await subscriber.get("k").catch((error) => error));
  say("unsubscribed", [
    await subscriber.unsubscribe("news"), await subscriber.punsubscribe("n?ws"), await r.publish("news", "x")
  ]);
  say("left", [
    await r.publish("other", "y"), await heard.take(1), await subscriber.unsubscribe("other"),
    await subscriber.sunsubscribe("shard"), await subscriber.get("k")
  ]);
}

async function notifications(r) {
  await r.config("SET", "notify-keyspace-events", "KEA");
  const subscriber = another();
  const heard = new Heard(subscriber, "pmessage");
  await subscriber.psubscribe("__key*__:*");
  const changes = r.multi().rpush("l", 1, 2).lmove("l", "m", "LEFT", "LEFT").lpop("l").del("m");
  await changes.xadd("x", "1-1", "f", "v").expire("x", 100).exec();
  say("events", await heard.take(16));
  say("switched off", [await r.config("SET", "notify-keyspace-events", ""), await r.set("k", 1), heard.events]);
}

async function tracking(r) {
  // In RESP3 it would be pushed, and the library does not pass that on.
  const [reader, listener] = [another(), another({ protocol: 2, replyMapping: undefined })];
  const heard = new Heard(listener, "message");
  const target = String(await listener.client("ID"));
  await listener.subscribe("__redis__:invalidate");
  say("off", [await reader.client("GETREDIR"), pairs(await reader.client("TRACKINGINFO"))]);
  say("on", [
    await reader.client("TRACKING", "ON", "REDIRECT", target), (await reader.client("GETREDIR")) === Number(target),
    await reader.get("a"), await r.set("a", 1)
  ]);
  say("told", await heard.take(1));
  say("optin", [
    await reader.client("TRACKING", "OFF"),
    await reader.client("TRACKING", "ON", "REDIRECT", target, "OPTIN", "NOLOOP"), await reader.client("CACHING", "YES"),
    await reader.get("b"), await reader.get("c"), await reader.set("b", 1), await r.set("c", 1), await r.set("b", 2)
  ]);
  say("told once", heard.events.length === 0 ? "nothing yet" : await heard.take(1));
  say("refused", [await refused(reader.client("TRACKING", "ON", "BCAST")), await refused(r.client("CACHING", "YES"))]);
}

async function introspection(r) {
  const fields = await info(r);
  say("info", [
    only(fields, "redis_mode", "role", "connected_slaves", "cluster_enabled", "loading", "aof_enabled"),
    Number(fields.tcp_port) === port
  ]);
  say("kinds", kinds(fields, "redis_version", "process_id", "run_id", "used_memory", "total_commands_processed"));
  say("config", [
    pairs(await r.config("GET", "maxmemory", "maxmemory-p*")), await r.config("SET", "maxmemory", "200mb"),
    pairs(await r.config("GET", "maxmemory")), await r.config("SET", "maxmemory", 0),
    await refused(r.config("SET", "nosuch", 1)), await refused(r.config("REWRITE"))
  ]);
  say("slowlog", [
    await r.config("SET", "slowlog-log-slower-than", 0), await r.slowlog("RESET"), await r.set("k", "x"),
    (await r.slowlog("GET", 1))[0][3], await r.slowlog("LEN"), await r.config("SET", "slowlog-log-slower-than", 10000)
  ]);
  say("latency", [await r.latency("LATEST"), await r.latency("RESET"), await r.latency("HISTORY", "command")]);
  say("memory", [
    (await r.memory("USAGE", "k")) > 10, await r.memory("USAGE", "none"), await r.memory("PURGE"),
    Object.keys(pairs(await r.memory("STATS"))).slice(0, 2)
  ]);
  say("command", [
    (await r.command("COUNT")) > 150, await r.command("INFO", "get", "none"),
    await r.command("GETKEYS", "MSET", "a", 1, "b", 2),
    (await r.command("LIST", "FILTERBY", "PATTERN", "pex*at")).sort()
  ]);
  say("role", [await r.role(), typeof (await r.lastsave()), (await r.time()).length, await r.bgrewriteaof()]);
  await until("the rewrite ends", async () => (await info(r, "persistence")).aof_rewrite_in_progress === "0");
  const monitor = await r.monitor();
  made.push(monitor);
  const heard = new Heard(monitor, "monitor");
  await r.set("seen", 'by "it"');
  const event = await until("it is seen", () => heard.events.find((it) => it[2].includes("seen")));
  say("monitor", [typeof event[1], event[2], event[4]]);
  await ask("note");
  say("stats", [
    await r.config("RESETSTAT"), await r.get("k"), await refused(r.lpop("k")),
    (await info(r, "commandstats")).cmdstat_get.split(",")[0], await info(r, "errorstats")
  ]);
  say("no cluster", [await refused(r.cluster("INFO")), await refused(r.readonly())]);
}

async function acl(r) {
  say("who", [
    await r.acl("WHOAMI"), await r.acl("USERS"), await r.acl("LIST"), (await r.acl("CAT")).length > 20,
    (await r.acl("CAT", "list")).includes("lpush")
  ]);
  const rules = ["on", ">secret", "~q:*", "&news", "+@list", "+@connection", "-blpop", "+get", "+info", "+acl|whoami"];
  say("make", await r.acl("SETUSER", "worker", ...rules));
  const user = pairs(await r.acl("GETUSER", "worker"));
  say("told", [user.flags, user.keys, user.channels, user.passwords.length, await r.acl("GETUSER", "none")]);
  const worker = another({ username: "worker", password: "secret" });
  say("may", [await worker.acl("WHOAMI"), await worker.rpush("q:1", "x"), await worker.lpop("q:1")]);
  say("may not", [
    await refused(worker.rpush("other", 1)), await refused(worker.blpop("q:1", 0)), await refused(worker.set("q:1", 1)),
    await refused(worker.publish("news", "x"))
  ]);
  say("dry run", [await r.acl("DRYRUN", "worker", "get", "q:1"), await r.acl("DRYRUN", "worker", "get", "other")]);
  say("log", [
    (await r.acl("LOG", 2)).map((entry) => only(pairs(entry), "count", "reason", "context", "object", "username")),
    await r.acl("LOG", "RESET"), await r.acl("LOG")
  ]);
  worker.disconnect();
  say("end", [
    (await r.acl("GENPASS")).length, await r.acl("DELUSER", "worker", "none"),
    await refused(r.acl("SETUSER", "x", "+nosuch"))
  ]);
  const shut = another({ username: "worker", password: "secret", lazyConnect: true, retryStrategy: () => null });
  say("shut out", await refused(shut.connect()));
}

async function streams(r) {
  say("add", [
    await r.xadd("x", "1-1", "a", 1), await r.xadd("x", "1-*", "b", 2, "c", 3),
    await r.xadd("x", "MAXLEN", "~", 10, "5-0", "d", 4), await r.xadd("none", "NOMKSTREAM", "*", "a", 1),
    await r.xlen("x")
  ]);
  say("range", [
    await r.xrange("x", "-", "+"), await r.xrevrange("x", "+", "-", "COUNT", 1), await r.xrangeBuffer("x", "(1-1", "1"),
    await r.xrange("x", 6, "+")
  ]);
  say("read", [
    await r.xread("COUNT", 1, "STREAMS", "x", "none", "1-1", 0), await r.xread("STREAMS", "x", "$"),
    await r.xread("BLOCK", 10, "STREAMS", "x", "$")
  ]);
  const reader = another();
  const waiting = reader.xread("BLOCK", 0, "STREAMS", "x", "$");
  await blocked(r, 1);
  say("waited", [await r.xadd("x", "6-6", "e", 5), await waiting]);
  say("trim", [
    await r.xdel("x", "1-1", "9-9"), await r.xtrim("x", "MAXLEN", 2), await r.xtrim("x", "MINID", 6),
    await r.xsetid("x", "7-0")
  ]);
  say(
    "info",
    only(pairs(await r.xinfo("STREAM", "x")), "length", "last-generated-id", "entries-added", "max-deleted-entry-id")
  );
  say("refused", [
    await refused(r.xadd("x", "1-1", "a", 1)), await refused(r.xrange("x", "bad", "+")),
    await refused(r.xinfo("STREAM", "none"))
  ]);
}

async function groups(r) {
  say("make", [
    await r.xgroup("CREATE", "x", "g", 0, "MKSTREAM"), await refused(r.xgroup("CREATE", "x", "g", 0)),
    await r.xgroup("CREATECONSUMER", "x", "g", "c1")
  ]);
  const many = r.pipeline();
  for (let n = 1; n < 7; ++n) many.xadd("x", `${n}-0`, "n", n);
  await many.exec();
  const read = (name, id, ...more) => r.xreadgroup("GROUP", "g", name, ...more, "STREAMS", "x", id);
  say("read", [
    await read("c1", ">", "COUNT", 2), await read("c2", ">", "COUNT", 2), await read("c1", 0),
    await r.xack("x", "g", "1-0", "9-9")
  ]);
  say("pending", [
    await r.xpending("x", "g"),
    (await r.xpending("x", "g", "-", "+", 10, "c2")).map(([id, name, , times]) => [id, name, times])
  ]);
  say("claim", [
    await r.xclaim("x", "g", "c1", 0, "4-0"), await r.xclaim("x", "g", "c1", 1e7, "2-0", "JUSTID"),
    await r.xdel("x", "3-0"), await r.xautoclaim("x", "g", "c3", 0, 0, "COUNT", 2)
  ]);
  say("info", [
    (await r.xinfo("GROUPS", "x")).map((it) => only(pairs(it), "name", "consumers", "pending", "last-delivered-id")),
    (await r.xinfo("CONSUMERS", "x", "g")).map((it) => only(pairs(it), "name", "pending"))
  ]);
  const waiter = another();
  say("rest", await read("w", ">"));
  const waiting = waiter.xreadgroup("GROUP", "g", "w", "BLOCK", 0, "STREAMS", "x", ">");
  await blocked(r, 1);
  say("waited", [await r.xadd("x", "7-0", "n", 7), await waiting]);
  const lost = refused(waiter.xreadgroup("GROUP", "g", "w", "BLOCK", 0, "STREAMS", "x", ">"));
  await blocked(r, 1);
  say("end", [
    await r.xgroup("SETID", "x", "g", "$"), await r.xgroup("DELCONSUMER", "x", "g", "c3"),
    await r.xgroup("DESTROY", "x", "g"), (await lost).message.split(" ")[0], await refused(read("c", ">"))
  ]);
}

async function hashes(r) {
  say("set", [
    await r.hset("h", "a", 1), await r.hset("h", { a: 2, b: 3 }), await r.hset("h", new Map([["c", 4]])),
    await r.hsetnx("h", "a", 9), await r.hmset("h", "d", 5), await r.hlen("h")
  ]);
  say("get", [
    await r.hget("h", "a"), await r.hget("h", "none"), await r.hmget("h", "a", "none"), await r.hgetall("h"),
    await r.hgetall("none"), (await r.hkeys("h")).sort(), (await r.hvals("h")).sort(), await r.hexists("h", "a"),
    await r.hstrlen("h", "a")
  ]);
  say("numbers", [
    await r.hincrby("h", "a", 5), await r.hincrbyfloat("h", "a", 0.5), await refused(r.hincrby("h", "a", 1)),
    await r.hdel("h", "a", "none"), (await r.hrandfield("h", -5, "WITHVALUES")).flat().length
  ]);
  await r.hset("big", Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`f${n}`, n])));
  const found = new Set();
  for await (const page of r.hscanStream("big", { count: 30 }))
    for (let at = 0; at < page.length; at += 2) found.add(page[at]);
  say("scan", [found.size, await r.set("s", 1), await refused(r.hget("s", "a"))]);
}

async function sets(r) {
  const sorted = (list) => [...list].sort();
  say("add", [
    await r.sadd("s", 1, 2, 3), await r.sadd("s", 3, 4), await r.sadd("t", 3, 4, 5), await r.scard("s"),
    sorted(await r.smembers("s")), await r.sismember("s", 1), await r.smismember("s", 1, 9), await r.srem("s", 1, 9),
    await r.smove("s", "t", 2)
  ]);
  say("algebra", [
    sorted(await r.sinter("s", "t")), sorted(await r.sunion("s", "t")), sorted(await r.sdiff("t", "s")),
    await r.sinterstore("i", "s", "t"), await r.sunionstore("u", "s", "t"), await r.sdiffstore("d", "s", "t"),
    await r.sintercard(2, "s", "t", "LIMIT", 1)
  ]);
  say("random", [
    typeof (await r.srandmember("s")), (await r.srandmember("s", -5)).length, sorted(await r.spop("s", 5)),
    await r.spop("s"), await r.exists("s")
  ]);
  await r.sadd("big", Array.from({ length: 1000 }, (_, n) => n));
  const found = new Set();
  for await (const page of r.sscanStream("big", { count: 30 })) for (const member of page) found.add(member);
  say("scan", [found.size, await r.set("k", 1), await refused(r.sadd("k", 1))]);
}

async function sortedSets(r) {
  say("add", [
    await r.zadd("z", 1, "a", 2.5, "b", "+inf", "c"), await r.zadd("z", "NX", 5, "a"),
    await r.zadd("z", "XX", "CH", 0.5, "a"), await r.zadd("z", "INCR", 3, "a"), await r.zincrby("z", 1, "d"),
    await r.zcard("z")
  ]);
  say("range", [
    await r.zrange("z", 0, -1, "WITHSCORES"), await r.zrange("z", 0, 1, "REV"), await r.zrevrange("z", 0, 0),
    await r.zrangebyscore("z", 1, "+inf", "WITHSCORES", "LIMIT", 0, 2), await r.zrevrangebyscore("z", "+inf", "-inf"),
    await r.zrangestore("to", "z", 0, 1)
  ]);
  say("places", [
    await r.zrank("z", "a"), await r.zrevrank("z", "none"), await r.zscore("z", "b"), await r.zscore("z", "c"),
    await r.zmscore("z", "a", "none"), await r.zcount("z", 1, 3)
  ]);
  await r.zadd("lex", 0, "a", 0, "b", 0, "c", 0, "d");
  say("lex", [
    await r.zrangebylex("lex", "[b", "(d"), await r.zrevrangebylex("lex", "+", "-"), await r.zlexcount("lex", "-", "+"),
    await r.zremrangebylex("lex", "[a", "[a")
  ]);
  say("algebra", [
    await r.zunion(2, "z", "lex", "AGGREGATE", "MAX", "WITHSCORES"), await r.zinter(2, "z", "lex"),
    await r.zdiff(2, "z", "lex", "WITHSCORES"), await r.zinterstore("i", 2, "z", "lex"),
    await r.zunionstore("u", 2, "z", "lex", "WEIGHTS", 1, 3), await r.zdiffstore("d", 2, "z", "lex"),
    await r.zintercard(2, "z", "lex")
  ]);
  say("remove", [
    await r.zrem("z", "a", "none"), await r.zremrangebyscore("u", "-inf", 0), await r.zremrangebyrank("u", 0, 0),
    await r.zpopmin("lex"), await r.zpopmax("lex", 2), await r.zmpop(2, "none", "z", "MIN"),
    await r.zmpop(1, "none", "MIN")
  ]);
  const [one, two] = [another(), another()];
  const waiting = one.bzpopmin("q", "p", 0);
  const other = two.bzmpop(0, 1, "m", "MAX", "COUNT", 2);
  await blocked(r, 2);
  say("waited", [
    await r.zadd("p", 1.5, "x", 1, "y"), await waiting, await r.zadd("m", 1, "x", 2, "y", 3, "z"), await other,
    await r.bzpopmax("m", 1), await r.bzpopmax("m", 0.01)
  ]);
  await r.zadd("big", ...Array.from({ length: 1000 }, (_, n) => [n, `m${n}`]).flat());
  const found = new Set();
  for await (const page of r.zscanStream("big", { count: 30 }))
    for (let at = 0; at < page.length; at += 2) found.add(page[at]);
  say("scan", [
    found.size, await r.set("k", 1), await refused(r.zadd("k", 1, "a")), await refused(r.zadd("z", "x", "a"))
  ]);
}

async function scripting(r) {
  say("eval", [
    await r.eval("return {KEYS[1], ARGV[1], #ARGV}", 1, "k", "a", "b"), await r.evalBuffer("return 'bytes'", 0),
    await r.eval("return redis.call('INCR', KEYS[1])", 1, "n"), await r.eval("return {1, 'two', {3}, true, nil, 5}", 0),
    await r.eval_ro("return redis.call('GET', KEYS[1])", 1, "n")
  ]);
  const sha = await r.script("LOAD", "return redis.call('GET', KEYS[1])");
  say("loaded", [sha, await r.script("EXISTS", sha, "0".repeat(40)), await r.evalsha(sha, 1, "n")]);
  say("refused", [
    await refused(r.evalsha("0".repeat(40), 0)), await refused(r.eval("return nosuch()", 0)),
    await refused(r.eval("return redis.error_reply('MY own')", 0))
  ]);
  r.defineCommand("double", { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1] * 2)" });
  say("defined", [await r.double("n", 5), await r.script("FLUSH"), await r.double("n", 1)]);
  say("in a pipeline", await r.pipeline().double("n", 2).get("n").double("n", "x").exec());
  say("in a transaction", await r.multi().double("n", 2).get("n").exec());
  const waiter = another();
  const waiting = waiter.blpop("q", 0);
  await blocked(r, 1);
  say("feeds who waits", [await r.eval("return redis.call('RPUSH', KEYS[1], 'x')", 1, "q"), await waiting]);
}

async function functions(r) {
  const twice = "function(keys, args) return redis.call('INCRBY', keys[1], args[1] * 2) end";
  const code = `#!lua name=mine\nredis.register_function('twice', ${twice})`;
  say("load", [await r.function("LOAD", code), await refused(r.function("LOAD", code))]);
  say("call", [
    await r.fcall("twice", 1, "n", 4), await refused(r.fcall("none", 0)), await refused(r.fcall_ro("twice", 1, "n", 1))
  ]);
  say("delete", [await r.function("DELETE", "mine"), await r.function("LIST")]);
}

async function reconnect(r) {
  await r.set("kept", "yes");
  const [waiter, subscriber, named] = [another(), another(), another({ connectionName: "named", db: 4 })];
  const heard = new Heard(subscriber, "message", "pmessage", "smessage");
  await subscriber.subscribe("news");
  await subscriber.psubscribe("n*");
  await subscriber.ssubscribe("shard");
  await named.set("here", "in 4");
  const waiting = waiter.blpop("q", 0);
  await blocked(r, 1);
  await ask("kill");
  const queued = r.incr("sent while it is away");
  await ask("start");
  say("with it", [await queued, await r.get("kept"), await named.get("here"), await named.client("GETNAME")]);
  await blocked(r, 1);
  say("waited through it", [await r.rpush("q", "after"), await waiting]);
  const subscribed = async () => (await r.pubsub("NUMSUB", "news"))[1] === 1 && (await r.pubsub("NUMPAT")) === 1 &&
    (await r.pubsub("SHARDNUMSUB", "shard"))[1] === 1;
  await until("it subscribes again", subscribed);
  say("published", [await r.publish("news", "again"), await r.spublish("shard", "too"), await heard.take(3)]);

  // One connection only is taken away, by another client.
  const again = waiter.blmove("q", "to", "LEFT", "LEFT", 0);
  await blocked(r, 1);
  const before = (await listed(r)).find((line) => line.cmd === "blmove");
  say("killed", [
    await r.client("KILL", "ID", before.id), await r.client("KILL", "TYPE", "pubsub"),
    await refused(r.client("KILL", "127.0.0.1:1"))
  ]);
  const waits = (line) => line.cmd === "blmove" && line.flags.includes("b") && line.id !== before.id;
  await until("it waits again", async () => (await listed(r)).some(waits));
  say("waited through that", [await r.rpush("q", "then"), await again, await r.lrange("to", 0, -1)]);
  await until("it subscribes again", subscribed);
  say("published again", [await r.publish("news", "still"), await heard.take(2)]);
  // By a client that does not send again what was not answered.
  const last = another({ autoResendUnfulfilledCommands: false, retryStrategy: () => null });
  const closed = new Heard(last, "end");
  last.call("SHUTDOWN", "NOSAVE").catch(() => {});
  await closed.take(1);
  await ask("start");
  const fresh = another();
  say("after SHUTDOWN", [await fresh.get("kept"), await fresh.dbsize()]);
}

const close = async (r) => [r, ...made.splice(0)].forEach((each) => each.disconnect());
const open = async () => {
  const r = client();
  await r.flushall();
  return r;
};
const plays = { connection, keys, keyspace, strings, bits, lists, blocking, transactions, pubsub, notifications,
  tracking, introspection, acl, streams, groups, hashes, sets, "sorted sets": sortedSets, scripting, functions,
  reconnect };
main(plays, open, close);
