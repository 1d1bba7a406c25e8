import { describe, expect, test } from "vitest";
import { createFailfast, type FailfastOptions } from "../index.js";
import { checkOptions } from "./check-options.js";

describe("an option of the wrong type", () => {
  const times = ["window", "slowCall", "callTimeout", "idleTimeout", "rampUp", "timeout"];
  const wrong = [
    0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    10_000,
    "",
    "5",
    "5 s",
    "5S",
    "0s",
    null,
    true,
    [],
    {},
  ];

  test.each(times)("is refused where it is given, also in the defaults: %s", (option) => {
    for (const value of [...wrong, Object.create(null), new Date(), Symbol("s"), 5n]) {
      const given = { threshold: 2, [option]: value } as never;
      const message = new RegExp(`^${option} is `);
      expect(() => createFailfast(given)).toThrow(message);
      expect(() => createFailfast().configure(given)).toThrow(message);
      if (option !== "timeout") expect(() => createFailfast()("x", 60, given)).toThrow(message);
      else expect(() => createFailfast()("x", value as never)).toThrow(message);
    }
  });

  test("is refused inside another option", () => {
    const within: readonly (readonly [object, string])[] = [
      [{ backoff: { factor: 2, max: "5 m" } }, "backoff.max"],
      [{ backoff: { factor: 2, forget: 0 } }, "backoff.forget"],
      [{ retryAfter: { min: "soon" } }, "retryAfter.min"],
      [{ retryAfter: { max: -1 } }, "retryAfter.max"],
      [{ retryAfter: { from: 5 } }, "retryAfter"],
      [{ retryAfter: new Map() }, "retryAfter is a Map"],
      [{ backoff: Promise.resolve({}) }, "backoff is a Promise"],
    ];
    for (const [given, message] of within) {
      expect(() => createFailfast(given as never)).toThrow(message);
      expect(() => createFailfast()("x", 60, given as never)).toThrow(message);
    }
  });
});

test("options in an instance of any class are accepted, whatever its tag", () => {
  class Config {
    threshold = 2;
    backoff = { factor: 2, [Symbol.toStringTag]: "Backoff" };
    get [Symbol.toStringTag](): string {
      return "Config";
    }
  }
  expect(createFailfast(new Config())("x", 60, new Config()).state).toBe("closed");
});

test("options in a promise or a map are refused, because none would be read", () => {
  for (const [given, kind] of [
    [Promise.resolve({ threshold: 2 }), "a Promise"],
    [new Map([["threshold", 2]]), "a Map"],
    [[], "an array"],
    [new Error("x"), "an error"],
  ] as const) {
    const message = `the options are ${kind}: they take an object`;
    expect(() => createFailfast()("x", 60, given as never)).toThrow(message);
    expect(() => createFailfast(given as never)).toThrow(message);
    expect(() => createFailfast()("x", 60).update(given as never)).toThrow(message);
  }
});

test("options are read from any object: frozen, without a prototype, a proxy, inherited, of a class", async () => {
  class Settings {
    get threshold(): number {
      return 2;
    }
    describe(): string {
      return "a method is no option";
    }
  }
  const given: readonly FailfastOptions[] = [
    Object.freeze({ threshold: 2 }),
    Object.assign(Object.create(null), { threshold: 2 }),
    new Proxy({ threshold: 2 }, {}),
    Object.create({ threshold: 2 }),
    new Settings(),
  ];
  for (const options of given) {
    const circuit = createFailfast()("x", 60, options);
    const fail = (): Promise<unknown> => circuit.run(() => Promise.reject(new Error("down"))).catch(() => 0);
    await fail();
    expect(circuit.state).toBe("closed");
    await fail();
    expect(circuit.state).toBe("open");
  }
});

test.each(["fallback", "results", "enabled", "recovery"] as const)("%s takes no class", (option) => {
  const given = { [option]: class Given {} } as never;
  expect(() => checkOptions(given, "circuit")).toThrow(
    new RegExp(`^${option} is the class Given: it takes .*function`),
  );
  expect(() => checkOptions({ retryAfter: { from: class Given {} } } as never, "circuit")).toThrow(TypeError);
});

test("classes of errors are taken as before", () => {
  class Own extends Error {}
  expect(checkOptions({ exceptions: Own, ignore: [Own, TypeError] }, "circuit").exceptions).toBe(Own);
});
