import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { at, fleet } from "../rules/fleet.js";
import { alone } from "./alone.js";

const outcome = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

describe("retryAfter", () => {
  const failing = (failure: unknown) => () => Promise.reject(failure);
  const withHeaders = (headers: unknown): Error => Object.assign(new Error("busy"), { headers });

  test.each([
    ["seconds in the headers of an error", withHeaders({ "Retry-After": "7" }), 7],
    ["a Headers", withHeaders(new Headers({ "retry-after": "8" })), 8],
    ["milliseconds", withHeaders({ "retry-after-ms": "2500" }), 2.5],
    [
      "a response of axios or ky",
      Object.assign(new Error(), { response: { headers: { "retry-after": 9 } } }),
      9,
    ],
    ["behind a cause", new Error("outer", { cause: withHeaders({ "retry-after": "11" }) }), 11],
    ["an error's own retryAfter", Object.assign(new Error(), { retryAfter: 12 }), 12],
    ["a date", withHeaders({ "retry-after": new Date(Date.UTC(2025, 0, 1, 0, 0, 30)).toUTCString() }), 30],
  ])("%s sets the open time", async (_, failure, seconds) => {
    const { circuit } = alone({ retryAfter: true });
    await outcome(circuit.run(failing(failure)));
    expect(circuit.retryAfter).toBeCloseTo(seconds, 1);
  });

  test("sets the open time for the whole fleet", async () => {
    const { clock, members } = await fleet(2, { options: { retryAfter: true } });
    await outcome(at(members, 0).circuit.run(failing(withHeaders({ "retry-after": "120" }))));
    await clock.advance(100);
    expect(at(members, 1).circuit.retryAfter).toBeCloseTo(119.9, 0);
  });

  test("is read from a returned Response that counts as a failure", async () => {
    const { circuit } = alone({ retryAfter: true, results: (r: Response) => r.status === 429 });
    await circuit.run(() => new Response("", { status: 429, headers: { "Retry-After": "5" } }));
    expect(circuit.retryAfter).toBe(5);
  });

  test("is limited to between a second and ten times the circuit's own time, or to given limits", async () => {
    for (const [asked, limits, seconds] of [
      ["0", true, 1],
      ["86400", true, 600],
      ["1", { min: "10s", max: "30s" }, 10],
      ["50", { min: "10s", max: "30s" }, 30],
    ] as const) {
      const { circuit } = alone({ retryAfter: limits });
      await outcome(circuit.run(failing(withHeaders({ "retry-after": asked }))));
      expect(circuit.retryAfter).toBe(seconds);
    }
  });

  test("`from` finds it elsewhere; if that throws or finds nothing, the circuit's own time applies", async () => {
    const from = (failure: unknown) => (failure as { wait: { s: number } }).wait.s;
    const { circuit } = alone({ retryAfter: { from } });
    await outcome(circuit.run(failing({ wait: { s: 4 } })));
    expect(circuit.retryAfter).toBe(4);
    await circuit.reset();
    await outcome(circuit.run(failing({})));
    expect(circuit.retryAfter).toBe(60);
  });

  test("is ignored without the option", async () => {
    const { circuit } = alone({});
    await outcome(circuit.run(failing(withHeaders({ "retry-after": "5" }))));
    expect(circuit.retryAfter).toBe(60);
  });

  test.each([{}, { "retry-after": "soon" }, { "retry-after": "-5" }, { "retry-after": "" }, "text", null])(
    "ignores an invalid value: %j",
    async (headers) => {
      const { circuit } = alone({ retryAfter: true });
      await outcome(circuit.run(failing(withHeaders(headers))));
      expect(circuit.retryAfter).toBe(60);
    },
  );
});

test("Retry-After: the open time is what was asked for, within the limits, for the whole fleet", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 5_000 }),
      fc.option(fc.integer({ min: 1, max: 1_000 })),
      fc.option(fc.integer({ min: 1_000, max: 3_000 })),
      async (asked, min, max) => {
        const retryAfter = { min: min ?? undefined, max: max ?? undefined };
        const { clock, members } = await fleet(2, { timeout: 100, options: { retryAfter } });
        const busy = Object.assign(new Error("busy"), { headers: { "retry-after": String(asked) } });
        await at(members, 0)
          .circuit.run(() => Promise.reject(busy))
          .catch(() => undefined);
        await clock.advance(10);
        const expected = Math.min(Math.max(asked, min ?? 1), max ?? 1_000);
        for (const { circuit } of members) expect(Math.abs(circuit.retryAfter - expected)).toBeLessThan(0.05);
      },
    ),
    { numRuns: 60 },
  ));
