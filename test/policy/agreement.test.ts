import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFailfast, type FailfastOptions, isFailfastError } from "../../src/index.js";
import { at, boom, during, ending, fleet, type Member, pendingCall } from "../rules/fleet.js";

const states = (members: readonly Member[]): string[] => members.map(({ circuit }) => circuit.state);
const noRoute = Object.assign(new Error("no name service"), { code: "EAI_AGAIN" });

describe("quorum", () => {
  const options: FailfastOptions = { quorum: 3 };

  test("opens the circuit for the fleet once that many hosts have voted; a voter is open for itself at once", async () => {
    const { clock, store, members } = await fleet(5, { options });
    await during(clock, 500, at(members, 0).fail);
    expect(states(members)).toEqual(["open", "closed", "closed", "closed", "closed"]);
    expect(store.record("x")).toMatchObject({ state: "closed", votes: [{ host: "host0" }] });
    await during(clock, 500, at(members, 1).fail);
    expect(states(members)).toEqual(["open", "open", "closed", "closed", "closed"]);
    await during(clock, 500, at(members, 2).fail);
    expect(states(members)).toEqual(["open", "open", "open", "open", "open"]);
    expect(store.record("x")).toMatchObject({ state: "open" });
    expect(store.record("x")).not.toHaveProperty("votes");
  });

  test("settled() and close() write a vote without waiting for its delay", async () => {
    for (const end of ["settled", "close"] as const) {
      const { clock, store, members } = await fleet(1, { options });
      await at(members, 0).fail();
      const before = clock.now();
      let ended = Infinity;
      const done = at(members, 0)
        .failfast[end]()
        .then(() => (ended = clock.now() - before));
      await clock.advance(300);
      await done;
      expect(ended).toBeLessThan(10);
      expect(store.record("x")).toMatchObject({ votes: [{ host: "host0" }] });
    }
  });

  test("another host's vote during a local probe does not change the state here", async () => {
    const { clock, members } = await fleet(2, { options, timeout: 10 });
    const heard: string[] = [];
    for (const type of ["open", "half-open", "close"] as const)
      at(members, 0).circuit.on(type, () => heard.push(type));
    await during(clock, 500, at(members, 0).fail);
    await clock.advance(10_000);
    const probe = pendingCall(at(members, 0).circuit);
    await during(clock, 500, at(members, 1).fail);
    expect(at(members, 0).circuit.state).toBe("half-open");
    probe.succeed();
    await probe.end;
    expect(heard).toEqual(["open", "half-open", "close"]);
  });

  test("a vote beside an opening that is over leaves its voter open for its own time", async () => {
    const { clock, members } = await fleet(2, { options: { quorum: 2 }, timeout: 10 });
    await during(clock, 500, at(members, 0).fail);
    await during(clock, 500, at(members, 1).fail);
    expect(states(members)).toEqual(["open", "open"]);
    await clock.advance(10_000);
    // The store grants no lease, so the process probes alone. Its vote is written when the store works again.
    at(members, 0).link.mode = "read-only";
    await during(clock, 500, at(members, 0).fail);
    await during(clock, 500, at(members, 0).fail);
    expect(at(members, 0).circuit.state).toBe("open");
    at(members, 0).link.mode = "up";
    await clock.advance(3_000);
    expect(at(members, 0).circuit.state).toBe("open");
    expect(at(members, 0).circuit.retryAfter).toBeGreaterThan(5);
  });

  test("the processes of one host have one vote between them, even in a crash loop", async () => {
    const { clock, store, members } = await fleet(3, { options });
    for (let round = 0; round < 10; round++) {
      const crashing = createFailfast({ clock, store: store.connect(), host: "host0" });
      const circuit = crashing("x", 60, options);
      await during(clock, 50, () => crashing.ready());
      await ending(circuit.run(() => Promise.reject(boom)));
      await clock.advance(400);
    }
    expect(states(members)).toEqual(["closed", "closed", "closed"]);
    expect(store.record("x")?.["votes"]).toHaveLength(1);
  });

  test("a vote lasts as long as its voter's open time", async () => {
    const { clock, members } = await fleet(4, { options, timeout: 30 });
    await during(clock, 500, at(members, 0).fail);
    await clock.advance(31_000);
    await during(clock, 500, at(members, 1).fail);
    await during(clock, 500, at(members, 2).fail);
    expect(at(members, 3).circuit.state).toBe("closed");
    await during(clock, 500, at(members, 3).fail);
    expect(states(members)).toEqual(["open", "open", "open", "open"]);
  });

  test("a host whose vote has expired votes again when its probe fails", async () => {
    const { clock, store, members } = await fleet(3, { options: { quorum: 2 }, timeout: 12 });
    await during(clock, 500, at(members, 0).fail);
    await clock.advance(12_100);
    await during(clock, 500, at(members, 0).fail);
    expect(store.record("x")).toMatchObject({ state: "closed", votes: [{ host: "host0" }] });
    const votes = store.record("x")?.["votes"] as { until: number }[];
    expect(votes[0]?.until).toBeGreaterThan(clock.wall() + 10_000);
  });

  test("a local success withdraws the vote", async () => {
    const { clock, store, members } = await fleet(3, { options, timeout: 5 });
    await during(clock, 5_100, at(members, 0).fail);
    expect(await during(clock, 500, at(members, 0).succeed)).toBe("ok");
    expect(at(members, 0).circuit.state).toBe("closed");
    expect(store.record("x")).not.toHaveProperty("votes");
    expect(store.record("x")).toMatchObject({ state: "closed" });
  });

  test("a quorum larger than the fleet stays local: the voter probes by itself", async () => {
    const { clock, members } = await fleet(2, { options, timeout: 5 });
    for (let round = 0; round < 3; round++) {
      await during(clock, 5_100, at(members, 0).fail);
      await during(clock, 300, at(members, 1).succeed);
    }
    expect(at(members, 0).calls).toBe(3);
    expect(states(members)).toEqual(["half-open", "closed"]);
  });

  test("votes void no result: a failure admitted before them still counts", async () => {
    const { clock, members } = await fleet(2, { options: { quorum: 2 } });
    let fail: (error: Error) => void = () => undefined;
    const early = ending(at(members, 1).circuit.run(() => new Promise((_, reject) => (fail = reject))));
    await during(clock, 500, at(members, 0).fail);
    fail(boom);
    expect(await early).toBe("failed");
    await clock.advance(500);
    expect(states(members)).toEqual(["open", "open"]);
  });

  test("no votes are added once the circuit is open: a fleet that fails at once writes the quorum's votes only", async () => {
    const { clock, store, members } = await fleet(16, { options });
    const before = store.written.length;
    await during(clock, 1_000, () => Promise.all(members.map(({ fail }) => fail())));
    expect(states(members)).toEqual(members.map(() => "open"));
    expect(store.written.length - before).toBe(3);
  });

  test("one host with a broken network never trips the fleet, whatever its errors, and fails fast itself", async () => {
    const { clock, members } = await fleet(4, { options: { quorum: 2 }, timeout: 2 });
    for (let second = 0; second < 60; second++) {
      await during(clock, 1_000, at(members, 0).fail);
      for (const { succeed } of members.slice(1)) expect(await succeed()).toBe("ok");
    }
    expect(at(members, 0).calls).toBeLessThan(40);
    expect(states(members).slice(1)).toEqual(["closed", "closed", "closed"]);
  });

  test("a host that can't reach the backend does not keep the circuit open once the others can", async () => {
    const { clock, members } = await fleet(3, { options: { quorum: 2 }, timeout: 5 });
    await during(clock, 500, at(members, 0).fail);
    await during(clock, 500, at(members, 1).fail);
    expect(states(members)).toEqual(["open", "open", "open"]);
    await clock.advance(5_000);
    // The broken host probes first, and releases the lease with its vote.
    expect(await during(clock, 300, at(members, 0).fail)).toBe("failed");
    expect(await during(clock, 300, at(members, 1).succeed)).toBe("ok");
    expect(states(members).slice(1)).toEqual(["closed", "closed"]);
  });

  test("fewer hosts than the quorum never open the circuit for the others, in any order of failures and successes", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 4 }),
        fc.array(fc.tuple(fc.nat({ max: 2 }), fc.boolean(), fc.integer({ min: 0, max: 4_000 })), {
          maxLength: 25,
        }),
        async (quorum, steps) => {
          const { clock, members } = await fleet(5, { options: { quorum }, timeout: 3 });
          for (const [who, fails, ms] of steps) {
            const member = at(members, who % (quorum - 1));
            await during(clock, ms + 60, fails ? member.fail : member.succeed);
            expect(states(members).slice(quorum - 1)).toEqual(members.slice(quorum - 1).map(() => "closed"));
          }
        },
      ),
      { numRuns: 40 },
    ));
});

