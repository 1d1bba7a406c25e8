import { afterEach, describe, expect, test, vi } from "vitest";
import { failfastFetch } from "../clients/fetch.js";
import { createFailfast, type Failfast, FailfastError, memoryStore } from "../index.js";
import { manualClock } from "../testing/index.js";
import { fail, openSeconds } from "./failfast.fixture.js";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const warnings = (): string[] => {
  const said: string[] = [];
  vi.spyOn(process, "emitWarning").mockImplementation((message) => void said.push(String(message)));
  return said;
};

describe("a second definition of a name", () => {
  test("with other options throws in production, and the error has both values", async () => {
    for (const mode of ["production", undefined]) {
      vi.stubEnv("NODE_ENV", mode);
      const failfast = createFailfast();
      const circuit = failfast("x", 60, { probes: 2 });
      expect(() => failfast("x", "1m")).not.toThrow();
      expect(() => failfast("x", 30)).toThrow(/timeout 60, .* timeout 30/);
      expect(() => failfast("x", 60, { probes: 3 })).toThrow(/probes 2, .* probes 3/);
      const grows = failfast("grows", 60, { backoff: { factor: 2, max: "5m" } });
      expect(() => failfast("grows", 60, { backoff: { factor: 3, max: "5m" } })).toThrow(
        /backoff {"factor":2,"max":"5m"}, .* backoff {"factor":3,"max":"5m"}/,
      );
      expect(grows.state).toBe("closed");
      expect(await circuit.run(() => 1)).toBe(1);
    }
  });

  test.each(["development", "test"])(
    "with other options replaces the first in %s, with one warning",
    async (mode) => {
      vi.stubEnv("NODE_ENV", mode);
      const said = warnings();
      const failfast = createFailfast({ clock: manualClock() });
      const first = failfast("x", 60, { retryAfter: { from: () => 1 } });
      const guarded = first(fail);
      await expect(guarded()).rejects.toThrow("boom");
      const second = failfast("x", 300, { retryAfter: { from: () => undefined } });
      failfast("x", 600, { retryAfter: { from: () => undefined } });
      expect(said).toEqual([expect.stringMatching(/"x" was made with timeout 60, .* timeout 300.*newest/)]);
      expect(first.state).toBe("open");
      await first.reset();
      expect([await openSeconds(second), Math.round(first.retryAfter)]).toEqual([600, 600]);
      await expect(guarded()).rejects.toBeInstanceOf(FailfastError);
    },
  );

  test("with other options counts as a hot reload if a bundler's hot reload is detected", () => {
    vi.stubEnv("NODE_ENV", undefined);
    const said = warnings();
    vi.spyOn(process, "execArgv", "get").mockReturnValue(["--hot"]);
    const failfast = createFailfast();
    failfast("x", 60);
    expect(() => failfast("x", 30)).not.toThrow();
    expect(said).toHaveLength(1);
  });

  test("with an option that differs from the first one's default throws", () => {
    vi.stubEnv("NODE_ENV", "production");
    const failfast = createFailfast({ timeout: 30 });
    failfast("x");
    expect(() => failfast("x", 600)).toThrow(/timeout 30, .* timeout 600/);
    expect(() => failfast("x", 30)).not.toThrow();
  });

  test.each([
    { probes: 1 },
    { threshold: 1 },
    { scope: "fleet" },
    { recovery: "probe", backoff: { factor: 1 } },
    { retryAfter: false, mode: "enforce" },
  ] as const)(
    "with an option that equals its default is accepted, even after the first call: %j",
    async (options) => {
      vi.stubEnv("NODE_ENV", "production");
      const failfast = createFailfast();
      const circuit = failfast("x", 60);
      await circuit.run(() => 1);
      expect(() => failfast("x", 60, options)).not.toThrow();
      expect(() => failfast("x", "60s", { probes: 2 })).toThrow(/probes left out, .* probes 2/);
    },
  );

  test("with another store is another circuit: each handle has its own events and state, and events name the store", async () => {
    const [one, two] = [memoryStore(), memoryStore()];
    const failfast = createFailfast();
    const [a, b] = [failfast("x", 60, { store: one }), failfast("x", 30, { store: two })];
    const heard: unknown[] = [];
    a.on("open", ({ store }) => heard.push(["a", store === one]));
    b.on("open", ({ store }) => heard.push(["b", store === two]));
    failfast.on("open", (event) =>
      heard.push(["all", event.store === one, Object.keys(event).includes("store")]),
    );
    await a.trip();
    expect(heard).toEqual([
      ["all", true, false],
      ["a", true],
    ]);
    expect([a.state, b.state]).toEqual(["open", "closed"]);
    expect(() => failfast("x")).toThrow(/2 circuits "x", in different stores/);
  });
});

