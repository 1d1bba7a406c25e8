import { expect, test } from "vitest";
import { memoryStore } from "../stores/memory.js";
import { appendAudit, readAudit } from "./audit.js";

const entry = {
  at: 1,
  verb: "trip",
  circuit: "sales",
  by: "alice",
  reason: undefined,
  until: undefined,
} as const;

test("keeps the newest, the newest first, whatever they say", async () => {
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

test("loses no entry where several write at once", async () => {
  const real = memoryStore();
  const place = { ...real, get: async (key: string) => real.get(key) };
  await Promise.all(Array.from({ length: 8 }, (_, at) => appendAudit(place, { ...entry, at })));
  expect((await readAudit(place)).map(({ at }) => at).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("goes on over what somebody else wrote there, and leaves out what is no entry", async () => {
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
