#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's redis-py: every family through its methods, its pipelines, its scripts of subscribing and locking. """
import threading

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from telling import WAIT_SECONDS_MAX, Session, kinds, only, refused, until

session = Session()
say = session.say
RETRY_SECONDS = 0.02
RETRIES = 1000


def client(**options):
    return redis.Redis(port=session.port, socket_timeout=20, **options)


class Waiting:
    """A command that waits for something, on a connection and a thread of its own; got() is what it gave."""

    def __init__(self, call, **options):
        self.results, self.faults = [], []
        self.client = client(**options)
        self.thread = threading.Thread(target=self._run, args=(call,), daemon=True)
        self.thread.start()

    def _run(self, call):
        try:
            self.results.append(call(self.client))
        except redis.RedisError as fault:
            self.faults.append(fault)

    def got(self):
        self.thread.join(20)
        return (self.results + self.faults)[0]


def blocked(r, count):
    until(f"{count} blocked clients", lambda: r.info("clients")["blocked_clients"] == count)


# --- Families


def connection(r):
    say("ping", [r.ping(), r.execute_command("PING", "text"), r.echo("said")])
    named = client(client_name="me", db=3, decode_responses=True)
    say("named", [named.client_getname(), named.client_info()["db"], named.client_info()["name"]])
    say("info line", kinds(named.client_info(), "id", "addr", "fd", "age", "idle", "flags", "qbuf", "events", "cmd",
                           "user"))
    say("setname", [r.client_setname("x"), refused(lambda: r.client_setname("a b"))])
    one = client(single_connection_client=True)
    say("id", one.client_id() == one.client_info()["id"])
    say("list by id", [line["id"] == str(one.client_id()) for line in r.client_list(client_id=[str(one.client_id())])])
    say("list by type", [len(r.client_list(_type="pubsub")), len(r.client_list(_type="replica")),
                         refused(lambda: r.client_list(_type="other"))])
    say("select", [one.select(5), one.set("k", "in 5"), one.get("k"), r.get("k"), refused(lambda: one.select(16))])
    say("reset", [one.reset(), one.get("k")])
    say("no evict", [one.client_no_evict("on"), one.client_no_evict("off")])
    say("getredir", one.client_getredir())
    say("hello", only(dict(zip(*[iter(one.execute_command("HELLO"))] * 2)), b"proto", b"mode", b"role", b"modules"))
    say("auth", [refused(lambda: r.auth("wrong")), refused(lambda: r.auth("wrong", "nobody"))])
    say("unknown", [refused(lambda: r.execute_command("NOSUCH", "a", "b")), refused(lambda: r.execute_command("GET"))])
    say("url", redis.Redis.from_url(f"redis://127.0.0.1:{session.port}/5").get("k"))
    with r.client() as held:
        held.client_setname("killed")
        say("kill", [r.client_kill_filter(_id=held.client_id()), refused(held.ping), held.client_getname(),
                     refused(lambda: r.client_kill("127.0.0.1:1"))])
    say("pause", [r.client_pause(0), r.client_unpause()])
    quiet = client(single_connection_client=True)
    quiet.connection.send_command("CLIENT", "REPLY", "SKIP")
    quiet.connection.send_command("SET", "k", "skipped")
    say("reply skip", [quiet.get("k"), quiet.client_reply("ON")])
    say("quit", one.quit())


def keys(r):
    r.mset({"a": 1, "b": 2, "c": 3})
    say("count", [r.exists("a", "b", "none", "a"), r.delete("a", "none"), r.unlink("b"), r.dbsize(), "c" in r])
    say("type", [r.type("c"), r.type("none")])
    say("no time", [r.ttl("c"), r.pttl("c"), r.ttl("none")])
    say("expire", [r.expire("c", 100), 98 < r.ttl("c") <= 100, r.expire("c", 50, gt=True), r.expire("c", 200, gt=True),
                   r.pexpire("c", 100_000, nx=True), r.persist("c"), r.persist("c"), r.expire("none", 5)])
    say("expireat", [r.expireat("c", 4_000_000_000), r.pexpireat("c", 4_000_000_000_123, xx=True), r.ttl("c") > 10**9])
    say("in the past", [r.expire("c", -1), r.exists("c")])
    say("refused", [refused(lambda: r.expire("c", "x")), refused(lambda: r.expire("c", 5, nx=True, gt=True))])
    r.set("gone", "x", px=1)
    say("expired", until("a key expires", lambda: not r.exists("gone")))
    say("wait", r.wait(0, 10))
    say("flush", [r.set("a", 1), r.flushdb(), r.dbsize(), r.set("b", 1), r.flushall(asynchronous=True), r.dbsize()])


