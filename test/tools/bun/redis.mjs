// The store contract on Bun's own Redis client, and a fleet of two. Prints what failed, as JSON.
import { RedisClient } from "bun";
import { createFailfast } from "failfast";
import { redisStore } from "failfast/redis";
import { storeContract } from "failfast/testing";

const url = process.argv[2];
const failed = [];
const client = new RedisClient(`${url}/2`);
const left = [...storeContract(() => redisStore(client), { verbs: ["swap", "list"] })];
const cases = left.length;
const oneAfterAnother = async () => {
  for (let next = left.shift(); next !== undefined; next = left.shift())
    await next.run().catch((error) => failed.push(`${next.name}: ${error.message}`));
};
await Promise.all(Array.from({ length: 6 }, oneAfterAnother));

const [here, there] = [new RedisClient(url), new RedisClient(url)].map((each) =>
  createFailfast({ store: redisStore(each) }),
);
const opened = new Promise((done) => there("sales_api", 60).on("open", done));
await there.ready();
const { stored } = await here("sales_api", 60).trip();
const alive = setTimeout(() => {}, 60_000);
await opened;
clearTimeout(alive);
await Promise.all([here.close(), there.close()]);
console.log(JSON.stringify({ cases, failed, stored }));
process.exit();
