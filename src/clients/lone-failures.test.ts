import { describe, expect, test } from "vitest";
import { createFailfast, type Failfast, type FailfastDefaults } from "../index.js";
import { manualClock } from "../testing/index.js";
import { failfastFetch } from "./fetch.js";
import { circuitsNamed } from "./named.js";

const broken = async (): Promise<never> => {
  throw new Error("the backend is down");
};
const failing = (): Promise<unknown> => Promise.resolve(new Response(null, { status: 500 }));

/** The number of failures in a row that open a guard's circuit, up to nine. */
type Tries = (failfast: Failfast, options: object) => Promise<number>;
const guards: Record<string, Tries> = {
  async "a client's guard"(failfast, options) {
    const circuit = circuitsNamed("api", { failfast, ...options }, {})();
    return count(
      () => circuit.run(broken),
      () => circuit.state,
    );
  },
  async "guards of clients, each named by its call"(failfast, options) {
    const circuit = circuitsNamed((name: string) => name, { failfast, ...options }, {})("api");
    return count(
      () => circuit.run(broken),
      () => circuit.state,
    );
  },
  async failfastFetch(failfast, options) {
    const fetch = failfastFetch({
      failfast,
      name: "api",
      fetch: failing as typeof globalThis.fetch,
      ...options,
    });
    return count(
      () => fetch("http://a.test/"),
      () => failfast("api").state,
    );
  },
};

async function count(fail: () => Promise<unknown>, state: () => string): Promise<number> {
  for (let failures = 1; failures < 10; failures++) {
    await fail().catch(() => undefined);
    if (state() === "open") return failures;
  }
  return Number.POSITIVE_INFINITY;
}

const make = (defaults: FailfastDefaults = {}): Failfast =>
  createFailfast({ clock: manualClock(), ...defaults });

describe.each(Object.entries(guards))("%s", (_, tries) => {
  test("opens after five failures in a row by default", async () => {
    expect(await tries(make(), {})).toBe(5);
    expect(await tries(make({ scope: "process" }), { slowCall: "1s" })).toBe(5);
  });

  test("opens as its own options, and the defaults of all circuits, say", async () => {
    expect(await tries(make(), { threshold: 1 })).toBe(1);
    expect(await tries(make(), { consecutive: 3 })).toBe(3);
    expect(await tries(make({ threshold: 2 }), {})).toBe(2);
    expect(await tries(make({ consecutive: 7 }), {})).toBe(7);
    expect(await tries(make({ failureRate: 0.5, minimumCalls: 8 }), {})).toBe(8);
  });
});

test("takes defaults that are configured later", async () => {
  const failfast = make();
  const circuit = circuitsNamed("api", { failfast }, {})();
  failfast.configure({ threshold: 1 });
  expect(
    await count(
      () => circuit.run(broken),
      () => circuit.state,
    ),
  ).toBe(1);
});

test("stays closed after a lone failure among many successes, and a success resets the count", async () => {
  const circuit = circuitsNamed("api", { failfast: make() }, {})();
  for (let round = 0; round < 5; round++) {
    for (let failure = 0; failure < 4; failure++) await circuit.run(broken).catch(() => undefined);
    await circuit.run(async () => 1);
  }
  expect(circuit.state).toBe("closed");
});

test("agrees with a circuit created by its name elsewhere, and keeps its rule", async () => {
  const failfast = make();
  failfast("api", "30s", { threshold: 2 });
  const circuit = circuitsNamed("api", { failfast }, {})();
  expect(
    await count(
      () => circuit.run(broken),
      () => circuit.state,
    ),
  ).toBe(2);
});

test("keeps five failures in a row after an update of another option", async () => {
  const failfast = make();
  const circuit = circuitsNamed("api", { failfast }, {})();
  await circuit.run(broken).catch(() => undefined);
  circuit.update({ timeout: "1m" });
  expect(
    await count(
      () => circuit.run(broken),
      () => circuit.state,
    ),
  ).toBe(4);
});

test("a circuit without a guard opens at the first failure", async () => {
  const circuit = make()("api", 30);
  expect(
    await count(
      () => circuit.run(broken),
      () => circuit.state,
    ),
  ).toBe(1);
});