def keyspace(r):
    r.mset({f"k{n:03}": n for n in range(300)})
    say("scan", [len(set(r.scan_iter(count=17))), sorted(r.scan_iter("k00?")), list(r.scan_iter(_type="LIST"))])
    say("keys", [sorted(r.keys("k29*")), r.randomkey()[:1]])
    r.flushdb()
    r.set("a", "1", ex=100)
    say("rename", [r.rename("a", "b"), 90 < r.ttl("b") <= 100, refused(lambda: r.rename("a", "b")), r.set("c", "2"),
                   r.renamenx("b", "c"), r.touch("b", "c", "d")])
    say("copy", [r.copy("b", "d"), r.copy("b", "d"), r.copy("b", "d", replace=True),
                 r.copy("b", "b1", destination_db=2), r.move("b", 2), client(db=2).get("b"), r.exists("b")])
    say("expiretime", [r.pexpireat("c", 4_000_000_000_123), r.expiretime("c"), r.pexpiretime("c"),
                       r.expiretime("none")])
    say("object", [r.object("encoding", "c"), r.object("refcount", "c") > 0, r.object("idletime", "c"),
                   r.object("encoding", "none")])
    dumped = r.dump("c")
    say("dump", [r.restore("e", 0, dumped), r.get("e"), refused(lambda: r.restore("e", 0, dumped)),
                 r.restore("e", 5000, dumped, replace=True), 0 < r.pttl("e") <= 5000,
                 refused(lambda: r.restore("f", 0, b"x")), r.dump("none")])
    r.rpush("l", 3, 10, 2)
    r.mset({"w2": 1, "w3": 3, "w10": 2})
    say("sort", [r.sort("l"), r.sort("l", desc=True, start=0, num=2), r.sort("l", alpha=True),
                 r.sort("l", by="w*", get=["#", "w*"], groups=True), r.sort("l", store="sorted"),
                 r.lrange("sorted", 0, -1), r.sort_ro("l"), refused(lambda: r.sort("c"))])
    say("swapdb", [r.swapdb(0, 2), r.get("b"), r.swapdb(0, 2), refused(lambda: r.swapdb(0, 99))])


def strings(r):
    say("set", [r.set("k", "v"), r.set("k", "w", nx=True), r.set("k", "w", xx=True, get=True),
                r.set("none", "x", xx=True)])
    say("set with a time", [r.set("t", "v", ex=10), r.set("t", "w", keepttl=True), 0 < r.ttl("t") <= 10,
                            r.setex("t", 20, "x"), r.psetex("t", 5000, "y"), 0 < r.pttl("t") <= 5000,
                            r.set("t", 1, exat=4_000_000_000)])
    say("old ones", [r.setnx("k", "z"), r.getset("k", "new"), r.getset("other", "x"), r.strlen("k"),
                     r.append("k", "er")])
    say("several", [r.mset({"a": "1", "b": b"\x00\xff"}), r.mget(["a", "b", "none", "k"]), r.msetnx({"a": 2, "q": 3})])
    say("numbers", [r.incr("n"), r.incrby("n", 41), r.decr("n", 2), r.decrby("n", 3), r.incrbyfloat("n", 0.5),
                    refused(lambda: r.incr("k")), refused(lambda: r.incr("n"))])
    say("ranges", [r.getrange("k", 1, -2), r.setrange("k", 8, "!"), r.get("k"), r.substr("k", 0, 1)])
    say("getex", [r.getex("a", ex=100), r.ttl("a") > 90, r.getex("a", persist=True), r.ttl("a"), r.getdel("a"),
                  r.getdel("a")])
    r.mset({"x": "ohmytext", "y": "mynewtext"})
    say("lcs", [r.lcs("x", "y"), r.lcs("x", "y", len=True), r.lcs("x", "y", idx=True, minmatchlen=4,
                                                                  withmatchlen=True)])
    say("dictionary", [r.__setitem__("d", "v"), r["d"], "d" in r, r.__delitem__("d"), "d" in r])
    r.lpush("l", 1)
    say("wrong type", [refused(lambda: r.get("l")), refused(lambda: r.append("l", "x")), r.mget("l")])
    say("large", len(r.getrange("large", 0, -1)) if r.set("large", b"\x01" * 3_000_000) else None)


def bits(r):
    say("one", [r.setbit("b", 7, 1), r.setbit("b", 7, 0), r.setbit("b", 100, 1), r.getbit("b", 100), r.strlen("b")])
    r.set("f", b"\xff\x0f")
    say("count", [r.bitcount("f"), r.bitcount("f", 1, 1), r.bitcount("f", 0, 3, "BIT"), r.bitpos("f", 0),
                  r.bitpos("f", 1, 1), r.bitpos("f", 1, 9, 15, "BIT")])
    say("operations", [r.bitop("AND", "to", "f", "b"), r.bitop("NOT", "to", "f"), r.get("to"),
                       r.bitop("XOR", "to", "f", "none")])
    field = r.bitfield("bf", default_overflow="SAT")
    say("field", field.set("u8", "#0", 250).incrby("u8", "#0", 10).get("i4", 0).incrby("u8", 8, 300,
                                                                                       overflow="FAIL").execute())
    say("refused", [refused(lambda: r.setbit("b", -1, 1)), refused(lambda: r.bitfield("bf").get("u64", 0).execute())])


