// Commands about many circuits: the store operations they do, and what they leave in the store.
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { storeFrom } from "../../../src/stores/url.js";
import { PLACES, type Place } from "./places.js";
import { failfast } from "./run.js";

const OPERATED = 100;
const STORED = 5_000;

interface Entry {
  readonly by: string;
  readonly circuit: string;
  readonly others?: readonly string[];
}

const at = Date.now();
const record = (revision: number): string =>
  JSON.stringify({
    ...{ v: 1, revision, generation: revision, nonce: `n${revision}`, by: "web-1", reason: "TypeError", at },
    ...{ state: "open", until: at + 3_600_000, duration: 3_600_000 },
  });

async function fill(url: string, names: readonly string[]): Promise<void> {
  const store = await storeFrom(url);
  await store.migrate?.();
  for (let from = 0; from < names.length; from += 500) {
    const some = names.slice(from, from + 500);
    await Promise.all(some.map((name, n) => store.set(`circuit:${name}`, record(at + from + n), 3_600_000)));
  }
  await store.close();
}

for (const [where, there, start] of PLACES)
  describe.skipIf(!there)(`many circuits on ${where}`, () => {
    let place: Place;
    beforeAll(async () => {
      place = await start();
    });
    afterAll(() => place?.stop());

    test("two operators at once leave one entry each on the trail, which names every circuit", async () => {
      const names = ["shop", "mail"].map((of) => Array.from({ length: OPERATED }, (_, n) => `${of}-${n}`));
      await fill(place.url, names.flat());
      const env = { FAILFAST_STORE: place.url };
      const asked = [
        ["hold", "open", "shop-*", "--yes", "--by", "alice", "--reason", "migration"],
        ["hold", "closed", "mail-*", "--yes", "--by", "bob", "--reason", "a false alarm"],
      ];
      const ran = await Promise.all(asked.map((args) => failfast(args, env)));
      expect(ran.map(({ code, err }) => [code, err])).toEqual([
        [0, ""],
        [0, ""],
      ]);
      for (const { out } of ran) expect(out.match(/^done/gm)).toHaveLength(OPERATED);
      const trail: Entry[] = JSON.parse((await failfast(["events", "--json"], env)).out);
      expect(trail.map(({ by }) => by).sort()).toEqual(["alice", "bob"]);
      for (const [index, by] of ["alice", "bob"].entries()) {
        const { circuit = "", others = [] } = trail.find((entry) => entry.by === by) ?? {};
        expect([circuit, ...others].sort()).toEqual(names[index]?.sort());
      }
      expect((await failfast(["events"], env)).out).toMatch(/hold open +shop-\d+ and 99 more .*migration/);
    });
  });

test("each of eight operators at once is told what was done, however often another wrote the trail first", async () => {
  const [, , folder] = PLACES[0] ?? [];
  const place = await folder?.();
  if (place === undefined) throw new Error("the file store comes first");
  try {
    const env = { FAILFAST_STORE: place.url };
    const names = Array.from({ length: 8 }, (_, n) => `circuit-${n}`);
    const ran = await Promise.all(
      names.map((name) => failfast(["hold", "open", name, "--new", "--by", name], env)),
    );
    for (const [n, { code, out, err }] of ran.entries()) {
      expect([code, err]).toEqual([0, ""]);
      expect(out).toContain(`hold open circuit-${n}`);
    }
    const trail: Entry[] = JSON.parse((await failfast(["events", "--json"], env)).out);
    expect(trail.map(({ by }) => by).sort()).toEqual(names);
  } finally {
    await place.stop();
  }
});

const redis = PLACES.find(([where]) => where === "Redis");
describe.skipIf(!redis?.[1])("status of 5 000 circuits on Redis", () => {
  test("reads pages of them, and nothing for each", async () => {
    const place = await redis?.[2]();
    if (place === undefined) return;
    try {
      const names = Array.from({ length: STORED }, (_, n) => `circuit-${n}`);
      await fill(place.url, names);
      const client = new Redis(place.url);
      await client.config("RESETSTAT");
      const { code, out } = await failfast(["status"], { FAILFAST_STORE: place.url });
      const stats = await client.info("commandstats");
      client.disconnect();
      expect(code).toBe(0);
      expect(out.split("\n").length).toBeGreaterThan(STORED);
      const scripts = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].map(([, calls]) =>
        Number(calls),
      );
      // One index and five pages of records, one index of reports, and some commands again for scripts that Redis did
      // not know yet.
      expect(scripts.reduce((sum, calls) => sum + calls, 0)).toBeLessThanOrEqual(20);
    } finally {
      await place.stop();
    }
  });
});
