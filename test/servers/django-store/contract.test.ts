import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import {
  djangoCacheStore,
  djangoDatabase,
  djangoMemcached,
  djangoRedis,
} from "../../../src/stores/django.js";
import { memoryStore } from "../../../src/stores/memory.js";
import { storeContract } from "../../../src/testing/index.js";
import { storeFaults } from "../store-faults.js";
import { type CacheServer, combinations } from "./caches.js";
import { startPython } from "./start-python.js";

/** The others differ only in how they keep a marker, which these suites do not test. */
const chosen = combinations.filter(
  ({ name, django }) =>
    django && ["django-redis, with ioredis", "DatabaseCache on SQLite, with better-sqlite3"].includes(name),
);

/** Push works if the store of the records has it. */
const verbsOf = ({ name }: { readonly name: string }): readonly ("swap" | "watch")[] =>
  name.includes("redis") ? ["swap", "watch"] : ["swap"];

async function prepared({ start, django = { newer: false } }: (typeof chosen)[number]): Promise<CacheServer> {
  const server = await start();
  const python = startPython(server.settings, django);
  await python.ask("migrate");
  await python.stop();
  return server;
}

describe.each(chosen)("the store contract over $name", (combination) => {
  let server: CacheServer;
  beforeAll(async () => {
    server = await prepared(combination);
  });
  afterAll(() => server?.stop());

  const makeStore = async () => {
    const { cache, records, close } = await server.reach();
    return { store: djangoCacheStore(cache, { records }), close: async () => void (await close()) };
  };
  for (const { name, run } of storeContract(makeStore, { verbs: verbsOf(combination) })) test(name, run);
});

for (const combination of chosen.filter(({ name }) => name.includes("redis"))) {
  storeFaults(
    `djangoCacheStore() over ${combination.name}`,
    async () => {
      const server = await prepared(combination);
      const operator = await server.reach();
      return {
        async open() {
          const { cache, records, close } = await server.reach();
          return { store: djangoCacheStore(cache, { records }), close: async () => void (await close()) };
        },
        pause: server.server.pause,
        resume: server.server.resume,
        restart: async (downMs) => server.server.restart?.(downMs),
        keeps: false,
        async empty() {
          for (const kind of ["circuit", "hold"]) await operator.records.delete(`${kind}:shop`);
          await operator.cache.clear(":1:shop");
        },
        spoil: (key) => Promise.resolve(operator.records.set(key, "[]", 600_000)),
        async stop() {
          await operator.close();
          await server.stop();
        },
      };
    },
    { lacks: ["port", "stranger"] },
  );
}

describe("djangoCacheStore()", () => {
  const nothing = async () => undefined;
  const cache = { fits: () => true, read: async () => ({ bytes: null }), mark: nothing, clear: nothing };

  it("takes a cache of Django's, through one of three functions", () => {
    for (const given of [undefined, {}, "redis://127.0.0.1", memoryStore()])
      expect(() => djangoCacheStore(given as never)).toThrow(/what djangoRedis\(client\), .* gives/);
    expect(() => djangoRedis({} as never)).toThrow(TypeError);
    expect(() => djangoMemcached({} as never)).toThrow(TypeError);
    expect(() => djangoDatabase({} as never)).toThrow(/takes a pool of pg/);
  });

  it("takes options of the documented types only", () => {
    for (const [options, message] of [
      [{ keyPrefix: 1 }, /keyPrefix .* is a text, got number/],
      [{ version: "1" }, /version .* is a whole number/],
      [{ key: "k" }, /key .* is a function/],
      [{ records: {} }, /are a store/],
    ] as const)
      expect(() => djangoCacheStore(cache, options as never)).toThrow(message);
    expect(() => djangoDatabase({ query: nothing } as never, { table: 'x"; DROP' })).toThrow(
      /letters, digits/,
    );
  });

  it("refuses a client with a key prefix of its own, which Django does not know", () => {
    const client = {
      status: "ready",
      options: { keyPrefix: "app:" },
      call: nothing,
      once: nothing,
      duplicate: nothing,
    };
    expect(() => djangoRedis(client as never)).toThrow(/without a key prefix, got one with "app:"/);
  });
});
