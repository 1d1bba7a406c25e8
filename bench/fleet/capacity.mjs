// The capacity of each real store on the loopback, through its driver, from one process: polls of a fleet with ten
// circuits, swaps, pushes to many watchers, and connections. The best of three rounds, because others use the machine
// too and the capacity is wanted.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { find, serve, unprivileged } from "./servers.mjs";

const RECORD = JSON.stringify({
  ...{ v: 1, revision: 1795575669083, generation: 1795575669083, nonce: "i7smw6ejzypf0h7e2bgdr" },
  ...{ by: "host-17.example/1506", reason: "Error", at: 1795575669083, state: "open" },
  ...{ until: 1795575674083, duration: 5000, unique: "" },
});
const CIRCUITS = 10;
const TTL = 86_400_000;
/** Operations under way at a time. */
const AT_ONCE = 32;

/** How each is opened: `{ store, connections, each, close }`; `each`: the connections of an idle process. */
const STORES = {
  async redis() {
    const server = await serve(find("redis-server"), (port) => [
      ...["--port", `${port}`, "--bind", "127.0.0.1", "--save", ""],
    ]);
    const { createClient } = await import("redis");
    const { redisStore } = await import("failfast/redis");
    const client = await createClient({ url: `redis://127.0.0.1:${server.port}` })
      .on("error", () => {})
      .connect();
    const { maxclients } = await client.configGet("maxclients");
    return {
      store: redisStore(client),
      connections: Number(maxclients),
      setting: "`maxclients`",
      each: 2,
      async close() {
        client.destroy();
        await server.stop();
      },
    };
  },
  async postgres() {
    const as = unprivileged();
    const server = await serve(
      find("postgres"),
      (port, folder) => [
        ...["-D", join(folder, "data"), "-p", `${port}`],
        ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
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
    const { postgresStore } = await import("failfast/postgres");
    const pool = new pg.Pool({
      connectionString: `postgres://postgres@127.0.0.1:${server.port}/postgres`,
      max: 10,
    });
    pool.on("error", () => {});
    await answering(() => pool.query("SELECT 1"));
    const store = postgresStore(pool);
    await store.migrate();
    const { rows } = await pool.query(
      "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most",
    );
    return {
      store,
      connections: rows[0].most,
      setting: "`max_connections`, less the reserved ones",
      each: 2,
      async close() {
        const ended = pool.end();
        await server.stop();
        await Promise.race([ended, new Promise((done) => setTimeout(done, 500))]);
      },
    };
  },
  async mysql() {
    const as = unprivileged();
    const server = await serve(
      find("mariadbd"),
      (port, folder) => [
        ...["--no-defaults", `--datadir=${join(folder, "data")}`, `--socket=${join(folder, "socket")}`],
        ...[`--port=${port}`, "--bind-address=127.0.0.1", `--pid-file=${join(folder, "pid")}`],
      ],
      {
        as,
        prepare: (folder) =>
          execFileSync(
            find("mariadb-install-db"),
            [
              ...["--no-defaults", `--datadir=${join(folder, "data")}`],
              "--auth-root-authentication-method=normal",
            ],
            { stdio: "ignore", cwd: folder, ...as },
          ),
      },
    );
    const { createPool } = await import("mysql2/promise");
    const { mysqlStore } = await import("failfast/mysql");
    const pool = createPool({ uri: `mysql://root@127.0.0.1:${server.port}/mysql`, connectionLimit: 10 });
    await answering(() => pool.query("SELECT 1"));
    const store = mysqlStore(pool);
    await store.migrate();
    const [[{ most }]] = await pool.query("SELECT @@max_connections AS most");
    return {
      store,
      connections: Number(most),
      setting: "`max_connections`",
      each: 1,
      async close() {
        await pool.end();
        await server.stop();
      },
    };
  },
  async nats() {
    const server = await serve(find("nats-server"), (port, folder) => [
      ...["-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", join(folder, "data")],
    ]);
    const { connect } = await import("@nats-io/transport-node");
    const { Kvm } = await import("@nats-io/kv");
    const { natsStore } = await import("failfast/nats");
    const connection = await connect({ servers: `127.0.0.1:${server.port}` });
    await answering(() => new Kvm(connection).create("probe", { history: 1 }));
    const kv = await new Kvm(connection).create("failfast", { history: 1, allow_direct: false });
    return {
      store: natsStore(kv),
      // Its documented default, which it shows nowhere without a setting.
      connections: 65_536,
      setting: "`max_connections`",
      each: 1,
      async close() {
        await connection.close();
        await server.stop();
      },
    };
  },
  async memcached() {
    const server = await serve(find("memcached"), (port) => [
      ...["-l", "127.0.0.1", "-p", `${port}`, "-U", "0", "-u", "nobody"],
    ]);
    const { default: Memcached } = await import("memcached");
    const { memcachedStore } = await import("failfast/memcached");
    const client = new Memcached(`127.0.0.1:${server.port}`);
    const settings = await new Promise((done) => client.settings((_, [all]) => done(all)));
    return {
      store: memcachedStore(client),
      connections: Number(settings.maxconns),
      setting: "`maxconns`",
      each: 1,
      async close() {
        client.end();
        await server.stop();
      },
    };
  },
  async file() {
    const folder = mkdtempSync(join(tmpdir(), "failfast-fleet-"));
    const { fileStore } = await import("failfast/file");
    return {
      store: fileStore(folder),
      connections: Number(readFileSync("/proc/sys/fs/inotify/max_user_instances", "utf8")),
      setting: "`fs.inotify.max_user_instances`",
      each: 1,
      close: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
};
const PROGRAMS = {
  redis: "redis-server",
  postgres: "postgres",
  mysql: "mariadbd",
  nats: "nats-server",
  memcached: "memcached",
};
export const CAPACITIES = Object.keys(STORES);

/** A server that accepts connections may still be starting. */
async function answering(ask) {
  for (const deadline = Date.now() + 30_000; ; ) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((later) => setTimeout(later, 50));
    }
  }
}

/** Operations a second with that many under way: the best of the rounds, after a warm-up. */
async function rate(seconds, ask) {
  let best = 0;
  for (const round of [seconds / 4, seconds, seconds, seconds]) {
    let done = 0;
    const began = performance.now();
    const until = began + round * 1_000;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, lane) => {
        while (performance.now() < until) {
          await ask(lane);
          done++;
        }
      }),
    );
    if (round === seconds) best = Math.max(best, done / ((performance.now() - began) / 1_000));
  }
  return best;
}

