import { describe, expect, test } from "vitest";
import { createFailfast, FailfastError, memoryStore } from "../index.js";
import { manualClock } from "../testing/index.js";
import { boom, fail, rejection } from "./failfast.fixture.js";

describe("circuits named by the arguments", () => {
  test("are separate for each name", async () => {
    const byHost = createFailfast()((host: string) => `api:${host}`, 60);
    const get = byHost(async (host: string) => {
      if (host === "down") throw boom;
      return host;
    });
    await rejection(() => get("down"));
    expect(await get("up")).toBe("up");
    expect([byHost.for("down").state, byHost.for("up").state]).toEqual(["open", "closed"]);
    expect(await rejection(() => get("down"))).toBeInstanceOf(FailfastError);
  });

  test("show their state on a handle of the same name before any call through it", async () => {
    const failfast = createFailfast({ clock: manualClock() });
    const byName = failfast("api", 5, { scope: "process" });
    await byName.run(() => Promise.reject(new Error("down"))).catch(() => undefined);
    const seen = failfast((host: string) => host, 5, { scope: "process" }).for("api");
    expect([seen.state, seen.retryAfter]).toEqual(["open", 5]);
  });

  test("are dropped above maxCircuits, closed ones first", async () => {
    const byHost = createFailfast()((host: string) => host, 60, { maxCircuits: 3 });
    const get = byHost(async (host: string) => {
      if (host.startsWith("down")) throw boom;
    });
    await rejection(() => get("down1"));
    for (const host of ["a", "b", "c", "d"]) await get(host);
    expect(byHost.for("down1").state).toBe("open");
  });

  test("are still open or held when they were dropped and are asked for again", async () => {
    const clock = manualClock();
    const byHost = createFailfast({ clock })((host: string) => host, 60, { maxCircuits: 2 });
    let calls = 0;
    const get = byHost(async (_: string) => {
      calls++;
      throw boom;
    });
    await byHost.for("held").hold("open");
    for (const host of ["a", "b", "c"]) {
      await rejection(() => get(host));
      await clock.advance(10);
    }
    for (const host of ["held", "a", "b", "c"])
      expect(await rejection(() => get(host))).toBeInstanceOf(FailfastError);
    expect(calls).toBe(3);
    await byHost.for("a").reset();
    expect(await rejection(() => get("a"))).toBe(boom);
    expect([byHost.for("held").held, byHost.for("a").state]).toEqual(["open", "open"]);
  });

  test("keep working for other holders of a handle when they are dropped", async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const failfast = createFailfast({ clock, store });
    const handle = failfast("a", 60, { maxCircuits: 1 });
    const byHost = failfast((host: string) => host, 60, { maxCircuits: 1 });
    await handle.run(() => 1);
    const get = byHost(async (host: string) => host);
    for (const host of ["a", "b", "c"]) await get(host);
    await createFailfast({ clock, store })("a", 60).trip();
    await clock.advance(1);
    expect(handle.state).toBe("open");
    expect(await rejection(() => handle.run(() => 1))).toBeInstanceOf(FailfastError);
  });

  test("cost as much to drop among thousands of open ones as among a few", async () => {
    let read = 0;
    const clock = manualClock();
    const counting = {
      ...clock,
      now() {
        read++;
        return clock.now();
      },
    };
    const cost = async (maxCircuits: number): Promise<number> => {
      const failfast = createFailfast({ clock: counting });
      const get = failfast((n: number) => `n${n}`, 60, { maxCircuits })((_: number) => fail());
      for (let n = 0; n < maxCircuits; n++) await rejection(() => get(n));
      read = 0;
      for (let n = 0; n < 20; n++) await rejection(() => get(maxCircuits + n));
      return read;
    };
    expect(await cost(2_000)).toBeLessThan(3 * (await cost(100)));
  });

  test("take `returns` from the defaults", async () => {
    const byHost = createFailfast({ returns: "promise" })((host: string) => host, 60);
    await byHost.for("a").trip();
    await expect(byHost((host: string) => host)("a")).rejects.toBeInstanceOf(FailfastError);
  });

  test("refuse a name that is not a string", () => {
    const byHost = createFailfast()((() => 7) as unknown as () => string, 60);
    expect(() => byHost(() => 1)()).toThrow(/returned 7/);
  });
});
