// SPDX-License-Identifier: MIT
//
// A producer of the main job that is an ordinary ioredis client: LPUSHes the lines of its standard input.
//
//     node producer_ioredis.js PORT QUEUE < paths
const fs = require("fs");
const Redis = require("ioredis");

const BATCH = 200;

async function main() {
  const [port, queue] = process.argv.slice(2);
  const paths = fs.readFileSync(0).toString("latin1").split("\n").filter((path) => path !== "");
  const redis = new Redis({ port: Number(port), host: "127.0.0.1" });
  let pushed = 0;
  for (let at = 0; at < paths.length; at += BATCH) {
    const batch = paths.slice(at, at + BATCH).map((path) => Buffer.from(path, "latin1"));
    pushed += batch.length;
    await redis.lpush(queue, ...batch);
  }
  await redis.quit();
  console.log(pushed);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