const key = (n) => `circuit:circuit-${n}`;

/**
 * A poll as a process makes it: everything at once if the store lists, or else records and holds, sixteen at a time.
 */
async function poll(store) {
  if (store.list) return (await listAll(store)).length;
  const keys = Array.from({ length: CIRCUITS }, (_, n) => [key(n), `hold:circuit-${n}`]).flat();
  for (let from = 0; from < keys.length; from += 16)
    await Promise.all(keys.slice(from, from + 16).map((each) => store.get(each)));
}

/** Operations a second of one store; `undefined` where its server is not installed. */
export async function capacityOf(name, seconds = 1) {
  const program = PROGRAMS[name];
  if (program !== undefined && find(program) === undefined) return undefined;
  const { store, close, ...limits } = await STORES[name]();
  try {
    for (let n = 0; n < CIRCUITS; n++) await store.set(key(n), RECORD, TTL);
    const polls = await rate(seconds, () => poll(store));
    const last = new Map();
    let unique = 0;
    const swaps = await rate(seconds, async (lane) => {
      const own = `circuit:swapped-${lane}`;
      const next = RECORD.replace('"unique":""', `"unique":"${unique++}"`);
      const answer = await store.swap(own, last.get(own) ?? null, next, TTL);
      last.set(own, answer.ok ? next : answer.value);
    });
    for (const own of last.keys()) await store.delete(own);
    const pushes = store.watch && (await pushed(store, seconds));
    return { polls, swaps, pushes, ...limits };
  } finally {
    await close();
  }
}

/** Deliveries a second to that many watchers: the next change is written when all have the last. */
async function pushed(store, seconds, watchers = 20) {
  let seen = 0;
  let arrived = () => {};
  const watching = [];
  for (let n = 0; n < watchers; n++)
    watching.push(
      await store.watch("", {
        change: () => {
          seen++;
          arrived();
        },
        gap() {},
      }),
    );
  let rounds = 0;
  let best = 0;
  for (let tries = 0; tries < 3; tries++) {
    const began = performance.now();
    const before = rounds;
    while (performance.now() < began + seconds * 1_000) {
      const due = ++rounds * watchers;
      const all = new Promise((done) => {
        arrived = () => seen >= due && done();
        setTimeout(done, 1_000);
      });
      await store.set(key(0), RECORD.replace('"unique":""', `"unique":"p${rounds}"`), TTL);
      await all;
      if (seen < due)
        throw new Error(`a push was still missing after a second: ${due - seen} of ${watchers}`);
    }
    best = Math.max(best, ((rounds - before) * watchers) / ((performance.now() - began) / 1_000));
  }
  for (const each of watching) await each[Symbol.asyncDispose]();
  return best;
}

/** Every entry of a list, in whichever form the store answers. */
async function listAll(store) {
  const answer = await store.list("");
  return [...(Symbol.iterator in answer ? answer : answer.entries)];
}