def lists(r):
    say("push", [r.rpush("l", "a", "b"), r.lpush("l", "z"), r.lpushx("none", "x"), r.rpushx("l", "c"), r.llen("l")])
    say("look", [r.lrange("l", 0, -1), r.lindex("l", -1), r.lindex("l", 9), r.lpos("l", "b"),
                 r.lpos("l", "b", rank=-1, count=0), r.lpos("l", "none"), r.lpos("none", "x", count=1)])
    say("change", [r.lset("l", 0, "y"), r.linsert("l", "BEFORE", "b", "a2"), r.linsert("l", "after", "none", "x"),
                   r.lrem("l", 1, "a"), r.ltrim("l", 0, 2), r.lrange("l", 0, -1)])
    say("pop", [r.lpop("l"), r.rpop("l", 5), r.lpop("l"), r.lpop("l", 2), r.exists("l")])
    r.rpush("l", 1, 2, 3)
    say("move", [r.lmove("l", "m", "LEFT", "RIGHT"), r.rpoplpush("l", "m"), r.lrange("m", 0, -1), r.lmove("none", "m")])
    say("pop of several", [r.lmpop(2, "none", "m", direction="RIGHT", count=5), r.lmpop(1, "none", direction="LEFT")])
    say("refused", [refused(lambda: r.lset("none", 0, "x")), refused(lambda: r.lset("l", 9, "x")),
                    refused(lambda: r.lpop("l", -1)), refused(lambda: r.linsert("l", "beside", "x", "y"))])
    r.set("s", "x")
    say("wrong type", refused(lambda: r.rpush("s", 1)))


def blocking(r):
    r.rpush("l", "a", "b")
    say("at once", [r.blpop("l"), r.brpop(["none", "l"], timeout=1)])
    say("in vain", [r.blpop("l", timeout=0.01), r.brpop("l", timeout=0.01), r.blmove("l", "m", 0.01),
                    r.brpoplpush("l", "m", timeout=0.01), r.blmpop(0.01, 2, "l", "m", direction="LEFT")])
    first = Waiting(lambda c: c.blpop(["l", "m"], 0))
    blocked(r, 1)
    second = Waiting(lambda c: c.brpop("m", 0))
    blocked(r, 2)
    say("pushed", [r.rpush("m", 1, 2, 3), first.got(), second.got(), r.lrange("m", 0, -1)])
    third = Waiting(lambda c: c.blmove("l", "m", 0, "LEFT", "RIGHT"))
    fourth = Waiting(lambda c: c.blmpop(0, 1, "to", direction="LEFT", count=3))
    blocked(r, 2)
    say("moved", [r.lpush("l", "x"), third.got(), r.lmove("m", "to", "RIGHT", "LEFT"), fourth.got()])
    waiting = Waiting(lambda c: c.brpoplpush("l", "m"))
    blocked(r, 1)
    line = until("who waits", lambda: [line for line in r.client_list() if "b" in line["flags"]])[0]
    say("unblocked", [line["cmd"], r.client_unblock(line["id"]), waiting.got(), r.client_unblock(line["id"])])
    waiting = Waiting(lambda c: c.blpop("l"))
    blocked(r, 1)
    line = [line for line in r.client_list() if "b" in line["flags"]][0]
    say("unblocked with an error", [r.client_unblock(line["id"], error=True), waiting.got()])
    say("refused", [refused(lambda: r.blpop("l", -1)), refused(lambda: r.execute_command("BLPOP", "l", "x"))])


def transactions(r):
    pipe = r.pipeline()
    say("a transaction", pipe.set("a", 1).incr("a").rpush("l", "x").lrange("l", 0, -1).get("none").execute())
    say("without one", r.pipeline(transaction=False).get("a").incr("a").ping().execute())
    pipe.set("a", "x").incr("a").get("a")
    say("an error inside", pipe.execute(raise_on_error=False))
    say("an error raised", refused(lambda: r.pipeline().incr("a").execute()))
    say("not queued", refused(lambda: r.pipeline().set("a", 2).execute_command("NOSUCH").execute()))
    say("nothing of it", r.get("a"))
    with r.pipeline() as watching:
        watching.watch("a")
        r.set("a", "changed")
        watching.multi()
        watching.get("a")
        say("watched", refused(watching.execute))
        watching.watch("a")
        watching.unwatch()
        r.set("a", "again")
        say("unwatched", watching.get("a").execute())
    tries = []

    def add(pipe):
        tries.append(1)
        value = int(pipe.get("n") or 0)
        if len(tries) == 1:
            r.set("n", 10)
        pipe.multi()
        pipe.set("n", value + 1)
    say("tried again", [r.transaction(add, "n"), len(tries), r.get("n")])
    one = client(single_connection_client=True)
    say("by hand", [one.execute_command("MULTI"), one.execute_command("SET", "a", 5),
                    refused(lambda: one.execute_command("MULTI")), one.execute_command("DISCARD"), r.get("a"),
                    refused(lambda: one.execute_command("EXEC"))])
    say("many", len(r.pipeline().execute()) + sum(r.pipeline(transaction=False).mset({str(n): n
                                                                                      for n in range(2000)}).execute()))