describe("errors of this host", () => {
  test("open the circuit here, and never for the fleet, with any quorum", async () => {
    const { clock, store, members } = await fleet(3);
    await expect(at(members, 0).circuit.run(() => Promise.reject(noRoute))).rejects.toBe(noRoute);
    await clock.advance(1_000);
    expect(states(members)).toEqual(["open", "closed", "closed"]);
    expect(store.record("x")).toBeUndefined();
  });

  test("are recognised behind a fetch error by its cause", async () => {
    const { clock, members } = await fleet(2);
    const wrapped = new TypeError("fetch failed", {
      cause: Object.assign(new Error(), { code: "ENOTFOUND" }),
    });
    await expect(at(members, 0).circuit.run(() => Promise.reject(wrapped))).rejects.toBe(wrapped);
    await clock.advance(1_000);
    expect(states(members)).toEqual(["open", "closed"]);
  });

  test("make all counted failures in the window suspect", async () => {
    const { clock, members } = await fleet(2, { options: { threshold: 3 } });
    const { circuit, fail } = at(members, 0);
    await fail();
    await expect(circuit.run(() => Promise.reject(noRoute))).rejects.toBe(noRoute);
    await fail();
    await clock.advance(1_000);
    expect(states(members)).toEqual(["open", "closed"]);
  });

  test("in a probe release the lease, and another process probes", async () => {
    const { clock, members } = await fleet(2, { timeout: 5 });
    await during(clock, 5_100, at(members, 0).fail);
    const probe = at(members, 1)
      .circuit.run(() => Promise.reject(noRoute))
      .catch((error: unknown) => error);
    await clock.advance(200);
    expect(await probe).toBe(noRoute);
    expect(at(members, 1).circuit.state).toBe("open");
    expect(await during(clock, 200, at(members, 0).succeed)).toBe("ok");
    expect(at(members, 0).circuit.state).toBe("closed");
  });
});

