// Polls of a store that has many closed records of other circuits: on a real Redis and a real PostgreSQL.
import { execFileSync } from "node:child_process";
import diagnostics from "node:diagnostics_channel";
import { join } from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { find, serve, unprivileged } from "../fleet/servers.mjs";

const DAY = 86_400_000;
const POLLS_MS = 10_000;
const WRITERS = 64;

const closedRecord = (n) =>
  JSON.stringify({
    ...{ v: 1, revision: Date.now(), generation: Date.now(), nonce: `n${n}`, state: "closed" },
    ...{ by: "host-17.example/1506", reason: "probe succeeded", at: Date.now() },
  });

const sockets = new Set();
diagnostics.subscribe("net.client.socket", ({ socket }) => sockets.add(socket));
const bytesRead = () => [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, 0);

const STORES = {
  async Redis(library) {
    const server = await serve(find("redis-server"), (port) => [
      ...["--port", `${port}`, "--bind", "127.0.0.1", "--save", ""],
    ]);
    const { createClient } = await import("redis");
    const { redisStore } = await library.load("stores/redis.js");
    const client = await createClient({ url: `redis://127.0.0.1:${server.port}` })
      .on("error", () => {})
      .connect();
    return { store: redisStore(client), stop: () => server.stop(client.destroy()) };
  },
  async PostgreSQL(library) {
    const as = unprivileged();
    const server = await serve(
      find("postgres"),
      (port, folder) => [
        ...["-D", join(folder, "data"), "-p", `${port}`, "-c", "listen_addresses=127.0.0.1"],
        ...["-c", "unix_socket_directories=", "-c", "fsync=off"],
      ],
      {
        as,
        prepare: (folder) =>
          execFileSync(
            find("initdb"),
            ["-D", join(folder, "data"), "-U", "postgres", "--auth=trust", "--no-sync"],
            { stdio: "ignore", cwd: folder, ...as },
          ),
      },
    );
    const { default: pg } = await import("pg");
    const { postgresStore } = await library.load("stores/postgres.js");
    const pool = new pg.Pool({
      connectionString: `postgres://postgres@127.0.0.1:${server.port}/postgres`,
    });
    pool.on("error", () => {});
    const store = postgresStore(pool);
    for (let tries = 0; ; tries++) {
      try {
        await store.migrate();
        break;
      } catch (error) {
        if (tries > 100) throw error;
        await new Promise((done) => setTimeout(done, 100));
      }
    }
    return { store, stop: () => server.stop(void pool.end().catch(() => {})) };
  },
};

export async function pollStudy(library, most) {
  const { createFailfast } = await library.load("index.js");
  const rows = [];
  for (const [name, open] of Object.entries(STORES)) {
    const { store, stop } = await open(library);
    let stored = 0;
    for (const records of [1_000, 10_000, 100_000]) {
      if (records > most) continue;
      const writer = async () => {
        while (stored < records) {
          const n = stored++;
          await store.set(`circuit:c${n}`, closedRecord(n), DAY);
        }
      };
      await Promise.all(Array.from({ length: WRITERS }, writer));
      rows.push([name, records, ...(await measure(createFailfast, store))]);
    }
    await stop();
  }
  return {
    title: "Polls of a store with closed records of others",
    text: `One process with one circuit, on the loopback, with push taken away so that it polls once a second. The first read is
the list in full; then nothing changes. CPU: of the whole process, so that it doesn't depend on what else the machine does;
the event loop is never held for longer. The time that the loop is held by the first read does depend on that. The budget of
a poll of 100 000 records is 10 kB and 5 ms.`,
    columns: [
      ...["store", "records", "first read, kB", "first read, ms", "longest it held the event loop, ms"],
      ...["a poll, bytes", "a poll, CPU, ms"],
    ],
    rows,
  };
}

async function measure(createFailfast, store) {
  const failfast = createFailfast({
    store: Object.fromEntries(
      ["get", "set", "delete", "swap", "list"].map((verb) => [verb, (...args) => store[verb](...args)]),
    ),
  });
  failfast.on("store-down", ({ error }) => console.error(`  ${error}`));
  failfast("unused", 60);
  let polls = 0;
  const { list } = store;
  store.list = (...args) => {
    polls++;
    return list.apply(store, args);
  };
  const before = bytesRead();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  await failfast.ready();
  const firstMs = performance.now() - began;
  await new Promise((done) => setTimeout(done, 2_000));
  const first = bytesRead() - before;
  const longest = delay.max / 1e6;
  delay.disable();
  polls = 0;
  const [bytes, cpu] = [bytesRead(), process.cpuUsage()];
  await new Promise((done) => setTimeout(done, POLLS_MS));
  const { user, system } = process.cpuUsage(cpu);
  const moved = bytesRead() - bytes;
  store.list = list;
  await failfast.close();
  const each = (total, digits) => (polls === 0 ? "no poll" : (total / polls).toFixed(digits));
  return [
    (first / 1_000).toFixed(0),
    firstMs.toFixed(0),
    longest.toFixed(0),
    each(moved, 0),
    each((user + system) / 1_000, 2),
  ];
}