def messages(pubsub, count):
    got = []
    while len(got) < count:
        message = pubsub.get_message(timeout=WAIT_SECONDS_MAX)
        if message is None:
            raise AssertionError(f"only {got}")
        got.append([message["type"], message["pattern"], message["channel"], message["data"]])
    return got


def pubsub(r):
    p = r.pubsub()
    p.subscribe("news", "other")
    p.psubscribe("n?ws", "*x*")
    say("subscribed", messages(p, 4))
    say("published", [r.publish("news", "one"), r.publish("nobody", "x"), r.publish("xx", b"\x00")])
    say("messages", messages(p, 3))
    say("told", [sorted(r.pubsub_channels()), r.pubsub_channels("o*"), r.pubsub_numsub("news", "none"),
                 r.pubsub_numpat()])
    p.ping("are you there")
    say("pinged", messages(p, 1))
    p.unsubscribe("news")
    p.punsubscribe()
    say("unsubscribed", [[kind, left] for kind, _, _, left in messages(p, 3)])
    say("left", [r.publish("news", "x"), r.publish("other", "y"), messages(p, 1), r.pubsub_numpat()])
    heard = []
    handling = r.pubsub(ignore_subscribe_messages=True)
    handling.subscribe(called=lambda message: heard.append(message["data"]))
    thread = handling.run_in_thread(sleep_time=0.001)
    until("it is published", lambda: r.publish("called", "by a thread"))
    until("the handler is called", lambda: heard)
    thread.stop()
    thread.join()
    say("handled", heard)
    sharded = client(single_connection_client=True)
    say("sharded", [sharded.execute_command("SSUBSCRIBE", "shard"), r.execute_command("SPUBLISH", "shard", "m"),
                    sharded.connection.read_response(), r.execute_command("PUBSUB", "SHARDCHANNELS"),
                    r.execute_command("PUBSUB", "SHARDNUMSUB", "shard"), sharded.execute_command("SUNSUBSCRIBE")])
    say("refused", [refused(lambda: r.execute_command("PUBSUB", "NOSUCH"))])


def notifications(r):
    say("switched on", [r.config_set("notify-keyspace-events", "KEA"), r.config_get("notify-keyspace-events")])
    p = r.pubsub()
    p.psubscribe("__key*__:*")
    messages(p, 1)
    r.set("k", 1, px=1)
    r.rpush("l", 1, 2)
    r.lmove("l", "m")
    r.lpop("l")
    r.delete("m")
    until("a key expires", lambda: not r.exists("k"))
    events = messages(p, 18)  # two for each; the expiry comes when it comes
    say("events", [event for event in events if event[3] != b"expired" and not event[2].endswith(b":expired")])
    say("expired", sorted(event[2:] for event in events if event[3] == b"expired" or event[2].endswith(b":expired")))
    say("switched off", [r.config_set("notify-keyspace-events", ""), r.set("k", 1), p.get_message(timeout=0.01)])


def tracking(r):
    reader = client(single_connection_client=True)
    p = client(client_name="listener").pubsub()
    p.subscribe("__redis__:invalidate")
    messages(p, 1)
    target = [line for line in r.client_list(_type="pubsub") if line["name"] == "listener"][0]["id"]
    say("off", [reader.client_getredir(), reader.client_trackinginfo()])
    say("on", [reader.client_tracking_on(clientid=target), reader.client_getredir() == int(target),
               reader.client_trackinginfo()[:2]])
    reader.mget("a", "b")
    r.set("a", 1)
    r.set("a", 2)
    say("invalidated once", messages(p, 1))
    reader.get("a")
    r.flushdb()
    say("all of them", messages(p, 1))
    say("broadcast", [reader.client_tracking_off(), reader.client_tracking_on(clientid=target, prefix=["x:", "y:"],
                                                                              bcast=True, noloop=True)])
    say("info", reader.client_trackinginfo()[:2] + [sorted(reader.client_trackinginfo()[5])])
    reader.set("x:own", 1)
    r.set("z", 1)
    r.set("y:1", 1)
    say("by prefix", messages(p, 1))
    say("refused", [refused(lambda: reader.client_tracking_on(clientid=target, optin=True)),
                    refused(lambda: client().client_tracking_on(clientid=10**9))])