describe("scope: process", () => {
  const options: FailfastOptions = { scope: "process" };

  test("stays local: nothing is written or published, and the process probes by itself", async () => {
    const { clock, store, members } = await fleet(2, { options, timeout: 5 });
    const before = store.written.length;
    await during(clock, 5_100, at(members, 0).fail);
    expect(await at(members, 0).succeed()).toBe("ok");
    expect(states(members)).toEqual(["closed", "closed"]);
    expect(store.written.length).toBe(before);
  });

  test("still obeys operators, in both directions", async () => {
    const { clock, members } = await fleet(2, { options });
    void at(members, 0).circuit.trip();
    await clock.advance(50);
    expect(states(members)).toEqual(["open", "open"]);
    void at(members, 1).circuit.reset();
    await clock.advance(50);
    expect(states(members)).toEqual(["closed", "closed"]);
    void at(members, 0).circuit.hold("open");
    await clock.advance(50);
    expect(states(members)).toEqual(["open", "open"]);
  });
});

describe("scope: confirm", () => {
  const options: FailfastOptions = { scope: "confirm", threshold: 3 };

  const tripped = async () => {
    const its = await fleet(3, { options, timeout: 30 });
    for (let n = 0; n < 3; n++) await at(its.members, 0).fail();
    await its.clock.advance(500);
    return its;
  };

  test("admits calls after a remote trip, and then one failure here is enough", async () => {
    const { clock, members } = await tripped();
    expect(states(members)).toEqual(["open", "closed", "closed"]);
    expect(await at(members, 1).succeed()).toBe("ok");
    expect(await at(members, 1).fail()).toBe("failed");
    expect(states(members)).toEqual(["open", "open", "closed"]);
    expect(at(members, 1).circuit.retryAfter).toBeCloseTo(29.5, 0);
    await clock.advance(100);
    expect(states(members)).toEqual(["open", "open", "closed"]);
  });

  test("needs as many failures as usual without a remote trip", async () => {
    const { members } = await fleet(2, { options });
    await at(members, 0).fail();
    await at(members, 0).fail();
    expect(states(members)).toEqual(["closed", "closed"]);
  });

  test("needs no confirmation of an operator's trip", async () => {
    const { clock, members } = await fleet(2, { options });
    void at(members, 0).circuit.trip();
    await clock.advance(50);
    expect(states(members)).toEqual(["open", "open"]);
  });

  test("needs a failure of its own in a process that starts during the outage", async () => {
    const its = await tripped();
    const late = await its.join();
    expect(late.circuit.state).toBe("closed");
    await late.fail();
    expect(late.circuit.state).toBe("open");
  });

  test("stays confirmed until the circuit closes, through any number of failed probes", async () => {
    const { clock, members } = await tripped();
    await at(members, 1).fail();
    await clock.advance(30_000);
    expect(await during(clock, 100, at(members, 0).fail)).toBe("failed");
    expect(states(members)).toEqual(["open", "open", "closed"]);
    await clock.advance(30_000);
    await during(clock, 100, at(members, 1).succeed);
    expect(states(members)).toEqual(["closed", "closed", "closed"]);
  });
});

