// The store the workers share: a place of its own for each run, removed when the run ends.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileStore } from "failfast/file";

const POLLS = ["get", "list", "watch"];
const CONNECT_MS = 2_000;

/**
 * A fresh place from what `--store` says. `remove` is synchronous for a folder, so that it also works on the way out.
 *
 * @throws where that can't be, with a sentence for the user.
 */
export async function freshPlace(wanted) {
  if (wanted === undefined) return folderIn(tmpdir(), undefined);
  if (/^file:./.test(wanted)) {
    const parent = resolve(wanted.slice("file:".length));
    return folderIn(parent, mkdirSync(parent, { recursive: true }));
  }
  if (!/^rediss?:\/\//.test(wanted) || !URL.canParse(wanted))
    throw new Error(`--store takes file:DIR or redis://HOST:PORT, not "${wanted}".`);
  const place = { url: wanted, prefix: `failfast-demo-${process.pid}-${Date.now()}` };
  const { store, end } = await openStore(place);
  return {
    place,
    title: `Redis at ${new URL(wanted).host}`,
    async remove() {
      for (const { key } of await store.list("")) await store.delete(key);
      end();
    },
  };
}

function folderIn(parent, made) {
  const folder = mkdtempSync(join(parent, "failfast-demo-"));
  return {
    place: { folder },
    title: `the folder ${folder}`,
    remove: () => rmSync(made ?? folder, { recursive: true, force: true }),
  };
}

/** The store at a place, with its operations counted by verb; polls apart, for they don't depend on the calls. */
export async function openStore({ folder, url, prefix }) {
  const { store, end } = folder ? { store: fileStore(folder), end() {} } : await openRedis(url, prefix);
  const operations = { polls: 0, others: 0 };
  const counted = {};
  for (const verb of ["get", "set", "delete", "swap", "list", "watch"]) {
    counted[verb] = (...args) => {
      operations[POLLS.includes(verb) ? "polls" : "others"]++;
      return store[verb](...args);
    };
  }
  return { store: counted, operations, end };
}

async function openRedis(url, prefix) {
  const { redisStore } = await import("failfast/redis");
  const { createClient } = await import("redis").catch((error) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new Error('--store redis://… needs the package "redis", which is not installed: run "npm ci".');
  });
  let connected = false;
  const client = createClient({
    url,
    socket: { connectTimeout: CONNECT_MS, reconnectStrategy: () => (connected ? 200 : false) },
  });
  client.on("error", () => {}); // The store tells failfast.
  try {
    await client.connect();
  } catch (error) {
    const why = error.message || error.code || error.errors?.[0]?.message || error.name;
    throw new Error(`No Redis could be reached at ${new URL(url).host}: ${why}.`);
  }
  connected = true;
  return { store: redisStore(client, { prefix }), end: () => client.destroy() };
}
