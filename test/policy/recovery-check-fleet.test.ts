import { describe, expect, test } from "vitest";
import { createFailfast } from "../../src/index.js";
import type { ManualClock } from "../../src/testing/index.js";
import { at, boom, during, ending, fleet } from "../rules/fleet.js";
import { backend } from "./checked-backend.js";

describe("a recovery check in a fleet", () => {
  for (const without of [[], ["watch"], ["swap"], ["list", "watch"]] as const) {
    test(`runs in one process of ten (store without ${without.join(" and ") || "nothing"})`, async () => {
      const api = backend();
      const { clock, members } = await fleet(10, { timeout: 20, without, options: { recovery: api.check } });
      await during(clock, 1_500, at(members, 0).fail);
      expect(members.map(({ circuit }) => circuit.state)).toEqual(members.map(() => "open"));
      await clock.advance(22_000);
      // Without push or swap, a few processes learn too late.
      expect(api.checks).toBeLessThanOrEqual(without.length === 0 ? 1 : 4);
      expect(api.checks).toBeGreaterThan(0);
      api.well = true;
      await clock.advance(25_000);
      expect(members.map(({ circuit }) => circuit.state)).toEqual(members.map(() => "closed"));
      expect(members.map(({ calls }) => calls)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    });
  }

  test("runs in another process after the lease if the process that had it dies", async () => {
    const api = backend();
    const { clock, store, members } = await fleet(3, { timeout: 5, options: { recovery: api.check } });
    await during(clock, 100, at(members, 0).fail);
    api.well = "hangs";
    await clock.advance(6_000);
    expect([api.checks, store.record("x")?.["state"]]).toEqual([1, "half-open"]);
    const dead = store.written.at(-1)?.by;
    if (dead !== undefined) dead.mode = "hanging";
    api.well = true;
    await clock.advance(13_000);
    const living = members.filter(({ link }) => link !== dead);
    expect(living.map(({ circuit }) => circuit.state)).toEqual(["closed", "closed"]);
  });

  test.each(["fails", "succeeds"])(
    "of a process that was suspended meanwhile and %s late waits for news of the others",
    async (ends) => {
      const api = backend();
      const { clock, store, members } = await fleet(2, { timeout: 5, options: { recovery: api.check } });
      const late: (() => void)[] = [];
      let frozen = false;
      const after: ManualClock["after"] = (ms, run) =>
        clock.after(ms, () => (frozen ? late.push(run) : run()));
      const link = store.connect({});
      const checker = createFailfast({ clock: { ...clock, after }, store: link, host: "checker" });
      let end = (): void => undefined;
      const circuit = checker("x", 5, {
        recovery: () =>
          new Promise<void>((resolve, reject) => {
            end = () => (ends === "fails" ? reject(boom) : resolve());
          }),
      });
      await during(clock, 100, () => checker.ready());
      for (const { link } of members) link.mode = "down";
      await during(clock, 100, () => ending(circuit.run(() => Promise.reject(boom))));
      await clock.advance(5_600);
      expect(store.record("x")?.["state"]).toBe("half-open");
      for (const { link } of members) link.mode = "up";
      frozen = true;
      link.mode = "hanging";
      api.well = ends === "fails";
      await clock.advance(14_000);
      const [other] = members;
      expect(other?.circuit.state).toBe(ends === "fails" ? "closed" : "open");
      const told: string[] = [];
      for (const type of ["open", "close"] as const) circuit.on(type, () => void told.push(type));
      end();
      await clock.advance(0);
      expect([circuit.state, told]).toEqual(["half-open", []]);
      frozen = false;
      link.mode = "up";
      for (const run of late) run();
      await clock.advance(300);
      expect([circuit.state, told]).toEqual(ends === "fails" ? ["closed", ["close"]] : ["open", ["open"]]);
    },
  );

  test("leaves the probe to a call if each process lives for one call only", async () => {
    const api = backend();
    const { clock, members, join } = await fleet(1, { timeout: 5, options: { recovery: api.check } });
    await during(clock, 100, at(members, 0).fail);
    await during(clock, 1_000, () => at(members, 0).failfast.close());
    await clock.advance(60_000);
    const job = await join();
    expect(await during(clock, 60, job.fail)).toBe("failed");
    await during(clock, 1_000, () => job.failfast.close());
    expect(job.circuit.state).toBe("open");
    await clock.advance(60_000);
    expect(await during(clock, 60, (await join()).succeed)).toBe("ok");
    expect(api.checks).toBe(0);
  });

  test("of several leaves no gap between two runs in which a call probes", async () => {
    const api = backend();
    const options = { recovery: api.check, probes: 3 };
    const { clock, members } = await fleet(3, { timeout: 5, options });
    await during(clock, 100, at(members, 0).fail);
    api.well = true;
    for (let n = 0; n < 20 && members.some(({ circuit }) => circuit.state !== "closed"); n++) {
      for (const { circuit, succeed } of members) {
        const before = circuit.state;
        expect(await succeed()).toBe(before === "closed" ? "ok" : "rejected");
      }
      await clock.advance(500);
    }
    expect([api.checks, members.map(({ circuit }) => circuit.state)]).toEqual([
      3,
      ["closed", "closed", "closed"],
    ]);
  });

  test("runs in each process that has the circuit open if the store is down", async () => {
    const api = backend();
    const { clock, members } = await fleet(3, { timeout: 5, options: { recovery: api.check } });
    await during(clock, 100, at(members, 0).fail);
    for (const { link } of members) link.mode = "down";
    api.well = true;
    await clock.advance(10_000);
    expect(members.map(({ circuit }) => circuit.state)).toEqual(["closed", "closed", "closed"]);
    expect(api.checks).toBe(3);
  });

  test("leaves a call to probe in a process without the check", async () => {
    const api = backend();
    const { clock, store, members } = await fleet(1, { timeout: 5, options: { recovery: api.check } });
    const plain = createFailfast({ clock, store: store.connect({}), host: "plain" });
    const circuit = plain("x", 5);
    await during(clock, 100, () => plain.ready());
    await during(clock, 100, at(members, 0).fail);
    await clock.advance(4_890);
    const call = ending(circuit.run(async () => "ok"));
    await clock.advance(20);
    await clock.advance(200);
    expect(["ok", "rejected"]).toContain(await call);
    api.well = true;
    await clock.advance(7_000);
    expect([circuit.state, at(members, 0).circuit.state]).toEqual(["closed", "closed"]);
  });
});
