import { expect, test, vi } from "vitest";
import { createFailfast } from "../index.js";
import { memoryStore } from "../stores/memory.js";
import { manualClock } from "../testing/index.js";
import { type AuditEntry, appendAudit, readAudit } from "./audit.js";

const entry = {
  at: 1,
  verb: "trip",
  circuit: "sales",
  by: "alice",
  reason: undefined,
  until: undefined,
} as const;

test("keeps the newest entries, newest first, whatever they contain", async () => {
  const place = memoryStore();
  for (let at = 0; at < 250; at += 1)
    await appendAudit(place, { ...entry, at, reason: "é\u0000".repeat(5_000) });
  const trail = await readAudit(place);
  expect(trail.length).toBeLessThanOrEqual(200);
  expect(trail.length).toBeGreaterThan(50);
  expect(trail.map(({ at }) => at)).toEqual(trail.map((_, at) => 249 - at));
  expect(trail[0]?.reason).toHaveLength(256);
  expect(await readAudit(place, 3)).toHaveLength(3);
});

test("writes entries that one process adds at once in one write", async () => {
  const { swap, ...real } = memoryStore();
  const swaps = vi.fn(async (...asked: Parameters<NonNullable<typeof swap>>) => {
    if (swap === undefined) throw new Error("memory has it");
    return swap(...asked);
  });
  const place = { ...real, swap: swaps };
  await Promise.all(Array.from({ length: 100 }, (_, at) => appendAudit(place, { ...entry, at })));
  expect((await readAudit(place)).map(({ at }) => at)).toEqual(
    Array.from({ length: 100 }, (_, at) => 99 - at),
  );
  expect(swaps.mock.calls.length).toBeLessThanOrEqual(2);
});

test("warns if a handle's verb can't be written to it", async () => {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const place = { ...memoryStore(), get: () => Promise.reject(new Error("NOPERM")) };
  const circuit = createFailfast({ store: { ...memoryStore(), sibling: () => place } })("x", 60);
  expect(await circuit.trip({ by: "bob" })).toEqual({ stored: true });
  expect(await circuit.reset({ by: "bob" })).toEqual({ stored: true });
  expect(warned).toHaveBeenCalledExactlyOnceWith(
    expect.stringMatching(/^what bob did is not on the audit trail/),
    expect.objectContaining({ code: "FAILFAST_TRAIL" }),
  );
  warned.mockRestore();
});

test.each(["get", "swap"] as const)(
  "survives a %s that fails, also where it was carried out",
  async (verb) => {
    const place = memoryStore();
    const real = place[verb] as (...args: unknown[]) => unknown;
    let fails = 2;
    const lost = async (...args: unknown[]) => {
      const answer = await real(...args);
      if (fails-- > 0) throw new Error("overloaded");
      return answer;
    };
    await appendAudit({ ...place, [verb]: lost }, entry);
    expect(await readAudit(place)).toEqual([entry]);
    fails = 3;
    await expect(appendAudit({ ...place, [verb]: lost }, { ...entry, at: 2 })).rejects.toThrow("overloaded");
  },
);

test.each([
  ["reason", { reason: "planned" }],
  ["end", { until: 99 }],
])(
  "keeps two entries that differ only in their %s, though a write was carried out and failed",
  async (_, other) => {
    const place = memoryStore();
    const { swap } = place;
    if (swap === undefined) throw new Error("memory has it");
    let asked = 0;
    place.swap = async (...args) => {
      // Somebody else writes before the second attempt.
      if (++asked === 1) {
        await place.set("audit", JSON.stringify([{ ...entry, ...other }]), 60_000);
        throw new Error("overloaded");
      }
      return swap.call(place, ...args);
    };
    await appendAudit(place, entry);
    expect(await readAudit(place)).toHaveLength(2);
  },
);

test("loses no entry if several processes write at once", async () => {
  const real = memoryStore();
  // Each process has its own client, and the store answers after random delays.
  const places = Array.from({ length: 16 }, () => ({
    ...real,
    get: async (key: string) => {
      await new Promise((resolve) => setTimeout(resolve, 5 * Math.random()));
      return real.get(key);
    },
  }));
  await Promise.all(places.map((place, at) => appendAudit(place, { ...entry, at })));
  const found = (await readAudit(real)).map(({ at }) => at);
  expect(found.sort((a, b) => a - b)).toEqual(places.map((_, at) => at));
});

test("goes on with later entries if the store never answers one write", async () => {
  const clock = manualClock();
  const real = memoryStore({ clock });
  let asked = 0;
  const place = {
    ...real,
    get: (key: string) => (asked++ === 0 ? new Promise<string>(() => undefined) : real.get(key)),
  };
  const lost = appendAudit(place, { ...entry, at: 1 }, clock).catch((error: Error) => error.name);
  await clock.advance(0);
  const kept = appendAudit(place, { ...entry, at: 2 }, clock);
  await clock.advance(6_000);
  expect(await lost).toBe("StoreTimeoutError");
  await kept;
  expect(await readAudit(place)).toMatchObject([{ at: 2 }]);
});

test("names every circuit that one command changed, as far as there is room", async () => {
  const place = memoryStore();
  const named = Array.from({ length: 200 }, (_, at) => `shop-${at}`);
  await appendAudit(place, { ...entry, others: named });
  expect((await readAudit(place))[0]).toEqual({ ...entry, others: named });
  const many = Array.from({ length: 5_000 }, (_, at) => `${at} \u0000`.repeat(20));
  await appendAudit(place, { ...entry, others: many });
  const [{ others = [], omitted = 0 } = entry as AuditEntry, before] = await readAudit(place);
  expect(others.length).toBeGreaterThan(10);
  expect(others.length + omitted).toBe(5_000);
  expect(before?.others).toHaveLength(200);
});

test("replaces foreign bytes, and leaves out invalid entries", async () => {
  for (const rubbish of [
    "",
    "no json",
    "{}",
    '[7,null,{"at":1},{"at":1,"verb":"explode","circuit":"a","by":"b"}]',
  ]) {
    const place = memoryStore();
    await place.set("audit", rubbish, 60_000);
    expect(await readAudit(place)).toEqual([]);
    await appendAudit(place, entry);
    expect(await readAudit(place)).toMatchObject([{ verb: "trip", by: "alice" }]);
  }
});