describe("a veto by recent local successes", () => {
  const options: FailfastOptions = { failureRate: 0.5, minimumCalls: 5 };

  test("twenty successes in five seconds without a failure: a remote trip is not obeyed until a call fails here", async () => {
    const { clock, members } = await fleet(3, { options });
    for (let n = 0; n < 20; n++) await at(members, 1).succeed();
    for (let n = 0; n < 5; n++) await at(members, 0).fail();
    await clock.advance(200);
    expect(states(members)).toEqual(["open", "closed", "open"]);
    await at(members, 1).fail();
    expect(states(members)).toEqual(["open", "open", "open"]);
  });

  test("does not count older successes", async () => {
    const { clock, members } = await fleet(2, { options });
    for (let n = 0; n < 20; n++) await at(members, 1).succeed();
    await clock.advance(6_000);
    for (let n = 0; n < 5; n++) await at(members, 0).fail();
    await clock.advance(200);
    expect(states(members)).toEqual(["open", "open"]);
  });
});

describe("backoff", () => {
  test("multiplies the open time with each failed probe in a row, up to the maximum", async () => {
    const { clock, members } = await fleet(2, {
      timeout: 10,
      options: { backoff: { factor: 2, max: "60s" } },
    });
    await during(clock, 50, at(members, 0).fail);
    const waits: number[] = [];
    for (let probe = 0; probe < 5; probe++) {
      await clock.advance(at(members, 1).circuit.retryAfter * 1_000 + 50);
      await during(clock, 10, at(members, probe % 2).fail);
      waits.push(Math.round(at(members, 0).circuit.retryAfter));
    }
    expect(waits).toEqual([20, 40, 60, 60, 60]);
    await clock.advance(60_050);
    await during(clock, 60, at(members, 0).succeed);
    // Closed for as long as it was last open.
    await clock.advance(60_000);
    await during(clock, 10, at(members, 0).fail);
    expect(Math.round(at(members, 0).circuit.retryAfter)).toBe(10);
  });

  test("has its jitter drawn once, by the writer: all processes have the same deadline, below the maximum", async () => {
    const options: FailfastOptions = { backoff: { factor: 2, max: "40s", jitter: 0.5 } };
    for (let seed = 1; seed <= 20; seed++) {
      const { clock, members } = await fleet(3, { timeout: 10, options, seed });
      await during(clock, 10_100, at(members, 0).fail);
      await during(clock, 100, at(members, 1).fail);
      const [first = 0, ...others] = members.map(({ circuit }) => circuit.retryAfter);
      for (const other of others) expect(Math.abs(other - first)).toBeLessThan(0.02);
      expect(first).toBeLessThanOrEqual(20);
      expect(first).toBeGreaterThan(9.8);
    }
  });
});

