#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The asyncio half of Debian's redis-py: many commands at once over a pool, pipelines, subscribers and waits as
tasks. """
import asyncio

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from telling import LOOK_SECONDS, WAIT_SECONDS_MAX, Session, only

session = Session()
say = session.say
RETRY_SECONDS = 0.02
RETRIES = 1000


def client(**options):
    return redis.asyncio.Redis(port=session.port, **options)


async def refused(awaitable):
    """The error, which there must be."""
    try:
        got = await awaitable
    except redis.RedisError as error:
        return error
    raise AssertionError(f"not refused, but answered {got!r}")


async def until(what, condition):
    async def look():
        while not await condition():
            await asyncio.sleep(LOOK_SECONDS)  # between two looks; the deadline bounds them
    try:
        await asyncio.wait_for(look(), WAIT_SECONDS_MAX)
    except asyncio.TimeoutError:
        raise AssertionError(f"not within {WAIT_SECONDS_MAX} s: {what}") from None


async def blocked(r, count):
    async def are():
        return (await r.info("clients"))["blocked_clients"] == count
    await until(f"{count} blocked clients", are)


async def messages(pubsub, count):
    got = []
    while len(got) < count:
        message = await pubsub.get_message(timeout=WAIT_SECONDS_MAX)
        if message is not None:
            got.append([message["type"], message["pattern"], message["channel"], message["data"]])
    return got


# --- Families


async def connection(r):
    say("ping", [await r.ping(), await r.echo("said")])
    async with client(client_name="me", db=3, decode_responses=True) as named:
        say("named", [await named.client_getname(), (await named.client_info())["db"]])
    say("at once", await asyncio.gather(*[r.echo(str(n)) for n in range(100)]))
    pool = redis.asyncio.BlockingConnectionPool(port=session.port, max_connections=2, timeout=20)
    few = redis.asyncio.Redis(connection_pool=pool)
    say("over two connections", [sum(await asyncio.gather(*[few.incr("n") for _ in range(100)])), await r.get("n")])
    await pool.disconnect()
    say("refused", [await refused(r.execute_command("NOSUCH")), await refused(r.execute_command("GET"))])


async def keys(r):
    await r.mset({"a": 1, "b": 2})
    say("count", [await r.exists("a", "b", "none"), await r.delete("a"), await r.dbsize(), await r.type("b")])
    say("expire", [await r.expire("b", 100), 90 < await r.ttl("b") <= 100, await r.persist("b"), await r.ttl("b")])
    say("flush", [await r.flushdb(), await r.dbsize()])


async def keyspace(r):
    await r.mset({f"k{n}": n for n in range(300)})
    say("scan", [len({key async for key in r.scan_iter(count=20)}), sorted([key async for key in r.scan_iter("k1?")])])
    say("rename", [await r.rename("k1", "x"), await refused(r.rename("k1", "x")), await r.copy("x", "y"),
                   await r.get("y")])


async def strings(r):
    say("set", [await r.set("k", "v", ex=100), await r.get("k"), await r.set("k", "w", nx=True), await r.getdel("k"),
                await r.get("k")])
    say("numbers", [await r.incrby("n", 5), await r.incrbyfloat("n", 0.1), await r.mget("n", "none")])
    say("wrong type", [await r.rpush("l", 1), await refused(r.get("l")), await refused(r.incr("l"))])


async def lists(r):
    say("push and pop", [await r.rpush("l", *range(5)), await r.lpop("l", 2), await r.lmove("l", "m"),
                         await r.lrange("l", 0, -1), await r.lpos("l", "4"), await r.ltrim("l", 1, 0),
                         await r.exists("l")])


async def blocking(r):
    say("in vain", await asyncio.gather(r.blpop("l", timeout=0.01), r.blmove("l", "m", 0.01),
                                        r.blmpop(0.01, 1, "l", direction="LEFT")))
    first = asyncio.create_task(r.blpop(["l", "m"], 0))
    await blocked(r, 1)
    second = asyncio.create_task(r.brpop("m", 0))
    await blocked(r, 2)
    say("pushed", [await r.rpush("m", 1, 2, 3), await first, await second])
    waits = []
    for n in range(20):
        waits.append(asyncio.create_task(r.blpop(f"q{n % 2}", 0)))
        await blocked(r, n + 1)
    await asyncio.gather(*[r.rpush(f"q{n % 2}", n) for n in range(20)])
    got = await asyncio.gather(*waits)
    say("each gets one", [len(set(value for _, value in got)), [key for key, _ in got]])
    lost = asyncio.create_task(r.blpop("l", 0))
    await blocked(r, 1)
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)
    await r.connection_pool.disconnect()
    await blocked(r, 0)
    say("cancelled", [await r.rpush("l", "kept"), await r.llen("l")])


async def transactions(r):
    async with r.pipeline() as pipe:
        say("a transaction", await pipe.set("a", 1).incr("a").get("none").execute())
        await pipe.watch("a")
        await r.set("a", "changed")
        pipe.multi()
        pipe.get("a")
        say("watched", await refused(pipe.execute()))
    async with r.pipeline(transaction=False) as pipe:
        for n in range(1000):
            pipe.rpush("l", n)
        say("a pipeline", (await pipe.execute())[-1])

    async def add(pipe):
        value = int(await pipe.get("n") or 0)
        pipe.multi()
        pipe.set("n", value + 1)
    await asyncio.gather(*[r.transaction(add, "n") for _ in range(10)])
    say("ten who add one", await r.get("n"))


async def pubsub(r):
    p = r.pubsub()
    await p.subscribe("news")
    await p.psubscribe("n*")
    say("subscribed", await messages(p, 2))
    say("published", [await r.publish("news", "one"), await messages(p, 2), await r.pubsub_numsub("news"),
                      await r.pubsub_numpat()])
    heard = []

    async def listen():
        async for message in p.listen():
            if message["type"] in ("message", "pmessage"):
                heard.append(message["data"])
                if message["data"] == b"end":
                    return
    task = asyncio.create_task(listen())
    await asyncio.gather(*[r.publish("news", "same") for n in range(50)])
    await r.publish("news", "end")
    await task
    say("listened", heard)
    await p.aclose() if hasattr(p, "aclose") else await p.close()


async def notifications(r):
    await r.config_set("notify-keyspace-events", "Kl")
    p = r.pubsub()
    await p.psubscribe("__keyspace@0__:*")
    await messages(p, 1)
    say("events", [await r.rpush("l", 1, 2), await r.lmove("l", "m"), await messages(p, 3)])
    await r.config_set("notify-keyspace-events", "")


async def streams(r):
    say("add", [await r.xadd("x", {"n": n}, id=f"{n}-0") for n in range(1, 4)])
    say("read", [await r.xrange("x", count=1), await r.xread({"x": "1-0"})])
    reader = asyncio.create_task(r.xread({"x": "$"}, block=0))
    await blocked(r, 1)
    say("waited", [await r.xadd("x", {"n": 4}, id="4-0"), await reader])


async def groups(r):
    await r.xgroup_create("x", "g", id="0", mkstream=True)
    readers = []
    for n in range(4):
        readers.append(asyncio.create_task(r.xreadgroup("g", f"c{n}", {"x": ">"}, count=1, block=0)))
        await blocked(r, n + 1)
    for n in range(1, 5):
        await r.xadd("x", {"n": n}, id=f"{n}-0")
    got = await asyncio.gather(*readers)
    say("each reads one", got)
    say("end", [await r.xack("x", "g", *[entries[0][1][0][0] for entries in got]), await r.xpending("x", "g")])


async def introspection(r):
    say("info", only(await r.info(), "redis_mode", "role", "loading"))
    say("config", [await r.config_get("maxmemory-policy"), await refused(r.config_set("nosuch", 1))])
    async with r.monitor() as monitor:
        await r.set("seen", "x")
        while "seen" not in (command := await monitor.next_command())["command"]:
            pass
        say("monitor", only(command, "db", "command"))


async def scripting(r):
    say("eval", [await r.eval("return {KEYS[1], ARGV[1]}", 1, "k", "a"), await refused(r.evalsha("0" * 40, 0))])
    double = r.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1] * 2)")
    say("registered", await asyncio.gather(*[double(keys=[f"n{n}"], args=[n]) for n in range(5)]))
    async with r.lock("lock", timeout=10):
        say("held", [await r.exists("lock"), await r.lock("lock", blocking_timeout=0.01).acquire()])
    say("released", await r.exists("lock"))


async def reconnect(r):
    stubborn = client(retry=Retry(ConstantBackoff(RETRY_SECONDS), RETRIES), retry_on_error=[redis.ConnectionError])
    await r.set("kept", "yes")
    p = r.pubsub()
    await p.subscribe("news")
    await messages(p, 1)
    waiting = asyncio.create_task(stubborn.blpop("q", 0))
    await blocked(r, 1)
    session.ask("kill")
    session.ask("start")
    await r.connection_pool.disconnect()
    say("with it", [await r.get("kept"), await r.ping()])
    await blocked(r, 1)
    say("waited through it", [await r.rpush("q", "after"), await waiting])
    say("subscribed again", [await messages(p, 1), await r.publish("news", "again"), await messages(p, 1)])


async def play():
    for name, play in (("connection", connection), ("keys", keys), ("keyspace", keyspace), ("strings", strings),
                       ("lists", lists), ("blocking", blocking), ("transactions", transactions), ("pubsub", pubsub),
                       ("notifications", notifications), ("streams", streams), ("groups", groups),
                       ("introspection", introspection), ("scripting", scripting), ("reconnect", reconnect)):
        if session.family(name):
            r = client()
            await r.flushall()
            await play(r)
            await r.close()


if __name__ == "__main__":
    asyncio.run(play())