def introspection(r):
    info = r.info()
    say("info", only(info, "redis_mode", "role", "connected_slaves", "cluster_enabled", "loading", "aof_enabled"))
    say("port", info["tcp_port"] == session.port)
    say("kinds", kinds(info, "redis_version", "process_id", "run_id", "uptime_in_seconds", "used_memory",
                       "used_memory_human", "mem_fragmentation_ratio", "connected_clients", "total_commands_processed",
                       "used_cpu_sys", "master_replid"))
    say("version", tuple(int(part) for part in info["redis_version"].split(".")) >= (7, 0, 15))
    r.set("k", "v", ex=1000)
    say("keyspace", only(r.info("keyspace")["db0"], "keys", "expires"))
    session.ask("note")  # it is about to forget what was called
    say("commandstats", [r.config_resetstat(), r.get("k"), r.info("commandstats")["cmdstat_get"]["calls"],
                         refused(lambda: r.lpop("k")), only(r.info("commandstats")["cmdstat_lpop"], "calls",
                                                            "rejected_calls", "failed_calls"), r.info("errorstats")])
    say("config", [r.config_get("maxmemory-policy", "zset-max-listpack-e*"), r.config_set("maxmemory", "200mb"),
                   r.config_get("maxmemory"), r.config_set("maxmemory", 0), refused(lambda: r.config_set("nosuch", 1)),
                   refused(lambda: r.config_set("maxclients", "x")), refused(r.config_rewrite)])
    say("several", r.config_set("slowlog-log-slower-than", 0, "slowlog-max-len", 50))
    say("slowlog", [r.slowlog_reset(), r.set("k", "x" * 200), [entry["command"] for entry in r.slowlog_get(2)],
                    r.slowlog_len() >= 3, kinds(r.slowlog_get(1)[0], "id", "start_time", "duration")])
    r.config_set("slowlog-log-slower-than", 10000)
    say("latency", [r.config_set("latency-monitor-threshold", 1), r.execute_command("DEBUG", "SLEEP", "0.02"),
                    [event[0] for event in r.execute_command("LATENCY", "LATEST")],
                    len(r.execute_command("LATENCY", "HISTORY", "command")), r.execute_command("LATENCY", "RESET"),
                    r.execute_command("LATENCY", "LATEST"), r.config_set("latency-monitor-threshold", 0)])
    say("memory", [r.memory_usage("k") > 200, r.memory_usage("none"), r.memory_usage("k", samples=0) > 200,
                   r.memory_purge(), kinds(r.memory_stats(), "peak.allocated", "total.allocated", "keys.count",
                                           "dataset.bytes", "peak.percentage")])
    say("command", [r.command_count() > 150, r.execute_command("COMMAND INFO", "get", "lmove", "none"),
                    sorted(r.command_list(pattern="pexpire*"))[:2], r.command_getkeysandflags("SET", "k", "v", "GET")])
    say("keys of", [r.execute_command("COMMAND GETKEYS", "XREADGROUP", "GROUP", "g", "c", "STREAMS", "a", "b", ">",
                                      ">"), refused(lambda: r.execute_command("COMMAND GETKEYS", "PING"))])
    say("role", [r.role(), type(r.lastsave()).__name__, type(r.time()[0]).__name__])
    say("rewrite", r.bgrewriteaof())
    until("it ends", lambda: not r.info("persistence")["aof_rewrite_in_progress"])
    say("well", r.info("persistence")["aof_last_bgrewrite_status"])
    with r.monitor() as monitor:
        client(db=2).set("seen", "by \"it\"\r\n")
        command = monitor.next_command()
        while "seen" not in command["command"]:
            command = monitor.next_command()
        say("monitor", only(command, "db", "command", "client_address", "client_type"))
    say("no cluster", [refused(lambda: r.execute_command("CLUSTER", "INFO")),
                       refused(lambda: r.execute_command("READONLY"))])


def acl(r):
    say("who", [r.acl_whoami(), r.acl_users(), r.acl_list(), len(r.acl_cat()) > 20, "lpush" in r.acl_cat("list")])
    say("make", r.acl_setuser("worker", enabled=True, passwords=["+secret"], keys=["q:*"], channels=["news"],
                              categories=["+@list", "+@connection"], commands=["-blpop", "+get", "+acl|whoami"]))
    user = r.acl_getuser("worker")
    say("told", [sorted(user["flags"]), user["keys"], user["channels"], len(user["passwords"]), user["enabled"],
                 r.acl_getuser("none")])
    worker = client(username="worker", password="secret")
    say("may", [worker.acl_whoami(), worker.rpush("q:1", "x"), worker.lpop("q:1")])
    say("may not", [refused(lambda: worker.rpush("other", 1)), refused(lambda: worker.blpop("q:1")),
                    refused(lambda: worker.set("q:1", 1)), refused(lambda: worker.publish("news", "x"))])
    say("dry run", [r.acl_dryrun("worker", "get", "q:1"), r.acl_dryrun("worker", "get", "other")])
    say("log", [[entry["reason"], entry["context"], entry["object"], entry["username"]]
                for entry in r.acl_log(2)] + [r.acl_log_reset(), r.acl_log()])
    say("password", [len(r.acl_genpass()), len(r.acl_genpass(bits=16))])
    say("end", [r.acl_deluser("worker", "none"), r.acl_users()])
    until("he notices that he is shut out", lambda: "WRONGPASS" in str(refused(worker.acl_whoami)))
    say("refused", [refused(lambda: r.acl_setuser("x", commands=["+nosuch"])), refused(r.acl_load),
                    refused(r.acl_save)])


