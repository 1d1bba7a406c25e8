import { describe, expect, test } from "vitest";
import { createFailfast } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { faultyStore } from "./faulty-store.js";
import { boom, during, ending } from "./fleet.js";

const NAMES: Readonly<Record<string, string>> = {
  "the empty string": "",
  __proto__: "__proto__",
  constructor: "constructor",
  hasOwnProperty: "hasOwnProperty",
  "a Redis hash tag": "{x}",
  "line breaks": "a\r\nset b 1",
  NUL: "a\0b",
  "a path": "../../etc/passwd",
  "a glob": "*?[a-z]",
  "a colon": "circuit:x",
  "a percent sign": "%",
  "an encoded one": "%7Bx%7D",
  "an emoji": "🙂",
  "a lone high surrogate": "\ud83d",
  "a lone low surrogate": "\ude42",
  "a swapped pair": "\ude42\ud83d",
  "a megabyte": "m".repeat(1_000_000),
  "a megabyte and one more": `${"m".repeat(1_000_000)}n`,
  "a megabyte of surrogates": "\ud83d".repeat(500_000),
};

describe("a name, which may be any string,", () => {
  test("has a circuit of its own, shared by the fleet, under a short plain key", async () => {
    const clock = manualClock();
    const store = faultyStore(clock);
    const [a, b] = [0, 1].map((n) => createFailfast({ clock, store: store.connect(), host: `h${n}` }));
    if (a === undefined || b === undefined) throw new Error("two were made");
    await during(clock, 100, () => Promise.all([a.ready(), b.ready()]));
    for (const name of Object.values(NAMES)) {
      expect(b(name, 60).state).toBe("closed");
      await b(name).run(() => 1);
      const fail = (): Promise<unknown> =>
        a(name, 60).run(() => {
          throw boom;
        });
      expect(await during(clock, 50, () => ending(fail()))).toBe("failed");
      expect(await ending(b(name).run(() => 1))).toBe("rejected");
      expect(b(name).name).toBe(name);
    }
    const keys = new Set(store.written.map(({ key }) => key));
    expect(keys.size).toBe(Object.values(NAMES).length);
    for (const key of keys) expect(key).toMatch(/^circuit:[A-Za-z0-9_.%~-]{1,200}$/);
    expect(({} as Record<string, unknown>)["state"]).toBeUndefined();
  });

  test("has a circuit of its own if a call's arguments give it", async () => {
    const clock = manualClock();
    const failfast = createFailfast({ clock });
    const circuits = failfast((name: string) => name, 60);
    const guarded = circuits(async (name: string) => {
      if (name === "__proto__") throw boom;
      return name;
    });
    expect(await ending(guarded("__proto__"))).toBe("failed");
    expect(await ending(guarded("__proto__"))).toBe("rejected");
    for (const name of Object.values(NAMES)) {
      if (name !== "__proto__") expect(await guarded(name)).toBe(name);
    }
  });
});