describe("rampUp", () => {
  test("admits a share of calls that grows from a tenth to all, in every process alike", async () => {
    const { clock, members } = await fleet(4, { timeout: 5, options: { rampUp: "20s" } });
    await during(clock, 5_100, at(members, 0).fail);
    await during(clock, 50, at(members, 1).succeed);
    const shares: number[][] = [];
    for (const atSecond of [0.1, 10, 19]) {
      await clock.advance(atSecond * 1_000 - (shares.length === 0 ? 0 : shares.length === 1 ? 100 : 10_000));
      shares.push(
        await Promise.all(
          members.map(async ({ succeed }) => {
            let ok = 0;
            for (let n = 0; n < 1_000; n++) if ((await succeed()) === "ok") ok++;
            return ok / 1_000;
          }),
        ),
      );
    }
    for (const [n, expected] of [0.1, 0.55, 0.95].entries())
      for (const share of shares[n] ?? []) expect(Math.abs(share - expected)).toBeLessThan(0.06);
    await clock.advance(1_500);
    for (const { succeed } of members) expect(await succeed()).toBe("ok");
  });

  test("rejects the rest with a FailfastError that says so; a failure meanwhile trips", async () => {
    const { clock, members } = await fleet(1, { timeout: 5, options: { rampUp: "60s" } });
    await during(clock, 5_100, at(members, 0).fail);
    await during(clock, 50, at(members, 0).succeed);
    let held: unknown;
    for (let n = 0; n < 100 && held === undefined; n++)
      await at(members, 0)
        .circuit.run(() => 1)
        .catch((error: unknown) => (held = error));
    expect(isFailfastError(held)).toBe(true);
    expect((held as Error).message).toMatch(/admits only a share of the calls/);
    while ((await at(members, 0).fail()) === "rejected");
    expect(at(members, 0).circuit.state).toBe("open");
  });

  test("does not start after an operator's hold, long after the circuit closed", async () => {
    for (const scope of ["fleet", "process"] as const) {
      const { clock, members } = await fleet(1, { timeout: 5, options: { rampUp: "60s", scope } });
      const { circuit, fail, succeed } = at(members, 0);
      await during(clock, 5_100, fail);
      await during(clock, 50, succeed);
      await clock.advance(120_000);
      expect(await succeed()).toBe("ok");
      await during(clock, 50, () => circuit.hold("closed"));
      await during(clock, 50, () => circuit.release());
      for (let n = 0; n < 50; n++) expect(await succeed()).toBe("ok");
    }
  });

  test("does not start for a circuit that was never open", async () => {
    const { members } = await fleet(2, { options: { rampUp: "60s", quorum: 2 } });
    await at(members, 0).succeed();
    for (let n = 0; n < 200; n++) expect(await at(members, 1).succeed()).toBe("ok");
  });
});

describe("probes: n", () => {
  test("needs n successes in a row, and one failure starts the count again", async () => {
    const { clock, members } = await fleet(2, { timeout: 5, options: { probes: 3 } });
    await during(clock, 5_100, at(members, 0).fail);
    await during(clock, 60, at(members, 0).succeed);
    await during(clock, 60, at(members, 1).succeed);
    expect(states(members)).toEqual(["half-open", "half-open"]);
    await during(clock, 5_100, at(members, 1).fail);
    for (let n = 0; n < 2; n++) await during(clock, 60, at(members, 1).succeed);
    expect(states(members)).toEqual(["half-open", "half-open"]);
    await during(clock, 60, at(members, 0).succeed);
    expect(states(members)).toEqual(["closed", "closed"]);
  });

  test("works in a process on its own too", async () => {
    const { clock, members } = await fleet(1, { timeout: 5, options: { probes: 2, scope: "process" } });
    await during(clock, 5_100, at(members, 0).fail);
    await at(members, 0).succeed();
    expect(at(members, 0).circuit.state).toBe("half-open");
    await at(members, 0).succeed();
    expect(at(members, 0).circuit.state).toBe("closed");
  });
});