def streams(r):
    say("add", [r.xadd("x", {"a": 1}, id="1-1"), r.xadd("x", {"b": 2, "c": 3}, id="1-*"),
                r.xadd("x", {"d": 4}, id="5-0", maxlen=10, approximate=True), r.xadd("none", {"a": 1}, nomkstream=True),
                r.xlen("x"), len(r.xadd("auto", {"a": b"\xff"}).split(b"-"))])
    say("range", [r.xrange("x"), r.xrevrange("x", count=1), r.xrange("x", "(1-1", "1"), r.xrange("x", min="6")])
    say("read", [r.xread({"x": "1-1", "none": 0}, count=1), r.xread({"x": "$"}), r.xread({"x": "$"}, block=10)])
    reader = Waiting(lambda c: c.xread({"x": "$"}, block=0))
    blocked(r, 1)
    say("waited", [r.xadd("x", {"e": 5}, id="6-6"), reader.got()])
    say("trim", [r.xdel("x", "1-1", "9-9"), r.xtrim("x", maxlen=2, approximate=False),
                 r.xtrim("x", minid="6", approximate=False), r.xinfo_stream("x")["length"],
                 r.xinfo_stream("x")["last-entry"]])
    say("info", only(r.xinfo_stream("x"), "length", "last-generated-id", "groups", "first-entry", "entries-added",
                     "max-deleted-entry-id"))
    say("refused", [refused(lambda: r.xadd("x", {"a": 1}, id="1-1")), refused(lambda: r.xrange("x", "bad")),
                    refused(lambda: r.xinfo_stream("none"))])


def groups(r):
    say("make", [r.xgroup_create("x", "g", mkstream=True), refused(lambda: r.xgroup_create("x", "g")),
                 r.xgroup_create("x", "h", id="$"), refused(lambda: r.xgroup_create("none", "g")),
                 r.xgroup_createconsumer("x", "g", "c1")])
    for n in range(1, 7):
        r.xadd("x", {"n": n}, id=f"{n}-0")
    say("read", [r.xreadgroup("g", "c1", {"x": ">"}, count=2), r.xreadgroup("g", "c2", {"x": ">"}, count=2),
                 r.xreadgroup("g", "c1", {"x": "0"}), r.xreadgroup("h", "c", {"x": ">"}, count=1, noack=True)])
    say("pending", [r.xpending("x", "g"), [only(entry, "message_id", "consumer", "times_delivered")
                                           for entry in r.xpending_range("x", "g", "-", "+", 10, consumername="c2")],
                    r.xpending("x", "h")])
    say("acknowledge", [r.xack("x", "g", "1-0", "1-0", "9-9"), r.xdel("x", "3-0")])
    say("claim", [r.xclaim("x", "g", "c1", 0, ["4-0"]), r.xclaim("x", "g", "c1", 10**7, ["2-0"], justid=True),
                  r.xautoclaim("x", "g", "c3", 0, count=1), r.xautoclaim("x", "g", "c3", 0, "3-0", justid=True)])
    consumers = [only(each, "name", "pending") for each in r.xinfo_consumers("x", "g")]
    say("info", [consumers, [only(group, "name", "consumers", "pending", "last-delivered-id", "entries-read")
                             for group in r.xinfo_groups("x")]])
    r.xgroup_setid("x", "h", "$")
    waiting = Waiting(lambda c: c.xreadgroup("h", "w", {"x": ">"}, block=0))
    blocked(r, 1)
    say("waited", [r.xadd("x", {"n": 7}, id="7-0"), waiting.got()])
    waiting = Waiting(lambda c: c.xreadgroup("g", "w", {"x": ">"}, block=0, count=9))
    until("it has read", lambda: waiting.results)
    say("rest", waiting.got())
    say("end", [r.xgroup_setid("x", "g", "0"), r.xgroup_delconsumer("x", "g", "c3"), r.xgroup_destroy("x", "h"),
                r.xgroup_destroy("x", "h"), refused(lambda: r.xreadgroup("h", "c", {"x": ">"}))])


def hashes(r):
    say("set", [r.hset("h", "a", 1), r.hset("h", mapping={"a": 2, "b": 3}), r.hset("h", items=["c", 4, "d", 5]),
                r.hsetnx("h", "a", 9), r.hmset("h", {"e": 6}), r.hlen("h")])
    say("get", [r.hget("h", "a"), r.hget("h", "none"), r.hmget("h", ["a", "none", "b"]), r.hgetall("h"),
                r.hgetall("none"), set(r.hkeys("h")), set(r.hvals("h")), r.hexists("h", "a"), r.hstrlen("h", "a")])
    say("numbers", [r.hincrby("h", "a", 5), r.hincrbyfloat("h", "a", 0.5), refused(lambda: r.hincrby("h", "a"))])
    say("delete", [r.hdel("h", "a", "none"), r.hdel("h", "b", "c"), r.hrandfield("h") in (b"d", b"e"),
                   len(r.hrandfield("h", -5, True))])
    r.hset("big", mapping={f"f{n}": n for n in range(1000)})
    say("scan", [len(dict(r.hscan_iter("big", count=30))), dict(r.hscan_iter("big", "f99?")), r.hscan("none")])
    say("wrong type", [r.set("s", 1), refused(lambda: r.hget("s", "a"))])


