import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFailfast, type FailfastOptions } from "../../src/index.js";
import { at, boom, during, ending, fleet, type Member, pendingCall } from "../rules/fleet.js";

const states = (members: readonly Member[]): string[] => members.map(({ circuit }) => circuit.state);

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