describe("a name that a call's arguments give", () => {
  test.each([
    ["defined before", true],
    ["defined after", false],
  ])(
    "and that is also a circuit with another time, %s: no call fails, and the definition by name applies",
    async (_, before) => {
      vi.stubEnv("NODE_ENV", "production");
      const said = warnings();
      const failfast = createFailfast({ clock: manualClock() });
      if (before) failfast("api:a", 600);
      const byHost = failfast((host: string) => `api:${host}`, 30);
      const get = byHost(async (host: string) => host);
      expect(await get("a")).toBe("a");
      const fixed = failfast("api:a", 600);
      expect(await fixed.run(() => "fixed")).toBe("fixed");
      expect(await get("a")).toBe("a");
      await byHost(fail as (host: string) => Promise<never>)("a").catch(() => undefined);
      expect([fixed.state, Math.round(fixed.retryAfter)]).toEqual(["open", 600]);
      expect(said).toEqual([expect.stringMatching(/"api:a", given by a call's arguments/)]);
    },
  );

  test("and that a second function gives with other options: no call fails", async () => {
    const said = warnings();
    const failfast = createFailfast();
    const one = failfast((host: string) => host, 30)(async (host: string) => host);
    const two = failfast((host: string) => host, 60)(async (host: string) => host);
    expect([await one("a"), await two("a"), await two("a")]).toEqual(["a", "a", "a"]);
    expect(said).toHaveLength(1);
  });
});

describe("a guard that is created again with other options", () => {
  const answers = async (): Promise<Response> => new Response(null, { status: 500 });
  const openFor = async (guarded: typeof fetch, failfast: Failfast): Promise<number> => {
    await guarded("http://a.test/");
    for (const circuit of failfast.circuits()) return Math.round(circuit.retryAfter);
    return 0;
  };

  test.each([{ name: "api" }, {}])("replaces the first, as after a hot reload: %j", async (named) => {
    vi.stubEnv("NODE_ENV", "development");
    const said = warnings();
    const failfast = createFailfast({ clock: manualClock() });
    const options = { ...named, failfast, fetch: answers as typeof fetch };
    const old = failfastFetch({ ...options, threshold: 2, timeout: 60 });
    await old("http://a.test/");
    const guarded = failfastFetch({ ...options, threshold: 1, timeout: 300 });
    expect(await openFor(guarded, failfast)).toBe(300);
    expect(said).toHaveLength(1);
  });

  test("with one name for all its calls throws in production", () => {
    vi.stubEnv("NODE_ENV", "production");
    const failfast = createFailfast();
    failfastFetch({ name: "api", failfast, timeout: 60 });
    expect(() => failfastFetch({ name: "api", failfast, timeout: 30 })).toThrow(
      /"api" was made with timeout 60/,
    );
  });
});

test("the function that names a circuit gets the call's this", async () => {
  const failfast = createFailfast();
  const byHost = failfast(function (this: Client, path: string) {
    return `api:${this.host}${path.slice(0, 0)}`;
  }, 60);
  class Client {
    readonly host: string;
    constructor(host: string) {
      this.host = host;
    }
    async get(path: string): Promise<string> {
      if (this.host === "down") throw new Error("boom");
      return this.host + path;
    }
  }
  Client.prototype.get = byHost(Client.prototype.get);
  await expect(new Client("down").get("/")).rejects.toThrow("boom");
  await expect(new Client("down").get("/")).rejects.toBeInstanceOf(FailfastError);
  expect(await new Client("up").get("/")).toBe("up/");
});

test("configure({ returns }) applies to functions that were wrapped before", async () => {
  const failfast = createFailfast();
  const guarded = failfast("x", 60)((n: number) => Promise.resolve(n));
  const named = failfast((n: number) => `n${n}`, 60)((n: number) => Promise.resolve(n));
  failfast.configure({ returns: "promise" });
  await failfast("x").hold("open");
  await failfast("n1").hold("open");
  await expect(guarded(1)).rejects.toBeInstanceOf(FailfastError);
  await expect(named(1)).rejects.toBeInstanceOf(FailfastError);
});

test("ready() reads the configured store before any circuit is created", async () => {
  const store = memoryStore();
  await createFailfast({ store })("x", 60).hold("open");
  const failfast = createFailfast({ store });
  await failfast.ready();
  await expect(failfast("x", 60).run(() => 1)).rejects.toBeInstanceOf(FailfastError);
});