def sets(r):
    say("add", [r.sadd("s", 1, 2, 3), r.sadd("s", 3, 4), r.sadd("t", "3", "4", "5"), r.scard("s"), r.smembers("s"),
                r.sismember("s", 1), r.smismember("s", 1, 9), r.srem("s", 1, 9), r.smove("s", "t", 2)])
    say("algebra", [r.sinter("s", "t"), r.sunion("s", "t"), r.sdiff("t", "s"), r.sinterstore("i", "s", "t"),
                    r.sunionstore("u", "s", "t"), r.sdiffstore("d", "s", "t"), r.exists("d"),
                    r.sintercard(2, ["s", "t"], limit=1)])
    say("random", [r.srandmember("s") in (b"3", b"4"), len(r.srandmember("s", -5)), set(r.spop("s", 5)), r.spop("s"),
                   r.exists("s")])
    r.sadd("big", *range(1000))
    say("scan", [len(set(r.sscan_iter("big", count=30))), set(r.sscan_iter("big", "99?"))])
    say("wrong type", [r.set("k", 1), refused(lambda: r.sadd("k", "a"))])


def sorted_sets(r):
    say("add", [r.zadd("z", {"a": 1, "b": 2.5, "c": "inf"}), r.zadd("z", {"a": 5}, nx=True),
                r.zadd("z", {"a": 0.5}, xx=True, ch=True), r.zadd("z", {"a": 3}, incr=True),
                r.zadd("z", {"a": 1}, gt=True, ch=True), r.zincrby("z", 1, "d"), r.zcard("z")])
    say("range", [r.zrange("z", 0, -1, withscores=True), r.zrange("z", 0, 1, desc=True), r.zrevrange("z", 0, 0),
                  r.zrange("z", "-inf", "(3", byscore=True, offset=0, num=1),
                  r.zrangebyscore("z", 1, "inf", start=0, num=2, withscores=True),
                  r.zrevrangebyscore("z", "+inf", "-inf"), r.zrangestore("to", "z", 0, 1)])
    say("places", [r.zrank("z", "a"), r.zrevrank("z", "none"), r.zscore("z", "b"), r.zmscore("z", ["a", "none"]),
                   r.zcount("z", 1, 3)])
    r.zadd("lex", {name: 0 for name in "abcde"})
    say("lex", [r.zrangebylex("lex", "[b", "(d"), r.zrevrangebylex("lex", "+", "-", 0, 2), r.zlexcount("lex", "-", "+"),
                r.zremrangebylex("lex", "[a", "[b")])
    say("algebra", [r.zunion(["z", "lex"], aggregate="MAX", withscores=True),
                    r.zinter({"z": 2, "lex": 1}, withscores=True), r.zdiff(["z", "lex"]),
                    r.zinterstore("i", ["z", "lex"]), r.zunionstore("u", {"z": 1, "lex": 3}),
                    r.zdiffstore("d", ["z", "lex"]), r.zintercard(2, ["z", "lex"])])
    say("remove", [r.zrem("z", "a", "none"), r.zremrangebyscore("u", "-inf", 0), r.zremrangebyrank("u", 0, 0),
                   r.zpopmin("lex"), r.zpopmax("lex", 2), r.zmpop(2, ["none", "z"], min=True),
                   r.zrandmember("z") is not None])
    waiting = Waiting(lambda c: c.bzpopmin(["q", "p"], 0))
    other = Waiting(lambda c: c.bzmpop(0, 1, ["m"], max=True, count=2))
    blocked(r, 2)
    say("waited", [r.zadd("p", {"x": 1.5, "y": 1}), waiting.got(), r.zadd("m", {"x": 1, "y": 2, "z": 3}), other.got(),
                   r.bzpopmax("m", 1), r.bzpopmax("m", 0.01)])
    r.zadd("big", {f"m{n}": n for n in range(1000)})
    say("scan", [len(dict(r.zscan_iter("big", count=30))), dict(r.zscan_iter("big", "m99?"))])
    say("wrong type", [r.set("k", 1), refused(lambda: r.zadd("k", {"a": 1})), refused(lambda: r.zadd("z", {"a": "x"}))])


