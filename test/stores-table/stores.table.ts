// Runs the contract on every store against its real server, measures, and writes docs/stores/table.md:
//
//     npm run stores:table
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { storeContract } from "../../src/testing/index.js";
import { document, type Row } from "./document.js";
import { count, type Operations, open, reach, survives } from "./measure.js";
import { type Started, subjects } from "./subjects.js";

const SECONDS = 60;
const CALLS_PER_SECOND = 100;
const loads: number[] = [];
const rows = new Map<string, Row>();
const started = new Map<string, Started>();
const operations = new Map<string, Promise<Operations>>();

afterAll(async () => {
  await Promise.all([...started.values()].map((each) => each.stop()));
  if (rows.size === subjects.length && [...rows.values()].every(({ failed }) => failed === 0))
    writeFileSync(
      "docs/stores/table.md",
      document([...rows.values()], {
        seconds: SECONDS,
        cpus: cpus().length,
        load: Math.max(...loads),
        node: process.version,
      }),
    );
});

for (const subject of subjects) {
  describe(subject.store, () => {
    let place: Started["place"];
    let passed = 0;
    let failed = 0;
    let row: Partial<Row> = {};
    beforeAll(async () => {
      const server = await subject.start();
      started.set(subject.store, server);
      place = server.place;
    });
    afterAll(() => {
      rows.set(subject.store, { ...row, subject, passed, failed } as Row);
    });

    const memory = subject.store === "memoryStore";
    let shared: ReturnType<typeof open> | undefined;
    const makeStore = async () => {
      // In memory, a store that is opened again is another store.
      if (memory) shared ??= open(place, "contract");
      const { store, close } = await (shared ?? open(place, "contract"));
      return { store, close: memory ? () => undefined : close };
    };
    const { verbs, ttlResolutionMs = 1, except = [] } = subject;
    for (const { name, run } of storeContract(makeStore, { verbs, ttlResolutionMs })) {
      if (except.includes(name)) continue;
      test(name, { timeout: 30_000 }, async () => {
        failed++;
        await run();
        failed--;
        passed++;
      });
    }

    test("the answers of each store", async () => {
      const { store, close } = await makeStore();
      const first = store.get("nothing");
      const clock = (await store.swap?.("clock", null, "value", 60_000))?.now !== undefined;
      row = { ...row, clock, atOnce: first === null || first === undefined };
      await first;
      await close();
    });

    test.skipIf(memory)(
      "the time that a trip takes to reach another process",
      { timeout: 120_000 },
      async () => {
        loads.push(loadavg()[0] ?? 0);
        row = { ...row, took: await reach(place) };
      },
    );

    test("the circuits that survive a restart", { timeout: 120_000 }, async () => {
      const restart = started.get(subject.store)?.restart;
      row = { ...row, kept: memory ? false : await survives(place, restart ?? (async () => undefined)) };
    });
  });
}

describe("operations", { timeout: (2 * SECONDS + 120) * 1_000 }, () => {
  test("of each process, idle and under load", async () => {
    for (const { store } of subjects) {
      const { place } = started.get(store) as Started;
      operations.set(store, count(place, SECONDS, CALLS_PER_SECOND));
    }
    for (const { store } of subjects) {
      const counted = await operations.get(store);
      rows.set(store, { ...rows.get(store), ...counted } as Row);
      expect(counted?.calls).toBeGreaterThan(SECONDS);
    }
  });
});
