import { Redis } from "ioredis";
import { createClient } from "redis";
import { describe, type ExpectStatic, test } from "vitest";
import { createFailfast } from "../../src/index.js";
import type { Store } from "../../src/options/store.js";
import { redisStore } from "../../src/stores/redis.js";
import { type AtEnd, atEndOf } from "./at-end.js";
import { countLists, polledEachSecond } from "./count-lists.js";
import { open, startNats } from "./nats-store/start-nats.js";
import { ignore } from "./redis-store/clients.js";
import { requireProgram } from "./require.js";
import { startRedis } from "./start-redis.js";

const redisServer = requireProgram("redis-server");
const natsServer = requireProgram("nats-server");

/** Two processes, of which the first may not watch: its events, and how often it listed and asked to watch. */
async function fleetOf(atEnd: AtEnd, limited: Store, other: Store) {
  let asked = 0;
  const told: string[] = [];
  const { counted, lists } = countLists(limited);
  const watched: Store = {
    ...counted,
    watch(prefix, on) {
      asked += 1;
      return (limited.watch as NonNullable<Store["watch"]>)(prefix, on);
    },
  };
  const [here, there] = [watched, other].map((store) => createFailfast({ store, timeout: 60 }));
  if (here === undefined || there === undefined) throw new Error("two are made");
  atEnd(() => Promise.all([here.close(), there.close()]));
  here.on("store-down", () => told.push("store-down"));
  here.on("store-up", () => told.push("store-up"));
  for (const each of [here, there]) each("shop", 60);
  await Promise.all([here.ready(), there.ready()]);
  return { here, there, told, lists, asked: () => asked };
}

/** It polls instead, reports that at most once, and does not flood the server. */
async function pollsInstead(
  expect: ExpectStatic,
  { here, there, told, lists, asked }: Awaited<ReturnType<typeof fleetOf>>,
): Promise<void> {
  await there("shop").trip();
  await expect.poll(() => here("shop").state, { timeout: 30_000 }).toBe("open");
  await there("shop").reset();
  await expect.poll(() => here("shop").state, { timeout: 30_000 }).toBe("closed");
  await polledEachSecond(expect, lists);
  await here("shop").trip();
  await expect.poll(() => there("shop").state, { timeout: 30_000 }).toBe("open");
  expect(told.length).toBeLessThanOrEqual(2);
  expect(asked()).toBeLessThanOrEqual(6);
}

// They wait for polls: all at the same time.
describe.concurrent("a user who may read and write, and may not watch", () => {
  test.skipIf(!redisServer).for(["node-redis", "ioredis"])(
    "is found out on Redis, with %s",
    async (library, context) => {
      const atEnd = atEndOf(context);
      const server = await startRedis(redisServer);
      atEnd(() => server.stop());
      const admin = await createClient({ url: server.url }).on("error", ignore).connect();
      atEnd(() => admin.destroy());
      await admin.sendCommand([
        "ACL",
        "SETUSER",
        "app",
        "on",
        ">secret",
        "~failfast:*",
        "resetchannels",
        "+@all",
      ]);
      const url = server.url.replace("//", "//app:secret@");
      let store: Store;
      if (library === "ioredis") {
        const client = new Redis(url).on("error", ignore);
        atEnd(() => client.disconnect());
        store = redisStore(client);
      } else {
        const client = await createClient({ url }).on("error", ignore).connect();
        atEnd(() => client.destroy());
        store = redisStore(client);
      }
      const before = await connectionsMade(admin);
      await pollsInstead(context.expect, await fleetOf(atEnd, store, redisStore(admin)));
      context.expect((await connectionsMade(admin)) - before).toBeLessThan(12);
    },
  );

  test.skipIf(!redisServer)(
    "is found out on Redis, when a right is taken away while it is used",
    async (context) => {
      const atEnd = atEndOf(context);
      const { expect } = context;
      const server = await startRedis(redisServer);
      atEnd(() => server.stop());
      const admin = await createClient({ url: server.url }).on("error", ignore).connect();
      atEnd(() => admin.destroy());
      // Its own: the warnings of the other tests come to this process as well.
      const prefix = "taken-away";
      const user = (...rules: string[]) =>
        admin.sendCommand(["ACL", "SETUSER", "app", "on", ">secret", `~${prefix}:*`, "+@all", ...rules]);
      await user("&*");
      const client = await createClient({ url: server.url.replace("//", "//app:secret@") })
        .on("error", ignore)
        .connect();
      atEnd(() => client.destroy());
      const said: string[] = [];
      const hear = (warning: Error & { code?: string }): void => {
        if (warning.code === "FAILFAST_STORE_PUSH" && warning.message.includes(prefix))
          said.push(warning.message);
      };
      process.on("warning", hear);
      atEnd(() => process.off("warning", hear));
      const { here, there, told, lists, asked } = await fleetOf(
        atEnd,
        redisStore(client, { prefix }),
        redisStore(admin, { prefix }),
      );
      await user("resetchannels");
      for (const [verb, state] of [
        ["trip", "open"],
        ["reset", "closed"],
      ] as const) {
        await there("shop")[verb]();
        await expect.poll(() => here("shop").state, { timeout: 30_000 }).toBe(state);
      }
      await polledEachSecond(expect, lists);
      await expect
        .poll(() => said, { timeout: 30_000 })
        .toEqual([expect.stringMatching(/can't push changes.*NOPERM/)]);
      expect([told, asked()]).toEqual([[], 1]);
    },
  );

  test.skipIf(!natsServer)(
    "is found out on NATS, whose watch is refused here by hand because its lists need the same rights",
    async (context) => {
      const atEnd = atEndOf(context);
      const server = await startNats(natsServer);
      atEnd(() => server.stop());
      const [limited, other] = [await open(server.port), await open(server.port)];
      atEnd(() => Promise.all([limited.close(), other.close()]));
      const refused = { ...limited.store, watch: () => Promise.reject(new Error("Permissions Violation")) };
      await pollsInstead(context.expect, await fleetOf(atEnd, refused, other.store));
    },
  );
});

async function connectionsMade(admin: { sendCommand(args: string[]): Promise<unknown> }): Promise<number> {
  return Number(
    /total_connections_received:(\d+)/.exec(String(await admin.sendCommand(["INFO", "stats"])))?.[1],
  );
}