def scripting(r):
    say("eval", [r.eval("return {KEYS[1], ARGV[1], #ARGV}", 1, "k", "a", "b"),
                 r.eval("return redis.call('INCR', KEYS[1])", 1, "n"), r.eval("return false", 0),
                 r.eval("return 3.7", 0), r.eval("return {1, 'two', {3}, true, nil, 5}", 0)])
    sha = r.script_load("return redis.call('GET', KEYS[1])")
    say("loaded", [sha, r.script_exists(sha, "0" * 40), r.evalsha(sha, 1, "n"),
                   r.eval_ro("return redis.call('GET', KEYS[1])", 1, "n")])
    say("refused", [refused(lambda: r.evalsha("0" * 40, 0)), refused(lambda: r.eval("return nosuch()", 0)),
                    refused(lambda: r.eval("return {", 0)), refused(lambda: r.eval("return redis.error_reply('MY own')",
                                                                                   0)),
                    refused(lambda: r.eval_ro("return redis.call('SET', KEYS[1], 1)", 1, "n"))])
    double = r.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1] * 2)")
    say("registered", [double(keys=["n"], args=[5]), r.script_flush(), double(keys=["n"], args=[1])])
    pipe = r.pipeline()
    double(keys=["n"], args=[2], client=pipe)
    say("in a pipeline", pipe.get("n").execute())
    lock, other = r.lock("lock", timeout=10), r.lock("lock", timeout=10, blocking=False)
    say("a lock", [lock.acquire(), other.acquire(), lock.extend(5), lock.owned(), lock.release(), other.acquire(),
                   lock.locked()])
    with r.lock("second", timeout=10):
        say("held", refused(lambda: r.lock("second", blocking=False).release()))
    waiting = Waiting(lambda c: c.blpop("q", 0))
    blocked(r, 1)
    say("a script feeds who waits", [r.eval("return redis.call('RPUSH', KEYS[1], 'x')", 1, "q"), waiting.got()])
    say("a script does not wait", r.eval("return redis.call('LPOP', KEYS[1])", 1, "q"))


def functions(r):
    code = "#!lua name=mine\nredis.register_function('twice', function(keys, args) return redis.call('INCRBY', keys[1], args[1] * 2) end)"
    say("load", [r.function_load("#!lua name=mine" and code), refused(lambda: r.function_load(code)),
                 r.function_load(code, replace=True)])
    say("call", [r.fcall("twice", 1, "n", 4), refused(lambda: r.fcall("none", 0))])
    say("list", [r.function_list("mine"), r.function_delete("mine"), r.function_list()])


def reconnect(r):
    """The server goes away under its clients; what is durable is there when they are back."""
    stubborn = {"retry": Retry(ConstantBackoff(RETRY_SECONDS), RETRIES), "retry_on_error": [redis.ConnectionError]}
    r.set("kept", "yes")
    r.rpush("l", "kept")
    p = r.pubsub()
    p.subscribe("news")
    p.psubscribe("n*")
    messages(p, 2)
    waiting = Waiting(lambda c: c.blpop("q", 0), **stubborn)
    blocked(r, 1)
    session.ask("kill")
    say("without it", refused(lambda: client().ping()) is not None)
    session.ask("start")
    say("with it", [r.get("kept"), r.lrange("l", 0, -1), r.ping()])
    until("the wait begins again", lambda: r.info("clients")["blocked_clients"] == 1)
    say("waited through it", [r.rpush("q", "after"), waiting.got()])
    say("noticed", refused(lambda: messages(p, 1)))
    say("subscribed again", sorted(messages(p, 2), key=str))
    say("published", [r.publish("news", "again"), sorted(messages(p, 2), key=str)])

    # One connection only is taken away, by another client.
    waiting = Waiting(lambda c: c.blpop("q", 0), client_name="waiter", **stubborn)
    blocked(r, 1)
    found = [line for line in r.client_list() if line["name"] == "waiter"]
    say("killed", r.client_kill_filter(_id=found[0]["id"]))
    until("it is back", lambda: [line for line in r.client_list() if line["name"] == "waiter" and "b" in line["flags"]
                                 and line["id"] != found[0]["id"]])
    say("waited through that", [r.rpush("q", "then"), waiting.got()])
    say("subscribers killed", [r.client_kill_filter(_type="pubsub"), refused(lambda: messages(p, 1)),
                               sorted(messages(p, 2), key=str), r.publish("news", "still"),
                               sorted(messages(p, 2), key=str)])
    with r.pipeline() as pipe:
        pipe.watch("kept")
        line = [line for line in r.client_list() if line["cmd"] == "watch"]
        pipe.multi()
        pipe.set("kept", "no")
        say("a watch is lost", [len(line), r.client_kill_filter(_id=line[0]["id"]),
                                type(refused(pipe.execute)).__name__, r.get("kept")])
    r.shutdown(nosave=True)
    session.ask("start")
    say("after SHUTDOWN", [r.get("kept"), r.dbsize()])


def main():
    for name, play in (("connection", connection), ("keys", keys), ("strings", strings), ("bits", bits),
                       ("lists", lists), ("blocking", blocking), ("transactions", transactions), ("pubsub", pubsub),
                       ("notifications", notifications), ("tracking", tracking), ("introspection", introspection),
                       ("acl", acl), ("streams", streams), ("groups", groups), ("keyspace", keyspace),
                       ("hashes", hashes), ("sets", sets), ("sorted sets", sorted_sets), ("scripting", scripting),
                       ("functions", functions), ("reconnect", reconnect)):
        if session.family(name):
            r = client()
            r.flushall()
            play(r)
            r.close()


if __name__ == "__main__":
    main()
