// A circuit with a recovery check whose process ends, whose definition is replaced, or whose store is away for long.
import { describe, expect, test } from "vitest";
import { createFailfast, type FailfastOptions } from "../../src/index.js";
import { manualClock } from "../../src/testing/index.js";
import { at, boom, during, ending, fleet } from "../rules/fleet.js";

class Busy extends Error {}

/** A check that ends as neither as long as the backend is busy. */
function busyBackend() {
  const its = {
    checks: 0,
    check: () => {
      its.checks++;
      throw new Busy();
    },
  };
  return its;
}

/** Counts the checks within 20 s of a circuit that was opened for ten. */
async function afterTwenty(make: (failfast: ReturnType<typeof createFailfast>) => void): Promise<string> {
  const clock = manualClock();
  const failfast = createFailfast({ clock });
  make(failfast);
  const circuit = failfast("x");
  await ending(circuit.run(() => Promise.reject(boom)));
  await clock.advance(12_000);
  return circuit.state;
}

describe("a process that ends while its check waits for the lease", () => {
  test.each([5, 400, 900])("leaves no lease behind, with a store %d ms away", async (delay) => {
    let checks = 0;
    const recovery = () => void checks++;
    const { clock, store, members } = await fleet(1, { timeout: 5, delay, options: { recovery } });
    const { failfast, fail, link } = at(members, 0);
    await during(clock, 2_000, fail);
    const asked = link.counts.swap;
    while (link.counts.swap === asked) await clock.advance(1);
    await during(clock, 6_000, () => failfast.close());
    expect(checks).toBe(0);
    const { state, owner = "", until = 0 } = store.record("x") ?? {};
    expect([owner, state === "half-open" ? until : 0]).toEqual(["", 0]);
  });

  test.each([5, 400])(
    "leaves no lease behind if no call came for it, with a store %d ms away",
    async (delay) => {
      const { clock, store, members } = await fleet(2, { timeout: 5, delay });
      const { failfast, circuit } = at(members, 0);
      const sync = circuit(() => "ok");
      await during(clock, 2_000, at(members, 1).fail);
      await clock.advance(5_000);
      expect(() => sync()).toThrow();
      await clock.advance(delay);
      await during(clock, 6_000, () => failfast.close());
      const { owner = "", lapsed = 0 } = store.record("x") ?? {};
      // It is marked, since a call was rejected because none came.
      expect([owner, lapsed, at(members, 1).circuit.retryAfter]).toEqual(["", 1, 0]);
    },
  );

  test("leaves the next check to the others, within seconds", async () => {
    let checks = 0;
    const recovery = () => void checks++;
    const { clock, store, members } = await fleet(3, { timeout: 5, options: { recovery } });
    await during(clock, 2_000, at(members, 0).fail);
    while (store.record("x")?.["owner"] === undefined) await clock.advance(1);
    const ends = members.find(({ link }) => link === store.written.at(-1)?.by);
    await during(clock, 1_000, async () => ends?.failfast.close());
    const others = members.filter((member) => member !== ends);
    await clock.advance(5_000);
    expect(others.map(({ circuit }) => circuit.state)).toEqual(["closed", "closed"]);
  });

  test("takes no longer to end if the store hangs", async () => {
    const { clock, members } = await fleet(1, { timeout: 5, options: { recovery: () => undefined } });
    const { failfast, fail, link } = at(members, 0);
    await during(clock, 2_000, fail);
    link.mode = "hanging";
    await clock.advance(3_600);
    let closed = false;
    void failfast.close().then(() => {
      closed = true;
    });
    await clock.advance(2_000);
    expect(closed).toBe(true);
  });
});

describe("the checks of a whole fleet", () => {
  test.each([1, 2, 10])("are as many as those of one process if all end as neither: %d", async (size) => {
    const backend = busyBackend();
    const options: FailfastOptions = { recovery: backend.check, ignore: [Busy] };
    const { clock, members } = await fleet(size, { timeout: 10, options });
    await during(clock, 2_000, at(members, 0).fail);
    await clock.advance(60_000);
    expect(backend.checks).toBeGreaterThan(20);
    expect(backend.checks).toBeLessThan(80);
  });

  test("that have to succeed three times are a second apart", async () => {
    const times: number[] = [];
    const recovery = () => void times.push(clock.now());
    const { clock, members } = await fleet(10, { timeout: 10, options: { recovery, probes: 3 } });
    await during(clock, 2_000, at(members, 0).fail);
    await clock.advance(20_000);
    expect(times).toHaveLength(3);
    const [first = 0, second = 0, third = 0] = times;
    expect(Math.min(second - first, third - second)).toBeGreaterThanOrEqual(1_000);
  });
});

describe("the outcome of a check is judged by", () => {
  const ignoring: FailfastOptions = { ignore: [Busy] };

  test("the options beside it, in the handle that has it", async () => {
    const { check: recovery } = busyBackend();
    const state = await afterTwenty((failfast) => {
      failfast("x", 10);
      failfast("x", 10, { ...ignoring, recovery });
    });
    expect(state).toBe("half-open");
  });

  test("the options of the newest definition, if modules are loaded again", async () => {
    const mode = process.env["NODE_ENV"];
    process.env["NODE_ENV"] = "development";
    try {
      const before = busyBackend();
      const now = busyBackend();
      const failed = await afterTwenty((failfast) => {
        void failfast("x", 10, { ...ignoring, recovery: before.check }).run(async () => undefined);
        failfast("x", 10, { recovery: now.check });
      });
      const ignored = await afterTwenty((failfast) => {
        void failfast("x", 10, { recovery: before.check }).run(async () => undefined);
        failfast("x", 10, { ...ignoring, recovery: now.check });
      });
      expect([failed, ignored, before.checks]).toEqual(["open", "half-open", 0]);
    } finally {
      process.env["NODE_ENV"] = mode;
    }
  });

  test("the options of the handle whose update() set it", async () => {
    const { check: recovery } = busyBackend();
    const state = await afterTwenty((failfast) => {
      failfast("x", 10);
      failfast("x", 10, ignoring).update({ recovery });
    });
    expect(state).toBe("half-open");
  });

  test("the options beside it, after an update of another option", async () => {
    const { check: recovery } = busyBackend();
    const state = await afterTwenty((failfast) => {
      failfast("x", 10, { ...ignoring, recovery });
      failfast("x", 10).update({ probes: 2 });
    });
    expect(state).toBe("half-open");
  });

  test("the options of the definition by its name, rather than those of a call's arguments", async () => {
    const { check: recovery } = busyBackend();
    const state = await afterTwenty((failfast) => {
      failfast(() => "x", 10, { recovery }).for();
      void failfast(() => "x", 10, { recovery })
        .for()
        .run(async () => undefined);
      failfast("x", 10, { ...ignoring, recovery });
    });
    expect(state).toBe("half-open");
  });
});

describe("a circuit with a check, while the store is down for long", () => {
  test.each(["down", "hanging"] as const)("spends no user's call (%s)", async (mode) => {
    let checks = 0;
    const recovery = () => {
      checks++;
      throw boom;
    };
    const { clock, members } = await fleet(2, { timeout: 5, options: { recovery } });
    await during(clock, 100, at(members, 0).fail);
    for (const { link } of members) link.mode = mode;
    for (let n = 0; n < 600; n++) {
      for (const { succeed } of members) void succeed();
      await clock.advance(200);
    }
    expect(members.map(({ calls }) => calls)).toEqual([1, 0]);
    expect(checks).toBeGreaterThan(10);
  });

  test("spends no user's call if the check ends as neither", async () => {
    const { check: recovery } = busyBackend();
    const options = { recovery, ignore: [Busy] };
    const { clock, members } = await fleet(2, { timeout: 5, options });
    await during(clock, 100, at(members, 0).fail);
    for (const { link } of members) link.mode = "down";
    for (let n = 0; n < 300; n++) {
      for (const { succeed } of members) void succeed();
      await clock.advance(200);
    }
    expect(members.map(({ calls }) => calls)).toEqual([1, 0]);
  });
});

describe("a circuit with a check, when an operator's hold ends", () => {
  test.each(["release", "its own end"])("spends no user's call (by %s)", async (how) => {
    let checks = 0;
    const recovery = () => void checks++;
    const { clock, members } = await fleet(2, { timeout: 5, options: { recovery } });
    const { circuit, fail } = at(members, 0);
    await during(clock, 100, fail);
    const until = how === "release" ? {} : { until: new Date(clock.wall() + 60_000) };
    await during(clock, 100, () => circuit.hold("open", until));
    await clock.advance(59_800);
    if (how === "release") await during(clock, 100, () => circuit.release());
    for (let n = 0; n < 200 && checks === 0; n++) {
      for (const { succeed } of members) void succeed();
      await clock.advance(20);
    }
    expect([checks, members.map(({ calls }) => calls)]).toEqual([1, [1, 0]]);
  });
});
